"""The rows as the other rooms see them: frozen values, no session attached.

Ids are strings made by the store (`store.new_id(prefix)`: time-sortable, e.g. `ep_20261120T184502_123456_7f3a`).
Times are ISO-8601 UTC strings. JSON-able fields hold plain dicts and lists.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ToolCallRecord:
    """One turn of an episode: what was sampled, what was asked for, what came back."""

    index: int
    tool: str
    arguments: dict[str, Any]
    result: str
    well_formed: bool
    decision: str = "auto"  # auto, approved, denied, taught, edited
    solved_after: bool = False
    signature: str = ""  # of the check after this call, empty when green or not checked
    completion_ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class EpisodeRecord:
    """One attempt at a task, complete enough to replay. `steps_to_green` is None when never solved;
    `repeat_error`: it failed with a signature that this task (or pattern) had failed with before."""

    id: str
    run_id: str
    task_id: str
    family: str
    pattern: str
    split: str
    prompt: str
    outcome: str  # solved, failed, error, interrupted
    steps_to_green: int | None
    attempts: int
    signatures: list[str]
    first_code: str
    final_code: str
    diff: str
    model: str
    adapter: str | None
    seed: int
    started: str
    seconds: float
    tool_calls: list[ToolCallRecord] = field(default_factory=list)
    repeat_error: bool = False
    unpinned: bool = False
    messages: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class CorrectionRecord:
    """What a user said of a call: kind is deny, edit, note or pair (wrong, right)."""

    id: str
    kind: str
    text: str
    scope: str
    episode_id: str | None
    wrong: str
    right: str
    created: str
    weight: float = 1.0


@dataclass(frozen=True)
class LessonRecord:
    """One correction and the steps it caused. `proof` holds the measured values (learn/proof.py);
    before_ref and after_ref are snapshot folders (undo restores before_ref exactly)."""

    id: str
    correction_id: str
    scope: str
    correction: str
    outcome: str  # took, partly, did_not_take, refused, stopped, undone
    reason: str
    steps: int
    seconds: float
    drift: float
    proof: dict[str, Any]
    settings: dict[str, Any]
    before_ref: str
    after_ref: str
    created: str
    messages: list[dict[str, Any]] = field(default_factory=list)
    denied: str = ""
    approved: str = ""


@dataclass(frozen=True)
class AdapterRecord:
    """An immutable adapter version. status: candidate, promoted (the current one), refused, retired.
    A relative `path` counts from the store's folder; `files_hash` is what its files hashed to when it was
    added (the store fills it in), and is checked again before it becomes current."""

    version: str
    parent: str | None
    base_model: str
    base_hash: str
    path: str
    data_hash: str
    kind: str  # night, lesson, import
    status: str
    metrics: dict[str, Any]
    reasons: list[str]
    created: str
    forced: bool = False
    scope: str = "global"
    files_hash: str = ""


@dataclass(frozen=True)
class EvaluationRecord:
    """One measured suite: `result` is exactly what `eval --json` printed."""

    id: str
    run_id: str
    suite: str
    model: str
    adapter: str | None
    samples: int
    pass_rate: float
    result: dict[str, Any]
    created: str
    night: str | None = None
    cycle: int | None = None
    episodes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class NightRecord:
    """One sleep: the stage it reached and what was decided. A night that is not `done` is resumed or
    discarded by the next."""

    id: str
    stage: str  # curate, train, gate, done, abandoned
    started: str
    finished: str | None
    decision: str  # promoted, refused, nothing_to_learn, error, ""
    reasons: list[str]
    candidate: str | None
    parent: str | None
    dataset_hash: str
    details: dict[str, Any]

    @property
    def version(self) -> str | None:
        """What the night made: the routes in which its candidate answers some errors when those were promoted, else
        the candidate itself."""
        return self.details.get("routed") or self.candidate


@dataclass(frozen=True)
class RunRecord:
    """One command that measured or changed something. status: running, done, failed, interrupted."""

    id: str
    kind: str
    status: str
    settings: dict[str, Any]
    summary: dict[str, Any]
    started: str
    finished: str | None


@dataclass(frozen=True)
class MoveRecord:
    """One move of the pointer to the current adapter; version is None when it went back to the base model."""

    id: int
    scope: str
    action: str  # promote, rollback
    version: str | None
    reasons: list[str]
    forced: bool
    at: str
