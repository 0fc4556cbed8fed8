"""The same episodes from one process and from several, with the bundled model and the real compiler."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from continualcode.config import Settings
from continualcode.evaluate import workers
from continualcode.evaluate.executors import WorkerFailed
from continualcode.evaluate.rollout import rollout
from continualcode.koans import catalogue
from continualcode.store.records import EpisodeRecord


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("home"), max_attempts=2, jobs=2)


@pytest.fixture(scope="module")
def engine(settings: Settings):
    from continualcode.engine import load_engine

    return load_engine(settings)


def told(episode: EpisodeRecord) -> tuple[object, ...]:
    """What a rollout found: everything but names, times and seconds."""
    e = episode
    calls = [tuple(c.completion_ids) for c in e.tool_calls]
    return e.task_id, e.outcome, e.attempts, tuple(e.signatures), e.final_code, calls, e.adapter


KOANS = catalogue.load(split="train")[:60:6]


def test_copies_of_the_process_find_what_one_process_finds(engine, settings: Settings):
    assert workers.workers(engine, settings, len(KOANS)) == 2
    ticks: list[int] = []
    alone = rollout(engine, KOANS, settings=settings, max_attempts=2)
    dealt = workers.rollout_on_all_cores(
        engine, KOANS, settings=settings, max_attempts=2, progress=lambda n, of: ticks.append(n)
    )
    assert [told(e) for e in alone] == [told(e) for e in dealt] and ticks[-1] == len(KOANS) and ticks == sorted(ticks)


def test_several_samples_stay_with_their_task(engine, settings: Settings):
    some = workers.rollout_on_all_cores(engine, KOANS[:4], settings=settings, samples=2, max_attempts=1)
    assert [e.task_id for e in some] == [k.id for k in KOANS[:4] for _ in range(2)]


def test_an_error_in_a_copy_is_said(engine, settings: Settings, monkeypatch: pytest.MonkeyPatch):
    def fails(*_: object) -> None:
        raise ValueError("no sampling today")

    monkeypatch.setattr(engine, "sample", fails)
    with pytest.raises(WorkerFailed, match="no sampling today"):
        workers.rollout_on_all_cores(engine, KOANS, settings=settings)


def test_a_copy_that_is_killed_in_the_middle_costs_nothing_but_time(
    engine, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    alone, plain, mark = rollout(engine, KOANS, settings=settings, max_attempts=1), engine.sample, tmp_path / "killed"

    def dies_once(*asked: object, **how: object) -> object:
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return plain(*asked, **how)

    monkeypatch.setattr(engine, "sample", dies_once)
    ticks: list[int] = []
    dealt = workers.rollout_on_all_cores(
        engine, KOANS, settings=settings, max_attempts=1, progress=lambda n, of: ticks.append(n)
    )
    assert mark.exists() and [told(e) for e in dealt] == [told(e) for e in alone]
    assert ticks == sorted(ticks) and ticks[-1] == len(KOANS)


def test_one_process_where_a_fork_is_not_worth_it_or_not_safe(engine, settings: Settings):
    import torch

    assert workers.workers(engine, settings, 3) == 1
    assert workers.workers(object(), settings, 100) == 1  # type: ignore[arg-type]
    torch.set_num_threads(2)
    try:
        assert workers.workers(engine, settings, 100) == 1
    finally:
        torch.set_num_threads(1)
