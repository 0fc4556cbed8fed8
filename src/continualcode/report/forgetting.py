"""Forgetting: each adapter × every gate task, from the evaluations in the store, as rows and as a heatmap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from continualcode.errors import UserError
from continualcode.report.plots import Target, save

if TYPE_CHECKING:
    from continualcode.store import Store

BASE = "without an adapter"


@dataclass(frozen=True)
class Row:
    """One adapter on the gate. `passes`: task → outcomes of its samples, as last measured; `retention` and
    `forgotten` are the gate's own words on it, against its parent and with the draws it repeated: the share of what
    passed that still passes, and the tasks that passed every time and then failed (None and empty without them)."""

    version: str | None
    status: str
    passes: Mapping[str, tuple[bool, ...]]
    retention: float | None = None
    forgotten: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.version or BASE

    @property
    def rate(self) -> float:
        """Mean over tasks of the share of samples that passed."""
        return fmean(fmean(p) for p in self.passes.values())


@dataclass(frozen=True)
class Forgetting:
    """The rows, oldest first, and every task that any of them was asked."""

    rows: tuple[Row, ...]
    tasks: tuple[str, ...]


def forgetting(store: Store, model: str) -> Forgetting:
    """What the store holds on a model's adapters and the gate."""
    asked: dict[str | None, dict[str, tuple[bool, ...]]] = {}
    for evaluation in store.find("evaluations", suite="gate", model=model):
        passes = asked.setdefault(evaluation.adapter, {})
        passes.update({task: tuple(outcomes) for task, outcomes in evaluation.result["by_task"].items()})
    rows = [Row(None, "base", asked[None])] if asked.get(None) else []
    for adapter in store.list_adapters():
        if asked.get(adapter.version):
            gate = adapter.metrics.get("gate", {})
            rows.append(
                Row(
                    adapter.version,
                    adapter.status,
                    asked[adapter.version],
                    gate.get("retention"),
                    tuple(gate.get("regressed", ())),
                )
            )
    return Forgetting(tuple(rows), tuple(sorted({t for row in rows for t in row.passes})))


def forgetting_figure(found: Forgetting, path: Target) -> Target:
    """Draw adapters × tasks. Returns `path`. Raises UserError when no adapter
    was measured on the gate, or when the file cannot be written."""
    if not found.rows:
        raise UserError("No adapter was measured on the gate yet; `continualcode sleep` does.")
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.colors import LinearSegmentedColormap

    shades = LinearSegmentedColormap.from_list("passes", ["#D55E00", "#F5E9C9", "#0072B2"]).with_extremes(bad="#DDDDDD")
    shares = [[fmean(r.passes[t]) if t in r.passes else float("nan") for t in found.tasks] for r in found.rows]
    width = max(7.0, 2.6 + 0.17 * len(found.tasks))
    figure, axis = pyplot.subplots(figsize=(width, 2.6 + 0.3 * len(found.rows)), layout="constrained")
    image = axis.imshow(shares, cmap=shades, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    axis.set_xticks(range(len(found.tasks)), found.tasks, rotation=90, fontsize=6)
    axis.set_yticks(range(len(found.rows)), [f"{_short(r.name)}  {r.status}" for r in found.rows], fontsize=7)
    axis.set_xticks([x - 0.5 for x in range(1, len(found.tasks))], minor=True)
    axis.set_yticks([y - 0.5 for y in range(1, len(found.rows))], minor=True)
    axis.grid(which="minor", color="white", linewidth=0.8)
    axis.tick_params(which="both", length=0)
    axis.spines[:].set_visible(False)
    for y, row in enumerate(found.rows):
        for task in set(row.forgotten) & set(found.tasks):  # told apart without colour too
            axis.text(found.tasks.index(task), y, "×", ha="center", va="center", fontsize=8, color="white")
    bar = figure.colorbar(image, ax=axis, ticks=[0, 0.5, 1], fraction=0.02, pad=0.01)
    bar.ax.set_yticklabels(["fails", "half", "passes"], fontsize=7)
    axis.set_title("Gate tasks by adapter; × passed every time before it and then failed", fontsize=9, loc="left")
    save(figure, path)
    return path


def _short(version: str) -> str:
    """An adapter's day, time and last letters: enough to tell it by."""
    parts = version.split("_")
    return f"{parts[1][4:8]} {parts[1][9:13]} {parts[-1]}" if len(parts) == 4 and "T" in parts[1] else version
