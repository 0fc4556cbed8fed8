"""`route`: which weights answer which error, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from continualcode.cli.output import Json, Overrides, emit, panel, plain, settings_from, table
from continualcode.cli.records import opened
from continualcode.errors import UserError

route = typer.Typer(help="Routes: which weights answer which error.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(route, name="route", rich_help_panel=panel.RECORDS)


@route.command("list")
def list_(overrides: Overrides = None, as_json: Json = False) -> None:
    """The routes of the version in use."""
    from continualcode.agent import routes

    with opened(settings_from(overrides)) as store:
        current = store.current()
        found = routes.read(store.adapter_folder(current)).table if current else {}
    name = current.version if current else None
    rows = [(adapter, key) for key, adapter in sorted(found.items(), key=lambda item: (item[1], item[0]))]
    readable = table(("weights", "errors"), rows) if rows else f"{name or 'The base model'} answers every error."
    emit({"version": name, "routes": dict(found)}, as_json, readable)


@route.command("explain")
def explain(
    task: Annotated[str, typer.Argument(help="A koan's id, or a file of Rust.", metavar="TASK|FILE.rs")],
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Which weights answer a task's first error, by which entry of the table. Example: continualcode route explain bc_001_word_counts"""
    settings = settings_from(overrides)
    from pathlib import Path

    from continualcode.agent import routes
    from continualcode.koans import catalogue

    if task.endswith(".rs"):
        try:
            program, tests = Path(task).read_text(encoding="utf-8"), ""
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"Cannot read {task}: {error}.") from None
    else:
        koan = catalogue.get(task)
        program, tests = koan.buggy, koan.tests
    with opened(settings) as store:
        current = store.current()
        mine = routes.read(store.adapter_folder(current)) if current else None
        (key,) = routes.keys_of([(program, tests)], settings)
    choice = mine.choose(key) if mine else routes.Choice(key, None, "default")
    name = current.version if current else None
    answered = f"{name}/{choice.adapter}" if choice.adapter else name
    words = {
        "exact": "this error is in the table",
        "similar": f"like {choice.like} ({choice.similarity:.2f}, from {routes.THRESHOLD:g} on)",
        "default": "no entry of the table is like it" if mine and mine.table else "there are no routes",
    }
    readable = f"{key or 'no error'}\n→ {answered or 'the base model'}: {words[choice.how]}"
    emit({"task": task, **plain(choice), "version": name, "weights": answered}, as_json, readable)
