"""Conversations with a scripted model: what is said, what is refused, what fits."""

from __future__ import annotations

from pathlib import Path

import pytest

from continualcode.agent.approval import Approval, Rule, suggested
from continualcode.agent.scripted import ScriptedEngine, reply
from continualcode.agent.session import Session, Turn, message_from_dict, message_to_dict
from continualcode.agent.start import repository_notes
from continualcode.agent.tools import Toolbox
from continualcode.config import Settings
from continualcode.engine.base import Message, SampleParams, ToolCall
from continualcode.errors import UserError

READ = ToolCall("read", {"path": "a.txt"})


def make(tmp_path: Path, replies: list[str], **options: object) -> Session:
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    (work / "a.txt").write_text("hello\n")
    context = int(options.pop("context_length", 100_000))  # type: ignore[call-overload]
    engine = ScriptedEngine(replies, context_length=context, profile=options.pop("profile", "compact"))  # type: ignore[arg-type]
    return Session(engine, Toolbox(work, Settings(home=tmp_path / "home")), **options)  # type: ignore[arg-type]


def step(session: Session) -> Turn:
    return session.take(session.engine.sample([session.prompt_ids()], SampleParams())[0])


def test_a_turn_is_a_call_or_text(tmp_path: Path) -> None:
    session = make(tmp_path, [reply(READ, "Let me look.\n"), "All well."])
    session.user("what is in a.txt?")
    turn = step(session)
    assert turn.call == READ and turn.text == "Let me look." and turn.context == (Message("user", "what is in a.txt?"),)
    assert session.open_call == READ
    assert turn.call is not None and session.apply(turn.call).text == "1|hello"
    assert session.messages[-1] == Message("tool", "1|hello", name="read") and session.open_call is None
    last = step(session)
    assert last.call is None and last.error is None and last.text == "All well."
    assert [m.role for m in session.messages] == ["user", "assistant", "tool", "assistant"]
    assert [message_from_dict(message_to_dict(m)) for m in session.messages] == session.messages


def test_malformed_calls_answer_themselves_and_are_counted(tmp_path: Path) -> None:
    bad = reply(ToolCall("read", {"file": "a.txt"}))
    session = make(tmp_path, ["<tool_call>\n<function=read>\n", bad, reply(READ) + reply(ToolCall("check", {}))])
    session.user("go")
    first = step(session)
    assert first.call is None and first.error and session.messages[-1].role == "tool"
    second = step(session)
    assert (
        second.refused == ToolCall("read", {"file": "a.txt"})
        and "unknown argument `file`" in session.messages[-1].content
    )
    assert session.malformed == 2
    assert step(session).call == READ and session.messages[-1].tool_calls == (READ,)  # one call a turn: the first


def test_denials_edits_and_notes_are_in_the_next_prompt(tmp_path: Path) -> None:
    write = ToolCall("write", {"path": "a.txt", "content": "bye"})
    session = make(tmp_path, [reply(write), reply(write), reply(write)])
    session.user("change it")
    step(session)
    session.deny("use edit_lines")
    assert session.messages[-1] == Message("tool", "denied: use edit_lines", name="write")
    session.note("keep it polite")
    assert session.context()[0] == Message("system", "Notes:\n- keep it polite")
    step(session)
    session.deny()
    assert session.messages[-1].content == "denied"
    step(session)
    edited = ToolCall("write", {"path": "a.txt", "content": "good bye"})
    assert session.apply(edited).ok
    assert session.messages[-2].tool_calls == (edited,) and "bye" in (tmp_path / "work" / "a.txt").read_text()
    assert b"denied: use edit_lines" in bytes(session.prompt_ids())


def test_the_full_profile_carries_schemas_and_the_compact_one_nothing(tmp_path: Path) -> None:
    full = make(tmp_path, [], profile="full")
    full.user("hi")
    assert b"additionalProperties" in bytes(full.prompt_ids()) and full.context()[0].role == "system"
    compact = make(tmp_path, [])
    compact.user("hi")
    assert bytes(compact.prompt_ids()) == b"<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"


def test_a_long_conversation_is_clipped_oldest_results_first(tmp_path: Path) -> None:
    bare = make(tmp_path, [], profile="full")
    bare.user("")
    fixed = len(bare.prompt_ids())  # schemas and the system message
    session = make(tmp_path, [], context_length=fixed + 2_000, max_new_tokens=100, profile="full")
    session.user("first request")
    for i in range(6):
        session.messages.append(Message("assistant", "", (READ,)))
        session.messages.append(Message("tool", f"result {i} " + "x" * 300, name="read"))
    shown = session.context()
    results = [m.content for m in shown if m.role == "tool"]
    assert results[0].startswith("[clipped: 3") and results[-1].startswith("result 5")
    assert len(session.prompt_ids()) <= fixed + 1_900 and shown[1].content == "first request"
    assert "x" * 300 in session.messages[2].content  # the transcript keeps everything
    session.user("second request")
    session.messages.append(Message("assistant", "", (READ,)))
    session.messages.append(Message("tool", "y" * 5_000, name="read"))
    shown = session.context()
    assert len(session.prompt_ids()) <= fixed + 1_900 and any(m.content == "second request" for m in shown)
    assert "clipped" in shown[-1].content and shown[-1].content.startswith("yyy")
    session.user("z" * 3_000)
    with pytest.raises(UserError, match="/clear"):
        session.context()


