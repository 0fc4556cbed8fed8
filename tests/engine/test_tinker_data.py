"""The rows that a service learns from have the gradient of the losses that a local engine learns by."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from continualcode.engine.base import Example
from continualcode.engine.tinker_data import Read, columns, step
from continualcode.learn.losses import Distil, Imitate, Prefer, Reinforce, divergence, kl

IDS, OTHER = (3, 1, 4, 1, 5), (2, 6, 5)
V = 9


def logits(seed: int, length: int = len(IDS)) -> torch.Tensor:
    return 2 * torch.randn(length, V, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def of(logits_TV: torch.Tensor, ids: tuple[int, ...] = IDS) -> torch.Tensor:
    return logits_TV.log_softmax(-1)[torch.arange(len(ids)), torch.tensor(ids)]


def by_rows(student: torch.Tensor, row: Any) -> torch.Tensor:
    """Gradient of what the service minimises, −Σ exp(log π − log π_old)·A, at log π_old = log π."""
    leaf = student.clone().requires_grad_(True)
    value = -((of(leaf, row.ids) - row.logprobs).exp() * row.advantages).sum()
    return torch.autograd.grad(value, leaf)[0]


def taught(**changes: Any) -> Example:
    return Example((7,), IDS, **{"teacher_ids": (7, 8), **changes})


CASES: dict[str, tuple[Distil, Example]] = {
    "token": (Distil(form="token"), taught()),
    "centred": (Distil(form="token", centre=True, mask_first=1), taught()),
    "off policy": (Distil(form="token", ratio_floor=0.5), taught(old_logprobs=(-0.1, -3.0, -1.0, -2.0, -0.5))),
    "imitation": (Imitate(), taught(teacher_ids=None)),
    "rollout": (Reinforce(), taught(teacher_ids=None, advantage=-0.7, old_logprobs=(-1.0, -2.0, -1.5, -1.0, -2.5))),
}


@pytest.mark.parametrize("name", CASES)
def test_a_sampled_token_loss_is_learnt_exactly(name: str) -> None:
    loss, example = CASES[name]
    student, teacher = logits(1), logits(2)
    leaf = student.clone().requires_grad_(True)
    cut = slice(loss.mask_first, None)
    ids, old = torch.tensor(IDS)[cut], example.old_logprobs
    told = teacher[cut] if example.teacher_ids else None
    before = None if old is None else torch.tensor(old, dtype=torch.float64)[cut]
    if example.advantage is None:
        whole = loss.tokens(leaf[cut], told, ids, before, None)
    else:
        whole = loss.reward(leaf[cut], told, ids, before, example.advantage)
    (wanted,) = torch.autograd.grad(whole.mean(), leaf)
    made = step([example], [Read(of(student), of(teacher) if told is not None else None)], loss)
    torch.testing.assert_close(by_rows(student, made.rows[0]), wanted)
    assert made.loss == pytest.approx(float(whole.mean().detach())) and made.tokens == len(IDS) - loss.mask_first


def test_a_pair_is_learnt_exactly_with_both_its_completions() -> None:
    loss, example = Prefer(beta=0.3), taught(teacher_ids=None, rejected_ids=OTHER)
    chosen, rejected, held, held_other = logits(1), logits(2, 3), logits(3), logits(4, 3)
    leaves = [chosen.clone().requires_grad_(True), rejected.clone().requires_grad_(True)]
    whole = loss.pair(of(leaves[0]), of(leaves[1], OTHER), of(held), of(held_other, OTHER))
    wanted = torch.autograd.grad(whole, leaves)
    read = Read(of(chosen), None, of(held), of(rejected, OTHER), of(held_other, OTHER))
    made = step([example], [read], loss)
    assert [row.ids for row in made.rows] == [IDS, OTHER]
    for start, row, gradient in zip((chosen, rejected), made.rows, wanted, strict=True):
        torch.testing.assert_close(by_rows(start, row), gradient)


def test_examples_weigh_against_each_other_by_weight_and_mean() -> None:
    examples = [taught(weight=2.0), Example((7,), OTHER, weight=1.0)]
    reads = [Read(of(logits(1)), of(logits(2))), Read(of(logits(3, 3), OTHER))]
    both, first, second = (step(e, r, Distil(form="token")) for e, r in ((examples, reads), (examples[:1], reads[:1]), (examples[1:], reads[1:])))  # fmt: skip
    assert both.loss == pytest.approx((2 * first.loss + second.loss) / 3)
    torch.testing.assert_close(both.rows[0].advantages, first.rows[0].advantages * 2 / 3)
    torch.testing.assert_close(both.rows[1].advantages, second.rows[0].advantages / 3)


def test_an_anchor_pulls_back_only_what_has_moved() -> None:
    anchor = taught(teacher_ids=None, anchor=True)
    still = step([anchor], [Read(of(logits(1)), reference=of(logits(1)))], Distil())
    assert still.rows[0].advantages.abs().max() < 1e-6
    lower = of(logits(1)) - 0.5
    moved = step([anchor], [Read(lower, reference=of(logits(1)))], Distil())
    assert (moved.rows[0].advantages > 0).all() and moved.loss > 0


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 1))
def test_the_two_columns_never_diverge_more_than_the_whole(seed: int, alpha: float) -> None:
    a, b = logits(seed).log_softmax(-1), logits(seed + 1).log_softmax(-1)
    two_a, two_b = columns(of(a)), columns(of(b))
    assert (divergence(two_a, two_b, alpha) <= divergence(a, b, alpha) + 1e-9).all()
    assert (kl(two_a, two_b) <= kl(a, b) + 1e-9).all()
    torch.testing.assert_close(two_a.exp().sum(-1), torch.ones(len(IDS), dtype=torch.float64))


def test_a_token_the_model_is_certain_of_is_still_learnt() -> None:
    made = step([taught()], [Read(torch.zeros(len(IDS)), torch.full((len(IDS),), -3.0))], Distil(form="token"))
    assert made.finite and (made.rows[0].advantages < -0.5).all()


@pytest.mark.parametrize("bad", [float("nan"), float("-inf")])
def test_what_is_not_finite_is_told(bad: float) -> None:
    assert not step([taught()], [Read(of(logits(1)), torch.full((len(IDS),), bad))], Distil(form="token")).finite
