"""Sessions: who asks, whose lessons they see, and what they were answered lately.

A session named by an absolute path is the repository there, with the lessons that the terminal gives in it; any other
name is a scope of its own. Like a repository, it goes on from the lessons of every repository until it has its own.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from continualcode.agent.loop import Denied
from continualcode.agent.scope import scope_of
from continualcode.engine.base import Completion, Message, ToolCall
from continualcode.serve.errors import ServeError

REMEMBERED = 32  # completions of a session
MOST_SESSIONS = 200
RECENT = 64  # conversations of a session that a lesson may spread over


@dataclass(frozen=True)
class Given:
    """A completion that was answered: what it answers, what it said, and the first call it made. `call` as the model
    wrote it; `tools`: all that were offered; `shown`: those that stood in the prompt, None for none."""

    id: str
    session: str
    context: tuple[Message, ...]
    completion: Completion
    call: ToolCall | None
    tools: tuple[Mapping[str, Any], ...]
    shown: tuple[Mapping[str, Any], ...] | None


@dataclass
class Session:
    """`unlearnt`: a lesson that waits for a retry that the user approves."""

    name: str
    scope: str
    given: OrderedDict[str, Given] = field(default_factory=OrderedDict)
    recent: deque[tuple[Message, ...]] = field(default_factory=lambda: deque(maxlen=RECENT))
    unlearnt: Denied | None = None

    def remember(self, given: Given) -> None:
        """Keep a completion, so that feedback can be given on it."""
        self.given[given.id] = given
        while len(self.given) > REMEMBERED:
            self.given.popitem(last=False)


class Sessions:
    """All sessions of a server, by name; those that were silent longest are forgotten first. Their lessons are not: the
    store has them."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        with self._lock:
            return len(self._sessions)

    def get(self, name: str) -> Session:
        """The session of this name, which may be new."""
        with self._lock:
            session = self._sessions.get(name) or Session(name, scope_named(name))
            self._sessions[name] = session
            self._sessions.move_to_end(name)
            while len(self._sessions) > MOST_SESSIONS:
                self._sessions.popitem(last=False)
            return session

    def find(self, completion_id: str, name: str | None) -> tuple[Session, Given]:
        """A completion and its session; `name`: the session it must belong to. Raises ServeError."""
        with self._lock:
            for session in self._sessions.values():
                given = session.given.get(completion_id)
                if given is not None and name in (None, session.name):
                    return session, given
        raise ServeError(
            404,
            f"No completion {completion_id[:80]} is remembered{f' in the session {name}' if name else ''}: the last "
            f"{REMEMBERED} of a session are, until the server ends.",
            "completion_not_found",
            "completion_id",
        )


def scope_named(name: str) -> str:
    """The scope in the store of a session's lessons."""
    path = Path(name)
    return scope_of(path) if path.is_absolute() and path.is_dir() else f"session:{name}"
