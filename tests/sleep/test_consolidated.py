"""A folder of adapters consolidated, read, rebuilt and merged; and every kind of bad input refused in a sentence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from continualcode.engine.base import Example
from continualcode.engine.local import LocalEngine
from continualcode.errors import UserError
from continualcode.learn.losses import Imitate
from continualcode.sleep import consolidated, share
from continualcode.sleep.consolidated import consolidate, find, merge, read
from continualcode.sleep.subspace import Keep, principal_angles

EXACT = Keep(
    variance=1.0, cap=64, mean=True
)  # of three adapters of rank 4 everything: 12 columns, 16 dimensions or more


@pytest.fixture
def some(small_engine: LocalEngine, tmp_path: Path) -> Path:
    """Three adapters that really were trained, in a folder."""
    for n in range(3):
        small_engine.fresh_adapter(rank=4, alpha=8, targets=["all"], seed=n)
        for _ in range(3):
            small_engine.learn([Example((5 + n, 6, 7), (8, 9 + n, 10))], Imitate(learning_rate=1e-2))
        small_engine.save_adapter(tmp_path / "adapters" / f"pattern-{n}")
    return tmp_path / "adapters"


def tensors(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(str(folder / "adapter_model.safetensors"))


def relative(one: Path, other: Path) -> float:
    """√(Σ‖ΔW − ΔW'‖² / Σ‖ΔW‖²) over all layers, by dense products."""
    mine, theirs = tensors(one), tensors(other)
    gap = whole = 0.0
    for name in mine:
        if "lora_A" in name:
            twin = name.replace("lora_A", "lora_B")
            change = mine[twin].double() @ mine[name].double()
            gap += float((change - theirs[twin].double() @ theirs[name].double()).square().sum())
            whole += float(change.square().sum())
    return (gap / whole) ** 0.5


def test_what_was_consolidated_comes_back_as_an_adapter_that_peft_and_the_engine_read(
    some: Path, small_engine: LocalEngine, small_model: Path, tmp_path: Path
):
    consolidate(find(some), tmp_path / "shared", EXACT)
    held = read(tmp_path / "shared", small_engine.model_hash)
    assert held.names == ("pattern-0", "pattern-1", "pattern-2")
    folder = held.reconstruct("pattern-1", tmp_path / "again")
    assert relative(some / "pattern-1", folder) < 1e-5
    item = ((5, 6, 7), (8, 9, 10, 11))
    small_engine.load_adapter(some / "pattern-1")
    wanted = small_engine.score([item], top_k=-1)[0].full_logprobs_TV
    small_engine.load_adapter(folder)
    found = small_engine.score([item], top_k=-1)[0].full_logprobs_TV
    small_engine.load_adapter(None)
    base = small_engine.score([item], top_k=-1)[0].full_logprobs_TV
    assert wanted is not None and found is not None and base is not None
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)
    assert float((base - wanted).abs().max()) > 0.05, "the adapter does something"
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    plain = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(small_model), str(folder))
    logits = plain(torch.tensor([[*item[0], *item[1]]])).logits[0, 2:-1].log_softmax(-1)
    torch.testing.assert_close(logits, wanted, atol=1e-4, rtol=1e-4)


