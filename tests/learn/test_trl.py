"""The losses against TRL's own, where TRL has them. Skipped where TRL is not installed."""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
import torch

pytest.importorskip("trl", reason="TRL is the numerical oracle here: pip install trl==1.16.0")

from continualcode.learn.losses import (
    Distil,
    Prefer,
    Reinforce,
    divergence,
    group_advantages,
    log_probs,
    sampled_token,
    top_k_divergence,
)

N, V = 6, 11
ALPHAS = [0.0, 0.1, 0.5, 0.9, 1.0]


def draw(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(seed)
    student, teacher = (torch.randn(N, V, generator=g) * 2 for _ in range(2))
    return student.requires_grad_(True), teacher, torch.randint(0, V, (N,), generator=g)


def agree(ours: torch.Tensor, theirs: torch.Tensor, student: torch.Tensor) -> None:
    """The same values and the same gradients."""
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)
    a, b = (torch.autograd.grad(x.sum(), student, retain_graph=True)[0] for x in (ours, theirs))
    torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_sdpo_of_whole_and_of_top_k_distributions(alpha: float) -> None:
    from trl.experimental.sdpo import loss_utils as sdpo

    student, teacher, _ = draw()
    ours = divergence(log_probs(student), log_probs(teacher), alpha)
    agree(ours, sdpo.compute_full_logit_self_distillation_loss(student, teacher, distillation_alpha=alpha), student)
    theirs = sdpo.compute_topk_self_distillation_loss(
        student, teacher, distillation_topk=4, distillation_alpha=alpha, distillation_add_tail=True
    )
    agree(top_k_divergence(log_probs(student), log_probs(teacher), alpha, 4), theirs, student)


def test_sdpo_of_sampled_tokens_and_its_off_policy_weight() -> None:
    from trl.experimental.sdpo import loss_utils as sdpo

    student, teacher, ids = draw(1)
    theirs = sdpo.compute_sampled_token_self_distillation_loss(student, teacher, ids, distillation_alpha=1.0)
    own, other = (log_probs(x).gather(1, ids[:, None])[:, 0] for x in (student, teacher))
    agree(sampled_token(own, other), theirs, student)
    old = own.detach() + torch.linspace(-2, 2, N)
    weighed = sdpo.apply_importance_sampling_clipping(theirs, own, old, 2.0)
    agree(Distil(form="token").tokens(student, teacher, ids, old, None), weighed, student)


@pytest.mark.parametrize("beta", ALPHAS)
def test_gkd_is_our_divergence(beta: float) -> None:
    from trl.experimental.gkd.gkd_trainer import GKDTrainer

    student, teacher, _ = draw(2)
    theirs = GKDTrainer.generalized_jsd_loss(student[None], teacher[None], beta=beta, reduction="sum")
    agree(divergence(log_probs(student), log_probs(teacher), beta).sum(), theirs, student)


@pytest.mark.parametrize("beta", [0.1, 1.0])
def test_dpo(beta: float) -> None:
    from trl.trainer.dpo_trainer import DPOTrainer

    logits = [draw(seed)[0] for seed in (3, 4)]
    references = [draw(seed)[1] for seed in (3, 4)]
    ids = [draw(seed)[2] for seed in (3, 4)]
    own, held = (
        [log_probs(x).gather(1, i[:, None])[:, 0] for x, i in zip(some, ids, strict=True)]
        for some in (logits, references)
    )

    def model(**_: Any) -> SimpleNamespace:
        blank = torch.zeros(2, N)
        return SimpleNamespace(
            log_probs=torch.stack(own), entropy=blank, mean_logits=blank, is_top1=blank.bool(), log_sum_sq_probs=blank
        )

    trainer = SimpleNamespace(
        model=SimpleNamespace(training=False), aux_loss_enabled=False, ld_alpha=None, precompute_ref_logps=True,
        f_divergence_type="reverse_kl", loss_types=["sigmoid"], loss_weights=[1.0], beta=beta, use_weighting=False,
        accelerator=SimpleNamespace(device="cpu", gather_for_metrics=lambda x: x, gather=lambda x: x),
        _metrics=defaultdict(lambda: defaultdict(list)), _total_train_tokens=0,
    )  # fmt: skip
    inputs = {
        "input_ids": torch.zeros(2, N + 1, dtype=torch.long), "attention_mask": torch.ones(2, N + 1),
        "completion_mask": torch.cat([torch.zeros(2, 1), torch.ones(2, N)], 1).long(),
        "ref_chosen_logps": held[0].sum()[None], "ref_rejected_logps": held[1].sum()[None],
    }  # fmt: skip
    theirs = DPOTrainer._compute_loss(trainer, model, inputs, False)  # pyright: ignore[reportArgumentType]
    assert isinstance(theirs, torch.Tensor)
    ours = Prefer(beta=beta).pair(own[0], own[1], held[0], held[1])
    for x in logits:
        agree(ours, theirs, x)


@pytest.mark.parametrize("beta", [0.0, 0.04])
def test_grpo(beta: float) -> None:
    from trl.trainer.grpo_trainer import GRPOTrainer

    from continualcode.learn.losses import k3

    drawn = [draw(seed) for seed in range(5, 9)]
    logits, ids = [d[0] for d in drawn], [d[2] for d in drawn]
    own = [log_probs(x).gather(1, i[:, None])[:, 0] for x, i in zip(logits, ids, strict=True)]
    held = [log_probs(d[1]).gather(1, i[:, None])[:, 0] for d, i in zip(drawn, ids, strict=True)]
    old = [x.detach() + torch.linspace(-0.5, 0.5, N) for x in own]
    rewards = torch.tensor([1.0, 0.0, 0.0, 1.0])
    advantages = group_advantages(rewards)
    torch.testing.assert_close(group_advantages(rewards, True), (rewards - 0.5) / (rewards.std() + 1e-4))
    identity = SimpleNamespace(
        gather=lambda x: x, gather_for_metrics=lambda x: x, reduce=lambda x, reduction: x, num_processes=1, device="cpu"
    )
    trainer = SimpleNamespace(
        _get_per_token_logps_and_entropies=lambda *_, **__: (torch.stack(own), torch.zeros(4, N), None),
        aux_loss_enabled=False, top_entropy_quantile=1.0, off_policy_mask_threshold=None,
        importance_sampling_level="token", beta=beta, loss_type="grpo", epsilon_low=0.2, epsilon_high=0.2,
        args=SimpleNamespace(delta=None, use_bias_correction_kl=False), use_vllm=False,
        vllm_importance_sampling_correction=False, model=SimpleNamespace(training=False), _entropy_bonus_enabled=False,
        accelerator=identity, _metrics=defaultdict(lambda: defaultdict(list)), current_gradient_accumulation_steps=1,
    )  # fmt: skip
    blank = torch.zeros(4, 1, dtype=torch.long)
    inputs = {
        "prompt_ids": blank, "prompt_mask": blank, "completion_ids": torch.stack(ids), "advantages": advantages,
        "completion_mask": torch.ones(4, N, dtype=torch.long), "old_per_token_logps": torch.stack(old),
        "ref_per_token_logps": torch.stack(held),
    }  # fmt: skip
    theirs = GRPOTrainer._compute_loss(trainer, None, inputs)  # pyright: ignore[reportArgumentType]
    loss = Reinforce()
    rows = zip(logits, ids, old, advantages.tolist(), own, held, strict=True)
    ours = torch.stack([(loss.reward(x, None, i, o, a) + beta * k3(p, r)).mean() for x, i, o, a, p, r in rows]).mean()
    for x in logits:
        agree(ours, theirs, x)
