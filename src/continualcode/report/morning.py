"""The morning report's figures: what a night learnt, what was refused, what changed, what to correct next.

`morning(store, "last")` reads one night out of the store; nothing is measured, and no figure is made that
evaluations, episodes, nights and adapters do not hold. `pages.py` writes it down as Markdown and HTML.

*Before* is the adapter that the night began with, *after* its candidate; where the candidate was never measured
on a suite (a refused one by day), after is what stayed in use. What to correct next comes from the train split
alone: tasks that decide or report are not shown as lessons.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean
from typing import TYPE_CHECKING, Any

from continualcode.errors import UserError
from continualcode.evaluate import metrics
from continualcode.evaluate.stats import Interval, bootstrap, rate_interval
from continualcode.report.forgetting import Forgetting, forgetting
from continualcode.store.records import EpisodeRecord, EvaluationRecord, LessonRecord, MoveRecord, NightRecord

if TYPE_CHECKING:
    from continualcode.store import Store

SUITES = {"train": "train (trained on)", "gate": "gate (decides)", "test": "test (reported only)"}
WEAKNESSES = 8
REGRESSED, GAINED, LOST, BETTER, SAME = "regressed", "gained", "less often", "more often", "same"


@dataclass(frozen=True)
class Value:
    """A measured number with its 95 % interval (None where it has none) over `n` attempts."""

    value: float | None
    interval: Interval | None
    n: int


@dataclass(frozen=True)
class Measured:
    """One suite with one adapter. `steps` are tool calls until solved (median)."""

    adapter: str | None
    tasks: int
    samples: int
    rate: Value
    repeats: Value
    steps: Value


@dataclass(frozen=True)
class Change:
    """A suite before and after. `difference` is of the pass rates, paired by task, `p_gain` the exact test
    on tasks; both None where a side is missing or the weights are the same. `remark`: whose the after is, where it is not the adapter that
    was promoted; `note`: what else there is to know."""

    suite: str
    before: Measured | None
    after: Measured | None
    difference: Value | None
    p_gain: float | None
    remark: str
    note: str = ""


@dataclass(frozen=True)
class TaskChange:
    """A gate task: outcomes of its samples before and after, and what they mean."""

    task: str
    before: tuple[bool, ...]
    after: tuple[bool, ...]

    @property
    def change(self) -> str:
        paired = metrics.compare({self.task: self.before}, {self.task: self.after})
        if paired.regressed:
            return REGRESSED
        if paired.gained:
            return GAINED
        return SAME if paired.before == paired.after else BETTER if paired.after > paired.before else LOST


@dataclass(frozen=True)
class PatternChange:
    """A pattern that the night trained on: examples, and solved attempts of the train split before and after
    ((passed, n), None where not measured)."""

    pattern: str
    examples: int
    before: tuple[int, int] | None
    after: tuple[int, int] | None


@dataclass(frozen=True)
class Weakness:
    """A pattern that still fails: how often, its commonest error, and one failed attempt. `shown` is what the
    compiler said of the task, `ended` what it said last."""

    pattern: str
    failed: int
    n: int
    error: str
    task: str
    episode: str
    shown: str
    ended: str


@dataclass(frozen=True)
class Morning:
    """Everything a morning report says; see the module docstring."""

    night: NightRecord
    model: str
    minutes: float | None
    forced: MoveRecord | None  # when a refused candidate was promoted by hand all the same
    in_use: str | None
    changes: tuple[Change, ...]
    patterns: tuple[PatternChange, ...]
    gate: tuple[TaskChange, ...]
    gate_remark: str
    lessons: tuple[LessonRecord, ...]
    weaknesses: tuple[Weakness, ...]
    weak_of: str
    forgetting: Forgetting
    nights: tuple[NightRecord, ...]
    cycles: tuple[Mapping[str, Any], ...]

    @property
    def unlearnt(self) -> list[LessonRecord]:
        """Lessons of the day that left nothing."""
        return [r for r in self.lessons if r.outcome not in ("took", "partly")]

    @property
    def card(self) -> Mapping[str, Any]:
        """The dataset's card; empty when nothing was curated."""
        return self.night.details.get("card", {})

    @property
    def training(self) -> Mapping[str, Any]:
        return self.night.details.get("training", {})

    @property
    def numbers(self) -> Mapping[str, Any]:
        """What the gate's decision rests on."""
        return self.night.details.get("gate", {})

    def tasks(self, change: str) -> list[str]:
        """Gate tasks that changed like this."""
        return [t.task for t in self.gate if t.change == change]


