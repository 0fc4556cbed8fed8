"""`train auto` as a user calls it, with a tiny model on disk: a candidate, a picture, a resumed run, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from continualcode.cli.app import run
from continualcode.learn import auto
from continualcode.store import Store


@pytest.fixture(autouse=True)
def home(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for key, value in {
        "HOME": tmp_path / "home", "MODEL_NAME": model, "PROFILE": "compact", "MAX_NEW_TOKENS": 24, "JOBS": 1,
        "AUTO_TASKS": 2, "DRIFT_BUDGET": 50, "AUTO_TEACHER": "base",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"CONTINUALCODE_{key}", str(value))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


SMALL = ["train", "auto", "--count", "2", "--rollouts", "2", "--json"]


def last_json(text: str) -> dict:
    return json.loads(text.strip().splitlines()[-1])


def test_a_run_leaves_metrics_a_picture_and_a_candidate_that_is_not_in_use(
    home: Path, capsys: pytest.CaptureFixture[str]
):
    assert run([*SMALL, "--steps", "2", "--method", "pure_sdpo", "--run-id", "one"]) == 0
    answer = last_json(capsys.readouterr().out)
    assert answer["steps"] == 2 and answer["tasks"] == 2 and answer["method"] == "pure_sdpo" and answer["of"] == "one"
    assert answer["before"]["n"] == answer["after"]["n"] == 4 and answer["p"] == 1.0
    rows = [json.loads(line) for line in Path(answer["metrics"]).read_text().splitlines()]
    assert rows == answer["rows"] and len(rows) == 2
    for key in ("pass_rate", "mixed", "loss", "grad_norm", "drift", "entropy", "length", "repetition"):
        assert key in rows[0]
    assert Path(answer["plot"]).read_bytes()[:4] == b"\x89PNG" and Path(answer["plot"]).parent == home / "runs" / "one"
    with Store(home / "store.db") as store:
        (adapter,) = store.list_adapters()
        assert store.current() is None and (adapter.kind, adapter.status) == ("auto", "candidate")
        assert (
            adapter.version == answer["adapter"]
            and (store.adapter_folder(adapter) / "adapter_model.safetensors").is_file()
        )
        record = store.get_run("one")
        assert record is not None and record.status == "done" and record.summary["adapter"] == adapter.version
    assert f"adapters promote {adapter.version}" in answer["next"]
    assert run(["adapters", "promote", adapter.version, "--json"]) == 0
    assert last_json(capsys.readouterr().out)["current"] == adapter.version


def test_ctrl_c_loses_nothing_and_says_how_to_go_on(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    step = auto._Run._step

    def interrupted(self: auto._Run) -> None:
        if self.now.step == 1:
            raise KeyboardInterrupt
        step(self)

    with monkeypatch.context() as patched:
        patched.setattr(auto._Run, "_step", interrupted)
        assert run([*SMALL, "--steps", "2", "--run-id", "cut"]) == 130
    assert "train auto --resume cut" in capsys.readouterr().err
    assert run(["train", "auto", "--resume", "last", "--rollouts", "3"]) == 2
    assert "--rollouts 2" in capsys.readouterr().err
    assert run(["train", "auto", "--resume", "last", "--json"]) == 0
    resumed = last_json(capsys.readouterr().out)
    assert resumed["of"] == "cut" and resumed["steps"] == 2 and resumed["rollouts"] == 2
    assert run([*SMALL, "--steps", "2"]) == 0
    whole = last_json(capsys.readouterr().out)
    assert [r["loss"] for r in whole["rows"]] == [r["loss"] for r in resumed["rows"]]
    with Store(home / "store.db") as store:
        assert {r.id: r.status for r in store.list_runs()}["cut"] == "done"
    assert run(["train", "auto", "--resume", "cut", "--steps", "3", "--json"]) == 0
    assert last_json(capsys.readouterr().out)["steps"] == 3


def test_a_run_whose_tasks_changed_is_not_gone_on_with(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]):
    from continualcode.koans import catalogue

    path = tmp_path / "own.jsonl"
    first, second = catalogue.load(split="train")[:2]
    catalogue.write_jsonl([first], path)
    assert run(["train", "auto", "--tasks", str(path), "--steps", "1", "--rollouts", "2", "--run-id", "own"]) == 0
    catalogue.write_jsonl([second], path)
    assert run(["train", "auto", "--resume", "own"]) == 2
    assert "The tasks of own changed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--tasks", "test"], "split train only"),
        (["--tasks", "gate"], "split train only"),
        (["--tasks", "none.jsonl"], "There are no tasks"),
        (["--method", "ppo"], "no method `ppo`"),
        (["--rollouts", "1"], "greater than or equal to 2"),
        (["--pattern", "bc_none"], "No koan of train"),
        (["--resume", "none"], "no auto-training none"),
        (["--resume", "last"], "No auto-training was run yet"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(words: list[str], said: str, capsys: pytest.CaptureFixture[str]):
    assert run(["train", "auto", *words, "--json"]) == 2
    assert said in last_json(capsys.readouterr().out)["error"]
