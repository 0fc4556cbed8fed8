"""The losses of a lesson: pure functions on tensors, and the two small classes the engine takes.

Shapes: N tokens, V vocabulary, K kept tokens. Inputs are logits (any float type; computed in float32, float64 stays);
outputs are nats a token [N] with gradient to the student only. π is the student, q the teacher. Sources: SDPO
(arXiv 2601.20802) and GKD (2306.13649), as summed up in the formulas of each function.
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


def importance(logp_N: Tensor, old_logp_N: Tensor, clip: float) -> Tensor:
    """Off-policy weight min(exp(clamp(log π − log π_old, ±20)), clip), detached [N]."""
    return (logp_N - old_logp_N).detach().clamp(-20, 20).exp().clamp(max=clip)


def sampled_token(student_logp_N: Tensor, teacher_logp_N: Tensor) -> Tensor:
    """−sg(log q − log π)·log π of the sampled tokens [N]: the reverse KL's policy gradient."""
    return -(teacher_logp_N - student_logp_N).detach() * student_logp_N


def masked_mean(values_N: Tensor, mask_N: Tensor) -> Tensor:
    """Mean where mask is 1; zero (not NaN) when nothing is unmasked."""
    return torch.where(mask_N.bool(), values_N, torch.zeros_like(values_N)).sum() / mask_N.sum().clamp(min=1)


@dataclass(frozen=True)
class Distil:
    """Self-distillation from a teacher that read the correction (see `engine.base.Loss`).

    form: `distribution` (the whole vocabulary), `top_k`, or `token` (sampled tokens only); alpha: see
    `divergence`; ratio_clip: bound of the off-policy weight, used where old log-probabilities are given.
    Examples without a teacher (teacher_ids None, no anchor) are imitated.
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
            loss = sampled_token(logp, teacher.gather(-1, ids_N[:, None])[:, 0])
        elif self.form == "top_k":
            loss = top_k_divergence(student, teacher, a, self.top_k)
        else:
            loss = divergence(student, teacher, a)
        return loss if old_logprobs_N is None else loss * importance(logp, old_logprobs_N, self.ratio_clip)

    def anchor(self, student_logits_NV: Tensor, reference_logits_NV: Tensor) -> Tensor:
        """KL(reference‖π) over the whole vocabulary [N]."""
        return kl(log_probs(reference_logits_NV).detach(), log_probs(student_logits_NV))


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
