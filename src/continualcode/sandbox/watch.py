"""Sees a command through: feeds it, drains it, measures it, and ends all of it at the first limit.

The backends start a `Running`; everything they cannot have the kernel bound (wall-clock time, memory of the
whole tree, disk, output) is watched here, from outside, every few hundredths of a second, and births of
processes are let through the gate. The watcher stands before everyone else where it may (as root: a real-time
thread), and the command behind (`gate.NICE`), so that a machine full of work, or of the command's own processes,
does not keep the one from looking while the other runs.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from continualcode.sandbox.disk import Disk
from continualcode.sandbox.gate import Gate, Spawned
from continualcode.sandbox.limits import Limits, Result, Stopped
from continualcode.sandbox.processes import proportional_mb, usage

_TICK = 0.03  # seconds between two looks at the processes
_HELD_TICK = 0.003  # while someone waits at the gate
_CHUNK = 1 << 16
_OUT_OF_MEMORY = (
    b"memory allocation of",
    b"MemoryError",
    b"std::bad_alloc",
    b"annot allocate memory",
    b"out of memory",
)


class Running(Protocol):
    """A started command: its process, its gate where there is one, the /proc folders of all it consists of,
    how to make it hold still and go on, and the one blow."""

    process: subprocess.Popen[bytes] | Spawned
    gate: Gate | None

    def members(self) -> Sequence[str]: ...

    def freeze(self) -> None: ...

    def thaw(self) -> None: ...

    def kill(self) -> None:
        """Ends every process of the command at once; harmless when it has ended."""
        ...


def see_through(running: Running, stdin: bytes | None, limits: Limits, places: Sequence[Path]) -> Result:
    """Waits for the end of the command, or brings it about. On return none of its processes lives."""
    started = time.monotonic()
    watch = _Watch(running, stdin, limits, places)
    stopped: Stopped = ""
    try:
        with _first_in_line():
            try:
                stopped = watch.until_end(started)
            finally:
                running.kill()
        watch.drain(time.monotonic() + 2.0)
    finally:
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


@contextlib.contextmanager
def _first_in_line() -> Iterator[None]:
    """The calling thread comes before every ordinary one, where that is permitted; its children do not."""
    policy, before = os.sched_getscheduler(0), os.sched_getparam(0)
    if policy != os.SCHED_OTHER:  # it has a rank of its own already
        yield
        return
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except OSError:
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, before)


class _Watch:
    def __init__(self, running: Running, stdin: bytes | None, limits: Limits, places: Sequence[Path]) -> None:
        self.running, self.limits = running, limits
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
        if running.gate is not None:
            self.selector.register(running.gate.listener, selectors.EVENT_READ, "gate")
        self.disk = Disk(places, limits.disk_mb * 1_048_576)

    def until_end(self, started: float) -> Stopped:
        deadline = started + self.limits.seconds
        look = started
        gate = self.running.gate
        while True:
            now = time.monotonic()
            if now >= deadline:
                return "timeout"
            if now >= self.disk.next and self.disk.full(self.running):
                return "disk"
            if now >= look:
                if stopped := self._measure():
                    return stopped
                look = time.monotonic() + (_HELD_TICK if gate is not None and gate.holds else _TICK)
            for key, _ in self.selector.select(max(0.0, min(look, deadline, self.disk.next) - time.monotonic())):
                if key.data == "end":
                    return ""
                if key.data == "gate":
                    assert gate is not None
                    if not gate.answer():
                        return "processes"
                    if gate.holds:
                        look = min(look, time.monotonic() + _HELD_TICK)
                elif not self._move(key):
                    return "output"

    def drain(self, deadline: float) -> None:
        """Takes what is still in the pipes, up to the output limit."""
        self.selector.unregister(self.ended)
        if self.running.gate is not None:
            self.selector.unregister(self.running.gate.listener)  # nobody is left who could ask
        if self.running.process.stdin is not None:
            self._shut(self.running.process.stdin)
        while self.selector.get_map() and time.monotonic() < deadline:
            for key, _ in self.selector.select(0.1):
                if not self._move(key):
                    return

    def close(self) -> None:
        self.selector.close()
        os.close(self.ended)
        if self.running.gate is not None:
            self.running.gate.close()
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
        if self.running.gate is not None and self.running.gate.holds and not self.running.gate.settle():
            return "processes"
        return ""
