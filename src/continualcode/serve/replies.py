"""What a completion says, in OpenAI's words: the text that may be shown, tool calls, log-probabilities, why it ended."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from continualcode.engine.base import Completion, Engine, Scores, ToolCall

_THINK, _THOUGHT = "<think>", re.compile(r"<think>.*?</think>\s*", re.DOTALL)
_CALLS = ("<tool_call>", "<function=")


@dataclass(frozen=True)
class Answer:
    """A completion as it is answered. `finish`: stop, length or tool_calls; `weights`: the name of those that spoke."""

    id: str
    created: int
    model: str
    weights: str
    text: str
    calls: tuple[ToolCall, ...]
    finish: str
    tokens_in: int
    tokens_out: int
    logprobs: tuple[dict[str, Any], ...] | None = None

    @property
    def usage(self) -> dict[str, int]:
        total = self.tokens_in + self.tokens_out
        return {"prompt_tokens": self.tokens_in, "completion_tokens": self.tokens_out, "total_tokens": total}

    def tool_calls(self) -> list[dict[str, Any]]:
        """The calls, each with an id of its own."""
        ids = [f"call_{self.id.rpartition('-')[2]}_{n}" for n in range(len(self.calls))]
        return [
            {"id": name, "type": "function", "function": {"name": c.name, "arguments": json.dumps(dict(c.arguments))}}
            for name, c in zip(ids, self.calls, strict=True)
        ]

    def body(self) -> dict[str, Any]:
        """The answer in one piece."""
        message: dict[str, Any] = {"role": "assistant", "content": self.text or None, "refusal": None}
        if self.calls:
            message["tool_calls"] = self.tool_calls()
        elif not self.text:
            message["content"] = ""
        choice = {"index": 0, "message": message, "logprobs": self._logprobs(), "finish_reason": self.finish}
        return {**head(self.id, self.created, self.model, "chat.completion"), "system_fingerprint": self.weights,
                "choices": [choice], "usage": self.usage}  # fmt: skip

    def _logprobs(self) -> dict[str, Any] | None:
        return None if self.logprobs is None else {"content": list(self.logprobs), "refusal": None}

    def last_chunks(self, shown: str, usage: bool) -> list[dict[str, Any]]:
        """What is left to stream behind the text that was shown: the rest of it, calls, the end, the usage."""
        rest = self.text[len(shown) :] if self.text.startswith(shown) else ""
        deltas: list[dict[str, Any]] = [{"content": rest}] if rest else []
        deltas += [{"tool_calls": [{"index": n, **call}]} for n, call in enumerate(self.tool_calls())]
        chunks = [self.chunk(delta) for delta in deltas]
        end = self.chunk({})
        end["choices"][0] |= {"finish_reason": self.finish, "logprobs": self._logprobs()}
        chunks.append(end)
        if usage:
            chunks.append({**self.chunk({}), "choices": [], "usage": self.usage})
        return chunks

    def chunk(self, delta: Mapping[str, Any]) -> dict[str, Any]:
        """One piece of a stream."""
        return {**chunk(self.id, self.created, self.model, delta), "system_fingerprint": self.weights}


def head(id: str, created: int, model: str, kind: str) -> dict[str, Any]:
    """What every answer begins with."""
    return {"id": id, "object": kind, "created": created, "model": model}


def chunk(id: str, created: int, model: str, delta: Mapping[str, Any]) -> dict[str, Any]:
    """One piece of a stream, before the answer is known."""
    choice = {"index": 0, "delta": dict(delta), "logprobs": None, "finish_reason": None}
    return {**head(id, created, model, "chat.completion.chunk"), "choices": [choice]}


def visible(text: str, *, calls: bool, stops: Sequence[str] = (), done: bool = False) -> str:
    """The part of a growing reply that may be shown: no thoughts, no calls (`calls`: there are tools), nothing from a
    stop text on, and nothing that may yet turn out to begin one of these, unless the reply is `done`."""
    tags = (_THINK, *(_CALLS if calls else ()), *stops)
    shown = ""
    parts = _THOUGHT.split(text)
    for n, part in enumerate(parts):
        cut = min((at for tag in tags if (at := part.find(tag)) >= 0), default=-1)
        if cut >= 0:
            shown += part[:cut]
            break
        begun = 0 if done or n + 1 < len(parts) else _begun(part, tags)
        shown += part[: len(part) - begun]
    return shown.strip() if calls else shown


def _begun(text: str, tags: Sequence[str]) -> int:
    """How many characters at the end of a text may turn out to begin a tag."""
    return max((n for tag in tags for n in range(1, len(tag)) if text.endswith(tag[:n])), default=0)


def stopped(text: str, stops: Sequence[str]) -> int:
    """Where the first stop text begins, −1 when there is none."""
    return min((at for stop in stops if (at := text.find(stop)) >= 0), default=-1)


def cut_off(engine: Engine, completion: Completion, at: int) -> Completion:
    """A completion up to a character: the text, and the tokens that lie within it."""
    kept = 0
    while kept < len(completion.ids) and len(engine.decode(completion.ids[: kept + 1])) <= at:
        kept += 1
    ids, logprobs = completion.ids[:kept], completion.logprobs[:kept]
    return Completion(completion.prompt_ids, ids, logprobs, completion.text[:at], "end")


def read(
    engine: Engine, completion: Completion, tools: Sequence[Mapping[str, Any]]
) -> tuple[str, tuple[ToolCall, ...]]:
    """(free text, calls) of a completion. Calls are read where tools were offered; one that is malformed or names no
    tool stays text, so that the client sees what was said."""
    if not tools:
        return visible(completion.text, calls=False, done=True), ()
    text, calls, error = engine.parse(completion.text)
    schemas = {tool["function"]["name"]: tool["function"]["parameters"] for tool in tools}
    if error is not None or any(call.name not in schemas for call in calls):
        return _THOUGHT.sub("", completion.text).strip(), ()
    return text, tuple(typed(call, schemas[call.name]) for call in calls)


def typed(call: ToolCall, schema: Mapping[str, Any]) -> ToolCall:
    """A call whose values have the types that its tool asks for: models write them as raw text."""
    described = schema.get("properties", {})
    return ToolCall(call.name, {k: _typed(v, described.get(k, {}).get("type")) for k, v in call.arguments.items()})


def _typed(value: Any, kind: Any) -> Any:
    if not isinstance(value, str) or kind in (None, "string"):
        return value
    try:
        read_ = json.loads(value)
    except (ValueError, RecursionError):
        return value
    wanted = {"integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict}.get(str(kind))
    if wanted is None or not isinstance(read_, wanted) or (isinstance(read_, bool) and kind != "boolean"):
        return value
    return read_


def logprobs(engine: Engine, completion: Completion, best: Scores | None) -> tuple[dict[str, Any], ...]:
    """Each token with its log-probability (nats) under the untempered model; `best`: the likeliest at each place. The
    end of the turn is not told, as with others."""
    rows: list[dict[str, Any]] = []
    for n, (id_, logprob) in enumerate(zip(completion.ids, completion.logprobs, strict=True)):
        if completion.stop == "end" and n == len(completion.ids) - 1 and _ends(engine, completion):
            break
        top: list[dict[str, Any]] = []
        if best is not None and best.topk_ids_TK is not None and best.topk_logprobs_TK is not None:
            pairs = zip(best.topk_ids_TK[n].tolist(), best.topk_logprobs_TK[n].tolist(), strict=True)
            top = [_token(engine, other, value) for other, value in pairs]
        rows.append({**_token(engine, id_, logprob), "top_logprobs": top})
    return tuple(rows)


def _ends(engine: Engine, completion: Completion) -> bool:
    """Whether the last token is the end of the turn, which is no part of the text."""
    return engine.decode(completion.ids) != completion.text


def _token(engine: Engine, id: int, logprob: float) -> dict[str, Any]:
    text = engine.decode([id])
    return {"token": text, "logprob": logprob, "bytes": None if "\ufffd" in text else list(text.encode())}
