#!/usr/bin/env python
"""Write docs/cli.md: every command with its arguments and options, read from the program itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from continualcode.cli.app import app, register_all
from continualcode.config import USERS_ALONE, Settings

TARGET = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
HEAD = """# The command line

Written by `scripts/make_cli_docs.py` from the program; change the program, not this file.

"""


def text() -> str:
    """The whole page."""
    register_all()
    root = typer.main.get_command(app)
    return HEAD + "\n".join(_command(root, "continualcode", 2)) + "\n" + "\n".join(_settings()) + "\n"


def _command(command: Any, name: str, level: int) -> Iterator[str]:
    positional = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and p.name != "help" and not p.hidden]
    commands = getattr(command, "commands", {})
    usage = [name, *(["[OPTIONS]"] if options else []), *(["COMMAND …"] if commands else [])]
    usage += map(_place, positional)
    yield f"{'#' * level} `{name}`\n"
    yield from _help(command)
    yield f"```\n{' '.join(usage)}\n```\n"
    rows = [(f"`{_place(p)}`", p) for p in positional]
    rows += [(", ".join(f"`{o}{_value(p)}`" for o in [*p.opts, *p.secondary_opts]), p) for p in options]
    yield from (f"- {names}: {_meaning(p)}" for names, p in rows)
    yield ""
    for child_name in commands:
        if not commands[child_name].hidden:
            yield from _command(commands[child_name], f"{name} {child_name}", min(level + 1, 4))


def _help(command: Any) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", (command.help or "").strip()):
        if paragraph.startswith("\b"):
            yield "```\n" + "\n".join(line.strip() for line in paragraph.splitlines()[1:]) + "\n```\n"
        elif paragraph.strip().startswith("Example: "):
            yield f"Example: `{' '.join(paragraph.split()[1:])}`\n"
        elif paragraph.strip():
            yield " ".join(paragraph.split()) + "\n"


def _place(argument: Any) -> str:
    """A positional argument as usage shows it."""
    name = argument.metavar or argument.name.upper()
    if argument.nargs != 1:
        return f"[{name}]…"
    return name if argument.required else f"[{name}]"


def _value(option: Any) -> str:
    return "" if option.is_flag else f" {option.metavar or option.name.upper()}"


def _meaning(parameter: Any) -> str:
    words = " ".join((getattr(parameter, "help", None) or "").split())
    default = parameter.default
    shown = isinstance(default, (str, int, float)) and not isinstance(default, bool) and default != ""
    return f"{words} Default: {default}." if shown else words


def _settings() -> Iterator[str]:
    yield "## Settings\n"
    yield "As `key=value` words, as `CONTINUALCODE_<KEY>` in the environment, or as TOML in the user's or the project's"
    yield "`config.toml`. A project's file may not set those marked ¹.\n"
    yield "| key | default | meaning |\n|---|---|---|"
    for key, default, words in Settings.describe():
        mark = "¹" if key in USERS_ALONE else ""
        yield f"| `{key}`{mark} | {f'`{default}`' if default else ''} | {words.replace('|', chr(92) + '|')} |"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    print(f"wrote {TARGET}")
