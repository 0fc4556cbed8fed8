"""Whose a lesson is: the repository's that it was given in, or the user's own in every repository.

A repository is the nearest folder above that holds `.git`, else the working directory itself; its scope in the store is
its path. One session at a time may teach in a scope: its lessons build on each other, and two sessions that went on from
the same weights would each lose what the other was taught. The lock is the kernel's, so a session that was killed holds
none.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from continualcode.errors import UserError


class Busy(UserError):
    """Somebody else teaches in this scope; the text says who."""


def repository(workspace: Path) -> Path:
    """The root of the repository that holds `workspace`; the folder itself outside of any."""
    workspace = Path(workspace).resolve()
    return next((folder for folder in (workspace, *workspace.parents) if os.path.exists(folder / ".git")), workspace)


def scope_of(workspace: Path) -> str:
    """The scope of lessons given in `workspace`."""
    return str(repository(workspace))


@contextmanager
def alone(home: Path, scope: str, who: str) -> Iterator[None]:
    """Hold the right to teach in `scope` while the block lasts; `who` is what others are told. Raises Busy when
    somebody else holds it."""
    path = Path(home) / "locks" / f"{hashlib.sha256(scope.encode()).hexdigest()[:16]}.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = open(path, "a+", encoding="utf-8")
    except OSError as error:
        raise UserError(f"The lock {path} cannot be made ({error.strerror}); check the folder's rights.") from None
    with held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.seek(0)
            raise Busy(held.read().strip() or "Another session") from None
        held.seek(0)
        held.truncate()
        held.write(f"{who}\n")
        held.flush()
        yield
