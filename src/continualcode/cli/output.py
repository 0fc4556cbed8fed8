'''The convention of every command, and the few things that keep it.

A file of commands exposes `register(app: typer.Typer) -> None` and imports nothing heavy at module level
(`continualcode list` answers in a fraction of a second). A command looks like this::

    def register(app: typer.Typer) -> None:
        @app.command("eval", rich_help_panel=panel.MEASURE)
        def eval_(suite: str = "", overrides: Overrides = None, as_json: Json = False) -> None:
            """One line for the list of commands.

            Example: continualcode eval --suite test seed=3
            """
            settings = settings_from(overrides)              # files < environment < key=value, SettingsError
            from continualcode.evaluate.suite import evaluate   # heavy rooms inside the function
            with recorded_run("eval", settings) as run:         # cli/runs.py: home/runs/<id>/config.yaml + store row
                with progress("eval", total=60) as step:        # stderr
                    result = evaluate(..., on_task=lambda t: step(1, t.id))
                run.summary |= {"pass_rate": result.pass_rate}
            emit({**result.as_dict(), "run": run.id}, as_json, table_or_text)

- `settings_from({...})`: options that are settings are merged last: `settings_from(overrides, max_attempts=5)`;
  a value of None is passed over.
- Standard output is for the answer: with `--json` nothing but one JSON object as its last line; without it
  whatever is good to read. Progress and remarks go to standard error (`say`, `progress`).
- Errors: raise `UserError("one sentence that says what to do")` → one line on standard error, exit 2 (with
  `--json` also `{"error": …}` as last line of standard output). `raise typer.Exit(1)` when the command worked
  but its answer is "no" (a check that found something). Ctrl-C → 130. Anything else is a bug: traceback, exit 1.
- Groups (`lessons`, `corrections`, `episodes`, `adapters`, `koans`) are `typer.Typer` values in `cli/records.py`,
  `cli/adapters.py` and `cli/koans.py`; another file adds a command to one with `@records.lessons.command("undo")`
  inside its `register`.
- Nobody calls sys.exit, prints to stdout while --json is on, or catches KeyboardInterrupt to go on.
'''

from __future__ import annotations

import dataclasses
import json
import math
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from continualcode.config import Settings

Overrides = Annotated[
    list[str] | None,
    typer.Argument(metavar="KEY=VALUE", help="Settings for this run.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object as last line of standard output.")]


class panel:
    """Headings of `--help`."""

    DAY = "By day"
    TASKS = "Tasks"
    NIGHT = "By night"
    MEASURE = "Measuring"
    RECORDS = "What was recorded"
    SETUP = "Setting up"


# words `key=value` given before the command; app.main fills and clears it
_root_overrides: list[str] = []


def settings_from(overrides: Sequence[str] | None = None, **options: Any) -> Settings:
    """Settings of this run: files < environment < words before the command < after it < `options`."""
    from continualcode.config import load_settings

    settings = load_settings([*_root_overrides, *(overrides or ())])
    given = {key: value for key, value in options.items() if value is not None}
    return settings.replace(**given) if given else settings


def plain(value: Any) -> Any:
    """`value` as JSON values: dataclasses become objects, paths text, NaN and infinity null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain(v) for v in value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, Path):
        return str(value)
    scalar = getattr(value, "item", None)  # of numpy or torch
    if scalar is not None:
        return plain(scalar())
    raise TypeError(f"{type(value).__name__} is not JSON")


def emit(answer: Mapping[str, Any], as_json: bool, readable: Any = None) -> None:
    """Print a command's answer: one JSON line, or `readable` (text, a rich table, or a function that
    makes either); without `readable`, the answer's keys one a line."""
    if as_json:
        sys.stdout.write(json.dumps(plain(answer), ensure_ascii=False) + "\n")
        sys.stdout.flush()
        return
    readable = readable() if callable(readable) else readable
    if readable is None:
        readable = "\n".join(f"{key}: {value}" for key, value in plain(answer).items())
    if isinstance(readable, str):
        print(readable)
    else:
        from rich.console import Console

        Console().print(readable)


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str | None = None) -> Callable[[], Any]:
    """A table for `emit`, `title` above it: made only when it is printed. Numbers are right-aligned, names are
    never broken: where they do not fit side by side, the first column stands on a line of its own."""

    def make() -> Any:
        from rich import box
        from rich.console import Group
        from rich.markup import escape
        from rich.table import Table
        from rich.text import Text

        cells = [[_cell(value) for value in row] for row in rows]
        numeric = [
            bool(rows) and all(isinstance(r[i], (int, float)) or r[i] in (None, "") for r in rows)
            for i in range(len(columns))
        ]
        name_like = [all(len(row[i]) <= 40 and " " not in row[i].strip() for row in cells) for i in range(len(columns))]
        widths = [max(len(cell) for cell in (name, *(row[i] for row in cells))) for i, name in enumerate(columns)]
        needed = sum((w if name else min(w, 20)) + 3 for w, name in zip(widths, name_like, strict=True))
        stacked = needed > shutil.get_terminal_size((80, 24)).columns and len(columns) > 2
        parts: list[Any] = [Text(title)] if title else []
        if stacked:
            return Group(*parts, Text("\n".join(_stacked([list(columns), *cells], [0, *widths[1:]], numeric))))
        made = Table(box=box.SIMPLE_HEAD)
        for name, number, whole in zip(columns, numeric, name_like, strict=True):
            made.add_column(name, justify="right" if number else "left", overflow="fold", no_wrap=whole)
        for row in cells:
            made.add_row(*map(escape, row))
        return Group(*parts, made)

    return make


def _stacked(rows: Sequence[Sequence[str]], widths: Sequence[int], numeric: Sequence[bool]) -> Iterator[str]:
    """Each row as two lines: its first cell, and the others aligned beneath."""
    for row in rows:
        yield row[0]
        others = list(zip(row, widths, numeric, strict=True))[1:]
        yield (
            "    "
            + "  ".join(f"{cell:>{width}}" if number else f"{cell:<{width}}" for cell, width, number in others).rstrip()
        )


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def minute(moment: str | None) -> str:
    """A moment of the store, as tables show it: to the minute, UTC."""
    return moment[:16].replace("T", " ") if moment else "–"


def say(text: str) -> None:
    """A remark on standard error."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def progress(title: str, total: int | None = None) -> Iterator[Callable[..., None]]:
    """Progress on standard error: `step(1, "what was done")`. A bar on a terminal, else a line at most
    every ten seconds."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(title, total=total)

            def step(count: int = 1, note: str = "") -> None:
                bar.update(task, advance=count, description=f"{title} {note}".replace("[", r"\["))

            yield step
        return

    done, last = 0, time.monotonic()

    def line(count: int = 1, note: str = "") -> None:
        nonlocal done, last
        done += count
        if time.monotonic() - last >= 10:
            last = time.monotonic()
            say(f"{title}: {done}{f'/{total}' if total else ''} {note}".rstrip())

    yield line
