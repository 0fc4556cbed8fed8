"""A comparison with a tiny model: every method makes its cell, a cut-off one goes on, and figures are what cells say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from continualcode.config import Settings
from continualcode.errors import UserError
from continualcode.report.comparison import comparison_figure
from continualcode.sleep import compare as comparing
from continualcode.sleep import comparison, consolidated, curate
from continualcode.sleep.compare import METHODS, Plan, compare, mean_adapter
from continualcode.sleep.farm import Plot, farm

PATTERNS = ("bc_missing_mut", "rh_map_err", "bc_assign_twice")
SOME = [m for m in METHODS if m not in ("uwsh", "random_basis")]  # those need a fourth pattern


@pytest.fixture
def plan(small_model: Path, tmp_path: Path, few_koans) -> Plan:
    settings = Settings(home=tmp_path / "home", model_name=str(small_model), profile="compact", device="cpu").replace(
        night_steps=2, night_batch=4, night_variants=6, night_learning_rate=5e-3, lora_rank=4, lora_alpha=8,
        max_attempts=1, max_new_tokens=8, jobs=1, auto_teacher="base",
    )  # fmt: skip
    return Plan(PATTERNS, probes=2, gate=4, test=False, settings=settings)


@pytest.mark.slow
def test_every_method_makes_its_cell_and_nothing_is_made_twice(plan: Plan, tmp_path: Path):
    folder = tmp_path / "out"
    said: list[str] = []
    cells = compare(plan, SOME, 1, folder, say=said.append)
    assert [c["method"] for c in cells] == SOME
    for cell in cells:
        assert cell["probes"]["n"] == 6 and cell["gate"]["n"] == 3 and cell["test"] is None
        trains = cell["method"] not in ("base", "noop", "hints", "dream")
        assert (cell["trainable"] > 0 and cell["bytes"] > 0 and cell["seconds_training"] > 0) == trains
        assert cell["peak_mb"] > 100
    by = {c["method"]: c for c in cells}
    assert by["base"]["probes"]["by_task"] == by["noop"]["probes"]["by_task"], "an untrained adapter changes nothing"
    for name in ("lora", "replay", "olora", "keeplora"):
        assert [s["pattern"] for s in by[name]["stages"]] == list(PATTERNS)
    assert by["olora"]["bytes"] > 2.5 * by["lora"]["bytes"], "a block for each pattern"
    assert by["share_routed"]["bytes_with_basis"] > by["share_routed"]["bytes"] < by["lora_routed"]["bytes"]
    assert by["share_full"]["trainable"] < by["lora_routed"]["trainable"]
    if by["dream"]["errors"]:
        assert len(by["dream"]["errors"]) == 3 and "nothing to learn from" in by["dream"]["errors"][0]
    assert [f.stat().st_mtime_ns for f in sorted(folder.glob("cells/*/cell.json"))] == [
        f.stat().st_mtime_ns for f in sorted(folder.glob("cells/*/cell.json")) if compare(plan, ["base"], 1, folder)
    ]
    rows = comparison.rows(cells)
    assert [r["method"] for r in rows] == SOME and rows[0]["regressed"] == 0
    assert comparison_figure(rows, tmp_path / "picture.png").read_bytes()[:4] == b"\x89PNG"


def test_cores_are_trained_in_the_basis_of_a_farms_other_patterns(plan: Plan, tmp_path: Path):
    farm([Plot(PATTERNS[2], n) for n in range(3)], tmp_path / "farm", plan.settings)
    two = replace(plan, patterns=PATTERNS[:2], farm=tmp_path / "farm")
    uwsh, blind = compare(two, ["uwsh", "random_basis"], 1, tmp_path / "out")
    assert uwsh["trainable"] > 0 and blind["trainable"] == uwsh["trainable"] and not uwsh["errors"] + blind["errors"]
    assert 0 < uwsh["bytes"] < uwsh["bytes_with_basis"] and blind["bytes_with_basis"] < uwsh["bytes_with_basis"]
    (bare,) = compare(two, ["lora_routed"], 1, tmp_path / "out")
    assert uwsh["trainable"] < bare["trainable"]


def test_a_sequence_cut_off_in_the_middle_ends_as_a_whole_one(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (whole,) = compare(plan, ["olora"], 1, tmp_path / "a")
    real, calls = comparing.make, []

    class Cut(Exception):
        pass

    def cut(*args, **how):
        calls.append(args)
        if len(calls) == 3:
            raise Cut
        return real(*args, **how)

    monkeypatch.setattr(comparing, "make", cut)
    with pytest.raises(Cut):
        compare(plan, ["olora"], 1, tmp_path / "b")
    (again,) = compare(plan, ["olora"], 1, tmp_path / "b")
    assert len(calls) == 4, "the stages that were whole are not trained again"
    assert again["probes"]["by_task"] == whole["probes"]["by_task"] and len(again["stages"]) == 3
    files = [next((tmp_path / x / "cells" / "olora-0").glob("02-*")) / "adapter_model.safetensors" for x in "ab"]
    one, other = (load_file(str(f)) for f in files)
    assert all(torch.equal(t, other[n]) for n, t in one.items())


def test_what_is_measured_on_is_not_trained_on_and_not_of_test(plan: Plan, tmp_path: Path, few_koans):
    compare(plan, ["base", "lora"], 1, tmp_path / "out")
    measured = {i.buggy for p in PATTERNS for i in curate.load(tmp_path / "out" / "probes" / p).items}
    trained = {i.buggy for f in (tmp_path / "out" / "adapters" / "data").iterdir() for i in curate.load(f).items}
    assert measured and trained and not measured & trained
    cell = json.loads((tmp_path / "out" / "cells" / "base-0" / "cell.json").read_text())
    assert set(cell["gate"]["by_task"]) == {k.id for (_, split), k in few_koans.items() if split == "gate"}


def test_a_folder_of_another_comparison_and_unknown_methods_are_refused(plan: Plan, tmp_path: Path):
    with pytest.raises(UserError, match="no method `nosuch` to compare"):
        compare(plan, ["nosuch"], 1, tmp_path / "out")
    with pytest.raises(UserError, match="uwsh rests on what adapters share"):
        compare(replace(plan, patterns=PATTERNS[:1]), ["uwsh"], 1, tmp_path / "out")
    with pytest.raises(UserError, match="compare four patterns, or give a folder"):
        compare(plan, ["uwsh"], 1, tmp_path / "out")
    comparing._own(tmp_path / "out", {"another": 1})
    with pytest.raises(UserError, match="holds another comparison"):
        compare(plan, ["base"], 1, tmp_path / "out")


def test_the_mean_adapter_is_the_mean_of_the_factors(tmp_path: Path, small_engine):
    for n in range(2):
        small_engine.fresh_adapter(rank=4, alpha=8, targets=["all"], seed=n)
        small_engine.save_adapter(tmp_path / str(n))
    found = consolidated.open_saved(mean_adapter([tmp_path / "0", tmp_path / "1"], tmp_path / "mean"))
    one, other = (consolidated.open_saved(tmp_path / str(n)) for n in range(2))
    module = next(iter(found.kind.modules))
    torch.testing.assert_close(found.factors(module)[0], (one.factors(module)[0] + other.factors(module)[0]) / 2)


def cell(method: str, seed: int, probes: dict, gate: dict, stages=()) -> dict:
    told = {"passed": 1, "n": 2}
    zero = dict.fromkeys(
        ("trainable", "bytes", "bytes_with_basis", "seconds_training", "seconds_measuring", "peak_mb"), 10 * seed
    )
    return {
        "method": method, "seed": seed, "probes": {"by_task": probes, "by_family": {"lifetimes": told}},
        "gate": {"by_task": gate}, "test": None, "stages": list(stages), "errors": [], **zero,
    }  # fmt: skip


def test_rows_are_what_the_cells_say():
    stages = [
        {"pattern": "a", "rates": {"a": 1.0, "b": 0.0}},
        {"pattern": "b", "rates": {"a": 0.25, "b": 0.5}},
    ]
    cells = [
        cell("base", 0, {"p": [False], "q": [False]}, {"g": [True], "h": [False]}),
        cell("base", 1, {"p": [False], "q": [True]}, {"g": [True], "h": [False]}),
        cell("lora", 0, {"p": [True], "q": [False]}, {"g": [False], "h": [True]}, stages),
        cell("lora", 1, {"p": [True], "q": [True]}, {"g": [True], "h": [True]}, stages),
    ]
    base, lora = comparison.rows(cells)
    assert base["probes"]["pass_rate"] == 0.25 and lora["probes"]["pass_rate"] == 0.75
    assert lora["regressed"] == 0.5 and lora["regressions"] == ["g"] and base["regressed"] == 0
    assert lora["retention"] == 0.5 and lora["forgotten"] == 0.75 and base["forgotten"] is None
    assert lora["curve"] == [1.0, 0.375] and base["curve"] == []
    assert lora["by_family"] == {"lifetimes": 0.5} and lora["bytes"] == 5
    (alone,) = comparison.rows(cells[2:3])
    assert alone["regressed"] is None and alone["retention"] is None
    low, high = lora["probes"]["ci95"]
    assert low <= 0.75 <= high


def test_a_figure_of_nothing_is_a_sentence(tmp_path: Path):
    with pytest.raises(UserError, match="no method to draw"):
        comparison_figure([], tmp_path / "x.png")
