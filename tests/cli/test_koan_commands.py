"""list, show, koans check and variants, on the real koans and the real compiler."""

import json
from pathlib import Path

import pytest

from continualcode.cli.app import run
from continualcode.koans import catalogue


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONTINUALCODE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "home"


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]):
    def call(*words: str) -> tuple[int, dict]:
        code = run([*words, "--json"])
        return code, json.loads(capsys.readouterr().out.strip().splitlines()[-1])

    return call


def test_list_filters(call, home: Path):
    everything = call("list")[1]
    assert everything["n"] == len(catalogue.load())
    borrow = call("list", "--family", "borrow", "--split", "train")[1]["koans"]
    assert borrow and {(k["family"], k["split"]) for k in borrow} == {("borrow_checker", "train")}
    assert call("list", "--prefix", "lt_", "--count", "2")[1]["n"] == 2
    assert call("list", "--family", "nonsense")[0] == 2
    assert not home.exists()  # looking leaves nothing behind


def test_show(call, capsys: pytest.CaptureFixture[str]):
    first = catalogue.load()[0]
    assert call("show", first.id)[1]["solution"] == first.solution
    assert run(["show", first.id]) == 0
    assert first.solution.strip() not in capsys.readouterr().out
    assert run(["show", first.id, "--solution"]) == 0
    assert first.solution.strip() in capsys.readouterr().out
    code, answer = call("show", "xx_999")
    assert code == 2 and "xx_999" in answer["error"]


def test_check_says_what_it_found(call):
    one = catalogue.load(split="train")[0]
    code, answer = call("koans", "check", "--pattern", one.pattern, "--split", "train")
    assert code == 0 and answer["koans"] == answer["sound"] == answer["gutted_caught"] > 0 and answer["leaks"] == 0


def test_check_of_unsound_koans_fails(call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    koan = catalogue.load(split="train")[0]
    folder = tmp_path / "koans" / koan.family / koan.id
    folder.mkdir(parents=True)
    source = catalogue.root() / koan.family / koan.id
    for name in ("koan.toml", "solution.rs", "tests.rs"):
        (folder / name).write_text((source / name).read_text())
    (folder / "buggy.rs").write_text(koan.solution)  # nothing is wrong with it: no koan
    monkeypatch.setattr(catalogue, "root", lambda: tmp_path / "koans")
    code, answer = call("koans", "check")
    assert code == 1 and answer["sound"] == 0 and "compiles" in " ".join(answer["problems"])


def test_variants_are_made_and_written(call, tmp_path: Path):
    out = tmp_path / "made.jsonl"
    code, answer = call("variants", "bc_missing_mut", "--count", "2", "--out", str(out), "seed=5")
    assert code == 0 and answer["made"] == 2
    made = catalogue.load_suite(out)
    assert [k.pattern for k in made] == ["bc_missing_mut"] * 2 and made[0].expected_error == "E0596"
    assert call("variants", "bc_missing_mut", "--count", "2", "seed=5")[1]["variants"][0]["buggy"] == made[0].buggy
    same = call("variants", "--pattern", "bc_missing_mut", "--count", "2", "--seed", "5")[1]
    assert same == call("variants", "--pattern", "bc_missing_mut", "seed=5", "--count", "2")[1]
    assert same["variants"][0]["buggy"] == made[0].buggy
    assert call("variants", "nonsense")[0] == 2
    assert "did you mean `tm_semicolon`?" in call("variants", "semicolon")[1]["error"]
    assert len(call("variants", "seed=3")[1]["patterns"]) > 40
    assert call("variants", "bc_missing_mut", "--out", str(tmp_path / "no" / "such" / "place"))[0] == 2
