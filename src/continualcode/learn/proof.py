"""What a lesson taught, judged on calls: does a reply obey, and what would the model do by habit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from continualcode.engine.base import Completion, Engine, ToolCall

_NAME = re.compile(r'<function=([^>\n]+)>|"name"\s*:\s*"([^"]+)"')
_COMMAND = re.compile(r'<parameter=command>\n?([^\n<]*)|"command"\s*:\s*"([^"\n]*)')
_EDGE = "`'\"“”‘’.,;:!?()"


@dataclass(frozen=True)
class Habit:
    """What a reply begins to do: the tool, and for `bash` the command's words."""

    tool: str
    words: tuple[str, ...] = ()

    def like(self, other: Habit, words: int) -> bool:
        """The same tool and, for `bash`, the same first `words` words."""
        return self.tool == other.tool and self.words[:words] == other.words[:words]


def alike(mine: Habit | None, other: Habit | None) -> bool:
    """The same habit: the tool, and of a command its first two words (one, when `mine` has but one)."""
    return mine is not None and other is not None and mine.like(other, min(2, len(mine.words)))


def habit(text: str) -> Habit | None:
    """The habit that a reply shows, even one cut off after some tokens; None when it makes no call."""
    name = _NAME.search(text)
    if name is None:
        return None
    tool = (name.group(1) or name.group(2)).strip()
    command = _COMMAND.search(text) if tool == "bash" else None
    return Habit(tool, tuple((command.group(1) or command.group(2) or "").split()) if command else ())


def call_habit(call: ToolCall) -> Habit:
    """The habit that a call shows."""
    return Habit(call.name, tuple(_words(call)) if call.name == "bash" else ())


def call_of(engine: Engine, completion: Completion) -> ToolCall | None:
    """The one call of a completion; None when there is none or it is malformed."""
    _, calls, error = engine.parse(completion.text)
    return calls[0] if calls and error is None else None


def demanded(taught: ToolCall, denied: ToolCall | None, correction: str) -> tuple[str, ...]:
    """The words of a taught `bash` command that the correction is about: those that the denied command had
    not, and of these the ones that the correction names, if it names any. Without a denied command: the
    first word. Empty when the taught command only leaves something out."""
    words = _words(taught)
    if denied is None or denied.name != "bash":
        return tuple(w for w in words if w in _named(correction)) or tuple(words[:1])
    new = [w for w in words if w not in _words(denied)]
    return tuple(w for w in new if w in _named(correction)) or tuple(new)


def obeys(reply: ToolCall | None, taught: ToolCall, *, denied: ToolCall | None = None, correction: str = "") -> bool:
    """Whether `reply` does what the taught call does, on the same prompt.

    Another tool than the denied call's: the tool decides. `bash`: the demanded words stand in the reply in
    their order, and first when they are first in the taught command; when only words were to go, they are
    gone. The same tool otherwise: the same arguments.
    """
    if reply is None or reply.name != taught.name:
        return False
    if taught.name != "bash":
        return True if denied is None or denied.name != taught.name else _same(reply.arguments, taught.arguments)
    words, model = _words(reply), _words(taught)
    wanted = demanded(taught, denied, correction)
    if not wanted:
        gone = set(_words(denied)) - set(model) if denied is not None else set()
        return bool(words) and not gone & set(words)
    if wanted[0] == model[0] and words[:1] != model[:1]:
        return False
    rest = iter(words)
    return all(w in rest for w in wanted)


def _same(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    return {k: str(v) for k, v in a.items()} == {k: str(v) for k, v in b.items()}


def _words(call: ToolCall) -> list[str]:
    return str(call.arguments.get("command", "")).split()


def _named(correction: str) -> set[str]:
    words = correction.split()
    return {*words, *(w.strip(_EDGE) for w in words)}


@dataclass(frozen=True)
class Trial:
    """One prompt on which a lesson is judged: the prompt without the correction, what the teacher does
    there and what the model did before."""

    prompt: tuple[int, ...]
    taught: ToolCall
    denied: ToolCall | None
    correction: str

    def passed(self, call: ToolCall | None) -> bool:
        return obeys(call, self.taught, denied=self.denied, correction=self.correction)


@dataclass(frozen=True)
class Replay:
    """Greedy replies to the trials, the first of which is the lesson's own prompt."""

    completions: tuple[Completion, ...]
    obeyed: tuple[bool, ...]

    @property
    def original(self) -> bool:
        return self.obeyed[0]

    @property
    def unseen(self) -> float | None:
        """Share obeyed of the other prompts; None when there are none."""
        return sum(self.obeyed[1:]) / (len(self.obeyed) - 1) if len(self.obeyed) > 1 else None

    @property
    def passes(self) -> bool:
        """The original prompt and at least two thirds of the others."""
        return self.original and (self.unseen is None or self.unseen >= 0.66)


def replay(engine: Engine, trials: Sequence[Trial], max_new_tokens: int) -> Replay:
    """Play the prompts without the correction, greedily."""
    from continualcode.engine.base import SampleParams

    completions = engine.sample([t.prompt for t in trials], SampleParams(max_new_tokens=max_new_tokens))
    return Replay(
        tuple(completions), tuple(t.passed(call_of(engine, c)) for t, c in zip(trials, completions, strict=True))
    )
