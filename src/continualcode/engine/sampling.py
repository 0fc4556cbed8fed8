"""The sampling loop: batched, left-padded, with a key/value cache, finished rows dropped on the way.

A row's draw depends on its own seed only: its uniform numbers are drawn beforehand from its own generator, and a
token is where the cumulative distribution passes the number. Log-probabilities are those of the untempered model,
also where a grammar narrows the choice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import torch

from continualcode.engine.base import SampleParams
from continualcode.engine.grammar import Automaton, CallGrammar, Constraint


class Decoder(Protocol):
    """What the loop needs of a model: a cache in the making."""

    def prefill(self, ids_B_L: torch.Tensor, mask_B_L: torch.Tensor, new_tokens: int) -> torch.Tensor:
        """Read left-padded prompts; logits [B, V] of the next token."""
        ...

    def step(self, ids_B: torch.Tensor) -> torch.Tensor:
        """Read one more token a row; logits [B, V]."""
        ...

    def keep(self, rows: torch.Tensor) -> None:
        """Only these rows go on."""
        ...


class TransformersDecoder:
    """Any causal LM of transformers, through its own forward and DynamicCache."""

    def __init__(self, causal: Any) -> None:
        self.causal = causal

    def prefill(self, ids_B_L: torch.Tensor, mask_B_L: torch.Tensor, new_tokens: int) -> torch.Tensor:
        from transformers import DynamicCache

        rows, self.length = ids_B_L.shape
        self.cache = DynamicCache(config=self.causal.config)
        self.padded = not bool(mask_B_L.all())
        tail = mask_B_L.new_ones(rows, new_tokens)
        self.mask = torch.cat([mask_B_L, tail], dim=1)
        positions = (mask_B_L.cumsum(1) - 1).clamp(min=0)
        self.next_position = positions[:, -1:] + 1
        return self._forward(ids_B_L, positions)

    def step(self, ids_B: torch.Tensor) -> torch.Tensor:
        self.length += 1
        logits = self._forward(ids_B[:, None], self.next_position)
        self.next_position = self.next_position + 1
        return logits

    def keep(self, rows: torch.Tensor) -> None:
        self.cache.batch_select_indices(rows)
        self.mask, self.next_position = self.mask[rows], self.next_position[rows]

    def _forward(self, ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        output = self.causal(
            input_ids=ids,
            attention_mask=self.mask[:, : self.length] if self.padded else None,
            position_ids=positions,
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=1,
        )
        return output.logits[:, -1]


@dataclass
class Row:
    """One sequence being drawn."""

    index: int
    prompt: Sequence[int]
    params: SampleParams
    stream: int
    limit: int
    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    stop: Literal["end", "length", "cancelled"] = "length"


@torch.inference_mode()
def draw(
    decoder: Decoder,
    rows: Sequence[Row],
    *,
    stop_ids: frozenset[int],
    pad_id: int,
    device: torch.device,
    on_row: Callable[[Row], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    automaton: Callable[[CallGrammar], Automaton] | None = None,
) -> None:
    """Fill `ids`, `logprobs` and `stop` of each row. `on_row` is called after each new token of a row;
    `automaton` gives that of a row's grammar (without it grammars are passed over)."""
    live = [row for row in rows if row.limit > 0]
    if not live:
        return
    longest = max(len(row.prompt) for row in live)
    ids = torch.tensor([[pad_id] * (longest - len(r.prompt)) + list(r.prompt) for r in live], device=device)
    mask = torch.tensor([[0] * (longest - len(r.prompt)) + [1] * len(r.prompt) for r in live], device=device)
    steps = max(row.limit for row in live)
    choice = _Choice(live, steps, device)
    logits = decoder.prefill(ids, mask, steps)
    held: Constraint | None = None
    if automaton is not None and any(row.params.grammar is not None for row in live):
        held = Constraint([row.params.grammar for row in live], automaton, logits.shape[-1])
    for t in range(steps):
        if cancelled is not None and cancelled():
            for row in live:
                row.stop = "cancelled"
            return
        allowed = held.allowed([row.limit - t for row in live], device) if held is not None else None
        tokens, logprobs = choice(logits.float(), t, allowed)
        going: list[int] = []
        for place, (row, token, logprob) in enumerate(zip(live, tokens.tolist(), logprobs.tolist(), strict=True)):
            row.ids.append(token)
            row.logprobs.append(logprob)
            if held is not None:
                held.take(place, token)
            if token in stop_ids:
                row.stop = "end"
            elif len(row.ids) < row.limit:
                going.append(place)
            if on_row is not None:
                on_row(row)
        if not going:
            return
        if len(going) < len(live):
            kept = torch.tensor(going, device=device)
            decoder.keep(kept)
            choice.keep(kept)
            if held is not None:
                held.keep(going)
            tokens, live = tokens[kept], [live[i] for i in going]
        logits = decoder.step(tokens)


class _Choice:
    """Picks the next token of each row: greedy, or by the row's own uniform numbers."""

    def __init__(self, rows: Sequence[Row], steps: int, device: torch.device) -> None:
        self.drawn = any(row.params.temperature > 0 for row in rows)
        if not self.drawn:
            return
        self.nucleus = any(row.params.top_p < 1 for row in rows)
        numbers = torch.empty(len(rows), steps, dtype=torch.float64)
        for i, row in enumerate(rows):
            seed = (row.params.seed * 1_000_003 + row.stream * 7_919 + 1) & 0x7FFF_FFFF_FFFF_FFFF
            numbers[i] = torch.rand(steps, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        self.numbers = numbers.to(device)
        self.temperature = torch.tensor([r.params.temperature for r in rows], device=device)[:, None]
        self.top_p = torch.tensor([r.params.top_p for r in rows], device=device, dtype=torch.float64)[:, None]

    def keep(self, rows: torch.Tensor) -> None:
        if self.drawn:
            self.numbers, self.temperature, self.top_p = self.numbers[rows], self.temperature[rows], self.top_p[rows]

    def __call__(
        self, logits_B_V: torch.Tensor, t: int, allowed_B_V: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        open_ = logits_B_V if allowed_B_V is None else logits_B_V.masked_fill(~allowed_B_V, float("-inf"))
        greedy = open_.argmax(-1)
        tokens = torch.where(self.temperature[:, 0] > 0, self._sampled(open_, t), greedy) if self.drawn else greedy
        logprobs = logits_B_V.gather(1, tokens[:, None])[:, 0] - logits_B_V.logsumexp(-1)
        return tokens, logprobs

    def _sampled(self, logits_B_V: torch.Tensor, t: int) -> torch.Tensor:
        probs = (logits_B_V / self.temperature.clamp(min=1e-6)).double().softmax(-1)
        order = None
        if self.nucleus:  # keep the smallest set of likeliest tokens that holds top_p
            probs, order = probs.sort(dim=-1, descending=True, stable=True)
            probs = probs.masked_fill(probs.cumsum(-1) - probs >= self.top_p, 0.0)
        mass = probs.cumsum(-1)
        place = torch.searchsorted(mass, self.numbers[:, t : t + 1] * mass[:, -1:], right=True)
        last = (probs > 0).long().cumsum(-1).argmax(-1, keepdim=True)  # rounding must not reach a zero tail
        place = torch.minimum(place, last)
        return (place if order is None else order.gather(1, place))[:, 0]
