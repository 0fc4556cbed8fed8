"""What a night must leave where it is: everyday requests that have nothing to do with repairs, and the repairs
that the weights before the night make of programs of other patterns, right or wrong."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from continualcode.engine.base import Engine, Example, SampleParams
from continualcode.learn import anchors

if TYPE_CHECKING:
    from continualcode.sleep.curate import Item

HELD = 32  # prompts held in training, drawn anew each night
REPAIRS = 96  # first turns of repairs held in training
WATCHED = 32  # prompts on which drift is measured, the same ones always
WATCHED_SEED = 97_531
TOKENS = 48


@cache
def _conversations(count: int, seed: int):
    from continualcode.nursery.chores import conversations

    return conversations(count=count, seed=seed)


def prompts(engine: Engine, count: int, seed: int) -> list[list[int]]:
    """Ids of `count` chores without any correction, each ending where an assistant turn is due."""
    from continualcode.agent.calls import schemas

    tools = schemas() if engine.profile == "full" else None
    made = [engine.encode(c, tools=tools) for c in _conversations(count, seed)]
    return [ids for ids in made if len(ids) + TOKENS <= engine.context_length]


def anchor_examples(engine: Engine, seed: int) -> list[Example]:
    """Anchors for training: what the weights in the engine answer now."""
    drawn = engine.sample(prompts(engine, HELD, seed), SampleParams(max_new_tokens=TOKENS))
    return [Example(c.prompt_ids, c.ids, anchor=True) for c in drawn if c.ids]


def repair_anchors(engine: Engine, items: Sequence[Item]) -> list[Example]:
    """Anchors for training: the greedy first call that the weights in the engine make of these programs now, as whole
    distributions. (The programs' right repairs are replayed beside them; these hold what surrounds that.)"""
    from continualcode.sleep.curate import PATH
    from continualcode.sleep.examples import first_prompt

    asked = [first_prompt(engine, PATH, i.buggy, i.feedback) for i in items[:REPAIRS]]
    asked = [ids for ids in asked if len(ids) + 2 * TOKENS <= engine.context_length]
    drawn = [
        c for start in range(0, len(asked), 16)
        for c in engine.sample(asked[start : start + 16], SampleParams(max_new_tokens=2 * TOKENS))
    ]  # fmt: skip
    return [Example(c.prompt_ids, c.ids, anchor=True) for c in drawn if c.ids]


def drift_from_base(engine: Engine) -> float:
    """KL(base‖now), nats a token, exact, on the base model's own answers to the fixed prompts."""
    with engine.adapter_disabled():
        kept = anchors.keep(engine, prompts(engine, WATCHED, WATCHED_SEED), max_new_tokens=TOKENS)
    return anchors.drift(engine, kept)
