"""`settings`: every key, its value here, and what it means."""

from __future__ import annotations

import json
import shutil
import textwrap
from typing import Annotated, Any

import typer

from continualcode.cli.output import Json, Overrides, emit, panel, settings_from
from continualcode.config import Settings

WIDEST_KEY = 34  # columns that `key = value` may take before the meaning goes beneath it


def register(app: typer.Typer) -> None:
    @app.command("settings", rich_help_panel=panel.SETUP)
    def settings_(
        changed: Annotated[bool, typer.Option("--changed", help="Only those that differ from their default.")] = False,
        overrides: Overrides = None,
        as_json: Json = False,
    ) -> None:
        """Every setting: its value here, what it means, and its default where the value differs (marked *)."""
        values, defaults = settings_from(overrides).as_dict(), Settings().as_dict()
        differing = [key for key in values if values[key] != defaults[key]]
        keys = differing if changed else list(values)
        meanings = {key: words for key, _, words in Settings.describe()}
        lines = listing(
            [(key, values[key], defaults[key], meanings[key]) for key in keys],
            shutil.get_terminal_size((80, 24)).columns,
        )
        emit({key: values[key] for key in keys}, as_json, lines or "Every setting has its default.")


def listing(rows: list[tuple[str, Any, Any, str]], width: int) -> str:
    """Rows (key, value, default, meaning) as lines of at most `width` columns: `key = value`, the meaning
    beside it, or beneath where there is no room; `*` marks a value that is not the default. A value that is
    wider than a line stays whole."""
    names = [f"{' ' if value == default else '*'} {key} = {_text(value)}" for key, value, default, _ in rows]
    beside = min(max((len(name) for name in names), default=0), WIDEST_KEY) + 2
    lines: list[str] = []
    for name, (_, value, default, meaning) in zip(names, rows, strict=True):
        words = meaning if value == default else f"{meaning} Default: {_text(default)}."
        indent = beside if width >= beside + 34 else 6
        folded = textwrap.wrap(words, max(20, width - indent), break_on_hyphens=False)
        fits = len(name) + 2 <= indent
        lines.append(f"{name:<{indent}}{folded.pop(0)}" if fits else name)
        lines += [" " * indent + line for line in folded]
    return "\n".join(lines)


def _text(value: Any) -> str:
    return value if isinstance(value, str) and value and value == value.strip() else json.dumps(value)
