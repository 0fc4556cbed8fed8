"""The tools' arguments: one pydantic model for each, from which the schemas shown to a model are made.

`validate` turns what a model wrote into typed arguments, or raises `BadCall` with one line that names the
tool, the argument and what was expected. Integers may arrive as text; text is taken raw. `render` and
`parse_text` are the form in which a user edits a call.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from continualcode.engine.base import ToolCall
from continualcode.engine.calls import parse_reply


class BadCall(Exception):
    """A call that cannot run; its text is the feedback for the model."""


def _integer(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("a boolean is not a line number")
    return value.strip() if isinstance(value, str) else value


Line = Annotated[int, BeforeValidator(_integer)]


class Arguments(BaseModel):
    """Arguments of one tool; the docstring of a subclass is what a model reads of the tool."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, str_strip_whitespace=False)


class Read(Arguments):
    """Show a file of the workspace as `number|text` lines."""

    path: str
    """Path relative to the workspace."""
    start: Line | None = None
    """First line to show, from 1."""
    end: Line | None = None
    """Last line to show, inclusive."""


class Write(Arguments):
    """Create a file, or replace all of it. For changes to an existing file prefer edit or edit_lines."""

    path: str
    """Path relative to the workspace."""
    content: str
    """The whole new text of the file."""


class Edit(Arguments):
    """Replace one piece of text, which must occur exactly once in the file."""

    path: str
    """Path relative to the workspace."""
    old: str
    """The text that is there now, exactly, without line numbers."""
    new: str
    """What stands there afterwards."""


class EditLines(Arguments):
    """Replace lines start..end (inclusive) by text. Empty text deletes them; end = start-1 inserts before start."""

    path: str
    """Path relative to the workspace."""
    start: Line
    """First line to replace, from 1."""
    end: Line
    """Last line to replace."""
    text: str
    """The new lines, without a trailing newline."""


class Glob(Arguments):
    """List files whose path matches a pattern such as `src/**/*.rs`; ignored files are left out."""

    pattern: str
    """A glob pattern relative to the workspace."""


class Grep(Arguments):
    """Find lines that match a regular expression; ignored and binary files are left out."""

    pattern: str
    """A regular expression."""
    path: str | None = None
    """A file or folder to search; the whole workspace without it."""


class Bash(Arguments):
    """Run a shell command in the workspace, without network."""

    command: str
    """The command line."""


class Check(Arguments):
    """Compile the Rust code, run its tests and clippy, and show what they say."""


TOOLS: dict[str, type[Arguments]] = {
    "read": Read, "write": Write, "edit": Edit, "edit_lines": EditLines,
    "glob": Glob, "grep": Grep, "bash": Bash, "check": Check,
}  # fmt: skip

READ_ONLY = frozenset({"read", "glob", "grep", "check"})
EDITS = frozenset({"write", "edit", "edit_lines"})


def schemas() -> list[dict[str, Any]]:
    """OpenAI function schemas of all tools."""
    return [{"type": "function", "function": _function(name, model)} for name, model in TOOLS.items()]


def _function(name: str, model: type[Arguments]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for key, field in model.model_fields.items():
        kind = "integer" if "int" in str(field.annotation) else "string"
        properties[key] = {"type": kind, "description": field.description or ""}
    required = [key for key, field in model.model_fields.items() if field.is_required()]
    parameters = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {"name": name, "description": (model.__doc__ or "").strip(), "parameters": parameters}


def usage(name: str) -> str:
    """`edit_lines(path, start, end, text)`, optional arguments with a question mark."""
    fields = TOOLS[name].model_fields
    return f"{name}({', '.join(key if f.is_required() else key + '?' for key, f in fields.items())})"


_WANTED = {"int_parsing": "a whole number", "int_type": "a whole number", "int_from_float": "a whole number",
           "value_error": "a whole number", "string_type": "text", "int_parsing_size": "a line number"}  # fmt: skip


def validate(call: ToolCall) -> Arguments:
    """Typed arguments of a call. Raises BadCall with one line of feedback."""
    model = TOOLS.get(call.name)
    if model is None:
        near = difflib.get_close_matches(call.name, TOOLS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"tools: {', '.join(TOOLS)}"
        raise BadCall(f"error: no tool `{call.name[:40]}`; {hint}")
    try:
        return model.model_validate(dict(call.arguments))
    except ValidationError as error:
        said = "; ".join(_sentence(e) for e in error.errors()[:3])
        raise BadCall(f"error: {call.name}: {said}; expected {usage(call.name)}") from None


def _sentence(error: Any) -> str:
    name = str(error["loc"][0]) if error["loc"] else "?"
    if error["type"] == "missing":
        return f"argument `{name}` is missing"
    if error["type"] == "extra_forbidden":
        return f"unknown argument `{name[:40]}`"
    got = json.dumps(error["input"], ensure_ascii=False, default=str)
    got = got if len(got) <= 40 else got[:37] + "..."
    return f"argument `{name}` must be {_WANTED.get(error['type'], error['msg'])}, not {got}"


def render(call: ToolCall) -> str:
    """A call as text that a person can edit: the form that Qwen-type models write."""
    parts = [f"<function={call.name}>"]
    for key, value in call.arguments.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        parts.append(f"<parameter={key}>\n{text}\n</parameter>")
    return "\n".join([*parts, "</function>"])


def parse_text(text: str) -> ToolCall:
    """The call that an edited text holds, in `render`'s form or as JSON `{"name", "arguments"}`. Raises
    BadCall when it is neither, or when its arguments do not fit the tool."""
    body = text.strip()
    _, found, problem = parse_reply(f"<tool_call>\n{body}\n</tool_call>" if "<tool_call>" not in body else body)
    if problem or len(found) != 1:
        raise BadCall(problem or "the edited text must hold exactly one call")
    validate(found[0])
    return found[0]


def describe(call: ToolCall) -> str:
    """One line that names a call: its tool and its short arguments."""
    shown: list[str] = []
    for key, value in call.arguments.items():
        text = str(value)
        if "\n" not in text and len(text) <= 80 and key not in ("content", "text", "old", "new"):
            shown.append(text)
    return " ".join([call.name, *shown])


def plain(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as JSON-able values, for records."""
    return json.loads(json.dumps(dict(arguments), default=str))
