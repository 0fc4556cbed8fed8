"""Subspaces of many columns: their principal directions without holding all columns, and how far two lie apart.

The columns come in blocks that can be read again and again, so that they may stay on disk. Directions are the left
singular vectors of the centred stack, found from the Gram matrix of its shorter side: d×d numbers for d-dimensional
columns, however many there are (with fewer columns than d the stack itself is smaller than that, and is held).
Nothing here knows of adapters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from continualcode.errors import UserError

Blocks = Callable[[], Iterable[Tensor]]  # each call goes through all columns anew, some [D, N] at a time

_WIDTH = 512  # columns that are multiplied at once
_TILE = 1024  # rows of the Gram matrix; only tiles on and below the diagonal are computed
_EXACT = 2048  # a shorter side up to this is worked on in float64, which costs little there


@dataclass(frozen=True)
class Keep:
    """How many directions to keep: the fewest that explain `variance` of the centred columns, at most `cap`.

    0.9 is what was measured: of 13 adapters of the bundled model, six that were given back at 0.6 had twice the
    held-out loss of the originals, at 0.9 nearly the same, and 0.95 gained little for a quarter more bytes. The cap is
    for the input side (A), which hardly leaves its random start: there only nearly all of a flat spectrum is enough.
    `mean` adds the mean column as one more direction, within the cap: projections are of uncentred columns, and the
    mean need not lie in the span of what is left without it.
    """

    variance: float = 0.9
    cap: int = 64
    mean: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.variance <= 1:
            raise UserError(f"The share of variance to keep is above 0 and at most 1, not {self.variance}.")
        if self.cap < 1:
            raise UserError(f"At least one direction must be kept, not {self.cap}.")


@dataclass(frozen=True)
class Basis:
    """Orthonormal directions, strongest first. `variances_K`: the centred columns' sum of squares along each;
    `total`: all of it. With `Keep.mean` the last direction may be the mean's, whose variance is 0 here."""

    vectors_DK: Tensor
    variances_K: Tensor
    total: float

    @property
    def explained(self) -> float:
        """Share of the centred columns' sum of squares; 1 when they do not vary."""
        return float(self.variances_K.sum()) / self.total if self.total > 0 else 1.0


def principal(blocks: Blocks, dimension: int, columns: int, keep: Keep, dtype: torch.dtype | None = None) -> Basis:
    """The top left singular vectors of the stack [dimension, columns] less its mean column.

    dtype: of the arithmetic; by default float64 where the shorter side is small, else float32, which finds
    directions down to about 1e-3 of the strongest one. K is 0 when all columns are zero.
    """
    short = min(dimension, columns)
    dtype = dtype or (torch.float64 if short <= _EXACT else torch.float32)
    mean_D1 = torch.zeros(dimension, 1, dtype=torch.float64)
    for block_DN in blocks():
        mean_D1 += block_DN.double().sum(1, keepdim=True)
    mean_D1 /= columns

    def centred() -> Iterator[Tensor]:
        for block_DN in _wide(blocks()):
            yield (block_DN.double() - mean_D1).to(dtype)

    gram = torch.zeros(short, short, dtype=dtype)
    if columns <= dimension:
        stack_DN = torch.empty(dimension, columns, dtype=dtype)
        for at, block_DN in _placed(centred()):
            stack_DN[:, at : at + block_DN.shape[1]] = block_DN
        _add_gram(gram, stack_DN.T)
        del stack_DN
    else:
        for block_DN in centred():
            _add_gram(gram, block_DN)
    found = leading(gram, keep)
    del gram
    top, variances_K = found.vectors_DK, found.variances_K
    if columns <= dimension:
        rows_NK, top = top, torch.zeros(dimension, top.shape[1], dtype=dtype)
        for at, block_DN in _placed(centred()):
            top += block_DN @ rows_NK[at : at + block_DN.shape[1]]
    if keep.mean:
        top, variances_K = _with_mean(top, variances_K, mean_D1.to(dtype), keep.cap)
    return Basis(_orthonormal(top), variances_K, found.total)


def leading(gram_DD: Tensor, keep: Keep) -> Basis:
    """The strongest directions of a Gram matrix that was summed elsewhere (of centred columns). `keep.mean` has no
    meaning here."""
    total = float(gram_DD.diagonal().double().sum())
    values, vectors = torch.linalg.eigh(gram_DD)
    values = values.flip(0).double().clamp_min(0)
    k = _enough(values, total, keep, rounding=len(gram_DD) * torch.finfo(gram_DD.dtype).eps)
    return Basis(vectors[:, len(vectors) - k :].flip(1), values[:k], total)


