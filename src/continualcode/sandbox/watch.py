"""Sees a command through: feeds it, drains it, measures it, and ends all of it at the first limit.

The backends start a `Running`; everything they cannot have the kernel bound (wall-clock time, memory and
processes of the whole tree, disk, output) is watched here, from outside, every few hundredths of a second.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from continualcode.sandbox.limits import Limits, Result, Stopped
from continualcode.sandbox.processes import proportional_mb, usage, written_bytes

_TICK = 0.03  # seconds between two looks at the processes
_CHUNK = 1 << 16
_FILES = 100_000  # new files at most
_OUT_OF_MEMORY = (
    b"memory allocation of",
    b"MemoryError",
    b"std::bad_alloc",
    b"annot allocate memory",
    b"out of memory",
)


class Running(Protocol):
    """A started command: its process, the /proc folders of all it consists of, and the one blow."""

    process: subprocess.Popen[bytes]

    def members(self) -> Sequence[str]: ...

    def kill(self) -> None:
        """Ends every process of the command at once; harmless when it has ended."""
        ...


def see_through(running: Running, stdin: bytes | None, limits: Limits, places: Sequence[Path]) -> Result:
    """Waits for the end of the command, or brings it about. On return none of its processes lives."""
    started = time.monotonic()
    watch = _Watch(running, stdin, limits, places)
    stopped: Stopped = ""
    try:
        stopped = watch.until_end(started)
    finally:
        running.kill()
        watch.drain(time.monotonic() + 2.0)
        watch.close()
    code = running.process.wait()
    code = 128 - code if code < 0 else code
    stderr = bytes(watch.outputs["stderr"])
    if not stopped and code == 128 + signal.SIGXCPU:
        stopped = "timeout"
    elif not stopped and code == 128 + signal.SIGXFSZ:
        stopped = "disk"
    elif not stopped and code and any(words in stderr[-4000:] for words in _OUT_OF_MEMORY):
        stopped = "memory"
    return Result(code, bytes(watch.outputs["stdout"]), stderr, stopped, time.monotonic() - started)


class _Watch:
    def __init__(self, running: Running, stdin: bytes | None, limits: Limits, places: Sequence[Path]) -> None:
        self.running, self.limits, self.places = running, limits, places
        self.outputs = {"stdout": bytearray(), "stderr": bytearray()}
        self.room = limits.output_bytes
        self.stdin = memoryview(stdin or b"")
        self.selector = selectors.DefaultSelector()
        process = running.process
        for name, pipe in (("stdout", process.stdout), ("stderr", process.stderr)):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
            self.selector.register(pipe, selectors.EVENT_READ, name)
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)
            self.selector.register(process.stdin, selectors.EVENT_WRITE, "stdin")
        self.ended = os.pidfd_open(process.pid)
        self.selector.register(self.ended, selectors.EVENT_READ, "end")
        self.since = time.time() - 0.01
        self.free = [_free(place) for place in places]

    def until_end(self, started: float) -> Stopped:
        deadline = started + self.limits.seconds
        look = started
        while True:
            now = time.monotonic()
            if now >= deadline:
                return "timeout"
            if now >= look:
                if stopped := self._measure():
                    return stopped
                look = time.monotonic() + _TICK
            for key, _ in self.selector.select(min(look, deadline) - time.monotonic()):
                if key.data == "end":
                    return ""
                if not self._move(key):
                    return "output"

    def drain(self, deadline: float) -> None:
        """Takes what is still in the pipes, up to the output limit."""
        self.selector.unregister(self.ended)
        if self.running.process.stdin is not None:
            self._shut(self.running.process.stdin)
        while self.selector.get_map() and time.monotonic() < deadline:
            for key, _ in self.selector.select(0.1):
                if not self._move(key):
                    return

    def close(self) -> None:
        self.selector.close()
        os.close(self.ended)
        for pipe in (self.running.process.stdin, self.running.process.stdout, self.running.process.stderr):
            if pipe is not None and not pipe.closed:
                try:
                    pipe.close()
                except BrokenPipeError:
                    pass

    def _move(self, key: selectors.SelectorKey) -> bool:
        """Moves some bytes; False when the output is more than the limit."""
        if key.data == "stdin":
            try:
                self.stdin = self.stdin[os.write(key.fd, self.stdin[:_CHUNK]) :]
            except BlockingIOError:
                return True
            except BrokenPipeError:
                self.stdin = memoryview(b"")
            if not self.stdin:
                self._shut(key.fileobj)
            return True
        try:
            data = os.read(key.fd, _CHUNK)
        except BlockingIOError:
            return True
        if not data:
            self._shut(key.fileobj)
            return True
        self.outputs[key.data] += data[: max(0, self.room)]
        self.room -= len(data)
        return self.room >= 0

    def _shut(self, pipe: object) -> None:
        try:
            self.selector.unregister(pipe)  # type: ignore[arg-type]
            pipe.close()  # type: ignore[attr-defined]
        except (KeyError, ValueError, BrokenPipeError):
            pass

    def _measure(self) -> Stopped:
        members = self.running.members()
        held = usage(members)
        if held.processes > self.limits.processes or held.threads > 8 * self.limits.processes:
            return "processes"
        if held.resident_mb > self.limits.memory_mb:
            exact = proportional_mb(members)
            if exact is None or exact > self.limits.memory_mb:
                return "memory"
        return "disk" if self._disk_full(members) else ""

    def _disk_full(self, members: Sequence[str]) -> bool:
        """Free space is cheap to read: only when it has shrunk does a walk tell whether this command did it."""
        limit = self.limits.disk_mb * 1_048_576
        for i, place in enumerate(self.places):
            space, files = _free(place)
            if self.free[i][1] - files > _FILES:
                return True
            if self.free[i][0] - space > limit / 2 and written_bytes(self.places, self.since, members) > limit:
                return True
        return False


def _free(place: Path) -> tuple[int, int]:
    try:
        state = os.statvfs(place)
    except OSError:
        return 0, 0
    return state.f_bfree * state.f_frsize, state.f_ffree
