"""Where auto-training's rollouts come from: tasks, and a verdict on each first reply.

Two arenas. `Koans`: the first call of a koan session (`rollout`), judged by rustc and the koan's own tests; a reply that
changes nothing is drawn again there, and one without any call has no tokens to learn from, only a failure to count.
`Problems`: a Python program in the reply, run through its tests in the sandbox (`programs`).

Only what may be trained on gets in: koans of the split train, and no program that stands on another split.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from continualcode.agent import prompts
from continualcode.engine.base import Engine, Message, SampleParams, ToolCall
from continualcode.errors import UserError
from continualcode.evaluate.programs import judge_many
from continualcode.evaluate.rollout import draw_seed
from continualcode.evaluate.workers import rollout_on_all_cores
from continualcode.learn.attempts import Attempt

if TYPE_CHECKING:
    from continualcode.config import Settings
    from continualcode.koans.catalogue import Koan
    from continualcode.learn.problems import Problem
    from continualcode.store.records import EpisodeRecord

NOT_TRAINED_ON = "Auto-training learns from the split train only, and {what}; take --tasks koans or a file of your own."
QUESTION = "{title}\n\n{content}\n\n{starter}Answer with one Python program in a ```python block; it {how}."
STDIN = "reads standard input and writes standard output"
_BLOCK = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)
_CHECK = prompts.AFTER_EDIT.split("{done}")[1].split("{feedback}")[0]  # stands between what was edited and the verdict


class Koans:
    """Koans as an arena; see `learn.auto.Arena`."""

    def __init__(self, koans: Sequence[Koan], settings: Settings) -> None:
        self._koans = {k.id: k for k in koans}
        self._settings = settings
        self.tasks = tuple(self._koans)
        self.hash = _hash([asdict(k) for k in koans])

    def attempt(self, engine: Engine, tasks: Sequence[str], *, samples: int, seed: int) -> list[list[Attempt]]:
        """`samples` first calls of each task, at the settings' `rollout_temperature`."""
        warm = self._settings.rollout_temperature
        episodes = rollout_on_all_cores(
            engine, [self._koans[t] for t in tasks], settings=self._settings, samples=samples, max_attempts=1,
            temperature=warm, retry_temperature=warm, seed=seed, batch=self._settings.eval_batch,
        )  # fmt: skip
        found = [_of_episode(engine, e) for e in episodes]
        return [found[n * samples : (n + 1) * samples] for n in range(len(tasks))]


def _of_episode(engine: Engine, episode: EpisodeRecord) -> Attempt:
    """The first call of an episode, and what was said of it."""
    from continualcode.agent.calls import render, schemas

    system = prompts.system_prompt(engine.profile)
    request = ([Message("system", system)] if system else []) + [Message("user", episode.prompt)]
    tools = tuple(schemas()) if engine.profile == "full" else ()
    asked = tuple(engine.encode(request, tools=tools or None))
    if not episode.tool_calls:
        return Attempt(episode.task_id, tuple(request), tools, asked, (), (), False, "", "")
    first = episode.tool_calls[0]
    return Attempt(
        task=episode.task_id,
        request=tuple(request),
        tools=tools,
        prompt_ids=asked,
        ids=tuple(first.completion_ids),
        logprobs=tuple(first.logprobs),
        passed=first.solved_after,
        feedback=first.result.partition(_CHECK)[2] or first.result,
        answer=f"<tool_call>\n{render(ToolCall(first.tool, first.arguments))}\n</tool_call>",
    )