def test_the_folder_holds_what_its_layout_says(some: Path, tmp_path: Path):
    made = consolidate(find(some), tmp_path / "shared", Keep(0.8, 6))
    module = "base_model.model.model.layers.1.mlp.down_proj"
    basis = load_file(str(tmp_path / "shared" / "basis" / f"{module}.safetensors"))
    small = load_file(str(tmp_path / "shared" / "coefficients" / "pattern-2.safetensors"))
    saved = tensors(some / "pattern-2")
    for side, weights in (("in", saved[f"{module}.lora_A.weight"].T), ("out", saved[f"{module}.lora_B.weight"])):
        torch.testing.assert_close(small[f"{module}.{side}"], basis[side].T @ weights)
        assert basis[side].shape[1] == made.note["layers"][module][side]["k"] <= 6
    stack = torch.cat([tensors(f)[f"{module}.lora_B.weight"] for f in sorted(some.iterdir())], 1).double()
    left = torch.linalg.svd(stack - stack.mean(1, keepdim=True), full_matrices=False)[0]
    assert float(principal_angles(basis["out"], left[:, : basis["out"].shape[1]]).max()) < 1e-4
    size = made.size()
    assert size.adapters == sum((f / "adapter_model.safetensors").stat().st_size for f in some.iterdir())
    assert size.basis == sum(f.stat().st_size for f in (tmp_path / "shared" / "basis").iterdir())
    assert size.ratio < size.ratio_without_basis
    assert not list(tmp_path.glob(".shared*"))


