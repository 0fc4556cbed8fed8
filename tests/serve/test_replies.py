"""Completions in OpenAI's words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from continualcode.engine.base import ToolCall
from continualcode.serve.replies import stopped, typed, visible

TEXTS = st.lists(
    st.sampled_from(["<think>", "</think>", "<tool_call>", "</tool_call>", "<function=", "<", "<to", "STOP", "ST", " ", "\n", "word", "é"]),
    max_size=12,
).map("".join)  # fmt: skip


@given(TEXTS, st.booleans(), st.booleans())
def test_what_is_shown_only_grows_however_a_reply_goes_on(text: str, calls: bool, stops: bool) -> None:
    shown = ""
    for n in range(len(text) + 1):
        now = visible(text[:n], calls=calls, stops=("STOP",) if stops else ())
        assert now.startswith(shown)
        shown = now
    assert visible(text, calls=calls, stops=("STOP",) if stops else (), done=True).startswith(shown)


def test_thoughts_calls_and_what_may_become_one_are_not_shown() -> None:
    assert visible("<think>hm</think>\nI look.\n<tool_call>\n<func", calls=True) == "I look."
    assert visible("a < b <too", calls=True) == "a < b"
    assert visible("a <tool_call>", calls=False) == "a <tool_call>"
    assert visible("one, two, th", calls=False, stops=("three",)) == "one, two, "
    assert stopped("one two", ("two", "ne")) == 1 and stopped("one", ("two",)) == -1


def test_arguments_get_the_types_that_the_tool_asks_for() -> None:
    kinds = {"n": "integer", "x": "number", "yes": "boolean", "rows": "array", "text": "string", "odd": "integer"}
    schema = {"properties": {name: {"type": kind} for name, kind in kinds.items()}}
    raw = {"n": "3", "x": "0.5", "yes": "true", "rows": "[1]", "text": "7", "odd": "true", "unknown": "1"}
    assert typed(ToolCall("f", raw), schema).arguments == {
        "n": 3, "x": 0.5, "yes": True, "rows": [1], "text": "7", "odd": "true", "unknown": "1",
    }  # fmt: skip
