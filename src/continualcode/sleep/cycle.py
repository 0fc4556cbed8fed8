"""Day and night, again and again: what `nights --cycles N` runs and prints.

Cycle 0 measures before any night. Each further cycle sleeps one night over the day that lies behind it, and
then measures. The day *is* the measurement of the train split: its episodes are stored like any others, and
the next night reads them; so the train split is always run anew, while gate and test are measured again only
when the weights have changed. Narrowing by family or pattern narrows the day (and `train`); gate and test
stay whole. The test split is reported, and no decision looks at it.

A loop that was cut off is resumed from its run's row, which holds every finished cycle; a night that was cut
off inside is resumed by `sleep` itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from continualcode.engine.base import Engine
from continualcode.errors import UserError
from continualcode.evaluate import suite
from continualcode.evaluate.stats import wilson
from continualcode.sleep.night import Say, Step, load_current, sleep
from continualcode.store import Store

if TYPE_CHECKING:
    from continualcode.config import Settings
    from continualcode.koans.catalogue import Koan

SPLITS = ("train", "gate", "test")


def _quiet(*_: object) -> None:
    pass


def nights(
    engine: Engine,
    store: Store,
    settings: Settings,
    *,
    cycles: int,
    run_id: str = "",
    family: str | None = None,
    pattern: str | None = None,
    count: int | None = None,
    done: Sequence[Mapping[str, Any]] = (),
    keep: Callable[[list[dict[str, Any]]], None] = _quiet,
    say: Say = _quiet,
    step: Step = _quiet,
) -> list[dict[str, Any]]:
    """Rows of cycles 0…`cycles`. count: at most so many tasks of train and of test, spread over the split (the
    gate is always whole); done: rows of an earlier, cut-off loop to go on from; keep: called with all
    rows after each cycle. Raises UserError when no task of the train split fits family and pattern."""
    if not suite.select("train", family, pattern):
        raise UserError(
            f"No task of the train split fits --family {family} --pattern {pattern}; see `continualcode list`."
        )
    rows = [dict(row) for row in done]
    for cycle in range(len(rows), cycles + 1):
        began = time.monotonic()
        night: dict[str, Any] = {}
        if cycle:
            say(f"cycle {cycle} of {cycles}: night")
            night = sleep(engine, store, settings, say=say, step=step, run_id=run_id).json()
            say(f"night: {night['decision']}; {'; '.join(night['reasons'])}")
        else:
            load_current(engine, store)
        say(f"cycle {cycle} of {cycles}: day over the train split, gate and test")
        results = {
            split: measure(
                engine,
                store,
                split,
                settings,
                run_id=run_id,
                cycle=cycle,
                step=step,
                night=night.get("night"),
                count=None if split == "gate" else count,
                **({"family": family, "pattern": pattern} if split == "train" else {}),
            )  # fmt: skip
            for split in SPLITS
        }
        rows.append({**row(cycle, results, night), "seconds": round(time.monotonic() - began, 2)})
        keep(rows)
    return rows


def measure(
    engine: Engine,
    store: Store,
    split: str,
    settings: Settings,
    *,
    run_id: str = "",
    cycle: int | None = None,
    night: str | None = None,
    family: str | None = None,
    pattern: str | None = None,
    count: int | None = None,
    step: Step = _quiet,
) -> dict[str, Any]:
    """One split's result; the train split is always run anew (it is the day)."""
    return suite.measured(
        engine, store, spread(suite.select(split, family, pattern), count), suite=split, settings=settings,
        samples=settings.gate_samples if split == "gate" else settings.samples,
        run_id=run_id, night=night, cycle=cycle, fresh=split == "train",
        progress=lambda n, of: step(split, n, of, ""),
    )  # fmt: skip


def spread(koans: Sequence[Koan], count: int | None) -> list[Koan]:
    """At most `count` of them at even distances, so that every family keeps its share."""
    if count is None or count >= len(koans):
        return list(koans)
    return [koans[i * len(koans) // count] for i in range(count)]


def row(cycle: int, results: Mapping[str, Mapping[str, Any]], night: Mapping[str, Any]) -> dict[str, Any]:
    """One cycle as the design prints it. Rates are fractions; `held_back` is the test split's rate on the
    patterns held back from the bundled model; the repeat-error rate is over train and test,
    median steps over train; before the first night nothing was seen to fail yet, so cycle 0 shows what the same
    tasks asked again would repeat with weights unchanged: all of its errors (draws are seeded); `regressions` counts gate tasks that reliably passed before the night's candidate and then failed."""
    reported = [results["train"], results["test"]]
    n = sum(r["n"] for r in reported)
    repeated = "repeat_error_rate" if cycle else "error_rate"
    repeats = sum((r[repeated] or 0.0) * r["n"] for r in reported)
    gate = night.get("gate") or {}
    return {
        "cycle": cycle,
        **{split: results[split]["pass_rate"] for split in SPLITS},
        "held_back": results["test"]["held_back"]["pass_rate"],
        "known": results["test"]["known"]["pass_rate"],
        "repeat_error_rate": repeats / n if n else None,
        "median_steps_to_green": results["train"]["median_steps_to_green"],
        "well_formed_rate": fmean(
            [r["well_formed_rate"] for r in reported if r["well_formed_rate"] is not None] or [0.0]
        ),
        "decision": night.get("decision", "before"),
        "reasons": list(night.get("reasons", ())),
        "promoted": night.get("promoted"),
        "regressions": len(gate.get("regressed", ())),
        "drift": gate.get("drift"),
        "adapter": results["train"]["adapter"],
        "intervals": {
            **{split: results[split]["ci95"] for split in SPLITS},
            "held_back": results["test"]["held_back"]["ci95"],
            "repeat_error_rate": list(wilson(round(repeats), n)),
            "median_steps_to_green": results["train"]["median_steps_ci95"],
        },
        "n": {**{split: results[split]["n"] for split in SPLITS}, "held_back": results["test"]["held_back"]["n"]},
    }
