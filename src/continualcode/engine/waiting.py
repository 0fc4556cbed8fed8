"""Waiting for others: calls that may be slow, hang or never come back, with a way out.

An engine whose weights are elsewhere waits in every call, not only while it samples. `heeding` tells it who may stop it
(Ctrl-C in a lesson, say); `wait` runs such a call beside us and looks twenty times a second whether somebody did.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from continualcode.engine.base import EngineError

LOOK = 0.05  # seconds between two looks


class Stopped(EngineError):
    """The user stopped a call; nothing was changed by it that is not put back."""


@contextmanager
def heeding(engine: Any, cancelled: Callable[[], bool]) -> Iterator[None]:
    """For the time of a `with`, an engine that waits for others ends its calls with Stopped when `cancelled` says so.
    One that does not wait is left alone: it is asked between calls."""
    if not hasattr(engine, "cancelled"):
        yield
        return
    before, engine.cancelled = engine.cancelled, cancelled
    try:
        yield
    finally:
        engine.cancelled = before


class Call:
    """A function in a thread of its own. What it returns may be futures (`result()`), or a list of them: they are
    waited for there. `cancel` cancels these, and leaves the thread to itself."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.done = threading.Event()
        self._work, self._left = work, False
        self._futures: tuple[Any, ...] = ()
        self._value: Any = None
        self._error: BaseException | None = None
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            begun = self._work()
            many = isinstance(begun, list)
            self._futures = tuple(begun) if many else (begun,)
            if self._left:
                self.cancel()
            found = [_ended(future) for future in self._futures]
            self._value = found if many else found[0]
        except BaseException as error:  # handed to the thread that waits, whatever it is
            self._error = error
        finally:
            self.done.set()

    def cancel(self) -> None:
        """Give it up."""
        self._left = True
        for future in self._futures:
            target = future.future() if hasattr(future, "future") else future
            if hasattr(target, "cancel"):
                target.cancel()

    def value(self) -> Any:
        """What came of it, once it is done. Raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._value


def _ended(future: Any) -> Any:
    return future.result() if hasattr(future, "result") else future


def wait(
    work: Callable[[], Any],
    *,
    cancelled: Callable[[], bool],
    seconds: float,
    late: str,
    alive: Callable[[], None],
    every: float = 5.0,
) -> Any:
    """The value of `work` (see `Call`). `cancelled` is looked at all the time: Stopped. After `seconds` it is given up with
    `late` as the sentence. `alive` is asked every so many seconds, beside it: what it raises is raised here, so that a
    server that died is noticed although its client goes on asking."""
    call, began = Call(work), time.monotonic()
    asked, question = began, None
    while not call.done.wait(LOOK):
        now = time.monotonic()
        if cancelled():
            call.cancel()
            raise Stopped("stopped by you; the weights are as before.")
        if now - began > seconds:
            call.cancel()
            raise EngineError(late)
        if question is not None and question.done.is_set():
            try:
                question.value()
            except BaseException:
                call.cancel()
                raise
            question, asked = None, now
        elif question is None and now - asked > every:
            question = Call(alive)
    return call.value()
