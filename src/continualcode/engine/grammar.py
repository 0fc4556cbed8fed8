"""Constrained decoding: which tokens may come next, so that a reply's tool calls are well-formed.

The form is Qwen3-Coder's (see `calls.py`): known tools, known parameters, each once, the required ones there,
whole numbers where the tool wants them; values are raw text up to their closing tag. Free text before and between
calls stays free, except for stray tags; a Hermes call (`<tool_call>\\n{`) is let through as it is. Only the choice
of a token is masked: reported log-probabilities are the model's own, and neither scoring nor training knows this.

Why not a library: a call passes through a few dozen states, so that every mask is computed once (by walking the
tokens that could matter) and looked up ever after. llguidance 1.9 reads our tokenizer and does the same, but wants
0.5 ms for each mask and parameters spelled out in every order; xgrammar brings triton and a second tensor runtime.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

_OPEN, _CLOSE, _END = "<tool_call>", "</tool_call>", "</parameter>"
_OPENERS = (_OPEN, "<function=", "<think>")
_STRAY = (_CLOSE[:-1], "</function", "</parameter", "<parameter")  # what the parser takes for a broken call
_BARE = ("<function=",), (*_STRAY, _OPEN, "<think>")  # the same behind a call without its outer tag
_INSIDE = (_CLOSE, "<think>"), (_CLOSE, "<think>", _OPEN, "</function>")  # what would end a value early: usual, bare
_DIGITS = 7  # of a whole number
_GLIDE = 12  # tokens before a landing in which a value may end but no new tag begins


@dataclass(frozen=True)
class Parameter:
    """A parameter of a tool; `whole`: it is a whole number."""

    name: str
    whole: bool
    required: bool


@dataclass(frozen=True)
class CallGrammar:
    """The tools that a call may name, each with its parameters. `lands`: a reply ends behind its
    first call, and a call that is about to reach the reply's limit is closed there, its last value cut short (for
    tasks, where a turn is one call and something checks the outcome). `required`: a reply begins with a call (or a thought)."""

    tools: tuple[tuple[str, tuple[Parameter, ...]], ...]
    lands: bool = False
    required: bool = False

    @classmethod
    def of_schemas(cls, schemas: Sequence[Mapping[str, Any]], *, lands: bool = False) -> CallGrammar:
        """From OpenAI function schemas, as `agent.calls.schemas` makes them."""
        tools: list[tuple[str, tuple[Parameter, ...]]] = []
        for schema in schemas:
            function = schema["function"]
            described, required = function["parameters"]["properties"], function["parameters"].get("required", ())
            parameters = [Parameter(k, v.get("type") == "integer", k in required) for k, v in described.items()]
            tools.append((function["name"], tuple(parameters)))
        return cls(tuple(tools), lands)


class State(NamedTuple):
    """Where in a reply we stand. `text`: the part of a tag (or number) read so far; `tool`, `used`: which tool, and
    a bit for each parameter given; `bare`: the call came without its outer tag; `done`: a call lies behind."""

    mode: str = "free"
    text: str = ""
    tool: int = -1
    used: int = 0
    bare: bool = False
    done: bool = False


START = State()
_UNTIL = {"think": "</think>", "json": _CLOSE}


def step(grammar: CallGrammar, state: State, c: str) -> State | None:
    """The state behind one more character; None where the character may not stand."""
    mode, text = state.mode, state.text
    if mode == "free":
        tag = text + c if text or c == "<" else ""
        openers, stray = _BARE if state.bare else (_OPENERS, _STRAY)
        if tag in openers:
            mode = "think" if tag == "<think>" else "open"
            return state._replace(mode=mode, text="", bare=tag == "<function=" or (state.bare and mode == "think"))
        return None if tag in stray else state._replace(text=_partial(tag, c, (*openers, *stray)))
    if mode in _UNTIL:
        tag = text + c if text or c == "<" else ""
        if tag == _UNTIL[mode]:
            return state._replace(mode="free", text="", done=state.done or mode == "json")
        return state._replace(text=_partial(tag, c, (_UNTIL[mode],)))
    if mode == "value":
        tag = text + c if text or c == "<" else ""
        if tag == _END:
            return state._replace(mode="next", text="")
        inside = _INSIDE[state.bare]
        return None if tag in inside else state._replace(text=_partial(tag, c, (_END, *inside)))
    if mode == "whole" and c.isascii() and c.isdigit():
        return state._replace(text=text + c) if len(text) < _DIGITS else None
    if mode == "whole":
        return step(grammar, state._replace(mode="whole_end", text=""), c) if text else None
    options = _options(grammar, state)
    read = text + c
    if read in options:
        return options[read]
    return state._replace(text=read) if any(option.startswith(read) for option in options) else None


def may_end(state: State) -> bool:
    """Whether a reply may end here."""
    return state.mode in ("free", "think") and len(state.text) <= 1


def landing(grammar: CallGrammar, state: State) -> str:
    """The shortest text that closes the open call; empty when none is open, or when a required value is missing."""
    if state.tool < 0 or (state.mode == "whole" and not state.text):
        return ""
    used = state.used
    if any(p.required and not used >> i & 1 for i, p in enumerate(grammar.tools[state.tool][1])):
        return ""
    end = "\n</function>" + ("" if state.bare else f"\n{_CLOSE}")
    if state.mode == "value":
        return (_END[len(state.text) :] if state.text and _END.startswith(state.text) else f"\n{_END}") + end
    if state.mode == "whole":
        return f"\n{_END}{end}"
    if state.mode == "whole_end":
        return (f"\n{_END}" if state.text.startswith("\n") else _END)[len(state.text) :] + end
    return end[len(state.text) :] if end.startswith(state.text) else ""


def _partial(tag: str, c: str, tags: Sequence[str]) -> str:
    """How much of a tag has been read."""
    if tag and any(known.startswith(tag) for known in tags):
        return tag
    return "<" if c == "<" else ""


def _options(grammar: CallGrammar, state: State) -> dict[str, State]:
    """The texts that may follow in a mode where everything is prescribed, and the state behind each."""
    if state.mode == "open":
        named = {
            f"{name}>" if state.bare else f"\n<function={name}>": state._replace(mode="next", text="", tool=i)
            for i, (name, _) in enumerate(grammar.tools)
        }
        return named if state.bare else {**named, "\n{": state._replace(mode="json", text="")}
    if state.mode == "whole_end":
        behind = state._replace(mode="next", text="")
        return {f"\n{_END}": behind, _END: behind}
    parameters = grammar.tools[state.tool][1]
    found = {
        f"\n<parameter={p.name}>\n": state._replace(
            mode="whole" if p.whole else "value", text="", used=state.used | 1 << i
        )
        for i, p in enumerate(parameters)
        if not state.used >> i & 1
    }  # fmt: skip
    if all(state.used >> i & 1 for i, p in enumerate(parameters) if p.required):
        found["\n</function>" + ("" if state.bare else f"\n{_CLOSE}")] = State(bare=state.bare, done=True)
    return found


class Vocabulary:
    """A tokenizer's texts, indexed for walking. `texts[i]`: what token i adds to a reply; `stop_ids` end it;
    `banned` never stand in one; `size` of the logits."""

    def __init__(self, texts: Sequence[str], stop_ids: frozenset[int], banned: frozenset[int], size: int) -> None:
        self.texts = list(texts)
        self.size, self.stop_ids = size, stop_ids
        never = banned | stop_ids | set(range(len(texts), size))
        usable = [i for i, text in enumerate(texts) if i not in never and text]
        self.by_first: dict[str, list[int]] = {}
        for i in usable:
            self.by_first.setdefault(texts[i][0], []).append(i)
        self.tagged = [i for i in usable if "<" in texts[i]]
        self.plain = torch.zeros(size, dtype=torch.bool)  # what changes no state where text is free
        self.plain[[i for i in range(len(texts)) if i not in never and "<" not in texts[i]]] = True

    def shortest(self, text: str) -> list[int]:
        """Ids that spell `text`, the longest fitting token first."""
        ids: list[int] = []
        while text:
            fitting = [i for i in self.by_first.get(text[0], ()) if text.startswith(self.texts[i])]
            if not fitting:
                return []
            ids.append(max(fitting, key=lambda i: len(self.texts[i])))
            text = text[len(self.texts[ids[-1]]) :]
        return ids


class Automaton:
    """A grammar over a vocabulary: masks and transitions, computed when first met."""

    def __init__(self, grammar: CallGrammar, vocabulary: Vocabulary, device: torch.device) -> None:
        self.grammar, self.vocabulary, self.device = grammar, vocabulary, device
        self._masks: dict[State, torch.Tensor] = {}
        self._steps: dict[tuple[State, int], State | None] = {}
        self._landings: dict[State, list[int]] = {}
        self._plain = vocabulary.plain.to(device)
        self._none = torch.zeros_like(self._plain)
        self._stops = self._none.clone()
        self._stops[list(vocabulary.stop_ids)] = True

    def allowed(self, state: State, left: int) -> torch.Tensor:
        """Mask [V] of what may come next; `left`: tokens until the reply's limit."""
        if self.grammar.lands:
            if state.done and state.mode == "free":
                return self._stops
            closing = self._landings.get(state)
            if closing is None:
                closing = self._landings[state] = self.vocabulary.shortest(landing(self.grammar, state))
            if closing and left <= len(closing) + _GLIDE:
                glides = left > len(closing) and state.mode in ("value", "whole")
                mask = self._mask_of(state) & self._plain if glides and not state.text else self._none
                if glides and state.text:
                    return self._mask_of(state)
                mask = mask.clone()
                mask[closing[0]] = True
                return mask
        return self._mask_of(state)

    def _mask_of(self, state: State) -> torch.Tensor:
        mask = self._masks.get(state)
        if mask is None:
            mask = self._masks[state] = self._mask(state).to(self.device)
        return mask

    def after(self, state: State, token: int) -> State | None:
        """The state behind a token; None behind one that may not stand there."""
        key = (state, token)
        if key not in self._steps:
            text = self.vocabulary.texts[token] if token < len(self.vocabulary.texts) else ""
            self._steps[key] = self._walk(state, text)
        return self._steps[key]

    def _walk(self, state: State, text: str) -> State | None:
        now: State | None = state
        for c in text:
            if now is None:
                return None
            now = step(self.grammar, now, c)
        return now

    def _mask(self, state: State) -> torch.Tensor:
        words = self.vocabulary
        if self.grammar.required and state.mode == "free" and not state.done:
            return self._opening(state)
        free = state.mode in ("free", "think", "json", "value")
        mask = words.plain.clone() if free else torch.zeros(words.size, dtype=torch.bool)
        for first, ids in words.by_first.items():
            now = step(self.grammar, state, first)
            if now is None:
                mask[ids] = False
            elif not free or (state.text and now != state._replace(text="")):  # else the plain ones change nothing
                for i in ids:
                    mask[i] = self._walk(state, words.texts[i]) is not None
        if free:
            for i in words.tagged:
                mask[i] = self._walk(state, words.texts[i]) is not None
        mask[list(words.stop_ids)] = may_end(state)
        return mask

    def _opening(self, state: State) -> torch.Tensor:
        """Mask where nothing may stand but what opens a call."""
        words = self.vocabulary
        mask = torch.zeros(words.size, dtype=torch.bool)
        for i in (i for ids in words.by_first.values() for i in ids):
            said = state.text + words.texts[i]
            if any(said.startswith(tag) for tag in _OPENERS):
                mask[i] = self._walk(state, words.texts[i]) is not None
            else:
                mask[i] = any(tag.startswith(said) for tag in _OPENERS)
        return mask


