"""`settings`: every key, its value here, and what it means."""

from __future__ import annotations

import typer

from continualcode.cli.output import Json, Overrides, emit, panel, settings_from, table


def register(app: typer.Typer) -> None:
    @app.command("settings", rich_help_panel=panel.SETUP)
    def settings_(overrides: Overrides = None, as_json: Json = False) -> None:
        """Every setting: its value here, its default, what it means."""
        here = settings_from(overrides)
        values = here.as_dict()
        rows = [(key, str(values[key]), default, words) for key, default, words in here.describe()]
        emit(values, as_json, table(("key", "value", "default", "meaning"), rows))
