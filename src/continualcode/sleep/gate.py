"""The gate: may this candidate replace what is current?

Both are measured on the same gate tasks with the same seeds. The rule, in order:

1. A candidate whose measurement is not finite is refused.
2. **No regression.** A task that passed every sample before and passes fewer than half after is a
   regression; more of them than `max_regressions` (default none) refuses. Before it asks here, the night draws every
   task that came out differently again, on both sides, and puts the fresh draws in place of those by which the task
   was noticed (`night._drawn_again`): what stands out among few draws is half luck, in both directions.
3. **Not worse.** The mean pass rate on the gate may not fall, and retention (share of what passed before
   that still passes) must be at least 0.95. (With few tasks and one sample, rule 2 bites first.)
4. **Drift in budget.** Forward KL from the base model on anchor prompts, nats a token.
5. **A gain.** Either the gate's pass rate rose, or it is equal and the held-out slice of the day's training
   tasks, which the candidate never trained on, improved clearly (paired exact test, p < 0.05; or, since
   that slice is short, every changed item is a gain and at least three changed). A candidate that passes
   1-4 and gains nowhere is refused: a weight change that shows nothing is only risk.

The gain on the gate is reported with its exact p-value and is not required to be significant: rules 2-4
carry the safety, and a gate of a few dozen tasks would reject most honest small gains.
Nothing here reads the test split.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from continualcode.evaluate.metrics import Paired, compare
from continualcode.evaluate.stats import mcnemar_exact

MIN_RETENTION = 0.95
CLEAR_P = 0.05
CLEAR_GAINS = 3

Outcomes = Mapping[str, Sequence[bool]]


@dataclass(frozen=True)
class Decision:
    """What the gate says: `reasons` are sentences, `numbers` what they rest on."""

    promote: bool
    reasons: tuple[str, ...]
    numbers: Mapping[str, Any] = field(default_factory=dict)


def decide(
    gate_before: Outcomes,
    gate_after: Outcomes,
    *,
    drift: float,
    max_drift: float,
    max_regressions: int = 0,
    held_out_before: Sequence[bool] = (),
    held_out_after: Sequence[bool] = (),
) -> Decision:
    """Apply the rule of the module's docstring. Outcomes are each task's samples; `held_out_*` are paired
    outcomes on the held-out slice (exact greedy answers); drift and max_drift in nats a token. `outcomes` in the
    decision's numbers are each task's samples before and after, so that it can be read again later."""
    paired = compare(gate_before, gate_after)
    p_held_out = mcnemar_exact(held_out_before, held_out_after)
    gains = sum(a and not b for b, a in zip(held_out_before, held_out_after, strict=True))
    losses = sum(b and not a for b, a in zip(held_out_before, held_out_after, strict=True))
    clear = p_held_out < CLEAR_P or (gains >= CLEAR_GAINS and losses == 0)
    numbers: dict[str, Any] = {
        **asdict(paired),
        "drift": drift,
        "max_drift": max_drift,
        "held_out": {
            "n": len(held_out_before),
            "before": sum(held_out_before),
            "after": sum(held_out_after),
            "p_gain": p_held_out,
        },
        "outcomes": {t: [list(gate_before[t]), list(gate_after[t])] for t in sorted(gate_before)},
    }
    against = _objections(paired, drift, max_drift, max_regressions)
    if against:
        return Decision(False, tuple(against), numbers)
    gain = f"gate {paired.before:.3f} → {paired.after:.3f} (exact p = {paired.p_gain:.3f})"
    slice_ = f"held-out slice {sum(held_out_before)} → {sum(held_out_after)} of {len(held_out_before)} (exact p = {p_held_out:.3f})"
    if paired.after > paired.before or clear:
        return Decision(
            True, (gain, slice_, f"no regression, retention {paired.retention:.3f}, drift {drift:.3f}"), numbers
        )
    return Decision(False, (f"nothing gained: {gain}; {slice_}",), numbers)


def changed(before: Outcomes, after: Outcomes) -> list[str]:
    """Tasks whose pass rate is not the same."""
    return sorted(t for t in before if sum(before[t]) * len(after[t]) != sum(after[t]) * len(before[t]))


def _objections(paired: Paired, drift: float, max_drift: float, max_regressions: int) -> list[str]:
    found: list[str] = []
    if not math.isfinite(drift):
        found.append("the candidate's drift is not a finite number")
    elif drift > max_drift:
        found.append(f"drift {drift:.3f} nats a token is over its budget of {max_drift:.3f}")
    if paired.tasks == 0:
        found.append("the gate has no tasks, so nothing proves the candidate harmless")
    if len(paired.regressed) > max_regressions:
        found.append(
            f"{len(paired.regressed)} of the tasks that reliably passed now fail: {', '.join(paired.regressed)}"
        )
    if paired.after < paired.before:
        found.append(f"worse on the gate: {paired.before:.3f} → {paired.after:.3f}")
    if paired.retention < MIN_RETENTION:
        found.append(f"retention {paired.retention:.3f} is below {MIN_RETENTION}")
    return found
