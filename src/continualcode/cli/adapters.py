"""`adapters`: the immutable versions of the weights that were learnt, and which one is in use."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from continualcode.cli.output import Json, Overrides, emit, minute, panel, plain, settings_from, table
from continualcode.cli.records import found, opened
from continualcode.errors import UserError

if TYPE_CHECKING:
    from continualcode.report.morning import TaskChange
    from continualcode.store.records import NightRecord

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
    """One version: what it was made from, what the gate decided and why, task by task, and who put it in use."""
    with opened(settings_from(overrides)) as store:
        adapter = found(store, "adapters", version)
        current = store.current(adapter.scope)
        moves = [move for move in store.moves(adapter.scope) if move.version == adapter.version]
        nights = [n for n in store.list_nights() if adapter.version in (n.candidate, n.version)][-1:]
        folder = store.adapter_folder(adapter)
    from continualcode.report.morning import task_changes

    gate = adapter.metrics.get("gate", {})
    tasks = task_changes(gate.get("outcomes", {}))
    night = nights[0] if nights else None
    answer = {
        **plain(adapter),
        "folder": folder,
        "is_current": bool(current and current.version == adapter.version),
        "moves": [plain(move) for move in moves],
        "gate": {
            "night": night.id if night else None,
            "decision": _decision(night, str(adapter.version)) if night else None,
            "reasons": night.reasons if night else [],
            "numbers": {key: value for key, value in gate.items() if key != "outcomes"},
            "tasks": [{**plain(t), "change": t.change} for t in tasks],
        },
    }
    emit(answer, as_json, lambda: _shown(answer, tasks))


def _decision(night: NightRecord, version: str) -> str:
    """What the gate said of one of the night's versions."""
    if night.version != version:
        return f"refused for everything; {night.version}, in which it answers some errors, was promoted"
    return night.decision


def _shown(answer: Mapping[str, Any], tasks: Sequence[TaskChange]) -> str:
    """A version in words; `answer` is what `show --json` prints."""
    gate, numbers = answer["gate"], answer["gate"]["numbers"]
    state = "in use" if answer["is_current"] else answer["status"]
    lines = [
        f"{answer['version']}  {answer['kind']}, {state}{', forced' if answer['forced'] else ''}",
        f"base {answer['base_model']}, parent {answer['parent'] or 'none'}, made {minute(answer['created'])}",
        f"files in {answer['folder']}, data {answer['data_hash'] or 'unknown'}",
        "",
    ]
    if gate["decision"]:
        lines += [f"gate: {gate['decision']} ({gate['night']})", *(f"  {reason}" for reason in gate["reasons"])]
    else:
        lines.append("gate: not asked")
    if numbers:
        held = numbers.get("held_out", {"before": 0, "after": 0, "n": 0})
        lines += [
            f"  pass rate {numbers['before']:.3f} → {numbers['after']:.3f}, retention {numbers['retention']:.3f}, "
            f"drift {numbers['drift']:.4f} of {numbers['max_drift']}, "
            f"held out {held['before']} → {held['after']} of {held['n']}"
        ]
        if not tasks:
            lines += [f"  {word}: {', '.join(numbers[word])}" for word in ("regressed", "gained") if numbers.get(word)]
    changed = [t for t in tasks if t.change != "same"]
    lines += [f"  {t.change:<11} {t.task}  {_of(t.before)} → {_of(t.after)}" for t in changed]
    if tasks:
        lines.append(f"  {len(tasks) - len(changed)} of {len(tasks)} tasks as before")
    for move in answer["moves"]:
        how = f"{move['action']}{', forced' if move['forced'] else ''}"
        lines += ["", f"{minute(move['at'])} {how}", *(f"  {reason}" for reason in move["reasons"])]
    return "\n".join(lines)


def _of(outcomes: Sequence[bool]) -> str:
    return f"{sum(outcomes)} of {len(outcomes)}"


@adapters.command("promote")
def promote(
    version: Version,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Also when the gate refused it; recorded as forced.")] = False,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Use this version from now on."""
    with opened(settings_from(overrides)) as store:
        asked = found(store, "adapters", version)
        against = force and asked.status == "refused"
        reason = reason or ("promoted by hand against the gate's refusal" if against else "promoted by hand")
        adapter = store.promote(asked.version, reasons=[reason], forced=force)
    answer = {"current": adapter.version, "scope": adapter.scope, "forced": adapter.forced}
    emit(answer, as_json, f"In use: {adapter.version}{', forced' if adapter.forced else ''}")


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
    out: Annotated[Path | None, typer.Option(help="Folder to make; it may also stand right after the version.")] = None,
    format: Annotated[str, typer.Option(help="peft, merged, gguf, ollama or vllm.")] = "peft",
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """A version for other programs, loaded again by its reader and compared with the source before it is kept.

    Example: continualcode adapters export ad_1 --format merged --out ~/models/mine
    """
    words = list(overrides or ())
    if out is None and words and "=" not in words[0]:
        out = Path(words.pop(0))
    if out is None:
        raise UserError("Say where to: `continualcode adapters export VERSION --out FOLDER`.")
    settings = settings_from(words)
    with opened(settings) as store:
        adapter = found(store, "adapters", version)
        store.check_files(adapter)
        source = store.adapter_folder(adapter)
    from continualcode.export.write import export

    done = export(adapter.version, source, format, out, settings)
    lines = [f"{done.version} as {done.format} in {done.path}"]
    for part in done.parts:
        for read in part.readers:
            lines.append(
                f"  {part.weights}: {part.path}, read by {read.reader}: {read.tokens} tokens, log-probabilities within "
                f"{read.worst:.1e} nats"
            )
    emit(plain(done), as_json, "\n".join([*lines, *done.notes]))


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
