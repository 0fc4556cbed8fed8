"""Earlier sessions: which there were, and one read back so that it can be gone on with.

A session is a run of the store and a transcript beside it, which is written after every step; one that was killed is
there up to its last whole step. Weights are not the session's: lessons belong to the repository (`scope`), and whoever
opens it next goes on from them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from continualcode.agent.session import message_from_dict
from continualcode.engine.base import Message
from continualcode.errors import UserError
from continualcode.store import Store
from continualcode.store.records import RunRecord

KIND = "session"


@dataclass(frozen=True)
class Earlier:
    """A session as it was left. `workspace`: the directory it was held in."""

    id: str
    messages: list[Message]
    notes: list[str]
    workspace: str

    def greeting(self, workspace: Path) -> str:
        """What a session in `workspace` that goes on with it says first."""
        elsewhere = f", which was held in {self.workspace}" if self.workspace not in ("", str(workspace)) else ""
        return f"going on with {self.id}{elsewhere}"


@dataclass(frozen=True)
class Listed:
    """A session in a list. `state`: done, open, killed, failed or interrupted; `about`: how its first request began."""

    session: str
    workspace: str
    started: str
    state: str
    requests: int
    about: str


def sessions(store: Store, home: Path, workspace: Path | None = None, count: int = 20) -> list[Listed]:
    """The newest sessions in which something was asked, of one directory or of all, oldest first."""
    found: list[Listed] = []
    for run in store.find("runs", kind=KIND, newest=True):
        place = str(run.summary.get("workspace", ""))
        if len(found) == count:
            break
        if not run.summary.get("requests") or workspace is not None and place != str(workspace):
            continue
        if not _transcript(home, run.id).is_file():
            continue
        about, requests = str(run.summary.get("about", "")), int(run.summary["requests"])
        found.append(Listed(run.id, place, run.started, _state(run), requests, about))
    return found[::-1]


def read(store: Store, home: Path, workspace: Path, wanted: str | None) -> Earlier:
    """The session `wanted` (an id, or enough of its beginning), or the last one of this directory. A call that was never
    answered is left out. Raises UserError."""
    run = _named(store, home, wanted) if wanted is not None else _last_here(store, home, workspace)
    path = _transcript(home, run.id)
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        messages = [message_from_dict(m) for m in raw["messages"]]
        notes = [str(n) for n in raw["notes"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"The transcript of {run.id} cannot be read ({error}); start a new session.") from None
    if messages and messages[-1].tool_calls:
        messages.pop()
    return Earlier(run.id, messages, notes, str(run.summary.get("workspace", "")))


def _named(store: Store, home: Path, wanted: str) -> RunRecord:
    run = store.get_run(wanted)
    named = store.find_by_prefix("runs", wanted) if run is None and wanted else []
    alike = [r for r in named if r.kind == KIND and _transcript(home, r.id).is_file()]
    if run is None and len(alike) == 1:
        return alike[0]
    if run is None or run.kind != KIND:
        what = f"{len(alike)} sessions begin with {wanted}" if alike else f"There is no session {wanted}"
        raise UserError(f"{what}; `continualcode sessions` lists them, and --continue goes on with the last one here.")
    return run


def _last_here(store: Store, home: Path, workspace: Path) -> RunRecord:
    for run in store.find("runs", kind=KIND, newest=True):
        if run.summary.get("workspace") == str(workspace) and _transcript(home, run.id).is_file():
            return run
    raise UserError("There is no earlier session in this directory; start one without --continue.")


def _transcript(home: Path, run_id: str) -> Path:
    return home / "runs" / run_id / "transcript.json"


def _state(run: RunRecord) -> str:
    """What a row calls running is open only while its process lives; a row outlives a kill."""
    if run.status != "running":
        return run.status
    pid, born = run.summary.get("pid"), run.summary.get("born")
    return "open" if pid is not None and born is not None and process_birth(int(pid)) == born else "killed"


def process_birth(pid: int) -> str | None:
    """When a process began (clock ticks since boot, with the boot's id): tells it from a later one of the same number;
    None when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    return f"{boot} {stat.rpartition(')')[2].split()[19]}"
