"""Where a lesson finds other prompts: this session's recent ones, and synthetic ones that end where a call is due."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from continualcode.engine.base import Message
from continualcode.learn.rehearsal import Earlier
from continualcode.learn.relevance import Kind

Conversation = Sequence[Message]
Synthetic = Callable[[int, int], Sequence[Conversation]]  # (count, seed)
Kinds = Callable[[int, int], Sequence[Kind]]  # (conversations a kind, seed)
OF_A_KIND = 40  # conversations, to know a kind by


def chores(count: int, seed: int) -> Sequence[Conversation]:
    """Synthetic conversations, as many of each kind, none with a correction."""
    from continualcode.nursery.chores import COMMANDS, KINDS, conversations

    kinds = [*(k.name for k in COMMANDS), *(k for k in KINDS if k != "command")]
    each = -(-count // len(kinds))
    return [c for i, kind in enumerate(kinds) for c in conversations(kind, count=each, seed=seed + 1009 * i)]


def kinds_of_chores(each: int, seed: int) -> Sequence[Kind]:
    """The same conversations by what they ask for, about `each` of every kind."""
    from continualcode.nursery.chores import COMMANDS, chore

    r = random.Random(seed)
    found: dict[str, list[Conversation]] = {}
    for name, count in {**{k.name: each for k in COMMANDS}, "search": 4 * each}.items():
        for _ in range(count):
            made = chore(r, name, corrected=0.0)
            found.setdefault(made.kind, []).append(made.messages)
    return [Kind(tuple(some)) for some in found.values()]


@dataclass(frozen=True)
class Pool:
    """`recent`: conversations of real sessions, each ending where a call is due; `synthetic`: makes more;
    `lessons`: earlier lessons, oldest first, to be rehearsed; `kinds`: kinds of requests that a correction may be
    about instead."""

    recent: tuple[Conversation, ...] = ()
    synthetic: Synthetic | None = chores
    lessons: tuple[Earlier, ...] = ()
    kinds: Kinds | None = kinds_of_chores

    def candidates(self, messages: Conversation, count: int, seed: int) -> list[Conversation]:
        """Other conversations, most like `messages` first: the same shape (roles and tools so far), then
        shared words in the last request. No conversation twice, none with the same request."""
        own = request_of(messages)
        made = [*self.recent, *(self.synthetic(count, seed) if self.synthetic else ())]
        random.Random(seed).shuffle(made)
        seen, found = {own}, []
        for conversation in made:
            request = request_of(conversation)
            if request not in seen and conversation[-1].role != "assistant":
                seen.add(request)
                found.append(conversation)
        form, words = shape(messages), _words(own)
        found.sort(
            key=lambda c: (
                shape(c) == form,
                len(words & _words(request_of(c))) / max(1, len(words | _words(request_of(c)))),
            ),
            reverse=True,
        )
        return found


def request_of(messages: Conversation) -> str:
    """The last request of a conversation; empty when there is none."""
    return next((m.content for m in reversed(messages) if m.role == "user"), "")


def _words(text: str) -> set[str]:
    first = text.split("\n", 1)[0]
    return {w.strip(".,!?:").lower() for w in first.split()}


def shape(messages: Conversation) -> tuple[str, ...]:
    """Roles and tools so far, without the system message."""
    return tuple(f"{m.role}:{','.join(c.name for c in m.tool_calls)}" for m in messages if m.role != "system")
