"""The catalogue: koans from disk, filters, and suites.

A koan is `koans/<family>/<id>/{koan.toml, buggy.rs, solution.rs, tests.rs}`. A suite is a split, `all`, or
a JSONL file of tasks `{"id","family","description","buggy_code","correct_code","expected_error"?,"tests"?}`.
What is broken on disk is a `KoanError`: one sentence with the place. Whether a koan is *right* is proven by
`check.py`, not here.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from continualcode.config import bundled
from continualcode.errors import UserError
from continualcode.koans.grammar import FAMILIES

SPLITS = ("train", "gate", "test")
PREFIXES = {
    "borrow_checker": "bc", "lifetimes": "lt", "trait_bounds": "tb",
    "result_handling": "rh", "type_mismatch": "tm", "iterators": "it",
    "generics_and_closures": "gc", "ownership_and_smart_pointers": "os",
}  # fmt: skip
_KEYS = ("id", "family", "pattern", "description", "expected_error", "split")
_LARGEST = 1_000_000  # bytes of one source file


class KoanError(UserError):
    """A koan or suite that cannot be used, or one that is not there: one sentence with its place."""


@dataclass(frozen=True)
class Koan:
    """One task. `expected_error` is the code that rustc gives for `buggy` (empty: any). `tests` may be empty
    in a suite file: then the task is unpinned, and compiling is all that can be asked."""

    id: str
    family: str
    pattern: str
    description: str
    expected_error: str
    split: str
    buggy: str
    solution: str
    tests: str


def root() -> Path:
    """The folder of the koans: inside the installed package, or in the checkout."""
    return bundled("koans")


def load(
    split: str | None = None,
    family: str | None = None,
    pattern: str | None = None,
    prefix: str | None = None,
    *,
    folder: Path | None = None,
) -> list[Koan]:
    """The koans that fit all filters, by id. `family` matches from the start of the family's name or is its
    prefix (`borrow`, `bc`); `pattern` is a pattern's id; `prefix` the start of an id. `folder` stands in for
    the catalogue's own.

    Raises KoanError for a broken koan, an unknown split, and a filter that no koan could ever fit.
    """
    if split is not None and split not in SPLITS:
        raise KoanError(f"There is no split `{split}`: give one of {', '.join(SPLITS)}.")
    everything = _read_all((folder or root()).resolve())
    chosen = [k for k in everything if split is None or k.split == split]
    for what, wanted, fits in (
        ("family", family, lambda k: of_family(k, family or "")),
        ("pattern", pattern, lambda k: k.pattern == pattern),
        ("id prefix", prefix, lambda k: k.id.startswith(prefix or "")),
    ):
        if wanted is not None:
            if not any(fits(k) for k in everything):
                known = sorted({k.family if what == "family" else k.pattern for k in everything})
                hint = f"known: {', '.join(known)}" if what != "id prefix" else "see `continualcode list`"
                raise KoanError(f"No koan has the {what} `{wanted}` ({hint}).")
            chosen = [k for k in chosen if fits(k)]
    return chosen


def of_family(koan: Koan, wanted: str) -> bool:
    """Whether the koan's family starts with `wanted`, or `wanted` is the family's id prefix."""
    wanted = wanted.strip().lower().replace("-", "_").rstrip("_")
    return bool(wanted) and (koan.family.startswith(wanted) or koan.id.split("_")[0] == wanted)


def get(koan_id: str, *, folder: Path | None = None) -> Koan:
    """The koan with this id, or the only one whose id starts with it. Raises KoanError."""
    everything = _read_all((folder or root()).resolve())
    for koan in everything:
        if koan.id == koan_id:
            return koan
    near = [k for k in everything if koan_id and k.id.startswith(koan_id)]
    if len(near) == 1:
        return near[0]
    if near:
        raise KoanError(
            f"`{koan_id}` is the start of {len(near)} koans ({', '.join(k.id for k in near[:4])}…): give the whole id."
        )
    raise KoanError(f"There is no koan `{koan_id}`: `continualcode list` names them all.")


def load_suite(name_or_path: str | Path) -> list[Koan]:
    """The tasks of a suite: a split's name, `all`, or a JSONL file. Raises KoanError."""
    name = str(name_or_path)
    if name in SPLITS:
        return load(split=name)
    if name == "all":
        return load()
    path = Path(name).expanduser()
    if not path.is_file():
        raise KoanError(f"There is no suite `{name}`: give {', '.join(SPLITS)}, all, or the path of a JSONL file.")
    return read_jsonl(path)


def read_jsonl(path: Path) -> list[Koan]:
    """The tasks of a JSONL file, in its order. Raises KoanError with file and line number."""
    koans: list[Koan] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(_text(path, largest=64 * _LARGEST).splitlines(), 1):
        if not line.strip():
            continue
        koan = _task(line, f"{path}, line {number}")
        if koan.id in seen:
            raise KoanError(
                f"{path}, line {number}: the id `{koan.id}` is already that of line {seen[koan.id]}: ids must differ."
            )
        seen[koan.id] = number
        koans.append(koan)
    if not koans:
        raise KoanError(f"{path} holds no task: give one JSON object a line.")
    return koans


