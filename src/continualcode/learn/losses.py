"""The losses of a lesson: pure functions on tensors, and the small classes the engine takes.

Shapes: N tokens, V vocabulary, K kept tokens, G rollouts of a prompt. Inputs are logits (any float type; computed in
float32, float64 stays); outputs are nats a token [N] with gradient to the student only. π is the student, q the
teacher, ρ the reference (the weights when the lesson began). Sources: SDPO (arXiv 2601.20802), GKD (2306.13649: its
D_β is `divergence` with alpha = β), DPO (2305.18290), GRPO (2402.03300), as summed up in the formulas of each function.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor


def log_probs(logits_NV: Tensor) -> Tensor:
    """log-softmax in float32 (float64 when it comes so) [N, V]."""
    return F.log_softmax(logits_NV if logits_NV.dtype == torch.float64 else logits_NV.float(), dim=-1)


def kl(log_p_NV: Tensor, log_q_NV: Tensor) -> Tensor:
    """KL(p‖q) of log-probabilities over the last axis [N]; a token of p = 0 adds nothing."""
    p = log_p_NV.exp()
    return torch.where(p > 0, p * (log_p_NV - log_q_NV), torch.zeros_like(p)).sum(-1)


def divergence(student_logp_NV: Tensor, teacher_logp_NV: Tensor, alpha: float) -> Tensor:
    """Divergence between π and q over the last axis [N]. alpha 0: KL(q‖π); 1: KL(π‖q); between, with
    m = (1−α)π + αq: α·KL(q‖m) + (1−α)·KL(π‖m) (Jensen-Shannon, symmetric at ½)."""
    teacher = teacher_logp_NV.detach()
    if alpha <= 0:
        return kl(teacher, student_logp_NV)
    if alpha >= 1:
        return kl(student_logp_NV, teacher)
    mixture = torch.logaddexp(student_logp_NV + math.log1p(-alpha), teacher + math.log(alpha))
    return alpha * kl(teacher, mixture) + (1 - alpha) * kl(student_logp_NV, mixture)


def with_tail(logp_NV: Tensor, ids_NK: Tensor) -> Tensor:
    """log-probabilities of the kept ids and, in one last bucket, of all others [N, K+1]; still a distribution.
    The bucket is log(−expm1(logsumexp(kept))), its argument held at ≤ −1e-7."""
    kept = logp_NV.gather(-1, ids_NK)
    tail = torch.log(-torch.expm1(kept.logsumexp(-1, keepdim=True).clamp(max=-1e-7)))
    return torch.cat([kept, tail], dim=-1)


def top_k_divergence(student_logp_NV: Tensor, teacher_logp_NV: Tensor, alpha: float, k: int) -> Tensor:
    """`divergence` over the student's K likeliest tokens and a tail bucket [N]."""
    ids = student_logp_NV.detach().topk(min(k, student_logp_NV.shape[-1]), dim=-1).indices
    return divergence(with_tail(student_logp_NV, ids), with_tail(teacher_logp_NV, ids), alpha)


def importance(logp_N: Tensor, old_logp_N: Tensor, clip: float, floor: float = 0.0) -> Tensor:
    """Off-policy weight min(exp(clamp(log π − log π_old, ±20)), clip), at least `floor`, detached [N]. Being
    detached it only weighs: a token outside the bounds still learns, where PPO's clipping would drop it."""
    return (logp_N - old_logp_N).detach().clamp(-20, 20).exp().clamp(min=floor, max=clip)


def sampled_token(student_logp_N: Tensor, teacher_logp_N: Tensor, centre: bool = False) -> Tensor:
    """−sg(A)·log π of the sampled tokens [N], A = log q − log π: the reverse KL's policy gradient. `centre`:
    the mean of A over these tokens is taken off first (arXiv 2603.12273's online code)."""
    advantage_N = (teacher_logp_N - student_logp_N).detach()
    return -(advantage_N - advantage_N.mean() if centre else advantage_N) * student_logp_N


