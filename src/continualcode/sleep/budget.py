"""A night's time: what of `night_minutes` goes to training, to softening and to the gate, and the end of it.

The whole night is meant, from curating to the last word of the gate. When training begins, the pace of sampling on this
machine is known from the gate's own tasks, measured with the weights before the night (the gate needs them anyway). So the
gate's time can be told, and set aside first: a candidate that nobody judges is worth nothing. Training gets what is left, and
softening, which only mends a candidate, is left out where training would lack the time. The pace of a step need not be
known: training ends by the clock.

A plan can be wrong, for a machine may become busy. So each sign of progress also looks at the clock (`Deadline`): when the
next one may come too late, the night stops where it is, nothing promoted, and the next `sleep` goes on there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from continualcode.store import Store

MARGIN = 1.25  # the gate's time is taken for so much longer than its pace says
CHANGED = 0.15  # share of the gate's tasks that come out differently and are drawn again
LEAST = 0.2  # of what is left: less than this for training is not worth a night
OVER = "the night's time is up; the next sleep goes on from here"


class OutOfTime(Exception):
    """The night's time is up, with the reason as a sentence. Its stage stays unfinished; the next `sleep` takes it up."""


@dataclass(frozen=True)
class Work:
    """What a night has before it. In sessions sampled and checked: gate: tasks times samples of one measurement; redraws: draws
    of a task that came out differently, on each side. In single greedy calls: held_out: programs that the gate looks at before
    and after; softening: what all shares of the change together are tried on. calls: how many a session may take, with the
    compiler between them."""

    gate: int
    redraws: int
    held_out: int
    softening: int
    calls: int = 1

    @property
    def gate_sessions(self) -> float:
        """Sessions from the end of training to the gate's word, the measurement before the night not among them."""
        return self.gate + 2 * self.held_out / self.calls + 2 * CHANGED * self.gate * self.redraws


@dataclass(frozen=True)
class Plan:
    """Seconds for each part; `softening` 0 leaves it out."""

    training: float
    softening: float
    gate: float

    @property
    def softens(self) -> bool:
        return self.softening > 0


def plan(left: float, session: float, work: Work) -> Plan:
    """How the `left` seconds are used, where one session takes `session` seconds. The gate first, then training, and
    softening if training keeps at least as much time as it takes. The parts never sum to more than `left`. Raises OutOfTime
    when training would lack the time to be worth it."""
    gate = MARGIN * session * work.gate_sessions
    softening = MARGIN * session * work.softening / work.calls
    rest = left - gate
    if rest <= 0 or rest < LEAST * left:
        raise OutOfTime(
            f"{left / 60:.1f} minutes are left and the gate needs about {gate / 60:.1f}: too little to train; set "
            "night_minutes higher, or gate_samples lower"
        )
    if rest - softening >= max(softening, LEAST * left):
        return Plan(rest - softening, softening, gate)
    return Plan(rest, 0.0, gate)


def pace(store: Store, model: str, default: float = 0.0) -> float:
    """Seconds a session: of the newest measurement of this model that ran at least a few sessions itself; `default` where
    there is none."""
    for known in store.find("evaluations", model=model, newest=True):
        ran = known.result.get("ran", 0)
        if ran >= 3 and known.result.get("seconds", 0) > 0:
            return known.result["seconds"] / ran
    return default


class Deadline:
    """The end of a night: `seconds` after it was made. A clock is anything that gives seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.end = clock() + seconds
        self._last = clock()
        self._longest = 0.0

    @property
    def left(self) -> float:
        """Seconds until the end, at least 0."""
        return max(0.0, self.end - self.clock())

    def look(self) -> None:
        """Raises OutOfTime when the time is up, or would be by the next look if that takes as long as the longest so far
        since `begin`."""
        now = self.clock()
        self._longest = max(self._longest, now - self._last)
        self._last = now
        if now + self._longest > self.end:
            raise OutOfTime(OVER)

    def begin(self) -> None:
        """Something else begins; how long the looks were apart before says nothing of it."""
        self._last, self._longest = self.clock(), 0.0

    def step(self, told: Callable[[str, int, int, str], None]) -> Callable[[str, int, int, str], None]:
        """`told` (stage, done, of, note), and a look at the clock after it, unless that was the last of its stage."""
        stage_now = ""

        def guarded(stage: str, done: int, of: int, note: str) -> None:
            nonlocal stage_now
            told(stage, done, of, note)
            if stage != stage_now:
                stage_now = stage
                self.begin()
            if done < of:
                self.look()

        return guarded

    def say(self, told: Callable[[str], None]) -> Callable[[str], None]:
        """`told`, and the end when the time is up."""

        def guarded(text: str) -> None:
            told(text)
            if not self.left:
                raise OutOfTime(OVER)

        return guarded
