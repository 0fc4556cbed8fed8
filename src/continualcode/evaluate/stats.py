"""Intervals and paired tests, seeded, so that the same numbers give the same interval.

Pure functions on plain numbers. Rates are fractions in [0, 1]; intervals are (low, high).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, median

Interval = tuple[float, float]


def wilson(passed: int, n: int, z: float = 1.959963984540054) -> Interval:
    """Wilson score interval of a rate (95 % by default); (0, 1) when there is nothing to count.

    >>> [round(x, 3) for x in wilson(8, 10)]
    [0.49, 0.943]
    """
    if not 0 <= passed <= n:
        raise ValueError(f"{passed} passed of {n} is not a rate")
    if n == 0:
        return (0.0, 1.0)
    p = passed / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return (0.0 if passed == 0 else centre - half, 1.0 if passed == n else centre + half)


def bootstrap(
    by_task: Mapping[str, Sequence[float]],
    statistic: Callable[[Sequence[float]], float] = fmean,
    *,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Interval | None:
    """Percentile interval of `statistic` over all values, resampling whole tasks (values of one task are
    not independent of each other). None when no task has a value."""
    tasks = [list(by_task[k]) for k in sorted(by_task) if len(by_task[k])]
    if not tasks:
        return None
    rng = random.Random(seed)
    drawn = sorted(
        statistic([value for _ in tasks for value in tasks[rng.randrange(len(tasks))]]) for _ in range(resamples)
    )
    tail = (1 - level) / 2
    low = drawn[max(0, math.floor(tail * resamples))]
    high = drawn[min(resamples - 1, math.ceil((1 - tail) * resamples) - 1)]
    return (low, high)


def rate_interval(passes_by_task: Mapping[str, Sequence[bool]], *, seed: int = 0) -> Interval:
    """95 % interval of a pass rate: Wilson with one sample a task; with more, the bootstrap by task,
    widened to Wilson at n = tasks where the bootstrap is degenerate (all tasks alike)."""
    counts = [len(v) for v in passes_by_task.values()]
    flat = [p for v in passes_by_task.values() for p in v]
    if not counts or max(counts) <= 1:
        return wilson(sum(flat), len(flat))
    found = bootstrap({k: [float(p) for p in v] for k, v in passes_by_task.items()}, seed=seed)
    if found is None or found[0] == found[1]:
        tasks = len(counts)
        return wilson(round(fmean([float(p) for p in flat]) * tasks), tasks)
    return found


def median_interval(by_task: Mapping[str, Sequence[float]], *, seed: int = 0) -> Interval | None:
    """95 % bootstrap interval of the median, by task."""
    return bootstrap(by_task, median, seed=seed)


def mcnemar_exact(before: Sequence[bool], after: Sequence[bool]) -> float:
    """One-sided exact p-value that `after` passes more than `before` on the same items: the binomial
    probability of at least this many gains among the items that changed (1.0 when none did)."""
    if len(before) != len(after):
        raise ValueError(f"{len(before)} outcomes before and {len(after)} after are not pairs")
    gains = sum(a and not b for b, a in zip(before, after, strict=True))
    losses = sum(b and not a for b, a in zip(before, after, strict=True))
    changed = gains + losses
    if changed == 0:
        return 1.0
    return sum(math.comb(changed, k) for k in range(gains, changed + 1)) / 2**changed
