"""Drift: how far the model has moved on prompts that the lesson is not about.

Before the lesson the model's own greedy completions of anchor prompts are kept with its whole distributions;
afterwards the same tokens are scored again. Drift is the mean of KL(before‖after) over completion tokens, exact. Of an engine
without whole distributions two columns are kept, the token and all others together: its drift is never more than the whole one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from continualcode.engine.base import Completion, Engine, SampleParams, Scores
from continualcode.engine.tinker_data import columns
from continualcode.learn.losses import kl


@dataclass(frozen=True)
class Anchors:
    """Completions of the model before, with `logprobs`: float32 [T, V] for each."""

    completions: tuple[Completion, ...]
    logprobs: tuple[torch.Tensor, ...]


@dataclass(frozen=True)
class Drift:
    """`kl`: nats a token; `agreement`: share of tokens whose likeliest choice is still the same; `entropy`
    and `entropy_before`: mean nats a token."""

    kl: float
    agreement: float
    entropy: float
    entropy_before: float

    @property
    def collapsed(self) -> bool:
        """The likeliest token is another one at half of the places, or the model knows nothing any more."""
        return self.agreement < 0.5 or self.entropy > self.entropy_before + 1.5


def keep(engine: Engine, prompts: Sequence[Sequence[int]], *, max_new_tokens: int = 48) -> Anchors:
    """What the model does on these prompts now."""
    drawn = engine.sample(prompts, SampleParams(max_new_tokens=max_new_tokens)) if prompts else []
    return keep_completions(engine, [c for c in drawn if c.ids])


def keep_completions(engine: Engine, completions: Sequence[Completion]) -> Anchors:
    """The same for completions that were drawn already."""
    completions = sorted(completions, key=_length)
    scores = _score(engine, completions)
    return Anchors(tuple(completions), tuple(_rows(s) for s in scores))


def measure(engine: Engine, anchors: Anchors) -> Drift:
    """Drift of the model now against what was kept; zero drift when nothing was."""
    if not anchors.completions:
        return Drift(0.0, 1.0, 0.0, 0.0)
    scores = _score(engine, anchors.completions)
    before = torch.cat(anchors.logprobs)
    after = torch.cat([_rows(s) for s in scores])
    return Drift(
        kl=max(0.0, float(kl(before, after).mean())) if bool(torch.isfinite(after).all()) else float("inf"),
        agreement=float((before.argmax(-1) == after.argmax(-1)).float().mean()),
        entropy=float(-(after.exp() * after).sum(-1).mean()),
        entropy_before=float(-(before.exp() * before).sum(-1).mean()),
    )


def drift(engine: Engine, anchors: Anchors) -> float:
    """`measure(...).kl`."""
    return measure(engine, anchors).kl


def _length(completion: Completion) -> int:
    return len(completion.prompt_ids) + len(completion.ids)


def _rows(scores: Scores) -> torch.Tensor:
    """log-probabilities [T, V], or [T, 2] of the token and the others where the whole is not known."""
    return columns(scores.logprobs_T.double()).float() if scores.full_logprobs_TV is None else scores.full_logprobs_TV


def _score(engine: Engine, completions: Sequence[Completion]) -> list[Scores]:
    """Whole distributions where the engine has them; of completions sorted by length, those of like length are read
    together."""
    if not engine.capabilities.full_distributions:
        return engine.score([(c.prompt_ids, c.ids) for c in completions]) if completions else []
    found: list[Scores] = []
    group: list[Completion] = []
    for completion in completions:
        if group and _length(completion) > 1.5 * _length(group[0]) + 8:
            found += engine.score([(c.prompt_ids, c.ids) for c in group], top_k=-1)
            group = []
        group.append(completion)
    return found + (engine.score([(c.prompt_ids, c.ids) for c in group], top_k=-1) if group else [])
