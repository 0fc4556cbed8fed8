"""A night from curate to promotion over real koans and the real store; the weights are a rote learner's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from rote_engine import Rote

from continualcode.config import Settings
from continualcode.errors import UserError
from continualcode.evaluate import suite
from continualcode.sleep import curate, cycle, night
from continualcode.store import Store, new_id, now
from continualcode.store.records import CorrectionRecord, NightRecord


@pytest.fixture(scope="session")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("verdicts")


@pytest.fixture
def settings(tmp_path: Path, verdicts: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "cache").symlink_to(verdicts)  # verdicts do not change from test to test
    monkeypatch.setattr("continualcode.sleep.anchors.HELD", 2)
    monkeypatch.setattr("continualcode.sleep.anchors.WATCHED", 2)
    return Settings(home=tmp_path / "home").replace(max_attempts=1, night_steps=4, night_variants=4, night_batch=4)


@pytest.fixture
def store(settings: Settings):
    with Store(settings.store_path) as opened:
        yield opened


def day(engine: Rote, store: Store, settings: Settings) -> None:
    suite.measured(engine, store, suite.select("train"), suite="train", settings=settings, fresh=True)


def test_a_night_learns_the_days_failures_and_is_promoted(rote: Rote, store: Store, settings: Settings):
    day(rote, store, settings)
    result = night.sleep(rote, store, settings).json()
    assert result["decision"] == "promoted" and result["episodes"] == 3 and result["seconds"] > 0
    current = store.current()
    assert current is not None and current.version == result["promoted"] == rote.adapter_ref
    assert (
        current.parent is None
        and current.metrics["training"]["delta"] > 0
        and result["candidates"] == [current.version]
    )
    assert result["gate"]["regressed"] == [] and len(result["gate"]["gained"]) == 2 and result["gate"]["drift"] == 0
    kept = curate.load(settings.home / "nights" / result["night"])
    assert kept.hash == current.data_hash == result["dataset"]
    card = kept.card
    assert set(card["failed_patterns"]) == {"bc_missing_mut", "rh_map_err"}
    assert card["sources"]["koan"] == 2 and card["sources"]["variant"] == 8 and card["sources"]["replay"] > 0
    assert {i.pattern for i in kept.use("replay")} == {"bc_assign_twice"} and len(kept.use("held_out")) == 2
    assert not (settings.home / "nights" / result["night"] / "train").exists(), "checkpoints are gone"
    again = night.sleep(rote, store, settings).json()
    assert again["decision"] == "nothing_to_learn" and again["promoted"] is None and store.current() == current


def test_only_the_train_split_is_read(rote: Rote, store: Store, settings: Settings):
    for split in ("gate", "test"):
        suite.measured(rote, store, suite.select(split), suite=split, settings=settings)
    assert store.list_episodes(outcome="failed")
    result = night.sleep(rote, store, settings).json()
    assert result["decision"] == "nothing_to_learn" and result["episodes"] == 0
    assert store.current() is None and store.list_adapters() == []


def test_corrections_are_verified_and_weigh_more(rote: Rote, store: Store, settings: Settings):
    wrong = "pub fn f() -> Vec<i32> {\n    let v = Vec::new();\n    v.push(1);\n    v\n}\n"
    right = "pub fn f() -> Vec<i32> {\n    vec![1]\n}\n"
    for bad, good in ((wrong, right), (wrong, wrong.replace("push", "shove")), (right, right), (wrong, right)):
        store.add_correction(CorrectionRecord(new_id("co"), "pair", "", "global", None, bad, good, now()))
    episodes, corrections = night.unread(store, rote)
    dataset = curate.curate(episodes, corrections, settings=settings)
    assert [(i.source, i.weight, i.fixed) for i in dataset.items] == [("correction", 2.0, right)]
    assert "E0596" in dataset.items[0].feedback and dataset.card["rejected"]["duplicate"] == 1
    assert dataset.card["rejected"]["correction: repair not clean"] == 1
    assert dataset.card["rejected"]["correction: nothing wrong before"] == 1


def test_a_fixed_episode_becomes_an_example_only_when_its_repair_is_clean(
    rote: Rote, store: Store, settings: Settings, few_koans
):
    koan = few_koans["bc_missing_mut", "train"]
    day(rote, store, settings)
    found = next(e for e in store.list_episodes() if e.task_id == koan.id)
    late = replace(found, outcome="solved", steps_to_green=3, final_code=koan.solution)
    dataset = curate.curate([late], [], settings=settings)
    assert dataset.card["sources"]["fixed"] == 1 and "koan" not in dataset.card["sources"]
    gutted = replace(late, final_code="pub fn nothing() {}\n")
    dataset = curate.curate([gutted], [], settings=settings)
    assert "fixed" not in dataset.card["sources"] and dataset.card["rejected"]["fixed: repair not clean"] == 1
    assert curate.curate([replace(late, split="test")], [], settings=settings).items == ()


def test_a_dataset_that_was_tampered_with_is_refused(tmp_path: Path):
    items = (curate.Item("koan", "train", "p", "t", "a\n", "b\n", "ok"),)
    curate.save(curate.Dataset(items, {"hash": curate.content_hash(items)}), tmp_path)
    assert curate.load(tmp_path).items == items
    text = (tmp_path / "dataset.jsonl").read_text()
    (tmp_path / "dataset.jsonl").write_text(text.replace("b\\n", "c\\n"))
    with pytest.raises(UserError, match="card"):
        curate.load(tmp_path)


def test_bad_input_is_one_sentence(rote: Rote, store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(UserError, match="choose one of lora, naive, replay"):
        night.sleep(rote, store, settings.replace(night_method="magic"))
    with night.night_lock(settings.home), pytest.raises(UserError, match="Another night"):
        night.sleep(rote, store, settings)
    day(rote, store, settings)
    assert night.sleep(rote, store, settings).promoted
    rote.model_hash = "another base"
    with pytest.raises(UserError, match="belongs to"):
        night.load_current(rote, store)


def test_a_refused_candidate_changes_nothing(
    rote: Rote, store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    day(rote, store, settings)
    monkeypatch.setattr("continualcode.sleep.night.drift_from_base", lambda engine: 9.0)
    result = night.sleep(rote, store, settings).json()
    assert result["decision"] == "refused" and "drift" in result["reasons"][0]
    assert store.current() is None and rote.adapter_ref is None and rote.seen == {}
    assert [a.status for a in store.list_adapters()] == ["refused"]
    # what it read counts as read; only new failures make another candidate
    assert night.sleep(rote, store, settings).json()["decision"] == "nothing_to_learn"


def test_a_night_that_fits_no_more_is_abandoned(rote: Rote, store: Store, settings: Settings):
    details = {"model": "another", "method": "replay", "index": 0}
    store.add_night(NightRecord("night_old", "train", now(), None, "", [], None, None, "", details))
    night.sleep(rote, store, settings)
    old = store.get_night("night_old")
    assert old is not None and old.stage == "abandoned" and old.finished


def test_nights_measure_before_and_after_and_can_be_resumed(rote: Rote, store: Store, settings: Settings):
    kept: list[list[dict]] = []
    rows = cycle.nights(rote, store, settings, cycles=2, keep=lambda r: kept.append(list(r)))
    assert [r["decision"] for r in rows] == ["before", "promoted", "nothing_to_learn"]
    assert [r["train"] for r in rows] == pytest.approx([1 / 3, 1, 1])
    assert [r["held_back"] for r in rows] == [0, 1, 1] and rows[1]["regressions"] == 0
    assert rows[0]["median_steps_to_green"] == 1 and [r["repeat_error_rate"] for r in rows] == pytest.approx(
        [2 / 3, 0, 0]
    )
    assert {"cycle", "gate", "test", "seconds"} <= set(rows[0]) and len(kept) == 3
    more = cycle.nights(rote, store, settings, cycles=3, done=rows)
    assert more[:3] == rows and more[3]["cycle"] == 3
    assert cycle.spread(list(range(10)), 4) == [0, 2, 5, 7] and cycle.spread([1, 2], 3) == [1, 2]  # type: ignore[arg-type]
    with pytest.raises(UserError, match="train split"):
        cycle.nights(rote, store, settings, cycles=1, pattern="no_such_pattern")


def test_baselines_stand_beside_the_nights_and_change_nothing(rote: Rote, store: Store, settings: Settings):
    rows = cycle.nights(rote, store, settings, cycles=1)
    current, episodes = store.current(), len(store.list_episodes())
    found = cycle.baselines(rote, store, settings)
    assert found["no_op"]["train"]["pass_rate"] == pytest.approx(rows[0]["train"])
    assert found["no_op"]["test"]["pass_rate"] == pytest.approx(rows[0]["test"])
    assert set(found["hints"]) == {"train", "test"} and found["hints"]["train"]["n"] == rows[0]["n"]["train"]
    assert current and rote.adapter_ref == current.version and len(store.list_episodes()) == episodes


def test_a_prompt_hint_is_another_tasks_repair_of_the_same_pattern():
    from continualcode.koans import catalogue

    koan = next(k for k in catalogue.load(split="train") if k.pattern == "tb_missing_hash")
    hint = cycle.past_repair(koan)
    others = [k for k in catalogue.load(split="train", pattern="tb_missing_hash") if k.id != koan.id]
    assert hint and "Hash" in hint and hint.rsplit("became\n", 1)[1] in others[0].solution


KILLED = """
import sys, json
from pathlib import Path
sys.path[:0] = json.loads(sys.argv[1])
import few_koans
from continualcode.sleep import anchors, night, train
anchors.HELD = anchors.WATCHED = 2
from continualcode.config import Settings
from continualcode.store import Store
from rote_engine import Rote
import time
chosen = few_koans.narrow(Path(sys.argv[2]) / "koans", setattr)
rote = Rote({k.buggy: k.solution for k in chosen.values()}, born=["E0384"])
plain = rote.learn
rote.learn = lambda e, l: (time.sleep(0.1), plain(e, l))[1]  # slow weights, so that there is a middle to be killed in
settings = Settings(home=Path(sys.argv[2]) / "home").replace(max_attempts=1, night_steps=30, night_variants=4, night_batch=4)
with Store(settings.store_path) as store:
    print(json.dumps(night.sleep(rote, store, settings).json()), flush=True)
