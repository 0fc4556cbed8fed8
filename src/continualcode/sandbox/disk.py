"""How much a command has written, told soon enough to end it.

Free space is cheap to read: it is read at every look, and only when half of what the command may still
write has been taken are its processes stopped and its files counted. The faster space goes, the sooner the next
look. Space that others take meanwhile costs a count, no more: it is written off.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from continualcode.sandbox.processes import written_bytes

LOOK = 0.03  # seconds between two looks while nothing happens
_SOONEST = 0.002
_FILES = 100_000  # new files at most


class Stoppable(Protocol):
    """What is needed of a running command: who it consists of, and that it holds still."""

    def members(self) -> Sequence[str]: ...
    def freeze(self) -> None: ...
    def thaw(self) -> None: ...


class Disk:
    """The growth of `places` (folders) from now on, at most `limit` bytes. `next` is when to look again, in
    seconds of time.monotonic."""

    def __init__(self, places: Sequence[Path], limit: int) -> None:
        self.places, self.limit = places, limit
        self.since = time.time() - 0.01
        self.volumes = {os.stat(place).st_dev: place for place in places}
        self.free = {device: _free(place) for device, place in self.volumes.items()}  # bytes now, files at best
        self.suspicious = limit / 2  # count when so much has been taken
        self.taken, self.next = 0, time.monotonic()  # bytes, and what was given back meanwhile is not subtracted

    def full(self, command: Stoppable) -> bool:
        """Looks; True when the command has written more than it may (then it is left stopped)."""
        before, then = self.taken, self.next
        for device, place in self.volumes.items():
            space, files = _free(place)
            last, most_files = self.free[device]
            if most_files - files > _FILES:
                return True
            self.free[device] = space, max(files, most_files)
            self.taken += max(0, last - space)
        if self.taken > self.suspicious:
            command.freeze()
            written = written_bytes(self.places, self.since, command.members())
            if written > self.limit:
                return True
            command.thaw()
            self.suspicious = self.taken + max((self.limit - written) / 2, self.limit / 16)
        now = time.monotonic()
        pace = (self.taken - before) / max(now - then, _SOONEST)  # bytes a second
        self.next = now + min(LOOK, max(_SOONEST, (self.suspicious - self.taken) / (2 * pace + 1)))
        return False


def _free(place: Path) -> tuple[int, int]:
    try:
        state = os.statvfs(place)
    except OSError:
        return 0, 0
    return state.f_bfree * state.f_frsize, state.f_ffree
