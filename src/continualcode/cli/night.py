"""Commands of the night and of measuring: eval, sleep, nights, plot, demo, bench."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from continualcode.cli.output import Json, Overrides, emit, panel, progress, say, settings_from, table
from continualcode.cli.runs import recorded_run
from continualcode.errors import UserError

Family = Annotated[str | None, typer.Option(help="Only this family, or its prefix (borrow, bc).")]
Method = Annotated[
    str | None,
    typer.Option(
        help="How the night trains: replay, lora, olora, keeplora, dream, share or uwsh (the last two: see night_basis)."
    ),
]
RunId = Annotated[str | None, typer.Option("--run-id", help="Name of this run.")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""

    @app.command("eval", rich_help_panel=panel.MEASURE)
    def eval_(
        suite: Annotated[str | None, typer.Option(help="train, gate, test, held_back, or a JSONL file.")] = None,
        samples: Annotated[int | None, typer.Option(help="Attempts at each task.", min=1)] = None,
        adapter: Annotated[str | None, typer.Option(help="current, none, a version or a folder.")] = None,
        model: Annotated[str | None, typer.Option(help="bundled, a folder, or a hub name.")] = None,
        family: Family = None,
        pattern: Annotated[str | None, typer.Option(help="Only this pattern, or held_back.")] = None,
        count: Annotated[int | None, typer.Option(help="At most so many tasks.", min=1)] = None,
        max_attempts: Annotated[int | None, typer.Option(help="Edits that a task may take.", min=1)] = None,
        run_id: RunId = None,
        cycle: Annotated[int | None, typer.Option(help="Cycle that this measurement belongs to.", min=0)] = None,
        overrides: Overrides = None,
        as_json: Json = False,
    ) -> None:
        """Measure a suite.

        Example: continualcode eval --suite test --samples 3 seed=1
        """
        settings = settings_from(
            overrides, suite=suite, samples=samples, adapter=adapter, model_name=model, max_attempts=max_attempts
        )
        from continualcode.agent.start import open_engine
        from continualcode.evaluate import suite as measuring

        koans = measuring.select(settings.suite, family, pattern)[:count]
        if not koans:
            raise UserError(f"No task of {settings.suite} fits; `continualcode list` shows what there is.")
        data = [Path(settings.suite)] if settings.suite.endswith(".jsonl") else []
        with recorded_run("eval", settings, run_id=run_id, data=data) as run, stages() as step:
            engine = open_engine(settings, run.store)
            result = measuring.measured(
                engine, run.store, koans, suite=settings.suite, settings=settings, run_id=run.id, cycle=cycle, fresh=True,
                progress=lambda n, of: step("eval", n, of, ""),
            )  # fmt: skip
            run.summary |= {k: result[k] for k in ("suite", "n", "passed", "pass_rate", "adapter")}
        emit({**result, "run": run.id}, as_json, evaluation_table(result))

    @app.command("sleep", rich_help_panel=panel.NIGHT)
    def sleep_(
        method: Method = None,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Only curate, and show what would be trained on.")
        ] = False,
        run_id: RunId = None,
        overrides: Overrides = None,
        as_json: Json = False,
    ) -> None:
        """Sleep one night: curate, train, gate, promote or refuse.

        Example: continualcode sleep night_minutes=5
        """
        settings = settings_from(overrides, night_method=method)
        from continualcode.engine import load_engine
        from continualcode.sleep import curate, night

        with recorded_run("sleep", settings, run_id=run_id) as run, stages() as step:
            engine = load_engine(settings)
            if dry_run:
                episodes, corrections = night.unread(run.store, engine)
                card = curate.curate(episodes, corrections, settings=settings, seed=settings.seed, say=say).card
                answer: dict[str, Any] = {"dry_run": True, **card}
            else:
                answer = night.sleep(engine, run.store, settings, say=say, step=step, run_id=run.id).json()
                run.summary |= {k: answer[k] for k in ("night", "decision", "promoted")}
        emit({**answer, "run": run.id}, as_json)

    @app.command("nights", rich_help_panel=panel.NIGHT)
    def nights_(
        cycles: Annotated[int, typer.Option(help="How many nights.", min=1)] = 1,
        family: Family = None,
        pattern: Annotated[str | None, typer.Option(help="Day over this pattern only, or held_back.")] = None,
        method: Method = None,
        count: Annotated[int | None, typer.Option(help="At most so many tasks of train and of test.", min=1)] = None,
        resume: Annotated[
            str | None, typer.Option(metavar="RUN", help="Go on with a loop that was cut off; `last` is the newest.")
        ] = None,
        plot: Annotated[Path | None, typer.Option(help="Where the picture goes; the run's folder without it.")] = None,
        baselines: Annotated[
            bool, typer.Option(help="Measure the no-op adapter and prompt hints beside the nights.")
        ] = True,
        run_id: RunId = None,
        overrides: Overrides = None,
        as_json: Json = False,
    ) -> None:
        """Day and night, N times.

        Example: continualcode nights --cycles 3 --pattern held_back
        """
        settings = settings_from(overrides, night_method=method)
        from continualcode.engine import load_engine
        from continualcode.report.plots import cycles_figure
        from continualcode.sleep import cycle

        with recorded_run("nights", settings, run_id=run_id) as run, stages() as step:
            done = finished_cycles(run.store, resume, run.id) if resume else []
            if resume:
                say(f"going on after cycle {len(done) - 1}" if done else "no cycle was finished; starting over")

            def keep(rows: list[dict[str, Any]]) -> None:
                run.summary["cycles"] = rows
                run.store.update_run(run.id, summary=run.summary)

            engine = load_engine(settings)
            rows = cycle.nights(
                engine, run.store, settings, cycles=cycles, run_id=run.id, family=family, pattern=pattern,
                count=count, done=done, keep=keep, say=say, step=step,
            )  # fmt: skip
            keep(rows)
            beside = {}
            if baselines:
                beside = cycle.baselines(
                    engine, run.store, settings, run_id=run.id, family=family, pattern=pattern, count=count, say=say, step=step
                )  # fmt: skip
                run.summary["baselines"] = beside
                run.store.update_run(run.id, summary=run.summary)
            picture = cycles_figure(
                rows,
                plot or run.folder / "cycles.png",
                title=f"{settings.model_name}: {cycles} night{'s' if cycles > 1 else ''}",
            )
        emit(
            {"cycles": rows, "baselines": beside, "plot": str(picture), "run": run.id},
            as_json,
            cycles_table(rows, beside),
        )

    @app.command("plot", rich_help_panel=panel.MEASURE)
    def plot_(
        figure: Annotated[
            str, typer.Option(help="cycles (a loop's curves), before-after (a night) or forgetting (all adapters).")
        ] = "cycles",
        run: Annotated[str, typer.Option(help="Run of `nights` or `demo` to draw; `last` is the newest.")] = "last",
        night: Annotated[str, typer.Option(help="Night to draw; `last` is the newest.")] = "last",
        out: Annotated[Path | None, typer.Option(help="File to write (png, svg, pdf).")] = None,
        overrides: Overrides = None,
        as_json: Json = False,
    ) -> None:
        """Draw a figure again from the store: a day/night loop, or one of the morning report.

        Example: continualcode plot --figure forgetting --out forgetting.svg
        """
        settings = settings_from(overrides)
        from continualcode.report.plots import cycles_figure
        from continualcode.store import Store

        if figure != "cycles":
            drawn, of = night_figure(settings, figure, night, out)
            emit({"plot": str(drawn), "night": of}, as_json)
            return
        with Store(settings.store_path) as store:
            found = find_run(store, run)
        path = out or settings.home / "runs" / found.id / "cycles.png"
        rows = found.summary["cycles"]
        title = f"{found.settings.get('model_name', '')}: {len(rows) - 1} nights"
        emit({"plot": str(cycles_figure(rows, path, title=title)), "run": found.id, "cycles": len(rows)}, as_json)

    @app.command("demo", rich_help_panel=panel.NIGHT)
    def demo_(
        minutes: Annotated[float, typer.Option(help="Time box of the whole story.", min=1)] = 10,
        count: Annotated[
            int, typer.Option(help="At most so many tasks of train and of test; the gate is whole.", min=1)
        ] = 36,
        out: Annotated[Path | None, typer.Option(help="Where the picture goes.")] = None,
        run_id: RunId = None,
        overrides: Overrides = None,
        as_json: Json = False,
    ) -> None:
        """The whole story for real: deny, learn, retry; a day, a night, the gate, before and after."""
        settings = settings_from(overrides)
        from continualcode import demo

        with recorded_run("demo", settings, run_id=run_id) as run, stages() as step:
            answer = demo.tell(run, settings, minutes=minutes, count=count, picture=out, say=say, step=step)
        emit({**answer, "run": run.id}, True)  # its last line is JSON whoever reads it

    @app.command("bench", rich_help_panel=panel.MEASURE)
    def bench_(
        name: Annotated[str, typer.Argument(help="A script of benchmarks/: its name without .py.")],
        overrides: Overrides = None,
        as_json: Json = False,
    ) -> None:
        """Run one of benchmarks/.

        Example: continualcode bench verify
        """
        settings = settings_from(overrides)
        answer = benchmark(name)(settings, say)
        emit(answer, as_json)


def benchmark(name: str) -> Callable[..., dict[str, Any]]:
    """The `run(settings, say) -> dict` of `benchmarks/<name>.py`. Raises UserError when there is none."""
    import importlib.util
    import sys

    folder = Path(__file__).resolve().parents[3] / "benchmarks"
    known = sorted(p.stem for p in folder.glob("*.py") if not p.stem.startswith("_"))
    if name not in known:
        there = (
            f"there are: {', '.join(known)}" if known else "they are in the repository's benchmarks/, not in the wheel"
        )
        raise UserError(f"There is no benchmark {name}; {there}.")
    spec = importlib.util.spec_from_file_location(f"benchmarks.{name}", folder / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module.run


def night_figure(settings: Any, figure: str, night: str, out: Path | None) -> tuple[Path, str]:
    """Draw one of the morning report's figures; returns where it lies and the night's id."""
    from continualcode.report.before_after import before_after_figure
    from continualcode.report.forgetting import forgetting_figure
    from continualcode.report.morning import morning
    from continualcode.store import Store

    if figure not in ("before-after", "forgetting"):
        raise UserError(f"--figure is one of cycles, before-after, forgetting, not {figure}.")
    with Store(settings.store_path) as store:
        found = morning(store, night)
    path = out or settings.home / "reports" / f"{found.night.id}-{figure}.png"
    if figure == "forgetting":
        return forgetting_figure(found.forgetting, path), found.night.id
    return before_after_figure(found.changes, path), found.night.id


def find_run(store: Any, name: str) -> Any:
    """A run of `nights` or `demo` with finished cycles, by id, or the newest one (`last`)."""
    if name == "last":
        loops = store.find("runs", kind=["nights", "demo"], newest=True)
        runs = [r for r in loops if r.summary.get("cycles")]
        if not runs:
            raise UserError("No loop was run yet; `continualcode nights --cycles 1` runs one.")
        return runs[0]
    found = store.get_run(name)
    if found is None or not found.summary.get("cycles"):
        raise UserError(f"{name} is not a run with finished cycles; `plot` draws runs of nights and demo.")
    return found


def finished_cycles(store: Any, name: str, own: str) -> list[dict[str, Any]]:
    """Rows of a loop that was cut off."""
    runs = [r for r in store.find("runs", kind="nights", newest=True) if r.id != own and name in ("last", r.id)]
    if not runs:
        raise UserError(f"There is no run of nights called {name} to go on with.")
    if runs[0].status == "done":
        raise UserError(f"{runs[0].id} is finished; start another loop without --resume.")
    return list(runs[0].summary.get("cycles", []))


@contextmanager
def stages() -> Iterator[Callable[[str, int, int, str], None]]:
    """`step(stage, done, of, note)`: one progress display for each stage, one after the other."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        state: dict[str, Any] = {"stage": None, "done": 0, "bar": None}

        def step(stage: str, done: int, of: int, note: str) -> None:
            if state["stage"] != stage or done < state["done"]:
                stack.close()
                state.update(stage=stage, done=0, bar=stack.enter_context(progress(stage, total=of)))
            state["bar"](done - state["done"], note)
            state["done"] = done

        yield step


