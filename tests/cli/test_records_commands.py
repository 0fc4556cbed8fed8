"""lessons, corrections, episodes, adapters, runs and rerun, on a real store."""

import json
import sys
from pathlib import Path

import pytest
import yaml

from continualcode.cli import runs
from continualcode.cli.app import run
from continualcode.cli.runs import recorded_run
from continualcode.config import load_settings
from continualcode.errors import UserError
from continualcode.store import Store, now
from continualcode.store.records import AdapterRecord, CorrectionRecord, EpisodeRecord, LessonRecord, ToolCallRecord


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONTINUALCODE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]):
    """Runs a command with --json; gives (exit code, answer)."""

    def call(*words: str) -> tuple[int, dict]:
        code = run([*words, "--json"])
        return code, json.loads(capsys.readouterr().out.strip().splitlines()[-1])

    return call


def fill(home: Path) -> None:
    asked = ToolCallRecord(0, "edit_lines", {"path": "a.rs", "start": 1}, "edited a.rs 1-1", True, "approved", True)
    with Store(home / "store.db") as store:
        store.add(
            EpisodeRecord("ep_1", "run_1", "bc_001", "borrow_checker", "bc_x", "train", "Fix a.rs.", "solved", 1, 1, [], "a", "b",
                          "-a\n+b", "pupil", None, 0, now(), 1.0, [asked]),
            CorrectionRecord("co_1", "deny", "use edit_lines", "global", "ep_1", "write", "", now()),
            LessonRecord("le_1", "co_1", "global", "use edit_lines", "took", "", 4, 2.0, 0.01, {"before": "write"}, {}, "s/a",
                         "s/b", now(), [], "write(…)", "edit_lines(…)"),
        )  # fmt: skip


def add_adapter(home: Path, version: str) -> None:
    folder = home / "adapters" / version
    folder.mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_bytes(b"x" * 100)
    with Store(home / "store.db") as store:
        store.add_adapter(
            AdapterRecord(version, None, "pupil", "h", f"adapters/{version}", "d", "night", "candidate", {}, [], now())
        )


@pytest.mark.parametrize("kind, id", [("episodes", "ep_1"), ("corrections", "co_1"), ("lessons", "le_1")])
def test_list_show_export_import(
    kind: str, id: str, home: Path, tmp_path: Path, call, capsys: pytest.CaptureFixture[str]
):
    assert call(kind, "list") == (0, {kind: [], "total": 0})
    fill(home)
    code, answer = call(kind, "list")
    assert code == 0 and answer["total"] == 1 and answer[kind][0]["id"] == id
    assert call(kind, "show", id)[1]["id"] == id
    assert call(kind, "show", id[:3])[1]["id"] == id  # the beginning is enough
    assert run([kind, "list"]) == 0 and run([kind, "show", id]) == 0
    assert "edit_lines" in capsys.readouterr().out
    out = tmp_path / "out.jsonl"
    assert call(kind, "export", str(out)) == (0, {"exported": 1, "path": str(out)})
    other = f"home={tmp_path / 'other'}"
    code, answer = call(kind, "import", str(out), other)
    assert code == 0 and (answer["imported"], answer["path"]) == (1, str(out))
    assert call(kind, "show", id, other)[1] == call(kind, "show", id)[1]
    out.write_text(out.read_text() + "{broken\n")
    code, answer = call(kind, "import", str(out), f"home={tmp_path / 'third'}")
    assert code == 2 and "line 2" in answer["error"]
    assert call(kind, "list", f"home={tmp_path / 'third'}")[1]["total"] == 0


def test_corrections_are_added_by_hand(home: Path, call):
    fill(home)
    code, answer = call("corrections", "add", "use poetry", "--episode", "ep")
    assert code == 0 and answer["kind"] == "note"
    kept = call("corrections", "show", answer["id"])[1]
    assert (kept["text"], kept["episode_id"]) == ("use poetry", "ep_1")
    assert call("corrections", "add", "--wrong", "a", "--right", "b")[1]["kind"] == "pair"
    assert call("corrections", "add")[0] == 2
    assert call("corrections", "add", "x", "--episode", "nobody")[0] == 2


