"""A rollout on all cores: the tasks are dealt out to forked copies of this process, one core each.

A small model's sampling uses one thread (two in one process get in each other's way, docs/LOG.md), so a second
core would idle. Copies share the weights' memory and hand back their episodes; since every draw's seed follows from
the task alone, the result is the same as in one process. Only where a fork is safe: Linux, a model on the CPU
with one torch thread, called from the main thread (a progress display's own thread beside it does no harm).
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from continualcode.engine.base import Engine
from continualcode.evaluate.rollout import rollout
from continualcode.store.records import EpisodeRecord

if TYPE_CHECKING:
    from continualcode.config import Settings
    from continualcode.koans.catalogue import Koan

FEW = 8  # sessions for which a second process is not worth its start


class WorkerFailed(RuntimeError):
    """A copy ended without its episodes; the message is its own error."""


def workers(engine: Engine, settings: Settings, sessions: int) -> int:
    """How many processes a rollout of so many sessions should use: `settings.jobs`, or one a core, where forking is
    safe; else 1."""
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


def rollout_on_all_cores(
    engine: Engine,
    koans: Sequence[Koan],
    *,
    settings: Settings,
    samples: int = 1,
    progress: Callable[[int, int], None] | None = None,
    **how: Any,
) -> list[EpisodeRecord]:
    """`rollout`, with its arguments and its result; the tasks are dealt out to `workers` processes. Raises
    WorkerFailed when one of them fails; an interrupt ends them all."""
    total = len(koans) * samples
    count = workers(engine, settings, total)
    if count < 2:
        return rollout(engine, koans, settings=settings, samples=samples, progress=progress, **how)
    alone = settings.replace(jobs=1)
    context = multiprocessing.get_context("fork")

    def work(channel: Connection, mine: Sequence[Koan]) -> None:
        try:
            episodes = rollout(
                engine, mine, settings=alone, samples=samples, progress=lambda n, _: channel.send(n), **how
            )
            channel.send(episodes)
        except KeyboardInterrupt:
            pass
        except Exception as error:
            channel.send(f"{type(error).__name__}: {error}")

    pairs = [context.Pipe(duplex=False) for _ in range(count)]
    copies = [
        context.Process(target=work, args=(theirs, koans[i::count]), daemon=True) for i, (_, theirs) in enumerate(pairs)
    ]
    found: dict[int, list[EpisodeRecord]] = {}
    finished = [0] * count
    try:
        for copy, (_, theirs) in zip(copies, pairs, strict=True):
            copy.start()
            theirs.close()
        open_ = {mine: i for i, (mine, _) in enumerate(pairs)}
        while open_:
            for ready in wait(list(open_)):
                assert isinstance(ready, Connection)
                i = open_[ready]
                try:
                    said = ready.recv()
                except EOFError:
                    raise WorkerFailed("a process of the measurement ended without its episodes") from None
                if isinstance(said, int):
                    finished[i] = said
                    if progress:
                        progress(sum(finished), total)
                elif isinstance(said, str):
                    raise WorkerFailed(said)
                else:
                    found[i] = said
                    del open_[ready]
    finally:
        for copy in copies:
            if copy.pid is not None and len(found) < count:
                copy.terminate()
        for copy in copies:
            if copy.pid is not None:
                copy.join()
        for mine, _ in pairs:
            mine.close()
    ordered = {
        (i + n * count): found[i][n * samples : (n + 1) * samples]
        for i in found
        for n in range(len(found[i]) // samples)
    }
    return [episode for place in range(len(koans)) for episode in ordered[place]]
