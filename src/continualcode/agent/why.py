"""Why a lesson went as it did: the denied and the approved call token by token, each with the teacher's credit.

A token's credit is the teacher's log-probability minus the student's (nats): what the correction makes likelier is
positive, what it speaks against negative. Both are computed again with the weights from before the lesson, on the call as
the model itself would write it; the engine is put back afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.text import Text

from continualcode.agent.session import message_from_dict
from continualcode.engine.base import Engine, EngineError, Message
from continualcode.errors import UserError
from continualcode.store.records import LessonRecord

TOLD = 1.0  # nats; from here on a token's credit is written beside it
_NEUTRAL = 0.1  # nats; below it a token has no colour


@dataclass(frozen=True)
class Credit:
    """A piece of text (a token, or the few that make up one character) and its credit in nats."""

    text: str
    nats: float


@dataclass(frozen=True)
class Credited:
    """A call of a lesson: `what` is denied or approved."""

    what: str
    pieces: tuple[Credit, ...]

    @property
    def nats(self) -> float:
        return sum(piece.nats for piece in self.pieces)


def explain(
    engine: Engine, record: LessonRecord, tools: Sequence[Mapping[str, Any]] | None = None
) -> tuple[Credited, ...]:
    """The lesson's calls with their credits, the denied one first; `tools`: the schemas that prompts carry. Raises
    UserError."""
    from continualcode.learn.lesson import told

    if not engine.capabilities.trains:
        raise UserError("This model tells no probabilities, so there is no credit to show; use a local model.")
    if record.settings.get("model_hash") not in (None, engine.model_hash):
        raise UserError(f"Lesson {record.id} was given to another model ({record.settings.get('model_name')}).")
    if not any(m.get("role") == "user" for m in record.messages):
        raise UserError(f"The conversation of lesson {record.id} was not kept, so its credit cannot be computed.")
    messages = [message_from_dict(m) for m in record.messages]
    plain = engine.encode(messages, tools=tools)
    corrected = engine.encode(told(messages, record.correction, (), engine.profile), tools=tools)
    calls = {what: _ids(engine, text) for what, text in (("denied", record.denied), ("approved", record.approved))}
    calls = {what: ids for what, ids in calls.items() if ids}
    mine = engine.snapshot()
    try:
        if (Path(record.before_ref) / "adapter_config.json").is_file() and record.before_ref:
            engine.load_state(Path(record.before_ref))
        student = engine.score([(plain, ids) for ids in calls.values()])
        with _teacher(engine, str(record.settings.get("teacher", "base"))):
            teacher = engine.score([(corrected, ids) for ids in calls.values()])
    finally:
        engine.restore(mine)
    found: list[Credited] = []
    for (what, ids), by_teacher, by_student in zip(calls.items(), teacher, student, strict=True):
        credits_T = (by_teacher.logprobs_T - by_student.logprobs_T).tolist()
        found.append(Credited(what, tuple(_pieces(engine, ids, credits_T))))
    return tuple(found)


def _teacher(engine: Engine, kind: str) -> AbstractContextManager[None]:
    if kind in ("base", "trust_region"):
        return engine.adapter_disabled()
    as_teacher = getattr(engine, "as_teacher", None)  # an engine without it has no weights of another time
    return nullcontext() if as_teacher is None else as_teacher(kind)


def _ids(engine: Engine, text: str) -> list[int]:
    """A reply's tokens as the model itself would write them; none when there is no reply, or none of this form."""
    if not text:
        return []
    try:
        end = engine.decode(engine.encode_reply(Message("assistant"))[-1:])  # is written at the end by itself
        said, calls, problem = engine.parse(text.removesuffix(end))
        plain = problem is not None or not calls
        return engine.encode_reply(
            Message("assistant", text.removesuffix(end) if plain else said, () if plain else calls)
        )
    except EngineError:
        return []


def _pieces(engine: Engine, ids: Sequence[int], credits_T: Sequence[float]) -> list[Credit]:
    """Tokens as text; those that are parts of one character are taken together."""
    out: list[Credit] = []
    held: list[int] = []
    nats = 0.0
    for index, (token, credit) in enumerate(zip(ids, credits_T, strict=True)):
        held, nats = [*held, token], nats + credit
        text = engine.decode(held)
        if "\ufffd" in text and index < len(ids) - 1:
            continue
        out.append(Credit(text, nats))
        held, nats = [], 0.0
    return out


def shown(credited: Credited) -> Text:
    """A call in colours: green is what the teacher makes likelier, red what it speaks against; from one nat on the credit
    stands beside the token, so that it reads without colours too."""
    out = Text()
    out.append(f"{credited.what}: {credited.nats:+.1f} nats over {len(credited.pieces)} tokens\n", style="bold")
    for piece in credited.pieces:
        weight = "bold " if abs(piece.nats) >= TOLD else ""
        colour = "" if abs(piece.nats) < _NEUTRAL else "green" if piece.nats > 0 else "red"
        body = piece.text.rstrip("\n")
        out.append(body, style=f"{weight}{colour}".strip() or "none")
        if abs(piece.nats) >= TOLD:
            out.append(f"{{{piece.nats:+.1f}}}", style="dim")
        out.append(piece.text[len(body) :])
    return out
