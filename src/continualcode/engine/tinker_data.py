"""A step of learning in the form that a service takes: for each token of a completion one number, its advantage.

A service that holds the weights gives log-probabilities of given tokens and no more, and learns by `importance_sampling`:
−Σ exp(log π − log π_old)·A. With log π_old = log π of now, its gradient is −Σ A·∇log π. So any loss of the tokens' own
log-probabilities is taught there exactly, with A = −∂loss/∂log π: the policy gradient towards a teacher, imitation,
rollouts with a reward, pairs. The losses of `learn` read whole distributions; here they read two columns, the token and
all others together. Of the sampled-token forms nothing is lost by that; a divergence (anchors, the reference) becomes that of
the two columns, which is never more than the whole one.

Shapes: T tokens of one completion. log-probabilities are float64 here, whatever they came as. Nothing here knows a service.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from continualcode.engine.base import Example, Loss

CERTAIN = -1e-9  # the largest log-probability with something left for the other tokens


@dataclass(frozen=True)
class Read:
    """log-probabilities [T] that one example needs: of the student now, its teacher and the reference, on the completion,
    and of student and reference on the rejected one; None where the loss does not ask."""

    student: Tensor
    teacher: Tensor | None = None
    reference: Tensor | None = None
    rejected: Tensor | None = None
    rejected_reference: Tensor | None = None


@dataclass(frozen=True)
class Row:
    """One row for the service: prompt and completion ids, log π of the completion's tokens, and their advantages [T]."""

    prompt: tuple[int, ...]
    ids: tuple[int, ...]
    logprobs: Tensor
    advantages: Tensor


@dataclass(frozen=True)
class Step:
    """What one step asks for: the loss (nats) with its parts by name, the rows, and how many tokens carried loss."""

    loss: float
    rows: tuple[Row, ...]
    tokens: int
    parts: dict[str, float] = field(default_factory=dict)

    @property
    def finite(self) -> bool:
        """Whether the loss and every advantage are numbers to learn from."""
        return math.isfinite(self.loss) and all(bool(torch.isfinite(row.advantages).all()) for row in self.rows)


def columns(logp_T: Tensor) -> Tensor:
    """log-probabilities of the token and of all others together [T, 2]; the gradient of the first column's
    log-softmax with respect to `logp_T` is one everywhere."""
    held_T = logp_T + (logp_T.detach().clamp(max=CERTAIN) - logp_T.detach())
    return torch.stack([held_T, torch.log(-torch.expm1(held_T))], dim=-1)


def step(examples: Sequence[Example], reads: Sequence[Read], loss: Loss) -> Step:
    """The same step that `engine.training.Trainer` takes on weights of its own, as rows; weights and means alike."""
    total_weight = sum(abs(e.weight) for e in examples)
    rows: list[Row] = []
    parts: dict[str, float] = {}
    tokens = 0
    for example, read in zip(examples, reads, strict=True):
        own_T = read.student.double().requires_grad_(True)
        other_T = None if read.rejected is None else read.rejected.double().requires_grad_(True)
        if other_T is None:
            kind, value = _value(example, own_T, read, loss)
            value = value * (example.weight / ((len(example.completion_ids) - loss.mask_first) * total_weight))
        else:
            assert read.reference is not None and read.rejected_reference is not None
            kind, cut = "pair", slice(loss.mask_first, None)
            held, held_other = read.reference.double(), read.rejected_reference.double()
            value = loss.pair(own_T[cut], other_T[cut], held[cut], held_other[cut]) * (example.weight / total_weight)
        leaves = [own_T] if other_T is None else [own_T, other_T]
        slopes = torch.autograd.grad(value, leaves, allow_unused=True)
        parts[kind] = parts.get(kind, 0.0) + float(value.detach())
        for leaf, slope, ids in zip(leaves, slopes, (example.completion_ids, example.rejected_ids), strict=False):
            advantages = torch.zeros_like(leaf) if slope is None else -slope
            rows.append(Row(tuple(example.student_ids), tuple(ids or ()), leaf.detach(), advantages))
            tokens += len(leaf) - loss.mask_first
    return Step(sum(parts.values()), tuple(rows), tokens, parts)


def _value(example: Example, own_T: Tensor, read: Read, loss: Loss) -> tuple[str, Tensor]:
    """(kind, summed loss) of one completion, its first `mask_first` tokens left out."""
    cut = slice(loss.mask_first, None)
    student_T2 = columns(own_T[cut])
    reference_T2 = None if read.reference is None else columns(read.reference.double()[cut])
    if example.anchor:
        assert reference_T2 is not None
        return "anchor", loss.anchor(student_T2, reference_T2).sum()
    teacher_T2 = None if read.teacher is None else columns(read.teacher.double()[cut])
    first_T = torch.zeros(len(student_T2), dtype=torch.long)
    old_T = None if example.old_logprobs is None else torch.tensor(example.old_logprobs, dtype=torch.float64)[cut]
    if example.advantage is not None:
        kind, value_T = "reward", loss.reward(student_T2, teacher_T2, first_T, old_T, example.advantage)
    else:
        kind = "imitate" if teacher_T2 is None else "distil"
        value_T = loss.tokens(student_T2, teacher_T2, first_T, old_T, example.alpha)
    if reference_T2 is not None:
        value_T = value_T + loss.reference_weight * loss.reference(student_T2, reference_T2)
    return kind, value_T.sum()
