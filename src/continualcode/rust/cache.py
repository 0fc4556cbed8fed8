"""Verdicts that were reached before, one JSON file each, found by the hash of everything they rest on.

Writing is atomic; a file that cannot be read is as good as none. Verdicts that a limit cut short are not
kept: the next time the machine may be less busy.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

from continualcode.rust.diagnostics import Diagnostic, Span
from continualcode.rust.verdict import FailedTest, Verdict

_FORMAT = 1  # raise when a verdict's meaning changes


def key(*parts: object) -> str:
    """The address of what was judged: code, tests, flags, compiler."""
    return hashlib.sha256(json.dumps([_FORMAT, *parts]).encode()).hexdigest()


class VerdictCache:
    """A folder of verdicts. Any number of processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def get(self, address: str) -> Verdict | None:
        """The verdict, marked `cached`; None when there is none or it is damaged."""
        try:
            return replace(_verdict(json.loads(self._path(address).read_text(encoding="utf-8"))), cached=True)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def put(self, address: str, verdict: Verdict) -> None:
        """Keeps a verdict; a full or read-only disk only means that it is not kept."""
        if verdict.stopped:
            return
        path = self._path(address)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        except OSError:
            return
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(asdict(verdict), file)
            os.replace(temporary, path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)

    def _path(self, address: str) -> Path:
        return self.folder / address[:2] / f"{address[2:]}.json"


def _verdict(raw: dict) -> Verdict:
    diagnostics = tuple(
        Diagnostic(**{**d, "spans": tuple(Span(**s) for s in d["spans"]), "helps": tuple(d["helps"])})
        for d in raw["diagnostics"]
    )
    failed = tuple(FailedTest(**t) for t in raw["failed_tests"])
    return Verdict(**{**raw, "diagnostics": diagnostics, "failed_tests": failed})