def find_night(store: Store, name: str) -> NightRecord:
    """A night by id, by the beginning of one, or the newest that was not abandoned (`last`). Raises UserError."""
    if name == "last":
        found = [n for n in store.find("nights", newest=True) if n.stage != "abandoned"]
        if not found:
            raise UserError("No night was slept yet; `continualcode sleep` sleeps one.")
        return found[0]
    exact = store.get_night(name)
    alike = [exact] if exact else store.find_by_prefix("nights", name)
    if len(alike) != 1:
        known = ", ".join(n.id for n in store.find("nights", newest=True, limit=3)) or "none yet"
        what = f"{len(alike)} nights begin with {name}" if alike else f"There is no night {name}"
        raise UserError(f"{what}; the newest are: {known}.")
    return alike[0]


def morning(store: Store, name: str = "last") -> Morning:
    """Read a night's report out of the store. Raises UserError when there is no such night."""
    night = find_night(store, name)
    model = _model(store, night)
    evaluations = [e for e in store.list_evaluations() if e.model == model] if model else []
    changes = tuple(c for suite in SUITES if (c := _change(store, night, suite, evaluations)))
    gate, remark = _gate(night, evaluations)
    day = _after(night, "train", evaluations) or _before(night, "train", evaluations, None)
    nights = store.list_nights()
    current = store.current()
    moves = [m for m in store.moves() if m.forced and m.action == "promote" and m.version == night.version]
    return Morning(
        night=night,
        model=model,
        minutes=_minutes(night),
        forced=moves[-1] if moves and night.candidate else None,
        in_use=current.version if current else None,
        changes=changes,
        patterns=_patterns(night, evaluations),
        gate=gate,
        gate_remark=remark,
        lessons=_lessons(store, night, nights),
        weaknesses=_weaknesses(_episodes(store, day)) if day else (),
        weak_of=_whose(day.adapter) if day else "",
        forgetting=forgetting(store, model),
        nights=tuple(n for n in nights if n.id <= night.id and n.stage != "abandoned"),
        cycles=_cycles(store, night, evaluations),
    )


# -- which measurements


def _model(store: Store, night: NightRecord) -> str:
    for version in (night.candidate, night.parent):
        adapter = store.get_adapter(version) if version else None
        if adapter:
            return adapter.base_model
    near = store.find("evaluations", night=night.id, limit=1) or store.find("evaluations", newest=True, limit=1)
    return near[0].model if near else ""


def _after(night: NightRecord, suite: str, evaluations: Sequence[EvaluationRecord]) -> EvaluationRecord | None:
    """The candidate on a suite: as the night measured it, else as it was measured last; else what this night
    left in use, measured after it."""
    mine = [e for e in evaluations if e.suite == suite]
    candidate = [e for e in mine if night.version and e.adapter == night.version]
    during = [e for e in candidate if e.night == night.id]
    left = [e for e in mine if e.night == night.id and e.adapter == night.parent and e.cycle is not None]
    return (during or candidate[-1:] or left or [None])[0]


def _before(
    night: NightRecord, suite: str, evaluations: Sequence[EvaluationRecord], after: EvaluationRecord | None
) -> EvaluationRecord | None:
    """The night's parent on the same suite, measured before it (or by it), of the same tasks as `after`."""
    found = [
        e
        for e in evaluations
        if e.suite == suite and e.adapter == night.parent and (e.created <= night.started or e.night == night.id)
        and e is not after and (after is None or e.result["by_task"].keys() == after.result["by_task"].keys())
    ]  # fmt: skip
    alike = [e for e in found if after is None or e.samples == after.samples]
    return (alike or found or [None])[-1]


