"""eval, sleep, nights and plot as a user calls them, with a tiny model on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from continualcode.cli.app import run
from continualcode.koans import catalogue


@pytest.fixture(autouse=True)
def home(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for key, value in {
        "HOME": tmp_path / "home",
        "MODEL_NAME": model,
        "PROFILE": "compact",
        "MAX_NEW_TOKENS": 8,
        "MAX_ATTEMPTS": 1,
    }.items():
        monkeypatch.setenv(f"CONTINUALCODE_{key}", str(value))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "two.jsonl"
    first, second = catalogue.load(split="test")[:2]
    catalogue.write_jsonl([first], path)
    row = {
        "id": "own_1",
        "family": "mine",
        "description": "d",
        "buggy_code": second.buggy,
        "correct_code": second.solution,
    }
    path.write_text(path.read_text() + json.dumps(row) + "\n")
    return path


def last_json(text: str) -> dict:
    return json.loads(text.strip().splitlines()[-1])


def test_eval_of_a_file_prints_the_designs_figures(suite: Path, home: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["eval", "--suite", str(suite), "--samples", "2", "--json"]) == 0
    answer = last_json(capsys.readouterr().out)
    assert (answer["n"], answer["samples"], answer["pass_rate"], answer["unpinned"]) == (2, 2, 0, 1)
    assert answer["by_pinning"]["unpinned"]["n"] == 2  # the task without tests is counted apart
    assert set(answer["by_family"]) == {catalogue.load(split="test")[0].family}
    assert (home / "runs" / answer["run"] / "config.yaml").is_file()
    assert run(["eval", "--suite", str(suite), "--count", "1"]) == 0
    assert "held back" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words, says",
    [
        (["eval", "--suite", "nosuch"], "nosuch"),
        (["eval", "--suite", "test", "--family", "zz"], "No task of test"),
        (["eval", "--suite", "test", "--adapter", "nosuch"], "no adapter"),
        (["eval", "--suite", "test", "--model", "/no/such/model"], "/no/such/model"),
        (["nights", "--cycles", "0"], "cycles"),
        (["nights", "--resume", "last"], "to go on with"),
        (["nights", "--pattern", "nosuch"], "train split"),
        (["sleep", "--method", "magic"], "magic"),
        (["plot"], "No loop"),
        (["plot", "--run", "nosuch"], "nosuch"),
        (["bench", "nosuch"], "no benchmark"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(words: list[str], says: str, capsys: pytest.CaptureFixture[str]):
    assert run(words) == 2
    error = capsys.readouterr().err
    assert says in error and "Traceback" not in error


def test_an_empty_day_gives_nothing_to_learn(capsys: pytest.CaptureFixture[str]):
    assert run(["sleep", "--json"]) == 0
    answer = last_json(capsys.readouterr().out)
    assert {"night", "episodes", "curated", "candidates", "decision", "reasons", "promoted", "seconds"} <= set(answer)
    assert (answer["decision"], answer["episodes"], answer["candidates"], answer["promoted"]) == (
        "nothing_to_learn",
        0,
        [],
        None,
    )
    assert run(["sleep", "--dry-run", "--json"]) == 0
    assert last_json(capsys.readouterr().out)["items"] == 0
