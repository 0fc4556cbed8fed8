"""`corrections add` and `corrections import`: what was said at any time, checked when it is given, for the next night."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from continualcode.cli import records
from continualcode.cli.output import Json, Overrides, emit, say, settings_from
from continualcode.errors import UserError

if TYPE_CHECKING:
    from continualcode.config import Settings
    from continualcode.store import Store
    from continualcode.store.records import CorrectionRecord

Check = Annotated[
    bool, typer.Option("--check/--no-check", help="Put both sides before the compiler now; a night does so anyway.")
]


def register(app: typer.Typer) -> None:
    @records.corrections.command("add")
    def add(
        text: Annotated[str, typer.Argument(help='What is to be done otherwise: "use edit_lines".')] = "",
        wrong: Annotated[str, typer.Option(help="What was done: Rust, or the name of a file.")] = "",
        right: Annotated[str, typer.Option(help="What should have been done: Rust, or the name of a file.")] = "",
        weight: Annotated[
            float, typer.Option(help="How much it counts; 1 is twice what the agent finds itself.")
        ] = 1.0,
        scope: Annotated[str, typer.Option(help="Where it holds.")] = "global",
        episode: Annotated[str | None, typer.Option(help="The episode it is about.")] = None,
        check: Check = True,
        overrides: Overrides = None,
        as_json: Json = False,
    ) -> None:
        """Keep a correction for the next night: words, or a pair (wrong attempt, right fix).

        Example: continualcode corrections add --wrong before.rs --right after.rs
        """
        if not text and not right and not wrong:
            raise UserError('Say what is to be done otherwise: continualcode corrections add "use edit_lines".')
        if right and not wrong:
            raise UserError("A pair needs both sides: give --wrong as well as --right.")
        settings = settings_from(overrides)
        from continualcode.sleep import pairs
        from continualcode.store import new_id, now
        from continualcode.store.records import CorrectionRecord

        with records.opened(settings) as store:
            if episode is not None:
                episode = records.found(store, "episodes", episode).id
            record = CorrectionRecord(
                new_id("co"), "pair" if right else "note", text, scope, episode, _side(wrong), _side(right), now(), weight
            )  # fmt: skip
            if why := pairs.malformed(record):
                raise UserError(f"This cannot be kept: {why}.")
            answer = _judged([record], store, settings, check)
            store.add_correction(record)
        (verdict,) = answer["pairs"] or [{}]
        emit({"id": record.id, "kind": record.kind, **verdict}, as_json, record.id)

    @records.corrections.command("import")
    def import_(
        path: Annotated[
            Path, typer.Argument(help="File to read: a JSON object a line, with wrong and right, or text.")
        ],
        check: Check = True,
        overrides: Overrides = None,
        as_json: Json = False,
    ) -> None:
        """Add corrections from JSON lines: all of them, or none when a line is broken.

        Example: continualcode corrections import pairs.jsonl
        """
        settings = settings_from(overrides)
        from continualcode.sleep import pairs

        given = pairs.read_file(path)
        with records.opened(settings) as store:
            answer = _judged(given, store, settings, check)
            added = store.import_jsonl("corrections", path)
        usable = (
            f", {answer['usable']} of {len(answer['pairs'])} pairs are of use to a night" if answer["pairs"] else ""
        )
        readable = f"{added} corrections added from {path}{usable if check else ''}"
        emit({"imported": added, "path": path, **answer}, as_json, readable)


def _side(given: str) -> str:
    """A side of a pair: the text of the file of that name when there is one, else the words themselves."""
    if not given or "\n" in given or len(given) > 4000 or not Path(given).is_file():
        return given
    try:
        return Path(given).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"Cannot read {given}: {error}.") from None


def _judged(given: Sequence[CorrectionRecord], store: Store, settings: Settings, check: bool) -> dict[str, Any]:
    """What was found of the pairs, each remark said once on standard error. `usable` is None unchecked."""
    from continualcode.sleep import pairs

    pairs.refuse_judging_tasks(given)
    whys = pairs.objections(given, settings) if check else [""] * len(given)
    against = pairs.contradictions(given, store)
    found = [
        {"id": r.id, "usable": not why if check else None, "why": why, "contradicts": against.get(r.id, [])}
        for r, why in zip(given, whys, strict=True)
        if r.kind == "pair"
    ]
    for pair in found:
        if pair["why"]:
            say(f"{pair['id']} is kept, but no night can learn from it: {pair['why']}")
        if pair["contradicts"]:
            say(f"{pair['id']} repairs the same program otherwise than {', '.join(pair['contradicts'][:3])}")
    return {"pairs": found, "usable": sum(bool(p["usable"]) for p in found) if check else None}
