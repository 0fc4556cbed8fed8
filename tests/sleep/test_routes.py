"""A candidate that may not answer everything answers what it was trained on; the weights before it all the rest."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from rote_engine import Jealous, Rote

from continualcode.agent import routes
from continualcode.cli import adapters
from continualcode.config import Settings
from continualcode.engine.base import EngineError
from continualcode.evaluate import suite
from continualcode.evaluate.routed import routes_in_use
from continualcode.report.morning import morning
from continualcode.report.pages import headline
from continualcode.rust.diagnostics import Diagnostic, Span
from continualcode.sleep import night
from continualcode.store import Store


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr("continualcode.sleep.anchors.HELD", 2)
    monkeypatch.setattr("continualcode.sleep.anchors.WATCHED", 2)
    home = Settings(home=tmp_path / "home")
    return home.replace(max_attempts=1, night_steps=4, night_variants=4, night_batch=4, night_method="naive")


@pytest.fixture
def store(settings: Settings):
    with Store(settings.store_path) as opened:
        yield opened


@pytest.fixture
def jealous(few_koans):
    return Jealous({k.buggy: k.solution for k in few_koans.values()}, born=["E0384"])


def slept(engine: Rote, store: Store, settings: Settings) -> dict[str, Any]:
    suite.measured(engine, store, suite.select("train"), suite="train", settings=settings, fresh=True)
    return night.sleep(engine, store, settings).json()


def test_what_is_refused_for_all_is_promoted_for_its_own_errors(jealous: Jealous, store: Store, settings: Settings):
    before = suite.measured(jealous, store, suite.select("gate"), suite="gate", settings=settings)["by_task"]
    result = slept(jealous, store, settings)
    assert result["decision"] == "promoted", result["reasons"]
    assert any("now fail" in reason for reason in result["reasons"]) and any("routed" in r for r in result["reasons"])
    current, (candidate,) = store.current(), result["candidates"]
    assert current is not None and current.kind == "routes" and current.version == result["promoted"] != candidate
    refused = store.get_adapter(candidate)
    assert refused is not None and refused.status == "refused"
    slept_ = store.get_night(result["night"])
    assert slept_ is not None and (slept_.candidate, slept_.version) == (candidate, current.version)
    said = headline(morning(store, slept_.id))
    assert said == f"Promoted for the errors it was trained on: adapter {current.version} is in use."
    assert adapters._decision(slept_, candidate).startswith(f"refused for everything; {current.version}")
    assert adapters._decision(slept_, current.version) == "promoted"
    found = suite.measured(jealous, store, suite.select("gate"), suite="gate", settings=settings, fresh=True)
    assert sum(map(sum, before.values())) == 1 and all(all(passed) for passed in found["by_task"].values())
    assert found["adapter"] == current.version == jealous.adapter_ref
    episodes = {e.pattern: e.adapter for e in store.list_episodes(split="gate")[-3:]}
    assert episodes == {
        "bc_assign_twice": current.version,
        "bc_missing_mut": f"{current.version}/{candidate}",
        "rh_map_err": f"{current.version}/{candidate}",
    }


def test_the_gates_word_on_routes_is_what_the_routes_then_do(jealous: Jealous, store: Store, settings: Settings):
    result = slept(jealous, store, settings)
    decided = {task: after for task, (_, after) in result["gate"]["outcomes"].items()}
    done = suite.measured(jealous, store, suite.select("gate"), suite="gate", settings=settings, samples=2, fresh=True)
    assert {t: all(x) for t, x in done["by_task"].items()} == {t: all(x) for t, x in decided.items()}


def test_a_night_after_routes_keeps_them_and_rollback_takes_them_away(
    jealous: Jealous, store: Store, settings: Settings
):
    slept(jealous, store, settings)
    first = store.current()
    assert first is not None
    again = slept(jealous, store, settings)
    assert again["decision"] == "nothing_to_learn" and store.current() == first
    assert routes_in_use(jealous, store) is not None
    store.rollback()
    night.load_current(jealous, store)
    assert store.current() is None and routes_in_use(jealous, store) is None


def test_the_next_night_begins_from_the_routed_weights_and_takes_only_what_it_does_better(
    jealous: Jealous, store: Store, settings: Settings
):
    def day_and_night(pattern: str) -> dict[str, Any]:
        koans = suite.select("train", pattern=pattern)
        suite.measured(jealous, store, koans, suite="train", settings=settings, fresh=True)
        return night.sleep(jealous, store, settings).json()

    first = day_and_night("bc_missing_mut")
    second = day_and_night("rh_map_err")
    assert (first["decision"], second["decision"]) == ("promoted", "promoted"), second["reasons"]
    (old,), (new,) = first["candidates"], second["candidates"]
    row = store.get_night(second["night"])
    assert row is not None and row.details["from_route"] == old
    refused = store.get_adapter(new)
    assert refused is not None and refused.reasons == [night.ROUTES_ALONE]
    current = store.current()
    assert current is not None
    table = routes.read(store.adapter_folder(current)).table
    assert set(table.values()) == {old, new}
    gate = {k.pattern: c.adapter for k, c in zip(
        suite.select("gate"), routes.choices(routes.read(store.adapter_folder(current)), suite.select("gate"), settings), strict=True,
    )}  # fmt: skip
    assert gate == {"bc_assign_twice": None, "bc_missing_mut": old, "rh_map_err": new}
    done = suite.measured(jealous, store, suite.select("gate"), suite="gate", settings=settings, fresh=True)
    assert all(all(passed) for passed in done["by_task"].values())


def test_an_error_under_which_a_task_is_lost_stays_with_the_weights_before(
    jealous: Jealous, store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    plain = suite.measured

    def lost_there(engine: Any, store_: Any, koans: Any, **how: Any) -> dict[str, Any]:
        found = plain(engine, store_, koans, **how)
        weak = {k.id for k in koans if k.pattern == "rh_map_err" and how["suite"].startswith("gate")}
        passed = engine.adapter_ref is None  # this task was passed, and the candidate loses it
        return {**found, "by_task": {t: [passed] * len(v) if t in weak else v for t, v in found["by_task"].items()}}

    monkeypatch.setattr(suite, "measured", lost_there)
    result = slept(jealous, store, settings)
    assert result["decision"] == "promoted" and any("stay with the weights before" in r for r in result["reasons"])
    current = store.current()
    assert current is not None
    held = routes.read(store.adapter_folder(current))
    gate = {k.pattern: c.adapter for k, c in zip(
        suite.select("gate"), routes.choices(held, suite.select("gate"), settings), strict=True,
    )}  # fmt: skip
    assert gate["rh_map_err"] is None and gate["bc_missing_mut"] == result["candidates"][0]


def test_only_tasks_whose_weights_are_others_are_run_again(
    jealous: Jealous, store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    slept(jealous, store, settings)
    run: list[str] = []
    rolled = suite.routed_rollout

    def counted(engine: Any, koans: Any, **how: Any) -> Any:
        run.extend(k.id for k in koans)
        return rolled(engine, koans, **how)

    monkeypatch.setattr(suite, "routed_rollout", counted)
    more = settings.replace(max_attempts=2)
    for version in (None, store.current()):
        jealous.load_adapter(None if version is None else store.adapter_folder(version))
        for _ in range(2):  # the second time the whole measurement is there
            found = suite.measured(jealous, store, suite.select("gate"), suite="gate", settings=more)
    by_pattern = {k.pattern: k.id for k in suite.select("gate")}
    assert sorted(run) == sorted([*by_pattern.values(), by_pattern["bc_missing_mut"], by_pattern["rh_map_err"]])
    anew = suite.measured(jealous, store, suite.select("gate"), suite="gate", settings=more, fresh=True)
    told = ("by_task", "pass_rate", "n", "by_pattern", "median_steps_to_green", "error_rate")
    assert {k: found[k] for k in told} == {k: anew[k] for k in told}
    assert found["repeat_error_rate"] == found["error_rate"]


def test_a_night_cut_off_just_after_its_routes_were_promoted_knows_its_own(
    jealous: Jealous, store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    class Cut(BaseException):
        pass

    def cut(*_: object) -> None:
        raise Cut

    monkeypatch.setattr(night._Night, "_refuse", cut)
    with pytest.raises(Cut):
        slept(jealous, store, settings)
    promoted = store.current()
    assert promoted is not None and promoted.kind == "routes"
    monkeypatch.undo()
    monkeypatch.setattr("continualcode.sleep.anchors.HELD", 2)
    result = night.sleep(jealous, store, settings).json()
    assert result["decision"] == "promoted" and result["promoted"] == promoted.version and store.current() == promoted
    refused = store.get_adapter(result["candidates"][0])
    assert refused is not None and refused.status == "refused"


def test_a_broken_table_is_one_sentence(jealous: Jealous, store: Store, settings: Settings):
    slept(jealous, store, settings)
    current = store.current()
    assert current is not None
    folder = store.adapter_folder(current)
    assert routes.read(folder).table and routes.read(folder / "routes").table == {}
    shutil.rmtree(folder / "routes")
    with pytest.raises(EngineError, match="routes of .* are broken; roll back"):
        routes.read(folder)
    (folder / routes.FILE).write_text("{")
    with pytest.raises(EngineError, match="broken"):
        routes.read(folder)


def error(code: str, message: str, label: str) -> list[Diagnostic]:
    return [Diagnostic("error", code, message, (Span("src/lib.rs", 1, 1, 1, 2, "x", label, True),))]


def test_a_key_forgets_the_programs_names_and_keeps_the_librarys():
    a = routes.key(error("E0308", "mismatched types", "expected `Option<Wolf>`, found `&Wolf`"))
    b = routes.key(error("E0308", "mismatched types", "expected `Option<Bear>`, found `&Bear`"))
    c = routes.key(error("E0308", "mismatched types", "expected `Result<Bear, _>`, found `Bear`"))
    assert a == b == "E0308:mismatched types | expected `Option<_>`, found `&_`" and a != c
    assert routes.key([]) == "" and 0 < routes.similarity(a, c) < routes.similarity(a, b) == 1
    assert routes.similarity(a, a.replace("E0308", "E0277")) == 0


def test_exact_first_then_similar_then_the_default(tmp_path: Path):
    known = "E0308:mismatched types | expected `Option<_>`, found `&_`"
    table = routes.Routes(tmp_path, {known: "ad_1"})
    near = known.replace("&_", "&mut _")
    assert (table.choose(known).how, table.choose(near).how) == ("exact", "similar")
    assert table.choose(near).like == known and table.weights(table.choose(near)) == tmp_path / "routes" / "ad_1"
    far = table.choose("E0308:mismatched types | expected `u32`, found `f64`")
    assert far.how == "default" and far.adapter is None and table.weights(far) == tmp_path
    assert routes.Routes(tmp_path).choose("").how == "default" and table.choose("").adapter is None


def test_new_routes_replace_old_ones_and_what_nobody_asks_for_is_left_out(tmp_path: Path):
    for name in ("base", "one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "adapter_model.safetensors").write_text(name)
    first = routes.write(tmp_path / "v1", tmp_path / "base", None, ["E1:a"], tmp_path / "one", "one")
    second = routes.write(tmp_path / "v2", tmp_path / "v1", first, ["E1:a", "E2:b"], tmp_path / "two", "two")
    assert json.loads((tmp_path / "v2" / routes.FILE).read_text())["table"] == {"E1:a": "two", "E2:b": "two"}
    assert routes.read(tmp_path / "v2").table == second.table and not (tmp_path / "v2" / "routes" / "one").exists()
    assert (tmp_path / "v2" / "adapter_model.safetensors").read_text() == "base"
    third = routes.write(tmp_path / "v3", tmp_path / "v1", first, ["E2:b"], tmp_path / "two", "two")
    assert third.table == {"E1:a": "one", "E2:b": "two"}
    assert (tmp_path / "v3" / "routes" / "one" / "adapter_model.safetensors").read_text() == "one"
