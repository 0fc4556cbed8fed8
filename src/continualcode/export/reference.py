"""What an export is held against: fixed prompts, the source's own greedy answers to them, and their log-probabilities.

The prompts are repair requests of the train split, written without a compiler, so that every machine asks the same.
An export whose reader gives other log-probabilities than the source is an error, and is not left behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from continualcode.engine.base import Message
from continualcode.errors import UserError

if TYPE_CHECKING:
    from continualcode.engine.local import LocalEngine

PROMPTS = 8
NEW_TOKENS = 48
TOLERANCE = {"float32": 2e-3, "bfloat16": 0.15, "float16": 0.05}  # nats a token, by the type of the weights


class ExportError(UserError):
    """An export that cannot be made, or whose reader does not see what the source holds."""


@dataclass(frozen=True)
class Reference:
    """`asked`: the conversations; `texts`: the same as the chat template writes them; `items`: (prompt ids, completion ids); `logprobs`: of each
    completion token under the source (nats); `tolerance`: the largest difference that counts as equal."""

    asked: tuple[tuple[Message, ...], ...]
    texts: tuple[str, ...]
    items: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
    logprobs: tuple[tuple[float, ...], ...]
    tolerance: float


@dataclass(frozen=True)
class Compared:
    """One reader's verdict: how many tokens were compared, and the largest difference (nats)."""

    reader: str
    tokens: int
    worst: float


def conversations() -> list[list[Message]]:
    """The fixed prompts: one user message each, of a koan from every family in turn."""
    from continualcode.agent.prompts import repair_request
    from continualcode.koans import catalogue

    koans = sorted(catalogue.load(split="train"), key=lambda koan: (koan.id.split("_")[1], koan.id))[:PROMPTS]
    return [[Message("user", repair_request("src/lib.rs", k.buggy, f"error[{k.expected_error}]"))] for k in koans]


def of(engine: LocalEngine) -> Reference:
    """The reference of the weights that the engine holds now, over the prompts that its context has room for. Raises
    ExportError when there are none."""
    from continualcode.engine.base import SampleParams

    room = engine.context_length - NEW_TOKENS
    asked = [messages for messages in conversations() if len(engine.encode(messages)) <= room]
    if not asked:
        raise ExportError(f"{engine.model_id} reads {engine.context_length} tokens, too few for an export's prompts.")
    texts = tuple(engine.chat.render(messages, None, True) for messages in asked)
    drawn = engine.sample([engine.encode(m) for m in asked], SampleParams(max_new_tokens=NEW_TOKENS))
    items = tuple((c.prompt_ids, c.ids) for c in drawn)
    logprobs = tuple(tuple(s.logprobs_T.tolist()) for s in engine.score(items))
    return Reference(
        tuple(map(tuple, asked)), texts, items, logprobs, TOLERANCE[str(engine.causal.dtype).removeprefix("torch.")]
    )


def compare(reader: str, reference: Reference, logprobs: Sequence[Sequence[float]]) -> Compared:
    """The reader's log-probabilities beside the source's. Raises ExportError when they differ by more than the
    tolerance, or are not there for every token."""
    if [len(row) for row in logprobs] != [len(row) for row in reference.logprobs]:
        raise ExportError(f"{reader} did not score every token of the export, so it was not kept.")
    pairs = zip(reference.logprobs, logprobs, strict=True)
    differences = [abs(a - b) for ours, theirs in pairs for a, b in zip(ours, theirs, strict=True)]
    worst = max(differences, default=0.0)
    if not worst <= reference.tolerance:  # also when it is not a number
        raise ExportError(
            f"{reader} reads other weights from the export than the source has (log-probabilities differ by up to "
            f"{worst:.3g} nats, {reference.tolerance:g} is allowed), so it was not kept."
        )
    return Compared(reader, len(differences), worst)
