"""An imported suite: tasks with and without tests, through eval's own path; verdicts by the real compiler."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from continualcode.agent.scripted import ScriptedEngine, reply
from continualcode.config import Settings
from continualcode.engine.base import ToolCall
from continualcode.evaluate import suite
from continualcode.store import Store

BUGGY = "pub fn area(w: u32, h: u32) -> u32 {\n    w * h;\n}\n"
TESTS = "#[cfg(test)]\nmod tests {\n    use super::*;\n    #[test]\n    fn it_multiplies() {\n        assert_eq!(area(3, 4), 12);\n    }\n}\n"
TASK = {
    "family": "type_mismatch", "description": "An area.", "buggy_code": BUGGY,
    "correct_code": BUGGY.replace("h;", "h"), "expected_error": "E0308",
}  # fmt: skip


def write(path: Path, *tasks: dict) -> Path:
    path.write_text("".join(json.dumps({**TASK, **task}) + "\n" for task in tasks))
    return path


def whole(text: str) -> str:
    return reply(ToolCall("write", {"path": "src/lib.rs", "content": text}))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", max_attempts=2, eval_batch=1)


def measured(path: Path, replies: list[str], settings: Settings) -> tuple[dict, list]:
    with Store(settings.store_path) as store:
        result = suite.measured(
            ScriptedEngine(replies), store, suite.select(str(path)), suite=str(path), settings=settings
        )
        return result, store.list_episodes()


def test_unpinned_verdicts_are_marked_and_counted_apart(tmp_path: Path, settings: Settings):
    path = write(tmp_path / "s.jsonl", {"id": "pinned", "tests": TESTS}, {"id": "bare"}, {"id": "hollow", "tests": ""})
    result, episodes = measured(
        path,
        [
            whole(BUGGY.replace("h;", "h")),
            whole(BUGGY.replace("w * h;", "w + h")),  # wrong, but without tests nobody can tell
            whole("fn main() {}\n"),
            whole("pub fn area(_w: u32, _h: u32) -> u32 {\n    0\n}\n"),
        ],
        settings,
    )
    assert [(e.task_id, e.unpinned, e.outcome) for e in episodes] == [
        ("pinned", False, "solved"), ("bare", True, "solved"), ("hollow", True, "failed"),
    ]  # fmt: skip
    assert (result["tasks"], result["n"], result["passed"], result["pass_rate"]) == (3, 1, 1, 1.0)
    assert result["unpinned"] == 2 and result["figures_of"] == "pinned"
    apart = result["by_pinning"]
    assert (apart["pinned"]["n"], apart["pinned"]["passed"]) == (1, 1)
    assert (apart["unpinned"]["n"], apart["unpinned"]["passed"], apart["unpinned"]["pass_rate"]) == (2, 1, 0.5)
    assert result["by_family"]["type_mismatch"]["n"] == 1
    gutted = episodes[2]
    assert gutted.signatures[-1] == "gutted" and not gutted.tool_calls[-1].solved_after
    assert "`fn area` is gone" in gutted.tool_calls[0].result and "little of the body" in gutted.tool_calls[1].result


def test_a_suite_without_any_test_says_so(tmp_path: Path, settings: Settings):
    path = write(tmp_path / "s.jsonl", {"id": "bare"})
    result, _ = measured(path, [whole(BUGGY.replace("h;", "h"))], settings)
    assert (result["n"], result["passed"], result["unpinned"], result["figures_of"]) == (1, 1, 1, "unpinned")
    assert result["by_pinning"]["pinned"]["n"] == 0 and result["by_pinning"]["pinned"]["pass_rate"] is None
