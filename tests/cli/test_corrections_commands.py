"""`corrections add` and `import` as a user calls them, with the real compiler and store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from continualcode.cli.app import run
from continualcode.koans import catalogue
from continualcode.store import Store

WRONG = "pub fn f() -> Vec<i32> {\n    let v = Vec::new();\n    v.push(1);\n    v\n}\n"
RIGHT = "pub fn f() -> Vec<i32> {\n    vec![1]\n}\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONTINUALCODE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]):
    """Runs a command with --json; gives (exit code, answer, what was said on standard error)."""

    def call(*words: str) -> tuple[int, dict, str]:
        code = run([*words, "--json"])
        said = capsys.readouterr()
        return code, json.loads(said.out.strip().splitlines()[-1]), said.err

    return call


def kept(home: Path) -> list:
    with Store(home / "store.db") as store:
        return store.list_corrections()


def test_a_pair_of_files_is_kept_and_of_use(home: Path, tmp_path: Path, call):
    (tmp_path / "before.rs").write_text(WRONG)
    (tmp_path / "after.rs").write_text(RIGHT)
    code, answer, _ = call("corrections", "add", "--wrong", "before.rs", "--right", "after.rs", "--weight", "3")
    assert (code, answer["kind"], answer["usable"], answer["why"], answer["contradicts"]) == (0, "pair", True, "", [])
    (row,) = kept(home)
    assert (row.id, row.wrong, row.right, row.weight) == (answer["id"], WRONG, RIGHT, 3.0)


@pytest.mark.parametrize(
    "wrong, right, why",
    [
        (WRONG, RIGHT.replace("vec!", "veec!"), "right side does not compile as a Rust file of its own (error: cannot find macro"),
        (WRONG, RIGHT.replace("vec![1]", "return vec![1];"), "clippy objects"),
        (RIGHT.replace("1", "2"), RIGHT, "wrong side compiles too"),
        (WRONG, WRONG.replace("\n", "  \n"), "same program"),
    ],
)  # fmt: skip
def test_what_no_night_can_learn_from_is_kept_and_said(home: Path, call, wrong: str, right: str, why: str):
    code, answer, said = call("corrections", "add", "--wrong", wrong, "--right", right)
    assert code == 0 and answer["usable"] is False and why in answer["why"] and why in said
    assert len(kept(home)) == 1, "nothing that a user gave is lost"


def test_bad_input_is_one_sentence_and_nothing_kept(home: Path, call):
    judging = catalogue.load(split="gate")[0]
    for words, says in [
        (["--right", RIGHT], "both sides"),
        (["--wrong", WRONG], "both `wrong` and `right`"),
        (["x", "--weight", "0"], "more than 0"),
        (["x", "--weight", "nan"], "more than 0"),
        (["--wrong", judging.buggy, "--right", judging.solution], f"{judging.id} of the gate split"),
    ]:
        code, answer, said = call("corrections", "add", *words)
        assert code == 2 and says in answer["error"] and "Traceback" not in said
    assert not (home / "store.db").exists() or kept(home) == []


def test_pairs_that_contradict_each_other_are_named(call):
    _, first, _ = call("corrections", "add", "--wrong", WRONG, "--right", RIGHT)
    other = WRONG.replace("let v", "let mut v").replace("Vec::new()", "Vec::with_capacity(1)")
    _, second, said = call("corrections", "add", "--wrong", WRONG, "--right", other, "--no-check")
    assert second["contradicts"] == [first["id"]] and "otherwise than" in said and second["usable"] is None


def test_import_takes_all_lines_or_none_and_says_what_is_of_use(home: Path, tmp_path: Path, call):
    path = tmp_path / "pairs.jsonl"
    rows = [
        {"wrong": WRONG, "right": RIGHT, "weight": 2.0},
        {"wrong": WRONG, "right": "fn f( {"},
        {"text": "use poetry"},
    ]
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    code, answer, said = call("corrections", "import", str(path))
    assert (code, answer["imported"], answer["usable"], len(answer["pairs"])) == (0, 3, 1, 2)
    assert [p["usable"] for p in answer["pairs"]] == [True, False] and "does not compile" in said
    assert call("corrections", "import", str(path))[1]["imported"] == 0, "what is here already is passed over"
    for bad, says in [
        ("{broken", "line 4: not JSON"),
        ('{"wrong": "x"}', "line 4: give `text`"),
        ('{"right": "x"}', "line 4: a pair needs both"),
        ('{"text": "x", "weight": -1.0}', "line 4: `weight`"),
        ('{"text": "x", "kind": "rumour"}', "line 4: `kind`"),
        ('{"text": "x", "colour": 1}', "line 4: unknown field `colour`"),
    ]:
        path.write_text("".join(json.dumps({**r, "scope": "new"}) + "\n" for r in rows) + bad + "\n")
        code, answer, _ = call("corrections", "import", str(path))
        assert code == 2 and says in answer["error"] and len(kept(home)) == 3
    assert call("corrections", "import", str(tmp_path / "nowhere.jsonl"))[0] == 2
