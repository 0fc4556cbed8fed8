"""Graded rollouts, and what a step of auto-training learns from them; no weight is moved here.

SDPO (arXiv 2601.20802): a failed rollout is scored again by a teacher whose prompt has what the environment said of it
and a sibling's success; never the sample's own success, and never its own failed text, which a teacher parrots. In
`hybrid` every rollout also has a reward, less its group's mean. Ours: a teacher that finds a failure no less likely than
the model did is not followed; a small model often makes nothing of the feedback. Also here: the figures that show a model collapsing.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import torch

from continualcode.engine.base import Engine, Example, Message
from continualcode.learn.lesson import told
from continualcode.learn.losses import group_advantages

METHODS = ("pure_sdpo", "hybrid")
SUCCESS = "a correct solution:\n{answer}"
FEEDBACK = "an earlier try failed:\n{feedback}"
GRAM = 4  # tokens; see `repetition`


@dataclass(frozen=True)
class Attempt:
    """One rollout of a task. `request`: the conversation it answers; `ids` with their `logprobs` (nats, as they were
    drawn; empty when nothing usable was said); `feedback`: what the environment said of it; `answer`: how it is shown to
    a sibling's teacher when it passed."""

    task: str
    request: tuple[Message, ...]
    tools: tuple[dict[str, Any], ...]
    prompt_ids: tuple[int, ...]
    ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    passed: bool
    feedback: str
    answer: str


def teacher_prompt(engine: Engine, group: Sequence[Attempt], index: int) -> tuple[int, ...] | None:
    """Ids of the teacher's prompt for one rollout of a group: the request with a sibling's success and the feedback; what
    does not fit the model's context is left out, the feedback first. None when there is nothing to tell."""
    own = group[index]
    sibling = next((a for j, a in enumerate(group) if j != index and a.passed and a.answer and a.ids != own.ids), None)
    success = SUCCESS.format(answer=sibling.answer) if sibling else ""
    feedback = FEEDBACK.format(feedback=own.feedback) if own.feedback else ""
    for words in dict.fromkeys(("\n".join(filter(None, (success, feedback))), success, feedback)):
        if words:
            conversation = told(own.request, words, profile=engine.profile)
            ids = tuple(engine.encode(conversation, tools=own.tools or None))
            if len(ids) + len(own.ids) <= engine.context_length:
                return ids
    return None


def examples(engine: Engine, groups: Sequence[Sequence[Attempt]], method: str) -> list[Example]:
    """What a step learns from: failed rollouts with their teachers, and in `hybrid` the rewards of all of them."""
    made: list[Example] = []
    for group in groups:
        advantages = group_advantages(torch.tensor([float(a.passed) for a in group])).tolist()
        for i, attempt in enumerate(group):
            if not attempt.ids:
                continue
            teacher = None if attempt.passed else teacher_prompt(engine, group, i)
            advantage = advantages[i] if method == "hybrid" else None
            if teacher is not None or advantage:
                made.append(
                    Example(
                        attempt.prompt_ids, attempt.ids, teacher, old_logprobs=attempt.logprobs, advantage=advantage
                    )
                )
    return made


def look(engine: Engine, taught: Sequence[Example], teacher: str) -> list[float | None]:
    """How much likelier the teacher finds each example's rollout than the model that drew it did: mean of log q − log π
    over its tokens, nats; None without a teacher. Of a failed rollout it is below zero when the teacher knows better."""
    asked = [i for i, e in enumerate(taught) if e.teacher_ids is not None]
    with _as(engine, teacher):
        scores = engine.score([(taught[i].teacher_ids or (), taught[i].completion_ids) for i in asked]) if asked else []
    found: list[float | None] = [None] * len(taught)
    for i, score in zip(asked, scores, strict=True):
        drawn = taught[i].old_logprobs or ()
        found[i] = (float(score.logprobs_T.sum()) - sum(drawn)) / len(drawn)
    return found


def _as(engine: Engine, teacher: str) -> AbstractContextManager[None]:
    """The teacher's weights for the time of a `with`."""
    if teacher in ("base", "trust_region"):
        return engine.adapter_disabled()
    as_teacher = getattr(engine, "as_teacher", None)  # an engine without it has no weights of another time
    return nullcontext() if as_teacher is None else as_teacher(teacher)


def without_doubtful(taught: Sequence[Example], gaps: Sequence[float | None]) -> list[Example]:
    """The examples without the teachers that find a failed rollout no less likely than the model did: what they were told
    is lost on them, and following them would make the failure likelier. Without teacher and reward nothing remains."""
    kept: list[Example] = []
    for example, gap in zip(taught, gaps, strict=True):
        if gap is None or gap < 0:
            kept.append(example)
        elif example.advantage:
            kept.append(replace(example, teacher_ids=None))
    return kept


def figures(groups: Sequence[Sequence[Attempt]]) -> dict[str, float]:
    """What a step's rollouts look like. `pass_rate`; `mixed`: share of groups with both outcomes; `entropy`: mean
    −log π of the drawn tokens, nats; `length`: mean tokens of a rollout; `repetition`: see there, mean over rollouts;
    `distinct`: distinct rollouts of a group over its size, mean over groups."""
    attempts = [a for group in groups for a in group]
    said = [a for a in attempts if a.ids]
    tokens = sum(len(a.ids) for a in said)
    return {
        "pass_rate": sum(a.passed for a in attempts) / len(attempts),
        "mixed": sum(len({a.passed for a in group}) == 2 for group in groups) / len(groups),
        "entropy": -sum(sum(a.logprobs) for a in said) / max(1, tokens),
        "length": tokens / max(1, len(said)),
        "repetition": sum(repetition(a.ids) for a in said) / max(1, len(said)),
        "distinct": sum(len({a.ids for a in group}) / len(group) for group in groups) / len(groups),
    }


def repetition(ids: Sequence[int]) -> float:
    """Share of runs of `GRAM` tokens that stood earlier in the same rollout, in [0, 1); 0 for a short one."""
    runs = [tuple(ids[i : i + GRAM]) for i in range(len(ids) - GRAM + 1)]
    return 1 - len(set(runs)) / len(runs) if runs else 0.0
