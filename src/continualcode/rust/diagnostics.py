"""What rustc and clippy say, as data: parsed from their JSON lines, named by a signature, shown compactly.

A signature is the same for the same mistake in other code: the error code, and the message with names,
paths, literals and numbers removed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Span:
    """One place a diagnostic points to. Lines and columns count from 1; `text` is the source line."""

    path: str
    line: int
    line_end: int
    column: int
    column_end: int
    text: str
    label: str = ""
    primary: bool = False
    replacement: str | None = None
    note: str = ""  # the help sentence a suggestion belongs to


@dataclass(frozen=True)
class Diagnostic:
    """One error or warning. `helps` are the sentences without a place of their own."""

    level: str
    code: str
    message: str
    spans: tuple[Span, ...]
    helps: tuple[str, ...] = ()
    rendered: str = ""

    @property
    def is_error(self) -> bool:
        return self.level.startswith("error")

    @property
    def primary(self) -> Span | None:
        return next((s for s in self.spans if s.primary), None)


_FOREIGN = re.compile(r"^<|^/rustc/|/rustlib/src/")


def _span(raw: dict, note: str = "") -> Span:
    while raw.get("expansion") and _FOREIGN.search(raw["file_name"]):  # inside a macro of the standard library
        raw = {**raw["expansion"]["span"], "label": raw.get("label"), "is_primary": raw.get("is_primary")}
    text = raw["text"][0]["text"] if raw.get("text") else ""
    return Span(
        path=raw["file_name"], line=raw["line_start"], line_end=raw["line_end"],
        column=raw["column_start"], column_end=raw["column_end"], text=text,
        label=raw.get("label") or "", primary=bool(raw.get("is_primary")),
        replacement=raw.get("suggested_replacement"), note=note,
    )  # fmt: skip


def parse_json_lines(lines: Iterable[str]) -> list[Diagnostic]:
    """Diagnostics from `--error-format=json` output or cargo's `--message-format=json`; other lines are
    passed over. Summaries ("aborting due to ...") are dropped."""
    found: list[Diagnostic] = []
    for line in lines:
        if not line.startswith("{"):
            continue
        try:
            raw = json.loads(line)
        except json.JSONDecodeError:
            continue
        raw = raw.get("message") if raw.get("reason") == "compiler-message" else raw
        if not isinstance(raw, dict) or "spans" not in raw or "level" not in raw:
            continue
        if raw["level"] in ("failure-note", "note", "help"):
            continue
        message = raw["message"]
        if not raw["spans"] and (
            message.startswith("aborting due to") or " warning" in message and "emitted" in message
        ):
            continue
        spans = [_span(s) for s in raw["spans"]]
        helps: list[str] = []
        for child in raw.get("children", ()):
            placed = [s for s in child["spans"] if not s["file_name"].startswith("/rustc")]
            if placed:
                spans += [_span({**s, "is_primary": False}, child["message"]) for s in placed]
            else:
                helps.append(child["message"])
        code = (raw.get("code") or {}).get("code") or ""
        found.append(Diagnostic(raw["level"], code, message, tuple(spans), tuple(helps), raw.get("rendered") or ""))
    return found


def fill_text(diagnostics: Iterable[Diagnostic], path: str, source: str) -> list[Diagnostic]:
    """The same, with the crate's first byte put right. rustc takes that byte for no place at all: a hint to
    insert there comes without its line, which is filled in; and what it cannot place (a bound in a library
    without sources) is put there, which is dropped."""
    first = source.split("\n", 1)[0].rstrip("\r")

    def mended(spans: tuple[Span, ...]) -> tuple[Span, ...]:
        nowhere = [(s.path, s.line, s.column_end, s.text) == (path, 1, 1, "") for s in spans]
        return tuple(
            replace(s, text=first) if lost else s
            for s, lost in zip(spans, nowhere, strict=True)
            if not lost or s.primary or s.replacement is not None
        )

    return [replace(d, spans=mended(d.spans)) for d in diagnostics]


_NORMALISE = (
    (re.compile(r"`[^`]*`"), "_"),
    (re.compile(r'"[^"]*"'), "_"),
    (re.compile(r"'[a-z_]\w*\b"), "'_"),
    (re.compile(r"\b\d+\b"), "#"),
    (re.compile(r"(?:[\w.-]*/)+[\w.-]+"), "PATH"),
    (re.compile(r"\s+"), " "),
)


def signature(diagnostics: Sequence[Diagnostic], failed_tests: Sequence[str] = ()) -> str:
    """One name for what is wrong: the first error's code and its message without names; `tests` when it
    compiles and a test fails; the first warning's when that is all; empty when nothing is wrong."""
    for wanted in (True, False):
        for d in diagnostics:
            if d.is_error is wanted:
                message = d.message.split("\n")[0]
                for pattern, replacement in _NORMALISE:
                    message = pattern.sub(replacement, message)
                return f"{d.code or d.level}:{message.strip()}"
        if failed_tests:
            return "tests:assertion failed"
    return ""


_MODULE_PREFIX = re.compile(r"\bv\d{4}::")
_TRAILING_CODE = re.compile(r"\[[A-Z]\d{4}\]")


def render_compact(
    diagnostics: Sequence[Diagnostic], path: str | None = None, max_errors: int = 2, max_spans: int = 4
) -> str:
    """What a model is shown of the errors: code, message, each place as `number|line` with its label
    under it (`^` primary, `-` secondary, `+` a hint's place). Hints say where and what, never the
    replacement text: the model is to make the repair itself. `path`: the file the reader already knows;
    places in other files get a line `--> file`. Returns `ok` when there is no error."""
    out: list[str] = []
    errors = [d for d in diagnostics if d.is_error]
    for d in errors[:max_errors]:
        out.append(f"{'error' if not d.code else 'error[' + d.code + ']'}: {_clean(d.message.splitlines()[0])}")
        places = dict.fromkeys(
            (
                s.path,
                s.line,
                s.text,
                s.primary,
                _clean((s.note or s.label or " ").splitlines()[0]).strip(),
                bool(s.note),
            )
            for s in d.spans
            if not _FOREIGN.search(s.path)
        )
        kept = sorted(places, key=lambda s: not s[3])[:max_spans]  # where the error is comes before what led to it
        last: tuple[str, int] | None = None
        for s_path, line, text, primary, words, hint in sorted(
            kept, key=lambda s: (s[0] != path, s[0], s[1], not s[3])
        ):
            if (s_path, line) != last:
                if s_path != path:
                    out.append(f"--> {s_path}")
                out.append(f"{line}|{text}")
                last = (s_path, line)
            if words or primary:
                out.append(f"{'^' if primary else '+' if hint else '-'} {words}".rstrip())
    if len(errors) > max_errors:
        out.append(f"and {len(errors) - max_errors} more")
    return "\n".join(out) if out else "ok"


def _clean(message: str) -> str:
    message = _MODULE_PREFIX.sub("", message)
    return message if len(message) <= 120 else message[:117] + "..."
