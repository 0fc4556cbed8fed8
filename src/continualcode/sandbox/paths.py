"""File tools stay in the workspace, whatever path they are given."""

from __future__ import annotations

from pathlib import Path

from continualcode.errors import UserError


class OutsideWorkspace(UserError):
    """A path that leads out of the workspace."""


def inside(workspace: Path, path: str | Path) -> Path:
    """The absolute, symlink-free location of `path` (relative to `workspace`, or absolute), which need not
    exist yet.

    Raises OutsideWorkspace when it lies outside: through `..`, as an absolute path, through a symlink
    anywhere on the way, or because it is no path at all (a NUL byte, a loop of links).
    """
    root = Path(workspace).resolve()
    try:
        place = (root / path).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise OutsideWorkspace(f"`{str(path)!r}` is not a usable path: use one relative to the workspace.") from error
    if place != root and root not in place.parents:
        raise OutsideWorkspace(f"`{path}` lies outside the workspace: use a path under {root}.")
    return place
