"""The catalogue: filters, suites, and what it says of broken files."""

import json
from collections import Counter
from pathlib import Path

import pytest

from continualcode.errors import UserError
from continualcode.koans import catalogue
from continualcode.koans.grammar import FAMILIES, PATTERNS
from continualcode.koans.patterns import HELD_BACK

TASK = {"id": "x1", "family": "iterators", "description": "d", "buggy_code": "fn a() {", "correct_code": "fn a() {}"}


def test_the_catalogue_is_large_and_balanced():
    koans = catalogue.load()
    assert len(koans) >= 60
    assert {k.family for k in koans} == set(FAMILIES)
    assert len({k.id for k in koans}) == len(koans)
    splits = Counter(k.split for k in koans)
    assert all(splits[s] >= 0.2 * len(koans) for s in catalogue.SPLITS)
    for pattern in HELD_BACK:
        assert {k.split for k in koans if k.pattern == pattern} == set(catalogue.SPLITS), pattern
    assert {k.pattern for k in koans} <= set(PATTERNS)


def test_filters():
    everything = catalogue.load()
    assert catalogue.load(family="borrow") == [k for k in everything if k.family == "borrow_checker"]
    assert catalogue.load(family="rh_") == catalogue.load(family="result_handling") == catalogue.load(prefix="rh_")
    assert catalogue.load("gate") == [k for k in everything if k.split == "gate"]
    assert {k.pattern for k in catalogue.load(pattern="tm_deref")} == {"tm_deref"}
    assert all(k.split == "test" and k.id.startswith("it_0") for k in catalogue.load("test", prefix="it_0"))


@pytest.mark.parametrize(
    "wanted", [{"split": "dev"}, {"family": "macros"}, {"pattern": "nope"}, {"prefix": "zz"}, {"family": ""}]
)
def test_a_filter_that_can_never_fit_is_an_error(wanted):
    with pytest.raises(UserError):
        catalogue.load(**wanted)


def test_get_takes_an_id_or_enough_of_it():
    koan = catalogue.load(family="it")[0]
    assert catalogue.get(koan.id) is koan
    assert catalogue.get(koan.id[:6]) is koan
    with pytest.raises(UserError, match="whole id"):
        catalogue.get("it_")
    with pytest.raises(UserError, match="no koan"):
        catalogue.get("it_999")
    with pytest.raises(UserError):
        catalogue.get("")


def test_suites(tmp_path: Path):
    assert catalogue.load_suite("gate") == catalogue.load("gate")
    assert catalogue.load_suite("all") == catalogue.load()
    path = tmp_path / "suite.jsonl"
    koans = catalogue.load(family="type_mismatch")
    catalogue.write_jsonl(koans, path)
    assert catalogue.load_suite(path) == koans
    with pytest.raises(UserError, match="no suite"):
        catalogue.load_suite(tmp_path / "none.jsonl")


def test_a_minimal_task_and_line_ends(tmp_path: Path):
    path = tmp_path / "suite.jsonl"
    task = {**TASK, "buggy_code": "fn a() {\r\n", "tests": None, "more": 3}
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(task).encode() + b"\r\n\r\n")
    (koan,) = catalogue.load_suite(path)
    assert (koan.buggy, koan.tests, koan.expected_error, koan.pattern) == ("fn a() {\n", "", "", "")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "line 2: not valid JSON"),
        ("[1]", "line 2: a JSON object"),
        (json.dumps({k: v for k, v in TASK.items() if k != "correct_code"}), "line 2: `correct_code` is missing"),
        (json.dumps({**TASK, "id": "x2", "family": 3}), "line 2: `family` must be a string, not int"),
        (json.dumps({**TASK, "id": None}), "line 2: `id` must be a string"),
        (json.dumps({**TASK, "id": "x2", "buggy_code": "  "}), "line 2: `buggy_code` is empty"),
        (json.dumps(TASK), "line 2: the id `x1` is already that of line 1"),
    ],
)
def test_broken_suite_lines_are_named(tmp_path: Path, line: str, says: str):
    path = tmp_path / "suite.jsonl"
    path.write_text(json.dumps(TASK) + "\n" + line + "\n")
    with pytest.raises(UserError, match=says) as caught:
        catalogue.load_suite(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe\x00"])
def test_suites_that_are_empty_or_not_text(tmp_path: Path, content: bytes):
    path = tmp_path / "suite.jsonl"
    path.write_bytes(content)
    with pytest.raises(UserError):
        catalogue.load_suite(path)


def koan_folder(tmp_path: Path, **changes: str | None) -> Path:
    """A catalogue of one koan; a change to None takes the key or file away."""
    koan = catalogue.load(family="iterators")[0]
    folder = tmp_path / "koans" / koan.family / koan.id
    folder.mkdir(parents=True)
    keys = {k: getattr(koan, k) for k in ("id", "family", "pattern", "description", "expected_error", "split")}
    files = {"buggy.rs": koan.buggy, "solution.rs": koan.solution, "tests.rs": koan.tests}
    for key, value in changes.items():
        target = files if key.replace("_rs", ".rs") in files else keys
        key = key.replace("_rs", ".rs") if target is files else key
        if value is None:
            del target[key]
        else:
            target[key] = value
    (folder / "koan.toml").write_text("".join(f"{k} = {json.dumps(v)}\n" for k, v in keys.items()))
    for name, text in files.items():
        (folder / name).write_text(text)
    return tmp_path / "koans"


def test_a_folder_of_ones_own(tmp_path: Path):
    (koan,) = catalogue.load(folder=koan_folder(tmp_path))
    assert koan == catalogue.load(family="iterators")[0]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"pattern": None}, "`pattern` is missing"),
        ({"split": "dev"}, "unknown split `dev`"),
        ({"family": "macros"}, "unknown family"),
        ({"id": "it_999_other"}, "but lies in"),
        ({"description": ""}, "`description` is empty"),
        ({"colour": "red"}, "unknown key `colour`"),
        ({"tests_rs": None}, "tests.rs is missing"),
    ],
)
def test_broken_koans_are_named(tmp_path: Path, changes, says: str):
    with pytest.raises(UserError, match=says):
        catalogue.load(folder=koan_folder(tmp_path, **changes))


def test_koan_toml_that_is_not_toml_or_not_there(tmp_path: Path):
    folder = koan_folder(tmp_path)
    path = next(folder.glob("*/*/koan.toml"))
    path.write_text("id = [")
    with pytest.raises(UserError, match="not valid TOML"):
        catalogue.load(folder=folder)
    path.unlink()
    with pytest.raises(UserError, match=r"koan\.toml is missing"):
        catalogue.load(folder=folder)
    with pytest.raises(UserError, match="install the program again"):
        catalogue.load(folder=tmp_path / "nothing")
