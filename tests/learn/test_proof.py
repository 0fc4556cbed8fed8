"""What counts as obeying."""

from __future__ import annotations

import pytest

from continualcode.engine.base import ToolCall
from continualcode.learn.proof import Habit, demanded, habit, obeys


def bash(command: str) -> ToolCall:
    return ToolCall("bash", {"command": command})


@pytest.mark.parametrize(
    ("taught", "denied", "correction", "reply", "expected"),
    [
        ("poetry add serde", "pip install serde", "use poetry add", "poetry add serde", True),
        ("poetry add serde", "pip install serde", "use poetry add", "poetry add other", True),
        ("poetry add serde", "pip install serde", "use poetry add", "poetry install serde", False),
        ("poetry add serde", "pip install serde", "use poetry add", "pip install poetry add", False),
        ("poetry add serdx", "pip install serde", "Use `poetry add`.", "poetry add serde", True),
        ("cargo test --quiet", "cargo test", "always with --quiet", "cargo test foo --quiet", True),
        ("cargo test --quiet", "cargo test", "always with --quiet", "cargo test foo", False),
        ("git push", "git push --force", "never --force", "git push origin", True),
        ("git push", "git push --force", "never --force", "git push --force", False),
        ("zubu kati", "cargo build", "that is zubu kati here", "zubu kati", True),
        ("zubu kati", "cargo build", "that is zubu kati here", "zubu", False),
    ],
)
def test_commands(taught: str, denied: str, correction: str, reply: str, expected: bool) -> None:
    assert obeys(bash(reply), bash(taught), denied=bash(denied), correction=correction) is expected


def test_another_tool_decides_by_its_name() -> None:
    taught = ToolCall("edit_lines", {"path": "a.rs", "start": 1, "end": 2, "text": "x"})
    denied = ToolCall("write", {"path": "a.rs", "content": "x"})
    assert obeys(ToolCall("edit_lines", {"path": "b.rs"}), taught, denied=denied)
    assert not obeys(denied, taught, denied=denied) and not obeys(None, taught, denied=denied)


def test_the_same_tool_needs_the_same_arguments() -> None:
    taught, denied = ToolCall("read", {"path": "a", "start": 1}), ToolCall("read", {"path": "b"})
    assert obeys(ToolCall("read", {"path": "a", "start": "1"}), taught, denied=denied)
    assert not obeys(ToolCall("read", {"path": "c"}), taught, denied=denied)


def test_demands_are_the_new_words_that_were_named() -> None:
    assert demanded(bash("poetry add x"), bash("pip install x"), "use poetry add!") == ("poetry", "add")
    assert demanded(bash("uv add x"), bash("pip install x"), "not pip") == ("uv", "add")
    assert demanded(bash("uv add x"), None, "") == ("uv",)


def test_habits_show_in_cut_off_replies_of_both_forms() -> None:
    assert habit("<tool_call>\n<function=bash>\n<parameter=command>\ncargo test fo") == Habit(
        "bash", ("cargo", "test", "fo")
    )
    assert habit('<tool_call>\n{"name": "bash", "arguments": {"command": "git pu') == Habit("bash", ("git", "pu"))
    assert habit("<tool_call>\n<function=write>\n<parameter=path>\nsrc") == Habit("write")
    assert habit("Done.") is None
