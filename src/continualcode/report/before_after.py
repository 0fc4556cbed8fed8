"""One figure: the pass rate of each suite before and after a night, with 95 % intervals."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

from continualcode.errors import UserError
from continualcode.report.morning import Change, Measured
from continualcode.report.plots import Target, save

SIDES = (("before", "#999999", -0.18), ("after", "#0072B2", 0.18))


def before_after_figure(changes: Sequence[Change], path: Target) -> Target:
    """Draw the suites of a night side by side. Returns `path`. Raises UserError when none was measured, or when
    the file cannot be written."""
    if not changes:
        raise UserError("Nothing was measured around this night; `continualcode eval` and `nights` measure.")
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(1.6 + 2.0 * len(changes), 3.6), layout="constrained")
    for side, colour, offset in SIDES:
        found: list[tuple[float, Measured]] = [
            (n + offset, measured) for n, c in enumerate(changes) if (measured := getattr(c, side)) is not None
        ]
        heights = [100 * (m.rate.value or 0.0) for _, m in found]
        bounds = [m.rate.interval or (m.rate.value or 0.0,) * 2 for _, m in found]
        below = [height - 100 * low for height, (low, _) in zip(heights, bounds, strict=True)]
        above = [100 * high - height for height, (_, high) in zip(heights, bounds, strict=True)]
        at = [x for x, _ in found]
        axis.bar(at, heights, width=0.32, color=colour, label=side)
        axis.errorbar(at, heights, yerr=[below, above], fmt="none", ecolor="#222222", capsize=3, linewidth=1)
        for x, height in zip(at, heights, strict=True):
            axis.text(x, 2, f"{height:.0f}", ha="center", va="bottom", fontsize=9, color="white", fontweight="bold")
    axis.set_xticks(range(len(changes)), [_label(c) for c in changes], fontsize=9)
    axis.set(xlim=(-0.5, len(changes) - 0.5), ylim=(0, 100), ylabel="attempts that solve the task, %")
    axis.set_title("Pass rate with 95 % intervals", fontsize=10, loc="left")
    axis.legend(frameon=False, fontsize=9, ncols=2, loc="upper right")
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis="y", alpha=0.25, linewidth=0.6)
    axis.set_axisbelow(True)
    save(figure, path)
    return path


def _label(change: Change) -> str:
    words = change.suite.replace(" (", "\n(")
    return words + (f"\n({fill(change.remark, 26)})" if change.remark else "")
