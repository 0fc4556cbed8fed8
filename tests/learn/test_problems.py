"""LiveCodeBench's format, read from a small file of our own; what is broken or dangerous in a file is one sentence."""

from __future__ import annotations

import base64
import json
import pickle
import zlib
from pathlib import Path
from typing import Any

import pytest

from continualcode.errors import UserError
from continualcode.learn import problems
from continualcode.learn.problems import Case, read_problems

FILE = Path(__file__).parent / "data" / "problems.jsonl"


def row(**changes: Any) -> dict[str, Any]:
    first = json.loads(FILE.read_text().splitlines()[0])
    return {k: v for k, v in {**first, **changes}.items() if v is not None}


def written(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return path


def packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode()


class Trap:
    """Unpickled, it would leave a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def test_a_file_is_read_with_public_and_packed_private_tests():
    total, run = read_problems(FILE)
    assert (total.id, total.title, total.difficulty, total.function) == ("own_sum", "Sum of two", "easy", "")
    assert total.tests[0] == Case("stdin", "1 2\n", "3\n", hidden=False)
    assert total.tests[-1] == Case("stdin", "1000000 1\n", "1000001\n", hidden=True)
    assert run.function == "longestRun" and [t.kind for t in run.tests] == ["functional"] * 3
    assert [t.hidden for t in run.tests] == [False, False, True]


def test_a_pickle_is_refused_and_never_opened(tmp_path: Path):
    marker = tmp_path / "opened"
    for content in (pickle.dumps("[]"), pickle.dumps(Trap(marker))):
        path = written(tmp_path / "p.jsonl", row(private_test_cases=packed(content)))
        with pytest.raises(UserError, match="line 1: the private tests are pickled"):
            read_problems(path)
    assert not marker.exists()


def test_tests_that_unpack_to_too_much_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = written(tmp_path / "p.jsonl", row(private_test_cases=packed(b"[" + b" " * 100_000 + b"]")))
    monkeypatch.setattr(problems, "LARGEST", 50_000)
    with pytest.raises(UserError, match="unpacks to more than"):
        read_problems(path)


def test_the_functions_name_comes_from_the_starter_code_where_there_is_no_metadata(tmp_path: Path):
    call = json.dumps([{"input": "1", "output": "2", "testtype": "functional"}])
    first = row(
        question_id="a", public_test_cases=call, private_test_cases=None, metadata=None,
        starter_code="class Solution:\n    def twice(self, n: int) -> int:\n        ",
    )  # fmt: skip
    second = {**first, "question_id": "b", "starter_code": "def half(n):\n    "}
    assert [p.function for p in read_problems(written(tmp_path / "p.jsonl", first, second))] == ["twice", "half"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"question_title": ""}, "`question_title` must be a text"),
        ({"question_id": 7}, "`question_id` must be a text"),
        ({"starter_code": 7}, "`starter_code` must be a text"),
        ({"public_test_cases": None, "private_test_cases": None}, "there is no test"),
        ({"public_test_cases": "[{]"}, "`public_test_cases` is not JSON"),
        ({"public_test_cases": {"input": "1"}}, "must be a list of tests"),
        ({"public_test_cases": [{"input": "1"}]}, "test 1 needs the texts `input` and `output`"),
        ({"public_test_cases": [{"input": "1", "output": "2", "testtype": "shell"}]}, "stdin or functional"),
        ({"public_test_cases": [{"input": "x y", "output": "2", "testtype": "functional"}]}, "are JSON"),
        ({"public_test_cases": [{"input": "1", "output": "2", "testtype": "functional"}]}, "need a function's name"),
        ({"metadata": '{"func_name": "a b"}'}, "not a function's name"),
        ({"private_test_cases": "no base64!"}, "neither JSON nor base64 of zlib"),
        ({"private_test_cases": packed(b"\xff\xfe")}, "not text"),
    ],
)
def test_what_is_broken_is_said_with_its_line(tmp_path: Path, changes: dict[str, Any], said: str):
    with pytest.raises(UserError, match="line 2.*") as found:
        read_problems(written(tmp_path / "p.jsonl", row(question_id="fine"), row(**changes)))
    assert said in str(found.value)


def test_files_that_hold_no_problems_are_refused(tmp_path: Path):
    twice = written(tmp_path / "twice.jsonl", row(), row())
    empty, text = tmp_path / "empty.jsonl", tmp_path / "text.jsonl"
    empty.write_text("\n")
    text.write_text("[1]\n")
    for path, said in (
        (twice, "twice"),
        (empty, "no problem"),
        (text, "a JSON object"),
        (tmp_path / "none", "Cannot read"),
    ):
        with pytest.raises(UserError, match=said):
            read_problems(path)
