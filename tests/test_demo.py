"""The demo's first part with a scripted model: what the story says is what happened, also when nothing was learnt."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from continualcode import demo
from continualcode.agent.scripted import ScriptedEngine, reply
from continualcode.cli.runs import recorded_run
from continualcode.config import Settings, bundled
from continualcode.engine.base import ToolCall


def write(path: str) -> str:
    return reply(ToolCall("write", {"path": path, "content": (bundled("demo") / path).read_text()}))


def edit(path: str, line: int, text: str) -> str:
    return reply(ToolCall("edit_lines", {"path": path, "start": line, "end": line, "text": text}))


def test_the_story_reports_what_ran(tmp_path: Path):
    engine = ScriptedEngine(
        [
            write(demo.FIRST),
            write(demo.SECOND),  # before: each request ends at its first edit
            write(demo.FIRST),
            edit(demo.FIRST, 2, "    width * height"),
            "Done.",
            edit(demo.SECOND, 6, '    "stranger".to_string()'),
            "Done.",
        ]  # fmt: skip
    )
    settings = Settings(home=tmp_path / "home")
    original = (bundled("demo") / demo.FIRST).read_text()
    with recorded_run("demo", settings) as run, open(tmp_path / "told", "w") as told:
        story = demo.deny_learn_retry(engine, run, settings, Console(file=told, width=100))
        corrections = run.store.list_corrections()
    assert story["habit"] == {demo.FIRST: "write", demo.SECOND: "write"}
    assert (story["denied"], story["retry"], story["correction"]) == ("write", "edit_lines", demo.CORRECTION)
    assert story["outcome"] == "refused" and story["steps"] == 0, "a scripted model has nothing that could learn"
    assert story["unseen_file"] == {"before": "write", "after": "edit_lines"} and story["second_file_green"] is True
    assert [c.text for c in corrections] == [demo.CORRECTION]
    assert demo.CORRECTION not in engine.prompts[-1] and demo.CORRECTION in engine.prompts[3]
    assert "denies: use edit_lines" in (tmp_path / "told").read_text()
    assert (bundled("demo") / demo.FIRST).read_text() == original, "the crate itself is not touched"


def test_a_model_without_the_habit_is_not_corrected(tmp_path: Path):
    engine = ScriptedEngine([edit(demo.FIRST, 2, "    1"), edit(demo.SECOND, 6, "    String::new()"), "Done.", "Done."])
    settings = Settings(home=tmp_path / "home")
    with recorded_run("demo", settings) as run, open(tmp_path / "told", "w") as told:
        story = demo.deny_learn_retry(engine, run, settings, Console(file=told))
    assert story["outcome"] == "not_taught" and story["correction"] is None and story["retry"] is None