def _change(store: Store, night: NightRecord, suite: str, evaluations: Sequence[EvaluationRecord]) -> Change | None:
    after = _after(night, suite, evaluations)
    before = _before(night, suite, evaluations, after)
    if before is None and after is None:
        return None
    difference = p_gain = None
    if before and after and before.adapter != after.adapter:
        one, two = before.result["by_task"], after.result["by_task"]
        paired = metrics.compare(one, two)
        by_task = {t: [fmean(two[t]) - fmean(one[t])] for t in one}
        n = sum(map(len, two.values()))
        difference, p_gain = Value(paired.after - paired.before, bootstrap(by_task), n), paired.p_gain
    remark = ""
    if after and after.adapter != night.version:
        remark = "the weights stayed as they were"
    elif after is None and night.decision not in ("promoted", ""):
        remark = "not measured again: the weights stayed as they were"
    elif after and night.decision == "refused":
        remark = "the candidate, which was refused"
    weighed = night.details.get("gate", {}) if suite == "gate" else {}
    note = ""
    if difference and weighed and abs((difference.value or 0.0) - (weighed["after"] - weighed["before"])) > 1e-9:
        means = f"{100 * weighed['before']:.1f} → {100 * weighed['after']:.1f} %"
        note = f"with the draws that it repeated, the gate weighed {means}"
    return Change(
        SUITES[suite],
        _measured(store, before, first=before.cycle == 0) if before else None,
        _measured(store, after) if after else None,
        difference,
        p_gain,
        remark,
        note,
    )


def _measured(store: Store, evaluation: EvaluationRecord, *, first: bool = False) -> Measured:
    """An evaluation's figures. `first`: nothing was seen to fail before it, so that what it would repeat if it
    were asked again is every error (as `nights` counts its cycle 0)."""
    result = evaluation.result
    episodes = _episodes(store, evaluation)
    flags: dict[str, list[bool]] = {}
    for episode in episodes:
        flag = bool(metrics.failed_with(episode)) if first else episode.repeat_error
        flags.setdefault(episode.task_id, []).append(flag)
    flat = [flag for row in flags.values() for flag in row]
    steps = result.get("median_steps_ci95")
    n = int(result["n"])
    return Measured(
        adapter=evaluation.adapter,
        tasks=int(result["tasks"]),
        samples=evaluation.samples,
        rate=Value(result["pass_rate"], _pair(result["ci95"]) if n else None, n),
        repeats=Value(fmean(flat) if flat else None, rate_interval(flags) if flat else None, len(flat)),
        steps=Value(result["median_steps_to_green"], _pair(steps), int(result["passed"])),
    )


def _pair(bounds: Sequence[float] | None) -> Interval | None:
    return (bounds[0], bounds[1]) if bounds else None


def _episodes(store: Store, evaluation: EvaluationRecord) -> list[EpisodeRecord]:
    """Its episodes, those of tasks with tests only when there are any, as its own figures count."""
    found = store.find("episodes", id=list(evaluation.episodes)) if evaluation.episodes else []
    return [e for e in found if not e.unpinned] or found


# -- what they say


def _gate(night: NightRecord, evaluations: Sequence[EvaluationRecord]) -> tuple[tuple[TaskChange, ...], str]:
    """Each gate task's outcomes as the gate weighed them, what changed first; and a remark on their source."""
    outcomes: Mapping[str, Sequence[Sequence[bool]]] = night.details.get("gate", {}).get("outcomes", {})
    remark = ""
    if not outcomes and night.candidate:
        after = next((e for e in evaluations if e.suite == "gate" and e.adapter == night.candidate), None)
        before = _before(night, "gate", evaluations, after)
        if before and after:
            one, two = before.result["by_task"], after.result["by_task"]
            outcomes = {t: (one[t], two[t]) for t in one}
            remark = "From the two measurements; the draws that the gate repeated are not among them."
    return task_changes(outcomes), remark


