"""The tasks and what is made of them: `list`, `show`, `koans check`, `variants`, `export`, `distill`."""

from __future__ import annotations

import difflib
import os
import shutil
from pathlib import Path
from typing import Annotated

import typer

from continualcode.cli.output import Json, Overrides, emit, panel, plain, progress, say, settings_from, table
from continualcode.errors import UserError

koans = typer.Typer(help="Koans: the tasks themselves.", no_args_is_help=True)
Split = Annotated[str | None, typer.Option(help="train, gate or test.")]
Family = Annotated[str | None, typer.Option(help="A family or how it begins (borrow), or its prefix (bc).")]
Pattern = Annotated[str | None, typer.Option(help="A pattern's id.")]


def register(app: typer.Typer) -> None:
    app.command("list", rich_help_panel=panel.TASKS)(list_)
    app.command("show", rich_help_panel=panel.TASKS)(show)
    app.command("variants", rich_help_panel=panel.TASKS)(variants)
    app.command("export", rich_help_panel=panel.TASKS)(export_)
    app.command("distill", rich_help_panel=panel.TASKS)(distill_)
    app.add_typer(koans, name="koans", rich_help_panel=panel.TASKS)


def list_(
    split: Split = None,
    family: Family = None,
    pattern: Pattern = None,
    prefix: Annotated[str | None, typer.Option(help="How the id begins.")] = None,
    count: Annotated[int | None, typer.Option(help="At most so many.", min=1)] = None,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """The koans.

    Example: continualcode list --family borrow --split train
    """
    settings_from(overrides)
    from continualcode.koans import catalogue

    fitting = catalogue.load(split, family, pattern, prefix)
    found = fitting[:count]
    columns = (
        "id",
        "split",
        "error",
        *(("pattern",) if shutil.get_terminal_size().columns >= 110 else ()),
        "what it is",
    )
    shown = {"what it is": "description", "error": "expected_error"}
    rows = [tuple(getattr(koan, shown.get(name, name)) for name in columns) for koan in found]
    readable = table(columns, rows, f"{len(found)} of {len(fitting)} koans") if rows else "No koan fits."
    brief = ("id", "family", "pattern", "split", "expected_error", "description")
    emit({"n": len(found), "koans": [{key: getattr(k, key) for key in brief} for k in found]}, as_json, readable)


def show(
    id: Annotated[str, typer.Argument(help="A koan's id, or enough of its beginning.")],
    solution: Annotated[bool, typer.Option("--solution", help="Also its solution.")] = False,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """One koan: what is asked, the buggy file, its tests.

    Example: continualcode show bc_001
    """
    settings_from(overrides)
    from continualcode.koans import catalogue

    koan = catalogue.get(id)
    parts = [
        f"{koan.id}  ({koan.family}, {koan.pattern}, {koan.split}, {koan.expected_error or 'no code'})\n{koan.description}",
        f"── buggy.rs\n{koan.buggy.rstrip()}",
        f"── tests.rs\n{koan.tests.rstrip()}",
    ]
    if solution:
        parts.insert(2, f"── solution.rs\n{koan.solution.rstrip()}")
    emit(plain(koan), as_json, "\n\n".join(parts))


@koans.command("check")
def check(
    split: Split = None,
    family: Family = None,
    pattern: Pattern = None,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Prove every koan with rustc and clippy, and that no split leaks into another; exit code 1 when one is unsound."""
    settings = settings_from(overrides)
    from continualcode.koans import catalogue
    from continualcode.koans.check import check_koans

    found = catalogue.load(split, family, pattern)
    cache = settings.home / "cache" / "verdicts" if settings.cache else None
    workers = settings.jobs or os.cpu_count() or 1
    with progress("checking koans", total=len(found)) as step:
        report = check_koans(found, workers, lambda done, of, name: step(1, name), cache=cache, mode=settings.sandbox)
    for problem in report.problems:
        say(problem)
    for leak in report.leaks:
        say(f"{leak.koan} is like {leak.other} of another split ({leak.similarity:.2f})")
    figures = report.json()
    readable = ", ".join(
        f"{figures[key]} {key.replace('_', ' ')}" for key in ("koans", "sound", "gutted_caught", "leaks")
    )
    emit(figures, as_json, readable)
    if not report.ok:
        raise typer.Exit(1)


def variants(
    pattern: Annotated[str | None, typer.Argument(help="A pattern's id; without one the patterns are listed.")] = None,
    count: Annotated[int, typer.Option("--count", help="How many.", min=1)] = 5,
    pattern_option: Annotated[str | None, typer.Option("--pattern", help="The same, as an option.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the draws; the same as seed=.", min=0)] = None,
    out: Annotated[Path | None, typer.Option(help="JSONL file to write them to (a suite without tests).")] = None,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Fresh programs with one kind of bug, each proven by rustc.

    Example: continualcode variants bc_missing_mut seed=3
    """
    if pattern and "=" in pattern:  # `variants seed=3`: a setting, not a pattern
        pattern, overrides = None, [pattern, *(overrides or ())]
    pattern = pattern_option or pattern
    settings = settings_from(overrides, seed=seed)
    from continualcode.koans import variants as room
    from continualcode.koans.catalogue import Koan, write_jsonl
    from continualcode.koans.grammar import PATTERNS

    if pattern is None:
        known = [{"pattern": p.id, "family": p.family, "error": p.error} for p in PATTERNS.values()]
        readable = table(("pattern", "family", "error"), [tuple(row.values()) for row in known])
        emit({"patterns": known}, as_json, readable)
        return
    if pattern not in PATTERNS:
        near = difflib.get_close_matches(pattern, PATTERNS, n=1, cutoff=0.4)
        hint = f"did you mean `{near[0]}`? " if near else ""
        raise UserError(f"There is no pattern `{pattern}`; {hint}`continualcode variants` lists all {len(PATTERNS)}.")
    made = room.make(pattern, count, settings.seed)
    if len(made) < count:
        say(f"only {len(made)} different ones were found")
    tasks = [
        Koan(f"{v.pattern}_{v.seed}", v.family, v.pattern, "", PATTERNS[v.pattern].error, "train", v.buggy, v.fixed, "")
        for v in made
    ]
    answer = {"pattern": pattern, "asked": count, "made": len(made), "path": out}
    if out is not None:
        try:
            write_jsonl(tasks, out)
        except OSError as error:
            raise UserError(f"Cannot write {out}: {error.strerror}.") from None
        emit(answer, as_json, f"{len(made)} variants in {out}")
        return
    programs = [{"buggy": v.buggy, "fixed": v.fixed, "feedback": v.feedback, "seed": v.seed} for v in made]
    shown = [
        f"── {t.id}\n{v.buggy.rstrip()}\n── error\n{v.feedback}\n── repaired\n{v.fixed}"
        for t, v in zip(tasks, made, strict=True)
    ]
    emit({**answer, "variants": programs}, as_json, "\n".join(shown))


def export_(
    pattern: Annotated[
        str,
        typer.Option(help="known (what the bundled model may see), held_back, all, or ids with commas between."),
    ] = "known",
    count: Annotated[int, typer.Option(help="How many pairs.", min=1)] = 6000,
    out: Annotated[Path, typer.Option(help="JSONL file to write; its card lies beside it.")] = Path("pairs.jsonl"),
    seed: Annotated[int | None, typer.Option(help="Seed of the draws; the same as seed=.", min=0)] = None,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Training pairs (buggy, diagnostics, fixed, provenance), each proven by rustc, none like a koan of gate or test.

    Cut off, it goes on where it stopped when it is called again.

    Example: continualcode export --count 6000 --out pairs.jsonl
    """
    settings = settings_from(overrides, seed=seed)
    from continualcode.cli.runs import recorded_run
    from continualcode.koans import export as room

    chosen = room.chosen(pattern)
    kept = 0
    with recorded_run("export", settings) as run, progress("export", total=count) as step:

        def on_block(pairs: int, name: str) -> None:
            nonlocal kept
            step(min(pairs, count - kept), name)
            kept = min(count, kept + pairs)

        try:
            done = room.export(
                out, chosen, count, settings.seed, workers=settings.jobs or os.cpu_count() or 1, on_block=on_block
            )
        except KeyboardInterrupt:
            say(f"{kept} pairs are kept in {out}.part; the same command goes on from there")
            raise
        run.summary |= {"dataset": done.dataset, "pairs": done.pairs, "path": str(out)}
    if done.pairs < count:
        say(f"only {done.pairs} different ones were found; other seeds or more patterns give more")
    answer = {
        "dataset": done.dataset, "pairs": done.pairs, "asked": count, "patterns": len(chosen), "path": out,
        "card": room.card_path(out), "dropped": done.card["dropped"], "rustc": done.card["rustc"], "run": run.id,
    }  # fmt: skip
    emit(answer, as_json, f"{done.pairs} pairs of {len(chosen)} patterns in {out}: {done.dataset}")
    if done.pairs < count:
        raise typer.Exit(1)


def distill_(
    pattern: Annotated[str, typer.Option(help="A pattern's id; `continualcode variants` lists them.")],
    model: Annotated[str, typer.Option(help="The stronger model's name at the endpoint.")],
    count: Annotated[int, typer.Option(help="How many triples to keep in all.", min=1)] = 20,
    base_url: Annotated[
        str | None,
        typer.Option("--base-url", help="Where it is asked (http://localhost:8000/v1); else the maker's own."),
    ] = None,
    api: Annotated[str, typer.Option(help="openai (every compatible server) or anthropic.")] = "openai",
    key_env: Annotated[
        str | None, typer.Option(help="Environment variable that holds the key; OPENAI_API_KEY or ANTHROPIC_API_KEY.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="JSONL file of what is kept; PATTERN.distilled.jsonl.")] = None,
    max_cost: Annotated[
        float | None, typer.Option(help="USD that may be spent in all; needs the prices.", min=0)
    ] = None,
    price_in: Annotated[float | None, typer.Option(help="USD for a million tokens asked.", min=0)] = None,
    price_out: Annotated[float | None, typer.Option(help="USD for a million tokens answered.", min=0)] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Tokens that may be used in all, both ways.", min=1)] = None,
    answer_tokens: Annotated[int, typer.Option(help="Longest answer, tokens.", min=64)] = 6000,
    per_answer: Annotated[int, typer.Option(help="Triples asked for at once.", min=1, max=20)] = 3,
    seed: Annotated[int | None, typer.Option(help="Seed of topics and examples; the same as seed=.", min=0)] = None,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Triples (buggy, fixed, explanation) from a stronger model, kept only when rustc, tests and clippy confirm them.

    Stopped, it goes on where it was when it is called again; what was spent before counts. PATTERN.distilled.jsonl.journal
    holds every answer and why what was rejected was.

    Example: continualcode distill --pattern rh_ok_or --count 50 --base-url http://localhost:8000/v1 --model qwen3-coder
    """
    settings = settings_from(overrides, seed=seed)
    if max_cost is not None and (price_in is None or price_out is None):
        raise UserError("--max-cost needs --price-in and --price-out (USD for a million tokens).")
    from collections import Counter
    from collections.abc import Sequence

    from continualcode.cli.runs import recorded_run
    from continualcode.koans import distill as room
    from continualcode.koans import endpoint

    out = out or Path(f"{pattern}.distilled.jsonl")
    purse = endpoint.Purse(price_in or 0.0, price_out or 0.0, max_cost, max_tokens)
    teacher = endpoint.connect(api, model, base_url, key_env)
    shown = 0
    with recorded_run("distill", settings) as run, progress("distill", total=count) as step:

        def on_answer(kept: int, rejected: Sequence[room.Rejected]) -> None:
            nonlocal shown
            for r in rejected:
                say(f"rejected ({r.reason}): {r.detail.splitlines()[0][:200] if r.detail else ''}")
            step(min(kept, count) - shown, f"{purse.tokens} tokens")
            shown = min(kept, count)

        done = room.distill(
            out, pattern, count, teacher, purse, settings=settings, per_answer=per_answer,
            answer_tokens=answer_tokens, on_answer=on_answer, say=say,
        )  # fmt: skip
        run.summary |= {"pattern": pattern, "kept": done.kept, "dataset": done.dataset, "stopped": done.stopped}
    answer = {
        "pattern": pattern, "asked": count, "kept": done.kept, "dataset": done.dataset, "path": out, "answers": done.answers,
        "rejected": done.rejected, "stopped": done.stopped, "why": done.why, "tokens_in": purse.tokens_in,
        "tokens_out": purse.tokens_out, "tokens_lost": purse.lost_in + purse.lost_out, "tokens": purse.tokens,
        "cost": round(purse.cost, 6), "run": run.id,
    }  # fmt: skip
    faults = ", ".join(f"{n} {reason}" for reason, n in Counter(done.rejected).most_common()) or "nothing"
    readable = (
        f"{done.kept} of {count} triples in {out}; rejected: {faults}; {purse.tokens} tokens, {purse.cost:.4f} USD"
    )
    emit(answer, as_json, readable)
    if done.stopped:
        say(f"stopped: {done.why}")
        raise typer.Exit(1)
