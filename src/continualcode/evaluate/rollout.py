"""Many koan sessions in lockstep: all prompts that wait are sampled as one batch, all programs that wait
are checked together. As one session ends the next begins, so that the batch stays full.

How a session draws: with one sample a task, the first attempt is greedy (temperature 0 unless told) and
those after a failed one are drawn at `retry_temperature`, since a greedy repeat of a call that just failed
helps nobody, and warmer still where a call was taken back because it led to a file that was judged before. With more samples, sample 0 is that same session and the others are drawn at
`retry_temperature` from the first attempt on. Every draw's seed follows from (seed, task id, sample, turn)
alone, so the result does not depend on the batch size or on which other tasks are there.

Nothing is stored here: the caller keeps the episodes it wants to keep.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from continualcode.agent import retries
from continualcode.engine.base import Engine, SampleParams
from continualcode.store.records import EpisodeRecord

if TYPE_CHECKING:
    from continualcode.agent.koan_task import KoanTask
    from continualcode.config import Settings
    from continualcode.engine.grammar import CallGrammar
    from continualcode.koans.catalogue import Koan


def draw_seed(seed: int, task_id: str, sample: int, turn: int) -> int:
    """The seed of one draw, in [0, 2**31)."""
    digest = hashlib.sha256(f"{seed}/{task_id}/{sample}/{turn}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


@dataclass
class _Session:
    order: int
    task: KoanTask
    sample: int
    turn: int = 0

    def params(
        self,
        seed: int,
        temperature: float,
        retry_temperature: float,
        max_new_tokens: int,
        top_p: float,
        grammar: CallGrammar | None,
    ) -> SampleParams:
        """Greedy or not: see the module docstring."""
        first = self.turn == 0 and self.sample == 0
        warmer = retries.warmth(max(temperature, retry_temperature), self.task.redraws)
        return SampleParams(
            max_new_tokens=max_new_tokens,
            temperature=temperature if first else warmer,
            top_p=top_p,
            seed=draw_seed(seed, self.task.koan.id, self.sample, self.turn),
            grammar=grammar,
        )


def rollout(
    engine: Engine,
    koans: Sequence[Koan],
    *,
    settings: Settings,
    samples: int = 1,
    max_attempts: int = 5,
    temperature: float = 0.0,
    retry_temperature: float = retries.TEMPERATURE,
    seed: int = 0,
    batch: int = 16,
    run_id: str = "",
    progress: Callable[[int, int], None] | None = None,
    hints: Mapping[str, str] | None = None,
) -> list[EpisodeRecord]:
    """Episodes of every koan and sample, ordered by koan, then sample.

    progress: called with (finished, all) as sessions end. hints: task id, pattern or family → a sentence
    put into the request (the prompt-hint baseline); the narrowest that is there is used.
    """
    from continualcode.agent.calls import schemas
    from continualcode.agent.koan_task import KoanTask
    from continualcode.engine.grammar import CallGrammar

    def start(order: int) -> _Session:
        koan, sample = koans[order // samples], order % samples
        told = hints or {}
        hint = next((told[k] for k in (koan.id, koan.pattern, koan.family) if k in told), None)
        task = KoanTask(
            koan,
            engine,
            max_attempts=max_attempts,
            settings=settings,
            seed=draw_seed(seed, koan.id, sample, 0),
            run_id=run_id,
            hint=hint,
        )
        return _Session(order, task, sample)

    # an edit that reaches the limit is closed there: the compiler's answer to it says more than "malformed"
    grammar = CallGrammar.of_schemas(schemas(), lands=True) if settings.constrained else None
    total = len(koans) * samples
    waiting = iter(range(total))
    active: list[_Session] = []
    finished: dict[int, EpisodeRecord] = {}
    while True:
        active += [start(order) for order in islice(waiting, max(0, batch - len(active)))]
        if not active:
            break
        _check(active, settings)
        ready = [s for s in active if not s.task.done]
        if ready:
            params = [
                s.params(seed, temperature, retry_temperature, s.task.session.max_new_tokens, settings.top_p, grammar)
                for s in ready
            ]
            completions = engine.sample([s.task.next_prompt() for s in ready], params)
            for session, completion in zip(ready, completions, strict=True):
                session.turn += 1
                session.task.take(completion)
            _check(active, settings)
        for session in [s for s in active if s.task.done]:
            active.remove(session)
            finished[session.order] = session.task.episode()
        if progress:
            progress(len(finished), total)
    return [finished[order] for order in range(total)]


def _check(sessions: Sequence[_Session], settings: Settings) -> None:
    """Give every session that waits for a verdict its verdict; equal programs are checked once."""
    from continualcode.rust.check import check_many

    waiting = [(s, item) for s in sessions if (item := s.task.pending_check()) is not None]
    distinct = list(dict.fromkeys(item for _, item in waiting))
    if not distinct:
        return
    verdicts = dict(
        zip(
            distinct, check_many(distinct, workers=settings.jobs or os.cpu_count() or 1, settings=settings), strict=True
        )
    )
    for session, item in waiting:
        session.task.give_verdict(verdicts[item])
