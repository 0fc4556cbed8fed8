"""What clients send, read and checked: chat completions as OpenAI defines them, and feedback on one of them.

An option that would change the answer and that we do not have (several choices, a response format, penalties) is
refused; what changes nothing (a store flag, metadata) is passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from continualcode.agent import correction
from continualcode.engine.base import Message, ToolCall
from continualcode.engine.grammar import CallGrammar
from continualcode.errors import UserError
from continualcode.serve.errors import ServeError, bad

LONGEST_NAME = 200  # characters of a session's name
MOST_STOPS = 4
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_ROLES = {"developer": "system"}
_UNHAD = {  # option → values that change nothing
    "n": (None, 1), "logit_bias": (None, {}), "presence_penalty": (None, 0), "frequency_penalty": (None, 0),
    "response_format": (None, {"type": "text"}), "functions": (None, []), "audio": (None,), "modalities": (None, ["text"]),
}  # fmt: skip


class _Function(BaseModel):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class _Tool(BaseModel):
    type: Literal["function"] = "function"
    function: _Function


class _CalledFunction(BaseModel):
    name: str
    arguments: str | dict[str, Any] = "{}"


class _Called(BaseModel):
    id: str = ""
    function: _CalledFunction


class _Part(BaseModel):
    type: str
    text: str | None = None


class _Said(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[_Part] | None = None
    name: str | None = None
    tool_calls: list[_Called] | None = None
    tool_call_id: str | None = None


class _StreamOptions(BaseModel):
    include_usage: bool = False


class _Chat(BaseModel):
    """The options that we know; others are looked at in `_UNHAD`."""

    model_config = ConfigDict(extra="allow")

    model: str
    messages: Annotated[list[_Said], Field(min_length=1)]
    tools: list[_Tool] | None = None
    tool_choice: str | dict[str, Any] | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    stop: str | list[str] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    seed: int | None = None
    user: str | None = None


@dataclass(frozen=True)
class Asked:
    """A request for a completion. `choice`: auto, none, required, or the name of the one tool that must be called;
    `most`: tokens, None for as many as there is room; `None` elsewhere: the settings decide."""

    model: str
    messages: tuple[Message, ...]
    tools: tuple[dict[str, Any], ...] = ()
    choice: str = "auto"
    stream: bool = False
    usage: bool = False
    logprobs: bool = False
    top_logprobs: int = 0
    stop: tuple[str, ...] = ()
    most: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    user: str = ""

    @property
    def callable(self) -> tuple[dict[str, Any], ...]:
        """The tools that may be called in this reply."""
        if self.choice in ("auto", "required"):
            return self.tools
        return tuple(t for t in self.tools if t["function"]["name"] == self.choice)

    def grammar(self) -> CallGrammar | None:
        """What keeps the calls well-formed; one that must come is closed where the reply reaches its limit."""
        if not self.callable:
            return None
        made = CallGrammar.of_schemas(self.callable)
        return CallGrammar(made.tools, lands=self.choice != "auto", required=self.choice != "auto")


@dataclass(frozen=True)
class Feedback:
    """What a user says of a completion's call. deny: the words of the correction, empty for none; edit: the call as it
    should have been."""

    completion_id: str
    action: Literal["deny", "approve", "edit"]
    correction: str = ""
    call: ToolCall | None = None
    everywhere: bool = False
    user: str = ""


class _Feedback(BaseModel):
    model_config = ConfigDict(extra="forbid")

    completion_id: str
    action: Literal["deny", "approve", "edit"]
    correction: str | None = None
    call: _CalledFunction | None = None
    everywhere: bool = False
    user: str | None = None


def chat(raw: bytes) -> Asked:
    """A request for a completion from its body. Raises ServeError."""
    body = _json(raw)
    try:
        said = _Chat.model_validate(body)
    except ValidationError as error:
        raise _invalid(error) from None
    for option, harmless in _UNHAD.items():
        if body.get(option) not in harmless:
            raise bad(f"`{option}` is not supported here; leave it out.", option, "unsupported_parameter")
    tools = tuple(_tool(tool.function) for tool in said.tools or ())
    stop = (said.stop,) if isinstance(said.stop, str) else tuple(said.stop or ())
    if len(stop) > MOST_STOPS or "" in stop:
        raise bad(f"`stop` takes at most {MOST_STOPS} texts, none of them empty.", "stop")
    if said.top_logprobs and not said.logprobs:
        raise bad("`top_logprobs` needs `logprobs`: true.", "top_logprobs")
    return Asked(
        model=said.model,
        messages=_messages(said.messages),
        tools=tools,
        choice=_choice(said.tool_choice, tools),
        stream=bool(said.stream),
        usage=bool(said.stream_options and said.stream_options.include_usage),
        logprobs=bool(said.logprobs),
        top_logprobs=said.top_logprobs or 0,
        stop=stop,
        most=said.max_completion_tokens or said.max_tokens,
        temperature=said.temperature,
        top_p=said.top_p,
        seed=said.seed,
        user=said.user or "",
    )


def feedback(raw: bytes) -> Feedback:
    """Feedback from its body; a correction is read as one that is typed is. Raises ServeError."""
    try:
        said = _Feedback.model_validate(_json(raw))
    except ValidationError as error:
        raise _invalid(error) from None
    words, everywhere = "", said.everywhere
    if said.correction is not None and said.action != "deny":
        raise bad("A `correction` goes with the action `deny`; with `edit` the call itself says it.", "correction")
    if said.correction is not None:
        try:
            read = correction.read(said.correction)
        except UserError as error:
            raise bad(str(error), "correction") from None
        words, everywhere = read.text, everywhere or read.everywhere
    if (said.call is not None) != (said.action == "edit"):
        raise bad("The action `edit` needs `call`: {name, arguments}; other actions take none.", "call")
    call = ToolCall(said.call.name, _arguments(said.call, "call.arguments")) if said.call else None
    return Feedback(said.completion_id, said.action, words, call, everywhere, said.user or "")


def session_name(header: str | None, user: str) -> str:
    """The session that a request belongs to: the header `X-Session`, else the field `user`, else `default`. Raises
    ServeError."""
    name = (header or user or "default").strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise bad(f"A session's name is 1 to {LONGEST_NAME} printable characters.", "user")
    return name


def _json(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise bad(f"The body is not JSON: {error}.") from None
    if not isinstance(body, dict):
        raise bad("The body must be a JSON object.")
    return body


def _invalid(error: ValidationError) -> ServeError:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return bad(f"`{where}`: {first['msg'][:1].lower()}{first['msg'][1:]}.", where)


def _tool(function: _Function) -> dict[str, Any]:
    parameters = function.parameters or {}
    properties = parameters.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    required = parameters.get("required")
    names = [function.name, *properties]
    if not all(_NAME.fullmatch(name) for name in names):
        raise bad(f"Names of tools and parameters are letters, digits, _ . and -, not {function.name!r}.", "tools")
    if not all(isinstance(p, dict) for p in properties.values()):
        raise bad(f"The parameters of `{function.name}` are not described as a JSON schema.", "tools")
    schema = parameters | {"type": "object", "properties": properties}
    schema["required"] = [r for r in required if r in properties] if isinstance(required, list) else []
    described = {"description": function.description} if function.description else {}
    return {"type": "function", "function": {"name": function.name, **described, "parameters": schema}}


def _choice(raw: str | dict[str, Any] | None, tools: tuple[dict[str, Any], ...]) -> str:
    names = [tool["function"]["name"] for tool in tools]
    if raw is None or raw in ("auto", "none"):
        return raw or "auto"
    name = raw.get("function", {}).get("name") if isinstance(raw, dict) else raw
    if raw == "required" and names:
        return "required"
    if isinstance(raw, dict) and name in names:
        return name
    raise bad("`tool_choice` is none, auto, required, or a function among `tools`.", "tool_choice")


def _messages(rows: list[_Said]) -> tuple[Message, ...]:
    out: list[Message] = []
    called: dict[str, str] = {}
    for n, row in enumerate(rows):
        calls: list[ToolCall] = []
        for call in row.tool_calls or ():
            arguments = _arguments(call.function, f"messages.{n}.tool_calls")
            calls.append(ToolCall(call.function.name, arguments))
            called[call.id] = call.function.name
        name = called.get(row.tool_call_id or "") or row.name if row.role == "tool" else None
        role: Any = _ROLES.get(row.role, row.role)
        text = _text(row.content, n)
        if text or role != "system":  # an empty system message says nothing, and small models stumble over it
            out.append(Message(role, text, tuple(calls), name))
    if not out:
        raise bad("`messages` says nothing.", "messages")
    return tuple(out)


def _text(content: str | list[_Part] | None, n: int) -> str:
    if not isinstance(content, list):
        return content or ""
    if any(part.type not in ("text", "refusal") for part in content):
        raise bad("Only text can be read here.", f"messages.{n}.content", "unsupported_content")
    return "".join(part.text or "" for part in content)


def _arguments(function: _CalledFunction, where: str) -> Mapping[str, Any]:
    if isinstance(function.arguments, dict):
        return function.arguments
    try:
        read = json.loads(function.arguments or "{}")
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise bad(f"The arguments of `{function.name}` are not a JSON object.", where)
    return read
