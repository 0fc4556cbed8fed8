import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from continualcode.config import Settings
from continualcode.engine.base import Example
from continualcode.engine.local import LocalEngine
from continualcode.sleep.curate import Dataset, Item, content_hash
from continualcode.sleep.train import ANCHORS_A_STEP, FLOOR, Schedule, TrainingFailed, rate, train, weight_change


def item(n: int, use: str = "train") -> Item:
    buggy = f"pub fn f{n}() -> Vec<i32> {{\n    let v{n} = Vec::new();\n    v{n}.push({n});\n    v{n}\n}}\n"
    return Item("variant", use, "bc_missing_mut", "", buggy, buggy.replace(f"let v{n}", f"let mut v{n}"), f"error[E0596]: cannot borrow `v{n}` as mutable\n2|")  # fmt: skip


def dataset(*items: Item) -> Dataset:
    return Dataset(items, {"hash": content_hash(items)})


DATA = dataset(*(item(n) for n in range(8)), *(item(n, "replay") for n in range(8, 12)), item(12, "held_out"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home").replace(night_steps=6, night_batch=3, night_learning_rate=3e-3, lora_rank=4)


def weights(engine: LocalEngine) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in engine._adapter.parameters.items()}


def test_training_moves_the_weights_and_lowers_the_loss(small_engine: LocalEngine, settings: Settings, tmp_path: Path):
    seen: list[int] = []
    trained = train(
        small_engine, DATA, tmp_path / "w", settings=settings, parent=None, check_every=2,
        progress=lambda n, of, loss: seen.append(n),
    )  # fmt: skip
    assert trained.last_loss < trained.first_loss and trained.delta > 0 and trained.grad_norm > 0
    assert trained.held_out_best is not None and trained.held_out_first is not None
    assert trained.held_out_best < trained.held_out_first
    assert seen == list(range(1, trained.steps + 1)) and trained.stopped == "steps"
    assert any("mlp" in name or "gate_proj" in name for name in weights(small_engine)), "all linear layers by default"


def test_a_training_cut_off_at_any_look_ends_with_the_same_weights(
    small_engine: LocalEngine, settings: Settings, tmp_path: Path
):
    whole = train(small_engine, DATA, tmp_path / "a", settings=settings, parent=None, check_every=2)
    expected = weights(small_engine)

    class Cut(Exception):
        pass

    for at in (1, 5):

        def cut(n: int, of: int, loss: float, at: int = at) -> None:
            if n == at:
                raise Cut

        folder = tmp_path / f"b{at}"
        with pytest.raises(Cut):
            train(small_engine, DATA, folder, settings=settings, parent=None, check_every=2, progress=cut)
        small_engine.load_adapter(None)
        steps: list[int] = []

        def count(n: int, of: int, loss: float, steps: list[int] = steps) -> None:
            steps.append(n)

        again = train(small_engine, DATA, folder, settings=settings, parent=None, check_every=2, progress=count)
        assert steps[0] == at // 2 * 2 + 1 and again.steps == whole.steps
        found = weights(small_engine)
        assert all(torch.equal(found[k], expected[k]) for k in expected)


def test_training_goes_on_from_its_parent(small_engine: LocalEngine, settings: Settings, tmp_path: Path):
    train(small_engine, DATA, tmp_path / "a", settings=settings, parent=None)
    parent = tmp_path / "parent"
    small_engine.save_adapter(parent)
    small_engine.load_adapter(None)
    train(small_engine, DATA, tmp_path / "b", settings=settings.replace(night_steps=1), parent=parent)
    child = tmp_path / "child"
    small_engine.save_adapter(child)
    assert 0 < weight_change(parent, child) < weight_change(tmp_path / "a" / "start", child)
    assert weight_change(parent, parent) == 0


def test_nothing_to_train_on_or_no_gradient_is_not_a_candidate(
    small_engine: LocalEngine, settings: Settings, tmp_path: Path
):
    long = replace(item(0), buggy=item(0).buggy * 200, fixed=item(0).fixed + item(0).buggy * 199)
    with pytest.raises(TrainingFailed, match="context"):
        train(small_engine, dataset(long), tmp_path / "a", settings=settings, parent=None)
    with pytest.raises(TrainingFailed, match="zero|finite"):
        train(
            small_engine,
            dataset(replace(item(0), weight=0.0)),
            tmp_path / "b",
            settings=settings.replace(night_batch=1),
            parent=None,
        )


def test_minutes_end_training(small_engine: LocalEngine, settings: Settings, tmp_path: Path):
    quick = settings.replace(night_steps=10_000, night_minutes=0.01)
    trained = train(small_engine, DATA, tmp_path / "a", settings=quick, parent=None)
    assert trained.stopped == "minutes" and trained.steps < 200 and trained.seconds < 10
    assert json.loads((tmp_path / "a" / "progress.json").read_text())["best"] is not None


def test_schedule_is_a_function_of_seed_and_step_and_sees_everything():
    pool = [Example((n,), (1,)) for n in range(7)]
    replay = [Example((100 + n,), (1,)) for n in range(3)]
    anchors = [Example((200 + n,), (1,), anchor=True) for n in range(5)]
    one, two = (Schedule(pool, replay, anchors, batch=5, share=0.4, seed=3) for _ in range(2))
    batches = [one.batch(n) for n in range(7)]
    assert [two.batch(n) for n in reversed(range(7))] == batches[::-1]
    drawn = [e.student_ids[0] for b in batches for e in b]
    assert all(drawn.count(n) == 3 for n in range(7)) and all(len(b) == 5 + ANCHORS_A_STEP for b in batches)
    assert Schedule(pool, (), (), batch=5, share=0.4, seed=3).takes == (5, 0, 0)


def test_rate_warms_up_and_decays_by_steps_or_time():
    rates = [rate(n, 100, 0.0, 60.0, 1.0) for n in range(100)]
    assert rates[0] < rates[5] and max(rates) == pytest.approx(1.0, abs=0.01) and rates[-1] < 0.12
    assert rate(50, 100, 60.0, 60.0, 1.0) == pytest.approx(FLOOR)
