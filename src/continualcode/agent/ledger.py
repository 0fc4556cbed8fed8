"""What a session leaves behind: its run, an episode for each request, corrections, and the transcript.

The transcript (`runs/<id>/transcript.json`) is written whole after every call, so that a session that was
killed can be gone on with. Rows go to the store; a note, a denial or an edit is a correction at once, whether
a lesson follows or not.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

from continualcode.agent import files
from continualcode.agent.calls import plain
from continualcode.agent.session import Session, Turn, message_to_dict
from continualcode.engine.base import ToolCall
from continualcode.learn.undo import GLOBAL
from continualcode.rust.verdict import Verdict
from continualcode.store import Store, new_id, now
from continualcode.store.records import CorrectionRecord, EpisodeRecord, ToolCallRecord

SUGGESTED = 50  # of the newest corrections
ABOUT = 80  # characters of a session's first request that a list of sessions shows


class Ledger:
    """The records of one session. `summary` is the run's, kept up to date; `counts` what /metrics shows; `scope`:
    whose what the user says is."""

    def __init__(
        self, store: Store, run_id: str, folder: Path, workspace: Path, summary: dict[str, Any], scope: str = GLOBAL
    ) -> None:
        self.store = store
        self.run_id = run_id
        self.folder = folder
        self.workspace = workspace
        self.summary = summary
        self.scope = scope
        self.counts: Counter[str] = Counter()
        self.episode_id: str | None = None
        self._calls: list[ToolCallRecord] = []
        self._prompt = ""
        self._started = ""
        self._clock = 0.0
        summary |= {"workspace": str(workspace), "requests": 0}
        store.update_run(run_id, summary=summary)

    # -- one request
    def begin(self, text: str, session: Session) -> None:
        """A request begins: an episode gets its name, so that corrections can hang off it."""
        self.episode_id = new_id("ep")
        self._calls = []
        self._prompt, self._started, self._clock = text, now(), time.monotonic()
        self.counts["requests"] += 1
        about = next((m.content for m in session.messages if m.role == "user"), text)
        self.summary |= {"requests": self.counts["requests"], "about": " ".join(about.split())[:ABOUT]}
        self.store.update_run(self.run_id, summary=self.summary)
        self.transcript(session)

    def call(
        self,
        turn: Turn,
        call: ToolCall | None,
        result: str,
        decision: str,
        well_formed: bool,
        verdict: Verdict | None = None,
    ) -> None:
        """One turn of the request; `call` as it ran (the user's, when it was edited)."""
        self.counts["calls" if well_formed else "malformed"] += 1
        self.counts[decision] += 1
        self._calls.append(
            ToolCallRecord(
                index=len(self._calls),
                tool=call.name if call else "",
                arguments=plain(call.arguments) if call else {},
                result=result,
                well_formed=well_formed,
                decision=decision,
                solved_after=bool(verdict and verdict.compiles and verdict.tests_pass),
                signature=verdict.signature if verdict else "",
                completion_ids=list(turn.completion.ids),
                logprobs=list(turn.completion.logprobs),
            )  # fmt: skip
        )

    def end(self, end: str, verdict: Verdict | None, session: Session) -> None:
        """The request's episode: `solved` or `failed` by its last check, `done` when nothing was checked."""
        self.transcript(session)
        if end == "interrupted":
            outcome = "interrupted"
        elif end != "done":
            outcome = "failed"
        elif verdict is None:
            outcome = "done"
        else:
            outcome = "solved" if verdict.compiles and not verdict.failed_tests and not verdict.stopped else "failed"
        green = next((c.index + 1 for c in self._calls if c.solved_after), None)
        self.store.add_episode(
            EpisodeRecord(
                id=self.episode_id or new_id("ep"),
                run_id=self.run_id,
                task_id=f"session:{self.workspace.name}",
                family="",
                pattern="",
                split="",
                prompt=self._prompt,
                outcome=outcome,
                steps_to_green=green if outcome == "solved" else None,
                attempts=sum(c.tool in ("write", "edit", "edit_lines") for c in self._calls),
                signatures=[c.signature for c in self._calls if c.signature],
                first_code="",
                final_code="",
                diff="",
                model=session.engine.model_id,
                adapter=session.engine.adapter_ref,
                seed=0,
                started=self._started,
                seconds=time.monotonic() - self._clock,
                tool_calls=list(self._calls),
                messages=[message_to_dict(m) for m in session.messages],
            )  # fmt: skip
        )
        self.summary |= {"requests": self.counts["requests"], "counts": dict(self.counts)}
        self.store.update_run(self.run_id, summary=self.summary)
        self.episode_id = None

    # -- corrections and lessons
    def correction(self, kind: str, text: str, wrong: str, right: str, *, everywhere: bool = False) -> CorrectionRecord:
        """Write a correction down: kind is deny, edit or note; `everywhere`: it is not this repository's alone."""
        self.counts["notes" if kind == "note" else "corrections"] += 1
        scope = GLOBAL if everywhere else self.scope
        record = CorrectionRecord(new_id("co"), kind, text, scope, self.episode_id, wrong, right, now())
        self.store.add_correction(record)
        return record

    def given_before(self) -> list[str]:
        """Corrections in words that were given lately, here or elsewhere, each once, oldest first."""
        rows = self.store.find("corrections", kind="deny", newest=True, limit=SUGGESTED)
        return list(dict.fromkeys(row.text for row in rows))[::-1]

    def lesson(self, outcome: str) -> None:
        """Count a lesson by its outcome."""
        self.counts[f"lessons {outcome}"] += 1

    # -- the transcript
    def transcript(self, session: Session) -> None:
        """Write the whole conversation down. A disk that is full costs the transcript, not the session."""
        content = {"notes": session.notes, "messages": [message_to_dict(m) for m in session.messages]}
        try:
            files.write_bytes(
                self.folder / "transcript.json", json.dumps(content, ensure_ascii=False).encode(), "transcript"
            )
        except files.FileProblem as error:
            self.counts["transcript not saved"] += 1
            self.summary["transcript"] = str(error)
