"""Tool calls of every family, well and badly formed; thoughts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continualcode.engine.base import ToolCall
from continualcode.engine.formats import MARKS, by_template, parse, without_thinking

READ = ToolCall("read", {"path": "a.rs"})
CHECK = ToolCall("check", {})
ARGUMENTS = json.dumps(READ.arguments)

FORMS = {
    "hermes": '<tool_call>\n{"name": "read", "arguments": {"path": "a.rs"}}\n</tool_call>',
    "qwen": "<tool_call>\n<function=read>\n<parameter=path>\na.rs\n</parameter>\n</function>\n</tool_call>",
    "qwen, no outer tag": "<function=read>\n<parameter=path>\na.rs\n</parameter>\n</function>",
    "llama": '<|python_tag|>{"name": "read", "parameters": {"path": "a.rs"}}<|eom_id|>',
    "llama, custom": '<function=read>{"path": "a.rs"}</function>',
    "mistral": '[TOOL_CALLS][{"name": "read", "arguments": {"path": "a.rs"}, "id": "call00001"}]',
    "mistral, v11": '[TOOL_CALLS]read[ARGS]{"path": "a.rs"}',
    "mistral, v13": '[TOOL_CALLS]read[CALL_ID]call00001[ARGS]{"path": "a.rs"}',
    "deepseek": '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>read\n```json\n{"path": "a.rs"}\n```'
    "<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
    "deepseek, V3.1": '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>read<｜tool▁sep｜>{"path": "a.rs"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    "phi": '<|tool_call|>[{"name": "read", "arguments": {"path": "a.rs"}}]<|/tool_call|>',
}
BARE = {
    "object": '{"name": "read", "parameters": {"path": "a.rs"}}',
    "list": '[{"name": "read", "arguments": {"path": "a.rs"}}]',
    "fenced": '```json\n{"name": "read", "arguments": {"path": "a.rs"}}\n```',
    "tool_code": '```tool_code\nread(path="a.rs")\n```',
    "tool_code, printed": '```tool_code\nprint(read(path="a.rs"))\n```',
    "pythonic": '[read(path="a.rs")]',
}


@pytest.mark.parametrize("form", FORMS)
def test_marked_forms_are_read_whatever_the_model_is(form: str) -> None:
    for bare in (False, True):
        assert parse(FORMS[form], bare=bare) == ("", (READ,), None)
        assert parse(f"I look first.\n{FORMS[form]}", bare=bare) == ("I look first.", (READ,), None)


@pytest.mark.parametrize("form", BARE)
def test_forms_without_a_mark_are_read_only_where_they_are_expected(form: str) -> None:
    assert parse(BARE[form], bare=True) == ("", (READ,), None)
    text, calls, error = parse(BARE[form])
    assert not calls and error is None and text == BARE[form]


def test_several_calls_are_all_read() -> None:
    two = (READ, CHECK)
    assert (
        parse(f'<|python_tag|>{{"name": "read", "parameters": {ARGUMENTS}}}; {{"name": "check", "parameters": {{}}}}')[
            1
        ]
        == two
    )
    assert parse(f"[TOOL_CALLS]read[ARGS]{ARGUMENTS}[TOOL_CALLS]check[ARGS]{{}}")[1] == two
    assert parse('[read(path="a.rs"), check()]', bare=True)[1] == two
    inner = "".join(
        f"<｜tool▁call▁begin｜>function<｜tool▁sep｜>{c.name}\n```json\n{json.dumps(dict(c.arguments))}\n```<｜tool▁call▁end｜>"
        for c in two
    )
    assert parse(f"<｜tool▁calls▁begin｜>{inner}<｜tool▁calls▁end｜>")[1] == two


@pytest.mark.parametrize(
    "text",
    [
        "Use ```rust\nfn main() {}\n``` and be done.",
        '```json\n{"edition": "2021"}\n```',
        '{"name": "serde", "version": "1.0"}',
        "```python\nx = [1, 2]\nprint(x)\n```",
        "[dependencies] come first",
    ],
)
def test_text_that_only_looks_like_a_call_is_text(text: str) -> None:
    assert parse(text, bare=True)[1:] == ((), None)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('<|python_tag|>{"name": "read", "parameters": {"path"', "valid JSON"),
        ('<|python_tag|>brave_search.call(query="x")', "valid JSON"),
        ("[TOOL_CALLS]", "empty"),
        ('[TOOL_CALLS][{"arguments": {}}]', '"name"'),
        ('[TOOL_CALLS]read[ARGS]{"path": ', "arguments of read"),
        ("[TOOL_CALLS]read[ARGS][1]", '"arguments"'),
        ("<｜tool▁calls▁begin｜>read", "malformed"),
        ("<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>read<｜tool▁sep｜>{<｜tool▁call▁end｜>", "arguments of read"),
        ("<|tool_call|>[{]<|/tool_call|>", "valid JSON"),
        ("```tool_code\nread(path=open('x'))\n```", "plain values"),
        ("```tool_code\nread('a.rs')\n```", "need names"),
        ("```tool_code\nread(\n```", "malformed"),
        ('{"name": "read", "parameters": {"path": "a.rs"', "valid JSON"),
        ('<tool_call>\n{"name": "read", \n</tool_call>', "valid JSON"),
    ],
)  # fmt: skip
def test_a_malformed_call_is_one_sentence(text: str, word: str) -> None:
    _, calls, error = parse(text, bare=True)
    assert not calls and error is not None and word in error and "\n" not in error


def test_the_first_mark_decides() -> None:
    """A value may hold another family's mark."""
    text = "<tool_call>\n<function=write>\n<parameter=content>\n[TOOL_CALLS]<|python_tag|>\n</parameter>\n</function>\n</tool_call>"
    assert parse(text)[1] == (ToolCall("write", {"content": "[TOOL_CALLS]<|python_tag|>"}),)


def test_thoughts_are_left_out_also_where_the_prompt_opened_them() -> None:
    assert without_thinking("<think>\na\n</think>\n\nyes <think>b</think>no") == "yes no"
    assert parse(f"so I read\n</think>\n\n{FORMS['hermes']}") == ("", (READ,), None)
    assert parse("well <think>I could call") == ("well", (), None)
    kept = FORMS["qwen"].replace("a.rs", "a</think>b")
    assert parse(kept)[1] == (ToolCall("read", {"path": "a</think>b"}),)


@given(
    st.text(alphabet='<>/=\n{}":abtool_cfunirpyhg|[]TOLCALS▁｜`()', max_size=90),
    st.booleans(),
    st.sampled_from(sorted(MARKS)),
)
def test_no_text_makes_it_raise(text: str, bare: bool, mark: str) -> None:
    parse(text, bare=bare)
    parse(mark + text, bare=bare)


def test_a_models_own_response_template_is_used_and_its_failure_is_a_sentence() -> None:
    def answers(message: dict[str, Any]) -> Any:
        return lambda text: message

    call = {"type": "function", "function": {"name": "read", "arguments": {"path": "a.rs"}}}
    assert by_template("…", answers({"content": "so", "tool_calls": [call]})) == ("so", (READ,), None)
    assert by_template("…", answers({"tool_calls": [{"function": {"name": 3}}]}))[2] is not None

    def fails(text: str) -> dict[str, Any]:
        raise ValueError("no such region\nat all")

    assert by_template("x", fails) == (
        "x",
        (),
        "the tool call cannot be read (no such region); write it as the system message says, and nothing after it",
    )
