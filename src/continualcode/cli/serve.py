"""`serve`: the learning model as an OpenAI-compatible endpoint."""

from __future__ import annotations

import secrets
import sys
from typing import Annotated

import typer

from continualcode.cli import runs
from continualcode.cli.output import Json, Overrides, emit, panel, say, settings_from
from continualcode.cli.runs import recorded_run
from continualcode.errors import UserError

SHORTEST_KEY = 16  # characters, where others can reach the server


def register(app: typer.Typer) -> None:
    @app.command("serve", rich_help_panel=panel.DAY)
    def serve(
        overrides: Overrides = None,
        host: Annotated[
            str, typer.Option(help="Address to listen on; others than loopback let others in.")
        ] = "127.0.0.1",
        port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 is any free one.")] = 8321,
        key: Annotated[
            str | None, typer.Option(help="Key that clients send; one is made and printed without it.")
        ] = None,
        as_json: Json = False,
    ) -> None:
        """Serve the model to any program that speaks OpenAI's chat completions, and learn from its feedback.

        Example: continualcode serve --port 8321
        """
        settings = settings_from(overrides)
        try:
            from continualcode.serve import desk, server
        except ImportError as error:
            raise UserError(f"The package {error.name} is not installed: pip install 'continualcode[serve]'.") from None
        from continualcode.agent.start import open_engine

        desk.require_shareable(settings)
        given = _checked(key, server.is_loopback(host))
        _keep_out_of_records(given)
        with server.bound(host, port) as listening, recorded_run("serve", settings) as run:
            engine = open_engine(settings, run.store)
            address = f"[{host}]" if ":" in host else host
            url = f"http://{address}:{listening.getsockname()[1]}/v1"
            used = given or secrets.token_urlsafe(24)
            if not server.is_loopback(host):
                say(f"others can reach {host}, and nothing is encrypted: the key is all that keeps them out")
            answer = {"url": url, "key": used, "model": engine.model_id, "run": run.id}
            shown = (
                f"{engine.model_id} answers at {url}" + ("" if given else f" with the key {used}") + "; Ctrl-C ends it"
            )
            emit(answer, as_json, shown)
            sys.stdout.flush()  # whoever reads it through a pipe waits for the key
            counts = {"completions": 0, "corrections": 0, "lessons": 0}
            run.summary |= {"url": url, "counts": counts}
            server.run(engine, run.store, settings, listening, used, counts, say)
        say(
            f"ended; {counts['completions']} completions, {counts['corrections']} corrections, {counts['lessons']} lessons"
        )


def _checked(key: str | None, loopback: bool) -> str:
    """The key as given, empty for none. Raises UserError."""
    if key is None:
        return ""
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise UserError("--key takes printable ASCII characters without spaces; leave it out to have one made.")
    if not loopback and len(key) < SHORTEST_KEY:
        raise UserError(
            f"Where others can reach the server a key needs {SHORTEST_KEY} characters; leave --key out to have one made."
        )
    return key


def _keep_out_of_records(key: str) -> None:
    """A run's words are written down; its key is not."""
    if key:
        runs.argv[:] = [word.replace(key, "…") for word in runs.argv]
