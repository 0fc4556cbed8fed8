"""Constrained decoding: every reply it allows is well-formed, every well-formed call is allowed, nothing else moves."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from continualcode.agent.calls import TOOLS, BadCall, schemas, validate
from continualcode.agent.prompts import repair_request
from continualcode.engine.base import Message, SampleParams, ToolCall
from continualcode.engine.calls import parse_reply
from continualcode.engine.grammar import START, Automaton, CallGrammar, State, Vocabulary, landing, may_end, step
from continualcode.engine.local import LocalEngine

GRAMMAR = CallGrammar.of_schemas(schemas())
LANDS = CallGrammar.of_schemas(schemas(), lands=True)
OPENING = "<tool_call>\n<function=edit_lines>\n<parameter=path>\na.rs\n</parameter>\n"


@pytest.fixture(scope="module")
def pupil(bundled_model: Path) -> LocalEngine:
    return LocalEngine(bundled_model, device="cpu", profile="compact")


def walk(text: str, state: State | None = START) -> State | None:
    for c in text:
        if state is not None:
            state = step(GRAMMAR, state, c)
    return state


def fits(text: str) -> bool:
    """Whether the parser and the tools take a reply."""
    _, calls, error = parse_reply(text)
    if error is not None:
        return False
    try:
        for call in calls:
            validate(call)
    except BadCall:
        return False
    return True


def reply(automaton: Automaton, r: random.Random, limit: int, opening: str = "") -> tuple[str, bool]:
    """A reply of tokens drawn evenly from what is allowed behind `opening`, tags more often than words; and whether
    it came to its end."""
    words, state, text = automaton.vocabulary, walk(opening), opening
    assert state is not None
    tags = torch.zeros(words.size, dtype=torch.bool)
    tags[[i for i, t in enumerate(words.texts) if i in words.stop_ids or any(c in t for c in "<>/=\n")]] = True
    for n in range(limit):
        mask = automaton.allowed(state, limit - n)
        likely = mask & tags if r.random() < 0.6 and (mask & tags).any() else mask
        token = r.choice(likely.nonzero()[:, 0].tolist())
        if token in words.stop_ids:
            return text, True
        text += words.texts[token]
        after = automaton.after(state, token)
        assert after is not None
        state = after
    return text, False


@pytest.mark.parametrize("name", ["pupil", "engine"])
def test_whatever_is_drawn_fits(name: str, request: pytest.FixtureRequest) -> None:
    engine: LocalEngine = request.getfixturevalue(name)
    r = random.Random(1)
    automaton = engine._automaton(GRAMMAR)
    ended = called = 0
    for _ in range(80):
        opening = r.choice(["", "Well.\n<tool_call>", OPENING, "<function=", "<think>a <tool_call> b</think>"])
        text, whole = reply(automaton, r, 300, opening)
        ended += whole
        called += bool(whole and parse_reply(text)[1])
        assert not whole or fits(text), text
    assert ended > 15 and called > 2


def test_a_call_at_its_limit_is_closed(pupil: LocalEngine) -> None:
    automaton, r = pupil._automaton(LANDS), random.Random(2)
    opening = OPENING + "<parameter=start>\n1\n</parameter>\n<parameter=end>\n2\n</parameter>\n<parameter=text>\n"
    for limit in range(2, 30):
        text, _ = reply(automaton, r, limit, opening)
        assert fits(text) and parse_reply(text)[1], text
    for cut, rest in (
        ("x", "\n</parameter>\n</function>\n</tool_call>"),
        ("x</par", "ameter>\n</function>\n</tool_call>"),
        ("x</parameter>\n", "</function>\n</tool_call>"),
    ):
        state = walk(opening + cut)
        assert state is not None and landing(LANDS, state) == rest
    for nothing in ("", "words", OPENING, OPENING + "<parameter=start>\n"):
        state = walk(nothing)
        assert state is not None and landing(LANDS, state) == "", "none is open, or a required value is missing"


def values(name: str) -> st.SearchStrategy[dict]:
    fields = TOOLS[name].model_fields
    text = st.text(alphabet=st.sampled_from('ab<>/{}"=\n é🦀'), max_size=20)
    made = {key: st.integers(0, 9999) if "int" in str(f.annotation) else text for key, f in fields.items()}
    required = {key: made[key] for key, f in fields.items() if f.is_required()}
    return st.fixed_dictionaries(required, optional={k: v for k, v in made.items() if k not in required})


@given(st.sampled_from(sorted(TOOLS)).flatmap(lambda name: st.tuples(st.just(name), values(name))))
@settings(max_examples=80, deadline=None)
def test_no_well_formed_call_is_ruled_out(pupil: LocalEngine, drawn: tuple[str, dict]) -> None:
    name, arguments = drawn
    automaton, state = pupil._automaton(GRAMMAR), START
    for token in pupil.encode_reply(Message("assistant", "I look.\n", (ToolCall(name, arguments),))):
        assert automaton.allowed(state, 99)[token]
        if token not in automaton.vocabulary.stop_ids:
            after = automaton.after(state, token)
            assert after is not None
            state = after
    assert may_end(state)


@pytest.mark.parametrize(
    "text",
    [
        "</tool_call>", "a </function>", "<parameter=x>", "<tool_call>x", "<tool_call>\n<function=nonsense>",
        "<tool_call>\n<function=read>\n</function>",  # without its path
        OPENING + "<parameter=path>", OPENING + "<parameter=content>", OPENING + "<parameter=start>\nx",
        OPENING + "<parameter=start>\n\n", OPENING + "<parameter=start>\n12345678", OPENING + "</function>",
        OPENING + "<parameter=text>\nlet a</tool_call>",
    ],
)  # fmt: skip
def test_what_may_not_stand(text: str) -> None:
    assert walk(text) is None


def test_free_text_is_free() -> None:
    for text in ("a < b && b <t> c", "<tool", "x<parameter", "Vec<Vec<u8>>", '<tool_call>\n{"name": "read"}\n</tool_call>\nok', "<think>\n</think>"):  # fmt: skip
        state = walk(text)
        assert (state is None) == ("<parameter" in text), text
    assert not may_end(State("free", "<tool_call")) and may_end(State("free", "<"))
    assert step(GRAMMAR, State("free", "<tool_call"), "x") == START
    behind = walk("<tool_call>\n<function=check>\n</function>\n</tool_call>")
    assert behind == State(done=True) and walk("More.\n<tool_call>\n<function=check>", behind) is not None


def test_masks_fit_the_walk(pupil: LocalEngine) -> None:
    automaton = pupil._automaton(GRAMMAR)
    words = automaton.vocabulary
    for text in ("", "a<", "</", "<tool_call>", OPENING[:-1], OPENING, OPENING + "<parameter=text>\nlet x", OPENING + "<parameter=text>\nlet </p", OPENING + "<parameter=start>\n1", OPENING + "<parameter=start>\n1\n"):  # fmt: skip
        state = walk(text)
        assert state is not None
        mask = automaton.allowed(state, 99)
        for i, piece in enumerate(words.texts):
            if i in words.stop_ids:
                assert bool(mask[i]) == may_end(state)
            elif words.plain[i] or i in words.tagged:
                assert bool(mask[i]) == (not piece or walk(piece, state) is not None) or not piece, (text, piece)


def test_only_the_choice_is_masked(pupil: LocalEngine) -> None:
    prompt = pupil.encode([Message("user", repair_request("main.rs", "fn main() {\n    let x: i32 = 2\n}", "error"))])
    for temperature in (0.0, 1.5):
        params = [SampleParams(60, temperature, 0.9, seed, GRAMMAR) for seed in range(6)]
        drawn = pupil.sample([prompt] * 6, params)
        assert all(fits(c.text) for c in drawn if c.stop == "end")
        for completion, score in zip(drawn, pupil.score([(c.prompt_ids, c.ids) for c in drawn]), strict=True):
            torch.testing.assert_close(torch.tensor(completion.logprobs), score.logprobs_T, atol=1e-4, rtol=0)
    mixed = [SampleParams(40, grammar=GRAMMAR), SampleParams(40)]
    held, free = pupil.sample([prompt, prompt], mixed)
    assert held.ids == free.ids and held.logprobs == free.logprobs, "a well-formed reply is what it was"
    alone = pupil.sample([prompt], [SampleParams(60, 1.5, 0.9, 3, GRAMMAR)])[0]
    assert alone.ids == pupil.sample([prompt] * 2, [SampleParams(60, 1.5, 0.9, s, GRAMMAR) for s in (2, 3)])[1].ids


def test_a_vocabulary_that_cannot_spell_a_tag_lets_go() -> None:
    words = Vocabulary(["a", "<tool_call>", "<end>"], frozenset({2}), frozenset(), 4)
    automaton = Automaton(GRAMMAR, words, torch.device("cpu"))
    assert automaton.allowed(START, 9).tolist() == [True, True, True, False]
    assert words.shortest("aa<tool_call>") == [0, 0, 1] and words.shortest("b") == []
    stuck = automaton.after(START, 1)
    assert stuck is not None and not automaton.allowed(stuck, 9).any()
