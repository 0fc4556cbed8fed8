"""What a night must leave where it is: everyday requests that have nothing to do with repairs."""

from __future__ import annotations

from functools import cache

from continualcode.engine.base import Engine, Example, SampleParams
from continualcode.learn import anchors

HELD = 24  # prompts held in training, drawn anew each night
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


def drift_from_base(engine: Engine) -> float:
    """KL(base‖now), nats a token, exact, on the base model's own answers to the fixed prompts."""
    with engine.adapter_disabled():
        kept = anchors.keep(engine, prompts(engine, WATCHED, WATCHED_SEED), max_new_tokens=TOKENS)
    return anchors.drift(engine, kept)
