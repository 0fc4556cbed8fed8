"""The loop between model, user and lesson, with a scripted model and a scripted user."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from continualcode.agent import worker
from continualcode.agent.approval import Approval
from continualcode.agent.headless import Headless
from continualcode.agent.ledger import Ledger
from continualcode.agent.loop import TRIED, Decision, Denied, Loop, Taught
from continualcode.agent.scripted import ScriptedEngine, reply
from continualcode.agent.session import Session
from continualcode.agent.teaching import words
from continualcode.agent.tools import Preview, Toolbox
from continualcode.config import Settings
from continualcode.engine.base import SampleParams, ToolCall
from continualcode.errors import UserError
from continualcode.rust.verdict import Verdict
from continualcode.store import Store, new_id, now
from continualcode.store.records import RunRecord

WRITE = ToolCall("write", {"path": "a.txt", "content": "x"})
LINES = ToolCall("edit_lines", {"path": "a.txt", "start": "1", "end": "1", "text": "ONE"})
CAT = ToolCall("bash", {"command": "cat a.txt"})


class User(Headless):
    """Answers with decisions that were laid out before."""

    def __init__(self, decisions: Sequence[Decision]) -> None:
        super().__init__(as_json=False)
        self.decisions = list(decisions)
        self.lines: list[str] = []

    def asks(self, call: ToolCall, preview: Preview) -> Decision:
        return self.decisions.pop(0)

    def taught(self, taught: Taught) -> None:
        self.lines.append(taught.line)


class Teacher:
    """Keeps what it was asked to teach; the outcomes are laid out before."""

    def __init__(self, outcomes: Sequence[str]) -> None:
        self.outcomes = list(outcomes)
        self.denied: list[Denied] = []

    def __call__(self, denied: Denied, cancel: threading.Event) -> Taught:
        self.denied.append(denied)
        outcome = self.outcomes.pop(0)
        return Taught(outcome, f"lesson {outcome}", "le_1")


def make(
    tmp_path: Path, replies: list[str], decisions: list[Decision], outcomes: list[str]
) -> tuple[Loop, User, Teacher]:
    work = tmp_path / "work"
    work.mkdir()
    (work / "a.txt").write_text("one\n")
    settings = Settings(home=tmp_path / "home", retries=2)
    store = Store(settings.store_path)
    run = RunRecord(new_id("run"), "session", "running", {}, {}, now(), None)
    store.add_run(run)
    session = Session(ScriptedEngine(replies), Toolbox(work, settings))
    ledger = Ledger(store, run.id, settings.home / "runs" / run.id, work, {})
    user, teacher = User(decisions), Teacher(outcomes)
    return Loop(session, user, Approval(work, settings.home), ledger, settings, teacher), user, teacher


def test_a_correction_is_taught_at_once_and_the_retry_knows_it(tmp_path: Path) -> None:
    loop, user, teacher = make(
        tmp_path,
        [reply(WRITE), reply(LINES), "Done."],
        [Decision("teach", "use edit_lines"), Decision("approve")],
        ["took"],
    )
    outcome = loop.request("Shout.")
    assert outcome.end == "done" and outcome.text == "Done." and (tmp_path / "work/a.txt").read_text() == "ONE\n"
    (denied,) = teacher.denied
    assert denied.call == WRITE and denied.correction == "use edit_lines" and denied.right is None
    assert [m.role for m in denied.context] == ["user"] and denied.completion.text == reply(WRITE)
    assert "denied: use edit_lines" in loop.session.engine.prompts[1]  # type: ignore[attr-defined]
    assert user.lines == ["lesson took"] and loop.ledger.counts["lessons took"] == 1
    assert loop.ledger.store.list_corrections()[0].id == denied.correction_id


def test_a_lesson_that_did_not_take_is_taught_again_from_the_approved_retry(tmp_path: Path) -> None:
    loop, user, teacher = make(
        tmp_path,
        [reply(WRITE), reply(LINES), "Done."],
        [Decision("teach", "be precise"), Decision("approve")],
        ["refused", "took"],
    )
    loop.request("Shout.")
    assert [d.right for d in teacher.denied] == [None, LINES] and user.lines == ["lesson refused", "lesson took"]
    assert teacher.denied[1].context == teacher.denied[0].context and words(teacher.denied[1]) == "be precise"


def test_an_edit_runs_and_teaches_the_edited_call(tmp_path: Path) -> None:
    edited = ToolCall("bash", {"command": "head -1 a.txt"})
    loop, _, teacher = make(tmp_path, [reply(CAT), "Done."], [Decision("edit", "-cat\n+head", call=edited)], ["took"])
    loop.request("Show it.")
    (denied,) = teacher.denied
    assert denied.right == edited and words(denied) == "use head -1 a.txt"
    assert loop.session.messages[1].tool_calls == (edited,) and loop.session.messages[2].content == "exit 0\none"
    (episode,) = loop.ledger.store.list_episodes()
    assert episode.tool_calls[0].decision == "edited" and episode.tool_calls[0].arguments == dict(edited.arguments)


def test_denials_have_an_end_and_nothing_runs(tmp_path: Path) -> None:
    loop, _, teacher = make(tmp_path, [reply(WRITE)] * 9, [Decision("deny")] * 9, [])
    assert loop.request("Do it.").end == "refused"
    assert (
        len(loop.session.messages) == 1 + 2 * 3
        and not teacher.denied
        and (tmp_path / "work/a.txt").read_text() == "one\n"
    )


def test_what_was_written_before_ctrl_c_can_be_undone_and_is_not_taught(tmp_path: Path) -> None:
    def cut_off() -> Verdict:
        raise KeyboardInterrupt  # as it reaches the program while the code is checked

    edited = ToolCall("write", {"path": "a.rs", "content": "fn a() {}\n"})
    asked = ToolCall("write", {"path": "a.rs", "content": "fn b() {}\n"})
    loop, _, teacher = make(tmp_path, [reply(asked), "Fine."], [Decision("edit", "diff", call=edited)], [])
    loop.session.toolbox._check = cut_off
    outcome = loop.request("Do it.")
    assert outcome.end == "interrupted" and not teacher.denied
    assert outcome.changes == [{"a.rs": (None, b"fn a() {}\n")}] and loop.session.open_call is None
    assert loop.request("Go on.").text == "Fine."
    said = [(m.role, m.content) for m in loop.session.messages if m.role != "assistant"]
    assert said == [("user", "Do it."), ("tool", "interrupted by the user"), ("user", "Go on.")]


def test_a_call_that_cannot_run_is_not_asked_about(tmp_path: Path) -> None:
    far = ToolCall("edit_lines", {"path": "a.txt", "start": "7", "end": "7", "text": ""})
    loop, _, _ = make(tmp_path, [reply(far), "Oh."], [], [])
    assert loop.request("Do it.").end == "done"
    assert "a.txt has 1 lines" in loop.session.messages[2].content


AREA = "pub fn area(w: u32, h: u32) -> u32 {\n    w * h;\n}\n"


def line_two(text: str) -> str:
    return reply(ToolCall("edit_lines", {"path": "src/lib.rs", "start": "2", "end": "2", "text": text}))


@pytest.mark.parametrize("profile", ["compact", "full"])
def test_an_edit_that_failed_is_not_made_again(tmp_path: Path, profile: str) -> None:
    replies = [line_two("    w;"), line_two("    w;"), line_two("    w * h"), "Done."]
    loop, user, _ = make(tmp_path, replies, [Decision("approve")] * 2, [])
    (tmp_path / "work" / "src").mkdir()
    (tmp_path / "work" / "src" / "lib.rs").write_text(AREA)
    loop.session.profile = loop.session.toolbox.profile = profile  # type: ignore[assignment]
    outcome = loop.request("Fix src/lib.rs.")
    assert outcome.end == "done" and not user.decisions and outcome.verdict is not None and outcome.verdict.compiles
    said = [m.content for m in loop.session.messages if m.role == "tool"]
    assert len(said) == (2 if profile == "compact" else 3) and (TRIED in said) == (profile == "full")


def test_a_model_with_nothing_but_failed_edits_is_stopped(tmp_path: Path) -> None:
    loop, _, _ = make(tmp_path, [line_two("    w;")] * 20, [Decision("approve")], [])
    (tmp_path / "work" / "src").mkdir()
    (tmp_path / "work" / "src" / "lib.rs").write_text(AREA)
    assert loop.request("Fix src/lib.rs.").end == "stuck"


def test_a_lesson_of_a_session_rehearses_those_that_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from continualcode.agent import teaching
    from continualcode.learn import lesson as lessons
    from continualcode.store.records import LessonRecord

    engine = ScriptedEngine([reply(WRITE)])
    store = Store(tmp_path / "store.db")
    asked = [{"role": "user", "content": "change a.txt"}]
    for name, outcome in (("le_1", "took"), ("le_2", "undone")):
        store.add_lesson(
            LessonRecord(name, "", "global", "use edit_lines", outcome, "", 1, 1.0, 0.0, {}, {}, "b", "a", now(),
                         messages=asked, denied=reply(WRITE), approved=reply(LINES))
        )  # fmt: skip
    seen = []

    def teach(engine, given, settings, pool, **how):
        seen.append(pool)
        raise UserError("enough")

    monkeypatch.setattr(lessons, "teach", teach)
    completion = engine.sample([engine.encode([])], SampleParams())[0]
    denied = Denied((), completion, WRITE, "use edit", None, "co_1")
    assert teaching.lesson(engine, store, Settings(home=tmp_path), denied, threading.Event()).outcome == "refused"
    assert [e.taught for e in seen[0].lessons] == [LINES] and seen[0].lessons[0].denied == WRITE


def test_a_request_that_does_not_fit_is_kept_and_the_next_one_runs(tmp_path: Path) -> None:
    loop, _, _ = make(tmp_path, ["Fine."], [], [])
    loop.session.engine.context_length = 400
    with pytest.raises(UserError, match="longer than the model can read"):
        loop.request("x" * 1_000)
    assert loop.request("Short.").text == "Fine."
    assert [e.outcome for e in loop.ledger.store.list_episodes()] == ["interrupted", "done"]


def test_work_is_stopped_by_ctrl_c_and_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    cancel, ticks = threading.Event(), []

    def work() -> str:
        while not cancel.is_set():
            time.sleep(0.01)
        return "put back"

    def tick(seconds: float) -> None:
        ticks.append(seconds)
        if len(ticks) == 2:
            raise KeyboardInterrupt

    assert worker.run(work, cancel, tick) == "put back" and len(ticks) >= 2
    with pytest.raises(ZeroDivisionError):
        worker.run(lambda: 1 / 0, threading.Event())  # type: ignore[arg-type,return-value]
