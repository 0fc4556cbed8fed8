"""Corrections as lessons, method against method: does it hold without the sentence, how far, and at what price?

`continualcode bench corrections seeds=5`; a slice: `preferences=4 seeds=1 methods=default,sft,hint lessons_each=2`.
Eight habits (something the model can do and does not by default) and eight news (a command its corpus never held),
each from fresh weights: up to `lessons_each` lessons on different prompts in different words, given only where the
model still does otherwise, as a user would. Every method gets the same lessons and the same budget of steps, seconds and
drift. Rivals run at the best of a few learning rates, chosen on other preferences (`TUNING`) that are not reported.

took: the first lesson's own prompt, correction gone; unseen: 20 fresh prompts of the kind after 1, 2, 3, 5, 8 lessons;
retention: fresh prompts of other kinds on which the habit is still the same; drift: KL from the fresh weights on some of
them; a cell is one preference under one method. `hint` answers with the newest correction in every prompt, other kinds included. Each row is written as it is done,
to `home/bench/corrections-<key>.jsonl`; the same command goes on from there. Greedy.

Not measured here: habits of the order of steps and of repairs (the bundled model obeys no such correction); careers of
several preferences and reversals are in `career`.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING, Any, NamedTuple

from continualcode.config import Settings
from continualcode.evaluate.peak import peak_mb, reset_peak

if TYPE_CHECKING:
    from continualcode.engine.base import Engine, Message
    from continualcode.learn.anchors import Anchors
    from continualcode.learn.proof import Habit
    from continualcode.learn.rivals import Method

VERSION = 3  # of what a row means; another number starts afresh
AFTER = (1, 2, 3, 5, 8)
UNSEEN, OTHERS, DRIFT_ON = 20, 48, 12
REPLY_TOKENS = 48
TUNING_LESSONS = 2
WORDINGS = (
    "use {n}", "no, use {n}", "use {n} instead", "we use {n} here", "always use {n}", "please use {n}", "it is {n}", "I want {n}",
)  # fmt: skip


class Preference(NamedTuple):
    """What a user wants of one kind of request (`nursery.chores`; `grep` is its kind of search): that replies begin
    with the words of `want`, or are calls of that tool when `tool`."""

    group: str
    kind: str
    want: str
    tool: bool = False

    @property
    def name(self) -> str:
        return f"{self.kind}: {self.want}"

    def obeyed(self, shown: Habit | None) -> bool:
        """Whether a reply with this habit does what is wanted."""
        if shown is None or self.tool:
            return shown is not None and shown.tool == self.want
        words = tuple(self.want.split())
        return shown.tool == "bash" and shown.words[: len(words)] == words


HABITS = (
    Preference("habits", "test", "cargo nextest run"),
    Preference("habits", "file", "edit_lines", tool=True),
    Preference("habits", "python", "poetry add"),
    Preference("habits", "build", "just build"),
    Preference("habits", "branch", "git switch"),
    Preference("habits", "node", "pnpm add"),
    Preference("habits", "format", "ruff format"),
    Preference("habits", "grep", "rg"),
)
NEWS = (
    Preference("news", "crate", "zubu kati"),
    Preference("news", "deploy", "skaffold run"),
    Preference("news", "migrate", "poga"),
    Preference("news", "run", "devbox run"),
    Preference("news", "lint", "grunt dist"),
    Preference("news", "docs", "geinu oravo"),
    Preference("news", "bench", "tilt ci"),
    Preference("news", "update", "lernu vadi so"),
)
TUNING = (
    Preference("habits", "push", "sl push"),
    Preference("news", "clean", "fastlane beta"),
    Preference("habits", "script", "hatch run"),
    Preference("news", "commit", "mivo tesk"),
)


def run(settings: Settings, say: Callable[[str], None]) -> dict[str, Any]:
    """The table; what was measured before is read, not repeated."""
    from continualcode.engine import load_engine
    from continualcode.learn.rivals import METHODS, method

    methods = [method(n.strip()) for n in settings.methods.split(",") if n.strip()] or list(METHODS.values())
    engine = load_engine(settings)
    rows = Rows(settings.home / "bench" / f"corrections-{key(engine, settings)}.jsonl")
    bench = Bench(engine, settings)
    half = (settings.preferences + 1) // 2 or len(HABITS)
    chosen = [*HABITS[:half], *NEWS[:half]][: settings.preferences or None]
    tuning = TUNING[:2] if 0 < settings.preferences <= 4 else TUNING
    rates = {m.name: best_rate(bench, m, tuning, rows, say) for m in methods}
    for seed in range(settings.seeds):
        for preference in chosen:
            for m in methods:
                bench.once(m, preference, seed, rates[m.name], settings.lessons_each, "main", rows, say)
    found = [
        r for r in rows.all
        if r["phase"] == "main" and r["seed"] < settings.seeds and r["rate"] == rates.get(r["method"], "")
        and r["preference"] in {p.name for p in chosen}
    ]  # fmt: skip
    return {
        "seeds": settings.seeds,
        "preferences": len(chosen),
        "prompts": UNSEEN,
        "model": engine.model_id,
        "model_hash": engine.model_hash,
        "rows": str(rows.path),
        "methods": {m.name: summary([r for r in found if r["method"] == m.name], rates[m.name]) for m in methods},
    }


def key(engine: Engine, settings: Settings) -> str:
    """What rows must share to be put into one table: the model and all that shapes a lesson."""
    from continualcode.learn.record import SHAPING

    shaping = {
        k: getattr(settings, k) for k in (*SHAPING, "proof_prompts", "max_new_tokens", "lesson_seconds", "lessons_each")
    }
    text = json.dumps([VERSION, engine.model_hash, shaping], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class Rows:
    """A file of finished rows; a line that was cut off by a kill is left out, and its row measured again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.all: list[dict[str, Any]] = []
        if path.exists():
            lines = path.read_text(encoding="utf-8").split("\n")
            whole = [line for line in lines[:-1] if line]  # the last one ends with a line feed, or is not whole
            self.all = [json.loads(line) for line in whole]
            path.write_text("".join(line + "\n" for line in whole), encoding="utf-8")

    def find(self, **wanted: Any) -> dict[str, Any] | None:
        return next((r for r in self.all if all(r[k] == v for k, v in wanted.items())), None)

    def add(self, row: dict[str, Any]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as out:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
        self.all.append(row)


class Others(NamedTuple):
    """What the fresh model does on prompts of other kinds."""

    conversations: tuple[Sequence[Message], ...]
    habits: tuple[Habit | None, ...]
    anchors: Anchors


class Bench:
    """The engine and what was found out about its fresh state."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.engine, self.settings = engine, settings
        self._others: dict[tuple[str, int], Others] = {}

    def once(
        self, m: Method, p: Preference, seed: int, rate: float | None, lessons: int, phase: str, rows: Rows, say: Callable[[str], None]
    ) -> dict[str, Any]:  # fmt: skip
        """The row of one course, measured now or before."""
        which: dict[str, Any] = {"phase": phase, "method": m.name, "rate": rate, "preference": p.name, "seed": seed}
        row = rows.find(**which)
        if row is None:
            began = time.monotonic()
            measured: dict[str, Any] = self.course(m, p, seed, rate, lessons)
            row = {**which, "group": p.group, **measured, "cell_seconds": round(time.monotonic() - began, 1)}
            rows.add(row)
            unseen = " ".join(f"{k}:{v:.2f}" for k, v in row["unseen"].items())
            say(
                f"{phase} {m.name:8} {rate or '':6} {p.name:26} seed {seed} took {row['took']!s:5} unseen {unseen} "
                f"kept {row['retention']:.2f} drift {row['drift']:.3f} {fmean(row['seconds'] or [0]):.1f} s a lesson, "
                f"{row['cell_seconds']:.0f} s in all"
            )
        return row

    def course(self, m: Method, p: Preference, seed: int, rate: float | None, lessons: int) -> dict[str, Any]:
        """Lessons of one preference from fresh weights, which are left fresh."""
        from continualcode.learn import anchors as anchoring
        from continualcode.learn.lesson import LessonInput
        from continualcode.learn.pool import Pool
        from continualcode.learn.rehearsal import earlier

        engine = self.engine
        engine.load_adapter(None)
        prompts = conversations(p.kind, lessons + UNSEEN, 50_000 + 1000 * seed)
        given, unseen = prompts[:lessons], prompts[lessons:]
        others = self.others(p.kind, seed)
        words = random.Random(seed).sample(WORDINGS, len(WORDINGS))
        said: list[str] = []
        taught: list[Any] = []
        seconds: list[float] = []
        cpu_seconds: list[float] = []
        outcomes: list[str] = []
        shares: dict[str, float] = {}
        took = False
        reset_peak()

        def replies(some: Sequence[Sequence[Message]]) -> list[Habit | None]:
            return greedy(engine, [m.conversation(c, said, engine.profile) for c in some])

        for i, messages in enumerate(given):
            if p.obeyed(replies([messages])[0]):
                outcomes.append("already")
            else:
                correction = words[i % len(words)].format(n=p.want)
                (denied,) = engine.sample([engine.encode(messages)], _params(self.settings.max_new_tokens))
                own = Pool(lessons=tuple(taught))
                began, cpu = time.monotonic(), time.process_time()
                outcome = m.teach(
                    engine, LessonInput(tuple(messages), denied, correction), self.settings, own, rate=rate
                )
                said.append(correction)
                if outcome is not None:
                    seconds.append(round(time.monotonic() - began, 3))
                    cpu_seconds.append(round(time.process_time() - cpu, 3))
                    outcomes.append(outcome.verdict)
                    item = earlier(engine, messages, correction, denied.text, str(outcome.proof.get("teacher", "")))
                    taught += [item] if item is not None and outcome.verdict in ("took", "partly") else []
            if i == 0:
                took = p.obeyed(replies([messages])[0])
            if i + 1 in AFTER or i + 1 == len(given):
                shares[str(i + 1)] = _share(p.obeyed(h) for h in replies(unseen))
        now = replies(others.conversations)
        row: dict[str, Any] = {
            "took": took,
            "unseen": shares,
            "retention": _share(a == b for a, b in zip(now, others.habits, strict=True)),
            "drift": round(anchoring.drift(engine, others.anchors), 5),
            "seconds": seconds,
            "cpu_seconds": cpu_seconds,
            "outcomes": outcomes,
            "peak_mb": peak_mb(),
        }
        engine.load_adapter(None)
        return row

    def others(self, kind: str, seed: int) -> Others:
        """Fresh prompts on which the fresh model does something else than on this kind."""
        from continualcode.learn import anchors as anchoring
        from continualcode.learn.proof import alike

        if (kind, seed) not in self._others:
            (mine,) = greedy(self.engine, conversations(kind, 1, 90_000 + seed))
            some = conversations("", 2 * OTHERS, 91_000 + 1000 * seed)
            away = [(c, h) for c, h in zip(some, greedy(self.engine, some), strict=True) if h and not alike(mine, h)]
            kept = away[:OTHERS]
            anchors = anchoring.keep(
                self.engine, [self.engine.encode(c) for c, _ in kept[:: max(1, OTHERS // DRIFT_ON)]]
            )
            self._others[kind, seed] = Others(tuple(c for c, _ in kept), tuple(h for _, h in kept), anchors)
        return self._others[kind, seed]


def best_rate(
    bench: Bench, m: Method, tuning: Sequence[Preference], rows: Rows, say: Callable[[str], None]
) -> float | None:
    """The learning rate of a method's sweep with the most obedience times retention on the tuning preferences; the
    lower one of equals. None: the settings' own."""
    if not m.rates:
        return None

    def score(rate: float) -> float:
        found = [bench.once(m, p, 0, rate, TUNING_LESSONS, "sweep", rows, say) for p in tuning]
        return fmean(list(r["unseen"].values())[-1] * r["retention"] for r in found)

    return max(sorted(m.rates), key=score)


def conversations(kind: str, count: int, seed: int) -> list[Sequence[Message]]:
    """Prompts without a correction, none twice in one call as long as the kind has others; all kinds when `kind` is
    empty."""
    from continualcode.nursery import chores

    r = random.Random(seed)
    found: list[Sequence[Message]] = []
    seen: set[str] = set()
    tries = 0
    while len(found) < count:
        tries += 1
        made = chores.search_chore(r, corrected=0.0) if kind == "grep" else chores.chore(r, kind or None, corrected=0.0)
        request = made.messages[0].content
        if (kind == "grep" and made.kind != "grep") or (request in seen and tries < 40 * count):
            continue
        seen.add(request)
        found.append(made.messages)
    return found


def greedy(engine: Engine, some: Sequence[Sequence[Message]]) -> list[Habit | None]:
    """What the model begins to do on each prompt."""
    from continualcode.learn.proof import habit

    drawn = engine.sample([engine.encode(c) for c in some], _params(REPLY_TOKENS))
    return [habit(c.text) for c in drawn]


def summary(rows: Sequence[dict[str, Any]], rate: float | None) -> dict[str, Any]:
    """One method's line of the table, with intervals over preferences."""
    from continualcode.evaluate.stats import bootstrap, wilson

    def mean(values: dict[str, list[float]]) -> dict[str, Any]:
        flat = [v for some in values.values() for v in some]
        found = bootstrap(values) if len(values) > 2 else None  # of one or two preferences it would say nothing
        ci = None if found is None else [round(x, 4) for x in found]
        return {"mean": round(fmean(flat), 4) if flat else None, "ci95": ci}

    def by_preference(some: Sequence[dict[str, Any]], pick: Callable[[dict[str, Any]], Any]) -> dict[str, list[float]]:
        found: dict[str, list[float]] = {}
        for r in some:
            if (value := pick(r)) is not None:
                found.setdefault(r["preference"], []).append(float(value))
        return found

    table: dict[str, Any] = {"learning_rate": rate}
    intervals: dict[str, Any] = {}
    for group in ("habits", "news"):
        own = [r for r in rows if r["group"] == group]
        hits = sum(r["took"] for r in own)
        steps = sorted({k for r in own for k in r["unseen"]}, key=int)
        unseen = {k: mean(by_preference(own, lambda r, k=k: r["unseen"].get(k))) for k in steps}
        table[group] = {
            "took": round(hits / len(own), 4) if own else None,
            "unseen": {k: v["mean"] for k, v in unseen.items()},
            "n": len(own),
        }
        intervals[group] = {
            "took": [round(x, 4) for x in wilson(hits, len(own))],
            "unseen": {k: v["ci95"] for k, v in unseen.items()},
        }
    retention, drift = (mean(by_preference(rows, lambda r, k=k: r[k])) for k in ("retention", "drift"))
    seconds, cpu = ([s for r in rows for s in r[k]] for k in ("seconds", "cpu_seconds"))
    outcomes = [o for r in rows for o in r["outcomes"]]
    table |= {
        "retention": retention["mean"],
        "drift": drift["mean"],
        "seconds_per_lesson": round(median(seconds), 3) if seconds else 0.0,
        "cpu_seconds_per_lesson": round(median(cpu), 3) if cpu else 0.0,
        "seconds_per_cell": round(median(r["cell_seconds"] for r in rows), 1) if rows else 0.0,
        "peak_mb": max((r["peak_mb"] for r in rows), default=0),
        "lessons": len(seconds),
        "outcomes": {o: outcomes.count(o) for o in sorted(set(outcomes))},
    }
    return table | {"ci95": intervals | {"retention": retention["ci95"], "drift": drift["ci95"]}}


def _params(tokens: int) -> Any:
    from continualcode.engine.base import SampleParams

    return SampleParams(max_new_tokens=tokens)


def _share(flags: Any) -> float:
    found = list(flags)
    return round(sum(found) / max(1, len(found)), 4)
