"""A night that is killed anywhere, finds the disk full anywhere, or meets a broken file: nothing is lost, `current` answers, the
next night succeeds. Real koans, real store, real processes; the weights are a rote learner's, and the compiler's words on a
program are remembered from the first night on, so that a night takes a second.
"""

from __future__ import annotations

import functools
import multiprocessing
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import breaking
import pytest
import torch
from few_koans import narrow
from rote_engine import Jealous, Rote

from continualcode.config import Settings
from continualcode.errors import UserError
from continualcode.evaluate import suite
from continualcode.sleep import night
from continualcode.store import Store

PARTS = 6  # each test takes every sixth place, so that none runs for minutes


@dataclass(frozen=True)
class Kept:
    """What must outlive everything: what was recorded, which version is current, and what its weights are."""

    current: str | None
    weights: dict[str, dict[str, int]]
    rows: dict[str, list[str]]


@dataclass(frozen=True)
class Story:
    """A home on the evening of its second day (`evening`), how its night ends when nothing happens (`morning`), and the
    places where that night changes something."""

    home: Path
    make: Callable[[], Rote]
    settings: Settings
    evening: Kept
    morning: Kept
    places: tuple[breaking.Place, ...]

    def copy(self, folder: Path) -> Settings:
        """Settings of a fresh copy of the home."""
        shutil.copytree(self.home, folder, symlinks=True)
        return self.settings.replace(home=folder)


def kept(engine: Rote, store: Store) -> Kept:
    """Also checks: the store is sound, and the engine takes what is current."""
    assert store.problems() == []
    current = night.load_current(engine, store)
    weights = {}
    if current is not None:
        folder = store.adapter_folder(current)
        for n, place in enumerate([folder, *sorted((folder / "routes").glob("*"))]):
            engine.load_adapter(place)
            weights[f"route {n}" if n else ""] = dict(engine.seen)
        night.load_current(engine, store)
    kinds = {"episodes": "id", "corrections": "id", "adapters": "version", "evaluations": "id"}
    rows = {kind: [getattr(r, key) for r in store.find(kind)] for kind, key in kinds.items()}
    rows["moves"] = [f"{m.action} {m.version}" for m in store.moves()]
    return Kept(current.version if current else None, weights, rows)


def sleep_in(story: Story, settings: Settings) -> dict[str, Any]:
    with Store(settings.store_path) as store:
        return night.sleep(story.make(), store, settings).json()


def look_at(story: Story, settings: Settings) -> Kept:
    with Store(settings.store_path) as store:
        return kept(story.make(), store)


def nothing_lost(before: Kept, now: Kept) -> None:
    for kind, names in before.rows.items():
        assert now.rows[kind][: len(names)] == names, f"{kind} were lost"


def no_half_night(settings: Settings) -> None:
    """Every version's files are what was recorded, every folder is a version's, every night has ended."""
    with Store(settings.store_path) as store:
        adapters = store.list_adapters()
        for adapter in adapters:
            store.check_files(adapter)
        assert {n.stage for n in store.list_nights()} <= {"done", "abandoned"}
        current = store.current()
        assert current is not None and current.status == "promoted"
    there = {p.name for p in (settings.home / "adapters").iterdir()}
    assert there == {a.version for a in adapters}, "a folder that no row knows"


def next_night_succeeds(story: Story, settings: Settings, note: str) -> None:
    """The night after ends as one that nothing happened to: with the same weights for the same errors."""
    result = sleep_in(story, settings)
    assert result["decision"] in ("promoted", "nothing_to_learn"), (note, result["reasons"])
    now = look_at(story, settings)
    nothing_lost(story.evening, now)
    no_half_night(settings)
    assert now.weights == story.morning.weights, note
    assert len(now.rows["moves"]) == len(story.morning.rows["moves"]), "promoted twice, or never"
    with Store(settings.store_path) as store:
        assert night.unread(store, story.make()) == ([], [])
        store.rollback()
        assert kept(story.make(), store).weights == story.evening.weights, "rollback is exact"


