"""`train auto`: rollouts of tasks, judged by running them, and self-distillation from what came back."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from continualcode.cli.output import Json, Overrides, emit, panel, say, settings_from, table
from continualcode.cli.runs import recorded_run
from continualcode.errors import UserError

if TYPE_CHECKING:
    from continualcode.cli.runs import Run
    from continualcode.config import Settings
    from continualcode.engine.base import Engine
    from continualcode.learn.auto import Outcome
    from continualcode.store import Store

KIND = "auto"
PLAN = "plan.json"  # beside a run's checkpoints: what `--resume` goes by
DEFAULTS = {"tasks": "koans", "rollouts": 4, "steps": 10, "method": "hybrid", "pattern": None, "count": None}
FREE = ("home", "jobs", "executor", "threads", "sandbox")  # settings that may differ when a run goes on


def register(app: typer.Typer) -> None:
    """Add the group `train`."""
    group = typer.Typer(help="Training without a user: from tasks that can be checked.", no_args_is_help=True)
    group.command("auto")(auto)
    app.add_typer(group, name="train", rich_help_panel=panel.NIGHT)


def auto(
    tasks: Annotated[
        str | None,
        typer.Option(help="koans (of the split train), or a JSONL file of koans or of LiveCodeBench problems."),
    ] = None,
    rollouts: Annotated[int | None, typer.Option(help="Rollouts of each task (4).", min=2)] = None,
    steps: Annotated[int | None, typer.Option(help="Optimiser steps (10).", min=1)] = None,
    method: Annotated[
        str | None, typer.Option(help="hybrid (rewards and self-distillation) or pure_sdpo (failures distilled).")
    ] = None,
    pattern: Annotated[str | None, typer.Option(help="Only koans of this pattern, or held_back.")] = None,
    count: Annotated[int | None, typer.Option(help="At most so many tasks.", min=1)] = None,
    resume: Annotated[
        str | None, typer.Option(metavar="RUN", help="Go on with a run that was cut off; `last` is the newest.")
    ] = None,
    run_id: Annotated[str | None, typer.Option("--run-id", help="Name of this run.")] = None,
    overrides: Overrides = None,
    as_json: Json = False,
) -> None:
    """Train on tasks that are graded by running their tests; the result is a candidate, never in use by itself.

    Example: continualcode train auto --pattern held_back --steps 6
    """
    settings = settings_from(overrides)
    tasks = str(Path(tasks).expanduser().resolve()) if tasks and _files(tasks) else tasks
    asked = {"tasks": tasks, "rollouts": rollouts, "steps": steps, "method": method, "pattern": pattern, "count": count}
    with recorded_run(KIND, settings, run_id=run_id, data=_files(tasks)) as run:
        work = _open(run, resume, {k: v for k, v in asked.items() if v is not None}, settings)
        try:
            answer = _trained(run, work)
        except KeyboardInterrupt:
            if (work.folder / PLAN).is_file():
                say(f"every finished step is kept; go on with: continualcode train auto --resume {work.run}")
            raise
        run.summary |= {k: answer[k] for k in ("of", "adapter", "steps", "kept", "stopped", "before", "after")}
        if work.run != run.id:
            run.store.update_run(work.run, status="done", summary=run.summary)
    emit(answer, as_json, _shown(answer))


@dataclass(frozen=True)
class _Work:
    """A run to begin or to go on with: whose it is, where its checkpoints lie, what it does, with which settings."""

    run: str
    folder: Path
    plan: Mapping[str, Any]
    settings: Settings
    start: str | None  # the version it started from
    new: bool


def _files(tasks: str | None) -> list[Path]:
    return [Path(tasks).expanduser()] if tasks and Path(tasks).expanduser().is_file() else []


def _open(run: Run, resume: str | None, asked: dict[str, Any], settings: Settings) -> _Work:
    """The work of this run: new, or that of the run to be resumed, which brings its own plan and settings; more steps
    may be asked for, nothing else. Raises UserError."""
    import json

    from continualcode.config import from_mapping

    if resume is None:
        return _Work(run.id, run.folder, DEFAULTS | asked, settings, _start(settings, run.store), True)
    name = _newest(run) if resume == "last" else resume
    folder = settings.home / "runs" / name
    try:
        kept = json.loads((folder / PLAN).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"There is no auto-training {name} to go on with; `continualcode runs` shows them.") from None
    other = [k for k, v in asked.items() if k != "steps" and v != kept["plan"][k]]
    if other:
        raise UserError(
            f"{name} began with --{other[0]} {kept['plan'][other[0]]}; go on without that option, or start another run."
        )
    here = settings.as_dict()
    own = {k: v for k, v in kept["settings"].items() if k not in FREE}
    differ = ", ".join(f"{k}={v}" for k, v in own.items() if here[k] != v)
    say(f"going on with {name}{f', with the settings it began with: {differ}' if differ else ''}")
    return _Work(name, folder, kept["plan"] | asked, from_mapping(here | own, str(folder)), kept["start"], False)


def _start(settings: Settings, store: Store) -> str | None:
    """The version that the run starts from; a folder or nothing is no version."""
    if settings.adapter == "current":
        current = store.current()
        return current.version if current else None
    return settings.adapter if store.get_adapter(settings.adapter) else None


def _first(work: _Work) -> str:
    """The adapter that a resumed run opens the engine with. Its starting weights lie beside it and replace that one, unless
    it was cut off before it wrote them; what is in use by now does not matter."""
    if (work.folder / "steps" / "start" / "adapter_config.json").is_file():
        return "none"
    return work.start or ("none" if work.settings.adapter == "current" else work.settings.adapter)


def _newest(run: Run) -> str:
    rows = [r for r in run.store.find("runs", kind=KIND, newest=True) if r.id != run.id]
    for row in rows:
        if (run.folder.parent / row.id / PLAN).is_file():
            return row.id
    raise UserError("No auto-training was run yet; `continualcode train auto` begins one.")


def _trained(run: Run, work: _Work) -> dict[str, Any]:
    """Train, save the candidate, draw the picture; what `train auto --json` prints."""
    import json

    from continualcode.agent.start import open_engine
    from continualcode.cli.night import stages
    from continualcode.evaluate.arena import open_arena
    from continualcode.learn.auto import Plan, train
    from continualcode.report.training import training_figure
    from continualcode.store.whole import write_whole

    settings, plan = work.settings, work.plan
    steps = Plan(plan["method"], plan["rollouts"], plan["steps"], settings.auto_tasks, settings.seed)
    engine = open_engine(settings if work.new else settings.replace(adapter=_first(work)), run.store)
    arena = open_arena(plan["tasks"], plan["pattern"], plan["count"], settings, engine)
    if left_out := getattr(arena, "left_out", 0):
        say(f"{left_out} problems leave this model no room for an answer; they are left out")
    rests_on = {"tasks": arena.hash, "model": engine.model_hash}
    if not work.new:
        kept = json.loads((work.folder / PLAN).read_text(encoding="utf-8"))
        if changed := [word for word, value in rests_on.items() if kept[word] != value]:
            raise UserError(f"The {changed[0]} of {work.run} changed since it began; start another run.")
    begun = {"plan": dict(plan), "settings": settings.as_dict(), "start": work.start, **rests_on}
    write_whole(work.folder / PLAN, json.dumps(begun, indent=1))
    with stages() as step:
        outcome = train(engine, arena, work.folder / "steps", steps, settings, step=step)
    version = _candidate(engine, run.store, work, arena.hash, outcome)
    before, after = _rates(outcome.before), _rates(outcome.after)
    picture = training_figure(
        outcome.rows, work.folder / "training.png", budget=settings.drift_budget, rates=(before["rate"], after["rate"]),
        title=f"{settings.model_name}: {plan['method']}, {len(arena.tasks)} tasks, {plan['rollouts']} rollouts each",
    )  # fmt: skip
    return {
        "run": run.id, "of": work.run, "method": plan["method"], "tasks": len(arena.tasks), "rollouts": plan["rollouts"],
        "steps": outcome.steps, "kept": outcome.kept, "stopped": outcome.stopped, "adapter": version,
        "before": before, "after": after, "p": _p(outcome),
        "drift": outcome.rows[outcome.kept - 1]["drift"] if outcome.kept else 0.0,
        "metrics": str(work.folder / "steps" / "metrics.jsonl"), "plot": str(picture),
        "next": _next(version), "rows": list(outcome.rows),
    }  # fmt: skip


def _candidate(engine: Engine, store: Store, work: _Work, data: str, outcome: Outcome) -> str | None:
    """The version in the store, made once however often the run is resumed; None when no step changed a weight."""
    from continualcode.store import now
    from continualcode.store.records import AdapterRecord

    if not any(row.get("applied") for row in outcome.rows[: outcome.kept]):
        return None
    version = f"ad_{work.run}_{outcome.kept}"
    if store.get_adapter(version) is None:
        home = work.settings.home / "adapters" / version
        shutil.rmtree(home, ignore_errors=True)  # half written by a run that was cut off
        engine.save_adapter(home)
        metrics = {"steps": outcome.steps, "kept": outcome.kept, "stopped": outcome.stopped}
        store.add_adapter(
            AdapterRecord(
                version=version,
                parent=work.start,
                base_model=engine.model_id,
                base_hash=engine.model_hash,
                path=f"adapters/{version}",
                data_hash=data,
                kind=KIND,
                status="candidate",
                metrics={"auto": {**metrics, "before": _rates(outcome.before), "after": _rates(outcome.after)}},
                reasons=[],
                created=now(),
            )  # fmt: skip
        )
    return version


def _rates(outcomes: Mapping[str, Sequence[bool]]) -> dict[str, Any]:
    """Passes over all tasks, with the interval of `eval`."""
    from continualcode.evaluate.stats import rate_interval

    passed, n = sum(map(sum, outcomes.values())), sum(map(len, outcomes.values()))
    return {"passed": passed, "n": n, "rate": passed / n, "ci95": list(rate_interval(outcomes))}


def _p(outcome: Outcome) -> float:
    """One-sided exact sign test over tasks: how likely so many got better, of those that changed, by chance."""
    from continualcode.evaluate.stats import mcnemar_exact

    sums = {t: (sum(outcome.before[t]), sum(outcome.after[t])) for t in outcome.before}
    return mcnemar_exact([b > a for b, a in sums.values()], [a > b for b, a in sums.values()])


def _next(version: str | None) -> str:
    if version is None:
        return "no step changed a weight: there is no candidate"
    return (
        f"`continualcode eval --suite gate --adapter {version}` measures it on tasks it never trained on; "
        f"`continualcode adapters promote {version}` puts it to use"
    )


def _shown(answer: Mapping[str, Any]) -> Callable[[], Any]:
    from continualcode.cli.night import percent

    body = [
        (r["step"], percent(r["pass_rate"]), percent(r["mixed"]), r.get("loss"), r.get("grad_norm"), r["drift"],
         r["entropy"], r["length"], percent(r["repetition"]))
        for r in answer["rows"]
    ]  # fmt: skip
    before, after = answer["before"], answer["after"]
    title = (
        f"{answer['method']} · {answer['tasks']} tasks · passed {before['passed']} → {after['passed']} of {after['n']} "
        f"on draws no step saw\n"
        + (f"stopped at {answer['stopped']}\n" if answer["stopped"] else "")
        + (f"candidate {answer['adapter']}: {answer['next']}" if answer["adapter"] else answer["next"])
    )
    columns = ["step", "passed", "mixed", "loss", "gradient", "drift", "entropy", "length", "repeats"]
    return table(columns, body, title)
