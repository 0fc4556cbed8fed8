"""A koan as a session: real rustc, a scripted model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from continualcode.agent.koan_task import KoanTask
from continualcode.agent.scripted import ScriptedEngine, reply
from continualcode.config import Settings
from continualcode.engine.base import SampleParams, ToolCall
from continualcode.rust.check import check
from continualcode.store.records import EpisodeRecord


@dataclass(frozen=True)
class Task:
    """What `KoanTask` reads of a koan."""

    id: str = "tm_900_area"
    family: str = "type_mismatch"
    pattern: str = "tm_semicolon"
    split: str = "train"
    buggy: str = "pub fn area(w: u32, h: u32) -> u32 {\n    w * h;\n}\n"
    tests: str = "#[cfg(test)]\nmod tests {\n    use super::*;\n    #[test]\n    fn it_multiplies() {\n        assert_eq!(area(3, 4), 12);\n    }\n}\n"


def line_two(text: str) -> str:
    return reply(ToolCall("edit_lines", {"path": "src/lib.rs", "start": "2", "end": "2", "text": text}))


def play(tmp_path: Path, replies: list[str], **options: object) -> tuple[EpisodeRecord, ScriptedEngine]:
    engine = ScriptedEngine(replies)
    settings = Settings(home=tmp_path / "home")
    koan = options.pop("koan", Task())
    task = KoanTask(koan, engine, settings=settings, **options)  # type: ignore[arg-type]
    while not task.done:
        if item := task.pending_check():
            task.give_verdict(check(*item, settings=settings))
        else:
            task.take(engine.sample([task.next_prompt()], SampleParams())[0])
    assert not task.workspace.exists()
    with pytest.raises(ValueError):
        task.next_prompt()
    return task.episode(), engine


def test_solved_at_the_second_call(tmp_path: Path) -> None:
    episode, engine = play(tmp_path, [line_two("    w + h"), line_two("    w * h")], seed=7, run_id="run_1")
    assert (episode.outcome, episode.steps_to_green, episode.attempts) == ("solved", 2, 2)
    assert episode.prompt.startswith(
        "Fix src/lib.rs.\n1|pub fn area(w: u32, h: u32) -> u32 {\n2|    w * h;\n3|}\ncheck:\nerror[E0308]"
    )
    assert engine.prompts[0].count("<|im_start|>") == 2  # one user message, and the reply's opening
    first, second = episode.tool_calls
    assert first.result.startswith("edited src/lib.rs 2-2\ncheck:\ntest ") and "failed" in first.result
    assert second.result == "edited src/lib.rs 2-2\ncheck:\nok" and second.solved_after and not first.solved_after
    assert episode.signatures[0].startswith("E0308:") and episode.signatures[1] == "tests:assertion failed"
    assert "-    w * h;\n+    w * h\n" in episode.diff and episode.final_code == Task.buggy.replace(";", "")
    assert episode.first_code == Task.buggy and episode.seed == 7 and episode.run_id == "run_1"
    assert bytes(second.completion_ids).decode() == line_two("    w * h") and len(second.logprobs) == len(
        second.completion_ids
    )


def test_it_ends_when_attempts_are_spent_or_the_model_stops(tmp_path: Path) -> None:
    episode, _ = play(tmp_path, [line_two("    w + h"), line_two("    w - h")] * 9, max_attempts=2)
    assert (episode.outcome, episode.steps_to_green, episode.attempts) == ("failed", None, 2)
    episode, _ = play(tmp_path, ["I give up."])
    assert (episode.outcome, episode.attempts, episode.tool_calls) == ("failed", 0, [])
    episode, _ = play(tmp_path, [reply(ToolCall("nope", {}))] * 20, max_attempts=3)
    assert episode.outcome == "failed" and len(episode.tool_calls) == 2  # twice in a row, and it has lost the thread
    assert not any(call.well_formed for call in episode.tool_calls)


def test_an_edit_that_was_judged_is_drawn_again(tmp_path: Path) -> None:
    same, unchanged = line_two("    w + h"), line_two("    w * h;")
    episode, engine = play(tmp_path, [unchanged, same, same, same, line_two("    w * h")])
    assert (episode.outcome, episode.steps_to_green, episode.attempts) == ("solved", 2, 2)
    assert len(engine.prompts) == 5 and engine.prompts[2] == engine.prompts[3] == engine.prompts[4]
    episode, engine = play(tmp_path, [same] * 20)
    assert (episode.outcome, episode.attempts, len(engine.prompts)) == ("failed", 1, 6)


def test_what_a_small_model_asked_to_see_stays_and_a_try_that_did_not_help_goes(tmp_path: Path) -> None:
    replies = [reply(ToolCall("check", {})), line_two("    w;"), line_two("    w * h")]
    episode, engine = play(tmp_path, replies)
    assert episode.outcome == "solved" and episode.attempts == 2
    assert (
        engine.prompts[1].count("check") > engine.prompts[0].count("check") and engine.prompts[2] == engine.prompts[1]
    )
    said = [m["content"] for m in episode.messages if m["role"] == "tool"]
    assert (
        len(said) == 3
        and said[0].startswith("error[E0308]")
        and said[1].startswith("edited")
        and said[2].endswith("ok")
    )


def test_other_tools_work_in_a_koan(tmp_path: Path) -> None:
    replies = [
        reply(ToolCall("check", {})),
        reply(ToolCall("read", {"path": "src/lib.rs"})),
        reply(ToolCall("edit_lines", {"path": "src/lib.rs", "start": 9, "end": 9, "text": ""})),
        reply(
            ToolCall("write", {"path": "src/lib.rs", "content": "pub fn area(w: u32, h: u32) -> u32 {\n    w * h\n}"})
        ),
    ]
    episode, _ = play(tmp_path, replies)
    assert (episode.outcome, episode.steps_to_green) == ("solved", 4)
    assert episode.tool_calls[0].result.startswith("error[E0308]")
    assert episode.tool_calls[1].result == "1|pub fn area(w: u32, h: u32) -> u32 {\n2|    w * h;\n3|}"
    assert "has 3 lines" in episode.tool_calls[2].result


def test_hints_repeats_and_koans_without_tests(tmp_path: Path) -> None:
    episode, engine = play(tmp_path, [], hint="drop the semicolon")
    assert "\n\nCorrection: drop the semicolon<|im_end|>" in engine.prompts[0] and episode.outcome == "failed"
    engine = ScriptedEngine([])
    settings = Settings(home=tmp_path / "home")
    task = KoanTask(Task(), engine, settings=settings)  # type: ignore[arg-type]
    task.give_verdict(check(*task.pending_check(), settings=settings))  # type: ignore[misc]
    task.interrupt()
    assert task.episode().outcome == "interrupted"
    assert task.episode(known_signatures=task.signatures).repeat_error
    unpinned, _ = play(tmp_path, [line_two("    w * h")], koan=Task(tests=""))
    assert unpinned.outcome == "solved" and unpinned.unpinned
