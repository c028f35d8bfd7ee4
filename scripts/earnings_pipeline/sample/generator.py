"""Generate the sample marketplace, chapter by chapter."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from earnings_pipeline.sample import world
from earnings_pipeline.sample.chapter import Chapter, Truth
from earnings_pipeline.sample.rows import Booking, Row
from earnings_pipeline.sample.shapes import plant
from earnings_pipeline.sample.town import Town

SMALLEST = 300
BOOKINGS_PER_TOWN = 2000
BOOKINGS_PER_PLANTING = 5000
TOLD_COMPLETELY_UNTIL = 3000


@dataclass(frozen=True, kw_only=True)
class Part:
    """A finished chapter: its lines by table, and the truth about them.

    `half_done` is what an earlier try at the plan wrote: order, booking, order type, metadata.
    """

    bookings: int
    lines: dict[str, list[str]]
    half_done: list[str]
    truth: list[Truth]


def generate(seed: int, bookings: int) -> Iterator[Part]:
    """Yield the sample with exactly so many bookings, one chapter at a time.

    The same seed and number of bookings give the same lines, byte for byte, everywhere: a chapter
    draws from a generator of its own, seeded with the seed and the chapter's number.
    The first chapters hold the planted shapes, once each; the others are ordinary towns.
    """
    if bookings < SMALLEST:
        raise ValueError(f"a sample has at least {SMALLEST} bookings")
    ids: Counter[str] = Counter()
    yield _shared(ids)
    plantings = max(2, bookings // BOOKINGS_PER_PLANTING)
    tell_every = 1 if bookings <= TOLD_COMPLETELY_UNTIL else 20
    number = 0
    while ids[Booking.table] < bookings:
        number += 1
        rng = random.Random(f"{seed}/{number}")  # noqa: S311
        chapter = Chapter(ids, rng)
        before = ids[Booking.table]
        if number <= plantings:
            plant(chapter, number - 1)
        else:
            left = bookings - before
            Town(chapter, min(left, BOOKINGS_PER_TOWN), tell_every=tell_every).write()
        yield _part(chapter, ids[Booking.table] - before)


def truth(seed: int, bookings: int) -> Iterator[Truth]:
    """Yield what must become of the sample when it is migrated, row by row."""
    for part in generate(seed, bookings):
        yield from part.truth


def _shared(ids: Counter[str]) -> Part:
    rows: dict[str, list[Row]] = {}
    for row in world.rows():
        rows.setdefault(row.table, []).append(row)
        ids[row.table] = row.id
    lines = {table: [row.line() for row in members] for table, members in rows.items()}
    return Part(bookings=0, lines=lines, half_done=[], truth=[])


def _part(chapter: Chapter, bookings: int) -> Part:
    lines = {table: [row.line() for row in rows] for table, rows in chapter.rows.items()}
    return Part(bookings=bookings, lines=lines, half_done=chapter.half_done, truth=chapter.truth)
