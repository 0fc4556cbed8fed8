"""A full disk, in whichever library's words, is one sentence."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from continualcode.errors import UserError


def no_space(error: BaseException) -> bool:
    """Whether an error says that the disk is full (safetensors has no error number, only the words)."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return "No space left on device" in str(error) or "Disk quota exceeded" in str(error)


@contextmanager
def full_disk_said(folder: Path, then: str) -> Iterator[None]:
    """Raises UserError where the block finds the disk full. folder: what is on that disk; then: what to do afterwards."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if not no_space(error):
            raise
        raise UserError(f"The disk that holds {folder} is full; free some space and {then}.") from error
