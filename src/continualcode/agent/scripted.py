"""A model that says what it was told to say, in order: deterministic, without weights.

For demonstrations and tests of everything around a model. `model_name=scripted:FILE` loads one; FILE is a
JSON list of replies, each a text or a call `{"name", "arguments"}`. After the last reply it says `Done.`.
It does not train: what needs weights is refused with a sentence.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from continualcode.agent.calls import render
from continualcode.engine.base import Capabilities, Completion, EngineError, Message, SampleParams, ToolCall
from continualcode.engine.calls import parse_reply
from continualcode.errors import UserError


def reply(call: ToolCall, text: str = "") -> str:
    """A completion that asks for one call."""
    return f"{text}<tool_call>\n{render(call)}\n</tool_call>"


class ScriptedEngine:
    """The sampling part of the engine's contract. Token ids are the bytes of the text."""

    model_hash = "scripted"
    adapter_ref: str | None = None
    capabilities = Capabilities(trains=False, full_distributions=False, teacher_kinds=(), hot_swap=False)

    def __init__(
        self,
        replies: Sequence[str],
        *,
        profile: Literal["compact", "full"] = "compact",
        context_length: int = 100_000,
        model_id: str = "scripted",
    ) -> None:
        self.replies = list(replies)
        self.profile: Literal["compact", "full"] = profile
        self.context_length = context_length
        self.model_id = model_id
        self.prompts: list[str] = []  # every prompt that was sampled from, in order

    @staticmethod
    def load(path: Path) -> ScriptedEngine:
        """A script from its file. Raises UserError."""
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            replies = [r if isinstance(r, str) else reply(ToolCall(r["name"], r.get("arguments", {}))) for r in raw]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(
                f"The script {path} cannot be read ({error}); it is a JSON list of texts and calls."
            ) from None
        return ScriptedEngine(replies, model_id=f"scripted:{path.name}")

    def encode(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        generation_prompt: bool = True,
    ) -> list[int]:
        text = json.dumps(list(tools)) + "\n" if tools else ""
        for m in messages:
            calls = "".join(reply(c) for c in m.tool_calls)
            text += f"<|im_start|>{m.role}\n{m.content}{calls}<|im_end|>\n"
        return list((text + ("<|im_start|>assistant\n" if generation_prompt else "")).encode())

    def encode_reply(self, message: Message) -> list[int]:
        return list((message.content + "".join(reply(c) for c in message.tool_calls) + "<|im_end|>").encode())

    def decode(self, ids: Sequence[int]) -> str:
        return bytes(ids).decode("utf-8", "replace")

    def parse(self, text: str) -> tuple[str, tuple[ToolCall, ...], str | None]:
        return parse_reply(text)

    def sample(
        self,
        prompts: Sequence[Sequence[int]],
        params: SampleParams | Sequence[SampleParams],
        *,
        on_text: Callable[[int, str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> list[Completion]:
        out: list[Completion] = []
        for i, prompt in enumerate(prompts):
            if cancelled is not None and cancelled():
                out.append(Completion(tuple(prompt), (), (), "", "cancelled"))
                continue
            self.prompts.append(self.decode(prompt))
            text = self.replies.pop(0) if self.replies else "Done."
            if on_text is not None:
                on_text(i, text)
            ids = tuple(text.encode())
            out.append(Completion(tuple(prompt), ids, (0.0,) * len(ids), text))
        return out

    def score(self, items: Any, *, top_k: int = 0) -> Any:
        raise EngineError("A scripted model has no probabilities; use a real model.")

    def learn(self, examples: Any, loss: Any) -> Any:
        raise EngineError("A scripted model does not learn; use a real model, or enable_training=false.")

    def mark_reference(self) -> None:
        return None

    def snapshot(self) -> Any:
        return None

    def save_state(self, folder: Path) -> None:
        raise EngineError("A scripted model has no weights to save.")

    def load_state(self, folder: Path) -> None:
        raise EngineError("A scripted model has no weights to load.")

    def restore(self, snapshot: Any) -> None:
        return None

    @contextlib.contextmanager
    def adapter_disabled(self) -> Iterator[None]:
        yield

    def save_adapter(self, folder: Path) -> None:
        raise EngineError("A scripted model has no adapter.")

    def load_adapter(self, folder: Path | None) -> None:
        if folder is not None:
            raise EngineError("A scripted model takes no adapter; use adapter=none.")

    def fresh_adapter(self, *, rank: int, alpha: float, targets: Sequence[str], seed: int) -> None:
        return None
