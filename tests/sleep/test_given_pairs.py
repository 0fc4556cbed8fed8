"""What a user gave at any time is read by the next night, once, whatever its id."""

from __future__ import annotations

from pathlib import Path

import pytest
from rote_engine import Rote

from continualcode.config import Settings
from continualcode.sleep import curate, night
from continualcode.store import Store, new_id, now
from continualcode.store.records import CorrectionRecord

WRONG = "pub fn f() -> Vec<i32> {\n    let v = Vec::new();\n    v.push(1);\n    v\n}\n"
RIGHT = "pub fn f() -> Vec<i32> {\n    vec![1]\n}\n"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr("continualcode.sleep.anchors.HELD", 2)
    monkeypatch.setattr("continualcode.sleep.anchors.WATCHED", 2)
    return Settings(home=tmp_path / "home").replace(max_attempts=1, night_steps=4, night_variants=4, night_batch=4)


def pair(name: str, wrong: str = WRONG, right: str = RIGHT) -> CorrectionRecord:
    return CorrectionRecord(name, "pair", "", "global", None, wrong, right, now())


def test_each_is_read_by_the_next_night_and_only_by_it(rote: Rote, settings: Settings):
    with Store(settings.store_path) as store:
        # an id that was made from the words sorts behind every id that was made from the clock
        store.add(pair("co_ffff000011112222"))
        first = night.sleep(rote, store, settings).json()
        dataset = curate.load(settings.home / "nights" / first["night"])
        assert [(i.task_id, i.source) for i in dataset.use("train")] == [("co_ffff000011112222", "correction")]
        assert night.sleep(rote, store, settings).json()["decision"] == "nothing_to_learn", "read once"
        later = [pair(new_id("co"), right=RIGHT.replace("1", "2")), pair("co_0000", right=RIGHT.replace("1", "3"))]
        store.add(*later)
        second = night.sleep(rote, store, settings).json()
        dataset = curate.load(settings.home / "nights" / second["night"])
        assert {i.task_id for i in dataset.use("train")} == {c.id for c in later}


def test_a_stored_pair_that_copies_a_judging_task_reaches_no_night(settings: Settings):
    from continualcode.koans import catalogue

    koan = catalogue.load(split="gate")[0]
    kept = curate.curate([], [pair("co_copy", koan.buggy, koan.solution), pair("co_own")], settings=settings)
    assert [i.task_id for i in kept.items] == ["co_own"]
    assert kept.card["rejected"]["near duplicate of another split"] >= 1
