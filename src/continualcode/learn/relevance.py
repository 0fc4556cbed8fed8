"""Is a correction about the call at hand, or about another kind of request?

A small teacher follows a correction that names another topic almost as readily as one that names none: how much it
moves the call at hand tells the two apart too seldom (docs/lesson.md has the figures). So words are asked first: does
the sentence name a kind of request that this one is not, and nothing of this one? Only then the teacher: does the
sentence move what it does on requests of that kind? Both must hold for a lesson to be refused.

Kinds are whatever groups of conversations the pool knows; words count by their stems, and only where few kinds share
them. Not here: refusing (`lesson`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from continualcode.engine.base import Message

SHARED = 3  # a word that requests of more kinds hold names none of them
TYPICAL = 0.1  # share of a kind's requests that hold a word which names it
CHANCE = 0.06  # a word in fewer of its requests is there by chance: an argument
PLAIN = frozenset(  # words that say nothing of any kind, however few kinds' requests hold them
    """
    a again all always and any are as at be before but by can command do does done don every everything for from have here hey how i if in
    instead is it just like me my need never new no not now of off ok on only our out please project quick so stop that the then there these this
    those to too up us use used using want we what when where which who why will with wrong you your
    """.split()
)

_WORD = re.compile(r"[^\W\d_]{2,}")
_PLACE = re.compile(
    r"\b(?:in|for) (?:this|the|our|my|every|each|all) (?:\w+ )?(?:project|repo|repository|app|codebase)s?\b"
)
_ENDINGS = ("ments", "ment", "ions", "ion", "ings", "ing", "ers", "er", "es", "ed", "s", "e")
_BENT = {"built": "build", "ran": "run", "made": "make", "sent": "send", "found": "find", "shown": "show"}


@dataclass(frozen=True)
class Kind:
    """Requests of one kind, as conversations that end where a call is due."""

    conversations: tuple[Sequence[Message], ...]

    @cached_property
    def words(self) -> dict[str, float]:
        """Stems that its requests hold not just by chance, and the share that holds each."""
        counts = Counter(w for c in self.conversations for w in stems(_request(c)))
        shares = {w: n / len(self.conversations) for w, n in counts.items()}
        return {w: share for w, share in shares.items() if share >= CHANCE}


@dataclass(frozen=True)
class Named:
    """A kind that a correction names, and the correction's words that do."""

    kind: Kind
    words: str


def elsewhere(request: str, correction: str, demanded: Collection[str], kinds: Sequence[Kind]) -> list[Named]:
    """The kinds of request that a correction names, most clearly named first, when it names nothing of the request at
    hand; else none. `demanded`: words of the corrected call, which name what to do, not when."""
    common = Counter(w for kind in kinds for w in kind.words)
    telling = stems(_PLACE.sub(" ", correction.lower())) - {s for w in demanded for s in stems(w)}
    telling = {w for w in telling if common[w] <= SHARED}
    asked = {w for w in stems(request) if common[w] <= SHARED}
    own = [kind for kind in kinds if asked & kind.words.keys()]
    if telling & asked or any(_naming(telling, kind) for kind in own):
        return []
    found = [(kind, _naming(telling, kind)) for kind in kinds]
    found.sort(key=lambda item: -sum(item[0].words[w] for w in item[1]))
    return [Named(kind, _as_written(correction, naming)) for kind, naming in found if naming]


def stems(text: str) -> set[str]:
    """The words of a text that may name something, without their endings."""
    return {_stem(w) for w in _WORD.findall(text.lower()) if w not in PLAIN}


def _stem(word: str) -> str:
    word = _BENT.get(word, word)
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def _naming(telling: Collection[str], kind: Kind) -> set[str]:
    """Those of the words that name a kind."""
    return {w for w in telling if kind.words.get(w, 0.0) >= TYPICAL}


def _as_written(correction: str, wanted: Collection[str]) -> str:
    return " ".join(w for w in _WORD.findall(correction) if stems(w) & set(wanted))


def _request(messages: Sequence[Message]) -> str:
    text = next((m.content for m in reversed(messages) if m.role == "user"), "")
    return text.split("\n", 1)[0]
