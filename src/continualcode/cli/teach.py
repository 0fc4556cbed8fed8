"""`lessons undo`: take a lesson back."""

from __future__ import annotations

from typing import Annotated

import typer

from continualcode.cli import records
from continualcode.cli.output import Json, Overrides, emit, settings_from


def register(app: typer.Typer) -> None:
    @records.lessons.command("undo")
    def undo(
        lesson: Annotated[str, typer.Argument(help="Its id; `last` is the newest that stands.")],
        overrides: Overrides = None,
        as_json: Json = False,
    ) -> None:
        """Bring back the weights and the optimiser from before a lesson. Example: continualcode lessons undo last"""
        settings = settings_from(overrides)
        from continualcode.learn.undo import last_standing, undo_lesson
        from continualcode.store import Store

        with Store(settings.store_path) as store:
            record = undo_lesson(store, None, last_standing(store) if lesson == "last" else lesson)
        answer = {
            "lesson": record.id,
            "outcome": record.outcome,
            "correction": record.correction,
            "state": record.before_ref,
        }
        emit(answer, as_json, f"undone: {record.id} ({record.correction})")
