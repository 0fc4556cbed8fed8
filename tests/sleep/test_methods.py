"""Every method behind the one interface: it trains, it asserts that it did, it goes on after a kill, it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from continualcode.config import Settings
from continualcode.engine.local import LocalEngine
from continualcode.errors import UserError
from continualcode.sleep import consolidated, modes
from continualcode.sleep.blocks import live
from continualcode.sleep.curate import Dataset, Item, content_hash
from continualcode.sleep.methods import METHODS, learn, make, method, train_night
from continualcode.sleep.subspace import Keep
from continualcode.sleep.train import TrainingFailed, weight_change


def item(n: int, use: str = "train") -> Item:
    buggy = f"pub fn f{n}() -> Vec<i32> {{\n    let v{n} = Vec::new();\n    v{n}.push({n});\n    v{n}\n}}\n"
    return Item("variant", use, "bc_missing_mut", "", buggy, buggy.replace(f"let v{n}", f"let mut v{n}"), f"error[E0596]: cannot borrow `v{n}` as mutable\n2|")  # fmt: skip


def dataset(*items: Item) -> Dataset:
    return Dataset(items, {"hash": content_hash(items)})


DATA = dataset(*(item(n) for n in range(6)), *(item(n, "replay") for n in range(8, 10)), item(12, "held_out"))
SUPERVISED = [m for m in METHODS if m not in ("dream", "naive")]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home").replace(
        night_steps=4, night_batch=2, night_learning_rate=5e-3, lora_rank=4, lora_alpha=8, lora_targets="all"
    )


@pytest.fixture
def parent(small_engine: LocalEngine, settings: Settings, tmp_path: Path) -> Path:
    """An adapter of before, trained on other programs."""
    other = dataset(*(item(n) for n in range(20, 24)))
    make(small_engine, other, tmp_path / "parent", tmp_path / "w", settings=settings.replace(night_method="lora"), parent=None)  # fmt: skip
    return tmp_path / "parent"


@pytest.fixture
def basis(small_engine: LocalEngine, settings: Settings, tmp_path: Path) -> Path:
    """What four adapters have in common."""
    for n in range(4):
        how = settings.replace(night_method="lora", seed=n, night_steps=2)
        some = dataset(*(item(10 * n + k) for k in range(30, 34)))
        make(small_engine, some, tmp_path / "farm" / f"a{n}", tmp_path / "w", settings=how, parent=None)
    return consolidated.consolidate(consolidated.find(tmp_path / "farm"), tmp_path / "shared", Keep(0.99, 16)).folder


@pytest.mark.parametrize("name", SUPERVISED)
def test_a_method_lowers_the_loss_and_leaves_an_adapter_with_its_card(
    name: str, small_engine: LocalEngine, settings: Settings, parent: Path, basis: Path, tmp_path: Path
):
    how = settings.replace(night_method=name, night_steps=12, seed=3)
    learnt = make(
        small_engine, DATA, tmp_path / "out", tmp_path / "w", settings=how, parent=parent, basis=basis, check_every=3
    )
    trained = learnt.trained
    assert trained.grad_norm > 0 and trained.delta > 0
    assert trained.held_out_first is not None and trained.held_out_best is not None
    assert trained.held_out_best < trained.held_out_first
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    assert card["method"] == name and card["seed"] == 3 and card["data"]["hash"] == DATA.hash
    assert card["base_hash"] == small_engine.model_hash and card["trainable"] == learnt.trainable > 0
    now = small_engine.snapshot().weights
    small_engine.load_adapter(tmp_path / "out")
    assert all(torch.equal(t, now[n]) for n, t in small_engine.snapshot().weights.items())
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize("name", ["olora", "keeplora", "share", "uwsh"])
def test_a_training_cut_off_after_a_look_ends_with_the_same_weights(
    name: str, small_engine: LocalEngine, settings: Settings, parent: Path, basis: Path, tmp_path: Path
):
    how = settings.replace(night_method=name)
    learn(small_engine, DATA, tmp_path / "a", settings=how, parent=parent, basis=basis, check_every=2)
    wanted = small_engine.snapshot().weights

    class Cut(Exception):
        pass

    def cut(n: int, of: int, loss: float) -> None:
        if n == 3:
            raise Cut

    with pytest.raises(Cut):
        learn(small_engine, DATA, tmp_path / "b", settings=how, parent=parent, basis=basis, check_every=2, progress=cut)
    small_engine.load_adapter(None)
    learn(small_engine, DATA, tmp_path / "b", settings=how, parent=parent, basis=basis, check_every=2)
    found = small_engine.snapshot().weights
    assert all(torch.equal(found[n], t) for n, t in wanted.items())


def test_trainable_numbers_are_those_that_can_move(
    small_engine: LocalEngine, settings: Settings, basis: Path, tmp_path: Path
):
    counts = {
        name: learn(small_engine, DATA, tmp_path / name, settings=settings.replace(night_method=name), parent=None, basis=basis).trainable
        for name in ("lora", "olora", "keeplora", "uwsh", "share")
    }  # fmt: skip
    assert counts["lora"] == counts["olora"] > counts["keeplora"]
    held = consolidated.read(basis)
    found = modes.find_modes(held.adapters(), tmp_path / "found").layers.values()
    assert counts["uwsh"] == sum(x.in_IK.shape[1] * x.out_OK.shape[1] for x in found)
    sizes = [x[side]["k"] for x in held.note["layers"].values() for side in ("in", "out")]
    assert counts["share"] > 4 * sum(sizes), "coefficients, and temporary directions beside them"


def test_keeplora_reads_only_outside_of_what_is_known(
    small_engine: LocalEngine, settings: Settings, parent: Path, tmp_path: Path
):
    from continualcode.sleep import keep
    from continualcode.sleep.train import examples

    how = settings.replace(night_method="keeplora")
    small_engine.load_adapter(parent)
    known = keep.inputs(small_engine, examples(small_engine, DATA.use("replay")))
    learn(small_engine, DATA, tmp_path / "w", settings=how, parent=parent)
    modules = dict(small_engine.causal.named_modules())
    for name, (a_RI, _) in live(small_engine).items():
        weight = modules[name.removeprefix("base_model.model.")].base_layer.weight
        frame = keep.frame(weight, known[name])
        assert float((a_RI[4:].detach().double() @ frame).norm()) < 1e-4 * float(a_RI[4:].detach().norm())


def test_uwsh_is_the_mean_and_a_core_between_the_modes(
    small_engine: LocalEngine, settings: Settings, basis: Path, tmp_path: Path
):
    found = modes.find_modes(consolidated.find(tmp_path / "farm"), tmp_path / "modes")
    how = settings.replace(night_method="uwsh")
    make(small_engine, DATA, tmp_path / "out", tmp_path / "w", settings=how, parent=None, basis=tmp_path / "modes")
    saved = consolidated.open_saved(tmp_path / "out")
    size = modes.write_cores(found, saved.factors, tmp_path / "cores.safetensors")
    from safetensors.torch import load_file

    cores = load_file(str(tmp_path / "cores.safetensors"))
    assert size < saved.bytes / 4
    for name, layer in found.layers.items():
        a_RI, b_OR = saved.factors(name)
        k = layer.in_IK.shape[1]
        wanted = layer.mean[1] @ layer.mean[0] + layer.out_OK.float() @ cores[name] @ layer.in_IK.float().T
        torch.testing.assert_close(b_OR @ a_RI, wanted.float(), atol=1e-5, rtol=1e-3)
        assert cores[name].shape == (layer.out_OK.shape[1], k)


def test_random_modes_have_the_same_sizes_and_no_mean(
    small_engine: LocalEngine, settings: Settings, basis: Path, tmp_path: Path
):
    found = modes.find_modes(consolidated.find(tmp_path / "farm"), tmp_path / "modes")
    blind = modes.random_modes(found, tmp_path / "blind", seed=0)
    again = modes.read_modes(tmp_path / "blind", small_engine.model_hash)
    for name, layer in found.layers.items():
        other = again.layers[name]
        assert other.in_IK.shape == layer.in_IK.shape and other.out_OK.shape == layer.out_OK.shape
        assert len(other.mean[0]) == 0 and not torch.allclose(other.in_IK, layer.in_IK.float())
    assert blind.bytes < found.bytes
    how = settings.replace(night_method="uwsh")
    assert (
        learn(small_engine, DATA, tmp_path / "w", settings=how, parent=None, basis=tmp_path / "blind").trained.delta > 0
    )
    with pytest.raises(UserError, match="another base model"):
        modes.read_modes(tmp_path / "blind", "0" * 64)


def test_dreaming_says_when_the_draws_taught_nothing(small_engine: LocalEngine, settings: Settings, tmp_path: Path):
    how = settings.replace(night_method="dream", night_steps=1, night_batch=4, max_new_tokens=8, auto_teacher="base", jobs=1)  # fmt: skip
    with pytest.raises(TrainingFailed, match="nothing to learn from"):
        learn(small_engine, dataset(item(0)), tmp_path / "w", settings=how, parent=None)


def test_dreaming_learns_from_draws_alone_and_goes_on_where_it_was_cut_off(
    small_engine: LocalEngine, settings: Settings, tmp_path: Path
):
    known, held = dataset(item(0), item(1)), dataset(item(0), item(1), item(12, "held_out"))
    how = settings.replace(night_steps=60, night_learning_rate=2e-2, lora_rank=16, lora_alpha=32, jobs=1)
    make(small_engine, known, tmp_path / "p", tmp_path / "w", settings=how.replace(night_method="lora"), parent=None, check_every=99)  # fmt: skip
    how = how.replace(
        night_method="dream", night_steps=2, night_batch=4, max_new_tokens=64, auto_teacher="base", drift_budget=50
    )
    trained = learn(small_engine, held, tmp_path / "a", settings=how, parent=tmp_path / "p", check_every=2).trained
    assert trained.delta > 0 and trained.grad_norm > 0 and trained.steps == 2 and trained.examples == 2
    assert trained.held_out_first is not None and trained.held_out_best is not None
    wanted = small_engine.snapshot().weights

    class Cut(Exception):
        pass

    def cut(n: int, of: int, loss: float) -> None:
        if n == 2:
            raise Cut

    with pytest.raises(Cut):
        learn(small_engine, held, tmp_path / "b", settings=how, parent=tmp_path / "p", check_every=2, progress=cut)
    small_engine.load_adapter(None)
    again = learn(small_engine, held, tmp_path / "b", settings=how, parent=tmp_path / "p", check_every=2).trained
    assert again.steps == 2 and again.delta > 0
    assert all(torch.equal(t, wanted[n]) for n, t in small_engine.snapshot().weights.items())


def test_the_nights_hook_takes_trains_arguments(small_engine: LocalEngine, settings: Settings, parent: Path, tmp_path: Path):  # fmt: skip
    seen: list[int] = []
    trained = train_night(
        small_engine, DATA, tmp_path / "w", settings=settings.replace(night_method="olora"), parent=parent,
        anchors=(), progress=lambda n, of, loss: seen.append(n),
    )  # fmt: skip
    assert seen == [1, 2, 3, 4] and trained.steps == 4
    assert weight_change(tmp_path / "w" / "start", tmp_path / "w" / "end") == pytest.approx(trained.delta)


def test_a_block_sits_on_the_layers_of_the_adapter_before_it(
    small_engine: LocalEngine, settings: Settings, parent: Path, tmp_path: Path
):
    how = settings.replace(night_method="olora", lora_targets="q_proj")
    learn(small_engine, DATA, tmp_path / "w", settings=how, parent=parent)
    assert live(small_engine).keys() == consolidated.open_saved(parent).kind.modules.keys()


def test_what_cannot_be_trained_is_refused_with_a_sentence(
    small_engine: LocalEngine, settings: Settings, tmp_path: Path
):
    with pytest.raises(UserError, match="no night method `nosuch`; choose one of lora"):
        method("nosuch")
    with pytest.raises(UserError, match="set night_basis"):
        learn(small_engine, DATA, tmp_path / "w", settings=settings.replace(night_method="uwsh"), parent=None)
    with pytest.raises(UserError, match="no consolidated folder"):
        learn(small_engine, DATA, tmp_path / "v", settings=settings.replace(night_method="share"), parent=None, basis=tmp_path)  # fmt: skip
