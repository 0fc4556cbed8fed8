"""The losses against float64 references written from their formulas, and their gradients."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import gradcheck

from continualcode.learn.losses import (
    Distil,
    Imitate,
    divergence,
    importance,
    kl,
    log_probs,
    masked_mean,
    sampled_token,
    top_k_divergence,
    with_tail,
)

SEEDS = st.integers(0, 10_000)
ALPHAS = st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0])


def draw(seed: int, n: int = 4, v: int = 7, scale: float = 3.0) -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(n, v, generator=g, dtype=torch.float64) * scale for _ in range(2))  # pyright: ignore[reportReturnType]


def reference(student: list[float], teacher: list[float], alpha: float) -> float:
    """The divergence of one token from probabilities, term by term."""
    p, q = ([math.exp(x - math.log(sum(math.exp(y) for y in row))) for x in row] for row in (student, teacher))

    def relative(a: list[float], b: list[float]) -> float:
        return sum(x * math.log(x / y) for x, y in zip(a, b, strict=True))

    if alpha == 0:
        return relative(q, p)
    if alpha == 1:
        return relative(p, q)
    m = [(1 - alpha) * x + alpha * y for x, y in zip(p, q, strict=True)]
    return alpha * relative(q, m) + (1 - alpha) * relative(p, m)


@settings(max_examples=30, deadline=None)
@given(SEEDS, ALPHAS)
def test_divergence_is_its_formula(seed: int, alpha: float) -> None:
    student, teacher = draw(seed)
    found = divergence(log_probs(student), log_probs(teacher), alpha)
    expected = [reference(s, t, alpha) for s, t in zip(student.tolist(), teacher.tolist(), strict=True)]
    assert found.tolist() == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert (found >= -1e-12).all()
    fast = divergence(log_probs(student.float()), log_probs(teacher.float()), alpha)
    torch.testing.assert_close(fast.double(), found, atol=1e-5, rtol=1e-4)
    assert float(divergence(log_probs(student), log_probs(student), alpha).abs().max()) < 1e-12


@settings(max_examples=8, deadline=None)
@given(SEEDS, ALPHAS)
def test_gradients_are_right_and_the_teacher_gets_none(seed: int, alpha: float) -> None:
    student, teacher = draw(seed, n=2, v=5, scale=1.0)
    student.requires_grad_(True)
    teacher.requires_grad_(True)
    assert gradcheck(lambda s: divergence(log_probs(s), log_probs(teacher.detach()), alpha), (student,))
    divergence(log_probs(student), log_probs(teacher), alpha).sum().backward()
    assert teacher.grad is None


def test_jensen_shannon_is_symmetric() -> None:
    a, b = draw(0)
    torch.testing.assert_close(divergence(log_probs(a), log_probs(b), 0.5), divergence(log_probs(b), log_probs(a), 0.5))


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(1, 6), ALPHAS)
def test_the_tail_keeps_a_distribution_and_bounds_the_divergence(seed: int, k: int, alpha: float) -> None:
    student, teacher = (log_probs(x) for x in draw(seed))
    ids = student.topk(k, dim=-1).indices
    torch.testing.assert_close(
        with_tail(student, ids).exp().sum(-1), torch.ones(4, dtype=torch.float64), atol=1e-6, rtol=0
    )
    rough = top_k_divergence(student, teacher, alpha, k)
    assert (rough <= divergence(student, teacher, alpha) + 1e-5).all()  # merging outcomes cannot add divergence


def test_top_k_of_everything_is_the_whole() -> None:
    student, teacher = (log_probs(x) for x in draw(1))
    torch.testing.assert_close(
        top_k_divergence(student, teacher, 0.5, 99), divergence(student, teacher, 0.5), atol=1e-5, rtol=1e-4
    )


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 50))
def test_the_sampled_form_is_the_reverse_kl_on_average(seed: int) -> None:
    student, teacher = draw(seed, n=1, v=4, scale=1.0)
    student.requires_grad_(True)
    logp, logq = log_probs(student)[0], log_probs(teacher)[0]
    average = (logp.exp().detach() * sampled_token(logp, logq)).sum()
    (found,) = torch.autograd.grad(average, student, retain_graph=True)
    (expected,) = torch.autograd.grad(kl(log_probs(student), log_probs(teacher)).sum(), student)
    torch.testing.assert_close(found, expected)


def test_the_sampled_form_pushes_a_denied_token_down() -> None:
    logits = torch.zeros(1, 3, requires_grad=True)
    teacher = torch.tensor([[-5.0, 2.0, 0.0]])
    Distil(form="token").tokens(logits, teacher, torch.tensor([0]), None, None).sum().backward()
    assert logits.grad is not None and logits.grad[0, 0] > 0  # descent lowers it


def test_importance_is_clipped_and_carries_no_gradient() -> None:
    new = torch.tensor([0.0, -100.0, 5.0, -1.0], requires_grad=True)
    weight = importance(new, torch.tensor([0.0, 0.0, 0.0, -1.5]), 2.0)
    assert not weight.requires_grad
    assert weight.tolist() == pytest.approx([1.0, math.exp(-20), 2.0, math.exp(0.5)])


def test_imitation_and_examples_without_a_teacher_are_cross_entropy() -> None:
    student, teacher = (x.float() for x in draw(3))
    ids = torch.tensor([0, 3, 6, 2])
    expected = torch.nn.functional.cross_entropy(student, ids, reduction="none")
    torch.testing.assert_close(Imitate().tokens(student, teacher, ids, None, None), expected)
    torch.testing.assert_close(Distil().tokens(student, None, ids, None, None), expected)


def test_an_example_may_have_its_own_alpha_and_old_logprobs_weigh() -> None:
    student, teacher = (x.float() for x in draw(4))
    ids, loss = torch.tensor([0, 1, 2, 3]), Distil(alpha=0.5)
    plain = loss.tokens(student, teacher, ids, None, 0.0)
    torch.testing.assert_close(plain, Distil(alpha=0.0).tokens(student, teacher, ids, None, None))
    now = log_probs(student).gather(1, ids[:, None])[:, 0]
    torch.testing.assert_close(loss.tokens(student, teacher, ids, now - 9, 0.0), 2 * plain)


def test_extreme_logits_stay_finite() -> None:
    hard = torch.tensor([[200.0, -200.0, 0.0]], requires_grad=True)
    for alpha in (0.0, 0.5, 1.0):
        for loss in (
            divergence(log_probs(hard), log_probs(-hard.detach()), alpha),
            top_k_divergence(log_probs(hard), log_probs(-hard.detach()), alpha, 1),
        ):
            (gradient,) = torch.autograd.grad(loss.sum(), hard, retain_graph=True)
            assert torch.isfinite(loss).all() and torch.isfinite(gradient).all()


def test_masked_mean() -> None:
    values = torch.tensor([1.0, float("nan"), 3.0])
    assert masked_mean(values, torch.tensor([1, 0, 1])).item() == 2.0
    assert masked_mean(values, torch.zeros(3)).item() == 0.0
