"""One figure of a day/night loop: pass rate on each split with 95 % bands, repeat errors, steps to green.

Colours are Okabe and Ito's, told apart also by marker and line, so that neither colour blindness nor a grey
print hides a curve. matplotlib is imported inside, without a display.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from continualcode.errors import UserError

Target = TypeVar("Target", bound=Path | BinaryIO)  # a file, or an open stream for a PNG
# series → (label, colour, marker, line); the order of the legend
SERIES = {
    "train": ("train (trained on)", "#0072B2", "o", "-"),
    "gate": ("gate (decides)", "#E69F00", "s", "--"),
    "test": ("test (reported only)", "#009E73", "^", "-"),
    "held_back": ("test, held-back patterns", "#CC79A7", "D", ":"),
}
MARKS = {"promoted": ("promoted", "#444444"), "refused": ("refused", "#D55E00"), "nothing_to_learn": ("nothing to learn", "#888888"), "error": ("error", "#D55E00")}  # fmt: skip


def cycles_figure(rows: Sequence[Mapping[str, Any]], path: Target, *, title: str = "") -> Target:
    """Draw the rows of `nights` to a PNG (or what the suffix says). Returns `path`. Raises UserError without a row, or when
    the file cannot be written."""
    if not rows:
        raise UserError("There is no cycle to draw yet; run `continualcode nights --cycles 1` first.")
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(13, 4.2), width_ratios=(2.2, 1, 1), layout="constrained")
    rates, repeats, steps = axes
    cycles = [row["cycle"] for row in rows]
    offset = 0.0 if len(rows) > 1 else 0.06  # single points side by side, else their bars hide each other
    for n, (key, (label, colour, marker, line)) in enumerate(SERIES.items()):
        points = [
            (row["cycle"] + n * offset, row[key], row["intervals"].get(key)) for row in rows if row.get(key) is not None
        ]
        if not points:
            continue
        x = [p[0] for p in points]
        count = rows[-1].get("n", {}).get(key)
        shown = f"{label}, n={count}" if count else label
        rates.plot(
            x, [100 * p[1] for p in points], color=colour, marker=marker, linestyle=line, label=shown, linewidth=2
        )
        banded = [(p[0], 100 * p[2][0], 100 * p[2][1], 100 * p[1]) for p in points if p[2]]
        if len(banded) > 1:
            rates.fill_between(
                [b[0] for b in banded],
                [b[1] for b in banded],
                [b[2] for b in banded],
                color=colour,
                alpha=0.12,
                linewidth=0,
            )
        else:
            for at, low, high, value in banded:
                rates.errorbar(at, value, yerr=[[value - low], [high - value]], color=colour, capsize=3)
    for row in rows:
        if row.get("decision") in MARKS:
            word, colour = MARKS[row["decision"]]
            rates.annotate(
                word, (row["cycle"], 101), ha="center", va="bottom", fontsize=8, color=colour, annotation_clip=False
            )
    rates.set(ylim=(0, 100), ylabel="tasks solved, %", xlabel="night")
    rates.set_title("Pass rate with 95 % intervals", pad=18, fontsize=11)
    rates.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, fontsize=8, frameon=False)

    _line(repeats, cycles, [row["repeat_error_rate"] for row in rows], "#D55E00", scale=100)
    _band(repeats, rows, "repeat_error_rate", "#D55E00", scale=100)
    repeats.set(ylim=(0, None), ylabel="episodes, %", xlabel="night")
    repeats.set_title("Repeat errors", pad=18, fontsize=11)

    _line(steps, cycles, [row["median_steps_to_green"] for row in rows], "#0072B2")
    _band(steps, rows, "median_steps_to_green", "#0072B2")
    steps.set(ylim=(0, None), ylabel="tool calls (median)", xlabel="night")
    steps.set_title("Steps to green", pad=18, fontsize=11)
    for axis in axes:
        axis.set_xticks(cycles)
        axis.set_xlim(cycles[0] - 0.25, cycles[-1] + 0.25)
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="y", alpha=0.25, linewidth=0.6)
    if title:
        figure.suptitle(title, fontsize=12, x=0.01, ha="left")
    save(figure, path)
    return path


def save(figure: Any, path: Path | BinaryIO) -> None:
    """Write a figure (to a stream as PNG) and close it. Raises UserError when the file cannot be written."""
    from matplotlib import pyplot

    try:
        if isinstance(path, Path):
            path.parent.mkdir(parents=True, exist_ok=True)
            figure.savefig(path, dpi=150)
        else:
            figure.savefig(path, dpi=150, format="png")
    except (OSError, ValueError) as error:
        raise UserError(f"The picture cannot be written to {path}: {error}.") from None
    finally:
        pyplot.close(figure)


def _line(axis: Any, x: Sequence[float], values: Sequence[float | None], colour: str, scale: float = 1.0) -> None:
    points = [(a, scale * v) for a, v in zip(x, values, strict=True) if v is not None]
    axis.plot([p[0] for p in points], [p[1] for p in points], color=colour, marker="o", linewidth=2)


def _band(axis: Any, rows: Sequence[Mapping[str, Any]], key: str, colour: str, scale: float = 1.0) -> None:
    found = [(r["cycle"], *(scale * v for v in r["intervals"][key])) for r in rows if r["intervals"].get(key)]
    if len(found) > 1:
        axis.fill_between(
            [f[0] for f in found], [f[1] for f in found], [f[2] for f in found], color=colour, alpha=0.12, linewidth=0
        )
