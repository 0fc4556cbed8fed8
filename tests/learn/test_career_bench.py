"""What `bench career` keeps on disk: each lesson with its weights, so that a kill costs one lesson at most."""

from __future__ import annotations

import json
import random
import shutil
import sys
from pathlib import Path

import pytest
import torch

from continualcode.config import Settings
from continualcode.engine.local import LocalEngine

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import career  # noqa: E402  # pyright: ignore[reportMissingImports]


def begin(engine: LocalEngine, settings: Settings, folder: Path) -> career.Career:
    folder.mkdir(exist_ok=True)
    return career.Career(engine, settings, folder, lambda _: None)


def weights(engine: LocalEngine) -> dict[str, torch.Tensor]:
    return dict(engine.snapshot().weights)


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(t, b[name]) for name, t in a.items())


def test_a_career_goes_on_where_it_was_cut_off(engine: LocalEngine, settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "career"
    first = begin(engine, settings.replace(lesson_steps=2), folder)
    wish = first.bench.Preference("", "test", "make run")
    states = []
    for _ in range(3):
        first.lesson(wish)
        states.append(weights(engine))
    first.measure()
    with (folder / "rows.jsonl").open("a") as out:
        out.write('{"n": 3, "kind": "te')  # killed in the middle of a line
    again = begin(engine, settings, folder)
    assert again.rows == first.rows and again.measured == first.measured and equal(weights(engine), states[2])
    assert again.wants.keys() == {"test"} and len(again.taught) == len(first.taught)
    shutil.rmtree(folder / "state-2")  # killed between the weights and the row of a later lesson, the other way round
    earlier = begin(engine, settings, folder)
    assert earlier.rows == first.rows[:2] and earlier.measured == [] and equal(weights(engine), states[1])
    assert len((folder / "rows.jsonl").read_text().splitlines()) == 2
    assert sorted(p.name for p in folder.glob("state-*")) == ["state-1"]


def test_prompts_of_a_career_are_the_same_each_time_and_its_kinds_are_apart() -> None:
    bench = career._corrections()
    kinds = {p.kind for p in (*bench.HABITS, *bench.NEWS)}
    assert len(kinds) == 16 and not kinds & set(career.AWAY)
    assert all(kind in kinds and a != b for kind, a, b in career.REVERSALS)
    one, two = (career._wish(random.Random(5), sorted(kinds)) for _ in range(2))
    assert one == two and one.want


def test_the_pictures_are_drawn_from_what_was_measured(engine: LocalEngine, settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "career"
    path = begin(engine, settings, folder)
    rows = [career.Given(0, "test", "make run", False, 0, "use make run", "already")]
    path.rows, path.measured = rows, [{"lessons": 5, "obeyed": {"test": 1.0}, "anchors": 0.9}]
    path.measured.append({"lessons": 10, "obeyed": {"test": 0.5, "run": 1.0}, "anchors": 0.8})
    path.rows.append(career.Given(1, "run", "devbox run", False, 0, "use devbox run", "took"))
    for picture in career.draw_pictures(path, folder):
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_summary_counts_what_is_kept() -> None:
    rows = [
        career.Given(0, "test", "a", False, 0, "use a", "took", cpu_seconds=4.0),
        career.Given(1, "test", "a", False, 1, "use a", "already"),
        career.Given(2, "run", "b", False, 0, "use b", "did_not_take", cpu_seconds=6.0),
    ]
    found = career._summary(rows, {"obeyed": {"test": 1.0, "run": 0.25}, "anchors": 0.9})
    assert found["obeyed_at_the_end"] == 0.625 and found["preferences_kept"] == 1
    assert found["outcomes"] == {"already": 1, "did_not_take": 1, "took": 1}
    assert found["cpu_seconds_per_lesson"] == pytest.approx(5.0) and json.dumps(found)
