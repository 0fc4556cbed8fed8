"""A farm of adapters: cut off and gone on with, over processes, killed workers, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from continualcode.config import Settings
from continualcode.errors import UserError
from continualcode.koans.patterns import HELD_BACK
from continualcode.sleep import consolidated
from continualcode.sleep.farm import QUICK, Plot, farm, over_processes, pattern_data, quick, train_patterns


@pytest.fixture
def settings(small_model: Path, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", model_name=str(small_model), profile="compact", device="cpu").replace(
        night_steps=2, night_batch=2, night_variants=5, lora_rank=4, lora_alpha=8
    )


PLOTS = [Plot("bc_missing_mut", 0), Plot("rh_map_err", 1)]


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {p.name: (folder / p.name / "adapter_model.safetensors").read_bytes() for p in PLOTS}


def test_a_farm_makes_ordinary_adapters_and_goes_on_where_it_was_cut_off(settings: Settings, tmp_path: Path):
    made = farm(PLOTS, tmp_path / "farm", settings)
    assert [g.name for g in made] == ["bc_missing_mut-0", "rh_map_err-1"] and not any(g.was_there for g in made)
    saved = consolidated.find(tmp_path / "farm")
    assert [s.name for s in saved] == [p.name for p in PLOTS] and saved[0].kind.rank == 4
    card = json.loads((saved[0].folder / "card.json").read_text())
    assert card["trained"]["delta"] > 0 and card["data"]["patterns"] == {"bc_missing_mut": 5} and card["seed"] == 0
    whole = bytes_of(tmp_path / "farm")
    (tmp_path / "farm" / "rh_map_err-1").rename(tmp_path / "gone")
    again = farm(PLOTS, tmp_path / "farm", settings)
    assert [g.was_there for g in again] == [True, False] and bytes_of(tmp_path / "farm") == whole


@pytest.mark.slow
def test_processes_make_the_same_adapters_as_one(settings: Settings, tmp_path: Path):
    farm(PLOTS, tmp_path / "one", settings)
    farm(PLOTS, tmp_path / "two", settings, processes=2)
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")


def test_an_adapter_made_with_other_settings_is_not_taken_for_this_one(settings: Settings, tmp_path: Path):
    farm(PLOTS[:1], tmp_path / "farm", settings)
    with pytest.raises(UserError, match="made with night_steps=2"):
        farm(PLOTS[:1], tmp_path / "farm", settings.replace(night_steps=3))


def test_programs_to_be_measured_on_are_not_trained_on(settings: Settings, tmp_path: Path):
    every = pattern_data(PLOTS[0], tmp_path / "a", settings).items
    left = pattern_data(PLOTS[0], tmp_path / "b", settings, unlike=every[:2]).items
    assert [i.buggy for i in left] == [i.buggy for i in every[2:]]


def test_what_a_killed_process_was_doing_is_done_again(tmp_path: Path):
    from dying_workers import dies_once

    found = list(over_processes(dies_once, [(str(tmp_path), n) for n in range(4)], 2))
    assert sorted(found) == [0, 10, 20, 30] and (tmp_path / "died").exists()


def test_a_process_that_always_dies_is_a_sentence():
    from dying_workers import always_dies

    with pytest.raises(UserError, match="without its result"):
        list(over_processes(always_dies, [1, 2], 2))


def test_patterns_are_named_counted_or_all():
    assert len(train_patterns("all")) == 74 and set(train_patterns("held_back")) == HELD_BACK
    assert set(train_patterns("14")) == HELD_BACK and not set(train_patterns("15")) <= HELD_BACK
    assert train_patterns("rh_map_err, bc_missing_mut") == ["rh_map_err", "bc_missing_mut"]
    for wrong in ("nosuch", "0", "75", " , "):
        with pytest.raises(UserError):
            train_patterns(wrong)


def test_a_farms_settings_yield_to_the_users():
    assert quick(Settings()).night_steps == QUICK["night_steps"]
    assert (
        quick(Settings(night_steps=60)).night_steps == 60
        and quick(Settings(night_steps=60)).night_batch == QUICK["night_batch"]
    )


def test_a_new_process_knows_a_programs_family():
    """Generators register themselves when they are imported, and nothing else here imports them."""
    import subprocess
    import sys

    code = (
        "from continualcode.sleep.curate import Item\nfrom continualcode.sleep.dream import as_koan\n"
        "print(as_koan(Item('variant', 'train', 'rh_map_err', '', 'a', 'b', ''), 'x').family)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "result_handling"
