"""docs/sample.md against the shapes that are planted."""

import random
import re
from collections import Counter

from earnings_pipeline import sample, sqlfiles
from earnings_pipeline.sample.chapter import Chapter
from earnings_pipeline.sample.shapes import SHAPES, Scene


def test_the_table_of_shapes_is_true() -> None:
    page = (sqlfiles.ROOT / "docs" / "sample.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\d\w+)` \| (.*) \| (\d+) \|$", page, re.MULTILINE)

    planted = {
        number: part.bookings for number, part in enumerate(sample.generate(1, 3000)) if number < 3
    }
    assert planted[1] == planted[2] == sum(int(bookings) for _, _, bookings in told) / 2
    assert told == [
        (name, SHAPES[name].__doc__, str(2 * bookings_of(name))) for name in sorted(SHAPES)
    ]


def bookings_of(name: str) -> int:
    chapter = Chapter(Counter(), random.Random(0))
    SHAPES[name](Scene(chapter=chapter, copy=0))
    return len(chapter.bookings)
