"""What every engine must keep, as functions that take one: `CHECKS`. An engine is a `Candidate`: a name, a function that
makes one, and the checks that it declares not to pass, each with the reason. Add yours to a list of candidates, and
parametrise over `cases(candidates)`; see `test_conformance.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from continualcode.engine.base import Engine, EngineError, Example, Message, SampleParams, ToolCall
from continualcode.learn.losses import Distil, Imitate

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "read",
            "description": "Show a file.",
            "parameters": {"type": "object", "properties": {"path": {"type": "string", "description": "Path."}}},
        },
    }
]
CALL = ToolCall("read", {"path": "src/a.rs"})
TALK = (
    Message("system", "Be brief."),
    Message("user", "look"),
    Message("assistant", "", (CALL,)),
    Message("tool", "1|fn main() {}", name="read"),
)


@dataclass(frozen=True, eq=False)
class Candidate:
    """`make(folder)` gives a fresh engine; `folder` is empty and its own. `tolerance`: of log-probabilities, nats, by
    the type of its weights. `lacks`: checks it does not pass, and why."""

    name: str
    make: Callable[[Path], Any]
    tolerance: float = 1e-4
    lacks: Mapping[str, str] = field(default_factory=dict)


def cases(candidates: Sequence[Candidate]) -> list[Any]:
    """Every candidate with every check that it does not declare to lack, as pytest's parameters."""
    for candidate in candidates:
        assert not candidate.lacks.keys() - {check.__name__ for check in CHECKS}, f"{candidate.name} lacks no check"
    return [
        pytest.param(candidate, check, id=f"{candidate.name}-{check.__name__}")
        for candidate in candidates
        for check in CHECKS
        if check.__name__ not in candidate.lacks
    ]


def prompts(engine: Engine) -> list[list[int]]:
    """Of different lengths, one longer than the toys' windows."""
    return [
        engine.encode([Message("user", "x")]),
        engine.encode(TALK, tools=TOOLS),
        engine.encode([Message("user", "fix main.rs " * 6)]),
    ]


def lesson(engine: Engine) -> Example:
    asked, told = (engine.encode([Message("user", text)]) for text in ("do it", "do it\n\nCorrection: read first"))
    return Example(tuple(asked), tuple(engine.encode_reply(Message("assistant", "", (CALL,)))), tuple(told))


def logprobs(engine: Engine, item: Example) -> torch.Tensor:
    (score,) = engine.score([(item.student_ids, item.completion_ids)])
    return score.logprobs_T


def step(engine: Engine, item: Example) -> None:
    assert engine.learn([item], Distil(learning_rate=1e-2)).applied


# -- the checks


def sampled_logprobs_are_scored_logprobs(engine: Engine, candidate: Candidate, folder: Path) -> None:
    step(engine, lesson(engine))  # with an adapter that does something
    for temperature in (0.0, 0.9):
        params = SampleParams(max_new_tokens=24, temperature=temperature, seed=3)
        drawn = engine.sample(prompts(engine), params)
        for completion, score in zip(drawn, engine.score([(c.prompt_ids, c.ids) for c in drawn]), strict=True):
            assert completion.ids
            torch.testing.assert_close(
                torch.tensor(completion.logprobs), score.logprobs_T, atol=candidate.tolerance, rtol=0
            )


def a_draw_depends_on_its_seed_only(engine: Engine, candidate: Candidate, folder: Path) -> None:
    asked = prompts(engine)
    params = SampleParams(max_new_tokens=12, temperature=1.0, seed=5)
    together = engine.sample(asked, [params] * len(asked))
    alone = [engine.sample([prompt], [params])[0] for prompt in asked]
    assert [c.ids for c in together] == [c.ids for c in alone]


def conversations_are_read_back(engine: Engine, candidate: Candidate, folder: Path) -> None:
    """System message, tools, call and result are all shown; a reply has the ids of a prompt's continuation."""
    shown = engine.decode(engine.encode(TALK, tools=TOOLS))
    for word in ("Be brief.", "Show a file.", "look", "src/a.rs", "1|fn main() {}"):
        assert word in shown
    assert shown.count("Show a file.") == 1
    ids = engine.encode_reply(Message("assistant", "", (CALL,)))
    assert engine.parse(engine.decode(ids[:-1])) == ("", (CALL,), None)
    _, calls, error = engine.parse("Done; nothing is left to do.")
    assert not calls and error is None
    engine.encode([*TALK, Message("user", "and then?"), Message("user", "well?")], tools=TOOLS)


def thoughts_are_not_kept(engine: Engine, candidate: Candidate, folder: Path) -> None:
    assert engine.parse("<think>\nhm, secret\n</think>\n\nDone.") == ("Done.", (), None)
    talk = [Message("user", "a"), Message("assistant", "<think>secret</think>yes"), Message("user", "b")]
    assert "secret" not in engine.decode(engine.encode(talk))


def a_malformed_call_is_a_sentence(engine: Engine, candidate: Candidate, folder: Path) -> None:
    written = engine.decode(engine.encode_reply(Message("assistant", "", (CALL,)))[:-1])
    broken = written[: written.rindex("src/a.rs") + 3]
    _, calls, error = engine.parse(broken)
    assert not calls and error and "\n" not in error and len(error) < 200


