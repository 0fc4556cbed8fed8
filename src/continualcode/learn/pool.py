"""Where a lesson finds other prompts: this session's recent ones, and synthetic ones that end where a call is due."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from continualcode.engine.base import Message
from continualcode.learn.rehearsal import Earlier

Conversation = Sequence[Message]
Synthetic = Callable[[int, int], Sequence[Conversation]]  # (count, seed)


def chores(count: int, seed: int) -> Sequence[Conversation]:
    """Synthetic conversations, as many of each kind, none with a correction."""
    from continualcode.nursery.chores import COMMANDS, KINDS, conversations

    kinds = [*(k.name for k in COMMANDS), *(k for k in KINDS if k != "command")]
    each = -(-count // len(kinds))
    return [c for i, kind in enumerate(kinds) for c in conversations(kind, count=each, seed=seed + 1009 * i)]


@dataclass(frozen=True)
class Pool:
    """`recent`: conversations of real sessions, each ending where a call is due; `synthetic`: makes more;
    `lessons`: earlier lessons, oldest first, to be rehearsed."""

    recent: tuple[Conversation, ...] = ()
    synthetic: Synthetic | None = chores
    lessons: tuple[Earlier, ...] = ()

    def candidates(self, messages: Conversation, count: int, seed: int) -> list[Conversation]:
        """Other conversations, most like `messages` first: the same shape (roles and tools so far), then
        shared words in the last request. No conversation twice, none with the same request."""
        own = _request(messages)
        made = [*self.recent, *(self.synthetic(count, seed) if self.synthetic else ())]
        random.Random(seed).shuffle(made)
        seen, found = {own}, []
        for conversation in made:
            request = _request(conversation)
            if request not in seen and conversation[-1].role != "assistant":
                seen.add(request)
                found.append(conversation)
        form, words = shape(messages), _words(own)
        found.sort(
            key=lambda c: (
                shape(c) == form,
                len(words & _words(_request(c))) / max(1, len(words | _words(_request(c)))),
            ),
            reverse=True,
        )
        return found


def _request(messages: Conversation) -> str:
    return next((m.content for m in reversed(messages) if m.role == "user"), "")


def _words(text: str) -> set[str]:
    first = text.split("\n", 1)[0]
    return {w.strip(".,!?:").lower() for w in first.split()}


def shape(messages: Conversation) -> tuple[str, ...]:
    """Roles and tools so far, without the system message."""
    return tuple(f"{m.role}:{','.join(c.name for c in m.tool_calls)}" for m in messages if m.role != "system")
