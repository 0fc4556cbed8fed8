"""The rivals' losses against float64 references written from their formulas, and their gradients."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import gradcheck

from continualcode.config import Settings
from continualcode.learn.batch import loss_of
from continualcode.learn.losses import (
    Distil,
    Imitate,
    Prefer,
    Reinforce,
    clipped_policy,
    divergence,
    dpo,
    group_advantages,
    importance,
    k3,
    kl,
    log_probs,
    sampled_token,
)

SEEDS = st.integers(0, 10_000)


def draw(seed: int, n: int = 4, v: int = 7) -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(n, v, generator=g, dtype=torch.float64) * 2 for _ in range(2))  # pyright: ignore[reportReturnType]


def probabilities(row: list[float]) -> list[float]:
    total = sum(math.exp(x) for x in row)
    return [math.exp(x) / total for x in row]


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.floats(-3, 3))
def test_classic_is_a_clamped_policy_gradient_with_kl_to_the_reference(seed: int, shift: float) -> None:
    student, teacher = draw(seed)
    reference = draw(seed + 1)[0]
    student.requires_grad_(True)
    ids = torch.arange(4)
    loss = loss_of(Settings(preset="classic"))
    own = log_probs(student).gather(1, ids[:, None])[:, 0].detach()
    found = loss.tokens(student, teacher, ids, own - shift, None)
    found = found + loss.reference_weight * loss.reference(student, reference)
    expected = []
    for n in range(4):
        p, q, r = (probabilities(x[n].tolist()) for x in (student, teacher, reference))
        weight = min(2.0, max(0.5, math.exp(shift)))
        advantage = math.log(q[n]) - math.log(p[n])
        price = sum(a * math.log(a / b) for a, b in zip(p, r, strict=True))
        expected.append(-weight * advantage * math.log(p[n]) + 0.04 * price)
    assert found.tolist() == pytest.approx(expected, rel=1e-9)
    # The ratio only weighs: outside its bounds the gradient is still there, as PPO's clipping would not have it.
    (gradient,) = torch.autograd.grad(found.sum(), student)
    assert (gradient.abs().sum(-1) > 0).all()


def test_the_weight_has_a_floor() -> None:
    new, old = torch.zeros(3), torch.tensor([5.0, 0.0, -5.0])
    assert importance(new, old, 2.0, 0.5).tolist() == [0.5, 1.0, 2.0]


def test_centred_advantages_sum_to_nothing() -> None:
    student, teacher = (log_probs(x)[:, 0] for x in draw(0))
    weights = torch.autograd.grad(sampled_token(student.requires_grad_(True), teacher, centre=True).sum(), student)[0]
    assert float(weights.sum().abs()) < 1e-12 and float(weights.abs().max()) > 0.1


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_k3_is_kl_on_average_and_never_negative(seed: int) -> None:
    student, reference = (log_probs(x) for x in draw(seed))
    average = (student.exp() * k3(student, reference)).sum(-1)
    torch.testing.assert_close(average, kl(student, reference))
    assert (k3(student, reference) >= 0).all()


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.sampled_from([0.05, 0.1, 1.0]))
def test_dpo_is_its_formula(seed: int, beta: float) -> None:
    g = torch.Generator().manual_seed(seed)
    c, r, cr, rr = (torch.randn(5, generator=g, dtype=torch.float64) for _ in range(4))
    h = (c.sum() - cr.sum()) - (r.sum() - rr.sum())
    expected = -math.log(1 / (1 + math.exp(-beta * float(h))))
    assert float(Prefer(beta=beta).pair(c, r, cr, rr)) == pytest.approx(expected, rel=1e-9)
    a, b = (torch.randn(3, generator=g, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert gradcheck(lambda x, y: dpo(x, y, torch.ones(3).double(), torch.zeros(3).double(), beta), (a, b))


def test_dpo_of_an_unmoved_model_is_log_two() -> None:
    logp = torch.randn(4, generator=torch.Generator().manual_seed(0))
    assert float(Prefer().pair(logp, logp - 1, logp, logp - 1)) == pytest.approx(math.log(2))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=8))
def test_group_advantages_are_centred(passed: list[bool]) -> None:
    rewards = torch.tensor([float(p) for p in passed], dtype=torch.float64)
    found = group_advantages(rewards)
    assert float(found.sum().abs()) < 1e-9
    assert (found == 0).all() == (len(set(passed)) == 1)
    mean = sum(passed) / len(passed)
    deviation = math.sqrt(sum((p - mean) ** 2 for p in passed) / (len(passed) - 1))
    expected = [(p - mean) / (deviation + 1e-4) for p in passed]
    assert group_advantages(rewards, scaled=True).tolist() == pytest.approx(expected)


def test_the_policy_is_clipped_on_the_side_that_it_gains_from() -> None:
    logp = torch.tensor([0.5, 0.0, -0.5], requires_grad=True)
    old = torch.zeros(3)
    up, down = clipped_policy(logp, old, 1.0), clipped_policy(logp, old, -1.0)
    assert up.tolist() == pytest.approx([-1.2, -1.0, -math.exp(-0.5)])
    assert down.tolist() == pytest.approx([math.exp(0.5), 1.0, 0.8])
    (gradient,) = torch.autograd.grad(up.sum(), logp)
    assert gradient.tolist() == pytest.approx([0.0, -1.0, -math.exp(-0.5)])


def test_a_hybrid_is_its_two_parts() -> None:
    student, teacher = draw(3)
    ids, old = torch.tensor([0, 1, 2, 3]), log_probs(draw(4)[0])[:, 0]
    own = log_probs(student).gather(1, ids[:, None])[:, 0]
    reward = clipped_policy(own, old, 0.7)
    distilled = divergence(log_probs(student), log_probs(teacher), 1.0) * importance(own, old, 2.0)
    hybrid = Reinforce(alpha=1.0, reward_share=0.3)
    torch.testing.assert_close(hybrid.reward(student, teacher, ids, old, 0.7), 0.3 * reward + 0.7 * distilled)
    torch.testing.assert_close(Reinforce().reward(student, teacher, ids, old, 0.7), reward)
    torch.testing.assert_close(hybrid.reward(student, None, ids, None, 0.7), 0.3 * clipped_policy(own, own, 0.7))


def test_settings_name_their_loss() -> None:
    kinds = {"distribution": Distil, "token": Distil, "classic": Distil, "sdft": Distil, "gkd": Distil}
    for name, kind in {**kinds, "sft": Imitate, "dpo": Prefer, "grpo": Reinforce, "hybrid": Reinforce}.items():
        loss = loss_of(Settings(loss=name))  # pyright: ignore[reportArgumentType]
        assert type(loss) is kind and loss.form == ("token" if name in ("token", "classic") else "distribution")
    assert loss_of(Settings(loss="grpo")).reward_share == 1.0  # pyright: ignore[reportAttributeAccessIssue]
    assert loss_of(Settings(top_k=8)).form == "top_k"


def test_presets_fill_only_what_nobody_set() -> None:
    classic = Settings(preset="classic", lesson_steps=5)
    assert (classic.loss, classic.teacher, classic.ratio_floor, classic.ratio_clip) == ("classic", "live", 0.5, 2.0)
    assert classic.reference_weight == 0.04 and classic.lesson_steps == 5 and classic.anchors == 0
    assert Settings().replace(preset="classic").loss == "classic"
    assert classic.replace(loss="token").loss == "token" and classic.replace(seed=3).lesson_steps == 5
    assert Settings(preset="default") == Settings()
