"""At most one process at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from continualcode.errors import UserError


@contextmanager
def only_one(file: Path, otherwise: str) -> Iterator[None]:
    """Hold `file` as a lock while the block lasts; it dies with its process. Raises UserError with `otherwise` when
    another process holds it."""
    from filelock import FileLock, Timeout

    file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(otherwise) from None
    try:
        yield
    finally:
        lock.release()