def write_jsonl(koans: Iterable[Koan], path: Path) -> None:
    """Write koans as a suite file; `read_jsonl` gives them back."""
    rows = [
        {
            "id": k.id, "family": k.family, "pattern": k.pattern, "description": k.description, "split": k.split,
            "expected_error": k.expected_error, "buggy_code": k.buggy, "correct_code": k.solution, "tests": k.tests,
        }
        for k in koans
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _task(line: str, place: str) -> Koan:
    try:
        raw = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise KoanError(
            f"{place}: not valid JSON ({getattr(error, 'msg', error)}): each line is one JSON object."
        ) from error
    if not isinstance(raw, dict):
        raise KoanError(f"{place}: a JSON object is wanted, this is {type(raw).__name__}.")
    for key in ("id", "family", "description", "buggy_code", "correct_code"):
        if key not in raw:
            raise KoanError(f"{place}: `{key}` is missing.")
    for key in (
        "id",
        "family",
        "description",
        "buggy_code",
        "correct_code",
        "expected_error",
        "tests",
        "pattern",
        "split",
    ):
        if not isinstance(raw.get(key, ""), str) and not (
            raw[key] is None and key in ("expected_error", "tests", "pattern", "split")
        ):
            raise KoanError(f"{place}: `{key}` must be a string, not {type(raw[key]).__name__}.")
    for key in ("id", "family", "buggy_code", "correct_code"):
        if not raw[key].strip():
            raise KoanError(f"{place}: `{key}` is empty.")

    def text(key: str) -> str:
        return (raw.get(key) or "").replace("\r\n", "\n")

    return Koan(
        id=raw["id"].strip(), family=raw["family"].strip(), pattern=text("pattern"), description=text("description"),
        expected_error=text("expected_error"), split=text("split"), buggy=text("buggy_code"),
        solution=text("correct_code"), tests=text("tests"),
    )  # fmt: skip


@lru_cache(maxsize=8)
def _read_all(folder: Path) -> tuple[Koan, ...]:
    if not folder.is_dir():
        raise KoanError(f"The koans are not in {folder}: install the program again, or run from a checkout.")
    koans = [_read(path.parent) for path in sorted(folder.glob("*/*/koan.toml"))]
    for path in sorted(folder.glob("*/*/buggy.rs")):
        if not (path.parent / "koan.toml").is_file():
            raise KoanError(f"{path.parent}: koan.toml is missing.")
    if not koans:
        raise KoanError(f"{folder} holds no koans: install the program again, or run from a checkout.")
    order = {family: i for i, family in enumerate(FAMILIES)}
    return tuple(sorted(koans, key=lambda k: (order[k.family], k.id)))


def _read(folder: Path) -> Koan:
    path = folder / "koan.toml"
    try:
        raw = tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as error:
        raise KoanError(f"{path}: not valid TOML: {error}.") from error
    for key in _KEYS:
        if key not in raw:
            raise KoanError(f"{path}: `{key}` is missing.")
        if not isinstance(raw[key], str):
            raise KoanError(f"{path}: `{key}` must be a string, not {type(raw[key]).__name__}.")
        if not raw[key].strip() and key != "expected_error":
            raise KoanError(f"{path}: `{key}` is empty.")
    if unknown := sorted(set(raw) - set(_KEYS)):
        raise KoanError(f"{path}: unknown key `{unknown[0]}` (known: {', '.join(_KEYS)}).")
    if raw["family"] not in FAMILIES:
        raise KoanError(f"{path}: unknown family `{raw['family']}` (known: {', '.join(FAMILIES)}).")
    if raw["split"] not in SPLITS:
        raise KoanError(f"{path}: unknown split `{raw['split']}` (known: {', '.join(SPLITS)}).")
    if raw["id"] != folder.name or raw["family"] != folder.parent.name:
        raise KoanError(f"{path}: it says {raw['family']}/{raw['id']}, but lies in {folder.parent.name}/{folder.name}.")
    if not raw["id"].startswith(PREFIXES[raw["family"]] + "_"):
        raise KoanError(f"{path}: ids of {raw['family']} start with `{PREFIXES[raw['family']]}_`.")
    for name in ("buggy.rs", "solution.rs", "tests.rs"):
        if not (folder / name).is_file():
            raise KoanError(f"{folder}: {name} is missing.")
    buggy, solution, tests = (_text(folder / name) for name in ("buggy.rs", "solution.rs", "tests.rs"))
    return Koan(**{key: raw[key] for key in _KEYS}, buggy=buggy, solution=solution, tests=tests)


def _text(path: Path, largest: int = _LARGEST) -> str:
    """A file's text with `\\n` line ends."""
    try:
        if path.stat().st_size > largest:
            raise KoanError(f"{path} is larger than {largest // 1000} kB: that is no koan.")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise KoanError(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8.") from error
    except OSError as error:
        raise KoanError(f"{path} cannot be read: {error.strerror or error}.") from error
