"""One hash for a file or a folder's content: equal exactly when names and bytes are equal."""

from __future__ import annotations

import hashlib
from pathlib import Path


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def folder_hash(path: Path) -> str:
    """SHA-256 over the sorted relative names and content hashes of all files below `path`; of a single
    file its `file_hash`. An empty folder has a hash too; a missing one raises FileNotFoundError."""
    if not path.is_dir():
        return file_hash(path)
    whole = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        whole.update(f"{file.relative_to(path).as_posix()}\0{file_hash(file)}\n".encode())
    return whole.hexdigest()
