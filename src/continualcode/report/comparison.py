"""One figure of a comparison: what each method solves, with 95 % intervals, and the forgetting curve of a sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from continualcode.errors import UserError
from continualcode.report.plots import Target, save

KINDS = {
    "probes": ("fresh programs of the patterns", "#0072B2", "o"),
    "gate": ("gate koans", "#E69F00", "s"),
    "test": ("test koans (reported only)", "#009E73", "^"),
}
CURVES = {
    "lora": ("#D55E00", "o", "-"), "replay": ("#0072B2", "s", "-"), "olora": ("#009E73", "^", "--"),
    "keeplora": ("#CC79A7", "D", "--"), "dream": ("#444444", "v", ":"),
}  # fmt: skip


def comparison_figure(rows: Sequence[Mapping[str, Any]], path: Target, *, title: str = "") -> Target:
    """Draw the rows of `sleep.comparison.rows`. Returns `path`. Raises UserError without a row, or when the file cannot be
    written."""
    if not rows:
        raise UserError("There is no method to draw; name some with --methods.")
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    curves = [r for r in rows if r["curve"]]
    height = 2.2 + 0.34 * len(rows)
    figure, axes = pyplot.subplots(
        1, 1 + bool(curves), figsize=(12 if curves else 7.5, height), width_ratios=(1.4, 1) if curves else None,
        layout="constrained", squeeze=False,
    )  # fmt: skip
    rates = axes[0][0]
    shown = [k for k in KINDS if any(r[k] for r in rows)]
    for n, kind in enumerate(shown):
        label, colour, marker = KINDS[kind]
        offset = (n - (len(shown) - 1) / 2) * 0.24
        for y, row in enumerate(rows):
            if not row[kind]:
                continue
            value, (low, high) = 100 * row[kind]["pass_rate"], (100 * x for x in row[kind]["ci95"])
            error = [[max(0.0, value - low)], [max(0.0, high - value)]]
            rates.errorbar(
                value, y + offset, xerr=error, color=colour, marker=marker, markersize=6, capsize=2, linewidth=1.2,
                label=label if y == 0 else None,
            )  # fmt: skip
    rates.set_yticks(range(len(rows)), [r["method"] for r in rows])
    rates.set(xlim=(-1, 101), ylim=(len(rows) - 0.5, -0.5), xlabel="solved, % (95 % intervals by task)")
    rates.grid(alpha=0.25, linewidth=0.6)
    rates.legend(loc="upper center", bbox_to_anchor=(0.5, -0.9 / height), ncols=len(shown), fontsize=8, frameon=False)
    if curves:
        _draw_curves(axes[0][1], curves)
    for axis in axes[0]:
        axis.spines[["top", "right"]].set_visible(False)
    if title:
        figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    save(figure, path)
    return path


def _draw_curves(axis: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Mean rate over the patterns learnt so far, after each of them."""
    longest = max(len(r["curve"]) for r in rows)
    for row in rows:
        colour, marker, line = CURVES.get(row["method"], ("#888888", "x", "-"))
        axis.plot(
            range(1, len(row["curve"]) + 1), [100 * v for v in row["curve"]], color=colour, marker=marker,
            linestyle=line, linewidth=1.8, markersize=5, label=row["method"],
        )  # fmt: skip
    axis.set(ylim=(-1, 101), xlim=(0.8, longest + 0.2), xlabel="patterns learnt, one after another", ylabel="solved, %")
    axis.set_xticks(range(1, longest + 1))
    axis.set_title("Fresh programs of all patterns learnt so far", fontsize=10, loc="left")
    axis.grid(alpha=0.25, linewidth=0.6)
    axis.legend(fontsize=8, frameon=False, loc="best")
