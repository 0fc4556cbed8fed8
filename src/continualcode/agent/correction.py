"""What a user types as a correction, read and checked before anything is taught.

`--global` at its end says that it holds in every repository. What a terminal or a paste slips in (escape sequences,
control characters) is no part of it. An empty or an enormous one is refused, with what to do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from continualcode.errors import UserError

LONGEST = 2_000  # characters; a correction is a sentence, and it stands in every prompt that a lesson learns on
EVERYWHERE = "--global"
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True)
class Correction:
    """The words to be taught, and whether they hold in every repository."""

    text: str
    everywhere: bool = False


def read(typed: str) -> Correction:
    """A correction from what was typed. Raises UserError when nothing is left of it, or too much."""
    text = cleaned(typed)
    everywhere = text == EVERYWHERE or text.endswith((f" {EVERYWHERE}", f"\n{EVERYWHERE}"))
    if everywhere:
        text = text[: -len(EVERYWHERE)].rstrip()
    if not text:
        raise UserError("A correction needs words, for example: use edit_lines.")
    return Correction(_short_enough(text, "correction"), everywhere)


def note(typed: str) -> str:
    """A note from what was typed, empty when nothing is left of it. Raises UserError when it is too long."""
    return _short_enough(cleaned(typed), "note")


def _short_enough(text: str, what: str) -> str:
    if len(text) > LONGEST:
        raise UserError(
            f"A {what} may have {LONGEST} characters, this one has {len(text)}: say it in a sentence, or put what is to be "
            "known into AGENTS.md."
        )
    return text


def cleaned(typed: str) -> str:
    """`typed` without escape sequences, control characters and half surrogates; lines end in a line feed."""
    text = _CONTROLS.sub("", _ESCAPES.sub("", typed.replace("\r\n", "\n").replace("\r", "\n"))).strip()
    return text.encode("utf-8", "replace").decode("utf-8")
