"""Tool calls in the forms that other families of models write, beside those of `calls.py`.

A form is known by the mark it begins with, and the first mark in a reply decides: Qwen and Hermes (`<tool_call>`,
`<function=…>`), Mistral (`[TOOL_CALLS]`), Llama (`<|python_tag|>`), DeepSeek (`<｜tool▁calls▁begin｜>`), Phi
(`<|tool_call|>`). Forms without a mark of their own (a bare JSON object, a fenced block, `[name(key=value)]`) are read
only for models that write such, since other models' text may look like them. Like `calls.parse_reply`: a malformed call
is a sentence for the model, not an exception. A model that brings its own response template is parsed by transformers.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from continualcode.engine.base import ToolCall
from continualcode.engine.calls import parse_reply

Reply = tuple[str, tuple[ToolCall, ...], str | None]  # free text, calls, error for the model

_THINK_OPEN, _THINK_CLOSE = "<think>", "</think>"
_FENCE = re.compile(r"```(json|tool_code|tool_call|python)?[ \t]*\n(.*?)\n?```", re.DOTALL)
_MISTRAL = re.compile(r"\s*([\w.-]+)(?:\[CALL_ID\][\w-]*)?\[ARGS\]")
_DEEPSEEK = re.compile(
    r"<｜tool▁call▁begin｜>\s*(.*?)<｜tool▁sep｜>(.*?)(?:<｜tool▁call▁end｜>|(?=<｜tool▁call▁begin｜>)|<｜tool▁calls▁end｜>|\Z)",
    re.DOTALL,
)
_LLAMA_XML = re.compile(r"\s*<function=([^>\s]+)>\s*(\{.*?\})\s*</function>", re.DOTALL)
_AGAIN = "write it as the system message says, and nothing after it"


def without_thinking(text: str) -> str:
    """A reply without its thoughts; also where the prompt opened them (only the end is in the reply), or where the
    reply ended within them."""
    text = re.sub(rf"{_THINK_OPEN}.*?{_THINK_CLOSE}\s*", "", text, flags=re.DOTALL)
    before, closed, after = text.partition(_THINK_CLOSE)
    if closed and not _marked(before):
        text = after.lstrip()
    before, opened, _ = text.partition(_THINK_OPEN)
    return before.rstrip() if opened and not _marked(before) else text


def _marked(text: str) -> bool:
    return any(mark in text for mark in MARKS)


def parse(text: str, *, bare: bool = False) -> Reply:
    """(free text, calls, error) of a completion. `bare`: forms without a mark of their own are read as well."""
    text = without_thinking(text)
    found = [(text.find(mark), mark) for mark in MARKS if mark in text]
    if found:
        at, mark = min(found)
        return MARKS[mark](text[:at].strip(), text[at:])
    if bare and (reply := _unmarked(text)) is not None:
        return reply
    return parse_reply(text)


def by_template(text: str, parse_response: Callable[[str], Mapping[str, Any]]) -> Reply:
    """A reply read through the response template that a model brings with its tokenizer."""
    try:
        message = parse_response(text)
    except Exception as error:  # a regular expression or JSON of a template's author
        return text.strip(), (), f"the tool call cannot be read ({_first_line(error)}); {_AGAIN}"
    calls: list[ToolCall] = []
    for raw in message.get("tool_calls") or ():
        call, error = _object(raw.get("function", raw) if isinstance(raw, Mapping) else raw)
        if call is None:
            return str(message.get("content") or "").strip(), tuple(calls), error
        calls.append(call)
    return str(message.get("content") or "").strip(), tuple(calls), None


# -- one function a form: the text before the mark, and the text from it on


def _qwen(before: str, rest: str) -> Reply:
    """Qwen's and Hermes' forms, which `calls.py` knows."""
    return parse_reply(f"{before}\n{rest}")


def _functions(before: str, rest: str) -> Reply:
    """`<function=NAME>` with one JSON object is Llama's; with parameters it is Qwen's without its outer tag."""
    calls: list[ToolCall] = []
    at = 0
    while match := _LLAMA_XML.match(rest, at):
        call, error = _named(match.group(1), match.group(2))
        if call is None:
            return before, tuple(calls), error
        calls.append(call)
        at = match.end()
    return (before, tuple(calls), None) if calls else _qwen(before, rest)


def _mistral(before: str, rest: str) -> Reply:
    """`[TOOL_CALLS] [{"name": …, "arguments": {…}}]`, or (since v11) `[TOOL_CALLS]NAME[ARGS]{…}` for each call."""
    calls: list[ToolCall] = []
    for part in rest.split("[TOOL_CALLS]")[1:]:
        if match := _MISTRAL.match(part):
            call, error = _named(match.group(1), part[match.end() :])
            if call is None:
                return before, tuple(calls), error
            calls.append(call)
            continue
        more, error = _objects(part)
        calls += more
        if error is not None:
            return before, tuple(calls), error
    return before, tuple(calls), None


def _llama(before: str, rest: str) -> Reply:
    """`<|python_tag|>{"name": …, "parameters": {…}}`, several with `;` between; text that is no object is code for
    an interpreter, which is not among the tools."""
    body = rest.removeprefix("<|python_tag|>").replace("<|eom_id|>", "").replace("<|eot_id|>", "").strip()
    calls, error = _objects(body)
    return before, calls, error


def _deepseek(before: str, rest: str) -> Reply:
    """`…call▁begin｜>function<｜tool▁sep｜>NAME` and a fenced object (V2, V3, R1), or `NAME<｜tool▁sep｜>{…}` (V3.1)."""
    calls: list[ToolCall] = []
    for match in _DEEPSEEK.finditer(rest):
        name, body = match.group(1).strip(), match.group(2).strip()
        if fence := _FENCE.search(body):
            name, body = body[: fence.start()].strip(), fence.group(2)
        call, error = _named(name, body)
        if call is None:
            return before, tuple(calls), error
        calls.append(call)
    return before, tuple(calls), None if calls else f"the tool call is malformed; {_AGAIN}"


def _phi(before: str, rest: str) -> Reply:
    """`<|tool_call|>[{"name": …, "arguments": {…}}]<|/tool_call|>`."""
    calls, error = _objects(rest.removeprefix("<|tool_call|>").partition("<|/tool_call|>")[0])
    return before, calls, error


MARKS: Mapping[str, Callable[[str, str], Reply]] = {
    "<tool_call>": _qwen,
    "<function=": _functions,
    "[TOOL_CALLS]": _mistral,
    "<|python_tag|>": _llama,
    "<｜tool▁calls▁begin｜>": _deepseek,
    "<｜tool▁call▁begin｜>": _deepseek,
    "<|tool_call|>": _phi,
}


def _unmarked(text: str) -> Reply | None:
    """A reply that ends in a JSON object, a fenced block or a list of Python calls; None when it holds no call."""
    fences = list(_FENCE.finditer(text))
    for fence in fences:
        kind, body = fence.group(1), fence.group(2).strip()
        reply = _pythonic(body) if kind in ("tool_code", "python") and not body.startswith("{") else _plain_json(body)
        if reply is not None:
            return text[: fence.start()].strip(), *reply
        if kind in ("tool_code", "tool_call"):
            return text[: fence.start()].strip(), (), f"the tool call is malformed; {_AGAIN}"
    if fences:
        return None
    stripped = text.strip()
    if stripped.startswith("[") and (reply := _pythonic(stripped)) is not None:
        return "", *reply
    for match in re.finditer(r"^[ \t]*(?=[\[{])", text, re.MULTILINE):
        if (reply := _plain_json(text[match.end() :].strip())) is not None:
            return text[: match.start()].strip(), *reply
    return None


def _plain_json(body: str) -> tuple[tuple[ToolCall, ...], str | None] | None:
    """Calls of a text that is JSON and looks like a call; None when it does not (an object of another kind)."""
    if not re.match(r'\[?\s*\{\s*"(?:name|type|function|arguments|parameters)"', body):
        return None
    if not re.search(r'"(?:arguments|parameters)"\s*:', body):
        return None
    return _objects(body)


def _pythonic(body: str) -> tuple[tuple[ToolCall, ...], str | None] | None:
    """`name(key=value)`, or a list of such; values are literals. None when it is other code."""
    try:
        tree = ast.parse(body, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    nodes = tree.elts if isinstance(tree, (ast.List, ast.Tuple)) else [tree]
    calls: list[ToolCall] = []
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print" and node.args:
            node = node.args[0]
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            return None
        if node.args or any(keyword.arg is None for keyword in node.keywords):
            return tuple(calls), f"the arguments of {node.func.id} need names: {node.func.id}(key=value)"
        try:
            arguments = {str(k.arg): ast.literal_eval(k.value) for k in node.keywords}
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            return tuple(calls), f"the arguments of {node.func.id} must be plain values"
        calls.append(ToolCall(node.func.id, arguments))
    return (tuple(calls), None) if calls else None


# -- JSON


def _objects(text: str) -> tuple[tuple[ToolCall, ...], str | None]:
    """One object, a list of them, or several with `;` or blanks between, up to the first text that is neither."""
    decoder = json.JSONDecoder()
    calls: list[ToolCall] = []
    text, at = text.strip(), 0
    while at < len(text) and (text[at] in "[{" or not calls):
        try:
            value, at = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError) as error:
            return tuple(calls), f"the tool call is not valid JSON: {_first_line(error)}"
        for raw in value if isinstance(value, list) else [value]:
            call, error = _object(raw)
            if call is None:
                return tuple(calls), error
            calls.append(call)
        while at < len(text) and text[at] in "; \t\n":
            at += 1
    return tuple(calls), None if calls else f"the tool call is empty; {_AGAIN}"


def _object(raw: Any) -> tuple[ToolCall | None, str | None]:
    if isinstance(raw, Mapping) and isinstance(raw.get("function"), Mapping):
        raw = raw["function"]
    if isinstance(raw, Mapping):
        name = raw.get("name", raw.get("function"))
        arguments = raw.get("arguments", raw.get("parameters", {}))
        if isinstance(name, str):
            return _named(name, arguments)
    return None, 'a tool call needs "name" (text) and "arguments" (an object)'


def _named(name: str, arguments: Any) -> tuple[ToolCall | None, str | None]:
    """A call from its name and its arguments, which may still be JSON text with something after it."""
    if isinstance(arguments, str):
        try:
            arguments = json.JSONDecoder().raw_decode(arguments.strip())[0]
        except (json.JSONDecodeError, RecursionError) as error:
            return None, f"the arguments of {name or 'the call'} are not valid JSON: {_first_line(error)}"
    if not name or not isinstance(arguments, dict):
        return None, 'a tool call needs "name" (text) and "arguments" (an object)'
    return ToolCall(name, arguments), None


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