def k3(logp_N: Tensor, reference_logp_N: Tensor) -> Tensor:
    """exp(log ρ − log π) − (log ρ − log π) − 1 of sampled tokens [N]: on samples of π, KL(π‖ρ) on average, never
    negative. Where whole distributions are at hand, `kl` is exact."""
    ahead_N = reference_logp_N.detach() - logp_N
    return ahead_N.exp() - ahead_N - 1


def group_advantages(rewards_G: Tensor, scaled: bool = False) -> Tensor:
    """Rewards of one prompt's rollouts less their mean [G]; `scaled`: also over their deviation (n − 1) + 1e-4,
    as in GRPO's paper; unscaled is Dr. GRPO's. All alike: zeros, so nothing is learnt."""
    centred_G = rewards_G - rewards_G.mean()
    return centred_G / (rewards_G.std() + 1e-4) if scaled and len(rewards_G) > 1 else centred_G


def clipped_policy(logp_N: Tensor, old_logp_N: Tensor, advantage: float, epsilon: float = 0.2) -> Tensor:
    """PPO's −min(r·A, clamp(r, 1 ± ε)·A) of sampled tokens [N], r = π/π_old with gradient."""
    ratio_N = (logp_N - old_logp_N.detach()).exp()
    return -torch.minimum(ratio_N * advantage, ratio_N.clamp(1 - epsilon, 1 + epsilon) * advantage)


def dpo(
    chosen_logp: Tensor, rejected_logp: Tensor, chosen_reference: Tensor, rejected_reference: Tensor, beta: float
) -> Tensor:
    """−log σ(β·h), h = (log π − log ρ)(chosen) − (log π − log ρ)(rejected), of summed log-probabilities [any shape]."""
    margin = (chosen_logp - chosen_reference.detach()) - (rejected_logp - rejected_reference.detach())
    return -F.logsigmoid(beta * margin)


def masked_mean(values_N: Tensor, mask_N: Tensor) -> Tensor:
    """Mean where mask is 1; zero (not NaN) when nothing is unmasked."""
    return torch.where(mask_N.bool(), values_N, torch.zeros_like(values_N)).sum() / mask_N.sum().clamp(min=1)


@dataclass(frozen=True)
class Distil:
    """Self-distillation from a teacher that read the correction (see `engine.base.Loss`).

    form: `distribution` (the whole vocabulary), `top_k`, or `token` (sampled tokens only); alpha: see
    `divergence`; ratio_clip, ratio_floor: bounds of the off-policy weight, used where old log-probabilities are
    given; centre: see `sampled_token`; reference_weight: β of KL(π‖ρ) on what is learnt (the engine adds it); mixed: bfloat16
    matrices on a CPU that has units for them (nights; lessons stay in float32).
    Examples without a teacher (teacher_ids None, no anchor) are imitated.

    The classic loss is form `token` with ratio_floor 0.5, ratio_clip 2 and reference_weight 0.04.
    """

    form: Literal["distribution", "top_k", "token"] = "distribution"
    alpha: float = 0.5
    top_k: int = 64
    ratio_clip: float = 2.0
    teacher: str = "base"
    teacher_rate: float = 0.02
    mask_first: int = 0
    learning_rate: float = 3e-3
    weight_decay: float = 0.0
    grad_clip: float = 1.0
    ratio_floor: float = 0.0
    centre: bool = False
    reference_weight: float = 0.0
    mixed: bool = False

    def tokens(
        self,
        student_logits_NV: Tensor,
        teacher_logits_NV: Tensor | None,
        ids_N: Tensor,
        old_logprobs_N: Tensor | None,
        alpha: float | None,
    ) -> Tensor:
        """Loss of each token [N]."""
        student = log_probs(student_logits_NV)
        logp = student.gather(-1, ids_N[:, None])[:, 0]
        if teacher_logits_NV is None:
            return -logp
        teacher = log_probs(teacher_logits_NV).detach()
        a = self.alpha if alpha is None else alpha
        if self.form == "token":
            loss = sampled_token(logp, teacher.gather(-1, ids_N[:, None])[:, 0], self.centre)
        elif self.form == "top_k":
            loss = top_k_divergence(student, teacher, a, self.top_k)
        else:
            loss = divergence(student, teacher, a)
        return (
            loss
            if old_logprobs_N is None
            else loss * importance(logp, old_logprobs_N, self.ratio_clip, self.ratio_floor)
        )

    def anchor(self, student_logits_NV: Tensor, reference_logits_NV: Tensor) -> Tensor:
        """KL(reference‖π) over the whole vocabulary [N]."""
        return kl(log_probs(reference_logits_NV).detach(), log_probs(student_logits_NV))

    def reference(self, student_logits_NV: Tensor, reference_logits_NV: Tensor) -> Tensor:
        """KL(π‖ρ) over the whole vocabulary [N]."""
        return kl(log_probs(student_logits_NV), log_probs(reference_logits_NV).detach())

    def reward(
        self,
        student_logits_NV: Tensor,
        teacher_logits_NV: Tensor | None,
        ids_N: Tensor,
        old_logprobs_N: Tensor | None,
        advantage: float,
    ) -> Tensor:
        """Loss [N] of a rollout with an advantage; `Reinforce` has one."""
        raise NotImplementedError(f"{type(self).__name__} learns from no rewards")

    def pair(
        self, chosen_N: Tensor, rejected_M: Tensor, chosen_reference_N: Tensor, rejected_reference_M: Tensor
    ) -> Tensor:
        """Loss (a scalar) of a pair's log-probabilities; `Prefer` has one."""
        raise NotImplementedError(f"{type(self).__name__} learns from no pairs")


