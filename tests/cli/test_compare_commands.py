"""`compare` and `adapters farm` as a user calls them, with a tiny model on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from continualcode.cli.app import run


@pytest.fixture(autouse=True)
def home(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for key, value in {
        "HOME": tmp_path / "home", "MODEL_NAME": model, "PROFILE": "compact", "MAX_NEW_TOKENS": 8, "JOBS": 1,
        "NIGHT_STEPS": 2, "NIGHT_BATCH": 2, "NIGHT_VARIANTS": 5, "LORA_RANK": 4, "LORA_ALPHA": 8, "MAX_ATTEMPTS": 1,
    }.items():  # fmt: skip
        monkeypatch.setenv(f"CONTINUALCODE_{key}", str(value))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def last_json(text: str) -> dict:
    return json.loads(text.strip().splitlines()[-1])


TWO = ["compare", "--patterns", "bc_missing_mut,rh_map_err", "--probes", "1", "--gate", "0", "--methods", "base,lora"]


def test_a_comparison_prints_rows_keeps_its_cells_and_draws_a_picture(home: Path, capsys: pytest.CaptureFixture[str]):
    assert run([*TWO, "--json"]) == 0
    answer = last_json(capsys.readouterr().out)
    base, lora = answer["methods"]
    assert (base["method"], lora["method"]) == ("base", "lora") and len(lora["curve"]) == 2
    assert base["trainable"] == 0 < lora["trainable"] and lora["bytes"] == lora["bytes_with_basis"] > 0
    assert lora["probes"]["n"] == 2 and lora["gate"]["n"] == 2 and lora["test"] is None
    assert Path(answer["plot"]).read_bytes()[:4] == b"\x89PNG"
    folder = Path(answer["folder"])
    assert folder.parent == home / "compare" and (folder / "cells" / "lora-0" / "cell.json").is_file()
    cell = (folder / "cells" / "lora-0" / "cell.json").stat().st_mtime_ns
    assert run([*TWO, "--json"]) == 0
    assert (folder / "cells" / "lora-0" / "cell.json").stat().st_mtime_ns == cell, "a whole cell is not made again"
    assert last_json(capsys.readouterr().out)["methods"] == answer["methods"]


def test_what_cannot_be_compared_is_one_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    for words, said in (
        (["--methods", "nosuch"], "no method `nosuch` to compare"),
        (["--methods", " , "], "No method is named"),
        (["--patterns", "nosuch"], "no pattern `nosuch`"),
        (["--patterns", "99"], "ask for 1 to 74"),
        (["--patterns", "1", "--methods", "uwsh"], "compare two patterns or more"),
        (["--farm", str(tmp_path / "gone")], "There is no folder"),
    ):
        assert run(["compare", *words, "--json"]) == 2
        assert said in last_json(capsys.readouterr().out)["error"]


def test_the_help_names_every_method():
    from continualcode.cli.compare import METHODS as named
    from continualcode.sleep.compare import METHODS

    assert named.split(",") == list(METHODS)


def test_a_farm_is_made_and_gone_on_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = [
        "adapters",
        "farm",
        "--patterns",
        "bc_missing_mut",
        "--seeds",
        "2",
        "--out",
        str(tmp_path / "farm"),
        "--json",
    ]
    assert run(words) == 0
    answer = last_json(capsys.readouterr().out)
    assert answer["adapters"] == answer["made"] == 2 and answer["seconds_each"] > 0 and answer["failed"] == {}
    assert {f.name for f in (tmp_path / "farm").glob("*-*")} == {"bc_missing_mut-0", "bc_missing_mut-1"}
    assert run(words) == 0
    again = last_json(capsys.readouterr().out)
    assert again["made"] == 0 and again["were_there"] == 2 and again["seconds_each"] is None
    assert run([*words[:-1], "night_steps=3", "--json"]) == 2
    assert "made with night_steps=2" in last_json(capsys.readouterr().out)["error"]
