"""Do something in a forked process, which says lines while it goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from select import select


class Hung(Exception):
    """The child said nothing for too long, and was ended."""


class Child:
    def __init__(self, run: Callable[[Child], None]) -> None:
        self.reading, self.writing = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(self.writing)
            return
        os.close(self.reading)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = 1
        try:
            run(self)
            status = 0
        finally:
            os._exit(status)

    def say(self, line: str) -> None:
        os.write(self.writing, f"{line}\n".encode())

    def says(self, longest: float) -> Iterator[str]:
        """Yield what the child says until it ends; it may be silent for so many seconds."""
        unfinished = b""
        try:
            while select([self.reading], [], [], longest)[0]:
                read = os.read(self.reading, 65536)
                if not read:
                    break
                *lines, unfinished = (unfinished + read).split(b"\n")
                yield from (line.decode() for line in lines)
            else:
                raise Hung
        finally:
            os.close(self.reading)
            os.kill(self.pid, signal.SIGKILL)
            _, status = os.waitpid(self.pid, 0)
        if os.waitstatus_to_exitcode(status) not in (0, -signal.SIGKILL):
            raise ChildProcessError("a child failed; its message is above")