def evaluation_table(result: dict[str, Any]) -> Callable[[], Any]:
    """A suite's figures, one row a family."""
    groups = {"all": result, **result["by_family"], "held back": result["held_back"], "known": result["known"]}
    if result["unpinned"] and result["figures_of"] == "pinned":
        groups["unpinned (no tests)"] = result["by_pinning"]["unpinned"]
    rows = [
        (name, g["passed"], g["n"], percent(g["pass_rate"]), _interval(g["ci95"]) if g["n"] else "–")
        for name, g in groups.items()
    ]
    title = (
        f"{result['suite']} · {result['model']} · adapter {result['adapter'] or 'none'} · median steps to green "
        f"{result['median_steps_to_green']} · repeat errors {percent(result['repeat_error_rate'])} · {result['seconds']} s"
    )
    return table(["", "passed", "of", "rate", "95 %"], rows, title)


def cycles_table(rows: list[dict[str, Any]], baselines: dict[str, Any] | None = None) -> Callable[[], Any]:
    """One row a cycle, then one a baseline."""
    names = ("train", "gate", "test", "held_back", "repeat_error_rate")
    body = [
        (
            r["cycle"],
            *(percent(r[n]) for n in names),
            r["median_steps_to_green"],
            r["regressions"],
            r["decision"],
            r["seconds"],
        )
        for r in rows
    ]
    body += [
        (
            name,
            percent(b["train"]["pass_rate"]),
            "",
            percent(b["test"]["pass_rate"]),
            percent(b["test"]["held_back"]),
            *[""] * 5,
        )
        for name, b in (baselines or {}).items()
    ]
    return table(["cycle", "train", "gate", "test", "held back", "repeats", "steps", "regr.", "decision", "s"], body)


def _interval(bounds: Sequence[float]) -> str:
    return f"{percent(bounds[0])}-{percent(bounds[1])}"


def percent(rate: float | None) -> str:
    return "–" if rate is None else f"{100 * rate:.0f} %"
