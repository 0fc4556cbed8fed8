"""What a completion says: free text and tool calls, in the two forms that Qwen-type models emit.

Qwen3-Coder: `<tool_call>\\n<function=NAME>\\n<parameter=KEY>\\nVALUE\\n</parameter>\\n</function>\\n</tool_call>`, values
raw text (also without the outer tag, which those models drop at times). Hermes: `<tool_call>\\n{"name": …,
"arguments": {…}}\\n</tool_call>`. Values of the first form stay strings; the tools coerce them. A malformed call
gives a sentence for the model, not an exception.
"""

from __future__ import annotations

import json
import re
from typing import Any

from continualcode.engine.base import ToolCall

_BLOCK = re.compile(r"<tool_call>(.*?)(?:</tool_call>|\Z)", re.DOTALL)
_BARE = re.compile(r"<function=[^>\n]*>.*?</function>", re.DOTALL)
_FUNCTION = re.compile(r"\s*<function=([^>\n]*)>(.*?)</function>\s*\Z", re.DOTALL)
_PARAMETER = re.compile(r"\s*<parameter=([^>\n]*)>(.*?)</parameter>(?=\s*(?:<parameter=|\Z))", re.DOTALL)
_THINK = re.compile(r"<think>.*?</think>\s*", re.DOTALL)
_FORM = "write it as <tool_call>, <function=NAME>, <parameter=KEY> blocks and close each"


def parse_reply(text: str) -> tuple[str, tuple[ToolCall, ...], str | None]:
    """(free text, calls, error) of a completion; on an error the calls before it are kept."""
    text = _THINK.sub("", text)
    pattern = _BLOCK if "<tool_call>" in text else _BARE
    calls: list[ToolCall] = []
    error: str | None = None
    for block in pattern.finditer(text):
        closed = pattern is _BARE or block.group(0).endswith("</tool_call>")
        body = block.group(1) if pattern is _BLOCK else block.group(0)
        call, error = _call(body)
        if not closed and error is None:
            error = "the tool call is not closed with </tool_call>; nothing was run"
        if error:
            break
        assert call is not None
        calls.append(call)
    free = pattern.sub("", text).strip()
    if error is None and not calls and re.search(r"</?(?:tool_call|function|parameter)\b", text):
        error = f"the tool call is malformed: {_FORM}"
    return free, tuple(calls), error


def _call(body: str) -> tuple[ToolCall | None, str | None]:
    stripped = body.strip()
    if stripped.startswith("{"):
        return _hermes(stripped)
    function = _FUNCTION.match(body)
    if function is None:
        return None, f"the tool call is malformed: {_FORM}"
    name, rest = function.group(1).strip(), function.group(2)
    if not name:
        return None, f"the tool call names no function: {_FORM}"
    arguments: dict[str, Any] = {}
    position = 0
    while parameter := _PARAMETER.match(rest, position):
        key = parameter.group(1).strip()
        if key in arguments:
            return None, f"parameter `{key}` of {name} is given twice"
        arguments[key] = _value(parameter.group(2))
        position = parameter.end()
    if rest[position:].strip():
        return None, f"the parameters of {name} are malformed: {_FORM}"
    return ToolCall(name, arguments), None


def _value(raw: str) -> str:
    """A raw value without the one newline that the form puts before and after it."""
    return raw.removeprefix("\n").removesuffix("\n")


def _hermes(body: str) -> tuple[ToolCall | None, str | None]:
    try:
        call = json.loads(body)
    except (json.JSONDecodeError, RecursionError) as error:
        return None, f"the tool call is not valid JSON: {error}"
    arguments = call.get("arguments", call.get("parameters", {}))
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (json.JSONDecodeError, RecursionError):
            arguments = None
    if not isinstance(call.get("name"), str) or not call["name"] or not isinstance(arguments, dict):
        return None, 'a JSON tool call needs "name" (text) and "arguments" (an object)'
    return ToolCall(call["name"], arguments), None
