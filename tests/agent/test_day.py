"""The agent as a user meets it: in a terminal (pexpect) and without one, with a scripted model."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

sys.path.append(str(Path(__file__).parent))
from place import Place, ask, leave  # noqa: E402  # pyright: ignore[reportMissingImports]

WRITE = {"name": "write", "arguments": {"path": "a.txt", "content": "whole\nfile"}}
LINES = {"name": "edit_lines", "arguments": {"path": "a.txt", "start": 2, "end": 2, "text": "TWO"}}
READ = {"name": "read", "arguments": {"path": "a.txt"}}
LS = {"name": "bash", "arguments": {"command": "ls"}}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    made = Place(tmp_path)
    monkeypatch.setenv("CONTINUALCODE_HOME", str(made.home))
    return made


def test_deny_teach_approve_note_and_undo(place: Place) -> None:
    child = place.start([READ, WRITE, WRITE, LINES, "All done."])
    ask(child, "Change line two.")
    child.expect(r"1\|one")
    child.expect(r"\+whole")  # the diff, before anything is written
    child.expect("ilent deny")
    assert place.text == "one\ntwo\n"
    child.send("d")
    child.expect("instead")
    ask(child, "use edit_lines; don't overwrite")
    child.expect("denied: use edit_lines")
    child.expect("ilent deny")
    child.send("s")
    child.expect("denied")
    child.expect(r"\+TWO")
    child.expect("ilent deny")
    child.send("n")
    child.expect("note")
    ask(child, "this project shouts")
    child.expect("ilent deny")
    child.send("a")
    child.expect("edited a.txt 2-2")
    child.expect("All done.")
    assert place.text == "one\nTWO\n"
    ask(child, "/notes")
    child.expect("this project shouts")
    ask(child, "/metrics")
    child.expect("corrections: 1")
    ask(child, "/undo")
    child.expect("put back: a.txt")
    assert place.text == "one\ntwo\n"
    ask(child, "/undo")
    child.expect("no change to undo")
    leave(child)
    with place.store() as store:
        kinds = [(c.kind, c.text) for c in store.list_corrections()]
        assert kinds == [("deny", "use edit_lines; don't overwrite"), ("note", "this project shouts")]
        (episode,) = store.list_episodes()
        assert [c.decision for c in episode.tool_calls] == ["auto", "taught", "denied", "approved"]
        assert store.list_corrections()[0].episode_id == episode.id and not store.list_lessons()
        (run,) = store.list_runs()
        assert run.status == "done" and run.summary["requests"] == 1
        transcript = json.loads((place.home / "runs" / run.id / "transcript.json").read_text())
        assert transcript["notes"] == ["this project shouts"] and len(transcript["messages"]) == 10


def test_an_edited_call_runs_and_is_a_correction(place: Place) -> None:
    editor = place.work.parent / "editor.sh"
    editor.write_text('#!/bin/sh\nsed -i s/TWO/zwei/ "$1"\n')
    editor.chmod(0o755)
    place.env["EDITOR"] = str(editor)
    place.env.pop("VISUAL", None)
    child = place.start([LINES, "Done."])
    ask(child, "Change it.")
    child.expect("ilent deny")
    child.send("e")
    child.expect("edited a.txt 2-2")
    child.expect("Done.")
    leave(child)
    assert place.text == "one\nzwei\n"
    with place.store() as store:
        (correction,) = store.list_corrections()
        assert correction.kind == "edit" and "-TWO" in correction.text and "+zwei" in correction.text
        assert "zwei" in correction.right and "TWO" in correction.wrong


def test_ctrl_c_at_a_question_and_ctrl_d_at_the_prompt_lose_nothing(place: Place) -> None:
    child = place.start([WRITE, WRITE, LS, "Listed."])
    ask(child, "Do it.")
    child.expect("ilent deny")
    child.sendcontrol("c")
    child.expect("the call was not run")
    child.expect(">")
    ask(child, "Again.")
    child.expect("ilent deny")
    child.send("d")
    child.expect("instead")
    child.sendcontrol("d")
    child.expect("the call was not run")
    child.expect(">")
    ask(child, "List the files.")
    child.expect("bash ls")
    child.expect("ilent deny")
    child.send("r")
    child.expect("always allow bash:ls")
    child.expect("which")
    child.send("1")
    child.expect("exit 0")
    child.expect("Listed.")
    child.expect(">")
    child.sendcontrol("d")
    child.expect("is kept")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0 and place.text == "one\ntwo\n"
    (kept,) = (place.home / "rules").iterdir()
    assert json.loads(kept.read_text()) == {"workspace": str(place.work.resolve()), "rules": ["bash:ls"]}
    with place.store() as store:
        assert [e.outcome for e in store.list_episodes()] == ["interrupted", "interrupted", "done"]
    child = place.start([LS, "Listed again."], "--continue")
    ask(child, "And again.")
    child.expect("Listed again.")  # the kept rule: no question
    leave(child)
    with place.store() as store:
        newest = store.list_runs()[-1]
    transcript = json.loads((place.home / "runs" / newest.id / "transcript.json").read_text())
    assert transcript["messages"][0]["content"] == "Do it." and transcript["messages"][-1]["content"] == "Listed again."


def test_headless_runs_only_what_is_allowed(place: Place) -> None:
    code, events, _ = place.headless([READ, LINES, "Could not."], "-p", "Change it.", "--json")
    assert code == 1 and place.text == "one\ntwo\n"
    assert [e["type"] for e in events] == [
        "session", "tool_call", "tool_result", "tool_call", "denied", "message", "result",
    ]  # fmt: skip
    assert re.fullmatch(r"\w+", events[0]["session"]) and events[-1]["denied"] and not events[-1]["ok"]
    code, events, _ = place.headless([READ, LINES, "Changed."], "allow=edit", "-p", "Change it.", "--json")
    assert code == 0 and place.text == "one\nTWO\n"
    assert (
        events[-1]["text"] == "Changed."
        and events[-1]["changed"] == ["a.txt"]
        and events[-1]["session"] == events[0]["session"]
    )
    code, _, text = place.headless(["The answer."], "-p", "Say it.")
    assert code == 0 and text.strip().endswith("The answer.")


def test_headless_rules_of_the_command_line(place: Place) -> None:
    code, events, _ = place.headless([LS, LINES, "Ended."], "--allow", "bash:l*", "-p", "Do.", "--json")
    assert code == 1 and place.text == "one\ntwo\n"
    assert [e["decision"] for e in events if e["type"] == "tool_call"] == ["auto", "denied"]
    code, _, text = place.headless([LS, LINES, "Ended."], "--allow", "bash:l*", "-p", "Do.")
    assert code == 1 and "--yes" in text
    words = ("--allow", "bash:l*", "--allow", "edit:a.*", "-p", "Do.", "--json")
    code, events, _ = place.headless([LS, LINES, "Ended."], *words)
    assert code == 0 and place.text == "one\nTWO\n" and events[-1]["ok"]
    code, events, _ = place.headless([LS, WRITE, "Ended."], "--yes", "-p", "Do.", "--json")
    assert code == 0 and place.text == "whole\nfile\n" and not events[-1]["denied"]
    assert not (place.home / "rules").exists()  # for this run alone


def test_headless_goes_on_with_a_session(place: Place) -> None:
    code, _, text = place.headless([], "--continue", "-p", "x")
    assert code == 2 and "no earlier session" in text
    _, first, _ = place.headless([READ, "It says one."], "-p", "Read it.", "--json")
    code, events, _ = place.headless(["As before."], "--resume", "run_", "-p", "And?", "--json")  # enough of its name
    assert code == 0 and events[0]["type"] == "session" and events[1]["type"] == "remark"
    transcript = json.loads((place.home / "runs" / events[0]["session"] / "transcript.json").read_text())
    assert [m["role"] for m in transcript["messages"]] == [
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
        "assistant",
    ]


def test_headless_limits_and_bad_input(place: Place) -> None:
    code, events, _ = place.headless([READ] * 5, "max_turns=2", "-p", "Look.", "--json")
    assert code == 1 and events[-1]["end"] == "limit"
    code, events, _ = place.headless(["<tool_call>"] * 9, "retries=1", "-p", "Look.", "--json")
    assert code == 1 and events[-1]["end"] == "malformed" and events[-1]["malformed"] == 2
    for words in (
        ["-p", " "],
        ["allow=everything", "-p", "x"],
        ["--allow", "everything", "-p", "x"],
        ["--yes", "settings"],
        ["--resume", "run_none", "-p", "x"],
    ):
        code, _, text = place.headless([], *words)
        assert code == 2 and "Traceback" not in text and text.count("error:") == 1, (words, text)
    done = subprocess.run(
        [sys.executable, *place.argv([])],
        cwd=place.work,
        env=place.env,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 2 and "-p" in done.stderr
