"""Files as the tools see them: text with `\\n` line ends, written back exactly as they came.

`load` remembers line ends (CRLF stays CRLF), a byte-order mark and whether the last line was ended; `store`
puts them back through a temporary file and a rename, so that a full disk or a kill leaves the old file whole.
What is not UTF-8 text, or is huge, is refused with a sentence and never touched.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 2_000_000


class FileProblem(Exception):
    """One sentence on why a file cannot be read or written, for the model or the user."""


@dataclass(frozen=True)
class Source:
    """A file's text with `\\n` line ends, and what is needed to write it back as it was."""

    text: str
    newline: str = "\n"
    bom: bool = False

    @property
    def lines(self) -> list[str]:
        return split_lines(self.text)

    @property
    def ended(self) -> bool:
        """Whether the last line has its line end (an empty file counts as ended)."""
        return not self.text or self.text.endswith("\n")

    def encode(self) -> bytes:
        """The bytes on disk."""
        text = self.text if self.newline == "\n" else self.text.replace("\n", self.newline)
        return (b"\xef\xbb\xbf" if self.bom else b"") + text.encode("utf-8")


def split_lines(text: str) -> list[str]:
    """Lines without their ends; a final line end does not open another line. Only `\\n` ends a line."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return lines


def decode(raw: bytes, name: str) -> Source:
    """Text of a file's bytes. Raises FileProblem for binary and other encodings. CRLF is recognised only
    when every line end is one; mixed line ends stay in the text as they are."""
    if b"\0" in raw:
        raise FileProblem(f"{name} is a binary file")
    bom = raw.startswith(b"\xef\xbb\xbf")
    try:
        text = raw[3 if bom else 0 :].decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileProblem(f"{name} is not UTF-8 (byte {error.start}); it is left alone") from None
    ends = text.count("\n")
    if ends and text.count("\r\n") == ends:
        return Source(text.replace("\r\n", "\n"), "\r\n", bom)
    return Source(text, "\n", bom)


def load(path: Path, name: str) -> Source:
    """Read a text file; `name` is how the reader calls it. Raises FileProblem."""
    try:
        info = path.stat()
        if stat.S_ISDIR(info.st_mode):
            raise FileProblem(f"{name} is a directory; use glob to list it")
        if not stat.S_ISREG(info.st_mode):
            raise FileProblem(f"{name} is not a regular file")
        if info.st_size > MAX_BYTES:
            raise FileProblem(f"{name} has {info.st_size} bytes, more than {MAX_BYTES}; use grep or bash")
        return decode(path.read_bytes(), name)
    except FileNotFoundError:
        raise FileProblem(f"{name} does not exist") from None
    except OSError as error:
        raise FileProblem(f"{name} cannot be read: {error.strerror or error}") from None


def write_bytes(path: Path, data: bytes, name: str) -> None:
    """Put `data` at `path` whole or not at all, keeping the mode of a file that was there. Directories are
    made as needed, and removed again when the write fails. Raises FileProblem."""
    made: list[Path] = []
    temporary: str | None = None
    try:
        missing = [p for p in path.parents if not p.exists()]
        for folder in reversed(missing):
            folder.mkdir()
            made.append(folder)
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
        handle, temporary = tempfile.mkstemp(prefix=".continualcode-", dir=path.parent)
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        if mode is None:
            mask = os.umask(0)
            os.umask(mask)
            mode = 0o666 & ~mask
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        for folder in reversed(made):
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise FileProblem(f"{name} was not written: {error.strerror or error}; the old state is kept") from None


def unified(old: str | None, new: str | None, name: str) -> str:
    """A unified diff with git-style names; None stands for a file that is not there."""
    old_name = f"a/{name}" if old is not None else "/dev/null"
    new_name = f"b/{name}" if new is not None else "/dev/null"
    out: list[str] = []
    for line in difflib.unified_diff(_kept(old), _kept(new), old_name, new_name):
        out.append(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n")
    return "".join(out)


def _kept(text: str | None) -> list[str]:
    parts = (text or "").split("\n")
    return [p + "\n" for p in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


Changed = Mapping[str, tuple[bytes | None, bytes | None]]
"""Relative path to (bytes before, bytes after); None stands for a file that is not there."""


def restore(workspace: Path, changed: Changed) -> list[str]:
    """Put back the bytes before a turn; hands back the paths. Nothing is touched, and FileProblem raised,
    when a file was changed by someone else since."""
    for name, (_, after) in changed.items():
        path = workspace / name
        now = path.read_bytes() if path.is_file() else None
        if now != after:
            raise FileProblem(f"{name} was changed since; undo would lose that change")
    for name, (before, _) in changed.items():
        if before is None:
            (workspace / name).unlink(missing_ok=True)
        else:
            write_bytes(workspace / name, before, name)
    return sorted(changed)
