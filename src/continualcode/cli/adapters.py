"""`adapters`: the immutable versions of the weights that were learnt, and which one is in use."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from continualcode.cli.output import Json, Overrides, emit, minute, panel, plain, settings_from, table
from continualcode.cli.records import found, opened
from continualcode.errors import UserError

adapters = typer.Typer(help="Adapters: versions of what was learnt, and which is in use.", no_args_is_help=True)
Version = Annotated[str, typer.Argument(help="The version, or enough of its beginning.", metavar="VERSION")]
Scope = Annotated[str, typer.Option(help="Whose adapter.")]


def register(app: typer.Typer) -> None:
    app.add_typer(adapters, name="adapters", rich_help_panel=panel.RECORDS)


@adapters.command("list")
def list_(overrides: Overrides = None, as_json: Json = False) -> None:
    """All versions; the one in use is marked."""
    with opened(settings_from(overrides)) as store:
        rows = store.list_adapters()
        scopes = sorted({row.scope for row in rows})
        current = {scope: adapter.version for scope in scopes if (adapter := store.current(scope))}
    shown = [
        (
            f"{'→' if current.get(r.scope) == r.version else ' '} {r.version}",
            r.kind,
            r.status,
            r.parent,
            r.base_model,
            minute(r.created),
        )
        for r in rows
    ]
    columns = ("  version", "kind", "status", "parent", "base", "made")
    readable = table(columns, shown) if rows else "No adapters yet: lessons and nights make them."
    emit({"current": current, "adapters": [plain(row) for row in rows]}, as_json, readable)


@adapters.command("show")
def show(version: Version, overrides: Overrides = None, as_json: Json = False) -> None:
    """One version: where its files lie, what it was made from, its figures, why it was promoted or refused."""
    with opened(settings_from(overrides)) as store:
        adapter = found(store, "adapters", version)
        current = store.current(adapter.scope)
        moves = [move for move in store.moves(adapter.scope) if move.version == adapter.version]
        answer = {
            **plain(adapter),
            "folder": store.adapter_folder(adapter),
            "is_current": bool(current and current.version == adapter.version),
            "moves": [plain(move) for move in moves],
        }
    emit(answer, as_json)


@adapters.command("promote")
def promote(
    version: Version,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "promoted by hand",
    force: Annotated[bool, typer.Option("--force", help="Also when the gate refused it; recorded as forced.")] = False,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Use this version from now on."""
    with opened(settings_from(overrides)) as store:
        adapter = store.promote(found(store, "adapters", version).version, reasons=[reason], forced=force)
    emit({"current": adapter.version, "scope": adapter.scope}, as_json, f"In use: {adapter.version}")


@adapters.command("rollback")
def rollback(
    scope: Scope = "global",
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "rolled back by hand",
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Undo the last promotion; again goes one further back, at last to the base model."""
    with opened(settings_from(overrides)) as store:
        adapter = store.rollback(scope, reasons=[reason])
    name = adapter.version if adapter else None
    emit({"current": name, "scope": scope}, as_json, f"In use: {name or 'the base model, without an adapter'}")


@adapters.command("export")
def export(
    version: Version,
    folder: Annotated[Path, typer.Argument(help="Folder to make; it holds the adapter in PEFT's format.")],
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Copy a version's files (PEFT format) to a new folder."""
    if folder.exists():
        raise UserError(f"{folder} exists already; name a folder that does not.")
    with opened(settings_from(overrides)) as store:
        adapter = found(store, "adapters", version)
        store.check_files(adapter)
        source = store.adapter_folder(adapter)
    part = folder.with_name(f".{folder.name}.part")
    try:
        shutil.copytree(source, part, dirs_exist_ok=True)
        part.rename(folder)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise UserError(f"Cannot write {folder}: {error}.") from None
    emit({"version": adapter.version, "path": folder}, as_json, f"{adapter.version} in {folder}")


@adapters.command("prune")
def prune(
    keep: Annotated[int, typer.Option(min=0, help="Newest versions to keep besides those in use.")] = 5,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Delete the files of old versions that are neither in use nor on the way back; their rows stay."""
    with opened(settings_from(overrides)) as store:
        safe = store.reachable() | {night.candidate for night in store.list_nights(finished=None)}
        old = [a for a in store.list_adapters() if a.version not in safe and store.adapter_folder(a).is_dir()]
        gone = old[: max(0, len(old) - keep)]
        freed = sum(f.stat().st_size for a in gone for f in store.adapter_folder(a).rglob("*") if f.is_file())
        if not dry_run:
            for adapter in gone:
                shutil.rmtree(store.adapter_folder(adapter))
                store.update_adapter(adapter.version, status="retired")
    answer = {"pruned": [a.version for a in gone], "freed_bytes": freed, "dry_run": dry_run}
    words = "would go" if dry_run else "deleted"
    emit(answer, as_json, f"{len(gone)} {words}, {freed / 1e6:.1f} MB")