@dataclass(frozen=True)
class Imitate(Distil):
    """Cross-entropy on the given tokens (SFT); teachers are ignored, anchors hold as in `Distil`."""

    def tokens(
        self,
        student_logits_NV: Tensor,
        teacher_logits_NV: Tensor | None,
        ids_N: Tensor,
        old_logprobs_N: Tensor | None,
        alpha: float | None,
    ) -> Tensor:
        """−log π of each token [N]."""
        return -log_probs(student_logits_NV).gather(-1, ids_N[:, None])[:, 0]


@dataclass(frozen=True)
class Prefer(Distil):
    """DPO: the corrected call over the denied one. `beta` is its β; log-probabilities are summed."""

    beta: float = 0.1

    def pair(
        self, chosen_N: Tensor, rejected_M: Tensor, chosen_reference_N: Tensor, rejected_reference_M: Tensor
    ) -> Tensor:
        """`dpo` of the two sums."""
        return dpo(chosen_N.sum(), rejected_M.sum(), chosen_reference_N.sum(), rejected_reference_M.sum(), self.beta)


@dataclass(frozen=True)
class Reinforce(Distil):
    """Rollouts with a verifiable reward (GRPO), and their blend with self-distillation.

    reward_share: weight of the policy gradient, the rest goes to `Distil.tokens` where the example has a teacher
    (1: GRPO alone); epsilon: see `clipped_policy`.
    """

    reward_share: float = 1.0
    epsilon: float = 0.2

    def reward(
        self,
        student_logits_NV: Tensor,
        teacher_logits_NV: Tensor | None,
        ids_N: Tensor,
        old_logprobs_N: Tensor | None,
        advantage: float,
    ) -> Tensor:
        """reward_share·`clipped_policy` + (1 − reward_share)·distillation [N]."""
        logp = log_probs(student_logits_NV).gather(-1, ids_N[:, None])[:, 0]
        old = logp.detach() if old_logprobs_N is None else old_logprobs_N
        loss = self.reward_share * clipped_policy(logp, old, advantage, self.epsilon)
        if teacher_logits_NV is None or self.reward_share >= 1:
            return loss
        distilled = self.tokens(student_logits_NV, teacher_logits_NV, ids_N, old_logprobs_N, None)
        return loss + (1 - self.reward_share) * distilled
