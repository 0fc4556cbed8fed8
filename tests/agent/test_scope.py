"""Whose a lesson is, with the bundled model: weights of one repository never reach another."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

from continualcode.agent import why
from continualcode.agent.loop import Denied, Taught
from continualcode.agent.scope import Busy, alone, repository, scope_of
from continualcode.agent.teaching import go_on, lesson, undo
from continualcode.config import Settings, bundled
from continualcode.engine.base import Message, SampleParams
from continualcode.engine.local import LocalEngine
from continualcode.errors import UserError
from continualcode.learn.undo import GLOBAL, in_force, in_use, standing
from continualcode.store import Store, new_id, now
from continualcode.store.records import AdapterRecord

needs_pupil = pytest.mark.skipif(not (bundled("models") / "pupil").is_dir(), reason="models/pupil is missing")
ASKED = (Message("user", "run the tests"),)


@pytest.fixture(scope="module")
def pupil(tmp_path_factory: pytest.TempPathFactory) -> LocalEngine:
    return LocalEngine.from_settings(Settings(home=tmp_path_factory.mktemp("pupil"), threads=1))


@pytest.fixture
def short(tmp_path: Path) -> Settings:
    """Lessons of two steps: whose weights they move matters here, not how well they take."""
    return Settings(home=tmp_path / "home", threads=1, lesson_steps=2, lesson_spread=2, anchors=2, proof_prompts=1)


def give(
    engine: LocalEngine, store: Store, settings: Settings, scope: str, correction: str, everywhere: bool = False
) -> Taught:
    (completion,) = engine.sample([engine.encode(ASKED)], SampleParams(max_new_tokens=64))
    call = engine.parse(completion.text)[1][0]
    denied = Denied(ASKED, completion, call, correction, None, new_id("co"), everywhere=everywhere)
    return lesson(engine, store, settings, denied, threading.Event(), scope)


def weights(engine: LocalEngine) -> dict[str, torch.Tensor]:
    return dict(engine.snapshot().weights)


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(t, b[name]) for name, t in a.items())


def opened(engine: LocalEngine, store: Store, scope: str) -> dict[str, torch.Tensor]:
    """The weights that a new session in `scope` begins with."""
    engine.load_adapter(None)
    current = store.current()
    if current is not None:
        engine.load_adapter(store.adapter_folder(current))
    go_on(store, engine, scope)
    return weights(engine)


@pytest.mark.slow
@needs_pupil
def test_a_repository_keeps_its_lessons_and_never_sees_anothers(
    pupil: LocalEngine, short: Settings, tmp_path: Path
) -> None:
    here, there = str(tmp_path / "here"), str(tmp_path / "there")
    with Store(short.store_path) as store:
        base = opened(pupil, store, here)
        first = give(pupil, store, short, here, "use make test")
        taught = weights(pupil)
        steps = pupil.snapshot().steps
        assert first.lesson_id and not same(taught, base)
        assert same(opened(pupil, store, there), base) and in_use(store, there) == GLOBAL
        assert same(opened(pupil, store, here), taught)
        assert pupil.snapshot().steps == steps > 0 and pupil.snapshot().optimizer  # the optimiser too
        give(pupil, store, short, here, "use just test")
        assert [r.scope for r in standing(store, None)] == [here, here] and not standing(store, there)
        with pytest.raises(UserError, match="undo it first"):
            undo(pupil, store, first.lesson_id, here)
        undo(pupil, store, "last", here)
        assert same(weights(pupil), taught)
        undo(pupil, store, "last", here)
        assert same(weights(pupil), base) and in_use(store, here) == GLOBAL


@pytest.mark.slow
@needs_pupil
def test_a_lesson_for_every_repository_carries_nothing_of_the_one_it_was_given_in(
    pupil: LocalEngine, short: Settings, tmp_path: Path
) -> None:
    here, there = str(tmp_path / "here"), str(tmp_path / "there")
    with Store(short.store_path) as store:
        base = opened(pupil, store, there)
        give(pupil, store, short, there, "use make test", everywhere=True)
        (only,) = standing(store, None)
        assert only.scope == GLOBAL and in_use(store, there) == GLOBAL
        undo(pupil, store, "last", there)

        opened(pupil, store, here)
        give(pupil, store, short, here, "use just test")
        both = give(pupil, store, short, here, "use make test", everywhere=True)
        mine = weights(pupil)
        assert both.lesson_id and both.twin_id and "in every repository: " in both.line
        assert [r.scope for r in standing(store, here)] == [here, here]
        assert same(opened(pupil, store, here), mine)
        twin = store.get_lesson(both.twin_id)
        assert twin is not None and twin.scope == GLOBAL
        pupil.load_state(Path(twin.before_ref))
        assert same(weights(pupil), base)  # it began where nothing of this repository was
        taught = opened(pupil, store, there)
        pupil.load_state(Path(twin.after_ref))
        assert same(weights(pupil), taught) and not same(taught, base)
        opened(pupil, store, here)
        assert "what others built on it since stays" in undo(pupil, store, both.twin_id, here)
        assert same(weights(pupil), mine)


@needs_pupil
def test_the_nights_adapter_is_where_a_repository_without_lessons_starts(
    pupil: LocalEngine, short: Settings, tmp_path: Path
) -> None:
    here, there = str(tmp_path / "here"), str(tmp_path / "there")

    def promoted(store: Store, version: str, scope: str) -> None:
        pupil.save_adapter(store.folder / "adapters" / version)
        store.add_adapter(
            AdapterRecord(version, None, "pupil", pupil.model_hash, f"adapters/{version}", "", "night", "candidate", {}, [],
                          now(), scope=scope)
        )  # fmt: skip
        store.promote(version, reasons=["for the test"])

    with Store(short.store_path) as store:
        opened(pupil, store, here)
        give(pupil, store, short, here, "use make test")
        mine = weights(pupil)
        pupil.fresh_adapter(rank=16, alpha=32.0, targets=["attention"], seed=7)
        night = weights(pupil)
        promoted(store, "ad_night", GLOBAL)
        assert same(opened(pupil, store, there), night) and pupil.adapter_ref == "ad_night"
        assert same(opened(pupil, store, here), mine)
        pupil.fresh_adapter(rank=16, alpha=32.0, targets=["attention"], seed=8)
        own = weights(pupil)
        promoted(store, "ad_own", here)  # by hand, after the lesson
        assert same(opened(pupil, store, here), own) and pupil.adapter_ref == "ad_own"
        assert go_on(store, pupil, here) == "going on from ad_own, promoted for this repository"
        assert standing(store, here) and not in_force(store, here)  # the lesson is not in those weights
        assert same(opened(pupil, store, there), night)


@needs_pupil
def test_why_shows_each_tokens_credit_and_leaves_the_weights(
    pupil: LocalEngine, short: Settings, tmp_path: Path
) -> None:
    with Store(short.store_path) as store:
        opened(pupil, store, "x")
        given = give(pupil, store, short, "x", "use make test")
        record = store.get_lesson(given.lesson_id)
        assert record is not None
        before = weights(pupil)
        denied, approved = why.explain(pupil, record)
        assert same(weights(pupil), before)
    assert denied.what == "denied" and denied.nats < 0 < approved.nats
    assert "".join(p.text for p in approved.pieces).startswith(record.approved.rstrip()[:20])
    said = {p.text.strip(): p.nats for p in approved.pieces}
    assert said["make"] > why.TOLD  # what the correction names is what it makes likelier
    text = why.shown(approved).plain
    assert text.startswith(f"approved: {approved.nats:+.1f} nats") and "make{+" in text
    teacher = (
        record.proof["approved_logprob_before"] + approved.nats
    )  # of the whole call, by what the lesson wrote down
    assert -1.0 < teacher < 1e-3
    foreign = type(record)(**{**record.__dict__, "settings": {**record.settings, "model_hash": "another"}})
    with pytest.raises(UserError, match="another model"):
        why.explain(pupil, foreign)


def test_a_repository_is_the_folder_that_holds_git(tmp_path: Path) -> None:
    deep = tmp_path / "work" / "src" / "deep"
    deep.mkdir(parents=True)
    assert repository(deep) == deep.resolve()
    (tmp_path / "work" / ".git").mkdir()
    assert scope_of(deep) == scope_of(tmp_path / "work") == str((tmp_path / "work").resolve())


def test_one_teaches_in_a_scope_and_a_kill_frees_it(tmp_path: Path) -> None:
    held = f"""
import sys, time
from pathlib import Path
from continualcode.agent.scope import alone
with alone(Path({str(tmp_path)!r}), "a", "Somebody"):
    print("held", flush=True)
    time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", held], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(Busy, match="Somebody"), alone(tmp_path, "a", "me"):
            pass
        with alone(tmp_path, "b", "me"):  # another scope is free
            pass
        other.kill()
        other.wait()
    with alone(tmp_path, "a", "me"):
        pass
