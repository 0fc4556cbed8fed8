"""`report`: what a night learnt, what was refused, what to correct next, as Markdown and HTML."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from continualcode.cli.output import Json, Overrides, emit, panel, plain, settings_from
from continualcode.cli.records import opened
from continualcode.errors import UserError

if TYPE_CHECKING:
    from continualcode.report.morning import Morning
    from continualcode.report.pages import Written


def register(app: typer.Typer) -> None:
    @app.command("report", rich_help_panel=panel.NIGHT)
    def report(
        night: Annotated[
            str, typer.Option(help="A night's id or enough of its beginning; `last` is the newest.")
        ] = "last",
        out: Annotated[
            Path | None, typer.Option(help="x.md or x.html: both are written; without it, in the home's reports/.")
        ] = None,
        overrides: Overrides = None,
        as_json: Json = False,
    ) -> None:
        """The morning report: what a night learnt, what was refused and why, what was forgotten, what to correct next.

        Example: continualcode report --night last --out morning.html
        """
        settings = settings_from(overrides)
        if not settings.store_path.is_file():
            raise UserError("No night was slept yet; `continualcode sleep` sleeps one.")
        from continualcode.report import morning, pages

        with opened(settings) as store:
            found = morning.morning(store, night)
        written = pages.write(found, out or settings.home / "reports" / f"{found.night.id}.html")
        answer = {
            "night": found.night.id,
            "decision": found.night.decision,
            "reasons": found.night.reasons,
            "suites": [plain(change) for change in found.changes],
            "regressed": found.tasks(morning.REGRESSED),
            "gained": found.tasks(morning.GAINED),
            "next": [{"pattern": w.pattern, "failed": w.failed, "n": w.n, "error": w.error} for w in found.weaknesses],
            **plain(written),
        }
        emit(answer, as_json, lambda: summary(found, written))


def summary(found: Morning, written: Written) -> str:
    """The report in a few lines, and where it lies."""
    from continualcode.report import pages

    lines = [pages.headline(found), *(f"  {reason}" for reason in found.night.reasons)]
    for c in found.changes:
        before, after = (pages.rate(side.rate if side else None) for side in (c.before, c.after))
        lines.append(f"{c.suite}: {before} → {after}{f' ({c.remark})' if c.remark else ''}")
    if found.weaknesses:
        lines.append(f"to correct next: {', '.join(f'{w.pattern} ({w.failed} of {w.n} failed)' for w in found.weaknesses[:4])}")  # fmt: skip
    return "\n".join([*lines, "", str(written.html), str(written.markdown)])