class Constraint:
    """The states of the rows that are being drawn. `automaton`: of a grammar; rows without one are free."""

    def __init__(
        self, grammars: Sequence[CallGrammar | None], automaton: Callable[[CallGrammar], Automaton], size: int
    ) -> None:
        self.automata = [automaton(g) if g is not None else None for g in grammars]
        self.states: list[State | None] = [START if g is not None else None for g in grammars]
        self._size = size

    def allowed(self, left: Sequence[int], device: torch.device) -> torch.Tensor | None:
        """Mask [B, V] of the next tokens, None when no row is held; `left`: tokens until each row's limit."""
        if all(state is None for state in self.states):
            return None
        free = torch.ones(self._size, dtype=torch.bool, device=device)
        rows = [
            free if state is None or automaton is None else automaton.allowed(state, n)
            for state, automaton, n in zip(self.states, self.automata, left, strict=True)
        ]
        return torch.stack(rows)

    def take(self, place: int, token: int) -> None:
        """A row drew a token. One that cannot go on (no token spells what must follow) is let go."""
        state, automaton = self.states[place], self.automata[place]
        if state is not None and automaton is not None:
            self.states[place] = automaton.after(state, token)

    def keep(self, places: Sequence[int]) -> None:
        """Only these rows go on."""
        self.states = [self.states[i] for i in places]
        self.automata = [self.automata[i] for i in places]
