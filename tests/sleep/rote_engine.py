"""A model that learns by rote: a deterministic stand-in for weights, behind the engine's whole contract.

Its one weight a pattern is how often it saw a repair of an error code. What it saw once it repairs, from the
answers it was given; what it never saw it leaves alone (an edit that changes nothing). Ids are bytes.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import load_file, save_file

from continualcode.agent.calls import render
from continualcode.engine.base import Capabilities, Completion, LearnReport, Message, SampleParams, Scores, ToolCall
from continualcode.engine.calls import parse_reply
from continualcode.sleep.examples import repair_call

PATH = "src/lib.rs"
_CODE = re.compile(r"error\[(E\d+)\]")


class Rote:
    """See the module docstring. `answers`: buggy file → repaired file. `born`: codes it knows from birth."""

    model_id = "rote"
    capabilities = Capabilities(trains=True, full_distributions=True, teacher_kinds=("base",), hot_swap=True)
    profile: Literal["compact", "full"] = "compact"
    context_length = 20_000

    def __init__(self, answers: Mapping[str, str], born: Sequence[str] = ()) -> None:
        self.model_hash = "rote-1"
        self.adapter_ref: str | None = None
        self.answers = {_listing(buggy): (buggy, fixed) for buggy, fixed in answers.items()}
        self.born = frozenset(born)
        self.seen: dict[str, int] = {}
        self.off = False

    # -- text
    def encode(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        generation_prompt: bool = True,
    ) -> list[int]:
        return list("\x00".join(f"{m.role}:{m.content}{''.join(map(_call, m.tool_calls))}" for m in messages).encode())

    def encode_reply(self, message: Message) -> list[int]:
        return list((message.content + "".join(map(_call, message.tool_calls))).encode())

    def decode(self, ids: Sequence[int]) -> str:
        return bytes(ids).decode()

    def parse(self, text: str) -> tuple[str, tuple[ToolCall, ...], str | None]:
        return parse_reply(text)

    # -- what it says
    def sample(
        self, prompts: Sequence[Sequence[int]], params: SampleParams | Sequence[SampleParams], **_: Any
    ) -> list[Completion]:
        return [self._say(self.decode(p), p) for p in prompts]

    def _say(self, prompt: str, ids: Sequence[int]) -> Completion:
        request = prompt.split("\x00")[0]
        listing = request.split(".\n", 1)[-1].split("\ncheck:\n")[0]
        codes = _CODE.findall(request)
        known = self.born if self.off else self.born | {c for c, n in self.seen.items() if n > 0}
        call = ToolCall(
            "edit_lines", {"path": PATH, "start": 1, "end": 1, "text": listing.split("\n")[0].split("|", 1)[-1]}
        )
        if codes and codes[0] in known and listing in self.answers:
            call = repair_call(PATH, *self.answers[listing])
        text = _call(call)
        said = tuple(text.encode())
        return Completion(tuple(ids), said, (-0.1,) * len(said), text)

    def score(self, items: Sequence[tuple[Sequence[int], Sequence[int]]], *, top_k: int = 0) -> list[Scores]:
        found: list[Scores] = []
        for prompt, ids in items:
            right = bytes(ids) == bytes(self._say(self.decode(prompt), prompt).ids)
            full = torch.log(torch.tensor([[0.5, 0.5]])).repeat(len(ids), 1)
            found.append(Scores(torch.full((len(ids),), -0.1 if right else -3.0), full_logprobs_TV=full))
        return found

    # -- what it learns
    def learn(self, examples: Sequence[Any], loss: Any) -> LearnReport:
        for e in examples:
            codes = _CODE.findall(self.decode(e.student_ids))
            if not e.anchor and codes:
                self.seen[codes[0]] = self.seen.get(codes[0], 0) + 1
        return LearnReport(1.0 / (1 + sum(self.seen.values())), 1.0, True, 0.0, 1)

    def mark_reference(self) -> None:
        return None

    def snapshot(self) -> Any:
        return dict(self.seen), self.adapter_ref

    def restore(self, snapshot: Any) -> None:
        self.seen, self.adapter_ref = dict(snapshot[0]), snapshot[1]

    @contextlib.contextmanager
    def adapter_disabled(self) -> Iterator[None]:
        self.off = True
        yield
        self.off = False

    # -- files
    def save_adapter(self, folder: Path) -> None:
        partial = folder.with_name(f".{folder.name}.part")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        (partial / "adapter_config.json").write_text(json.dumps({"r": 1, "lora_alpha": 1}))
        names = sorted(self.seen)
        tensors = {f"{n}.lora_A.weight": torch.ones(1, 1) for n in names}
        tensors |= {f"{n}.lora_B.weight": torch.tensor([[float(self.seen[n])]]) for n in names}
        save_file(tensors, str(partial / "adapter_model.safetensors"))
        partial.rename(folder)

    def load_adapter(self, folder: Path | None) -> None:
        tensors = load_file(str(folder / "adapter_model.safetensors")) if folder else {}
        self.seen = {n.split(".")[0]: int(t) for n, t in tensors.items() if "lora_B" in n}
        self.adapter_ref = folder.name if folder else None

    save_state = save_adapter

    def load_state(self, folder: Path) -> None:
        ref = self.adapter_ref
        self.load_adapter(folder)
        self.adapter_ref = ref

    def fresh_adapter(self, *, rank: int, alpha: float, targets: Sequence[str], seed: int) -> None:
        self.seen, self.adapter_ref = {}, None


class Jealous(Rote):
    """Forgets what it was born with as soon as it learns anything else, so that the gate refuses it for everything."""

    def _say(self, prompt: str, ids: Any) -> Any:
        born, self.born = self.born, frozenset() if self.seen and not self.off else self.born
        try:
            return super()._say(prompt, ids)
        finally:
            self.born = born


def _listing(source: str) -> str:
    from continualcode.agent.prompts import numbered

    return numbered(source)


def _call(call: ToolCall) -> str:
    return f"<tool_call>\n{render(call)}\n</tool_call>"