def _wide(blocks: Iterable[Tensor]) -> Iterator[Tensor]:
    """The same columns in blocks that are worth a multiplication."""
    waiting: list[Tensor] = []
    for block_DN in blocks:
        waiting.append(block_DN)
        if sum(b.shape[1] for b in waiting) >= _WIDTH:
            yield torch.cat(waiting, 1)
            waiting = []
    if waiting:
        yield torch.cat(waiting, 1)


def _placed(blocks: Iterable[Tensor]) -> Iterator[tuple[int, Tensor]]:
    """Each block with the number of columns before it."""
    at = 0
    for block_DN in blocks:
        yield at, block_DN
        at += block_DN.shape[1]


def _add_gram(gram: Tensor, rows_SN: Tensor) -> None:
    """gram += rows·rowsᵀ in place, its lower triangle (all that `eigh` reads) by tiles."""
    for a in range(0, len(gram), _TILE):
        b = min(a + _TILE, len(gram))
        gram[a:b, :b].addmm_(rows_SN[a:b], rows_SN[:b].T)


def _enough(values: Tensor, total: float, keep: Keep, rounding: float) -> int:
    """How many of the descending eigenvalues to keep; those that are rounding alone never."""
    if total <= 0:
        return 0
    real = int((values > rounding * values[0]).sum())
    wanted = int((values.cumsum(0) < keep.variance * total * (1 - 1e-12)).sum()) + 1
    return min(real, wanted, keep.cap)


def _with_mean(top_DK: Tensor, variances_K: Tensor, mean_D1: Tensor, cap: int) -> tuple[Tensor, Tensor]:
    """The directions and the mean's part outside of them, in place of the last one where the cap is full."""
    frame_DK = _orthonormal(top_DK)
    if float(_outside(frame_DK, mean_D1).norm()) <= 1e-6 * float(mean_D1.norm()):
        return top_DK, variances_K
    frame_DK, variances_K = frame_DK[:, : cap - 1], variances_K[: cap - 1]
    outside_D1 = _outside(frame_DK, mean_D1)
    return torch.cat([frame_DK, outside_D1 / outside_D1.norm()], 1), torch.cat([variances_K, variances_K.new_zeros(1)])


def _outside(frame_DK: Tensor, column_D1: Tensor) -> Tensor:
    return column_D1 - frame_DK @ (frame_DK.T @ column_D1)


def _orthonormal(vectors_DK: Tensor) -> Tensor:
    """The same flag of subspaces, orthonormal to rounding; a direction keeps its side."""
    q_DK, r_KK = torch.linalg.qr(vectors_DK)
    return q_DK * torch.where(r_KK.diagonal() < 0, -1.0, 1.0).to(q_DK.dtype)


def principal_angles(one_DK: Tensor, other_DL: Tensor) -> Tensor:
    """Angles between two subspaces given by orthonormal columns, radians, ascending [min(K, L)], float64.

    Small angles come from their sines, large ones from their cosines (Björck and Golub, 1973)."""
    one_DK, other_DL = one_DK.double(), other_DL.double()
    if one_DK.shape[1] < other_DL.shape[1]:
        one_DK, other_DL = other_DL, one_DK
    inner_KL = one_DK.T @ other_DL
    cosines = torch.linalg.svdvals(inner_KL).clamp(0, 1)
    sines = torch.linalg.svdvals(other_DL - one_DK @ inner_KL).clamp(0, 1).flip(0)
    return torch.where(cosines**2 < 0.5, cosines.arccos(), sines.arcsin())


def grassmann_distance(one_DK: Tensor, other_DL: Tensor) -> float:
    """Length of the shortest way between the subspaces: the root of the summed squares of their angles, radians."""
    return float(principal_angles(one_DK, other_DL).norm())


def overlap(one_DK: Tensor, other_DL: Tensor) -> float:
    """Mean squared cosine of the angles: 1 for one inside the other, max(K, L)/D on average for random ones."""
    smaller = min(one_DK.shape[1], other_DL.shape[1])
    return float((one_DK.double().T @ other_DL.double()).square().sum()) / smaller if smaller else math.nan


def random_basis(dimension: int, k: int, seed: int) -> Tensor:
    """k orthonormal directions [dimension, k] drawn without any preference, float64: the control."""
    draws = torch.randn(dimension, k, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return _orthonormal(draws)