@pytest.fixture(scope="module", params=["promoted", "routes"])
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """Two days, with a night between that promoted something; the second night is the one that things happen to."""
    folder = tmp_path_factory.mktemp(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("continualcode.sleep.anchors.HELD", 2)
        patch.setattr("continualcode.sleep.anchors.WATCHED", 2)
        patch.setattr("continualcode.evaluate.suite.median_interval", lambda steps: None)  # resamples, for a second
        remember_the_compiler(patch)
        koans = narrow(folder / "koans", patch.setattr)
        answers = {k.buggy: k.solution for k in koans.values()}
        routes = request.param == "routes"
        settings = Settings(home=folder / "home").replace(
            max_attempts=1, night_steps=4, night_variants=4, night_batch=4, gate_samples=1, gate_redraws=0,
            night_method="naive" if routes else "replay",
        )  # fmt: skip

        def make() -> Rote:
            return (Jealous if routes else Rote)(answers, born=["E0384"])

        torch.set_num_threads(1)
        with Store(settings.store_path) as store:
            for pattern in ("bc_missing_mut", "rh_map_err"):
                engine = make()
                night.load_current(engine, store)
                day = suite.select("train", pattern=pattern)
                suite.measured(engine, store, day, suite="train", settings=settings, fresh=True)
                if pattern == "bc_missing_mut":
                    assert night.sleep(engine, store, settings.replace(night_method="naive")).promoted
            evening = kept(make(), store)
        shutil.move(settings.home / "cache", folder / "cache")  # the compiler's words do not change from copy to copy
        (settings.home / "cache").symlink_to(folder / "cache")
        yield told(Story(settings.home, make, settings, evening, evening, ()), folder)


def told(story: Story, folder: Path) -> Story:
    """The story with its morning and its places, found in two nights that nothing happens to."""
    quiet = story.copy(folder / "quiet")
    assert sleep_in(story, quiet)["decision"] == "promoted"
    listed = story.copy(folder / "listed")

    def listing() -> list[breaking.Place]:
        found: list[breaking.Place] = []
        breaking.watched(listed.home, found.append)
        sleep_in(story, listed)
        return found

    code, places = breaking.apart(listing)
    assert code == 0, places
    return Story(story.home, story.make, story.settings, story.evening, look_at(story, quiet), tuple(places))


def remember_the_compiler(patch: pytest.MonkeyPatch) -> None:
    """Programs that were compiled once in this process, or in the one it was forked from, are not compiled again."""
    from continualcode.koans import variants
    from continualcode.rust import batch

    verify, seen = batch.verify_batch, {}

    def verify_batch(pairs: Any) -> Any:
        if tuple(pairs) not in seen:
            seen[tuple(pairs)] = verify(pairs)
        return seen[tuple(pairs)]

    patch.setattr(variants, "make", functools.cache(variants.make))
    patch.setattr(batch, "verify_batch", verify_batch)


def some(story: Story, part: int) -> list[breaking.Place]:
    return list(story.places[part::PARTS])


def test_the_places_are_what_a_night_does(story: Story):
    kinds = {p.kind for p in story.places}
    assert len(story.places) >= 30 and kinds >= {"open", "os.rename", "tensors", "begin", "commit", "kept"}
    assert any(p.what.startswith("adapters/") for p in story.places)
    assert story.morning.current != story.evening.current and story.morning.weights != story.evening.weights


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_any_place_current_answers_and_the_next_night_succeeds(story: Story, part: int, tmp_path: Path):
    for place in some(story, part):
        for torn in (False, True) if place.writes_a_file else (False,):
            note = f"{place}{', torn' if torn else ''}"
            settings = story.copy(tmp_path / f"{place.number}{'t' if torn else ''}")

            def dies(settings: Settings = settings, place: breaking.Place = place, torn: bool = torn) -> None:
                breaking.watched(settings.home, breaking.killed_at(place.number, settings.home, torn=torn))
                sleep_in(story, settings)

            code, said = breaking.apart(dies)
            assert code == -signal.SIGKILL, (note, said)
            now = look_at(story, settings)
            nothing_lost(story.evening, now)
            assert now.weights in (story.evening.weights, story.morning.weights), note
            next_night_succeeds(story, settings, note)
            shutil.rmtree(settings.home)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_a_disk_that_fills_up_anywhere_is_one_sentence_and_costs_nothing(story: Story, part: int, tmp_path: Path):
    for place in some(story, part):
        settings = story.copy(tmp_path / str(place.number))

        def fills(settings: Settings = settings, place: breaking.Place = place) -> tuple[str, dict[str, int]]:
            breaking.watched(settings.home, breaking.full_from(place.number))
            engine = story.make()
            with Store(settings.store_path) as store:
                try:
                    said = night.sleep(engine, store, settings).json()["decision"]
                except UserError as error:
                    said = str(error)
            return said, engine.seen

        code, said = breaking.apart(fills)
        assert code == 0 and ("is full" in said[0] or said[0] == "promoted"), (str(place), said)
        now = look_at(story, settings)
        nothing_lost(story.evening, now)
        assert now.weights in (story.evening.weights, story.morning.weights), str(place)
        assert said[1] in (now.weights[""], {}), "the engine holds what is current, or was never given it"
        next_night_succeeds(story, settings, str(place))
        shutil.rmtree(settings.home)


def flip(file: Path) -> None:
    """The last byte of a file, changed; not in any other place that it is linked to."""
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.unlink()
    file.write_bytes(content)


def test_a_broken_current_adapter_is_said_and_rollback_serves(story: Story, tmp_path: Path):
    for name, harm in (("flipped", flip), ("gone", Path.unlink), ("cut", lambda file: file.write_bytes(b"{"))):
        settings = story.copy(tmp_path / name)
        with Store(settings.store_path) as store:
            current = store.current()
            assert current is not None
            folder = store.adapter_folder(current)
            harm(next((folder / "routes" if (folder / "routes").is_dir() else folder).rglob("*.safetensors")))
            engine = story.make()
            with pytest.raises(UserError, match="not what was recorded"):
                night.sleep(engine, store, settings)
            assert store.current() == current and engine.seen == {}, "broken weights are not taken"
            store.rollback()
            assert night.load_current(engine, store) is None
            assert night.sleep(engine, store, settings).promoted, "the next night learns what the day left"


def test_a_broken_candidate_is_never_promoted_and_the_next_night_learns_it_again(story: Story, tmp_path: Path):
    settings = story.copy(tmp_path / "home")
    gate = next(p for p in story.places if p.kind == "begin" and p.number > last_adapter(story).number)

    def dies() -> None:
        breaking.watched(settings.home, breaking.killed_at(gate.number, settings.home, torn=False))
        sleep_in(story, settings)

    assert breaking.apart(dies)[0] == -signal.SIGKILL
    with Store(settings.store_path) as store:
        (cut,) = (n for n in store.list_nights() if n.stage not in ("done", "abandoned"))
        candidate = store.get_adapter(cut.candidate or "")
        if candidate is None:
            pytest.fail("it was killed before the candidate was kept")
        flip(store.adapter_folder(candidate) / "adapter_model.safetensors")
    result = sleep_in(story, settings)
    assert result["decision"] == "error" and "not what was recorded" in result["reasons"][0]
    assert look_at(story, settings).weights == story.evening.weights
    assert sleep_in(story, settings)["decision"] == "promoted"
    learnt = {place: set(codes) for place, codes in look_at(story, settings).weights.items()}
    assert learnt == {place: set(codes) for place, codes in story.morning.weights.items()}, (
        "another night, another seed"
    )


def last_adapter(story: Story) -> breaking.Place:
    """Where the row of the candidate's files is kept: the first transaction that ends after they came to their place."""
    came = next(p for p in story.places if p.kind == "os.rename" and p.what.startswith("adapters/"))
    return next(p for p in story.places if p.kind == "kept" and p.number > came.number)


def test_of_two_nights_at_once_one_sleeps_and_the_other_says_so(story: Story, tmp_path: Path):
    settings = story.copy(tmp_path / "home")
    context = multiprocessing.get_context("fork")
    inside, free, answers = context.Event(), context.Event(), context.Queue()

    def first() -> None:
        def waits(stage: str, done: int, of: int, note: str) -> None:
            inside.set()
            free.wait(200)

        with Store(settings.store_path) as store:
            answers.put(night.sleep(story.make(), store, settings, step=waits).json()["decision"])

    copy = context.Process(target=first, daemon=True)
    copy.start()
    assert inside.wait(200)
    with Store(settings.store_path) as store:
        with pytest.raises(UserError, match="Another night is running"):
            night.sleep(story.make(), store, settings)
        assert kept(story.make(), store).weights == story.evening.weights, "by day current answers meanwhile"
    free.set()
    assert answers.get(timeout=200) == "promoted"
    copy.join()
    assert look_at(story, settings).weights == story.morning.weights
    no_half_night(settings)
