"""A new block beside frozen ones, by the engine as it is: what moves, what does not, and O-LoRA's penalty."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from continualcode.engine.base import Example
from continualcode.engine.local import LocalEngine
from continualcode.learn.losses import Imitate
from continualcode.sleep.blocks import Block, beside, live, penalty, penalty_gradient
from continualcode.sleep.consolidated import open_saved
from continualcode.sleep.subspace import random_basis

LOSS = Imitate(learning_rate=1e-2, weight_decay=0.01)
OLD, NEW = Example((5, 6, 7), (8, 9, 10)), Example((11, 12, 13), (14, 15, 16))


@pytest.fixture
def old(small_engine: LocalEngine, tmp_path: Path):
    """The factors of a trained adapter; the engine holds it."""
    small_engine.fresh_adapter(rank=4, alpha=8, targets=["all"], seed=1)
    for _ in range(8):
        small_engine.learn([OLD], LOSS)
    small_engine.save_adapter(tmp_path / "old")
    saved = open_saved(tmp_path / "old")
    return {m: saved.factors(m) for m in saved.kind.modules}


def said(engine: LocalEngine, item: Example) -> torch.Tensor:
    return engine.score([(item.student_ids, item.completion_ids)])[0].logprobs_T


def test_a_new_block_begins_as_the_old_adapter_and_learns_while_the_old_one_stays_to_the_bit(small_engine, old):
    before = said(small_engine, OLD)
    with beside(small_engine, old, rank=3, scale=2.0, targets=["all"], seed=2) as block:
        torch.testing.assert_close(said(small_engine, OLD), before, atol=1e-5, rtol=1e-5)
        reports = [block.learn([NEW], LOSS) for _ in range(15)]
        for module, (a_RI, b_OR) in live(small_engine).items():
            assert torch.equal(a_RI[:4], old[module][0]) and torch.equal(b_OR[:, :4], old[module][1])
            assert b_OR[:, 4:].abs().sum() > 0
        assert block.trainable == sum(3 * (a.shape[1] + len(b)) for a, b in live(small_engine).values())
    assert reports[0].grad_norm > 0 and reports[-1].loss < 0.7 * reports[0].loss


def test_what_is_saved_is_the_sum_of_all_blocks_as_an_ordinary_adapter(small_engine, old, tmp_path: Path):
    with beside(small_engine, old, rank=3, scale=2.0, targets=["all"], seed=2) as block:
        block.learn([NEW], LOSS)
    now = said(small_engine, NEW)
    small_engine.save_adapter(tmp_path / "both")
    small_engine.load_adapter(None)
    small_engine.load_adapter(tmp_path / "both")
    torch.testing.assert_close(said(small_engine, NEW), now)
    assert open_saved(tmp_path / "both").kind.rank == 7


def test_the_penalty_of_olora_turns_the_new_rows_away_from_the_old_ones(small_engine, old):
    left: dict[float, float] = {}
    for apart in (0.0, 0.5):
        with beside(small_engine, old, rank=3, scale=2.0, targets=["all"], seed=2, apart=apart) as block:
            for _ in range(15):
                block.learn([NEW], LOSS)
            left[apart] = sum(float(penalty(a[:4], a[4:]).detach()) for a, _ in live(small_engine).values())
    assert left[0.5] < 0.5 * left[0.0]


def test_the_penaltys_gradient_is_that_of_its_formula():
    torch.manual_seed(0)
    old_SI, new_RI = torch.randn(3, 7, dtype=torch.float64), torch.randn(2, 7, dtype=torch.float64, requires_grad=True)
    penalty(old_SI, new_RI).backward()
    torch.testing.assert_close(penalty_gradient(old_SI, new_RI), new_RI.grad)


def test_a_held_a_and_a_confined_b_stay_where_they_may_be(small_engine, old):
    frames = {m: random_basis(len(b), 5, n).float() for n, (m, (_, b)) in enumerate(old.items())}
    fixed = {m: torch.randn(3, a.shape[1]) * 0.1 for m, (a, _) in old.items()}

    def rule(module: str) -> Block:
        return Block(fixed[module], a_moves=False, within_OK=frames[module])

    with beside(small_engine, old, rank=3, scale=2.0, targets=["all"], seed=2, block=rule) as block:
        reports = [block.learn([NEW], LOSS) for _ in range(15)]
        assert block.trainable == len(old) * 3 * 5
        for module, (a_RI, b_OR) in live(small_engine).items():
            assert torch.equal(a_RI[4:], fixed[module])
            rest = b_OR[:, 4:] - frames[module] @ (frames[module].T @ b_OR[:, 4:])
            assert float(rest.detach().norm()) < 1e-5 * float(b_OR[:, 4:].detach().norm())
    assert reports[-1].loss < reports[0].loss


def test_a_block_goes_on_from_a_state_that_was_saved_in_the_middle(small_engine, old, tmp_path: Path):
    with beside(small_engine, old, rank=3, scale=2.0, targets=["all"], seed=2) as block:
        block.learn([NEW], LOSS)
        small_engine.save_state(tmp_path / "state")
        block.learn([NEW], LOSS)
        wanted = {m: b.detach().clone() for m, (_, b) in live(small_engine).items()}
    with beside(small_engine, old, rank=3, scale=2.0, targets=["all"], seed=2) as block:
        small_engine.load_state(tmp_path / "state")
        block.learn([NEW], LOSS)
        assert all(torch.equal(b, wanted[m]) for m, (_, b) in live(small_engine).items())
