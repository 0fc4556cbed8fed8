"""One lesson after the other on the settings' model, each from the weights without any: what it took and what it cost.

`continualcode bench lesson threads=1`. For each correction: outcome, steps, seconds (of the wall and of the CPU), drift, the
share of fresh prompts of the same kind that obey before and after, and the share of fresh prompts of other kinds
on which the model's habit is the same as before. The prompts it is judged on are not those the lesson learns from.
Last, corrections about something else at the call of another request: a lesson on such a one should be refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from continualcode.config import Settings
from continualcode.engine.base import Completion, Engine, Message, SampleParams

FRESH_SEED = 77_001  # far from the seeds that lessons draw from
UNSEEN, OTHERS = 24, 64


@dataclass(frozen=True)
class Case:
    """A correction, the kind of request that it is typed for (`nursery.chores`), and what obeying begins with:
    a tool's name, or words of a command. `demo`: typed for the demo's first file."""

    correction: str
    kind: str
    tool: str = ""
    words: str = ""
    demo: bool = False


CASES = (
    Case("use edit_lines; don't overwrite", "crate_repair", tool="edit_lines", demo=True),
    Case("use cargo nextest run", "test", words="cargo nextest run"),
    Case("use poetry add", "python", words="poetry add"),
    Case("use zubu kati", "crate", words="zubu kati"),
)

ELSEWHERE = (  # (request, a correction about another kind of request)
    ("run the tests", "use edit_lines; don't overwrite"),
    ("run the tests", "for searching, use rg instead of grep"),
    ("add serde to the dependencies", "run tests with cargo nextest run"),
    ("format the code", "when you install python packages, use poetry add"),
    ("show the git log", "please run tests with make check"),
    ("build the project", "searches go through rg -n here"),
    ("commit the changes with message fix parser", "use cargo nextest run for the tests"),
)


def run(settings: Settings, say: Callable[[str], None]) -> dict[str, Any]:
    """Every case once; the rows that were printed."""
    from continualcode.agent.start import open_engine
    from continualcode.store import Store

    with Store(settings.store_path) as store:
        engine = open_engine(settings.replace(adapter="none"), store)
    rows = [lesson(engine, case, settings) for case in CASES]
    for row in rows:
        say(
            f"{row['correction']!r:36} {row['outcome']:12} {row['steps']:2} steps {row['seconds']:5.1f} s "
            f"({row['cpu_seconds']:.1f} CPU) drift {row['drift']:.3f} unseen {row['unseen_before']:.2f} → "
            f"{row['unseen_after']:.2f} kept {row['kept']:.2f} {row['reason']}"
        )
    elsewhere = [about_something_else(engine, *case, settings) for case in ELSEWHERE]
    for row in elsewhere:
        say(f"{row['correction']!r} at {row['request']!r}: {row['outcome']}")
    refused = sum(row["outcome"] == "refused" for row in elsewhere)
    say(f"{refused} of {len(elsewhere)} corrections about something else refused")
    return {
        "model": engine.model_id, "model_hash": engine.model_hash, "lessons": rows, "about_something_else": elsewhere,
        "refused": refused,
    }  # fmt: skip


def about_something_else(engine: Engine, request: str, correction: str, settings: Settings) -> dict[str, Any]:
    """What becomes of a lesson on a correction that is not about the call it was typed at; the adapter is left fresh."""
    from continualcode.learn.lesson import LessonInput, teach

    engine.load_adapter(None)
    messages = [Message("user", request)]
    (denied,) = greedy(engine, [messages])
    outcome = teach(engine, LessonInput(tuple(messages), denied, correction), settings)
    engine.load_adapter(None)
    return {"request": request, "correction": correction, "outcome": outcome.verdict, "reason": outcome.reason}


def lesson(engine: Engine, case: Case, settings: Settings) -> dict[str, Any]:
    """Teach one case on a fresh adapter and measure it; the adapter is left fresh."""
    from continualcode.learn.lesson import LessonInput, teach
    from continualcode.learn.proof import habit
    from continualcode.nursery.chores import conversations

    engine.load_adapter(None)
    messages = demo_prompt(engine, settings) if case.demo else conversations(case.kind, count=1, seed=FRESH_SEED - 1)[0]
    denied = greedy(engine, [messages])[0]
    mine = habit(denied.text)
    unseen = conversations(case.kind, count=UNSEEN, seed=FRESH_SEED)
    others = conversations(None, count=OTHERS, seed=FRESH_SEED + 1)
    before = [habit(c.text) for c in greedy(engine, others)]
    away = [i for i, h in enumerate(before) if h is not None and (mine is None or not mine.like(h, 2))]
    obeyed_before = share(case, engine, unseen)
    wall, cpu = time.monotonic(), time.process_time()
    outcome = teach(engine, LessonInput(tuple(messages), denied, case.correction), settings)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    after = [habit(c.text) for c in greedy(engine, [others[i] for i in away])]
    kept = [before[i] == h for i, h in zip(away, after, strict=True)]
    row = {
        "correction": case.correction,
        "outcome": outcome.verdict,
        "reason": outcome.reason,
        "steps": outcome.steps,
        "seconds": round(wall, 2),
        "cpu_seconds": round(cpu, 2),
        "drift": round(outcome.drift, 4),
        "unseen_before": obeyed_before,
        "unseen_after": share(case, engine, unseen),
        "kept": round(sum(kept) / max(1, len(kept)), 3),
        "proof": dict(outcome.proof),
    }
    engine.load_adapter(None)
    return row


def demo_prompt(engine: Engine, settings: Settings, path: str = "src/area.rs") -> list[Message]:
    """The conversation of «Fix src/area.rs.» in a copy of the demo crate, up to where the model's edit is due."""
    from continualcode.agent.calls import EDITS
    from continualcode.agent.session import Session
    from continualcode.agent.tools import Toolbox
    from continualcode.demo import workspace

    with workspace() as folder:
        session = Session(engine, Toolbox(Path(folder), settings), max_new_tokens=settings.max_new_tokens)
        session.user(f"Fix {path}.")
        for _ in range(4):
            prompt = session.prompt_ids()
            (completion,) = engine.sample([prompt], SampleParams(max_new_tokens=settings.max_new_tokens))
            turn = session.take(completion)
            if turn.call is None or turn.call.name in EDITS:
                return list(turn.context)
            session.apply(turn.call)
    return list(turn.context)


def greedy(engine: Engine, some: Sequence[Sequence[Message]]) -> list[Completion]:
    return engine.sample([engine.encode(m) for m in some], SampleParams(max_new_tokens=48))


def share(case: Case, engine: Engine, some: Sequence[Sequence[Message]]) -> float:
    """How many of these prompts the model answers as the correction asks."""
    from continualcode.learn.proof import habit

    habits = [habit(c.text) for c in greedy(engine, some)]
    words = tuple(case.words.split())
    obeyed = [
        h is not None and (h.tool == case.tool if case.tool else h.tool == "bash" and h.words[: len(words)] == words)
        for h in habits
    ]
    return round(sum(obeyed) / max(1, len(obeyed)), 3)
