"""Tool calls as models write them, well and badly formed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continualcode.engine.base import ToolCall
from continualcode.engine.calls import parse_reply


def coder(name: str, **arguments: str) -> str:
    body = "".join(f"<parameter={k}>\n{v}\n</parameter>\n" for k, v in arguments.items())
    return f"<tool_call>\n<function={name}>\n{body}</function>\n</tool_call>"


raw = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=60).filter(
    lambda s: "tool_call>" not in s and "<parameter=" not in s and "</parameter>" not in s and "</function>" not in s
)


@given(raw, raw)
def test_both_forms_give_the_arguments_back(a: str, b: str) -> None:
    call = ToolCall("edit", {"old": a, "new": b})
    assert parse_reply("I will.\n" + coder("edit", old=a, new=b)) == ("I will.", (call,), None)
    hermes = json.dumps({"name": "edit", "arguments": {"old": a, "new": b}})
    assert parse_reply(f"<tool_call>\n{hermes}\n</tool_call>") == ("", (call,), None)


@given(st.text(alphabet='<>/=\n{}":abtool_cfunipr', max_size=80))
def test_no_text_makes_it_raise(text: str) -> None:
    parse_reply(text)


def test_values_may_hold_markup_and_numbers_stay_text() -> None:
    text = coder("write", path="a.rs", content="let x = <T>::new();\n</parameter> in a comment\n", start="3")
    assert parse_reply(text)[1][0].arguments == {
        "path": "a.rs",
        "content": "let x = <T>::new();\n</parameter> in a comment\n",
        "start": "3",
    }


def test_thinking_is_left_out_and_the_outer_tag_may_be_missing() -> None:
    bare = "<think>\nhm <tool_call>\n</think>\n\n<function=check>\n</function>"
    assert parse_reply(bare) == ("", (ToolCall("check", {}),), None)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (coder("read", path="x").removesuffix("</tool_call>"), "not closed"),
        ("<tool_call>\n<function=read>\n<parameter=path>\nx\n", "malformed"),
        ("<tool_call>\nread x\n</tool_call>", "malformed"),
        ("<tool_call>\n<function=read>\nx\n</function>\n</tool_call>", "malformed"),
        ("<tool_call>\n<function=>\n</function>\n</tool_call>", "names no function"),
        (
            "<tool_call>\n<function=a>\n<parameter=p>\n1\n</parameter>\n<parameter=p>\n2\n</parameter>\n</function>\n</tool_call>",
            "twice",
        ),
        ('<tool_call>\n{"name": "read", \n</tool_call>', "valid JSON"),
        ('<tool_call>\n{"name": 3, "arguments": {}}\n</tool_call>', "name"),
        ('<tool_call>\n{"name": "read", "arguments": "[1]"}\n</tool_call>', "arguments"),
        ("so: <parameter=path>x", "malformed"),
    ],
)
def test_a_malformed_call_is_a_sentence_for_the_model(text: str, word: str) -> None:
    _, calls, error = parse_reply(text)
    assert not calls and error is not None and word in error
