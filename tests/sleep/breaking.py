"""Where a night changes something that outlives it, found by watching it, and something happening just there.

A night runs in a forked copy of the test's process. Python's audit events tell of every file that it opens for writing and
of every rename, link, folder made and file removed below its home, whoever asks for it; beside them stand the writing of
tensors and the transactions of the store (`begin`, `commit`: all is said and not yet kept, `kept`). The places are
numbered in their order; a second copy runs the same night and is killed (SIGKILL) at one of them, or finds the disk full from there on.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import multiprocessing
import os
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR
_NEEDS_SPACE = ("open", "os.mkdir", "os.link", "tensors", "commit")


@dataclass(frozen=True)
class Place:
    """One change: its number, the audit event or `tensors`, `begin`, `commit`, `kept`, and what it changes."""

    number: int
    kind: str
    what: str

    def __str__(self) -> str:
        return f"{self.number}: {self.kind} {self.what}"

    @property
    def writes_a_file(self) -> bool:
        return self.kind in ("open", "tensors")


def watched(home: Path, at: Callable[[Place], None]) -> None:
    """From now on `at` is called in this process before each change below `home` (its `cache/` apart, where the compiler's words
    are). Never taken back: for a process that is about to end."""
    busy = False
    count = 0

    def told(kind: str, what: str) -> None:
        nonlocal busy, count
        if busy:
            return
        count += 1
        busy = True
        try:
            at(Place(count - 1, kind, what))
        finally:
            busy = False

    def mine(path: Any, folder: Any = -1) -> str | None:
        if isinstance(path, int):
            return None
        text = os.fsdecode(path)
        if isinstance(folder, int) and folder >= 0 and not os.path.isabs(text):
            text = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), text)
        text = os.path.abspath(text)
        inside = text.startswith(f"{home}/") and not text.startswith(f"{home}/cache/")
        return text[len(str(home)) + 1 :] if inside else None

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if busy:
            return
        what = None
        if event == "open" and isinstance(args[2], int) and args[2] & _WRITES:
            what = mine(args[0])
        elif event == "os.rename":
            what = mine(args[1], args[3])
        elif event == "os.link":
            what = mine(args[1], args[3])
        elif event == "os.mkdir":
            what = mine(args[0], args[2])
        elif event in ("os.remove", "os.rmdir"):
            what = mine(args[0], args[1])
        if what is not None:
            told(event, what)

    sys.addaudithook(hook)
    _watch_tensors(home, told)
    _watch_store(told)


def _watch_tensors(home: Path, told: Callable[[str, str], None]) -> None:
    tensors: Any = importlib.import_module("safetensors.torch")
    plain = tensors.serialize_file

    def serialize_file(flat: Any, filename: Any, *rest: Any, **more: Any) -> None:
        told("tensors", os.path.relpath(filename, home))
        plain(flat, filename, *rest, **more)

    tensors.serialize_file = serialize_file


def _watch_store(told: Callable[[str, str], None]) -> None:
    from continualcode.store.database import Database

    @contextlib.contextmanager
    def writing(self: Any) -> Iterator[Any]:
        told("begin", self.path.name)
        with self._sentences(), self._writer.begin() as connection:
            yield connection
            told("commit", self.path.name)
        told("kept", self.path.name)

    Database.writing = writing  # type: ignore[method-assign]


def killed_at(number: int, home: Path, *, torn: bool) -> Callable[[Place], None]:
    """Ends the process at a place, before the change; torn: in the middle of it, the file begun and not ended."""

    def at(place: Place) -> None:
        if place.number != number:
            return
        if torn and place.writes_a_file:
            (home / place.what).write_bytes(b'{"half')
        os.kill(os.getpid(), signal.SIGKILL)

    return at


def full_from(number: int) -> Callable[[Place], None]:
    """From a place on nothing that needs space is done: each such change fails as the system lets it fail."""

    def at(place: Place) -> None:
        if place.number < number or place.kind not in _NEEDS_SPACE:
            return
        if place.kind == "tensors":
            from safetensors import SafetensorError

            raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")
        if place.kind == "commit":
            raise sqlite3.OperationalError("database or disk is full")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), place.what)

    return at


def apart(work: Callable[[], Any], seconds: float = 120) -> tuple[int | None, Any]:
    """`work` in a forked copy of this process: its exit code (-9: killed) and what it gave back; an exception comes back as
    its traceback's text with exit code 1."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)

    def inside() -> None:
        try:
            theirs.send(work())
        except BaseException:  # the test shows it
            theirs.send(traceback.format_exc())
            os._exit(1)

    copy = context.Process(target=inside)
    copy.start()
    theirs.close()
    said = None
    if ours.poll(seconds):
        with contextlib.suppress(EOFError):
            said = ours.recv()
    copy.join(10)
    if copy.is_alive():
        copy.kill()
        copy.join()
        raise AssertionError(f"no end after {seconds} s")
    return copy.exitcode, said
