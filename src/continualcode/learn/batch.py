"""What one step of a lesson learns from: examples, made anew for each step from what the lesson found.

The default and its relatives (`distribution`, `token`, `sft`) learn the denied call, the retry and the spread. The
rivals (`classic`, `sdft`, `gkd`, `dpo`, `grpo`, `hybrid`) learn what their papers say, on the lesson's own prompt and
as many of the spread as fit, with the same anchors: the same data, another loss. Not here: the losses (`losses`), and
how often to step (`lesson`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch

from continualcode.engine.base import Completion, Engine, Example, SampleParams
from continualcode.learn.losses import Distil, Imitate, Prefer, Reinforce, group_advantages
from continualcode.learn.proof import Trial, call_of

if TYPE_CHECKING:
    from continualcode.config import Settings

STEP_TOKENS = 2400  # padded, of all that one step learns from
DENIED_WEIGHT = 0.5
RIVAL_PROMPTS = 4  # that a rival learns from in one step, the lesson's own among them
RIVALS = frozenset(("classic", "sdft", "gkd", "dpo", "grpo", "hybrid"))
DISTRIBUTIONS = frozenset(("distribution", "sdft", "gkd", "hybrid"))  # losses that need whole ones

Attempt = tuple[tuple[int, ...], tuple[float, ...] | None]  # ids, and their log-probabilities when sampled


@dataclass(frozen=True)
class Taught:
    """One prompt with its teacher: ids of both prompts and what is to be learnt there; `habit`: what the model did
    there before (at times cut off), with its log-probabilities."""

    plain: tuple[int, ...]
    told: tuple[int, ...]
    ids: tuple[int, ...]
    trial: Trial
    habit: tuple[int, ...] = ()
    habit_logprobs: tuple[float, ...] | None = None

    @property
    def turn(self) -> tuple[int, ...]:
        """`ids` up to the token where they part from the habit: there the lesson is decided."""
        return self.ids[: same(self.ids, self.habit) + 1]


@dataclass
class Material:
    """What a lesson found. `guided`: the teacher supports the retry, so that it is distilled, not imitated; `held`:
    completions to stay as they are; `rehearsed`: the same of earlier lessons' prompts; `forgotten`: earlier lessons
    that are obeyed no more; `room`: most tokens of a rollout."""

    own: Taught
    guided: bool
    room: int
    spreads: list[Taught] = field(default_factory=list)
    held: list[Completion] = field(default_factory=list)
    rehearsed: list[Completion] = field(default_factory=list)
    forgotten: list[Taught] = field(default_factory=list)


def loss_of(settings: Settings) -> Distil:
    """The loss that the settings name, ready for an engine."""
    s = settings
    form = "token" if s.loss in ("token", "classic") else "top_k" if s.top_k else "distribution"
    shared: dict[str, Any] = {
        "form": form, "alpha": s.alpha, "top_k": s.top_k or 64, "ratio_clip": s.ratio_clip, "teacher": s.teacher,
        "teacher_rate": s.teacher_rate, "mask_first": s.mask_first, "learning_rate": s.learning_rate,
        "weight_decay": s.weight_decay, "grad_clip": s.grad_clip, "ratio_floor": s.ratio_floor, "centre": s.centre,
        "reference_weight": s.reference_weight,
    }  # fmt: skip
    if s.loss == "sft":
        return Imitate(**shared)
    if s.loss == "dpo":
        return Prefer(**shared, beta=s.dpo_beta)
    if s.loss in ("grpo", "hybrid"):
        return Reinforce(**shared, reward_share=1.0 if s.loss == "grpo" else s.reward_share)
    return Distil(**shared)


def make(
    engine: Engine,
    material: Material,
    settings: Settings,
    step: int,
    *,
    wrong: Attempt | None,
    attempt: Attempt,
    hold: float,
) -> list[Example]:
    """The examples of a step; empty when there is nothing to learn from in it. `wrong`: what the model does in place
    of the taught call, up to where they part (None: it obeys); `attempt`: its last whole reply; `hold`: weight of
    the anchors."""
    if settings.loss in RIVALS:
        batch = _rival(engine, material, settings, step, attempt)
        if not batch:
            return []
        held = turn(material.held, step, settings.anchors)
        weight = hold * settings.anchor_weight * len(batch) / max(1, len(held))
        batch += [Example(c.prompt_ids, c.ids, anchor=True, weight=weight) for c in held if weight > 0]
    else:
        batch = _default(material, settings, step, wrong, hold)
    hold_earlier = hold * settings.anchor_weight
    batch += [
        Example(c.prompt_ids, c.ids, anchor=True, weight=hold_earlier)
        for c in turn(material.rehearsed, step, settings.rehearse if hold_earlier > 0 else 0)
    ]
    again = turn(material.forgotten, step, settings.rehearse)
    told = settings.loss not in ("sft", "dpo")  # these two learn calls, not distributions
    return batch + [Example(i.plain, i.ids, i.told if told else None, alpha=0.0) for i in again]


def _default(material: Material, settings: Settings, step: int, wrong: Attempt | None, hold: float) -> list[Example]:
    """As many examples as fit. `alpha=0` (forward KL) reaches tokens the student gives no mass. A long prompt of the
    lesson's own is only in every other step, since all the others are padded to it."""
    own, imitate = material.own, settings.loss == "sft"

    def taught(item: Taught, weight: float, guided: bool = True) -> Example:
        teacher = None if imitate or not guided else item.told
        return Example(item.plain, item.ids, teacher, weight=weight, alpha=0.0)

    widths = sorted(len(i.plain) + len(i.ids) for i in material.spreads)
    width = widths[-1] if widths else 0
    batch: list[Example] = []
    if step % 2 == 0 or not widths or len(own.plain) + len(own.ids) <= 1.2 * width:
        width = max(width, len(own.plain) + len(own.ids))
        batch.append(taught(own, settings.retry_weight, material.guided))
        if wrong is not None and not imitate:
            batch.append(Example(own.plain, wrong[0], own.told, weight=DENIED_WEIGHT, old_logprobs=wrong[1]))
    room = max(6, STEP_TOKENS // width) - len(batch)
    anchors = min(settings.anchors, max(room // 2, room - len(material.spreads)), len(material.held))
    spread = turn(material.spreads, step, room - anchors)
    batch += [taught(item, 1.0) for item in spread]
    held = turn(material.held, step, anchors)
    weight = hold * settings.anchor_weight * len(batch) / max(1, len(held))
    # Once more what decides: one token among the many of a whole call would be learnt last.
    turns = [replace(i, ids=i.turn) for i in spread[: max(0, (room - len(spread) - len(held)) // 3)]]
    batch += [taught(item, 1.0) for item in turns]
    for i, c in enumerate(turn(material.held, step + 1, 2 * len(turns))):
        at = len(turns[i // 2].ids)
        batch.append(Example(c.prompt_ids, c.ids[:at], anchor=True, weight=hold * settings.anchor_weight))
    batch += [Example(c.prompt_ids, c.ids, anchor=True, weight=weight) for c in held if weight > 0]
    return batch


def _rival(engine: Engine, material: Material, settings: Settings, step: int, attempt: Attempt) -> list[Example]:
    items = [material.own, *turn(material.spreads, step, RIVAL_PROMPTS - 1)]

    def drawn(some: Sequence[Taught], each: int) -> list[tuple[Taught, list[Completion]]]:
        """Rollouts of these prompts by the student as it is now."""
        params = SampleParams(material.room, settings.rollout_temperature, seed=settings.seed + 7919 * (step + 1))
        found = engine.sample([i.plain for i in some for _ in range(each)], params) if some else []
        return [(item, found[n * each : (n + 1) * each]) for n, item in enumerate(some)]

    def distilled(some: Sequence[Taught]) -> list[Example]:
        return [Example(i.plain, c.ids, i.told) for i, (c,) in drawn(some, 1) if c.ids]

    if settings.loss == "classic":
        whole = replace(material.own, habit=attempt[0], habit_logprobs=attempt[1])
        return [
            Example(i.plain, i.habit, i.told, old_logprobs=i.habit_logprobs) for i in (whole, *items[1:]) if i.habit
        ]
    if settings.loss == "dpo":
        return [Example(i.plain, i.ids, rejected_ids=i.habit) for i in items if i.habit]
    if settings.loss == "sdft":
        return distilled(items)
    if settings.loss == "gkd":
        r = random.Random(settings.seed + 104_729 * (step + 1))
        own_words = [r.random() < settings.on_policy for _ in items]
        given = [i for i, mine in zip(items, own_words, strict=True) if not mine]
        rolled = [i for i, mine in zip(items, own_words, strict=True) if mine]
        return [Example(i.plain, i.ids, i.told) for i in given] + distilled(rolled)
    batch: list[Example] = []
    for item, group in drawn(items, settings.rollouts):
        rewards = torch.tensor([float(item.trial.passed(call_of(engine, c))) for c in group])
        for completion, advantage in zip(group, group_advantages(rewards).tolist(), strict=True):
            if completion.ids and (advantage or settings.loss == "hybrid"):
                told = item.told if settings.loss == "hybrid" else None
                batch.append(
                    Example(item.plain, completion.ids, told, old_logprobs=completion.logprobs, advantage=advantage)
                )
    return batch


def same(a: Sequence[int], b: Sequence[int]) -> int:
    """At how many tokens two sequences begin alike; less than `len(a)`."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b) + 1) - 1)


def turn(items: Sequence[Any], step: int, count: int) -> list[Any]:
    """The next `count` items round a ring: each step goes on where the step before ended."""
    count = min(count, len(items))
    return [items[(step * count + i) % len(items)] for i in range(count)]