def test_groups_of_adapters_change_nothing(some: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    one = consolidate(find(some), tmp_path / "one", Keep(0.9, 8))
    monkeypatch.setattr(consolidated, "_GROUP", 2)
    two = consolidate(find(some), tmp_path / "two", Keep(0.9, 8))
    for name in one.names:
        a, b = (load_file(str(c.folder / "coefficients" / f"{name}.safetensors")) for c in (one, two))
        assert a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def test_no_more_than_one_adapter_is_open_at_a_time(some: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    opened, most = 0, 0
    real = consolidated._opened

    class Watched:
        def __init__(self, file: Path) -> None:
            self.file = real(file)

        def __enter__(self):
            nonlocal opened, most
            opened, most = opened + 1, max(most, opened + 1)
            return self.file.__enter__()

        def __exit__(self, *error: object) -> None:
            nonlocal opened
            opened -= 1
            self.file.__exit__(*error)

    monkeypatch.setattr(consolidated, "_opened", Watched)
    consolidate(find(some), tmp_path / "shared", Keep())
    assert (opened, most) == (0, 1)


def test_a_merge_rebuilds_the_past_and_takes_in_the_new(some: Path, tmp_path: Path):
    saved = find(some)
    past = consolidate(saved[:2], tmp_path / "past", EXACT)
    merged = merge(past, saved[2:], tmp_path / "merged")
    assert merged.names == past.names + ("pattern-2",) and merged.keep == EXACT
    for name in merged.names:
        assert relative(some / name, merged.reconstruct(name, tmp_path / f"again-{name}")) < 1e-4
    assert merged.size().adapters == sum(s.bytes for s in saved)
    with pytest.raises(UserError, match="Two adapters are called pattern-1"):
        merge(past, saved[1:], tmp_path / "twice")


def test_nothing_is_left_when_it_fails_in_the_middle(some: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made = 0

    def fails(*args, **options):
        nonlocal made
        made += 1
        if made == 5:
            raise OSError(28, "No space left on device")
        return share.find_layer(*args, **options)

    monkeypatch.setattr(consolidated, "find_layer", fails)
    with pytest.raises(UserError, match="No space left"):
        consolidate(find(some), tmp_path / "shared", Keep())
    assert [f.name for f in tmp_path.iterdir()] == ["adapters"]


def test_what_is_there_is_not_overwritten(some: Path, tmp_path: Path):
    made = consolidate(find(some), tmp_path / "shared", Keep())
    with pytest.raises(UserError, match="already there"):
        consolidate(find(some), tmp_path / "shared", Keep())
    with pytest.raises(UserError, match="already there"):
        made.reconstruct("pattern-0", some / "pattern-0")
    assert read(tmp_path / "shared").names == made.names


def edit(folder: Path, file: str, **changes: object) -> None:
    path = folder / file
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_adapters_that_do_not_go_together_are_named(some: Path, small_engine: LocalEngine, tmp_path: Path):
    def refused(said: str) -> None:
        with pytest.raises(UserError, match=said) as error:
            consolidate(find(some), tmp_path / "shared")
        assert str(error.value).count(". ") == 0 and not (tmp_path / "shared").exists()

    odd = some / "z"
    small_engine.fresh_adapter(rank=2, alpha=8, targets=["all"], seed=0)
    small_engine.save_adapter(odd)
    refused(r"pattern-0 and z cannot be consolidated: their ranks differ \(4 and 2\)")
    shutil.rmtree(odd)
    small_engine.fresh_adapter(rank=4, alpha=8, targets=["attention"], seed=0)
    small_engine.save_adapter(odd)
    refused(r"their target modules differ \(down_proj,.* and k_proj,o_proj,q_proj,v_proj\)")
    shutil.rmtree(odd)
    shutil.copytree(some / "pattern-0", odd)
    edit(odd, "continualcode.json", base={"model": "other", "hash": "f" * 64})
    refused(r"their base models differ \(\w{12} and f{12}\)")
    edit(odd, "adapter_config.json", lora_alpha=3)
    shutil.copy(some / "pattern-0" / "continualcode.json", odd)
    refused(r"their alphas differ \(8.0 and 3.0\)")
    edit(odd, "adapter_config.json", use_dora=True)
    refused("not a plain LoRA")
    shutil.copy(some / "pattern-0" / "adapter_config.json", odd)
    weights = tensors(odd)
    save_file({n: t * float("nan") for n, t in weights.items()}, str(odd / "adapter_model.safetensors"))
    refused("not finite")
    (odd / "adapter_model.safetensors").write_bytes(b"no tensors")
    refused("broken")
    (odd / "adapter_model.safetensors").unlink()
    refused("no adapter_model.safetensors")


def test_empty_folders_and_single_adapters_are_refused(some: Path, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    for folder, said in ((tmp_path / "empty", "No adapter lies in"), (tmp_path / "nowhere", "There is no folder")):
        with pytest.raises(UserError, match=said):
            find(folder)
    with pytest.raises(UserError, match="pattern-0 is one adapter only"):
        consolidate(find(some)[:1], tmp_path / "shared")
    with pytest.raises(UserError, match="no adapter to consolidate"):
        consolidate([], tmp_path / "shared")


def test_a_consolidated_folder_of_another_model_or_broken_is_refused(some: Path, tmp_path: Path):
    made = consolidate(find(some), tmp_path / "shared", Keep())
    with pytest.raises(UserError, match="made for another base model"):
        read(tmp_path / "shared", "0" * 64)
    with pytest.raises(UserError, match="holds no adapter nosuch; it has pattern-0, pattern-1, pattern-2"):
        made.reconstruct("nosuch", tmp_path / "x")
    with pytest.raises(UserError, match="consolidated.json is missing"):
        read(some)

    def broken(name: str):
        folder = tmp_path / name
        shutil.copytree(tmp_path / "shared", folder)
        return folder

    (broken("a") / "coefficients" / "pattern-1.safetensors").unlink()
    part = next((broken("b") / "basis").iterdir())
    save_file({n: t[:, 1:].contiguous() for n, t in load_file(str(part)).items()}, str(part))
    (broken("c") / "consolidated.json").write_text("{")
    edit(broken("d"), "consolidated.json", adapters={"../../adapters/pattern-0": 1})
    for name in "abcd":
        with pytest.raises(UserError, match="is broken"):
            read(tmp_path / name)
    edit(broken("e"), "consolidated.json", format=99)
    with pytest.raises(UserError, match="format 99"):
        read(tmp_path / "e")


def test_adapters_that_changed_nothing_yet_come_back_as_such(small_engine: LocalEngine, tmp_path: Path):
    for n in range(2):
        small_engine.fresh_adapter(rank=4, alpha=8, targets=["attention"], seed=n)
        small_engine.save_adapter(tmp_path / "adapters" / str(n))
    made = consolidate(find(tmp_path / "adapters"), tmp_path / "shared")
    folder = made.reconstruct("0", tmp_path / "again")
    assert not any(t.any() for n, t in tensors(folder).items() if "lora_B" in n)
    small_engine.load_adapter(folder)
