"""Folders for the data of throw-away servers.

In memory, where there is room: a copy of a database takes a tenth of the time there.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from earnings_pipeline import embedded

MEMORY = Path("/dev/shm")  # noqa: S108 (each server makes a folder of its own)
# The log of one server may grow to 2 GB before it is used again, beside its databases.
ROOM = 8 << 30


def new_folder() -> Path:
    """Make a folder whose name says which process it goes with; a server may run in it."""
    prefix = f"earnings-test-{os.getpid()}-"
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=MEMORY if has_room(MEMORY) else None))
    folder.chmod(0o711)
    return folder


def has_room(folder: Path) -> bool:
    return folder.is_dir() and shutil.disk_usage(folder).free >= ROOM


def remove_abandoned() -> None:
    """Remove the servers of runs that were killed before they could do it."""
    for root in (MEMORY, Path(tempfile.gettempdir())):
        for folder in root.glob("earnings-test-*-*"):
            pid = folder.name.split("-")[2]
            if folder.stat().st_uid == os.geteuid() and pid.isdigit() and not is_alive(int(pid)):
                # another process may be removing it as well
                with suppress(FileNotFoundError):
                    embedded.Server(state=folder).remove()
                    shutil.rmtree(folder)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
