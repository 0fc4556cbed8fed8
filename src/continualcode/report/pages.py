"""The morning report written down: Markdown with its pictures beside it, and one HTML file that needs nothing else.

Both come from the same figures (`morning.py`) through the templates beside this file. The HTML carries its
pictures as data and forbids itself every request; everything that a model or a user wrote is escaped.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from continualcode.errors import UserError
from continualcode.report.before_after import before_after_figure
from continualcode.report.forgetting import forgetting_figure
from continualcode.report.morning import SAME, Morning, Value
from continualcode.report.plots import cycles_figure

TEMPLATES = Path(__file__).parent / "templates"
CAPTIONS = {
    "before-after": "Pass rates before and after the night, with 95 % intervals.",
    "forgetting": "Forgetting: every adapter against every gate task.",
    "cycles": "The loop that this night belongs to.",
}

SOURCES = {
    "fixed": "failed first and solved later",
    "koan": "known repairs of tasks that failed",
    "correction": "your own pairs",
    "variant": "verified variants of what failed",
    "task_again": "tasks of other patterns again",
    "replay": "verified variants of other patterns",
}
USES = {
    "train": "to learn from",
    "replay": "so that the rest stays",
    "held_out": "held out for the gate",
    "retained": "held out to watch forgetting",
}


@dataclass(frozen=True)
class Written:
    """The files of a report."""

    markdown: Path
    html: Path
    pictures: tuple[Path, ...]


def write(found: Morning, out: Path) -> Written:
    """Write a report as `out` says: `x.md` and `x.html` go together, pictures are `x-NAME.png`. Raises UserError
    for another suffix and for a place that cannot be written."""
    if out.suffix not in (".md", ".html"):
        raise UserError(f"--out names a file that ends in .md or .html, not {out.name}; both are written.")
    drawn = pictures(found)
    placed = {name: out.with_name(f"{out.stem}-{name}.png") for name in drawn}
    markdown, html = out.with_suffix(".md"), out.with_suffix(".html")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        for name, data in drawn.items():
            placed[name].write_bytes(data)
        markdown.write_text(as_markdown(found, {n: p.name for n, p in placed.items()}), encoding="utf-8")
        html.write_text(as_html(found, drawn), encoding="utf-8")
    except OSError as error:
        raise UserError(f"The report cannot be written to {out}: {error.strerror}.") from None
    return Written(markdown, html, tuple(placed.values()))


def pictures(found: Morning) -> dict[str, bytes]:
    """The report's figures as PNG, by name; those that have something to show."""
    drawn: dict[str, bytes] = {}
    if found.changes:
        drawn["before-after"] = before_after_figure(found.changes, io.BytesIO()).getvalue()
    if found.forgetting.rows:
        drawn["forgetting"] = forgetting_figure(found.forgetting, io.BytesIO()).getvalue()
    if found.cycles:
        drawn["cycles"] = cycles_figure(found.cycles, io.BytesIO(), title=found.model).getvalue()
    return drawn


def as_markdown(found: Morning, placed: dict[str, str]) -> str:
    """The Markdown page; `placed`: figure → address of its file."""
    text = _render("morning.md.j2", found, {name: (address, CAPTIONS[name]) for name, address in placed.items()})
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def as_html(found: Morning, drawn: dict[str, bytes]) -> str:
    """The HTML page with its figures inside."""
    inside = {name: f"data:image/png;base64,{base64.b64encode(data).decode()}" for name, data in drawn.items()}
    return _render("morning.html.j2", found, {name: (address, CAPTIONS[name]) for name, address in inside.items()})


def _render(template: str, found: Morning, figures: dict[str, tuple[str, str]]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=template.endswith(".html.j2"), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "rate": rate, "points": points, "steps": steps, "count": count, "cell": cell, "fenced": fenced, "minute": minute,
    }  # fmt: skip
    changed = [t for t in found.gate if t.change != SAME]
    same = [t for t in found.gate if t.change == SAME]
    words = {"sources": SOURCES, "uses": USES, "headline": headline(found)}
    shown = {"m": found, "figures": figures, "changed": changed, "same": same, **words}
    return environment.get_template(template).render(**shown)


def headline(found: Morning) -> str:
    """The night's outcome in a sentence."""
    night = found.night
    if night.decision == "promoted":
        how = "for the errors it was trained on" if night.version != night.candidate else "for everything"
        if found.in_use == night.version:
            return f"Promoted {how}: adapter {night.version} is in use."
        return f"Promoted {how}: adapter {night.version}; by now {found.in_use or 'no adapter'} is in use."
    if night.decision == "refused":
        if found.forced:
            return f"Refused by the gate, and promoted by hand all the same ({minute(found.forced.at)}, --force)."
        return "Refused: the gate found no proof that the night's adapter is harmless and of use, so nothing changed."
    if night.decision == "nothing_to_learn":
        return "Nothing to learn: no failure of the day gave an example."
    if night.decision == "error":
        return "The night failed; nothing changed."
    return f"Not finished: the night was cut off while it did `{night.stage}`; the next `sleep` goes on with it."


# -- how figures are shown


def rate(value: Value | None) -> str:
    """`46.4 % [34.0, 59.3], n=56`."""
    if value is None or value.value is None:
        return "–"
    bounds = f" [{100 * value.interval[0]:.1f}, {100 * value.interval[1]:.1f}]" if value.interval else ""
    return f"{100 * value.value:.1f} %{bounds}, n={value.n}"


def points(value: Value | None) -> str:
    """A difference of rates in percentage points: `+7.1 [-1.8, +16.1]`."""
    if value is None or value.value is None:
        return "–"
    bounds = f" [{100 * value.interval[0]:+.1f}, {100 * value.interval[1]:+.1f}]" if value.interval else ""
    return f"{100 * value.value:+.1f}{bounds}"


def steps(value: Value | None) -> str:
    """`2 [1, 3]`."""
    if value is None or value.value is None:
        return "–"
    bounds = f" [{value.interval[0]:g}, {value.interval[1]:g}]" if value.interval else ""
    return f"{value.value:g}{bounds}"


def count(outcomes: Sequence[bool] | tuple[int, int] | None) -> str:
    """`2 of 3`: outcomes, or (passed, n)."""
    if outcomes is None:
        return "–"
    passed, n = (sum(outcomes), len(outcomes)) if all(isinstance(x, bool) for x in outcomes) else outcomes
    return f"{passed} of {n}"


def minute(moment: str | None) -> str:
    """A moment of the store to the minute."""
    return f"{moment[:16].replace('T', ' ')} UTC" if moment else "–"


def cell(text: str) -> str:
    """Text for a Markdown line or table: one line, nothing in it that Markdown or HTML would take as its own."""
    line = " ".join(str(text).split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_|\[\]])", r"\\\1", line)


def fenced(text: str) -> str:
    """Text as a Markdown code block whose fence it cannot close."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"
