"""What `bench corrections` measures with: preferences, prompts, rows that outlive a kill, the table."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from continualcode.learn.proof import habit
from continualcode.nursery import wording
from continualcode.nursery.chores import COMMANDS, VOCABULARY

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import corrections  # noqa: E402  # pyright: ignore[reportMissingImports]


def test_habits_are_in_the_corpus_and_news_are_not() -> None:
    for p in (*corrections.HABITS, *corrections.NEWS, *corrections.TUNING):
        stem = " ".join(p.want.split()[:2])
        known = p.tool or any(c.startswith(stem) for c in wording.REAL_COMMANDS)
        assert known == (p.group == "habits"), p.name
        if p.group == "news":
            assert p.want.split()[0] not in {c.split()[0] for c in wording.REAL_COMMANDS}
            assert p.want not in VOCABULARY
    kinds = [p.kind for p in (*corrections.HABITS, *corrections.NEWS, *corrections.TUNING)]
    assert len(set(kinds)) == len(kinds) and {"file", "grep"} < set(kinds)
    assert set(kinds) - {"file", "grep"} <= {c.name for c in COMMANDS}
    assert len(corrections.HABITS) == len(corrections.NEWS) == 8


@pytest.mark.parametrize("p", [*corrections.HABITS, *corrections.NEWS], ids=lambda p: p.name)
def test_prompts_are_the_same_each_time_of_their_kind_and_differ(p) -> None:  # noqa: ANN001
    made = corrections.conversations(p.kind, 12, 7)
    assert [list(c) for c in made] == [list(c) for c in corrections.conversations(p.kind, 12, 7)]
    assert len({c[0].content for c in made}) >= 8
    assert all(c[-1].role in ("user", "tool") for c in made)


def test_obeying_begins_with_the_wanted_words() -> None:
    (p,) = [x for x in corrections.NEWS if x.want == "poga"]
    call = "<function=bash>\n<parameter=command>\n{}"
    assert p.obeyed(habit(call.format("poga --all"))) and not p.obeyed(habit(call.format("make poga")))
    (tool,) = [x for x in corrections.HABITS if x.tool]
    assert tool.obeyed(habit("<function=edit_lines>")) and not tool.obeyed(habit("<function=write>"))
    assert not p.obeyed(None) and not tool.obeyed(None)


def row(preference: str, unseen: float, **other: object) -> dict:
    base = {
        "phase": "main", "method": "sft", "rate": 1e-3, "seed": 0, "preference": preference, "group": "news", "took": True,
        "unseen": {"1": unseen, "3": 1.0}, "retention": 0.9, "drift": 0.1, "seconds": [2.0, 4.0], "cpu_seconds": [1.0, 1.0],
        "outcomes": ["took", "took"], "peak_mb": 700, "cell_seconds": 12.0,
    }  # fmt: skip
    return base | other


def test_rows_outlive_a_kill_in_the_middle_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "bench" / "rows.jsonl"
    rows = corrections.Rows(path)
    rows.add(row("a", 0.5))
    rows.add(row("b", 0.7))
    path.write_text(path.read_text()[:-9])
    again = corrections.Rows(path)
    assert [r["preference"] for r in again.all] == ["a"] and again.find(preference="b") is None
    again.add(row("b", 0.7))
    assert corrections.Rows(path).find(method="sft", preference="b")["unseen"]["1"] == 0.7


def test_the_table_has_means_and_intervals_by_preference() -> None:
    found = corrections.summary([row("a", 0.4), row("b", 0.6, took=False), row("c", 0.8)], 1e-3)
    assert found["news"] == {"took": 0.6667, "unseen": {"1": 0.6, "3": 1.0}, "n": 3}
    low, high = found["ci95"]["news"]["unseen"]["1"]
    assert 0.4 <= low < 0.6 < high <= 0.8
    assert found["habits"]["took"] is None and found["retention"] == 0.9 and found["seconds_per_lesson"] == 3.0
    assert found["outcomes"] == {"took": 6} and found["lessons"] == 6 and found["peak_mb"] == 700
    assert found["seconds_per_cell"] == 12.0
