"""One figure of an auto-training run: pass rate, loss and gradient, drift against its budget, and what shows a collapse.

Drawn from the rows of `metrics.jsonl`, one a step. matplotlib is imported inside, without a display.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from continualcode.errors import UserError
from continualcode.report.plots import save

BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"  # Okabe and Ito's


def training_figure(
    rows: Sequence[Mapping[str, Any]],
    path: Path,
    *,
    budget: float,
    rates: tuple[float, float] | None = None,
    title: str = "",
) -> Path:
    """Draw the rows to a PNG (or what the suffix says); `budget`: of drift, nats a token; `rates`: pass rates on all tasks
    before and after. Raises UserError without a row, or when the file cannot be written."""
    if not rows:
        raise UserError("No step was taken, so there is nothing to draw.")
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 3, figsize=(13, 6.6), layout="constrained")
    (passes, loss, drift), (entropy, length, repeats) = axes
    _line(passes, rows, "pass_rate", BLUE, "o", "passed", scale=100)
    _line(passes, rows, "mixed", ORANGE, "s", "groups with both outcomes", scale=100)
    if rates:
        passes.axhline(100 * rates[0], color="#888888", linestyle=":", label="all tasks before")
        passes.axhline(100 * rates[1], color=GREEN, linestyle="--", label="all tasks after")
    passes.set(ylim=(0, 100), ylabel="%")
    passes.set_title("Rollouts", fontsize=11)

    _line(loss, rows, "loss", BLUE, "o", "loss")
    _line(loss, rows, "grad_norm", ORANGE, "s", "gradient norm")
    loss.set_title("Loss, gradient norm before clipping", fontsize=11)

    _line(drift, rows, "drift", RED, "o", "drift")
    drift.axhline(budget, color="#444444", linestyle="--", label="budget")
    drift.set(ylim=(0, None), ylabel="nats a token")
    drift.set_title("Drift on anchors", fontsize=11)

    _line(entropy, rows, "entropy", BLUE, "o", "rollouts")
    _line(entropy, rows, "anchor_entropy", ORANGE, "s", "anchors")
    entropy.set(ylim=(0, None), ylabel="nats a token", xlabel="step")
    entropy.set_title("Entropy", fontsize=11)

    _line(length, rows, "length", BLUE, "o", "length")
    length.set(ylim=(0, None), ylabel="tokens (mean)", xlabel="step")
    length.set_title("Length of a rollout", fontsize=11)

    _line(repeats, rows, "repetition", RED, "o", "repeated within a rollout", scale=100)
    _line(repeats, rows, "distinct", GREEN, "s", "distinct rollouts of a task", scale=100)
    repeats.set(ylim=(0, 105), ylabel="%", xlabel="step")
    repeats.set_title("Repetition", fontsize=11)
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="y", alpha=0.25, linewidth=0.6)
        axis.xaxis.get_major_locator().set_params(integer=True)
        if axis is not length:
            axis.legend(fontsize=8, frameon=False)
    if title:
        figure.suptitle(title, fontsize=12, x=0.01, ha="left")
    save(figure, path)
    return path


def _line(
    axis: Any, rows: Sequence[Mapping[str, Any]], key: str, colour: str, marker: str, label: str, scale: float = 1.0
) -> None:
    """One curve; steps without the value are gaps."""
    points = [(row["step"], scale * row[key] if row.get(key) is not None else float("nan")) for row in rows]
    axis.plot([p[0] for p in points], [p[1] for p in points], color=colour, marker=marker, label=label, linewidth=2)
