"""A rollout on all cores: the tasks are dealt out, and each worker hands back its episodes.

A small model's sampling uses one thread (two in one process get in each other's way, docs/LOG.md), so a second
core would idle. Since every draw's seed follows from the task alone, the result is the same whoever does it
(`executors.py`). Forked copies only where a fork is safe: Linux, a model on the CPU with one torch thread, called from the
main thread (a progress display's own thread beside it does no harm).
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from continualcode.engine.base import Engine
from continualcode.errors import UserError
from continualcode.evaluate.executors import Executor, Forked, InProcess, Tell
from continualcode.evaluate.rollout import rollout
from continualcode.store.records import EpisodeRecord

if TYPE_CHECKING:
    from continualcode.config import Settings
    from continualcode.koans.catalogue import Koan

FEW = 8  # sessions for which a second process is not worth its start


def executor_for(engine: Engine, settings: Settings, sessions: int) -> Executor:
    """Who a rollout of so many sessions is given to: forked copies where a fork is safe and worth it, else this
    process. Raises UserError for an executor that is not built."""
    if settings.executor != "process":
        raise UserError(f"executor={settings.executor} is not built yet; leave executor=process.")
    count = workers(engine, settings, sessions)
    return Forked(count) if count > 1 else InProcess()


def workers(engine: Engine, settings: Settings, sessions: int) -> int:
    """How many forked processes a rollout of so many sessions should use: `settings.jobs`, or one a core, where forking
    is safe; else 1."""
    if sys.platform != "linux" or sessions < FEW or not _one_thread_on_a_cpu(engine):
        return 1
    others = [t for t in threading.enumerate() if t is not threading.main_thread() and not t.daemon]
    if threading.current_thread() is not threading.main_thread() or others:
        return 1
    return max(1, min(settings.jobs or len(os.sched_getaffinity(0)), sessions // (FEW // 2)))


def _one_thread_on_a_cpu(engine: Engine) -> bool:
    device = getattr(engine, "device", None)
    if getattr(device, "type", None) != "cpu":
        return False
    import torch

    return torch.get_num_threads() == 1


@dataclass(frozen=True)
class _Episodes:
    """A rollout's arguments, as the work of an executor."""

    settings: Settings
    samples: int
    how: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, engine: Engine, koans: Sequence[Koan], tell: Tell) -> list[EpisodeRecord]:
        return rollout(
            engine, koans, settings=self.settings, samples=self.samples, progress=lambda n, of: tell(n / of), **self.how
        )


def rollout_on_all_cores(
    engine: Engine,
    koans: Sequence[Koan],
    *,
    settings: Settings,
    samples: int = 1,
    progress: Callable[[int, int], None] | None = None,
    executor: Executor | None = None,
    **how: Any,
) -> list[EpisodeRecord]:
    """`rollout`, with its arguments and its result; the tasks are dealt out to an executor's workers (`executor_for`, unless
    one is given). Raises WorkerFailed when one of them fails; an interrupt ends them all."""
    total = len(koans) * samples
    chosen = executor or executor_for(engine, settings, total)
    if not isinstance(chosen, Forked):
        return rollout(engine, koans, settings=settings, samples=samples, progress=progress, **how)
    count = min(chosen.count, len(koans))
    hands = [koans[i::count] for i in range(count)]
    shares = [0.0] * count

    def told(hand: int, share: float) -> None:
        shares[hand] = max(share, shares[hand])  # one that was killed begins again
        if progress:
            progress(round(samples * sum(s * len(h) for s, h in zip(shares, hands, strict=True))), total)

    alone = settings.replace(jobs=1)
    found = chosen.map(_Episodes(alone, samples, how), engine, hands, told)
    return [
        episode
        for place in range(len(koans))
        for episode in found[place % count][place // count * samples : (place // count + 1) * samples]
    ]