"""


def stage_of(store: Store, home: Path) -> str:
    """The stage a night is in; `trained` once training wrote a checkpoint after its first step."""
    found = store.list_nights()
    if not found:
        return ""
    progress = home / "nights" / found[-1].id / "train" / "progress.json"
    if found[-1].stage == "train" and progress.is_file() and json.loads(progress.read_text())["step"] >= 10:
        return "trained"
    return found[-1].stage


@pytest.mark.parametrize("stage", ["curate", "trained", "gate"])
def test_kill_in_the_middle_leaves_current_and_the_next_night_goes_on(
    stage: str, rote: Rote, store: Store, settings: Settings, tmp_path: Path
):
    day(rote, store, settings)
    here = Path(__file__).resolve().parent
    command = [sys.executable, "-c", KILLED, json.dumps([str(here), str(here.parents[1] / "src")]), str(tmp_path)]
    process = subprocess.Popen(
        command, start_new_session=True, env={**os.environ, "PYTHONPATH": str(here.parents[1] / "src")}
    )
    deadline = time.monotonic() + 60
    while stage_of(store, settings.home) != stage:
        assert time.monotonic() < deadline and process.poll() is None, f"never reached {stage}"
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    cut = store.list_nights()[-1]
    assert store.current() is None and cut.stage == stage.replace("trained", "train")
    steps: list[int] = []
    result = night.sleep(
        rote, store, settings.replace(night_steps=30), step=lambda s, n, of, note: steps.append(n) if s == "train" else None
    ).json()  # fmt: skip
    assert result["decision"] == "promoted" and result["night"] == cut.id and len(store.list_nights()) == 1
    current = store.current()
    assert current is not None and current.version == result["promoted"] and len(store.list_adapters()) == 1
    if stage == "trained":
        assert steps[0] > 10, "training goes on from its checkpoint"
    if stage == "gate":
        assert steps == [], "what was trained is not trained again"