def task_changes(outcomes: Mapping[str, Sequence[Sequence[bool]]]) -> tuple[TaskChange, ...]:
    """Tasks → (before, after) as rows: regressions first, then gains, then what is the same."""
    order = (REGRESSED, LOST, GAINED, BETTER, SAME)
    rows = [TaskChange(t, tuple(before), tuple(after)) for t, (before, after) in outcomes.items()]
    return tuple(sorted(rows, key=lambda row: (order.index(row.change), row.task)))


def _patterns(night: NightRecord, evaluations: Sequence[EvaluationRecord]) -> tuple[PatternChange, ...]:
    trained: Mapping[str, int] = night.details.get("card", {}).get("patterns", {})
    after = _after(night, "train", evaluations)
    before = _before(night, "train", evaluations, after)

    def solved(evaluation: EvaluationRecord | None, pattern: str) -> tuple[int, int] | None:
        row = evaluation.result["by_pattern"].get(pattern) if evaluation else None
        return (row["passed"], row["n"]) if row else None

    rows = [PatternChange(p, n, solved(before, p), solved(after, p)) for p, n in sorted(trained.items())]
    return tuple(sorted(rows, key=lambda r: (r.before or (0, 0))[0] - (r.after or (0, 0))[0]))


def _lessons(store: Store, night: NightRecord, nights: Sequence[NightRecord]) -> tuple[LessonRecord, ...]:
    """Lessons of the day before this night."""
    since = max((n.started for n in nights if n.started < night.started and n.stage == "done"), default="")
    return tuple(r for r in store.list_lessons() if since < r.created <= night.started)


def _weaknesses(episodes: Iterable[EpisodeRecord]) -> tuple[Weakness, ...]:
    """Patterns that fail most often, at most WEAKNESSES of them."""
    groups: dict[str, list[EpisodeRecord]] = {}
    for episode in episodes:
        groups.setdefault(episode.pattern or "none", []).append(episode)
    found = [
        _weakness(pattern, failed, len(group))
        for pattern, group in groups.items()
        if (failed := [e for e in group if e.outcome == "failed"])
    ]
    return tuple(sorted(found, key=lambda w: (-w.failed, -w.failed / w.n, w.pattern))[:WEAKNESSES])


def _weakness(pattern: str, failed: Sequence[EpisodeRecord], n: int) -> Weakness:
    names = Counter(name for e in failed if (name := metrics.failed_with(e)))
    error = names.most_common(1)[0][0] if names else "no check was reached"
    example = next((e for e in failed if metrics.failed_with(e) == error), failed[0])
    last = next((c.result for c in reversed(example.tool_calls) if c.result), "")
    return Weakness(
        pattern, len(failed), n, error, example.task_id, example.id,
        shown=_after_check(example.prompt), ended=_after_check(last),
    )  # fmt: skip


def _after_check(text: str, lines: int = 6) -> str:
    """What the compiler said: what stands after `check:`, its first lines."""
    return "\n".join(text.rsplit("check:\n", 1)[-1].strip().split("\n")[:lines])


def _whose(adapter: str | None) -> str:
    return f"adapter {adapter}" if adapter else "the model without an adapter"


def _cycles(store: Store, night: NightRecord, evaluations: Sequence[EvaluationRecord]) -> tuple[Mapping[str, Any], ...]:
    """The rows of the loop that this night belongs to; none when it was slept alone."""
    for name in dict.fromkeys(e.run_id for e in evaluations if e.night == night.id and e.run_id):
        run = store.get_run(name)
        if run and run.summary.get("cycles"):
            return tuple(run.summary["cycles"])
    return ()


def _minutes(night: NightRecord) -> float | None:
    if not night.finished:
        return None
    return (datetime.fromisoformat(night.finished) - datetime.fromisoformat(night.started)).total_seconds() / 60
