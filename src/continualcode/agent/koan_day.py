"""A day over koans: every koan of the train split once, the episodes kept, what came of it in figures."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from continualcode.config import Settings
from continualcode.errors import UserError
from continualcode.store import Store
from continualcode.store.records import EpisodeRecord


@dataclass(frozen=True)
class Day:
    """The episodes of one day."""

    episodes: tuple[EpisodeRecord, ...]
    seconds: float

    def by_family(self) -> dict[str, dict[str, int]]:
        """Solved and all, family by family."""
        out: dict[str, dict[str, int]] = {}
        for e in self.episodes:
            row = out.setdefault(e.family, {"solved": 0, "n": 0})
            row["n"] += 1
            row["solved"] += e.outcome == "solved"
        return dict(sorted(out.items()))

    def as_dict(self) -> dict[str, Any]:
        """The figures, JSON-able; rates as fractions."""
        solved = [e for e in self.episodes if e.outcome == "solved"]
        steps = [e.steps_to_green for e in solved if e.steps_to_green is not None]
        turns = [c for e in self.episodes for c in e.tool_calls]
        n = len(self.episodes)
        return {
            "n": n,
            "solved": len(solved),
            "pass_rate": len(solved) / n if n else None,
            "median_steps_to_green": statistics.median(steps) if steps else None,
            "repeat_error_rate": sum(e.repeat_error for e in self.episodes) / n if n else None,
            "well_formed_rate": sum(c.well_formed for c in turns) / len(turns) if turns else None,
            "by_family": self.by_family(),
            "seconds": round(self.seconds, 3),
        }

    def line(self) -> str:
        """One line for a person."""
        d = self.as_dict()
        steps = d["median_steps_to_green"]
        return f"{d['solved']} of {d['n']} koans solved" + (f", median {steps:g} steps" if steps is not None else "")


def day(
    settings: Settings,
    store: Store,
    run_id: str,
    *,
    count: int | None = None,
    family: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Day:
    """Work through the train split (`family`: only this family or prefix; `count`: at most so many koans) and
    keep the episodes. `progress` is called with how many sessions ended since the last call. Raises UserError."""
    from continualcode.agent.start import open_engine
    from continualcode.evaluate import metrics, suite
    from continualcode.evaluate.routed import routed_rollout, routes_in_use
    from continualcode.store import new_id

    koans = suite.select("train", family, None)
    if not koans:
        raise UserError(f"No koan of the train split belongs to `{family}`; `continualcode list` shows families.")
    koans = koans[:count]
    start = time.monotonic()
    engine = open_engine(settings, store)
    ended = 0

    def step(done: int, _total: int) -> None:
        nonlocal ended
        if progress is not None and done > ended:
            progress(done - ended)
        ended = done

    episodes = routed_rollout(
        engine, koans, routes=routes_in_use(engine, store), settings=settings, samples=settings.samples, max_attempts=settings.max_attempts,
        temperature=settings.temperature, seed=settings.seed, batch=settings.eval_batch, run_id=run_id, progress=step,
    )  # fmt: skip
    history = metrics.FailureHistory.of(store.find("episodes", split="train", newest=True, limit=5000))
    episodes = [replace(e, id=new_id("ep")) for e in metrics.mark_repeats(episodes, history)]
    store.add_episodes(episodes)
    return Day(tuple(episodes), time.monotonic() - start)
