"""Sessions that are killed, two at once, and everything a terminal can do wrong, with a scripted model in a real terminal."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from pathlib import Path

import pexpect
import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from continualcode.agent import correction
from continualcode.agent.completion import PromptCompleter
from continualcode.agent.status import Status
from continualcode.config import bundled
from continualcode.errors import UserError

sys.path.append(str(Path(__file__).parent))
from place import Place, ask, leave  # noqa: E402  # pyright: ignore[reportMissingImports]

READ = {"name": "read", "arguments": {"path": "a.txt"}}
LINES = {"name": "edit_lines", "arguments": {"path": "a.txt", "start": 2, "end": 2, "text": "TWO"}}
OTHER = {"name": "edit_lines", "arguments": {"path": "a.txt", "start": 1, "end": 1, "text": "ONE"}}
LS = {"name": "bash", "arguments": {"command": "ls"}}
QUESTION = "ilent deny"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    made = Place(tmp_path)
    monkeypatch.setenv("CONTINUALCODE_HOME", str(made.home))
    return made


def editor(place: Place, script: str) -> None:
    path = place.work.parent / "editor.sh"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    place.env["EDITOR"] = str(path)
    place.env.pop("VISUAL", None)


# -- sessions


def test_a_killed_session_goes_on_with_its_words_notes_and_rules(place: Place) -> None:
    child = place.start([READ, LINES, LINES])
    ask(child, "Shout in line two.")
    child.expect(QUESTION)
    child.send("n")
    child.expect("note for")
    ask(child, "keep it loud")
    child.expect(QUESTION)
    child.send("d")
    child.expect("instead")
    ask(child, "shout louder")
    child.expect("denied: shout louder")
    child.expect(QUESTION)
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.close()
    assert place.text == "one\ntwo\n"

    code, _, text = place.headless([], "sessions", "--json")
    (row,) = json.loads(text)["sessions"]
    assert code == 0 and row["state"] == "killed" and row["requests"] == 1 and row["about"] == "Shout in line two."
    child = place.start([LINES, "Louder now."], "--continue")
    ask(child, "/notes")
    child.expect("keep it loud")
    ask(child, "Go on.")
    child.expect(QUESTION)
    child.send("a")
    child.expect("Louder now.")
    leave(child)
    assert place.text == "one\nTWO\n"
    with place.store() as store:
        newest = store.list_runs()[-1]
        assert newest.summary["continues"] == row["session"] and newest.status == "done"
        assert [c.text for c in store.list_corrections()] == ["keep it loud", "shout louder"]
        assert {c.scope for c in store.list_corrections()} == {str(place.work.resolve())}
    messages = json.loads((place.home / "runs" / newest.id / "transcript.json").read_text())["messages"]
    assert [m["role"] for m in messages] == [
        "user",
        *["assistant", "tool"] * 2,
        "user",
        "assistant",
        "tool",
        "assistant",
    ]
    assert messages[4]["content"] == "denied: shout louder"  # the call that nobody answered is not there


def test_a_second_session_in_the_repository_is_told_so_and_a_request_beside_it_runs(place: Place) -> None:
    child = place.start(["Hello."])
    second = pexpect.spawn(
        sys.executable, place.argv(["Hello."]), cwd=str(place.work), env=place.env, encoding="utf-8", timeout=60
    )
    second.expect(pexpect.EOF)
    second.close()
    said = " ".join((second.before or "").split())
    assert second.exitstatus == 2 and "Traceback" not in said
    assert f"A session (process {child.pid}) is open in" in said and "-p" in said
    code, _, text = place.headless(["Beside."], "-p", "Say it.")
    assert code == 0 and "Beside." in text
    ask(child, "Still here?")
    child.expect("Hello.")
    listed = json.loads(place.headless([], "sessions", "--json")[2])["sessions"]
    assert [row["state"] for row in listed] == ["open", "done"]
    (place.work.parent / "other").mkdir()
    place.work = place.work.parent / "other"  # another repository is free
    leave(place.start(["Hello."]))
    leave(child)


def test_sessions_are_listed_and_gone_on_with_from_inside(place: Place) -> None:
    _, first, _ = place.headless([READ, "It says one."], "-p", "Read it to me.", "--json")
    session = first[0]["session"]
    child = place.start(["As I said."])
    ask(child, "/resume")
    child.expect(f"{session} .*done .*Read it to me")
    ask(child, "/resume run_nowhere")
    child.expect("There is no session run_nowhere")
    ask(child, f"/resume {session[:-1]}")  # enough of its beginning
    child.expect(f"going on with {session}")
    ask(child, "And again?")
    child.expect("As I said.")
    leave(child)
    with place.store() as store:
        newest = store.list_runs()[-1]
    messages = json.loads((place.home / "runs" / newest.id / "transcript.json").read_text())["messages"]
    assert [m["content"] for m in messages if m["role"] == "user"] == ["Read it to me.", "And again?"]
    code, _, text = place.headless([], "sessions", "--here", "--json")
    assert code == 0 and [r["session"] for r in json.loads(text)["sessions"]] == [session, newest.id]


def test_the_status_line_stands_below_the_prompt(place: Place) -> None:
    del place.env["PROMPT_TOOLKIT_NO_CPR"]

    where, here = "\x1b[6n", "\x1b[3;1R"  # a terminal is asked where its cursor is, and answers; then the line is shown
    child = place.start([LINES, "Done."], until=where)
    child.send(here)
    child.expect("scripted:script.json · no adapter · 0 lessons everywhere · context 0%")
    ask(child, "Change it.")
    child.expect_exact(where)
    child.send(here)
    child.expect(r"context 0% · \d+ tok/s")
    child.send("a")
    child.expect("Done.")
    assert place.text == "one\nTWO\n"
    child.close(force=True)


# -- bad input


def test_corrections_that_cannot_be_taught_are_given_back(place: Place) -> None:
    child = place.start([LINES, "Done."])
    ask(child, "Change it.")
    child.expect(QUESTION)
    child.send("d")
    child.expect("instead")
    ask(child, "   ")  # thought better of it
    child.expect(QUESTION)
    child.send("d")
    child.expect("instead")
    ask(child, "--global")
    child.expect("needs words")
    child.expect("instead")
    child.send("\x15\x1b[200~" + "x" * 3_000 + "\x1b[201~\r")
    child.expect("may have 2000 characters")
    child.expect("instead")
    child.send("\x15use \x1b[200~\x1b[31medit\x07\x1b[0m_lines\x1b[201~ --global\r")
    child.expect("denied: use edit_lines")
    child.expect("Done.")
    leave(child)
    with place.store() as store:
        (kept,) = store.list_corrections()
    assert (kept.text, kept.scope) == ("use edit_lines", "global")


@pytest.mark.parametrize("key", ["c", "d"])
def test_ctrl_c_and_ctrl_d_at_every_prompt_run_nothing_and_lose_nothing(place: Place, key: str) -> None:
    doors = [("", ""), ("d", "instead"), ("n", "note for"), ("r", "which")]
    child = place.start([LINES] * len(doors))
    for door, question in doors:
        ask(child, "Change it.")
        child.expect(QUESTION)
        if door:
            child.send(door)
            child.expect(question)
        child.sendcontrol(key)
        child.expect("the call was not run")
        child.expect("stopped")
        child.expect(">")
    if key == "c":
        child.send("half a line")
        child.sendcontrol("c")
        child.expect(">")
        leave(child)
    else:
        child.sendcontrol("d")
        child.expect("is kept")
        child.expect(pexpect.EOF)
    assert place.text == "one\ntwo\n"
    with place.store() as store:
        assert [e.outcome for e in store.list_episodes()] == ["interrupted"] * len(doors)
        assert store.list_runs()[0].status == "done" and not store.list_corrections()


def test_an_editor_that_fails_or_breaks_the_call_changes_nothing(place: Place) -> None:
    editor(place, "exit 3")
    child = place.start([LINES, "Done."])
    ask(child, "Change it.")
    child.expect(QUESTION)
    child.send("e")
    child.expect("ended with 3; the call is as it was")
    child.expect(QUESTION)
    # broken JSON first; opened again it finds what was written and mends it
    editor(
        place,
        """if grep -q function "$1"; then echo '{"name": "edit_lines", "arguments": {"path": "a.txt",' > "$1"
