"""`rerun`: repeat a recorded run with its own arguments and settings; `runs`: what was run."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from continualcode.cli.output import Json, Overrides, emit, minute, panel, say, settings_from, table
from continualcode.cli.records import opened
from continualcode.config import Settings, bundled, from_mapping
from continualcode.errors import UserError


def register(app: typer.Typer) -> None:
    @app.command("runs", rich_help_panel=panel.RECORDS)
    def runs_(
        count: Annotated[int, typer.Option("--count", min=1, help="The newest so many.")] = 30,
        overrides: Overrides = None,
        as_json: Json = False,
    ) -> None:
        """The newest runs, oldest first."""
        with opened(settings_from(overrides)) as store:
            rows = list(reversed(store.find("runs", newest=True, limit=count)))
        listed = [
            {"id": r.id, "kind": r.kind, "status": r.status, "started": r.started, "summary": r.summary} for r in rows
        ]
        shown = [(r.id, r.kind, r.status, minute(r.started)) for r in rows]
        emit({"runs": listed}, as_json, table(("id", "kind", "status", "started"), shown) if rows else "No runs yet.")

    @app.command("rerun", rich_help_panel=panel.RECORDS)
    def rerun(
        run: Annotated[str, typer.Argument(help="A run's id, or the path of its config.yaml.")],
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the command.")] = False,
        overrides: Overrides = None,
        as_json: Json = False,
    ) -> None:
        """Repeat a run: the same arguments, settings and folder. Words `key=value` here win over what was kept."""
        here = settings_from(overrides)
        content = _read(_file(here, run))
        words = command(content, here, overrides or ())
        if dry_run:
            emit({"argv": words, "cwd": content["cwd"]}, as_json, "continualcode " + shlex.join(words))
            return
        _warn(content, from_mapping({**content["settings"], "home": here.home}, "the run's settings"))
        from continualcode.cli.app import run as run_command

        if as_json and "--json" not in words:
            words.append("--json")
        os.chdir(content["cwd"])
        raise typer.Exit(run_command(words))


def command(content: dict[str, Any], here: Settings, overrides: Any = ()) -> list[str]:
    """The command line that repeats a run: its settings as words, then its own arguments without its id."""
    kept = from_mapping(content["settings"], "the run's settings").as_dict() | {"home": str(here.home)}
    argv = list(content["argv"])
    if "--run-id" in argv:
        at = argv.index("--run-id")
        del argv[at : at + 2]
    argv = [word for word in argv if not word.startswith(("--run-id=", "home="))]
    settings = [f"{key}={str(value).lower() if isinstance(value, bool) else value}" for key, value in kept.items()]
    return [*settings, *argv, *overrides]


def _file(settings: Settings, run: str) -> Path:
    for path in (settings.home / "runs" / run / "config.yaml", Path(run), Path(run) / "config.yaml"):
        if path.is_file():
            return path
    raise UserError(f"There is no run {run}; `continualcode runs` shows them.")


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"Cannot read {path}: {error}.") from None
    if not isinstance(content, dict) or not {"argv", "settings", "cwd"} <= content.keys():
        raise UserError(f"{path} is not a run's configuration: it needs argv, settings and cwd.")
    if not content["argv"] or content["argv"][0] == "rerun":
        raise UserError(f"{path} holds no command that can be repeated.")
    if not Path(content["cwd"]).is_dir():
        raise UserError(f"The folder that the run was started in is gone: {content['cwd']}.")
    return content


def _warn(content: dict[str, Any], kept: Settings) -> None:
    from continualcode.cli.runs import model_hash, version
    from continualcode.store.hashing import folder_hash

    for name, then in content.get("versions", {}).items():
        now = version(name)
        if then and now and now != then:
            say(f"warning: {name} was {then} then and is {now} now")
    koans = bundled("koans")
    if koans.is_dir() and folder_hash(koans) != content.get("data", {}).get("koans"):
        say("warning: the koans have changed since")
    then = content.get("model", {}).get("hash")
    if then and model_hash(kept) != then:
        say(f"warning: the model {kept.model_source} has changed since")