def a_step_changes_only_the_adapter(engine: Engine, candidate: Candidate, folder: Path) -> None:
    item = lesson(engine)
    with engine.adapter_disabled():
        base = logprobs(engine, item)
    assert torch.equal(logprobs(engine, item), base), "a fresh adapter changes nothing"
    for _ in range(3):
        step(engine, item)
    with engine.adapter_disabled():
        assert torch.equal(logprobs(engine, item), base)
    assert not torch.allclose(logprobs(engine, item), base, atol=1e-3)


def steps_teach(engine: Engine, candidate: Candidate, folder: Path) -> None:
    item = replace(lesson(engine), teacher_ids=None)
    before = logprobs(engine, item).mean()
    for _ in range(8):
        report = engine.learn([item], Imitate(learning_rate=1e-2))
        assert report.applied and report.tokens == len(item.completion_ids)
    assert logprobs(engine, item).mean() > before + 0.5


def what_is_not_finite_changes_nothing(engine: Engine, candidate: Candidate, folder: Path) -> None:
    item = lesson(engine)
    before = logprobs(engine, item)
    assert not engine.learn([replace(item, weight=float("nan"))], Distil()).applied
    assert torch.equal(logprobs(engine, item), before)


def a_snapshot_is_restored_bit_for_bit(engine: Engine, candidate: Candidate, folder: Path) -> None:
    """Also the optimiser: the next step from a restored snapshot is the same step."""
    item = lesson(engine)
    step(engine, item)
    held, before = engine.snapshot(), logprobs(engine, item)
    step(engine, item)
    after = logprobs(engine, item)
    engine.save_state(folder / "state")
    step(engine, item)
    engine.restore(held)
    assert torch.equal(logprobs(engine, item), before)
    step(engine, item)
    assert torch.equal(logprobs(engine, item), after)
    engine.load_adapter(None)
    engine.load_state(folder / "state")
    assert torch.equal(logprobs(engine, item), after)


def adapters_travel_as_folders(engine: Engine, candidate: Candidate, folder: Path) -> None:
    item = lesson(engine)
    step(engine, item)
    taught = logprobs(engine, item)
    engine.save_adapter(folder / "adapter")
    assert {"adapter_config.json", "adapter_model.safetensors"} <= {f.name for f in (folder / "adapter").iterdir()}
    engine.load_adapter(None)
    assert not torch.equal(logprobs(engine, item), taught)
    engine.load_adapter(folder / "adapter")
    assert torch.equal(logprobs(engine, item), taught) and engine.adapter_ref == "adapter"
    with pytest.raises(EngineError, match="already there"):
        engine.save_adapter(folder / "adapter")


def sessions_do_not_see_each_other(engine: Engine, candidate: Candidate, folder: Path) -> None:
    """Two sessions, each with its engine on the same weights, and two adapters in turn on one engine."""
    other = candidate.make(folder / "other")
    item = lesson(engine)
    untaught = logprobs(other, item)
    step(engine, item)
    taught = logprobs(engine, item)
    assert torch.equal(logprobs(other, item), untaught)
    engine.save_adapter(folder / "one")
    engine.load_adapter(None)
    for _ in range(2):
        step(engine, replace(item, student_ids=item.teacher_ids or ()))
    engine.save_adapter(folder / "two")
    engine.load_adapter(folder / "one")
    assert torch.equal(logprobs(engine, item), taught)
    other.load_adapter(folder / "one")
    assert torch.equal(logprobs(other, item), taught)


def cancelling_stops_and_keeps_what_was_drawn(engine: Engine, candidate: Candidate, folder: Path) -> None:
    looks = iter([False, False, False])
    params = SampleParams(max_new_tokens=30, temperature=1.0, seed=2)
    (whole,) = engine.sample(prompts(engine)[:1], params)
    (cut,) = engine.sample(prompts(engine)[:1], params, cancelled=lambda: next(looks, True))
    assert cut.stop == "cancelled" or len(whole.ids) <= len(cut.ids)
    assert cut.ids == whole.ids[: len(cut.ids)] and len(cut.ids) <= 3


def what_cannot_be_is_one_sentence(engine: Engine, candidate: Candidate, folder: Path) -> None:
    long = [5] * (engine.context_length + 1)
    empty = folder / "empty"
    empty.mkdir()
    attempts: list[Callable[[], object]] = [
        lambda: engine.sample([long], SampleParams()),
        lambda: engine.score([(long, [5])]),
        lambda: engine.load_adapter(empty),
        lambda: engine.load_adapter(folder / "nowhere"),
        lambda: engine.load_state(empty),
        lambda: engine.fresh_adapter(rank=4, alpha=8, targets=["no_such_layer"], seed=0),
    ]
    for attempt in attempts:
        with pytest.raises(EngineError) as found:
            attempt()
        text = str(found.value)
        assert text.endswith((".", "…")) and "\n" not in text and len(text) < 500


CHECKS: tuple[Callable[[Any, Candidate, Path], None], ...] = (
    sampled_logprobs_are_scored_logprobs,
    a_draw_depends_on_its_seed_only,
    conversations_are_read_back,
    thoughts_are_not_kept,
    a_malformed_call_is_a_sentence,
    a_step_changes_only_the_adapter,
    steps_teach,
    what_is_not_finite_changes_nothing,
    a_snapshot_is_restored_bit_for_bit,
    adapters_travel_as_folders,
    sessions_do_not_see_each_other,
    cancelling_stops_and_keeps_what_was_drawn,
    what_cannot_be_is_one_sentence,
)
