"""The program: puts the groups of commands together, and is the one border where errors become exit codes.

`continualcode [key=value …]` without a command starts the agent in this directory; with `-p` it answers one
request without a terminal. Both live in `cli/day.py`::

    start_interactive(settings, *, allow=(), resume=None, continue_last=False) -> None
    run_headless(settings, prompt, *, as_json, allow=(), resume=None, continue_last=False) -> int

Exit codes: 0 done, 1 failed, 2 wrong usage or bad input, 130 interrupted.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from continualcode import __version__
from continualcode.cli import output, runs
from continualcode.errors import UserError

COMMAND_FILES = (
    "day",
    "serve",
    "night",
    "train",
    "report",
    "schedule",
    "teach",
    "catch_up",
    "records",
    "corrections",
    "adapters",
    "compare",
    "route",
    "koans",
    "rerun",
    "doctor",
    "settings",
)

_HELP = """A coding agent that learns from your corrections, and proves it.

Without a command it starts in this directory.

\b
  continualcode                             start, with the bundled model
  continualcode teacher=ema lora_rank=64    start, with other settings
  continualcode -p "Fix src/lib.rs" --yes   one request, no questions
  continualcode eval --suite test seed=3    measure
  continualcode sleep                       a night over what was recorded
  continualcode doctor                      what works, what to install

Every command takes --json (one object as last line of standard output) and key=value words.
Exit codes: 0 done, 1 failed, 2 wrong usage or bad input, 130 interrupted."""

app = typer.Typer(
    name="continualcode",
    help=_HELP,
    invoke_without_command=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def root(
    context: typer.Context,
    prompt: Annotated[str | None, typer.Option("-p", "--prompt", help="One request, without a terminal.")] = None,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", help="Run every call of the model without asking, commands and edits alike; the sandbox stays."
        ),
    ] = False,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN",
            help="Run calls like this without asking: edit, 'edit:src/**', 'bash:cargo *'. May be given again.",
        ),
    ] = None,
    as_json: output.Json = False,
    continue_last: Annotated[bool, typer.Option("--continue", help="Go on with the last session here.")] = False,
    resume: Annotated[str | None, typer.Option(metavar="ID", help="Go on with this session.")] = None,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if show_version:
        output.emit({"version": __version__}, as_json, __version__)
        raise typer.Exit()
    if context.invoked_subcommand is not None:
        if prompt is not None or continue_last or resume is not None or yes or allow:
            raise UserError(
                "-p, --yes, --allow, --continue and --resume start the agent; "
                f"they do not go with the command `{context.invoked_subcommand}`."
            )
        return
    settings = output.settings_from()
    from continualcode.cli import day

    rules = ["all"] if yes else allow or []
    if prompt is None:
        if not sys.stdin.isatty():
            raise UserError('The agent needs a terminal; without one, give a request: continualcode -p "…".')
        day.start_interactive(settings, allow=rules, resume=resume, continue_last=continue_last)
        return
    code = day.run_headless(settings, prompt, as_json=as_json, allow=rules, resume=resume, continue_last=continue_last)
    raise typer.Exit(code)


def split_settings(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Take the `key=value` words that stand before the command out of a command line: (settings, rest)."""
    settings, rest = [], []
    words = list(words)
    while words:
        word = words.pop(0)
        if word in ("-p", "--prompt", "--resume", "--allow"):
            rest += [word, *words[:1]]
            words = words[1:]
        elif word.startswith("-") and word != "--":
            rest.append(word)
        elif re.match(r"[A-Za-z_]\w*=", word):
            settings.append(word)
        else:
            return settings, [*rest, word, *words]
    return settings, rest


def register_all() -> None:
    """Add every group's commands to the program, once."""
    if app.registered_commands:
        return
    for name in COMMAND_FILES:
        importlib.import_module(f"continualcode.cli.{name}").register(app)


def run(words: Sequence[str]) -> int:
    """Run one command line; returns the exit code."""
    as_json = "--json" in words
    register_all()
    settings, rest = split_settings(words)
    kept = list(output._root_overrides), list(runs.argv)
    output._root_overrides[:], runs.argv[:] = settings, words
    try:
        answer = typer.main.get_command(app).main(args=rest, prog_name=runs.program(), standalone_mode=False)
        return answer if isinstance(answer, int) else 0
    except UserError as error:
        return _refuse(str(error), as_json)
    except (KeyboardInterrupt, typer.Abort):
        print("interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        if hasattr(error, "format_message") and hasattr(error, "exit_code"):  # what typer says of a command line
            return _refuse(f"{error.format_message().rstrip('.')}. See `{_where(error)} --help`.", as_json)  # type: ignore
        raise
    finally:
        output._root_overrides[:], runs.argv[:] = kept


def _where(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context else runs.program()


def _refuse(sentence: str, as_json: bool) -> int:
    sentence = " ".join(sentence.split())
    print(f"error: {sentence}", file=sys.stderr)
    if as_json:
        print(json.dumps({"error": sentence}, ensure_ascii=False), flush=True)
    return 2


def main() -> None:
    """Entry point of `continualcode` and `sleepy-coder`."""
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:  # `continualcode list | head`
        sys.stdout = None
        code = 0
    sys.exit(code)
