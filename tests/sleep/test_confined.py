"""Training inside a frozen basis, by the engine as it is: what is learnt, and what cannot move."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from continualcode.engine.base import Example
from continualcode.engine.local import LocalEngine
from continualcode.errors import UserError
from continualcode.learn.losses import Imitate
from continualcode.sleep.confined import Side, confined
from continualcode.sleep.consolidated import Consolidated, consolidate, find, merge
from continualcode.sleep.subspace import Keep, random_basis

LOSS = Imitate(learning_rate=1e-2)
ITEM = Example((11, 12, 13), (14, 15, 16))


@pytest.fixture
def held(small_engine: LocalEngine, tmp_path: Path) -> Consolidated:
    """Four trained adapters, consolidated."""
    for n in range(4):
        small_engine.fresh_adapter(rank=4, alpha=8, targets=["all"], seed=n)
        for _ in range(4):
            small_engine.learn([Example((5 + n, 6, 7), (8, 9 + n, 10))], LOSS)
        small_engine.save_adapter(tmp_path / "adapters" / f"a{n}")
    return consolidate(find(tmp_path / "adapters"), tmp_path / "shared", Keep(0.999, 12))


def outside(engine: LocalEngine, held: Consolidated, folder: Path) -> list[torch.Tensor]:
    """Singular values of what the saved factors have outside of the basis, relative to the factors."""
    engine.save_adapter(folder)
    (saved,) = [s for s in find(folder.parent) if s.name == folder.name]
    values = []
    for module in held.kind.modules:
        layer, (a_RD, b_DR) = held.layer(module), saved.factors(module)
        for frame, factor in ((layer.inner.vectors_DK, a_RD.T), (layer.outer.vectors_DK, b_DR)):
            values.append(torch.linalg.svdvals(factor - frame @ (frame.T @ factor)) / factor.norm())
    return values


@pytest.mark.parametrize("temporary", [0, 2])
def test_a_task_is_learnt_inside_the_basis_and_few_directions_beside_it(
    small_engine: LocalEngine, held: Consolidated, tmp_path: Path, temporary: int
):
    with confined(small_engine, held, temporary=temporary, seed=1) as inside:
        reports = [inside.learn([ITEM], LOSS) for _ in range(25)]
    assert reports[0].grad_norm > 0 and reports[-1].loss < 0.7 * reports[0].loss
    rest = outside(small_engine, held, tmp_path / "new" / "task")
    assert all(float(v[temporary:].max()) < 1e-5 for v in rest)
    if temporary:
        assert max(float(v[temporary - 1]) for v in rest) > 1e-3, "temporary directions are used"
    small_engine.learn([ITEM], LOSS)
    assert max(float(v[temporary]) for v in outside(small_engine, held, tmp_path / "new" / "free")) > 1e-4, "free again"


def test_what_was_learnt_survives_the_merge(small_engine: LocalEngine, held: Consolidated, tmp_path: Path):
    def loss() -> float:
        return -float(small_engine.score([(ITEM.student_ids, ITEM.completion_ids)])[0].logprobs_T.mean())

    before = loss()
    with confined(small_engine, held, temporary=2, seed=1) as inside:
        for _ in range(25):
            inside.learn([ITEM], LOSS)
    learnt = loss()
    small_engine.save_adapter(tmp_path / "new" / "task")
    merged = merge(held, find(tmp_path / "new"), tmp_path / "merged", Keep(1.0, 40, mean=True))
    small_engine.load_adapter(merged.reconstruct("task", tmp_path / "again"))
    assert learnt < 0.7 * before and loss() == pytest.approx(learnt, abs=0.02)


def test_share_full_goes_on_from_a_known_adapter(small_engine: LocalEngine, held: Consolidated, tmp_path: Path):
    folder = held.reconstruct("a2", tmp_path / "a2")
    small_engine.load_adapter(folder)
    wanted = small_engine.snapshot().weights
    with confined(small_engine, held, temporary=0, seed=1, known="a2"):
        started = small_engine.snapshot().weights
    for name, t in wanted.items():
        torch.testing.assert_close(started[name], t, atol=1e-5, rtol=1e-4)


def test_a_step_along_the_tangent_stays_nearly_allowed_and_goes_downhill():
    torch.manual_seed(0)
    side = Side(random_basis(30, 6, 0), extra=2)
    factor = side.settle(torch.randn(30, 5, dtype=torch.float64))
    assert torch.allclose(side.settle(factor), factor, atol=1e-12)
    gradient = torch.randn(30, 5, dtype=torch.float64)
    along = side.tangent(gradient)
    torch.testing.assert_close(side.tangent(along), along)
    assert float((along * gradient).sum()) == pytest.approx(float(along.square().sum()))
    gone = [float((side.settle(factor - h * along) - (factor - h * along)).norm()) for h in (1e-3, 1e-4)]
    assert gone[1] < 0.02 * gone[0], "what settling takes away is of second order"


def test_what_does_not_fit_is_refused_before_anything_moves(
    small_engine: LocalEngine, held: Consolidated, tmp_path: Path
):
    before = small_engine.snapshot().weights
    with pytest.raises(UserError, match="temporary directions"), confined(small_engine, held, temporary=9, seed=0):
        pass
    with pytest.raises(UserError, match="no adapter nosuch"), confined(small_engine, held, temporary=0, seed=0, known="nosuch"):  # fmt: skip
        pass
    foreign = Consolidated(held.folder, {**held.note, "base_key": "0" * 64})
    with pytest.raises(UserError, match="another base model"), confined(small_engine, foreign, temporary=0, seed=0):
        pass
    after = small_engine.snapshot().weights
    assert all(torch.equal(after[n], t) for n, t in before.items())


def test_adapters_that_changed_nothing_are_no_basis_to_train_in(small_engine: LocalEngine, tmp_path: Path):
    for n in range(2):
        small_engine.fresh_adapter(rank=4, alpha=8, targets=["all"], seed=n)
        small_engine.save_adapter(tmp_path / "adapters" / str(n))
    held = consolidate(find(tmp_path / "adapters"), tmp_path / "shared")
    with pytest.raises(UserError, match="changed nothing"), confined(small_engine, held, temporary=0, seed=0):
        pass
