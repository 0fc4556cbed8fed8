"""`lessons teach`: corrections that wait for weights are taught."""

from __future__ import annotations

import threading

import typer

from continualcode.agent import worker
from continualcode.cli import records
from continualcode.cli.output import Json, Overrides, emit, say, settings_from
from continualcode.cli.runs import recorded_run
from continualcode.errors import UserError


def register(app: typer.Typer) -> None:
    @records.lessons.command("teach")
    def teach(overrides: Overrides = None, as_json: Json = False) -> None:
        """Teach the corrections that were given where nothing could be taught (a server's model), oldest first.

        Example: continualcode lessons teach model_name=Qwen/Qwen3-0.6B
        """
        settings = settings_from(overrides)
        from continualcode.agent.queued import catch_up, waiting
        from continualcode.agent.start import open_engine
        from continualcode.store import Store

        with Store(settings.store_path) as store:
            wanted = len(waiting(store))
        if not wanted:
            emit({"taught": [], "waiting": 0}, as_json, "No correction waits.")
            return
        with recorded_run("lessons", settings) as run:
            engine = open_engine(settings, run.store)
            if not engine.capabilities.trains:
                raise UserError("This engine cannot train; the corrections wait for engine=local.")
            cancel = threading.Event()
            done = worker.run(lambda: catch_up(engine, run.store, settings, cancel, say), cancel)
            left = len(waiting(run.store))
            run.summary |= {"taught": len(done), "waiting": left}
        rows = [{"queued": c.queued, "lesson": c.taught.lesson_id, "outcome": c.taught.outcome} for c in done]
        lines = [c.taught.line for c in done]
        emit({"taught": rows, "waiting": left}, as_json, "\n".join([*lines, f"{len(done)} taken up, {left} wait"]))
        if cancel.is_set():
            raise KeyboardInterrupt
