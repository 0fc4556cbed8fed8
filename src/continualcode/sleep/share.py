"""Share: adapters as coefficients in a subspace that they have in common (arXiv 2602.06043), for one layer.

Phase 1 finds a layer's subspace: principal directions of all B_i stacked (`out`, β) and of all A_iᵀ stacked (`in`,
α), centred; an adapter becomes the projections of its own, *uncentred*, factors. Phase 2 trains a new task inside:
coefficients, and a few temporary directions, the basis frozen. Phase 3 merges: what is known is rebuilt, the new put
beside it with its temporary directions folded in, and all of it goes through phase 1 again; no data is needed.
`share-full` is phase 2 without temporary directions, from a known adapter's coefficients. Pure functions on tensors:
A is [r, D_in], B is [D_out, r], ΔW = scale·B·A. Folders are in `consolidated.py`.

Where we depart: each side of each layer has its own K (the two spectra have nothing in common), and p = r, so that
what is rebuilt is an ordinary adapter of the same rank.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from continualcode.sleep.subspace import Basis, Keep, principal, random_basis

Factors = tuple[Tensor, Tensor]  # A [r, D_in], B [D_out, r]


@dataclass(frozen=True)
class Layer:
    """A layer's subspace: α in its inputs, β in its outputs."""

    inner: Basis
    outer: Basis


@dataclass(frozen=True)
class Coefficients:
    """An adapter in a layer's subspace: ε_α `in_KR` and ε_β `out_KR`."""

    in_KR: Tensor
    out_KR: Tensor


@dataclass(frozen=True)
class Task:
    """What phase 2 trains of one layer: coefficients, and F temporary directions a side with their own."""

    coefficients: Coefficients
    in_DF: Tensor
    out_DF: Tensor
    in_FR: Tensor
    out_FR: Tensor

    def tensors(self) -> tuple[Tensor, ...]:
        """All of them, in a fixed order: the leaves of a training."""
        held = self.coefficients
        return (held.in_KR, held.out_KR, self.in_DF, self.out_DF, self.in_FR, self.out_FR)


def find_layer(
    adapters: Callable[[], Iterable[Factors]], count: int, keep: Keep, dtype: torch.dtype | None = None
) -> Layer:
    """Phase 1 of a layer. adapters: goes through the factors of all `count` adapters, anew at each call."""
    a_RD, b_DR = next(iter(adapters()))
    columns = count * len(a_RD)
    inner = principal(lambda: (a.T for a, _ in adapters()), a_RD.shape[1], columns, keep, dtype)
    outer = principal(lambda: (b for _, b in adapters()), b_DR.shape[0], columns, keep, dtype)
    return Layer(inner, outer)


def project(layer: Layer, factors: Factors) -> Coefficients:
    """The coefficients of an adapter, of its factors as they are (not less the mean)."""
    alpha, beta = layer.inner.vectors_DK, layer.outer.vectors_DK
    return Coefficients(alpha.T @ factors[0].T.to(alpha.dtype), beta.T @ factors[1].to(beta.dtype))


def rebuild(layer: Layer, coefficients: Coefficients) -> Factors:
    """Ordinary LoRA factors of the same rank."""
    return (layer.inner.vectors_DK @ coefficients.in_KR).T, layer.outer.vectors_DK @ coefficients.out_KR


def begin(
    layer: Layer,
    rank: int,
    *,
    temporary: int,
    seed: int,
    known: Factors | Coefficients | None = None,
) -> Task:
    """Where phase 2 starts, with `temporary` directions a side. From nothing both sides are random with deviation
    0.01/√K: with both at zero the gradient is zero too. From a known adapter, its projections, and as temporary
    directions the strongest of what the basis does not hold of it. Raises ValueError for more than K/4 of them."""
    alpha, beta = layer.inner.vectors_DK, layer.outer.vectors_DK
    fewest = min(alpha.shape[1], beta.shape[1])
    if temporary > fewest // 4:
        raise ValueError(f"{temporary} temporary directions for a basis of {fewest}; at most a quarter of it")
    if isinstance(known, tuple):
        held = project(layer, known)
        a_RD, b_DR = rebuild(layer, held)
        in_DF, in_FR = _strongest((known[0] - a_RD).T, temporary)
        out_DF, out_FR = _strongest(known[1] - b_DR, temporary)
        return Task(held, in_DF, out_DF, in_FR, out_FR)
    dice = torch.Generator().manual_seed(seed)

    def small(of: Tensor) -> Tensor:
        return (torch.randn(of.shape[1], rank, generator=dice) * 0.01 / max(1, of.shape[1]) ** 0.5).to(of.dtype)

    held = known or Coefficients(small(alpha), small(beta))
    in_DF, out_DF = _outside(alpha, temporary, seed), _outside(beta, temporary, seed + 1)
    return Task(held, in_DF, out_DF, small(in_DF), small(out_DF))


def _strongest(rest_DR: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The best `count` directions for what is left of a factor, and its coefficients in them."""
    vectors, values, rows = torch.linalg.svd(rest_DR, full_matrices=False)
    return vectors[:, :count].contiguous(), values[:count, None] * rows[:count]


def _outside(frame_DK: Tensor, count: int, seed: int) -> Tensor:
    """Random directions orthogonal to a basis and to each other; fewer where the space has no more room."""
    dimension, k = frame_DK.shape
    draws = random_basis(dimension, min(count, dimension - k), seed).to(frame_DK.dtype)
    return torch.linalg.qr(draws - frame_DK @ (frame_DK.T @ draws))[0]


def factors(layer: Layer, task: Task) -> Factors:
    """The factors that a task stands for, temporary directions folded in; differentiable in the task's tensors."""
    a_RD, b_DR = rebuild(layer, task.coefficients)
    return a_RD + (task.in_DF @ task.in_FR).T, b_DR + task.out_DF @ task.out_FR


def trainable(task: Task) -> Task:
    """The same with fresh leaves that ask for gradients."""
    leaves = [t.detach().clone().requires_grad_(True) for t in task.tensors()]
    return Task(Coefficients(*leaves[:2]), *leaves[2:])


def merge(
    layer: Layer,
    known: Sequence[Coefficients],
    new: Sequence[Factors],
    keep: Keep,
    dtype: torch.dtype | None = None,
) -> tuple[Layer, list[Coefficients]]:
    """Phase 3 of a layer: the subspace of what is known and new, and everyone's coefficients in it, known first.
    new: complete factors (`factors(layer, task)`), since what lies in temporary directions is lost otherwise."""

    def everyone() -> Iterable[Factors]:
        yield from (rebuild(layer, c) for c in known)
        yield from new

    merged = find_layer(everyone, len(known) + len(new), keep, dtype)
    return merged, [project(merged, pair) for pair in everyone()]


def delta_error(one: Factors, other: Factors) -> tuple[float, float]:
    """(‖B₁A₁ − B₂A₂‖², ‖B₁A₁‖²), Frobenius, without forming a product: by QR of the 2r columns, float64."""
    (a1, b1), (a2, b2) = ((a.double(), b.double()) for a, b in (one, other))
    a_SD, b_DS = torch.cat([a1, a2]), torch.cat([b1, -b2], 1)
    gap_SD = torch.linalg.qr(b_DS, mode="r")[1] @ a_SD
    return float(gap_SD.square().sum()), float(((b1.T @ b1) * (a1 @ a1.T)).sum())