def test_adapters_are_promoted_rolled_back_and_pruned(home: Path, tmp_path: Path, call):
    assert call("adapters", "list") == (0, {"current": {}, "adapters": []})
    for version in ("ad_1", "ad_2", "ad_3"):
        add_adapter(home, version)
    assert call("adapters", "promote", "ad_1")[1] == {"current": "ad_1", "scope": "global", "forced": False}
    assert call("adapters", "promote", "ad_2", "--reason", "better")[1]["current"] == "ad_2"
    shown = call("adapters", "show", "ad_2")[1]
    assert (
        shown["is_current"] and shown["reasons"] == ["better"] and [m["action"] for m in shown["moves"]] == ["promote"]
    )
    assert call("adapters", "prune", "--keep", "0", "--dry-run")[1]["pruned"] == ["ad_3"]
    assert call("adapters", "prune", "--keep", "0")[1]["freed_bytes"] == 100
    assert not (home / "adapters" / "ad_3").exists() and (home / "adapters" / "ad_1").exists()
    code, answer = call("adapters", "promote", "ad_3")
    assert code == 2 and "missing" in answer["error"]
    assert call("adapters", "rollback")[1]["current"] == "ad_1"
    assert call("adapters", "rollback")[1]["current"] is None
    assert call("adapters", "rollback")[0] == 2
    assert call("adapters", "promote", "ad")[0] == 2  # three begin like that


def test_a_run_writes_what_it_ran_with(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    suite = tmp_path / "suite.jsonl"
    suite.write_text("{}\n")
    monkeypatch.setattr(runs, "argv", ["eval", "--suite", "test"])
    with recorded_run("eval", load_settings(["seed=5"]), data=[suite]) as made:
        made.summary["pass_rate"] = 0.5
    content = yaml.safe_load((home / "runs" / made.id / "config.yaml").read_text())
    assert content["argv"] == ["eval", "--suite", "test"] and content["settings"]["seed"] == 5
    assert content["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert content["versions"]["continualcode"] == "0.1.0" and len(content["data"][str(suite)]) == 64
    with Store(home / "store.db") as store:
        row = store.get_run(made.id)
    assert row and (row.status, row.summary, row.settings["seed"]) == ("done", {"pass_rate": 0.5}, 5) and row.finished


@pytest.mark.parametrize("end, status", [(KeyboardInterrupt, "interrupted"), (RuntimeError, "failed")])
def test_a_run_that_ends_badly_says_so(home: Path, end: type[BaseException], status: str):
    with pytest.raises(end), recorded_run("eval", load_settings(), run_id="mine"):
        raise end
    with Store(home / "store.db") as store:
        assert [(r.id, r.status) for r in store.list_runs()] == [("mine", status)]
    with pytest.raises(UserError, match="already"), recorded_run("eval", load_settings(), run_id="mine"):
        pass


def test_rerun_repeats_the_command_with_its_settings(home: Path, call, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runs, "argv", ["settings", "--run-id", "first", "seed=5"])
    with recorded_run("settings", load_settings(["seed=5", "alpha=0.25"]), run_id="first"):
        pass
    code, answer = call("rerun", "first", "--dry-run")
    assert code == 0 and {"seed=5", "alpha=0.25", "settings", f"home={home}"} <= set(answer["argv"])
    assert "--run-id" not in answer["argv"] and "first" not in answer["argv"]
    code, answer = call("rerun", "first", "threads=3")
    assert code == 0 and (answer["seed"], answer["alpha"], answer["threads"]) == (5, 0.25, 3)
    assert call("runs")[1]["runs"][0]["id"] == "first"
    assert call("rerun", "nobody")[0] == 2
    (home / "runs" / "first" / "config.yaml").write_text("argv: [eval]\n")
    code, answer = call("rerun", "first")
    assert code == 2 and "not a run's configuration" in answer["error"]


def test_doctor_says_what_lacks(home: Path, call):
    code, answer = call("doctor", "model_name=/nowhere/model")
    checks = {check["name"]: check for check in answer["checks"]}
    assert code == 1 and not answer["ok"]
    assert checks["python"]["ok"] and checks["torch"]["ok"] and checks["rustc"]["ok"] and checks["sandbox"]["ok"]
    assert not checks["model"]["ok"] and "/nowhere/model" in checks["model"]["todo"]
    assert not (home / "store.db").exists()  # looking changes nothing
    add_adapter(home, "ad_1")
    with Store(home / "store.db") as store:
        store.promote("ad_1", reasons=[])
    (home / "adapters" / "ad_1" / "adapter_model.safetensors").write_bytes(b"torn")
    checks = {check["name"]: check for check in call("doctor")[1]["checks"]}
    assert not checks["store"]["ok"] and "ad_1" in checks["store"]["detail"]


def test_doctor_is_content_with_this_machine(call):
    code, answer = call("doctor")
    lacking = [check for check in answer["checks"] if check["needed"] and not check["ok"]]
    assert (code, lacking) == (0, [])