def test_repository_notes_are_cut_to_the_context(tmp_path: Path) -> None:
    (tmp_path / "AGENTS.md").write_text("Use tabs.\n")
    assert repository_notes(tmp_path, "AGENTS.md", 1_000) == ("Use tabs.", "")
    (tmp_path / "AGENTS.md").write_text("line\n" * 1_000)
    text, remark = repository_notes(tmp_path, "AGENTS.md", 1_000)
    assert text.endswith("[cut]") and len(text) < 520 and "long" in remark
    (tmp_path / "AGENTS.md").write_bytes(b"\xff\xfe")
    assert repository_notes(tmp_path, "AGENTS.md", 1_000)[0] == ""
    (tmp_path / "work").mkdir()
    (tmp_path / "key").write_text("secret")
    (tmp_path / "work" / "AGENTS.md").symlink_to(tmp_path / "key")  # what a cloned repository may try
    text, remark = repository_notes(tmp_path / "work", "AGENTS.md", 1_000)
    assert text == "" and "leads out" in remark
    assert repository_notes(tmp_path, "", 1_000) == ("", "")


# -- approval


def bash(command: str) -> ToolCall:
    return ToolCall("bash", {"command": command})


def write(path: str) -> ToolCall:
    return ToolCall("write", {"path": path, "content": ""})


@pytest.mark.parametrize(
    ("rule", "call", "allowed"),
    [
        ("bash:cargo *", bash("cargo test"), True),
        ("bash:cargo *", bash("cargo test; rm -rf ."), False),
        ("bash:cargo *", bash("cargo run $(cat x)"), False),
        ("bash:cargo *", bash("rm x"), False),
        ("bash:make && ls", bash("make && ls"), True),
        ("bash", bash("rm -rf . ; true"), True),
        ("edit", write("a.rs"), True),
        ("write", ToolCall("edit", {"path": "a", "old": "", "new": ""}), False),
        ("edit:src/**", write("src/x/a.rs"), True),
        ("edit:src/**", write("src/../b.rs"), False),
        ("edit:src/**", write("../src/a.rs"), False),
        ("all", bash("anything"), True),
    ],
)
def test_rules(rule: str, call: ToolCall, allowed: bool) -> None:
    assert Rule.parse(rule).allows(call) is allowed


def test_rules_are_kept_for_the_user_and_the_workspace(tmp_path: Path) -> None:
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    approval = Approval(work, home)
    assert approval.allows(READ) and not approval.allows(bash("ls"))
    approval.keep(suggested(bash("ls"))[0])
    assert Approval(work, home).allows(bash("ls")) and not Approval(work, home).allows(bash("ls -l"))
    assert not Approval(tmp_path, home).allows(bash("ls"))
    assert Approval(work, home, ["edit"]).allows(write("a"))
    assert approval.drop(Rule("bash", "ls")) and not Approval(work, home).allows(bash("ls"))
    for narrow in (bash("cargo test --all"), write("src/a.rs")):
        assert all(rule.allows(narrow) for rule in suggested(narrow))
    approval.path.write_text("[]")
    with pytest.raises(UserError, match="cannot be read"):
        Approval(work, home)
    with pytest.raises(UserError, match="is not a rule"):
        Rule.parse("delete everything")


def test_a_cloned_repository_brings_no_rules(tmp_path: Path) -> None:
    (tmp_path / ".continualcode").mkdir()
    (tmp_path / ".continualcode" / "rules.json").write_text('{"rules": ["all"]}')
    assert not Approval(tmp_path, tmp_path / "home").allows(bash("ls"))


def test_clipping_ends_where_nothing_more_can_be_clipped(tmp_path: Path) -> None:
    session = make(tmp_path, [], context_length=400, max_new_tokens=100)
    session.user("r" * 150)
    for _ in range(3):
        session.messages += [Message("assistant", "", (READ,)), Message("tool", "z" * 190, name="read")]
    with pytest.raises(UserError, match="longer than the model can read"):
        session.context()


def test_the_compact_profile_forgets_the_first_steps_whole(tmp_path: Path) -> None:
    session = make(tmp_path, [], context_length=900, max_new_tokens=100)
    session.user("the request")
    for i in range(6):
        session.messages += [Message("assistant", "", (READ,)), Message("tool", f"result {i} " + "x" * 90, name="read")]
    shown = session.context()
    assert shown[0].content == "the request" and shown[-1].content.startswith("result 5")
    assert len(shown) < 13 and not any("clipped" in m.content for m in shown)
    assert len(session.prompt_ids()) <= 800
