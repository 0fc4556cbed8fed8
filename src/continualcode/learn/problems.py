"""Problems in LiveCodeBench's format: one JSON object a line, with tests by standard input or by a function's arguments.

Read are the public fields `question_title`, `question_content`, `platform`, `question_id`, `starter_code`, `difficulty`,
`public_test_cases`, `private_test_cases` and, where it is there, `metadata` (its `func_name`). Private tests may be
packed (base64 of zlib); what comes out must be JSON. The benchmark's own files hold a pickle there: it is refused,
never opened, since unpickling runs whatever code the file brings. Not here: running a program (`evaluate/programs.py`).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from continualcode.errors import UserError

LARGEST = 64_000_000  # bytes of a file, and of what packed tests may unpack to
TEXTS = ("question_title", "question_content", "question_id")
PICKLED = (
    "{place}: the private tests are pickled, and a pickle may run code; "
    "write `private_test_cases` as JSON, or take the key out."
)
_METHOD = re.compile(r"class\s+Solution\b.*?def\s+(\w+)\s*\(\s*self", re.DOTALL)
_FUNCTION = re.compile(r"^def\s+(\w+)\s*\(", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """One test. `stdin`: text in, text out; `functional`: each line of `input` is one argument as JSON, `output` is what
    the function returns, as JSON. A hidden one is never shown to a model."""

    kind: Literal["stdin", "functional"]
    input: str
    output: str
    hidden: bool = False


@dataclass(frozen=True)
class Problem:
    """One problem; `function`: the name that functional tests call (of a class `Solution`, or alone), else empty."""

    id: str
    title: str
    content: str
    platform: str
    difficulty: str
    starter: str
    function: str
    tests: tuple[Case, ...]


def read_problems(path: Path) -> list[Problem]:
    """The problems of a file, in its order. Raises UserError with file and line number."""
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path} is larger than {LARGEST // 1_000_000} MB; split it.")
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"Cannot read {path}: {error}.") from None
    problems = [_problem(line, f"{path}, line {n}") for n, line in enumerate(lines, 1) if line.strip()]
    if not problems:
        raise UserError(f"{path} holds no problem: give one JSON object a line.")
    known: set[str] = set()
    for problem in problems:
        if problem.id in known:
            raise UserError(f"{path} holds the question_id `{problem.id}` twice: ids must differ.")
        known.add(problem.id)
    return problems


def _problem(line: str, place: str) -> Problem:
    raw = _json(line, f"{place}: this is not JSON")
    if not isinstance(raw, dict):
        raise UserError(f"{place}: a JSON object is wanted, this is {type(raw).__name__}.")
    for key in TEXTS:
        if not isinstance(raw.get(key), str) or not raw[key].strip():
            raise UserError(f"{place}: `{key}` must be a text that is not empty.")

    def text(key: str) -> str:
        value = raw.get(key)
        if value is not None and not isinstance(value, str):
            raise UserError(f"{place}: `{key}` must be a text, not {type(value).__name__}.")
        return value or ""

    tests = _tests(raw.get("public_test_cases"), place, "public_test_cases", hidden=False)
    tests += _tests(raw.get("private_test_cases"), place, "private_test_cases", hidden=True)
    if not tests:
        raise UserError(f"{place}: there is no test, neither public nor private.")
    starter = text("starter_code")
    function = _function(raw.get("metadata"), starter, place)
    if not function and any(t.kind == "functional" for t in tests):
        raise UserError(f"{place}: functional tests need a function's name, in `metadata` or in `starter_code`.")
    return Problem(
        id=raw["question_id"].strip(), title=raw["question_title"].strip(), content=raw["question_content"].strip(),
        platform=text("platform"), difficulty=text("difficulty"), starter=starter, function=function, tests=tuple(tests),
    )  # fmt: skip


def _tests(raw: Any, place: str, key: str, *, hidden: bool) -> list[Case]:
    """Tests of one field: a list, its JSON text, or that text packed."""
    if raw is None or raw == "":
        return []
    if isinstance(raw, str):
        text = raw if raw.lstrip().startswith("[") else _unpacked(raw, place, key)
        raw = _json(text, f"{place}: `{key}` is not JSON")
        if isinstance(raw, str):  # packed files hold the text of a list
            raw = _json(raw, f"{place}: `{key}` is not JSON")
    if not isinstance(raw, list):
        raise UserError(f"{place}: `{key}` must be a list of tests.")
    return [_test(item, f"{place}: `{key}`, test {n}", hidden) for n, item in enumerate(raw, 1)]


def _test(raw: Any, place: str, hidden: bool) -> Case:
    if not isinstance(raw, dict) or not all(isinstance(raw.get(k), str) for k in ("input", "output")):
        raise UserError(f"{place} needs the texts `input` and `output`.")
    kind = raw.get("testtype", "stdin")
    if kind not in ("stdin", "functional"):
        raise UserError(f"{place}: `testtype` is stdin or functional, not {kind!r}.")
    if kind == "functional":
        for line in [*raw["input"].splitlines(), raw["output"]]:
            if line.strip():
                _json(line, f"{place}: arguments and output of a functional test are JSON, and this is not")
    return Case(kind, raw["input"], raw["output"], hidden)


def _unpacked(packed: str, place: str, key: str) -> str:
    try:
        opened = zlib.decompressobj()
        data = opened.decompress(base64.b64decode(packed, validate=True), LARGEST)
    except (binascii.Error, ValueError, zlib.error):
        raise UserError(f"{place}: `{key}` is neither JSON nor base64 of zlib.") from None
    if opened.unconsumed_tail:
        raise UserError(f"{place}: `{key}` unpacks to more than {LARGEST // 1_000_000} MB.")
    if data[:1] == b"\x80":
        raise UserError(PICKLED.format(place=place))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{place}: `{key}` unpacks to something that is not text.") from None


def _function(metadata: Any, starter: str, place: str) -> str:
    if isinstance(metadata, str) and metadata.strip():
        metadata = _json(metadata, f"{place}: `metadata` is not JSON")
    if isinstance(metadata, dict) and isinstance(name := metadata.get("func_name"), str):
        if not name.isidentifier():
            raise UserError(f"{place}: `func_name` is not a function's name: {name!r}.")
        return name
    found = _METHOD.search(starter) or _FUNCTION.search(starter)
    return found[1] if found else ""


def _json(text: str, complaint: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{complaint} ({error}).") from None
