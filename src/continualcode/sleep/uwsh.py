"""UWSH: what many weight changes of a layer have in common, by a zero-centred truncated HOSVD (arXiv 2512.05117).

The tensor [T, D_out, D_in] of all ΔW_i less their mean is cut to its leading directions in outputs and in inputs; a
task is its core [K_out, K_in] between them: ΔW_i ≈ M + U·C_i·Vᵀ. The tensor is never formed: its two Gram matrices are
sums over adapters of small products, and the mean is one dense matrix. Also here what such a claim is held against:
the mean adapter alone, a random basis of the same size, and bases from disjoint halves of the adapters.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from continualcode.sleep.share import Factors
from continualcode.sleep.subspace import Basis, Keep, grassmann_distance, leading, overlap, principal_angles

Adapters = Callable[[], Iterable[Factors]]  # each call goes through all of them anew; B carries the scale


@dataclass(frozen=True)
class Modes:
    """The mean change [D_out, D_in] and the leading directions of what differs from it."""

    mean_OI: Tensor
    outer: Basis
    inner: Basis


def hosvd(adapters: Adapters, keep: Keep, *, centred: bool = True) -> Modes:
    """The two modes of the stacked weight changes, each truncated at the same share of variance; float64.
    centred: False leaves the mean in (and returns a mean of zero)."""
    count = 0
    mean_OI = torch.zeros(())
    for a_RI, b_OR in adapters():
        product = b_OR.double() @ a_RI.double()
        mean_OI = product if count == 0 else mean_OI.add_(product)
        count += 1
    mean_OI = mean_OI / count if centred else torch.zeros_like(mean_OI)
    outer_OO, inner_II = -count * mean_OI @ mean_OI.T, -count * mean_OI.T @ mean_OI
    for a_RI, b_OR in adapters():  # Σ (ΔW − M)(ΔW − M)ᵀ = Σ ΔW·ΔWᵀ − T·M·Mᵀ
        a_RI, b_OR = a_RI.double(), b_OR.double()
        outer_OO.addmm_(b_OR @ (a_RI @ a_RI.T), b_OR.T)
        inner_II.addmm_(a_RI.T @ (b_OR.T @ b_OR), a_RI)
    return Modes(mean_OI, leading(outer_OO, keep), leading(inner_II, keep))


def core(modes: Modes, factors: Factors) -> Tensor:
    """The core coefficients [K_out, K_in] of an adapter: all that a new task trains, the basis frozen."""
    a_RI, b_OR = factors[0].double(), factors[1].double()
    u, v = modes.outer.vectors_DK, modes.inner.vectors_DK
    return (u.T @ b_OR) @ (a_RI @ v) - u.T @ modes.mean_OI @ v


def rebuilt(modes: Modes, core_KL: Tensor) -> Tensor:
    """The weight change [D_out, D_in] that a core stands for."""
    return modes.mean_OI + modes.outer.vectors_DK @ core_KL @ modes.inner.vectors_DK.T


def errors(modes: Modes, adapters: Adapters) -> dict[str, float]:
    """Relative errors √(Σ‖ΔW_i − found_i‖² / Σ‖ΔW_i‖²) over adapters: of the cores, and of the mean alone."""
    of_core = of_mean = total = 0.0
    for pair in adapters():
        change_OI = pair[1].double() @ pair[0].double()
        of_core += float((change_OI - rebuilt(modes, core(modes, pair))).square().sum())
        of_mean += float((change_OI - modes.mean_OI).square().sum())
        total += float(change_OI.square().sum())
    return {"core": (of_core / total) ** 0.5, "mean": (of_mean / total) ** 0.5}


def halves(count: int, seed: int) -> tuple[list[int], list[int]]:
    """Two disjoint halves of 0 … count − 1, drawn by seed; one is left out of an odd number."""
    order = random.Random(seed).sample(range(count), count)
    return sorted(order[: count // 2]), sorted(order[count // 2 : count // 2 * 2])


@dataclass(frozen=True)
class Stability:
    """How much two subspaces agree: mean squared cosine (`overlap`; `chance` for random ones), distance and the
    largest principal angle in radians."""

    k: int
    overlap: float
    chance: float
    distance: float
    largest_angle: float


def stability(one_DK: Tensor, other_DL: Tensor) -> Stability:
    """Two bases from disjoint adapters, side by side; both cut to the smaller number of directions."""
    k = min(one_DK.shape[1], other_DL.shape[1])
    one_DK, other_DL = one_DK[:, :k], other_DL[:, :k]
    angles = principal_angles(one_DK, other_DL)
    return Stability(
        k, overlap(one_DK, other_DL), k / len(one_DK), grassmann_distance(one_DK, other_DL), float(angles.max())
    )


def chosen(pairs: Sequence[Factors], which: Sequence[int]) -> Adapters:
    """Some of many adapters, as `hosvd` wants them."""
    return lambda: (pairs[i] for i in which)
