"""Earlier lessons beside a new one: held, taught again, or replaced by the newest word."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from continualcode.config import Settings
from continualcode.engine.base import Completion, Message, SampleParams, ToolCall
from continualcode.engine.local import LocalEngine
from continualcode.learn.lesson import LessonInput, LessonOutcome, teach
from continualcode.learn.pool import Pool
from continualcode.learn.proof import Habit
from continualcode.learn.record import lesson_record
from continualcode.learn.rehearsal import Earlier, chosen, earlier, from_records, standing


def request(kind: str, thing: str) -> tuple[Message, ...]:
    return (Message("user", f"{kind} {thing}"),)


def greedy(engine: LocalEngine, kind: str, thing: str) -> Completion:
    return engine.sample([engine.encode(request(kind, thing))], SampleParams(max_new_tokens=24))[0]


def share(engine: LocalEngine, kind: str, command: str) -> float:
    prompts = [engine.encode(request(kind, f"t{i}")) for i in range(24)]
    replies = engine.sample(prompts, SampleParams(max_new_tokens=24))
    return sum(f"\n{command} t" in c.text for c in replies) / len(replies)


class Career:
    """Lessons one after another, each with those before it to rehearse."""

    def __init__(self, engine: LocalEngine, settings: Settings, pool: Pool) -> None:
        self.engine, self.settings, self.pool = engine, settings, pool
        self.lessons: list[Earlier] = []

    def teach(self, kind: str, thing: str, command: str) -> LessonOutcome | None:
        """None where the model does so already."""
        engine, denied = self.engine, greedy(self.engine, kind, thing)
        if f"\n{command} t" in denied.text:
            return None
        given = LessonInput(request(kind, thing), denied, f"use {command}")
        outcome = teach(engine, given, self.settings, replace(self.pool, lessons=tuple(self.lessons)))
        item = earlier(engine, given.messages, given.correction, denied.text, str(outcome.proof["teacher"]))
        if outcome.verdict in ("took", "partly") and item is not None:
            self.lessons.append(item)
        return outcome


def test_the_newest_word_wins_within_three_lessons(engine: LocalEngine, settings: Settings, pool: Pool) -> None:
    career = Career(engine, settings, pool)
    career.teach("install", "t3", "poetry add")
    assert share(engine, "install", "poetry add") > 0.9
    for _ in range(3):  # as long as the user has to say it
        career.teach("install", "t5", "uv get")
    assert "\nuv get t5" in greedy(engine, "install", "t5").text
    assert share(engine, "install", "poetry add") == 0.0 and share(engine, "install", "uv get") > 0.6


def test_an_earlier_lesson_is_held_while_others_come(engine: LocalEngine, settings: Settings, pool: Pool) -> None:
    kept = {}
    for rehearse in (0, 4):
        engine.load_adapter(None)
        career = Career(engine, settings.replace(lesson_steps=24, rehearse=rehearse, anchors=2), pool)
        career.teach("test", "t3", "poetry get")
        assert share(engine, "test", "poetry get") > 0.9
        outcomes = [career.teach("install", f"t{i}", c) for i, c in ((5, "conda add"), (7, "uv run"), (8, "uv run"))]
        kept[rehearse] = share(engine, "test", "poetry get")
    last = [o for o in outcomes if o is not None][-1]
    assert (last.proof["earlier"], last.proof["earlier_before"], last.proof["earlier_after"]) == (1, 1.0, 1.0)
    assert kept[4] >= kept[0] and kept[4] >= 0.8, kept


def test_a_forgotten_lesson_is_taught_again(engine: LocalEngine, settings: Settings, pool: Pool) -> None:
    denied = greedy(engine, "test", "t3")
    old = Earlier(request("test", "t3"), "use poetry get", ToolCall("bash", {"command": "poetry get t3"}),
                  engine.parse(denied.text)[1][0])  # fmt: skip
    reply = tuple(engine.encode_reply(Message("assistant", "", (old.taught,))))
    given = LessonInput(request("install", "t5"), greedy(engine, "install", "t5"), "use conda add")
    risen = []
    for lessons in ((), (old,)):
        engine.load_adapter(None)
        outcome = teach(engine, given, settings, replace(pool, lessons=lessons))
        (score,) = engine.score([(engine.encode(old.messages), reply)])
        risen.append(float(score.logprobs_T.sum()))
    assert outcome.proof["earlier"] == 1 and outcome.proof["earlier_before"] == 0.0
    assert risen[1] > risen[0] + 2


def bash(command: str) -> ToolCall:
    return ToolCall("bash", {"command": command})


def lesson(name: str, taught: str, denied: str = "pip install x") -> Earlier:
    return Earlier((Message("user", name),), f"use {taught}", bash(f"{taught} x"), bash(denied))


PIP, CARGO = Habit("bash", ("pip", "install", "x")), Habit("bash", ("cargo", "test", "x"))


def test_of_one_kind_the_newest_stands() -> None:
    lessons = [
        lesson("a", "poetry add"),
        lesson("b", "just test", "cargo test x"),
        lesson("c", "uv add", "poetry add x"),
    ]
    assert standing(lessons, [PIP, CARGO, PIP]) == lessons[1:]
    assert standing(lessons, [PIP, CARGO, PIP], kind=PIP) == lessons[1:2]  # the new lesson is about that kind
    assert standing(lessons, [PIP, CARGO, PIP], kind=CARGO) == lessons[2:]
    alike = [lesson("a", "uv add"), lesson("b", "uv add")]
    assert standing(alike, [PIP, PIP]) == alike  # the same, twice: no contradiction


def test_what_a_later_lesson_denies_does_not_stand() -> None:
    lessons = [lesson("a", "poetry add"), lesson("b", "just test", "poetry add x")]
    assert standing(lessons, [None, None]) == lessons[1:]
    assert standing(lessons[:1], [None], denied=bash("poetry add y")) == []


def test_of_many_the_newest_and_some_of_the_others_are_rehearsed() -> None:
    many = [lesson(str(i), f"c{i}") for i in range(100)]
    found = chosen(many, 10)
    assert len(found) == 10 and found[-5:] == many[-5:] and found[0] == many[0] and len(set(map(id, found))) == 10
    assert chosen(many[:3], 10) == many[:3]


def test_lessons_come_back_from_the_store(engine: LocalEngine, settings: Settings, pool: Pool, tmp_path: Path) -> None:
    given = LessonInput(request("install", "t3"), greedy(engine, "install", "t3"), "use poetry add")
    outcome = teach(engine, given, settings, pool)
    record = lesson_record(engine, given, outcome, settings, lesson_id="lesson_1", correction_id="c")
    (back,) = from_records(engine, [record, replace(record, id="lesson_2", outcome="undone")])
    assert back.messages == given.messages and back.correction == "use poetry add"
    assert back.taught == bash("poetry add t3") and back.denied == bash("pip install t3")
