"""Day and night, again and again: what `nights --cycles N` runs and prints.

Cycle 0 measures before any night. Each further cycle sleeps one night over the day that lies behind it, and
then measures. The day *is* the measurement of the train split: its episodes are stored like any others, and
the next night reads them; so the train split is always run anew, while gate and test are measured again only
when the weights have changed. Narrowing by family or pattern narrows the day (and `train`); gate and test
stay whole. The test split is reported, and no decision looks at it.

Beside the rows stand the baselines, measured with the same tasks, draws and harness (`baselines`): a fresh
adapter that was never trained (the no-op: it must give the base model's figures), and the base model with a
past repair of the same pattern put into its request (the prompt hint: what a memory without training can do).

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


def baselines(
    engine: Engine,
    store: Store,
    settings: Settings,
    *,
    run_id: str = "",
    family: str | None = None,
    pattern: str | None = None,
    count: int | None = None,
    say: Say = _quiet,
    step: Step = _quiet,
) -> dict[str, dict[str, Any]]:
    """`no_op` and `hints` → split → pass_rate, ci95, n, held_back, by_task, over train (narrowed) and test.
    Nothing is stored and nothing learnt; afterwards the engine holds what is current."""
    train = suite.select("train", family, pattern)
    told = {k.id: hint for k in (*train, *suite.select("test")) if (hint := past_repair(k)) is not None}
    found: dict[str, dict[str, Any]] = {}
    for name in ("no_op", "hints"):
        engine.load_adapter(None)
        if name == "no_op":
            engine.fresh_adapter(
                rank=settings.lora_rank, alpha=settings.lora_alpha, targets=["all"], seed=settings.seed
            )
        found[name] = {}
        for split, koans in (("train", train), ("test", suite.select("test"))):
            say(f"baseline {name}: {split}")
            result = suite.evaluate(
                engine, spread(koans, count), suite=split, settings=settings, hints=told if name == "hints" else None,
                run_id=run_id, progress=lambda n, of, title=f"{name} {split}": step(title, n, of, ""),
            ).json()  # fmt: skip
            kept = ("pass_rate", "ci95", "n", "by_task")
            found[name][split] = {**{k: result[k] for k in kept}, "held_back": result["held_back"]["pass_rate"]}
    load_current(engine, store)
    return found


def past_repair(koan: Koan) -> str | None:
    """A sentence that shows how another task of the train split with the same pattern was repaired; None
    where there is none."""
    from continualcode.koans import catalogue
    from continualcode.sleep.examples import minimal_block

    others = [k for k in catalogue.load(split="train", pattern=koan.pattern) if k.id != koan.id]
    if not others:
        return None
    block = minimal_block(others[0].buggy, others[0].solution)
    old = "\n".join(others[0].buggy.split("\n")[block.start - 1 : block.end])
    return f"an error like this was repaired before:\n{old}\nbecame\n{block.text}"


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
