"""Routes: which weights answer which error.

Some nights teach what they were for and harm something else. Such a candidate need not be lost: it can answer the errors
that it was trained on, and the weights before it all others. A version with routes is an ordinary adapter folder (the
weights for everything else) that holds `routes.json` and, under `routes/`, the adapters that answer certain errors.
It is promoted, exported, checked and rolled back like any other version.

An error's key is its signature (code, message without names) and rustc's label at the place, in which library types
keep their names: `E0308:mismatched types | expected `Option<_>`, found `&_``. A key that is in the table exactly decides;
else the most similar one with the same code, from `THRESHOLD` on (measured: `continualcode bench routes`); else the
default weights.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from continualcode.engine.base import Engine, EngineError
from continualcode.rust.diagnostics import Diagnostic, signature

if TYPE_CHECKING:
    from continualcode.config import Settings
    from continualcode.koans.catalogue import Koan

FILE = "routes.json"
THRESHOLD = 0.8
_LIBRARY = frozenset(
    "Vec String str Option Result Box Rc RefCell Weak Arc Cell HashMap HashSet BTreeMap BTreeSet VecDeque i8 i16 i32 i64 u8 u16 u32 "
    "u64 usize isize f32 f64 bool char Iter IntoIter Map Filter Chars Enumerate Iterator IntoIterator Clone Copy Debug Display PartialEq "
    "PartialOrd Ord Eq Hash Default Fn FnMut FnOnce Add Sub Mul Div Sum Self integer float ref mut dyn impl".split()
)


def key(diagnostics: Sequence[Diagnostic], failed_tests: Sequence[str] = ()) -> str:
    """What an error is routed by; empty when nothing is wrong."""
    name = signature(diagnostics, failed_tests)
    first = next((d for d in diagnostics if d.is_error), None)
    label = _plain(first.primary.label) if first is not None and first.primary is not None else ""
    return f"{name} | {label}" if name and label else name


def _plain(label: str) -> str:
    """A label without the program's own names."""

    def names(match: re.Match[str]) -> str:
        return re.sub(r"\b[A-Za-z_]\w*\b", lambda m: m[0] if m[0] in _LIBRARY else "_", match[0])

    return re.sub(r"`[^`]*`", names, re.sub(r"\{closure[^}]*\}", "closure", label))


def similarity(a: str, b: str) -> float:
    """In [0, 1]: shared words of two keys with the same code (Jaccard), 0 for different codes."""
    if a.split(":", 1)[0] != b.split(":", 1)[0]:
        return 0.0
    mine, theirs = (set(re.findall(r"\w+|[&<>*\[\]()]", text)) for text in (a, b))
    return len(mine & theirs) / max(1, len(mine | theirs))


@dataclass(frozen=True)
class Choice:
    """Which weights answer an error. `adapter`: a folder's name under `routes/`, None for the default ones;
    how: exact, similar, or default; `like`: the key in the table that decided."""

    key: str
    adapter: str | None
    how: str
    like: str = ""
    similarity: float = 0.0


@dataclass(frozen=True)
class Routes:
    """A version's table: key → name of a folder under `folder/routes`."""

    folder: Path
    table: Mapping[str, str] = field(default_factory=dict)

    def choose(self, wanted: str) -> Choice:
        """Exact first, then by similarity, else the default weights."""
        if wanted in self.table:
            return Choice(wanted, self.table[wanted], "exact", wanted, 1.0)
        near = max(self.table, key=lambda known: similarity(known, wanted), default="")
        close = similarity(near, wanted) if wanted and near else 0.0
        if close >= THRESHOLD:
            return Choice(wanted, self.table[near], "similar", near, close)
        return Choice(wanted, None, "default", near, close)

    def weights(self, choice: Choice) -> Path:
        """The folder that holds a choice's weights."""
        return self.folder if choice.adapter is None else self.folder / "routes" / choice.adapter


def read(folder: Path) -> Routes:
    """A version's routes; an empty table for a version without any. Raises EngineError when the table is broken."""
    file = folder / FILE
    if not file.is_file():
        return Routes(folder)
    try:
        table = json.loads(file.read_text(encoding="utf-8"))["table"]
        whole = all(isinstance(k, str) and (folder / "routes" / str(v)).is_dir() for k, v in table.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        whole, table = False, {}
    if not whole:
        raise EngineError(f"The routes of {folder} are broken; roll back, or take another version.")
    return Routes(folder, table)


def write(folder: Path, default: Path, earlier: Routes | None, keys: Sequence[str], adapter: Path, name: str) -> Routes:
    """A version at `folder` (new): the weights of `default`, the routes that `earlier` has, and `keys` answered by the
    weights in `adapter`, which are called `name`. Keys that are there already come to be answered by the new ones;
    adapters that no key leads to any more are left out. Files are linked where the disk allows, for they never change."""
    folder.mkdir(parents=True)
    for file in sorted(default.iterdir()):
        if file.is_file() and file.name != FILE:
            _same(file, folder / file.name)
    table = {**(earlier.table if earlier else {}), **dict.fromkeys(keys, name)}
    sources = {old: earlier.folder / "routes" / old for old in set(table.values()) if earlier and old != name}
    for called, source in {**sources, name: adapter}.items():
        (folder / "routes" / called).mkdir(parents=True)
        for file in sorted(source.iterdir()):
            if file.is_file() and file.name != FILE:
                _same(file, folder / "routes" / called / file.name)
    (folder / FILE).write_text(json.dumps({"table": table}, indent=1, sort_keys=True), encoding="utf-8")
    return Routes(folder, table)


def _same(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copyfile(source, target)


def by_weights(routes: Routes, koans: Sequence[Koan], settings: Settings) -> dict[Path, list[int]]:
    """Places in `koans` by the folder of the weights that answer their first error, the default weights first."""
    groups: dict[Path, list[int]] = {routes.folder: []}
    for place, choice in enumerate(choices(routes, koans, settings)):
        groups.setdefault(routes.weights(choice), []).append(place)
    return groups


def choices(routes: Routes, koans: Sequence[Koan], settings: Settings) -> list[Choice]:
    """How each koan's first error is routed."""
    return [routes.choose(k) for k in keys_of([(k.buggy, k.tests) for k in koans], settings)]


def keys_of(programs: Sequence[tuple[str, str]], settings: Settings) -> list[str]:
    """The key of each (program, its tests), checked as a session checks it (verdicts are cached)."""
    from continualcode.rust.check import check_many

    verdicts = check_many(list(programs), workers=settings.jobs or os.cpu_count() or 1, settings=settings)
    return [key(v.diagnostics, [t.name for t in v.failed_tests]) for v in verdicts]


def load(engine: Engine, weights: Path, routes: Routes) -> None:
    """Put one route's weights into the engine under the version's name (`version/route`, so that an episode says
    which weights answered it)."""
    engine.load_adapter(weights)
    if weights != routes.folder:
        engine.adapter_ref = f"{routes.folder.name}/{weights.name}"
