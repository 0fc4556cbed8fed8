"""The arenas of auto-training: koans judged by the real compiler, problems by real Python, and who may not come in."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from continualcode.agent.scripted import ScriptedEngine, reply
from continualcode.config import Settings
from continualcode.engine.base import ToolCall
from continualcode.errors import UserError
from continualcode.evaluate import arena
from continualcode.evaluate.arena import Koans, Problems, open_arena
from continualcode.koans import catalogue
from continualcode.learn.problems import read_problems

sys.path.append(str(Path(__file__).resolve().parents[1] / "sleep"))
from rote_engine import Rote  # noqa: E402  # pyright: ignore[reportMissingImports]

PROBLEMS = Path(__file__).parents[1] / "learn" / "data" / "problems.jsonl"
RIGHT = "```python\na, b = map(int, input().split())\nprint(a + b)\n```"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("home"), jobs=1, max_new_tokens=64)


@pytest.fixture(scope="module")
def koans() -> list[catalogue.Koan]:
    return [k for k in catalogue.load(split="train") if k.pattern in ("bc_missing_mut", "bc_assign_twice")][:2]


def test_a_koans_first_call_is_judged_by_its_tests(koans: list[catalogue.Koan], settings: Settings):
    engine = Rote({k.buggy: k.solution for k in koans}, born=[k.expected_error for k in koans])
    place = Koans(koans, settings)
    groups = place.attempt(engine, place.tasks, samples=2, seed=3)
    assert [[a.task for a in g] for g in groups] == [[k.id] * 2 for k in koans]
    for group, koan in zip(groups, koans, strict=True):
        for attempt in group:
            assert attempt.passed and len(attempt.ids) == len(attempt.logprobs) > 0
            assert attempt.prompt_ids == tuple(engine.encode(attempt.request)) and koan.buggy[:9] in str(
                attempt.request
            )
            _, (shown,), _ = engine.parse(attempt.answer)
            assert engine.parse(engine.decode(attempt.ids))[1] == (shown,)  # a sibling is shown the call itself


def test_a_wrong_call_fails_with_the_compilers_words_and_not_its_own(koans: list[catalogue.Koan], settings: Settings):
    wrong = ToolCall("edit_lines", {"path": "src/lib.rs", "start": 1, "end": 1, "text": "pub fn broken( {"})
    place = Koans(koans[:1], settings.replace(eval_batch=1))
    (group,) = place.attempt(ScriptedEngine([reply(wrong)] * 2), place.tasks, samples=2, seed=3)
    assert not group[0].passed and "error" in group[0].feedback
    assert "edited" not in group[0].feedback


def test_a_reply_without_a_call_has_nothing_to_learn_from(koans: list[catalogue.Koan], settings: Settings):
    place = Koans(koans[:1], settings.replace(eval_batch=1))
    (group,) = place.attempt(ScriptedEngine(["I cannot."] * 2), place.tasks, samples=2, seed=3)
    assert [(a.passed, a.ids) for a in group] == [(False, ())] * 2


def test_problems_are_asked_and_judged_with_python(settings: Settings):
    problems = read_problems(PROBLEMS)
    engine = ScriptedEngine([RIGHT, RIGHT.replace("+", "-")])
    place = Problems(problems, settings, engine)
    assert place.tasks == ("own_sum", "own_run") and place.left_out == 0
    (group,) = place.attempt(engine, ["own_sum"], samples=2, seed=1)
    assert [a.passed for a in group] == [True, False]
    assert group[1].feedback == "test 1: input 1 2, expected 3, got -1" and group[0].answer == RIGHT
    asked = group[0].request[-1].content
    assert "Print their sum" in asked and "standard input" in asked and "1000001" not in asked
    assert "class Solution" in arena.question(engine, problems[1])[-1].content


def test_problems_that_leave_no_room_are_left_out(settings: Settings):
    first, second = read_problems(PROBLEMS)
    engine = ScriptedEngine([])
    long = replace(first, id="long", content="word " * 4 * engine.context_length)
    assert Problems([long, second], settings, engine).left_out == 1
    with pytest.raises(UserError, match="None of the 1 problems leaves room"):
        Problems([long], settings, engine)


def test_the_program_is_the_last_block_that_holds_one():
    assert arena.program("so\n```python\na = 1\n```\nor\n```py\nb = 2\n```\n```\n```") == "b = 2\n"
    assert arena.program("```python\nprint(1)") == "print(1)\n"
    assert arena.program("no code") == "" and arena.program("```python\n\n```") == ""


@pytest.mark.parametrize("tasks", ["test", "gate", "held_back", "all"])
def test_what_is_measured_on_is_never_trained_on(tasks: str, settings: Settings):
    with pytest.raises(UserError, match="split train only"):
        open_arena(tasks, None, None, settings, ScriptedEngine([]))


def test_a_file_with_a_koan_of_another_split_is_refused_whatever_it_calls_it(tmp_path: Path, settings: Settings):
    path = tmp_path / "own.jsonl"
    (foreign,) = catalogue.load(split="test")[:1]
    for disguised in (foreign, replace(foreign, id="mine_1", split="train"), replace(foreign, id="mine_2", split="")):
        catalogue.write_jsonl([disguised], path)
        with pytest.raises(UserError, match="split train only"):
            open_arena(str(path), None, None, settings, ScriptedEngine([]))
    renamed = foreign.buggy.replace("value", "thing").replace("items", "things") + "\n// mine\n"
    catalogue.write_jsonl([replace(foreign, id="mine_3", split="", buggy=renamed, solution="fn main() {}\n")], path)
    with pytest.raises(UserError, match=f"`mine_3` of .* is like {foreign.id}"):
        open_arena(str(path), None, None, settings, ScriptedEngine([]))


def test_the_whole_split_train_is_no_leak(tmp_path: Path, settings: Settings):
    catalogue.write_jsonl(catalogue.load(split="train"), tmp_path / "train.jsonl")
    found = open_arena(str(tmp_path / "train.jsonl"), None, None, settings, ScriptedEngine([]))
    assert len(found.tasks) == len(catalogue.load(split="train"))


def test_the_split_train_a_pattern_of_it_and_files_come_in(
    tmp_path: Path, settings: Settings, koans: list[catalogue.Koan]
):
    engine = ScriptedEngine([])
    everything = open_arena("koans", None, None, settings, engine)
    held_back = open_arena("koans", "held_back", 5, settings, engine)
    assert set(everything.tasks) == {k.id for k in catalogue.load(split="train")}
    assert len(held_back.tasks) == 5 and set(held_back.tasks) < set(everything.tasks)
    catalogue.write_jsonl(koans, tmp_path / "own.jsonl")
    assert open_arena(str(tmp_path / "own.jsonl"), None, None, settings, engine).tasks == tuple(k.id for k in koans)
    assert isinstance(open_arena(str(PROBLEMS), None, 1, settings, engine), Problems)
    assert everything.hash != held_back.hash
    for tasks, pattern, said in (
        ("nowhere.jsonl", None, "There are no tasks"), (str(PROBLEMS), "held_back", "--pattern chooses among koans"),
        ("koans", "bc_none", "No koan of train"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=said):
            open_arena(tasks, pattern, None, settings, engine)
