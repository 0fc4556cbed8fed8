"""Python programs under tests, really run in the sandbox: right, wrong, broken, endless, and curious ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from continualcode.config import Settings
from continualcode.evaluate.programs import judge, judge_many, same_text
from continualcode.learn.problems import Case, Problem, read_problems

TOTAL, RUN = read_problems(Path(__file__).parents[1] / "learn" / "data" / "problems.jsonl")
RIGHT = "a, b = map(int, input().split())\nprint(a + b)\n"
LONGEST = """class Solution:
    def longestRun(self, values: List[int]) -> int:
        print("this goes nowhere")
        return max((len(list(g)) for _, g in groupby(values)), default=0)
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", command_seconds=5)


def test_a_right_program_passes_by_standard_input_and_by_a_function(settings: Settings):
    assert judge(RIGHT, TOTAL, settings).passed
    assert judge(LONGEST, RUN, settings).passed
    assert judge("def longestRun(values):\n    return len(values) and [2, 3][len(values) > 3]\n", RUN, settings).passed


def test_feedback_says_what_was_expected_of_a_public_test(settings: Settings):
    found = judge(RIGHT.replace("a + b", "a - b"), TOTAL, settings)
    assert not found.passed and found.feedback == "test 1: input 1 2, expected 3, got -1"
    wrong = judge(LONGEST.replace("default=0", "default=9"), RUN, settings)
    assert wrong.feedback == "test 2: input [], expected 0, got 9"


def test_a_hidden_test_counts_and_is_never_told(settings: Settings):
    found = judge("a, b = map(int, input().split())\nprint(a + b if a < 1000 else 0)\n", TOTAL, settings)
    assert not found.passed and found.feedback == "hidden test 3: wrong answer"
    telling = judge(
        "text = input()\nif len(text) > 6: raise ValueError(text)\nprint(eval(text.replace(' ', '+')))\n",
        TOTAL,
        settings,
    )
    assert telling.feedback == "hidden test 3: ValueError"


def test_broken_and_endless_programs_fail_with_a_word(settings: Settings):
    assert judge("", TOTAL, settings).feedback == "there is no program in the reply"
    assert "SyntaxError" in judge("print(\n", TOTAL, settings).feedback
    assert "NameError" in judge("print(nothing)\n", TOTAL, settings).feedback
    assert (
        judge("while True: pass\n", TOTAL, settings.replace(command_seconds=1)).feedback == "test 1: stopped (timeout)"
    )
    assert not judge("class Solution:\n    pass\n", RUN, settings).passed


def test_a_program_finds_neither_the_answers_nor_a_way_out(settings: Settings, tmp_path: Path):
    (tmp_path / "secret").write_text("42")
    curious = f"""import os, pathlib, socket
found = [str(p) for p in pathlib.Path(".").iterdir()]
for path in (pathlib.Path({str(tmp_path / "secret")!r}), pathlib.Path({str(Path(__file__))!r})):
    try: found.append(path.read_text())
    except OSError: pass
try:
    socket.create_connection(("1.1.1.1", 53), 1); found.append("network")
except OSError: pass
print(sorted(found), len(os.environ) < 9)
"""
    problem = Problem("p", "t", "c", "", "", "", "", (Case("stdin", "", "['program.py', 'runner.py'] True"),))
    assert judge(curious, problem, settings).feedback == ""


def test_an_answer_is_a_value_and_not_a_type_that_looks_like_it(settings: Settings):
    problem = Problem("p", "t", "c", "", "", "", "f", (Case("functional", "1", "true"),))
    assert judge("def f(n): return n == 1\n", problem, settings).passed
    assert not judge("def f(n): return n\n", problem, settings).passed
    tuples = Problem("p", "t", "c", "", "", "", "f", (Case("functional", "1\n[2]", "[1, [2]]"),))
    assert judge("def f(a, b): return (a, tuple(b))\n", tuples, settings).passed


def test_many_are_judged_in_order_and_equal_ones_once(settings: Settings):
    wrong = "print(0)\n"
    found = judge_many([(wrong, TOTAL), (RIGHT, TOTAL), (wrong, TOTAL)], settings, workers=1)
    assert [f.passed for f in found] == [False, True, False]
    assert found[0] is found[2]


def test_texts_are_compared_by_line_and_numbers_by_value():
    assert same_text("1.50 2\n", "1.5 2") and same_text("a \nb\n\n", "a\nb")
    assert not same_text("1 2", "1\n2") and not same_text("1.50x", "1.5x") and not same_text("", "0")
