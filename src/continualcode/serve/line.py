"""One engine, many who want it: they stand in line, and it goes round.

A thread does one piece of work after the other; each session gives one piece in its turn, however many it has waiting,
so that a busy one does not keep the others out. A piece is cut off by its own event; when the line ends, all are.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from continualcode.serve.errors import ServeError, ending

MOST_WAITING = 64


@dataclass
class Job:
    """A piece of work. `instead`: what is done when the line ends before its turn came."""

    work: Callable[[threading.Event], Any]
    instead: Callable[[], Any] | None = None
    cancel: threading.Event = field(default_factory=threading.Event)
    future: Future[Any] = field(default_factory=Future)

    def run(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            self.future.set_result(self.work(self.cancel))
        except BaseException as error:  # handed to whoever waits for it
            self.future.set_exception(error)

    def give_up(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            if self.instead is None:
                raise ending()
            self.future.set_result(self.instead())
        except BaseException as error:  # as above
            self.future.set_exception(error)


class Line:
    """See the module docstring. `length`: pieces that wait or are under way."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[Job]] = OrderedDict()
        self._now: Job | None = None
        self._changed = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self._thread.start()

    @property
    def length(self) -> int:
        with self._changed:
            return self._count()

    def put(self, who: str, job: Job) -> Job:
        """Stand in line. Raises ServeError when the line is too long, or at its end."""
        with self._changed:
            if self._ending:
                raise ending()
            if self._count() >= MOST_WAITING:
                raise ServeError(429, f"{MOST_WAITING} requests wait already; ask again later.", "busy")
            self._waiting.setdefault(who, deque()).append(job)
            self._changed.notify_all()
        return job

    def end(self) -> None:
        """Take no more, cut off what is under way, and give up what waits. Returns at once; `join` waits."""
        with self._changed:
            self._ending = True
            if self._now is not None:
                self._now.cancel.set()
            self._changed.notify_all()

    def join(self) -> None:
        """Wait until nothing is under way any more."""
        self._thread.join()

    def _count(self) -> int:
        return sum(map(len, self._waiting.values())) + (self._now is not None)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            job.run()
            with self._changed:
                self._now = None
        with self._changed:
            left = [job for jobs in self._waiting.values() for job in jobs]
            self._waiting.clear()
        for job in left:
            job.give_up()

    def _next(self) -> Job | None:
        """The next piece: of the session that was served longest ago. None at the end."""
        with self._changed:
            while not self._waiting and not self._ending:
                self._changed.wait()
            if self._ending:
                return None
            who, jobs = self._waiting.popitem(last=False)
            self._now = jobs.popleft()
            if jobs:
                self._waiting[who] = jobs  # behind all others
            return self._now
