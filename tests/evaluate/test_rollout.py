"""Sessions in lockstep over real koans with a scripted stand-in for weights; verdicts by the real compiler."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from continualcode.config import Settings
from continualcode.evaluate import suite
from continualcode.evaluate.metrics import FailureHistory
from continualcode.evaluate.rollout import draw_seed, rollout
from continualcode.koans import catalogue
from continualcode.store import Store

sys.path.append(str(Path(__file__).resolve().parents[1] / "sleep"))
from rote_engine import Rote  # noqa: E402  # pyright: ignore[reportMissingImports]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("home"), max_attempts=2, eval_batch=3)


@pytest.fixture(scope="module")
def koans() -> list[catalogue.Koan]:
    return [*catalogue.load(pattern="bc_missing_mut")[:2], *catalogue.load(pattern="bc_assign_twice")[:1]]


@pytest.fixture
def engine(koans: list[catalogue.Koan]) -> Rote:
    return Rote({k.buggy: k.solution for k in koans}, born=["E0384"])


def test_outcomes_do_not_depend_on_the_batch(engine: Rote, koans: list[catalogue.Koan], settings: Settings):
    ticks: list[tuple[int, int]] = []
    wide = rollout(
        engine,
        koans,
        settings=settings,
        samples=2,
        max_attempts=2,
        batch=16,
        progress=lambda n, of: ticks.append((n, of)),
    )
    narrow = rollout(engine, koans, settings=settings, samples=2, max_attempts=2, batch=1)
    assert [(e.task_id, e.outcome, e.signatures) for e in wide] == [
        (e.task_id, e.outcome, e.signatures) for e in narrow
    ]
    assert [e.task_id for e in wide] == [k.id for k in koans for _ in range(2)]
    assert [e.outcome for e in wide[::2]] == ["failed", "failed", "solved"]
    assert wide[-1].steps_to_green == 1 and wide[0].signatures[0].startswith("E0596")
    assert wide[0].attempts == 0  # by rote it writes the file as it was: that is taken back, not counted
    assert ticks[-1] == (6, 6)


def test_draws_are_greedy_first_and_seeded_by_task(
    engine: Rote, koans: list[catalogue.Koan], settings: Settings, monkeypatch
):
    seen: list = []
    plain = engine.sample

    def spy(prompts, params, **kw):
        seen.append(list(params))
        return plain(prompts, params, **kw)

    monkeypatch.setattr(engine, "sample", spy)
    rollout(engine, koans[:1], settings=settings, samples=2, max_attempts=2, batch=4)
    drawn = [[round(p.temperature, 6) for p in some] for some in seen]
    assert drawn == [[0.0, 0.7], [0.9, 0.9], [1.1, 1.1], [1.3, 1.3], [1.5, 1.5]]  # warmer with each that is taken back
    assert seen[0][0].seed == draw_seed(0, koans[0].id, 0, 0) and len({p.seed for ps in seen for p in ps}) == 10


def test_an_evaluation_holds_the_designs_figures_and_is_kept(
    engine: Rote, koans: list[catalogue.Koan], settings: Settings, tmp_path: Path
):
    with Store(tmp_path / "store.db") as store:
        result = suite.measured(engine, store, koans, suite="test", settings=settings)
        wanted = {"suite", "model", "adapter", "n", "samples", "passed", "pass_rate", "ci95", "median_steps_to_green",
                  "repeat_error_rate", "by_family", "by_pattern", "held_back", "known", "well_formed_rate", "unpinned", "seconds"}  # fmt: skip
        assert wanted <= set(result)
        assert (result["n"], result["passed"], result["median_steps_to_green"]) == (3, 1, 1.0)
        assert result["repeat_error_rate"] == pytest.approx(1 / 3), (
            "the second koan fails like the first of its pattern"
        )
        assert result["held_back"]["n"] == 0 and result["known"]["n"] == 3 and result["well_formed_rate"] == 1.0
        assert len(store.list_episodes()) == 3
        known = suite.measured(engine, store, koans, suite="test", settings=settings)
        assert known == {**result, "repeat_error_rate": result["error_rate"]} and result["error_rate"] == pytest.approx(
            2 / 3
        )
        assert len(store.list_evaluations()) == 1, "the same measurement is not repeated"
        again = suite.measured(engine, store, koans, suite="test", settings=settings, fresh=True)
        assert again["repeat_error_rate"] == pytest.approx(2 / 3), "now both were seen to fail before"
        engine.adapter_ref = "ad_other"
        assert suite.measured(engine, store, koans, suite="test", settings=settings)["adapter"] == "ad_other"


def test_select_narrows():
    assert {k.split for k in suite.select("held_back")} == {"test"}
    assert {k.family for k in suite.select("train", family="bc")} == {"borrow_checker"}
    assert {k.pattern for k in suite.select("train", pattern="bc_missing_mut")} == {"bc_missing_mut"}
    assert FailureHistory().seen == set()
