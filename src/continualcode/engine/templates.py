"""Conversations as a model's own chat template writes them, and what to do where a template knows less than we need.

What a template can do is found by trying it once, when the model is loaded: system messages, tools, calls in the
history, results as a turn of their own, two messages of one role in a row. What it cannot is written in what it can:
- no system role: the system message opens the first user message;
- tools are not shown: the system message names them, one JSON schema a line, with an example of a call in the form that
  the template writes itself, or in Hermes' form (`<tool_call>{"name": …, "arguments": {…}}</tool_call>`);
- calls or results are not shown, or in a form that `formats` does not read: a call stands in the assistant's text in Hermes' form, a result is a user message
  between `<tool_response>` tags;
- messages of one role in a row are refused: they become one.
A model without a template gets a plain one (`PLAIN`). Thinking is off: templates that know `enable_thinking` are told,
those that open a thought get it closed at once, and thoughts never stand in the history.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from continualcode.engine import formats
from continualcode.engine.base import EngineError, Message, ToolCall

PLAIN = (
    "{{ bos_token or '' }}{% for m in messages %}### {{ m.role }}\n{{ m.content }}"
    "{% if m.role == 'assistant' %}{{ eos_token }}{% endif %}{{ '\n\n' }}{% endfor %}"
    "{% if add_generation_prompt %}### assistant\n{% endif %}"
)
TOOLS = (
    "You can call these tools, one JSON schema a line:\n{schemas}\n\n"
    "To call a tool, end your reply with exactly this, with the tool's name and arguments:\n{example}\n"
    "The result comes with the next message."
)
RESULT = "<tool_response>\n{text}\n</tool_response>"
_HERMES = "<tool_call>\n{call}\n</tool_call>"
_DATE = "26 Jul 2024"  # what Llama's templates show when nobody tells the day; a prompt must not change overnight
_OPEN_THOUGHT = re.compile(r"<think>\s*\Z")
_EMPTY_THOUGHT = re.compile(r"<think>\s*</think>\s*\Z")

_ASK, _SYSTEM, _RESULT, _NAME, _VALUE = "qaprobe", "sysprobe", "resprobe", "toolprobe", "valprobe"
_CALL = ToolCall(_NAME, {"keyprobe": _VALUE})
_SCHEMA = {
    "type": "function",
    "function": {
        "name": _NAME,
        "description": "d",
        "parameters": {"type": "object", "properties": {"keyprobe": {"type": "string", "description": "k"}}},
    },
}
_EXAMPLE = ToolCall("TOOL", {"ARGUMENT": "VALUE"})


class Chat:
    """A tokenizer's chat template, with what it lacks. `name`: of the model, for errors. Raises EngineError when the
    template cannot write even one user message."""

    def __init__(self, tokenizer: Any, name: str) -> None:
        self._tokenizer, self._name = tokenizer, name
        self._template = None if getattr(tokenizer, "chat_template", None) else PLAIN
        self._json_arguments = False
        if _ASK not in self._call([_user()], None, True):
            raise EngineError(
                f"The chat template of {name} does not show messages of plain text; choose another model."
            )
        self._parses = getattr(tokenizer, "response_template", None) is not None
        self.has_system = self._shows([{"role": "system", "content": _SYSTEM}, _user()], None, _SYSTEM)
        self.takes_repeats = self._shows([_user(), _user(_SYSTEM)], None, _ASK, _SYSTEM)
        self.shows_orphans = self._shows(
            [_user(), {"role": "assistant", "content": "a"}, {"role": "tool", "content": _RESULT}], None, _RESULT
        )
        self.bare, self.shows_calls, self.lists_tools = True, False, False  # while it is being found out
        self.shows_calls = self._finds_calls() and self._reads_back()
        self.lists_tools = self.shows_calls and self._shows([_user()], [_SCHEMA], _NAME)
        example = self._example()
        self.bare = not self.shows_calls or not any(mark in example for mark in formats.MARKS)
        self.constrained = "<tool_call>" in example
        self._tools_text = TOOLS.replace("{example}", example)

    def render(self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]] | None, generation: bool) -> str:
        """The conversation as text; with `generation`, up to where the assistant's reply begins. Raises EngineError
        when the template refuses."""
        text = self._call(self._fitted(list(messages), tools), tools if self.lists_tools else None, generation)
        if generation and (opened := _OPEN_THOUGHT.search(text)):
            text = f"{text[: opened.start()]}<think>\n\n</think>\n\n"
        return text

    def reply(self, message: Message) -> str:
        """What the template adds to a prompt for this assistant message: its text and the end of the turn."""
        before = [Message("user", _ASK)]
        prompt, whole = self.render(before, None, True), self.render([*before, message], None, False)
        for opening in (prompt, _EMPTY_THOUGHT.sub("", prompt)):
            if whole.startswith(opening):
                return whole[len(opening) :]
        # templates that open replies differently when nothing is to come
        head = self.render(before, None, False)
        opening = prompt[len(head) :] if prompt.startswith(head) else ""
        found = whole.find(opening, whole.find(_ASK)) if opening.strip() else -1
        if found < 0:
            raise EngineError(
                f"The chat template of {self._name} writes replies in a form that cannot be learned from."
            )
        return whole[found + len(opening) :]

    def parse(self, text: str) -> formats.Reply:
        """(free text, calls, error) of a completion."""
        if self._parses:
            prefix = self.render([Message("user", _ASK)], None, True)
            return formats.by_template(text, lambda t: self._tokenizer.parse_response(t, prefix=prefix))
        return formats.parse(text, bare=self.bare)

    # -- the conversation in what the template can write

    def _fitted(self, messages: list[Message], tools: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
        if tools and not self.lists_tools:
            schemas = "\n".join(json.dumps(tool.get("function", tool), ensure_ascii=False) for tool in tools)
            text = self._tools_text.replace("{schemas}", schemas)
            first = messages[0] if messages and messages[0].role == "system" else None
            rest = messages[1:] if first else messages
            messages = [Message("system", f"{first.content}\n\n{text}" if first else text), *rest]
        plain: list[Message] = []
        for message in messages:
            answers = bool(plain) and bool(plain[-1].tool_calls)
            if message.role == "assistant":
                message = replace(message, content=formats.without_thinking(message.content))
                if message.tool_calls and not self.shows_calls:
                    written = "\n".join(_hermes(call) for call in message.tool_calls)
                    message = Message("assistant", f"{message.content}\n{written}".strip())
            elif message.role == "tool" and not (self.shows_calls if answers else self.shows_orphans):
                message = Message("user", RESULT.format(text=message.content))
            plain.append(message)
        if plain and plain[0].role == "system" and not self.has_system:
            system, *plain = plain
            if plain and plain[0].role == "user":
                plain[0] = Message("user", f"{system.content}\n\n{plain[0].content}")
            else:
                plain.insert(0, Message("user", system.content))
        return self._dicts(plain if self.takes_repeats else _joined(plain))

    def _dicts(self, messages: Sequence[Message]) -> list[dict[str, Any]]:
        out: list[dict[str, Any]] = []
        calls = 0
        for message in messages:
            plain: dict[str, Any] = {"role": message.role, "content": message.content}
            if message.tool_calls:
                plain["tool_calls"] = []
                for call in message.tool_calls:
                    calls += 1
                    arguments: Any = dict(call.arguments)
                    if self._json_arguments:
                        arguments = json.dumps(arguments, ensure_ascii=False)
                    function = {"name": call.name, "arguments": arguments}
                    plain["tool_calls"].append({"type": "function", "id": f"call{calls:05}", "function": function})
            if message.role == "tool":
                plain["tool_call_id"] = f"call{calls:05}"
            if message.name is not None:
                plain["name"] = message.name
            out.append(plain)
        return out

    def _call(self, messages: list[dict[str, Any]], tools: Any, generation: bool) -> str:
        try:
            return self._tokenizer.apply_chat_template(
                messages,
                tools=list(tools) if tools else None,
                chat_template=self._template,
                add_generation_prompt=generation,
                tokenize=False,
                enable_thinking=False,
                date_string=_DATE,
            )
        except Exception as error:  # jinja raises what a template's author chose
            said = " ".join(str(error).split()) or type(error).__name__
            raise EngineError(f"The chat template of {self._name} refuses this conversation: {said}") from None

    # -- what the template can write

    def _shows(self, messages: list[dict[str, Any]], tools: Any, *wanted: str) -> bool:
        """Whether all of `wanted` stand in what the template writes, in this order."""
        try:
            text = self._call(messages, tools, True)
        except EngineError:
            return False
        at = [text.find(word) for word in wanted]
        return at[0] >= 0 and at == sorted(at)

    def _finds_calls(self) -> bool:
        """Whether a call and its result are shown; finds out whether arguments are wanted as JSON text."""
        turn = [Message("assistant", "", (_CALL,)), Message("tool", _RESULT, name=_NAME)]
        for as_json in (False, True):
            self._json_arguments = as_json
            try:
                text = self._call(self._dicts([Message("user", _ASK), *turn, *turn]), None, True)
            except EngineError:
                continue
            at = [text.find(word, text.find(_ASK)) for word in (_NAME, _VALUE, _RESULT)]
            if at[0] >= 0 and at == sorted(at) and "'keyprobe'" not in text:  # quoted as Python does: not JSON
                return True
        self._json_arguments = False
        return False

    def _reads_back(self) -> bool:
        """Whether we read a call as the template writes it. One that we do not is of no use: the model would be shown,
        and taught, what is then taken for text."""
        self.shows_calls = True
        try:
            _, calls, error = self.parse(self.reply(Message("assistant", "", (_EXAMPLE,))))
        except EngineError:
            return False
        return error is None and calls == (_EXAMPLE,)

    def _example(self) -> str:
        """How a call is to be written, without the end of the turn."""
        if not self.shows_calls:
            return _hermes(_EXAMPLE)
        written = self.reply(Message("assistant", "", (_EXAMPLE,)))
        text = self.reply(Message("assistant", _ASK))
        end = text[text.find(_ASK) + len(_ASK) :] if _ASK in text else ""
        return written.removesuffix(end).strip() if end else written.strip()


def _user(text: str = _ASK) -> dict[str, Any]:
    return {"role": "user", "content": text}


def _hermes(call: ToolCall) -> str:
    return _HERMES.format(
        call=json.dumps({"name": call.name, "arguments": dict(call.arguments)}, ensure_ascii=False, default=str)
    )


def _joined(messages: Sequence[Message]) -> list[Message]:
    """Messages of one role in a row as one; those with calls, and results, stay."""
    out: list[Message] = []
    for message in messages:
        last = out[-1] if out else None
        if last and last.role == message.role and message.role in ("user", "assistant"):
            calls = (*last.tool_calls, *message.tool_calls)
            joined = "\n\n".join(filter(None, (last.content, message.content)))
            out[-1] = Message(message.role, joined, calls)
        else:
            out.append(message)
    return out
