"""What a comparison says: one row a method, over its seeds, from the cells of `compare.py`. No weights, no files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from continualcode.evaluate import metrics
from continualcode.evaluate.stats import rate_interval

Cell = Mapping[str, Any]


def rows(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """The methods in the order they come. Rates are over all seeds, intervals by task; `regressed`: gate koans that passed
    every sample without an adapter and mostly fail now, as a mean over seeds (None where `base` was not measured with the
    same seed); `forgotten`: how far a pattern's rate fell from its own stage to the end, mean over patterns but the last;
    bytes, seconds and memory are means over seeds."""
    found: list[dict[str, Any]] = []
    base = {c["seed"]: c for c in cells if c["method"] == "base"}
    for method in dict.fromkeys(c["method"] for c in cells):
        mine = [c for c in cells if c["method"] == method]
        pairs = [
            metrics.compare(_passes(base[c["seed"]], "gate"), _passes(c, "gate")) for c in mine if c["seed"] in base
        ]
        falls = [fall for c in mine if (fall := forgotten(c)) is not None]
        found.append(
            {
                "method": method,
                "seeds": len(mine),
                "probes": tally(mine, "probes"),
                "gate": tally(mine, "gate"),
                "test": tally(mine, "test") if all(c.get("test") for c in mine) else None,
                "by_family": families(mine),
                "regressed": fmean(len(p.regressed) for p in pairs) if pairs else None,
                "regressions": sorted({t for p in pairs for t in p.regressed}),
                "retention": fmean(p.retention for p in pairs) if pairs else None,
                "forgotten": fmean(falls) if falls else None,
                "curve": curve(mine),
                "errors": [e for c in mine for e in c["errors"]],
                **{
                    k: fmean(c[k] for c in mine)
                    for k in ("trainable", "bytes", "bytes_with_basis", "seconds_training", "seconds_measuring", "peak_mb")
                },
            }
        )  # fmt: skip
    return found


def tally(cells: Sequence[Cell], what: str) -> dict[str, Any]:
    """`{n, passed, pass_rate, ci95}` of one kind of tasks over several seeds, a task's outcomes of all seeds together."""
    passes: dict[str, list[bool]] = {}
    for cell in cells:
        for task, outcomes in _passes(cell, what).items():
            passes.setdefault(task, []).extend(outcomes)
    flat = [p for outcomes in passes.values() for p in outcomes]
    return {"n": len(flat), "passed": sum(flat), "pass_rate": fmean(flat), "ci95": list(rate_interval(passes))}


def families(cells: Sequence[Cell]) -> dict[str, float]:
    """Pass rate on the probes of each family, over all seeds."""
    sums: dict[str, list[int]] = {}
    for cell in cells:
        for family, told in cell["probes"]["by_family"].items():
            sums.setdefault(family, [0, 0])
            sums[family] = [sums[family][0] + told["passed"], sums[family][1] + told["n"]]
    return {family: passed / n for family, (passed, n) in sorted(sums.items())}


def forgotten(cell: Cell) -> float | None:
    """How far the patterns fell from their own stage to the end of the sequence; None without two stages."""
    stages = cell["stages"]
    if len(stages) < 2:
        return None
    last = stages[-1]["rates"]
    return fmean(s["rates"][s["pattern"]] - last[s["pattern"]] for s in stages[:-1])


def curve(cells: Sequence[Cell]) -> list[float]:
    """After each stage, the mean rate over the patterns learnt so far, mean over seeds; empty without stages."""
    each: list[list[float]] = []
    for cell in cells:
        stages = cell["stages"]
        each.append([fmean(s["rates"][b["pattern"]] for b in stages[: n + 1]) for n, s in enumerate(stages)])
    return [fmean(values) for values in zip(*each, strict=True)] if each and each[0] else []


def _passes(cell: Cell, what: str) -> dict[str, list[bool]]:
    return cell[what]["by_task"]
