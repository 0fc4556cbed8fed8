"""The HOSVD over weight changes is that of the dense tensor; stability and its controls tell shared from unrelated."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from continualcode.sleep.share import Factors
from continualcode.sleep.subspace import Keep, principal_angles, random_basis
from continualcode.sleep.uwsh import chosen, core, errors, halves, hosvd, rebuilt, stability

OUT, IN, RANK = 24, 30, 3


def adapters(count: int, *, shared: int, mean: float = 0.0, noise: float = 0.05, seed: int = 0) -> list[Factors]:
    """Factors in `shared` common directions, a common change of size `mean` in each, and noise; float64."""
    dice = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=dice, dtype=torch.float64)

    left, right = draw(OUT, shared), draw(shared, IN)
    common_a, common_b = draw(RANK, IN), draw(OUT, RANK)
    return [
        (
            torch.cat([draw(RANK, shared) @ right + noise * draw(RANK, IN), mean * common_a]),
            torch.cat([left @ draw(shared, RANK) + noise * draw(OUT, RANK), common_b], 1),
        )
        for _ in range(count)
    ]


def test_modes_are_those_of_the_dense_centred_tensor():
    some = adapters(9, shared=4, mean=1.0)
    modes = hosvd(lambda: some, Keep(0.95, 20))
    dense_TOI = torch.stack([b @ a for a, b in some])
    centred_TOI = dense_TOI - dense_TOI.mean(0)
    torch.testing.assert_close(modes.mean_OI, dense_TOI.mean(0))
    for basis, unfolded in (
        (modes.outer, centred_TOI.permute(1, 0, 2).reshape(OUT, -1)),
        (modes.inner, centred_TOI.permute(2, 0, 1).reshape(IN, -1)),
    ):
        left, values, _ = torch.linalg.svd(unfolded, full_matrices=False)
        shares = values.square().cumsum(0) / values.square().sum()
        k = int((shares < 0.95).sum()) + 1
        assert basis.vectors_DK.shape[1] == k
        assert float(principal_angles(basis.vectors_DK, left[:, :k]).max()) < 1e-6
    u, v = modes.outer.vectors_DK, modes.inner.vectors_DK
    torch.testing.assert_close(core(modes, some[2]), u.T @ centred_TOI[2] @ v)
    torch.testing.assert_close(rebuilt(modes, u.T @ centred_TOI[2] @ v), modes.mean_OI + u @ u.T @ centred_TOI[2] @ v @ v.T)  # fmt: skip


def test_at_full_variance_every_adapter_comes_back():
    some = adapters(6, shared=4, mean=1.0)
    assert errors(hosvd(lambda: some, Keep(1.0, 64)), lambda: some)["core"] < 1e-6


def test_the_mean_alone_is_measured_beside_the_cores():
    known, fresh = adapters(12, shared=4, mean=2.0)[:8], adapters(12, shared=4, mean=2.0)[8:]
    found = errors(hosvd(lambda: known, Keep(0.99, 64)), lambda: fresh)
    assert found["core"] < 0.2 < found["mean"] < 1
    unrelated = errors(hosvd(lambda: known, Keep(0.99, 64)), lambda: adapters(4, shared=4, seed=5, mean=0.0))
    assert unrelated["core"] > 0.5


def test_halves_are_disjoint_and_of_one_size():
    one, other = halves(9, seed=1)
    assert len(one) == len(other) == 4 and not set(one) & set(other)
    assert halves(9, seed=1) == (one, other) != halves(9, seed=2)


@pytest.mark.parametrize(("shared", "noise", "agree"), [(3, 0.02, True), (24, 0.5, False)])
def test_bases_from_disjoint_halves_agree_only_where_something_is_shared(shared: int, noise: float, agree: bool):
    some = adapters(40, shared=shared, noise=noise)
    one, other = (hosvd(chosen(some, half), Keep(1.0, 3)).outer.vectors_DK for half in halves(40, seed=0))
    found = stability(one, other)
    assert found.k == 3 and found.chance == 3 / OUT
    assert (found.overlap > 0.95) == agree
    control = stability(random_basis(OUT, 3, 1), random_basis(OUT, 3, 2))
    assert control.overlap < 0.5 and (found.distance < control.distance / 2) == agree
