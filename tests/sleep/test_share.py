"""Share's three phases on one layer: projections, training inside a frozen basis, merging without loss."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from continualcode.sleep.share import (
    Coefficients,
    Factors,
    Layer,
    begin,
    delta_error,
    factors,
    find_layer,
    merge,
    project,
    rebuild,
    trainable,
)
from continualcode.sleep.subspace import Keep, principal_angles

INPUTS, OUTPUTS, RANK = 48, 40, 4


def related(count: int, seed: int = 0, shared: int = 6, noise: float = 0.0) -> list[Factors]:
    """Adapters whose factors lie in `shared` directions a side, and some noise; float64."""
    dice = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=dice, dtype=torch.float64)

    left, right = draw(OUTPUTS, shared), draw(shared, INPUTS)
    return [
        (draw(RANK, shared) @ right + noise * draw(RANK, INPUTS), left @ draw(shared, RANK) + noise * draw(OUTPUTS, RANK))
        for _ in range(count)
    ]  # fmt: skip


def layer_of(some: list[Factors], keep: Keep = Keep(0.999, 32)) -> Layer:  # noqa: B008
    return find_layer(lambda: some, len(some), keep)


def relative(one: Factors, other: Factors) -> float:
    gap, whole = delta_error(one, other)
    return (gap / whole) ** 0.5


def test_a_layer_is_the_plain_svd_of_both_stacks_and_coefficients_are_of_uncentred_factors():
    some = related(10, noise=0.1)
    layer = layer_of(some, Keep(0.9, 32))
    for basis, stack in (
        (layer.inner, torch.cat([a.T for a, _ in some], 1)),
        (layer.outer, torch.cat([b for _, b in some], 1)),
    ):
        left, values, _ = torch.linalg.svd(stack - stack.mean(1, keepdim=True), full_matrices=False)
        k = basis.vectors_DK.shape[1]
        assert float(principal_angles(basis.vectors_DK, left[:, :k]).max()) < 1e-7
        torch.testing.assert_close(basis.variances_K, values[:k] ** 2)
    found = project(layer, some[3])
    torch.testing.assert_close(found.out_KR, layer.outer.vectors_DK.T @ some[3][1])
    torch.testing.assert_close(found.in_KR, layer.inner.vectors_DK.T @ some[3][0].T)


def test_adapters_that_share_their_directions_come_back():
    some = related(12)
    layer = layer_of(some)
    assert layer.inner.vectors_DK.shape[1] == layer.outer.vectors_DK.shape[1] == 6
    assert max(relative(pair, rebuild(layer, project(layer, pair))) for pair in some) < 1e-9


def test_delta_error_is_that_of_the_products():
    one, other = related(2, noise=0.3)
    gap, whole = delta_error(one, other)
    assert gap == pytest.approx(float((one[1] @ one[0] - other[1] @ other[0]).square().sum()))
    assert whole == pytest.approx(float((one[1] @ one[0]).square().sum()))
    assert delta_error(one, one)[0] <= 1e-12 * whole


def test_a_new_task_starts_off_the_saddle():
    layer = layer_of(related(8, shared=16))
    task = trainable(begin(layer, RANK, temporary=2, seed=0))
    a_RD, b_DR = factors(layer, task)
    (b_DR @ a_RD - 1).square().sum().backward()
    assert all(t.grad is not None and float(t.grad.abs().max()) > 0 for t in task.tensors())
    spread = float(task.coefficients.in_KR.detach().std())
    assert spread == pytest.approx(0.01 / layer.inner.vectors_DK.shape[1] ** 0.5, rel=0.4)
    zero = Coefficients(*(torch.zeros_like(t) for t in task.tensors()[:2]))
    dead = trainable(begin(layer, RANK, temporary=0, seed=0, known=zero))
    a_RD, b_DR = factors(layer, dead)
    (b_DR @ a_RD - 1).square().sum().backward()
    assert all(not t.grad.abs().any() for t in dead.tensors()[:2] if t.grad is not None), "both at zero: the saddle"


def test_temporary_directions_lie_outside_the_basis_and_are_few():
    layer = layer_of(related(8, shared=8))
    task = begin(layer, RANK, temporary=2, seed=3)
    assert float((layer.outer.vectors_DK.T @ task.out_DF).abs().max()) < 1e-12
    torch.testing.assert_close(task.in_DF.T @ task.in_DF, torch.eye(2, dtype=torch.float64))
    with pytest.raises(ValueError, match="quarter"):
        begin(layer, RANK, temporary=3, seed=3)


def test_a_known_adapter_is_started_from_and_what_the_basis_lacks_goes_to_temporary_directions():
    some = related(8, shared=16)
    layer = layer_of(some)
    (stranger,) = related(1, seed=9)
    none, four = (relative(stranger, factors(layer, begin(layer, RANK, temporary=t, seed=0, known=stranger))) for t in (0, 4))  # fmt: skip
    assert none > 0.5 and four < 1e-9, "rank 4: four directions hold all that is left"
    again = begin(layer, RANK, temporary=0, seed=0, known=project(layer, some[2]))
    assert relative(some[2], factors(layer, again)) < 1e-9


def learn(layer: Layer, wanted: Tensor, *, temporary: int, known: Coefficients | None = None):
    """Fit ΔW = wanted by gradient steps on a task's tensors; the loss at the start and at the end."""
    task = trainable(begin(layer, RANK, temporary=temporary, seed=1, known=known))
    adam = torch.optim.Adam(task.tensors(), lr=0.05)
    losses: list[float] = []
    for _ in range(600):
        a_RD, b_DR = factors(layer, task)
        loss = (b_DR @ a_RD - wanted).square().mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(float(loss.detach()))
    return task, losses[0], losses[-1]


def test_training_coefficients_learns_what_lies_in_the_basis_and_leaves_the_basis_alone():
    some = related(9, shared=16)
    layer = layer_of(some[:8])
    before = layer.outer.vectors_DK.clone()
    task, first, last = learn(layer, some[8][1] @ some[8][0], temporary=0)
    assert last < 0.02 * first and torch.equal(layer.outer.vectors_DK, before)
    a_RD, b_DR = (t.detach() for t in factors(layer, task))
    assert float((b_DR - before @ (before.T @ b_DR)).norm()) < 1e-9 * float(b_DR.norm())
    full, first, last = learn(layer, some[8][1] @ some[8][0], temporary=0, known=project(layer, some[0]))
    assert last < 0.02 * first, "share-full: from a known adapter's coefficients"


def test_a_merge_keeps_what_temporary_directions_learnt_and_what_was_known():
    some = related(8, shared=16)
    layer = layer_of(some, Keep(0.999, 24))
    known = [project(layer, pair) for pair in some]
    (stranger,) = related(1, seed=9, shared=3)
    task, first, last = learn(layer, stranger[1] @ stranger[0], temporary=4)
    assert last < 0.05 * first, "outside of the basis: temporary directions learn it"
    whole = (factors(layer, task)[0].detach(), factors(layer, task)[1].detach())
    merged, everyone = merge(layer, known, [whole], Keep(0.9999, 40))
    assert relative(whole, rebuild(merged, everyone[-1])) < 0.05
    assert max(relative(p, rebuild(merged, c)) for p, c in zip(some, everyone, strict=False)) < 0.05
    folded_late = rebuild(merged, project(merged, rebuild(layer, Coefficients(*(t.detach() for t in task.tensors()[:2])))))  # fmt: skip
    assert relative(whole, folded_late) > 0.5, "without folding in, what was learnt is lost"
