"""A suite under measurement: what `eval --json` prints, and where every figure of a report comes from.

`evaluate` runs the sessions and counts; it stores nothing by itself (`record` does) and never trains.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from continualcode.engine.base import Engine
from continualcode.evaluate import metrics
from continualcode.evaluate.routed import routed_rollout, routes_in_use, weights_of
from continualcode.evaluate.stats import median_interval
from continualcode.store.records import EpisodeRecord, EvaluationRecord

if TYPE_CHECKING:
    from continualcode.agent.routes import Routes
    from continualcode.config import Settings
    from continualcode.koans.catalogue import Koan
    from continualcode.store import Store

HELD_BACK_SUITE = "held_back"
DRAWN_BY = (  # the settings that an outcome depends on
    "seed", "max_attempts", "temperature", "top_p", "max_new_tokens", "context_length", "dtype", "quantization", "constrained",
)  # fmt: skip


@dataclass(frozen=True)
class Evaluation:
    """One measured suite with the episodes it rests on (`repeat_error` set)."""

    suite: str
    model: str
    adapter: str | None
    samples: int
    seed: int
    fingerprint: str
    episodes: tuple[EpisodeRecord, ...]
    seconds: float

    @property
    def passes(self) -> dict[str, list[bool]]:
        """Outcomes of each task's samples."""
        return metrics.passes_by_task(self.episodes)

    @property
    def pass_rate(self) -> float:
        return float(self.json()["pass_rate"] or 0.0)

    def json(self) -> dict[str, Any]:
        """The design's figures; rates are fractions, None where there is nothing to count. `n` counts
        tasks times samples (of the tasks with tests: see below). `held_back` / `known`: patterns that the bundled model never / did see.
        `error_rate`: share of episodes that ended on an error, new or repeated.

        `unpinned`: tasks without tests, where a pass only means that it compiles and nothing was gutted. They are
        counted apart, in `by_pinning`: every other figure is over the tasks with tests, except `tasks`, `by_task`
        and `well_formed_rate`. In a suite without any test all figures are of unpinned tasks, which `figures_of` says."""
        from continualcode.koans.patterns import HELD_BACK

        pinned = [e for e in self.episodes if not e.unpinned]
        unpinned = [e for e in self.episodes if e.unpinned]
        episodes = pinned or unpinned
        whole = metrics.tally(episodes)
        steps_ci = median_interval(metrics.steps_by_task(episodes))
        return {
            "suite": self.suite,
            "model": self.model,
            "adapter": self.adapter,
            "tasks": len(self.passes),
            "samples": self.samples,
            "seed": self.seed,
            "fingerprint": self.fingerprint,
            **whole,
            "median_steps_to_green": metrics.median_steps(episodes),
            "median_steps_ci95": list(steps_ci) if steps_ci else None,
            "repeat_error_rate": sum(e.repeat_error for e in episodes) / len(episodes) if episodes else None,
            "error_rate": sum(bool(metrics.failed_with(e)) for e in episodes) / len(episodes) if episodes else None,
            "by_family": _grouped(episodes, lambda e: e.family),
            "by_pattern": _grouped(episodes, lambda e: e.pattern),
            "held_back": metrics.tally([e for e in episodes if e.pattern in HELD_BACK]),
            "known": metrics.tally([e for e in episodes if e.pattern not in HELD_BACK]),
            "by_task": self.passes,
            "well_formed_rate": metrics.well_formed_rate(self.episodes),
            "unpinned": len({e.task_id for e in unpinned}),
            "figures_of": "unpinned" if unpinned and not pinned else "pinned",
            "by_pinning": {"pinned": metrics.tally(pinned), "unpinned": metrics.tally(unpinned)},
            "seconds": round(self.seconds, 2),
        }


def _grouped(episodes: Sequence[EpisodeRecord], key: Callable[[EpisodeRecord], str]) -> dict[str, dict[str, object]]:
    groups: dict[str, list[EpisodeRecord]] = {}
    for episode in episodes:
        groups.setdefault(key(episode) or "none", []).append(episode)
    return {name: metrics.tally(groups[name]) for name in sorted(groups)}


