"""`compare`: methods of the night side by side; `adapters farm`: the many adapters that feed a shared basis."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from continualcode.cli import adapters
from continualcode.cli.output import Json, Overrides, emit, panel, progress, say, settings_from, table
from continualcode.cli.runs import recorded_run
from continualcode.errors import UserError

METHODS = (
    "base,noop,hints,lora,replay,olora,keeplora,dream,lora_routed,share_mean,share_routed,share_full,uwsh,random_basis"
)
Patterns = Annotated[
    str, typer.Option(help="all, held_back, a number (held-back patterns first), or names with commas between.")
]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command("compare", rich_help_panel=panel.MEASURE)(compare)
    adapters.adapters.command("farm")(farm)


def compare(
    methods: Annotated[str, typer.Option(help="Methods to compare, with commas between.")] = METHODS,
    seeds: Annotated[int, typer.Option(help="Seeds of each method.", min=1)] = 1,
    patterns: Patterns = "10",
    probes: Annotated[int, typer.Option(help="Fresh programs of each pattern to measure on.", min=1)] = 12,
    gate: Annotated[int, typer.Option(help="At most so many gate koans of other patterns.", min=0)] = 60,
    farm: Annotated[
        Path | None, typer.Option(help="Folder of `adapters farm`: its other patterns feed the bases too.")
    ] = None,
    report_test: Annotated[
        bool, typer.Option("--report-test", help="Also measure the test split, as a last column.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder of the comparison; one under home without it.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Where the picture goes; the folder without it.")] = None,
    run_id: Annotated[str | None, typer.Option("--run-id", help="Name of this run.")] = None,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Set the night's methods side by side: same patterns, programs, steps, tasks. Goes on where it was cut off.

    Example: continualcode compare --methods base,lora,replay --patterns 4 --seeds 2
    """
    from continualcode.sleep.farm import quick, train_patterns

    settings = quick(settings_from(overrides))
    names = [m.strip() for m in methods.split(",") if m.strip()]
    if not names:
        raise UserError("No method is named; `continualcode compare --help` shows them all.")
    chosen = train_patterns(patterns)
    if farm is not None and not farm.is_dir():
        raise UserError(f"There is no folder {farm}; `continualcode adapters farm --out {farm}` makes one.")
    from continualcode.report.comparison import comparison_figure
    from continualcode.sleep import comparison
    from continualcode.sleep.compare import Plan
    from continualcode.sleep.compare import compare as run_cells

    plan = Plan(tuple(chosen), probes, gate, report_test, settings, farm.resolve() if farm else None)
    folder = out or settings.home / "compare" / plan.name
    with recorded_run("compare", settings, run_id=run_id, data=[farm] if farm else []) as run:
        cells = run_cells(plan, names, seeds, folder, processes=_processes(settings.jobs), say=say)
        rows = comparison.rows(cells)
        picture = comparison_figure(
            rows, plot or folder / "compare.png",
            title=f"{settings.model_name}: {len(chosen)} patterns, {seeds} seed{'s' if seeds > 1 else ''}, "
            f"{settings.night_steps} steps of {settings.night_batch} a pattern, rank {settings.lora_rank}",
        )  # fmt: skip
        run.summary |= {"folder": str(folder), "rates": {r["method"]: r["probes"]["pass_rate"] for r in rows}}
    answer = {
        "run": run.id, "folder": folder, "plot": picture, "seeds": seeds, **plan.json(), "methods": rows,
    }  # fmt: skip
    emit(answer, as_json, _shown(answer))


def _processes(jobs: int) -> int:
    return jobs or len(os.sched_getaffinity(0))


def _shown(answer: Mapping[str, Any]) -> Callable[[], Any]:
    def rate(told: Mapping[str, Any] | None) -> str:
        if told is None:
            return "–"
        low, high = told["ci95"]
        return f"{100 * told['pass_rate']:.0f} [{100 * low:.0f}, {100 * high:.0f}]"

    test = any(r["test"] for r in answer["methods"])
    body = [
        [
            r["method"], rate(r["probes"]), rate(r["gate"]), *([rate(r["test"])] if test else []),
            r["regressed"], None if r["forgotten"] is None else f"{100 * r['forgotten']:.0f}", f"{r['trainable']:.0f}",
            f"{r['bytes'] / 1000:.0f}", f"{r['bytes_with_basis'] / 1000:.0f}", f"{r['seconds_training']:.0f}",
            f"{r['peak_mb']:.0f}",
        ]
        for r in answer["methods"]
    ]  # fmt: skip
    columns = [
        "method", "probes %", "gate %", *(["test %"] if test else []), "regressed", "forgot pts", "trainable", "kB",
        "kB with basis", "s", "MiB",
    ]  # fmt: skip
    failed = [f"{r['method']}: {e}" for r in answer["methods"] for e in r["errors"]]
    title = f"{len(answer['patterns'])} patterns, {answer['seeds']} seeds; picture {answer['plot']}"
    return table(columns, body, "\n".join([title, *failed]))


def farm(
    out: Annotated[Path, typer.Option(help="Folder for the adapters; a farm that was cut off goes on there.")],
    patterns: Patterns = "all",
    seeds: Annotated[int, typer.Option(help="Adapters of each pattern.", min=1)] = 1,
    run_id: Annotated[str | None, typer.Option("--run-id", help="Name of this run.")] = None,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Train one small LoRA a pattern and seed on verified variants, over processes.

    Example: continualcode adapters farm --patterns all --seeds 2 --out farm
    """
    from continualcode.sleep.farm import Plot, quick, train_patterns
    from continualcode.sleep.farm import farm as grow_all

    settings = quick(settings_from(overrides))
    plots = [Plot(p, settings.seed + s) for s in range(seeds) for p in train_patterns(patterns)]
    with recorded_run("farm", settings, run_id=run_id) as run, progress("farm", total=len(plots)) as step:
        grown = grow_all(
            plots, out, settings, processes=_processes(settings.jobs), done=lambda g: step(1, f"{g.name} {g.seconds:.0f} s")
        )  # fmt: skip
        made = [g.seconds for g in grown if not g.was_there and not g.error]
        answer = {
            "run": run.id, "folder": out, "adapters": sum(not g.error for g in grown), "made": len(made),
            "were_there": sum(g.was_there for g in grown),
            "seconds_each": round(sum(made) / len(made), 2) if made else None,
            "failed": {g.name: g.error for g in grown if g.error},
        }  # fmt: skip
        run.summary |= {k: answer[k] for k in ("adapters", "made", "seconds_each")}
    emit(answer, as_json)
    if answer["failed"]:
        raise typer.Exit(1)
