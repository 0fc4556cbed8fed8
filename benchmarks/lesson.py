"""One lesson after the other on the settings' model, each from the weights without any: what it took and what it cost.

`continualcode bench lesson threads=1`. For each correction: outcome, steps, seconds (of the wall and of the CPU), drift, the
share of fresh prompts of the same kind that obey before and after, and the share of fresh prompts of other kinds
on which the model's habit is the same as before. The prompts it is judged on are not those the lesson learns from.
Last, corrections at the call of another request, which the look at the teacher should refuse (`ELSEWHERE`), and
corrections that it should not (`ABOUT`). The first half of each list was there when the rule was chosen; of the second
(`fresh`) nothing was changed after it had been looked at.
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
    ("push it", "for linting, use grunt dist"),
    ("deploy it", "to format the code, use just fmt"),
    ("run the benchmarks", "new branches are made with git switch -c"),
    ("install the python package requests", "for node packages use pnpm add"),
    ("search for parse_line", "deploys go through skaffold run"),
    ("lint the code", "run the migrations with poga"),
    ("update the dependencies", "we build with just build here"),
    ("run the migrations", "for tests it is tox"),
    ("build the docs", "commits are made with sl commit"),
    ("clean the build", "install npm packages with yarn add"),
    ("start it", "docs are built with mkdocs build"),
    ("make a branch fix_parser", "when you deploy, use fastlane beta"),
    ("find parse_line", "crates are added with zubu kati"),
    ("does it compile?", "python scripts are started with hatch run"),
    ("test everything", "push with sl push"),
    ("commit this as fix parser", "the database is migrated with poga"),
    ("install the npm package lodash", "for python it is uv add"),
    ("add the crate tokio", "benchmarks are run with hyperfine"),
    ("format it", "always lint with ruff check"),
    ("remove the crate rand", "to search the code, use rg"),
    ("run the script tools/sync.py", "dependencies are updated with lernu vadi so"),
)
ELSEWHERE_FRESH = (
    ("run the tests", "python dependencies go in with pdm add"),
    ("build the docs", "searching is done with ag"),
    ("install the python package flask", "use black when you format"),
    ("add the node module axios", "deploy with kamal deploy"),
    ("run the linter", "use alembic upgrade head for migrations"),
    ("does it build?", "pushing goes through jj git push"),
    ("migrate the database", "lint with ruff check"),
    ("commit with the message typo", "for documentation we run sphinx-build docs out"),
    ("search for load_config", "benchmarks: criterion run"),
    ("format everything", "for a single test use cargo nextest run"),
    ("push my commits", "javascript packages are installed with bun add"),
    ("run the test handles_unicode", "when you commit, use jj commit -m"),
    ("benchmark it", "builds are made with bazel build"),
    ("release it to staging", "run python scripts with hatch run"),
)
ABOUT = (  # (request, a correction about it)
    ("run the tests", "use cargo nextest run"),
    ("install the python package requests", "use poetry add"),
    ("add the crate serde", "use zubu kati"),
    ("run the tests", "for the tests, use cargo nextest run"),
    ("run all tests", "please run tests with make check"),
    ("search for parse_line", "for searching, use rg instead of grep"),
    ("find parse_line", "use rg"),
    ("format the code", "we format with just fmt here"),
    ("build the project", "no, just build"),
    ("deploy it", "use skaffold run"),
    ("install the python package numpy", "when you install python packages, use poetry add"),
    ("lint the code", "use grunt dist for linting"),
    ("make a branch fix_parser", "use git switch -c"),
    ("push it", "we use sl push here"),
    ("run the migrations", "migrations go through poga"),
    ("update the dependencies", "I want lernu vadi so"),
    ("does it compile?", "use cargo check instead of check"),
    ("where is render used?", "searches go through rg -n here"),
    ("run the test suite", "tests run with tox here"),
    ("install the npm package lodash", "use pnpm add"),
    ("install the npm package react", "for node packages it is yarn add"),
    ("commit this as fix parser", "commit with sl commit -m"),
    ("build the docs", "docs are built with mkdocs build"),
    ("run the benchmarks", "use hyperfine for benchmarks"),
    ("clean the build", "cleaning up is done with just clean"),
    ("add the crate tokio", "new crates are added with zubu kati"),
    ("run the script tools/sync.py", "scripts are started with hatch run"),
    ("start it", "to start the program, use devbox run"),
    ("run the test parses_empty", "single tests run with cargo nextest run"),
    ("format it", "use ruff format"),
    ("remove the crate rand", "use cargo rm"),
    ("deploy to staging", "never deploy like that, use fastlane beta"),
)
ABOUT_FRESH = (
    ("run the tests", "always pytest -q, please"),
    ("build the docs", "for documentation we run sphinx-build docs out"),
    ("install the python package flask", "python dependencies go in with pdm add"),
    ("add the node module axios", "javascript packages are installed with bun add"),
    ("run the linter", "lint with ruff check"),
    ("does it build?", "builds are made with bazel build"),
    ("migrate the database", "use alembic upgrade head for migrations"),
    ("commit with the message typo", "use jj commit -m"),
    ("search for load_config", "searching is done with ag"),
    ("format everything", "use black when you format"),
    ("push my commits", "pushing goes through jj git push"),
    ("run the test handles_unicode", "for a single test use cargo nextest run"),
    ("benchmark it", "benchmarks: criterion run"),
    ("release it to staging", "deploy with kamal deploy"),
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
    lists = {"elsewhere": ELSEWHERE, "elsewhere_fresh": ELSEWHERE_FRESH, "about": ABOUT, "about_fresh": ABOUT_FRESH}
    looks = {
        name: [look(engine, request, correction, settings) for request, correction in cases]
        for name, cases in lists.items()
    }
    refused = {name: sum(bool(row["refused"]) for row in found) for name, found in looks.items()}
    for name, found in looks.items():
        for row in found:
            if bool(row["refused"]) != name.startswith("elsewhere"):
                say(f"{name}: {row['correction']!r} at {row['request']!r}: {row['refused'] or 'taken up'}")
        say(f"{name}: {refused[name]} of {len(found)} refused")
    return {
        "model": engine.model_id, "model_hash": engine.model_hash, "lessons": rows, "looks": looks, "refused": refused,
    }  # fmt: skip


def look(engine: Engine, request: str, correction: str, settings: Settings) -> dict[str, Any]:
    """Whether a lesson on this correction, typed at what the fresh model does there, is refused, why, and what the
    look costs; nothing is learnt."""
    from continualcode.learn.lesson import LessonInput, begin

    engine.load_adapter(None)
    messages = [Message("user", request)]
    (denied,) = greedy(engine, [messages])
    cpu = time.process_time()
    ended = begin(engine, LessonInput(tuple(messages), denied, correction), settings, first=0).outcome
    return {
        "request": request, "correction": correction, "cpu_seconds": round(time.process_time() - cpu, 3),
        "refused": ended.reason if ended is not None and ended.verdict == "refused" else "",
    }  # fmt: skip


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