def evaluate(
    engine: Engine,
    koans: Sequence[Koan],
    *,
    suite: str,
    settings: Settings,
    samples: int | None = None,
    history: metrics.FailureHistory | None = None,
    run_id: str = "",
    progress: Callable[[int, int], None] | None = None,
    hints: Mapping[str, str] | None = None,
    routes: Routes | None = None,
) -> Evaluation:
    """Measure `koans` with the weights that the engine holds now, or through `routes`. `history`: what tasks failed with
    before; it grows. Two calls with equal seeds and weights give equal episodes."""
    began = time.monotonic()
    samples = samples or settings.samples
    adapter = engine.adapter_ref
    episodes = routed_rollout(
        engine,
        koans,
        routes=routes,
        settings=settings,
        samples=samples,
        max_attempts=settings.max_attempts,
        temperature=settings.temperature,
        seed=settings.seed,
        batch=settings.eval_batch,
        run_id=run_id,
        progress=progress,
        hints=hints,
    )
    marked = metrics.mark_repeats(episodes, history if history is not None else metrics.FailureHistory())
    return Evaluation(
        suite=suite,
        model=engine.model_id,
        adapter=adapter,
        samples=samples,
        seed=settings.seed,
        fingerprint=fingerprint(engine, koans, settings, samples, hints),
        episodes=tuple(marked),
        seconds=time.monotonic() - began,
    )


def fingerprint(
    engine: Engine, koans: Sequence[Koan], settings: Settings, samples: int, hints: Mapping[str, str] | None = None
) -> str:
    """Names a measurement: equal when weights, tasks, seeds and everything else that an outcome depends on
    are, so that a measurement that is in the store need not be repeated."""
    digest = hashlib.sha256(f"{engine.model_hash} {engine.adapter_ref} {samples}".encode())
    digest.update(json.dumps([getattr(settings, k) for k in DRAWN_BY] + [dict(hints or {})], sort_keys=True).encode())
    for koan in koans:
        digest.update(f"\0{koan.id}\0{koan.buggy}\0{koan.tests}".encode())
    return digest.hexdigest()[:16]


def select(suite: str, family: str | None = None, pattern: str | None = None) -> list[Koan]:
    """The koans of a suite: `train`, `gate`, `test`, `held_back` (the test split's held-back patterns) or
    a JSONL file; `family` matches as in `list`; `pattern` names one pattern or `held_back`."""
    from continualcode.koans import catalogue
    from continualcode.koans.patterns import HELD_BACK

    koans = catalogue.load_suite("test" if suite == HELD_BACK_SUITE else suite)
    if suite == HELD_BACK_SUITE:
        koans = [k for k in koans if k.pattern in HELD_BACK]
    if family:
        koans = [k for k in koans if catalogue.of_family(k, family)]
    if pattern:
        koans = [k for k in koans if (k.pattern in HELD_BACK if pattern == "held_back" else k.pattern == pattern)]
    return koans


def record(
    store: Store, evaluation: Evaluation, *, run_id: str = "", night: str | None = None, cycle: int | None = None,
    draws: Mapping[str, str] | None = None, held: frozenset[str] = frozenset(),
) -> EvaluationRecord:  # fmt: skip
    """Keep an evaluation with its episodes in the store, in one transaction. draws: what names each task's draws, so
    that another measurement may take them over; held: tasks whose episodes are in the store already. `ran` of the result
    counts the episodes that are not: those that `seconds` was spent on."""
    from continualcode.store import new_id, now

    episodes = [e if e.task_id in held else replace(e, id=new_id("ep")) for e in evaluation.episodes]
    ran = sum(e.task_id not in held for e in evaluation.episodes)
    result = {**evaluation.json(), "ran": ran, **({"draws": dict(draws)} if draws is not None else {})}
    kept = EvaluationRecord(
        id=new_id("ev"),
        run_id=run_id,
        suite=evaluation.suite,
        model=evaluation.model,
        adapter=evaluation.adapter,
        samples=evaluation.samples,
        pass_rate=float(result["pass_rate"] or 0.0),
        result=result,
        created=now(),
        night=night,
        cycle=cycle,
        episodes=[e.id for e in episodes],
    )
    store.add(*(e for e in episodes if e.task_id not in held), kept)
    return kept


