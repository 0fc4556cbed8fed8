"""`schedule`: let the nights come by themselves, see what was set up, take it away."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from continualcode.cli import output
from continualcode.cli.output import Json, Overrides, emit, minute, panel, plain, say, settings_from
from continualcode.cli.records import opened
from continualcode.errors import UserError

if TYPE_CHECKING:
    from continualcode.config import Settings
    from continualcode.sleep.schedule import When

schedule = typer.Typer(help="Nights by themselves: at an hour, or when the machine is idle.", no_args_is_help=True)
At = Annotated[str | None, typer.Option(metavar="HH:MM", help="Local time; 03:00 without --idle.")]
Idle = Annotated[
    int | None,
    typer.Option(
        metavar="MINUTES", help="Once a day, after so long without a keystroke in a terminal, a request or much load."
    ),
]


def register(app: typer.Typer) -> None:
    app.add_typer(schedule, name="schedule", rich_help_panel=panel.NIGHT)


@schedule.command("install")
def install(
    at: At = None,
    idle: Idle = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be written.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Let `continualcode sleep --json` run every day: a systemd user timer, else cron. Shows all that it writes first.

    Example: continualcode schedule install --at 03:00 night_minutes=30
    """
    settings = settings_from(overrides)
    from continualcode.sleep import schedule as jobs

    planned = jobs.plan(settings.home, _when(at, idle, since=True), nights_settings(settings, overrides or ()))
    answer = {
        "name": planned.name,
        "kind": planned.kind,
        "when": str(planned.when),
        "files": {str(path): text for path, text in planned.files.items()},
        "crontab": planned.crontab,
        "commands": planned.commands,
        "dry_run": dry_run,
    }
    if dry_run:
        emit(answer, as_json, f"Would write\n\n{planned.text()}")
        return
    say(f"Writes\n\n{planned.text()}")
    if not yes and sys.stdin.isatty() and not typer.confirm("Go on?", err=True):
        raise typer.Exit(1)
    jobs.install(planned)
    if planned.kind == "systemd":
        say("It runs while you are logged in; `loginctl enable-linger` lets it run without.")
    emit(answer, as_json, f"Scheduled: a night {planned.when}. `continualcode schedule show` tells how it stands.")


@schedule.command("show")
def show(overrides: Overrides = None, as_json: Json = False) -> None:
    """What is scheduled for this home, what starts it next, and how the last night ended."""
    settings = settings_from(overrides)
    from continualcode.sleep import schedule as jobs

    found = jobs.installed(settings.home)
    last = None
    if settings.store_path.is_file():
        with opened(settings) as store:
            last = next(iter(store.find("nights", newest=True, limit=1)), None)
    log = settings.home / "schedule" / "night.log"
    answer = {
        **plain(found),
        "installed": bool(found.kinds),
        "log": str(log) if log.is_file() else None,
        "last_night": {"id": last.id, "stage": last.stage, "decision": last.decision} if last else None,
    }
    lines = [f"{path}:\n\n{text}" for path, text in found.files.items()] if found.kinds else []
    lines += [f"in your crontab:\n\n{found.crontab}"] if found.crontab else []
    if found.active:
        lines.append(f"timer: {found.active}{f', next at {found.next}' if found.next else ''}")
    if not found.kinds:
        lines.append("Nothing is scheduled; `continualcode schedule install` does that.")
    if last:
        lines.append(f"last night: {minute(last.started)} UTC, {last.decision or f'cut off in {last.stage}'}")
    lines += [f"log: {log}"] if log.is_file() else []
    emit(answer, as_json, "\n".join(lines))


@schedule.command("remove")
def remove(overrides: Overrides = None, as_json: Json = False) -> None:
    """Take away what `install` wrote for this home, and nothing else."""
    settings = settings_from(overrides)
    from continualcode.sleep import schedule as jobs

    gone = jobs.remove(settings.home)
    emit({"removed": gone}, as_json, "\n".join(["Removed:", *gone]) if gone else "Nothing was scheduled.")


@schedule.command("due")
def due(
    at: At = None,
    idle: Idle = None,
    since: Annotated[str | None, typer.Option(help="Hours before this moment do not count.")] = None,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Whether a night is due now: exit code 0 when it is, 1 when not. The scheduled job asks this."""
    settings = settings_from(overrides)
    from continualcode.sleep import schedule as jobs

    when = _when(at, idle)
    if since is not None and when.at is not None:
        try:
            when = jobs.When(when.at, None, datetime.fromisoformat(since).astimezone())
        except ValueError:
            raise UserError(f"--since is a moment such as 2026-11-20T03:00:00, not {since}.") from None
    moment = datetime.now().astimezone()
    if settings.store_path.is_file():
        with opened(settings) as store:
            yes, why = jobs.due(settings.home, store, when, moment)
    else:
        yes, why = jobs.due(settings.home, None, when, moment)
    emit({"due": yes, "why": why}, as_json, f"{'due' if yes else 'not due'}: {why}")
    if not yes:
        raise typer.Exit(1)


def _when(at: str | None, idle: int | None, *, since: bool = False) -> When:
    from continualcode.sleep.schedule import When

    if at is None and idle is None:
        at = "03:00"
    return When(at, idle, datetime.now().astimezone() if since and idle is None else None)


def nights_settings(settings: Settings, overrides: Sequence[str]) -> list[str]:
    """The words that make a scheduled night run with the settings of here: the environment's, then those of the
    command line; what names a folder in relation to here becomes absolute. The user's file is read at night."""
    from continualcode.config import ENVIRONMENT_PREFIX

    given = {
        name[len(ENVIRONMENT_PREFIX) :].lower(): value
        for name, value in sorted(os.environ.items())
        if name.startswith(ENVIRONMENT_PREFIX)
    }
    given |= dict(word.split("=", 1) for word in (*output._root_overrides, *overrides))
    given.pop("home", None)
    if "model_name" in given and Path(settings.model_name).is_dir():
        given["model_name"] = str(Path(settings.model_name).resolve())
    return [f"{key}={value}" for key, value in given.items()]
