"""What is counted over episodes, defined once.

An episode *fails with* the signature its last check gave. A **repeat error** is an episode that fails
with a signature that an earlier failed episode of the same task, or of the same pattern, failed with.
Its rate is over all episodes, so that it falls as tasks are solved and as failures become new ones.
**Retention** is the share of tasks that passed before and still pass; **forgetting** is one minus that.
**Steps to green** are tool calls until solved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean, median

from continualcode.evaluate.stats import mcnemar_exact, rate_interval
from continualcode.store.records import EpisodeRecord


def failed_with(episode: EpisodeRecord) -> str:
    """The signature an unsolved episode ended with; empty when it was solved or never checked."""
    if episode.outcome == "solved":
        return ""
    return next((s for s in reversed(episode.signatures) if s), "")


@dataclass
class FailureHistory:
    """Signatures that tasks and patterns have failed with so far."""

    seen: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def of(cls, episodes: Iterable[EpisodeRecord]) -> FailureHistory:
        history = cls()
        for episode in episodes:
            history.add(episode)
        return history

    @staticmethod
    def _keys(episode: EpisodeRecord) -> list[tuple[str, str]]:
        name = failed_with(episode)
        if not name:
            return []
        owners = [f"task {episode.task_id}"] + ([f"pattern {episode.pattern}"] if episode.pattern else [])
        return [(owner, name) for owner in owners]

    def repeats(self, episode: EpisodeRecord) -> bool:
        """True when this task or pattern failed with the same signature before."""
        return any(key in self.seen for key in self._keys(episode))

    def add(self, episode: EpisodeRecord) -> None:
        self.seen.update(self._keys(episode))


def mark_repeats(episodes: Sequence[EpisodeRecord], history: FailureHistory) -> list[EpisodeRecord]:
    """The same episodes with `repeat_error` set, in order; `history` grows as they pass by."""
    marked: list[EpisodeRecord] = []
    for episode in episodes:
        marked.append(replace(episode, repeat_error=history.repeats(episode)))
        history.add(episode)
    return marked


def passes_by_task(episodes: Iterable[EpisodeRecord]) -> dict[str, list[bool]]:
    """Outcomes of each task's samples, in order; tasks sorted by id."""
    found: dict[str, list[bool]] = {}
    for episode in episodes:
        found.setdefault(episode.task_id, []).append(episode.outcome == "solved")
    return dict(sorted(found.items()))


def steps_by_task(episodes: Iterable[EpisodeRecord]) -> dict[str, list[float]]:
    """Steps to green of each solved sample."""
    found: dict[str, list[float]] = {}
    for episode in episodes:
        if episode.steps_to_green is not None:
            found.setdefault(episode.task_id, []).append(float(episode.steps_to_green))
    return found


def median_steps(episodes: Iterable[EpisodeRecord]) -> float | None:
    """Median tool calls until solved, over solved episodes; None when none was."""
    steps = [s for values in steps_by_task(episodes).values() for s in values]
    return float(median(steps)) if steps else None


def well_formed_rate(episodes: Iterable[EpisodeRecord]) -> float | None:
    """Share of turns whose tool call parsed and fitted its schema; None without a turn."""
    turns = [call.well_formed for episode in episodes for call in episode.tool_calls]
    return fmean(turns) if turns else None


def tally(episodes: Sequence[EpisodeRecord]) -> dict[str, object]:
    """`{n, passed, pass_rate, ci95}` of a group of episodes; n counts episodes."""
    passed = sum(e.outcome == "solved" for e in episodes)
    low, high = rate_interval(passes_by_task(episodes))
    return {
        "n": len(episodes),
        "passed": passed,
        "pass_rate": passed / len(episodes) if episodes else None,
        "ci95": [low, high],
    }


@dataclass(frozen=True)
class Paired:
    """Two evaluations of the same tasks, compared. Rates are means over tasks of the share of samples
    that passed. `regressed`: tasks that passed every sample before and fewer than half after. `gained`:
    tasks whose majority turned from fail to pass. `p_gain`: one-sided exact test on majority outcomes."""

    tasks: int
    before: float
    after: float
    retention: float
    gained: tuple[str, ...]
    regressed: tuple[str, ...]
    p_gain: float

    @property
    def forgetting(self) -> float:
        return 1.0 - self.retention


def compare(before: Mapping[str, Sequence[bool]], after: Mapping[str, Sequence[bool]]) -> Paired:
    """Pair two evaluations by task. Retention weighs each task by how often it passed before: the mean,
    over those, of min(after, before) / before, so that sampling noise upward does not hide a loss."""
    if set(before) != set(after):
        raise ValueError("the two evaluations are not of the same tasks")
    tasks = sorted(before)
    share_before = {t: fmean(before[t]) for t in tasks}
    share_after = {t: fmean(after[t]) for t in tasks}
    kept = sum(min(share_after[t], share_before[t]) for t in tasks)
    had = sum(share_before.values())
    return Paired(
        tasks=len(tasks),
        before=fmean(share_before.values()) if tasks else 0.0,
        after=fmean(share_after.values()) if tasks else 0.0,
        retention=kept / had if had else 1.0,
        gained=tuple(t for t in tasks if share_before[t] < 0.5 <= share_after[t]),
        regressed=tuple(t for t in tasks if share_before[t] == 1.0 and share_after[t] < 0.5),
        p_gain=mcnemar_exact([share_before[t] >= 0.5 for t in tasks], [share_after[t] >= 0.5 for t in tasks]),
    )
