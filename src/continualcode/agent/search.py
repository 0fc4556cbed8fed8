"""Which files a search sees, and the two searches: `glob` by path, `grep` by line.

Ignored by `.gitignore` (every folder's own), by git itself (`.git`), and this program's folder
(`.continualcode`) stay unseen; symbolic links are not followed. Binary, huge and non-UTF-8 files are passed
over. A pattern that would run for ever is cut off after `PATTERN_SECONDS`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pathspec
import regex

from continualcode.agent.files import FileProblem, load

ALWAYS_HIDDEN = frozenset({".git", ".continualcode"})
PATTERN_SECONDS = 5.0


class BadPattern(Exception):
    """A pattern that does not parse, or takes too long; the text says why."""


def visible(workspace: Path, below: Path | None = None) -> Iterator[str]:
    """Relative paths (with `/`) of the files a search sees, sorted folder by folder; `below` limits the walk
    to one folder of the workspace."""
    yield from _walk(workspace, below or workspace, _inherited(workspace, below or workspace))


_Rules = list[tuple[Path, pathspec.GitIgnoreSpec]]


def _inherited(workspace: Path, below: Path) -> _Rules:
    rules: _Rules = []
    folder = workspace
    for part in below.relative_to(workspace).parts:
        rules += _own_rules(folder)
        folder = folder / part
    return rules


def _own_rules(folder: Path) -> _Rules:
    try:
        lines = (folder / ".gitignore").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    try:
        return [(folder, pathspec.GitIgnoreSpec.from_lines(lines))]
    except ValueError:
        return []


def _walk(workspace: Path, folder: Path, rules: _Rules) -> Iterator[str]:
    rules = rules + _own_rules(folder)
    try:
        entries = sorted(os.scandir(folder), key=lambda e: e.name)
    except OSError:
        return
    for entry in entries:
        if entry.name in ALWAYS_HIDDEN or entry.is_symlink():
            continue
        is_folder = entry.is_dir(follow_symlinks=False)
        path = Path(entry.path)
        if _ignored(path, is_folder, rules):
            continue
        if is_folder:
            yield from _walk(workspace, path, rules)
        elif entry.is_file(follow_symlinks=False):
            yield path.relative_to(workspace).as_posix()


def _ignored(path: Path, is_folder: bool, rules: _Rules) -> bool:
    for base, spec in reversed(rules):  # the nearest .gitignore that speaks of the path decides
        verdict = spec.check_file(path.relative_to(base).as_posix() + ("/" if is_folder else ""))
        if verdict.include is not None:
            return verdict.include
    return False


def glob(workspace: Path, pattern: str, limit: int = 100) -> tuple[list[str], int]:
    """(the first `limit` matching paths, how many match in all). Raises BadPattern."""
    wanted = pattern.strip().removeprefix("./")
    if not wanted or wanted.startswith("!") or "\n" in wanted or "\0" in wanted:
        raise BadPattern("the pattern is empty or not a glob; write for example src/**/*.rs")
    try:
        spec = pathspec.GitIgnoreSpec.from_lines([wanted])
    except ValueError as error:
        raise BadPattern(f"not a glob pattern: {error}") from None
    found = [name for name in visible(workspace) if spec.match_file(name)]
    return found[:limit], len(found)


def grep(workspace: Path, pattern: str, below: Path | None = None, limit: int = 50) -> tuple[list[str], bool]:
    """(`path:number|line` of the first `limit` matches, whether there are more). Raises BadPattern."""
    try:
        wanted = regex.compile(pattern)
    except regex.error as error:
        raise BadPattern(f"not a regular expression: {error}") from None
    if below is not None and below.is_file():
        names: Iterator[str] = iter([below.relative_to(workspace).as_posix()])
    else:
        names = visible(workspace, below)
    found: list[str] = []
    until = time.monotonic() + PATTERN_SECONDS
    for name in names:
        try:
            lines = load(workspace / name, name).lines
        except FileProblem:
            continue
        for number, line in enumerate(lines, 1):
            left = until - time.monotonic()
            try:
                if left <= 0 or not wanted.search(line, timeout=max(left, 0.01)):
                    if left <= 0:
                        raise TimeoutError
                    continue
            except TimeoutError:
                raise BadPattern(
                    f"the search took more than {PATTERN_SECONDS:g} s; use a simpler pattern or a path"
                ) from None
            if len(found) == limit:
                return found, True
            found.append(f"{name}:{number}|{line if len(line) <= 200 else line[:197] + '...'}")
    return found, False