class Problems:
    """Problems in LiveCodeBench's format as an arena; see `learn.auto.Arena`. Those whose request leaves a model no room
    to answer are not among its `tasks`."""

    def __init__(self, problems: Sequence[Problem], settings: Settings, engine: Engine) -> None:
        room = engine.context_length - settings.max_new_tokens
        asked = {p.id: tuple(engine.encode(question(engine, p))) for p in problems}
        kept = [p for p in problems if len(asked[p.id]) <= room]
        if not kept:
            raise UserError(
                f"None of the {len(problems)} problems leaves room for an answer of {settings.max_new_tokens} tokens "
                f"in the {engine.context_length} that this model reads; set max_new_tokens lower, or model_name."
            )
        self._problems = {p.id: p for p in kept}
        self._asked, self._settings = asked, settings
        self.tasks = tuple(self._problems)
        self.left_out = len(problems) - len(kept)
        self.hash = _hash([asdict(p) for p in kept])

    def attempt(self, engine: Engine, tasks: Sequence[str], *, samples: int, seed: int) -> list[list[Attempt]]:
        """`samples` replies to each problem, at the settings' `rollout_temperature`."""
        drawn = [(t, i) for t in tasks for i in range(samples)]
        settings = self._settings
        params = [
            SampleParams(
                settings.max_new_tokens, settings.rollout_temperature, settings.top_p, draw_seed(seed, t, i, 0)
            )
            for t, i in drawn
        ]
        said = engine.sample([self._asked[t] for t, _ in drawn], params)
        programs = [(program(c.text), self._problems[t]) for (t, _), c in zip(drawn, said, strict=True)]
        judged = judge_many(programs, settings, workers=settings.jobs or os.cpu_count() or 1)
        found = [
            Attempt(
                task=task, request=tuple(question(engine, self._problems[task])), tools=(), prompt_ids=self._asked[task],
                ids=reply.ids, logprobs=reply.logprobs, passed=verdict.passed, feedback=verdict.feedback, answer=f"```python\n{text}```",
            )
            for (task, _), reply, (text, _), verdict in zip(drawn, said, programs, judged, strict=True)
        ]  # fmt: skip
        return [found[n * samples : (n + 1) * samples] for n in range(len(tasks))]


def question(engine: Engine, problem: Problem) -> list[Message]:
    """The conversation that asks for a problem's program."""
    system = prompts.system_prompt(engine.profile)
    starter = f"Begin with:\n```python\n{problem.starter.rstrip()}\n```\n" if problem.starter.strip() else ""
    how = f"defines `{problem.function}`" if problem.function else STDIN
    text = QUESTION.format(title=problem.title, content=problem.content, starter=starter, how=how)
    return ([Message("system", system)] if system else []) + [Message("user", text)]


def program(reply: str) -> str:
    """The program in a reply: its last block of code that is not empty, or nothing."""
    blocks = [b for b in _BLOCK.findall(reply) if b.strip()]
    return blocks[-1].rstrip() + "\n" if blocks else ""


def open_arena(
    tasks: str, pattern: str | None, count: int | None, settings: Settings, engine: Engine
) -> Koans | Problems:
    """The arena that `--tasks` names: `koans` (the split train), or a JSONL file of koans or of problems. Raises
    UserError, also for whatever may not be trained on."""
    from continualcode.evaluate import suite
    from continualcode.koans import catalogue
    from continualcode.learn.problems import read_problems

    if tasks in ("koans", "train"):
        koans = suite.select("train", pattern=pattern)
    elif tasks in ("gate", "test", "all", suite.HELD_BACK_SUITE):
        raise UserError(NOT_TRAINED_ON.format(what=f"`{tasks}` is measured on, never learnt from"))
    else:
        path = Path(tasks).expanduser()
        if not path.is_file():
            raise UserError(f"There are no tasks `{tasks}`: write koans, or the path of a JSONL file.")
        if not _holds_koans(path):
            if pattern:
                raise UserError(f"--pattern chooses among koans, and {path} holds problems; leave it out.")
            return Problems(read_problems(path)[:count], settings, engine)
        koans = suite.select(str(path), pattern=pattern)
        _refuse_measured(koans, catalogue.load(), path)
    if not koans[:count]:
        raise UserError(f"No koan of train has the pattern `{pattern}`; `continualcode list` shows what there is.")
    return Koans(koans[:count], settings)


def _holds_koans(path: Path) -> bool:
    """Whether the first line is a koan; the two formats share no key."""
    try:
        with path.open(encoding="utf-8") as lines:
            first: Any = json.loads(next((line for line in lines if line.strip()), "{}"))
    except (OSError, ValueError):
        return False  # the reader of problems says what is wrong
    return isinstance(first, dict) and "buggy_code" in first


def _refuse_measured(koans: Sequence[Koan], known: Sequence[Koan], path: Path) -> None:
    """Refuse a file with a task of another split, or with the program of one, renamed or not."""
    from continualcode.koans.leaks import corpus_leaks

    for koan in koans:
        if koan.split not in ("", "train"):
            raise UserError(NOT_TRAINED_ON.format(what=f"`{koan.id}` of {path} belongs to {koan.split}"))
    texts = [text for k in koans for text in (k.buggy, k.solution)]
    for leak in corpus_leaks(texts, [k for k in known if k.split != "train"]):
        number = int(leak.other.partition(":")[2])
        raise UserError(NOT_TRAINED_ON.format(what=f"`{koans[number // 2].id}` of {path} is like {leak.koan}"))


def _hash(rows: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()[:16]
