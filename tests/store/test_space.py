"""A full disk is told from other troubles, whoever says so."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from continualcode.errors import UserError
from continualcode.store.space import full_disk_said, no_space


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"),  # safetensors
    ],
)
def test_a_full_disk_is_one_sentence(error: Exception, tmp_path: Path):
    with pytest.raises(UserError, match=f"{tmp_path} is full; free some space and try again") as said:
        with full_disk_said(tmp_path, "try again"):
            raise error
    assert said.value.__cause__ is error


def test_other_errors_stay_what_they_are(tmp_path: Path):
    assert not no_space(OSError(errno.EACCES, "Permission denied"))
    for error in (
        OSError(errno.EACCES, "Permission denied"),
        UserError("Another night is running."),
        KeyboardInterrupt(),
    ):
        with pytest.raises(type(error)) as found:
            with full_disk_said(tmp_path, "try again"):
                raise error
        assert found.value is error
