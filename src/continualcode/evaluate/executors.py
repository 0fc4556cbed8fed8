"""Work over many items, by whoever there is: this process, or forked copies of it. Who does it changes nothing else.

An executor maps `work(state, item, tell)` over items that depend on nothing but the state and themselves, and gives the
results in the items' order. The state, an engine for the most part, is not sent: a forked copy shares its memory.

A process that is killed in the middle has its item done again by another, `ROUNDS` times in all. An exception in the work ends
the others and is one sentence (`WorkerFailed`, its traceback as a note); an interrupt ends them too.
"""

from __future__ import annotations

import multiprocessing
import traceback
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, Protocol, TypeVar

from continualcode.errors import UserError

ROUNDS = 3

State = TypeVar("State")
Item = TypeVar("Item")
Result = TypeVar("Result")
Tell = Callable[[float], None]  # the share of one item that is done, in [0, 1]
Told = Callable[[int, float], None]  # which item, and the share of it
Work = Callable[[State, Item, Tell], Result]


class WorkerFailed(UserError):
    """A process could not do its part; the message is a sentence."""


class Executor(Protocol):
    """`told` is called as items progress, and with 1.0 at each one's end. Raises WorkerFailed."""

    def map(
        self, work: Work[State, Item, Result], state: State, items: Sequence[Item], told: Told | None = None
    ) -> list[Result]: ...


def _no_word(_item: int, _share: float) -> None:
    pass


@dataclass(frozen=True)
class InProcess:
    """One item after the other, here; exceptions fly as they are."""

    def map(
        self, work: Work[State, Item, Result], state: State, items: Sequence[Item], told: Told | None = None
    ) -> list[Result]:
        tell = told or _no_word
        found: list[Result] = []
        for i, item in enumerate(items):
            found.append(work(state, item, lambda share, i=i: tell(i, share)))
            tell(i, 1.0)
        return found


@dataclass(frozen=True)
class _Ended(Generic[Result]):
    result: Result


@dataclass(frozen=True)
class _Raised:
    sentence: str
    trace: str


@dataclass(frozen=True)
class Forked:
    """At most `count` forked copies of this process at once, one an item. Only where a fork is safe (see `workers`)."""

    count: int

    def map(
        self, work: Work[State, Item, Result], state: State, items: Sequence[Item], told: Told | None = None
    ) -> list[Result]:
        context = multiprocessing.get_context("fork")
        tell = told or _no_word
        left, tries = deque(range(len(items))), Counter[int]()
        running: dict[Connection, tuple[int, Any]] = {}
        found: dict[int, Result] = {}

        def begin(i: int) -> None:
            ours, theirs = context.Pipe(duplex=False)
            copy = context.Process(target=_in_a_copy, args=(theirs, work, state, items[i]), daemon=True)
            copy.start()
            theirs.close()
            running[ours] = i, copy

        try:
            while left or running:
                while left and len(running) < self.count:
                    begin(left.popleft())
                for ours in wait(list(running)):
                    assert isinstance(ours, Connection)
                    i, copy = running[ours]
                    try:
                        said = ours.recv()
                    except (EOFError, OSError):
                        del running[ours]
                        ours.close()
                        copy.join()
                        tries[i] += 1
                        if tries[i] == ROUNDS:
                            raise WorkerFailed(killed(ROUNDS)) from None
                        left.append(i)
                        continue
                    if isinstance(said, _Raised):
                        raise _failed(said)
                    if not isinstance(said, _Ended):
                        tell(i, said)
                        continue
                    found[i] = said.result
                    del running[ours]
                    ours.close()
                    copy.join()
                    tell(i, 1.0)
        finally:
            for _, copy in running.values():
                copy.terminate()
            for ours, (_, copy) in running.items():
                copy.join()
                ours.close()
        return [found[i] for i in range(len(items))]


def _in_a_copy(channel: Connection, work: Callable[..., Any], state: Any, item: Any) -> None:
    try:
        channel.send(_Ended(work(state, item, channel.send)))
    except KeyboardInterrupt:
        pass  # the first process is interrupted too, and says so
    except Exception as error:
        channel.send(_Raised(sentence(error), traceback.format_exc()))


def killed(rounds: int) -> str:
    """What is said of an item whose process died each time."""
    return f"A worker process ended {rounds} times without its result (out of memory?); use fewer with jobs=1."


def sentence(error: BaseException) -> str:
    """An exception as one sentence: a UserError's own, another's with its kind."""
    if isinstance(error, UserError):
        return str(error)
    return f"A worker failed: {type(error).__name__}: {_first_line(error)}"


def _failed(said: _Raised) -> WorkerFailed:
    error = WorkerFailed(said.sentence)
    error.add_note(said.trace)
    return error


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
