"""What was recorded: `lessons`, `corrections`, `episodes` with list, show, export and import.

The three groups share their commands; `cli/teach.py` adds what changes weights (undo), `cli/corrections.py` what
takes corrections in (add, import).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from continualcode.cli.output import Json, Overrides, emit, panel, plain, settings_from, table
from continualcode.errors import UserError

if TYPE_CHECKING:
    from continualcode.config import Settings
    from continualcode.store import Store

lessons = typer.Typer(help="Lessons: one correction and the steps it caused.", no_args_is_help=True)
corrections = typer.Typer(help="Corrections: what was said of a call.", no_args_is_help=True)
episodes = typer.Typer(help="Episodes: attempts at tasks, complete enough to replay.", no_args_is_help=True)

Newest = Annotated[int, typer.Option("--count", min=1, help="The newest so many.")]


@dataclass(frozen=True)
class Group:
    """A kind of record as a group of commands: the columns of its table, and how one is shown."""

    kind: str
    app: typer.Typer
    columns: tuple[str, ...]
    row: Callable[[Any], tuple[Any, ...]]
    show: Callable[[Any], str]
    imports_itself: bool = False  # its `import` stands in a file of its own


def register(app: typer.Typer) -> None:
    for group in GROUPS:
        app.add_typer(group.app, name=group.kind, rich_help_panel=panel.RECORDS)
        _share_commands(group)


def opened(settings: Settings) -> Store:
    """The store of these settings."""
    from continualcode.store import Store

    return Store(settings.store_path)


def found(store: Store, kind: str, id: str) -> Any:
    """The record with this id, or the only one whose id begins like it. Raises UserError."""
    record = store.get(kind, id)
    if record is None:
        alike = store.find_by_prefix(kind, id)
        if len(alike) == 1:
            return alike[0]
        what = f"{len(alike)} {kind} begin with {id}" if alike else f"There is no {kind[:-1]} {id}"
        raise UserError(f"{what}; `continualcode {kind} list` shows them.")
    return record


def _share_commands(group: Group) -> None:
    kind = group.kind

    @group.app.command("list", help=f"The newest {kind}, oldest first.")
    def list_(count: Newest = 50, overrides: Overrides = None, as_json: Json = False) -> None:
        with opened(settings_from(overrides)) as store:
            rows = list(reversed(store.find(kind, newest=True, limit=count)))
            total = store.count(kind)
        title = f"{len(rows)} of {total} {kind}" if total else None
        readable = table(group.columns, [group.row(r) for r in rows], title) if rows else f"No {kind} yet."
        short = [{k: v for k, v in plain(r).items() if not isinstance(v, (list, dict))} for r in rows]
        emit({kind: short, "total": total}, as_json, readable)

    @group.app.command("show", help=f"One of the {kind}, with all that was kept of it.")
    def show(
        id: Annotated[str, typer.Argument(help="The id, or enough of its beginning.")],
        overrides: Overrides = None,
        as_json: Json = False,
    ) -> None:
        with opened(settings_from(overrides)) as store:
            record = found(store, kind, id)
        emit(plain(record), as_json, lambda: group.show(record))

    @group.app.command("export", help=f"Write all {kind} as JSON lines.")
    def export(
        path: Annotated[Path, typer.Argument(help="File to write.")], overrides: Overrides = None, as_json: Json = False
    ) -> None:
        with opened(settings_from(overrides)) as store:
            written = store.export_jsonl(kind, path)
        emit({"exported": written, "path": path}, as_json, f"{written} {kind} in {path}")

    if group.imports_itself:
        return

    @group.app.command("import", help=f"Add {kind} from JSON lines: all of them, or none when a line is broken.")
    def import_(
        path: Annotated[Path, typer.Argument(help="File to read.")], overrides: Overrides = None, as_json: Json = False
    ) -> None:
        with opened(settings_from(overrides)) as store:
            added = store.import_jsonl(kind, path)
        emit({"imported": added, "path": path}, as_json, f"{added} {kind} added from {path}")


def _short(text: str, width: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def _lesson(lesson: Any) -> str:
    lines = [
        f"{lesson.id}  {lesson.outcome}{f' ({lesson.reason})' if lesson.reason else ''}",
        f"correction: {lesson.correction}",
        f"{lesson.steps} steps, {lesson.seconds:.1f} s, drift {lesson.drift:.3f} nats a token, {lesson.created}",
    ]
    lines += [f"denied:\n{lesson.denied}"] if lesson.denied else []
    lines += [f"approved:\n{lesson.approved}"] if lesson.approved else []
    lines += ["proof:", *(f"  {key}: {value}" for key, value in lesson.proof.items())]
    return "\n".join(lines)


def _correction(correction: Any) -> str:
    lines = [f"{correction.id}  {correction.kind}  {correction.scope}  {correction.created}"]
    for name in ("text", "wrong", "right"):
        if getattr(correction, name):
            lines.append(f"{name}: {getattr(correction, name)}")
    return "\n".join(lines)


def _episode(episode: Any) -> str:
    adapter = episode.adapter or "no adapter"
    lines = [
        f"{episode.id}  {episode.task_id} ({episode.split})  {episode.outcome} in {episode.attempts} calls",
        f"{episode.model}, {adapter}, seed {episode.seed}, {episode.started}, {episode.seconds:.1f} s",
        "",
        episode.prompt,
    ]
    for call in episode.tool_calls:
        arguments = "\n".join(f"  {key} = {value}" for key, value in call.arguments.items())
        lines += ["", f"{call.index + 1}. {call.tool} [{call.decision}]", arguments, call.result]
    if episode.diff:
        lines += ["", episode.diff]
    return "\n".join(lines)


GROUPS = (
    Group(
        "lessons",
        lessons,
        ("id", "outcome", "steps", "seconds", "drift", "correction"),
        lambda r: (r.id, r.outcome, r.steps, r.seconds, r.drift, _short(r.correction, 44)),
        _lesson,
    ),
    Group(
        "corrections",
        corrections,
        ("id", "kind", "scope", "text"),
        lambda r: (r.id, r.kind, r.scope, _short(r.text or f"{r.wrong} → {r.right}")),
        _correction,
        imports_itself=True,
    ),
    Group(
        "episodes",
        episodes,
        ("id", "task", "split", "outcome", "steps to green", "adapter"),
        lambda r: (r.id, r.task_id, r.split, r.outcome, r.steps_to_green, r.adapter),
        _episode,
    ),
)