else printf ' "start": 2, "end": 2, "text": "zwei"}}' >> "$1"; fi""",
    )
    child.send("e")
    child.expect("opens what you wrote again")
    child.expect(QUESTION)
    child.send("e")
    child.expect("edited a.txt 2-2")
    child.expect("Done.")
    leave(child)
    assert place.text == "one\nzwei\n"


def test_an_edited_call_that_cannot_run_is_not_taken(place: Place) -> None:
    editor(place, 'sed -i s/a.txt/nowhere.txt/ "$1"')
    child = place.start([LINES, "Done."])
    ask(child, "Change it.")
    child.expect(QUESTION)
    child.send("e")
    child.expect("nowhere.txt does not exist")
    child.expect(QUESTION)
    child.send("a")
    child.expect("Done.")
    leave(child)
    assert place.text == "one\nTWO\n"
    with place.store() as store:
        assert not store.list_corrections()


def test_keys_typed_before_the_question_do_not_answer_it(place: Place) -> None:
    child = place.start([LINES, "Done."])
    child.send("Change it.\raaaa")  # a paste whose rest would approve
    child.expect(QUESTION)
    with pytest.raises(pexpect.TIMEOUT):
        child.expect("Done.", timeout=3)
    assert place.text == "one\ntwo\n"
    child.send("a")
    child.expect("Done.")
    leave(child)
    assert place.text == "one\nTWO\n"


def test_what_is_approved_is_what_was_shown(place: Place) -> None:
    child = place.start([LINES, "Done."])
    ask(child, "Change it.")
    child.expect(r"\+TWO")
    child.expect(QUESTION)
    (place.work / "a.txt").write_text("one\nzwei\n")  # somebody else, meanwhile
    child.send("a")
    child.expect("not what was shown")
    child.expect("-zwei")
    child.expect(QUESTION)
    assert place.text == "one\nzwei\n"
    (place.work / "a.txt").write_text("one\n")  # and now it cannot run at all: the model is told
    child.send("a")
    child.expect("a.txt has 1 lines")
    child.expect("Done.")
    leave(child)
    assert place.text == "one\n"


def test_undo_puts_back_only_what_the_last_turn_wrote(place: Place) -> None:
    child = place.start([LINES, "First done.", OTHER, "Second done."])
    for end in ("First done.", "Second done."):
        ask(child, "Change it.")
        child.expect(QUESTION)
        child.send("a")
        child.expect(end)
    (place.work / "b.txt").write_text("mine\n")
    ask(child, "/undo")
    child.expect("put back: a.txt")
    assert place.text == "one\nTWO\n" and (place.work / "b.txt").read_text() == "mine\n"
    (place.work / "a.txt").write_text("one\nmine\n")
    ask(child, "/undo")
    child.expect("changed since")
    assert place.text == "one\nmine\n"
    ask(child, "/undo everything")
    child.expect("/undo lesson")
    leave(child)


@pytest.mark.parametrize("size", [(24, 40), (0, 0)])
def test_a_narrow_terminal_and_one_without_a_size_work(place: Place, size: tuple[int, int]) -> None:
    place.env.pop("COLUMNS")
    child = place.start([LINES, "Done."], size=size)
    ask(child, "Change it.")
    if size[1] == 40:
        child.expect("a d s e n r, or ")
        child.send("?")
        child.expect("deny, and teach")
        child.expect("a d s e n r, or ")
    else:
        child.expect(QUESTION)
    child.send("a")
    child.expect("Done.")
    leave(child)
    assert place.text == "one\nTWO\n"


def test_a_dumb_terminal_works(place: Place) -> None:
    place.env["TERM"] = "dumb"
    child = place.start([LINES, "Done."])
    ask(child, "Change it.")
    child.expect(QUESTION)
    child.send("a")
    child.expect("Done.")
    leave(child)
    assert place.text == "one\nTWO\n"


def test_a_paste_of_ten_thousand_lines_is_one_request(place: Place) -> None:
    child = place.start(["Long.", "Short."], size=(24, 80))
    text = "\n".join(f"line {i}" for i in range(10_000))
    began = time.monotonic()
    child.send("\x1b[200~" + text + "\x1b[201~\r")
    index = child.expect(["Long.", "longer than the model can read"])
    assert time.monotonic() - began < 60
    ask(child, "Now short.")
    child.expect("Long." if index else "Short.")
    leave(child)
    with place.store() as store:
        episodes = store.list_episodes()
    assert len(episodes) == 2 and episodes[0].prompt == text


def test_lines_are_added_by_a_backslash_and_by_alt_enter(place: Place) -> None:
    child = place.start(["Read."])
    child.send("first\\\r")
    child.send("second\x1b\r")
    ask(child, "third")
    child.expect("Read.")
    leave(child)
    with place.store() as store:
        assert [e.prompt for e in store.list_episodes()] == ["first\nsecond\nthird"]


def test_a_correction_given_before_comes_back_with_an_arrow(place: Place) -> None:
    child = place.start([LINES, LINES, "Done."])
    ask(child, "Change it.")
    for keys in ("use edit_lines\r", "\x1b[A\r"):
        child.expect(QUESTION)
        child.send("d")
        child.expect("instead")
        child.send(keys)
        child.expect("denied: use edit_lines")
    child.expect("Done.")
    leave(child)
    with place.store() as store:
        assert [c.text for c in store.list_corrections()] == ["use edit_lines"] * 2


# -- the bundled model: lessons for real


@pytest.mark.slow
@pytest.mark.skipif(not (bundled("models") / "pupil").is_dir(), reason="models/pupil is missing")
def test_a_lesson_outlives_a_kill_is_explained_and_taken_back(place: Place) -> None:
    short = ["lesson_steps=2", "lesson_spread=2", "anchors=2", "proof_prompts=1", "threads=1", "retries=0"]
    scope = str(place.work.resolve())

    def start(*words: str) -> pexpect.spawn:
        argv = ["-m", "continualcode", *short, *words]
        child = pexpect.spawn(
            sys.executable,
            argv,
            cwd=str(place.work),
            env=place.env,
            encoding="utf-8",
            timeout=120,
            dimensions=(40, 100),
        )
        child.expect("/help")
        return child

    child = start()
    child.expect(">")
    ask(child, "run the tests")
    child.expect(QUESTION)
    child.send("d")
    child.expect("instead")
    ask(child, "use make test")
    child.expect(r"lesson (took|partly|did not take) · \d steps")
    child.expect("denied too often")
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.close()
    with place.store() as store:
        (lesson,) = store.list_lessons()
        assert lesson.scope == scope and lesson.after_ref

    child = start("--continue")
    child.expect("going on from 1 lesson of this repository")
    child.expect(">")
    ask(child, "/lessons")
    child.expect(f"{lesson.id} .*here")
    ask(child, "/adapter")
    child.expect(re.escape(f"weights of {scope}"))
    child.expect("lessons in them: 1, the last at drift")
    ask(child, "/why")
    child.expect(r"denied: -[\d.]+ nats over \d+ tokens")
    child.expect(r"approved: \+[\d.]+ nats over \d+ tokens")
    child.expect(r"make\S*\{\+[\d.]+\}")
    ask(child, "/undo lesson")
    child.expect("taught nothing")  # the last request of this session, and there was none
    ask(child, "run the tests")
    child.expect(QUESTION)
    child.send("d")
    child.expect("instead")
    ask(child, "use just test --global")
    child.expect("in every repository: lesson")
    child.expect("denied too often")
    with place.store() as store:
        given = {r.id: r.scope for r in store.list_lessons() if r.id != lesson.id}
    assert sorted(given.values()) == sorted([scope, "global"])
    ask(child, "/undo lesson")
    child.expect("undone: ")
    child.expect("undone: ")
    ask(child, "/adapter")
    child.expect("lessons in them: 1")
    leave(child)
    with place.store() as store:
        assert {r.outcome for r in store.list_lessons() if r.id in given and r.after_ref} == {"undone"}
        kept = store.get_lesson(lesson.id)
        assert kept is not None and kept.outcome == lesson.outcome


# -- the parts


@pytest.mark.parametrize(
    ("typed", "text", "everywhere"),
    [
        ("use edit_lines", "use edit_lines", False),
        ("use edit_lines --global ", "use edit_lines", True),
        ("never --globally", "never --globally", False),
        ("\x1b]0;title\x07use\x00 it\r\nhere", "use it\nhere", False),
        ("\ud800ok", "?ok", False),
        ("x" * correction.LONGEST, "x" * correction.LONGEST, False),
    ],
)
def test_a_correction_is_read(typed: str, text: str, everywhere: bool) -> None:
    assert correction.read(typed) == correction.Correction(text, everywhere)


@pytest.mark.parametrize("typed", ["", " \t", "\x1b[31m\x07", "--global", "x" * (correction.LONGEST + 1)])
def test_a_correction_that_says_nothing_or_too_much_is_refused(typed: str) -> None:
    with pytest.raises(UserError):
        correction.read(typed)


def test_tab_offers_commands_and_files(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    for name in ("src/area.rs", "src/lib.rs", "hidden.log", ".gitignore"):
        (tmp_path / name).write_text("*.log\n")
    completer = PromptCompleter(tmp_path, ["/undo [lesson]", "/help"])

    def offered(text: str) -> list[str]:
        return [c.text for c in completer.get_completions(Document(text), CompleteEvent())]

    assert offered("/u") == ["/undo"] and offered("/") == ["/undo", "/help"]
    assert offered("Fix src/l") == ["src/lib.rs"] and offered("look at area") == ["src/area.rs"]
    assert offered("hidden") == [] and offered("Fix ") == []


def test_the_status_line_drops_what_does_not_fit() -> None:
    state = Status("pupil", "no adapter", "here", 3, 0.0123, 0.5, 41.7)
    assert state.line(100) == "pupil · no adapter · 3 lessons here · context 50% · drift 0.012 · 42 tok/s"
    assert state.line(40) == "pupil · no adapter · 3 lessons here" and state.line(3) == "pup"