def measured(
    engine: Engine,
    store: Store,
    koans: Sequence[Koan],
    *,
    suite: str,
    settings: Settings,
    samples: int | None = None,
    run_id: str = "",
    night: str | None = None,
    cycle: int | None = None,
    fresh: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """The result of measuring a suite, kept in the store. What is there already is taken from there unless `fresh`: a
    draw depends on its task, its seed and the weights that answer it alone, so the outcomes would be the same, and
    every error in them a repeat. A version whose routes answer a few tasks by other weights runs those few."""
    samples = samples or settings.samples
    name = fingerprint(engine, koans, settings, samples)
    if not fresh:
        for known in store.find("evaluations", suite=suite, newest=True):
            if known.result.get("fingerprint") == name:
                if progress:
                    progress(len(koans) * samples, len(koans) * samples)
                return {**known.result, "repeat_error_rate": known.result["error_rate"]}
    history = metrics.FailureHistory.of(store.list_episodes(model=engine.model_id))
    routes = routes_in_use(engine, store)
    weights = weights_of(engine, store, koans, routes, settings)
    names = {
        k.id: _draw_name(engine, w, k, settings, samples) for k, w in zip(koans, weights, strict=True) if w is not None
    }
    held = {} if fresh else _held(store, names, samples)
    missing = [k for k in koans if k.id not in held]
    total, there = len(koans) * samples, (len(koans) - len(missing)) * samples
    if progress and there:
        progress(there, total)
    found = evaluate(
        engine,
        missing,
        suite=suite,
        settings=settings,
        samples=samples,
        history=history,
        run_id=run_id,
        progress=(lambda n, _: progress(there + n, total)) if progress else None,
        routes=routes,
    )
    run = {k.id: found.episodes[n * samples : (n + 1) * samples] for n, k in enumerate(missing)}
    again = {task: [replace(e, repeat_error=bool(metrics.failed_with(e))) for e in some] for task, some in held.items()}
    whole = replace(found, fingerprint=name, episodes=tuple(e for k in koans for e in (run.get(k.id) or again[k.id])))
    return record(store, whole, run_id=run_id, night=night, cycle=cycle, draws=names, held=frozenset(held)).result


def _draw_name(engine: Engine, weights: str, koan: Koan, settings: Settings, samples: int) -> str:
    """Names one task's draws: equal when everything that they depend on is."""
    digest = hashlib.sha256(f"{engine.model_hash} {weights} {samples}".encode())
    digest.update(json.dumps([getattr(settings, k) for k in DRAWN_BY], sort_keys=True).encode())
    digest.update(f"\0{koan.id}\0{koan.buggy}\0{koan.tests}".encode())
    return digest.hexdigest()[:16]


def _held(store: Store, names: Mapping[str, str], samples: int) -> dict[str, list[EpisodeRecord]]:
    """Task → its episodes, of the tasks whose draws are in the store (the newest of them)."""
    found: dict[str, list[EpisodeRecord]] = {}
    for known in store.find("evaluations", newest=True):
        draws = known.result.get("draws") or {}
        wanted = {t for t, name in names.items() if t not in found and draws.get(t) == name}
        if not wanted:
            continue
        by_id = {e.id: e for e in store.list_episodes(id=list(known.episodes))}
        by_task: dict[str, list[EpisodeRecord]] = {t: [] for t in wanted}
        for episode in (by_id[i] for i in known.episodes if i in by_id):
            if episode.task_id in wanted:
                by_task[episode.task_id].append(episode)
        found |= {t: some for t, some in by_task.items() if len(some) == samples}
    return found
