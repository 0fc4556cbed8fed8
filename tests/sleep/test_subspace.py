"""Principal directions of streamed columns are those of the plain SVD, and distances between subspaces are right."""

from __future__ import annotations

import gc
import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from continualcode.errors import UserError
from continualcode.sleep import subspace
from continualcode.sleep.subspace import Keep, grassmann_distance, overlap, principal, principal_angles, random_basis


def columns(dimension: int, count: int, seed: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Columns with a decaying spectrum and a mean that is far from zero."""
    dice = torch.Generator().manual_seed(seed)
    width = min(dimension, count)
    left = torch.randn(dimension, width, generator=dice, dtype=torch.float64)
    right = torch.randn(width, count, generator=dice, dtype=torch.float64)
    decay = 0.7 ** torch.arange(width, dtype=torch.float64)
    return (left * decay @ right + 3 * torch.randn(dimension, 1, generator=dice, dtype=torch.float64)).to(dtype)


def plain(stack_DN: Tensor, variance: float, cap: int) -> tuple[Tensor, float]:
    """The reference: centre, SVD, fewest directions for the share of variance; float64."""
    stack_DN = stack_DN.double()
    left, values, _ = torch.linalg.svd(stack_DN - stack_DN.mean(1, keepdim=True), full_matrices=False)
    shares = values.square().cumsum(0) / values.square().sum()
    k = min(cap, int((shares < variance).sum()) + 1)
    return left[:, :k], float(shares[k - 1])


def same_space(one_DK: Tensor, other_DK: Tensor, tolerance: float) -> bool:
    return one_DK.shape == other_DK.shape and float(principal_angles(one_DK, other_DK).max()) < tolerance


@pytest.mark.parametrize(("dimension", "count"), [(40, 96), (96, 40), (64, 64)])
@pytest.mark.parametrize("variance", [0.6, 0.9, 0.999])
def test_streamed_directions_are_those_of_the_plain_svd(dimension: int, count: int, variance: float):
    stack_DN = columns(dimension, count, seed=1)
    found = principal(lambda: stack_DN.split(7, 1), dimension, count, Keep(variance, 64))
    wanted_DK, explained = plain(stack_DN, variance, 64)
    assert same_space(found.vectors_DK, wanted_DK, 1e-7)
    assert found.explained == pytest.approx(explained, rel=1e-9)
    each = (found.vectors_DK * wanted_DK).sum(0).abs()
    torch.testing.assert_close(each, torch.ones_like(each))


@pytest.mark.parametrize(("dimension", "count"), [(40, 96), (96, 40)])
def test_in_float32_the_strong_directions_are_the_same(dimension: int, count: int):
    stack_DN = columns(dimension, count, seed=2, dtype=torch.float32)
    found = principal(lambda: stack_DN.split(8, 1), dimension, count, Keep(0.95, 64), dtype=torch.float32)
    assert found.vectors_DK.dtype == torch.float32
    assert same_space(found.vectors_DK, plain(stack_DN, 0.95, 64)[0], 1e-4)


def test_many_tiles_and_wide_blocks_give_the_same(monkeypatch: pytest.MonkeyPatch):
    stack_DN = columns(50, 300, seed=3)
    monkeypatch.setattr(subspace, "_TILE", 16)
    monkeypatch.setattr(subspace, "_WIDTH", 33)
    found = principal(lambda: stack_DN.split(4, 1), 50, 300, Keep(0.9, 64))
    assert same_space(found.vectors_DK, plain(stack_DN, 0.9, 64)[0], 1e-7)


def test_memory_does_not_grow_with_the_columns():
    def columns_of(count: int):
        dice = torch.Generator().manual_seed(0)
        return lambda: (torch.randn(256, 64, generator=dice) for _ in range(count))

    def held(field: str) -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(field)) // 1024

    principal(columns_of(20), 256, 20 * 64, Keep(0.9, 16))
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark begins anew
    before = held("VmRSS")
    principal(columns_of(1000), 256, 1000 * 64, Keep(0.9, 16))
    assert held("VmHWM") - before < 25, "MiB; the columns are 62"


def test_the_cap_holds_where_the_spectrum_is_flat_and_says_what_it_explains():
    flat_DN = torch.randn(80, 400, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = principal(lambda: [flat_DN], 80, 400, Keep(0.95, 10))
    assert found.vectors_DK.shape == (80, 10) and 10 / 80 < found.explained < 0.4


def test_rounding_is_no_direction_and_columns_without_variance_have_none():
    one_D1 = torch.randn(30, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    line_DN = one_D1 * torch.arange(1.0, 9.0, dtype=torch.float64)
    assert principal(lambda: [line_DN], 30, 8, Keep(1.0, 64)).vectors_DK.shape == (30, 1)
    nothing = principal(lambda: [torch.zeros(30, 8)], 30, 8, Keep(0.9, 64))
    assert nothing.vectors_DK.shape == (30, 0) and nothing.explained == 1.0


def test_with_the_mean_kept_uncentred_columns_are_held_exactly():
    stack_DN = columns(60, 20, seed=4)
    without, within = (principal(lambda: [stack_DN], 60, 20, Keep(1.0, 64, mean)).vectors_DK for mean in (False, True))
    lost = [float((stack_DN - u @ (u.T @ stack_DN)).norm() / stack_DN.norm()) for u in (without, within)]
    assert lost[0] > 0.01 and lost[1] < 1e-9 and within.shape[1] == without.shape[1] + 1
    full = principal(lambda: [stack_DN], 60, 20, Keep(1.0, 5, True)).vectors_DK
    assert full.shape == (60, 5), "within the cap"
    torch.testing.assert_close(full.T @ full, torch.eye(5, dtype=torch.float64))


@settings(max_examples=30, deadline=None)
@given(
    st.integers(2, 24), st.integers(2, 40), st.integers(0, 9999), st.floats(0.05, 1.0), st.integers(1, 30), st.booleans()
)  # fmt: skip
def test_bases_are_orthonormal_and_explain_enough_or_fill_the_cap(dimension, count, seed, variance, cap, mean):
    stack_DN = columns(dimension, count, seed)
    found = principal(lambda: stack_DN.split(3, 1), dimension, count, Keep(variance, cap, mean))
    k = found.vectors_DK.shape[1]
    torch.testing.assert_close(found.vectors_DK.T @ found.vectors_DK, torch.eye(k, dtype=torch.float64))
    assert k <= cap and (mean or k == cap or found.explained >= variance - 1e-6)


def test_angles_are_those_that_were_put_in_small_ones_too():
    frame = random_basis(20, 6, 5)
    angles = torch.tensor([1e-9, 0.3, 1.5], dtype=torch.float64)
    turned = frame[:, :3] * angles.cos() + frame[:, 3:] * angles.sin()
    torch.testing.assert_close(principal_angles(frame[:, :3], turned), angles, rtol=1e-5, atol=1e-15)
    assert grassmann_distance(frame[:, :3], turned) == pytest.approx(math.hypot(0.3, 1.5))
    assert overlap(frame[:, :3], turned) == pytest.approx((1 + math.cos(0.3) ** 2 + math.cos(1.5) ** 2) / 3)
    assert principal_angles(frame[:, :2], frame[:, :5]).tolist() == pytest.approx([0, 0], abs=1e-12)


def test_random_bases_agree_by_chance_alone():
    agreed = [overlap(random_basis(100, 10, n), random_basis(100, 10, 1000 + n)) for n in range(40)]
    assert sum(agreed) / 40 == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("wrong", [{"variance": 0.0}, {"variance": 1.2}, {"cap": 0}])
def test_shares_and_caps_without_meaning_are_refused(wrong: dict):
    with pytest.raises(UserError):
        Keep(**wrong)
