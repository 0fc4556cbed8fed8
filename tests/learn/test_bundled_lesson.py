"""Lessons on the model that ships: taken on the demo's first file, used on its second, refused, undone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from continualcode.agent.session import Session
from continualcode.agent.tools import Toolbox
from continualcode.config import Settings, bundled
from continualcode.demo import CORRECTION, FIRST, SECOND, workspace
from continualcode.engine.base import Completion, Message, SampleParams
from continualcode.engine.local import LocalEngine
from continualcode.learn.lesson import LessonInput, teach
from continualcode.learn.proof import call_of
from continualcode.learn.record import lesson_record
from continualcode.learn.undo import resume_folder, undo_lesson
from continualcode.store import Store

pytestmark = pytest.mark.skipif(not (bundled("models") / "pupil").is_dir(), reason="models/pupil is missing")
PROMPT = SampleParams(max_new_tokens=160)

RESTART = """
import json, sys
from pathlib import Path
import torch
from continualcode.config import Settings
from continualcode.engine.base import SampleParams
from continualcode.engine.local import LocalEngine
torch.set_num_threads(1)
engine = LocalEngine.from_settings(Settings(home=Path(sys.argv[1]), threads=1))
engine.load_state(Path(sys.argv[2]))
(answer,) = engine.sample([json.loads(sys.argv[3])], SampleParams(max_new_tokens=160))
print(json.dumps(list(answer.ids)))
"""


@pytest.fixture(scope="module")
def pupil(tmp_path_factory: pytest.TempPathFactory) -> LocalEngine:
    home = tmp_path_factory.mktemp("pupil")
    return LocalEngine.from_settings(Settings(home=home, threads=1))


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", threads=1)


def edit_due(engine: LocalEngine, settings: Settings, path: str) -> tuple[tuple[Message, ...], Completion]:
    """«Fix path.» in a copy of the demo, read and checked, up to the edit; and the model's edit."""
    with workspace() as folder:
        session = Session(engine, Toolbox(folder, settings))
        session.user(f"Fix {path}.")
        for _ in range(4):
            (completion,) = engine.sample([session.prompt_ids()], PROMPT)
            turn = session.take(completion)
            if turn.call is None or turn.call.name not in ("check", "read"):
                return turn.context, completion
            session.apply(turn.call)
    raise AssertionError("the model reads on and on")


def tool(engine: LocalEngine, completion: Completion) -> str:
    call = call_of(engine, completion)
    return call.name if call else ""


def test_edit_lines_is_learnt_holds_on_another_file_and_is_undone_bit_for_bit(
    pupil: LocalEngine, own: Settings
) -> None:
    import json

    pupil.load_adapter(None)
    messages, denied = edit_due(pupil, own, FIRST)
    other, habitual = edit_due(pupil, own, SECOND)
    assert tool(pupil, denied) == tool(pupil, habitual) == "write"
    before = pupil.snapshot()
    given = LessonInput(messages, denied, CORRECTION)
    outcome = teach(pupil, given, own, lesson_id="lesson_1")
    assert outcome.verdict == "took" and outcome.drift <= own.drift_budget
    prompt = pupil.encode(other)
    assert tool(pupil, pupil.sample([prompt], PROMPT)[0]) == "edit_lines"
    with Store(own.store_path) as store:
        store.add_lesson(lesson_record(pupil, given, outcome, own, lesson_id="lesson_1", correction_id="c"))
        undo_lesson(store, pupil, "lesson_1")
        assert resume_folder(store) is None
    now = pupil.snapshot()
    assert all(torch.equal(t, now.weights[name]) for name, t in before.weights.items())
    assert (before.optimizer, before.ema, before.steps) == (now.optimizer, now.ema, now.steps) == ({}, None, 0)
    assert pupil.sample([prompt], PROMPT)[0] == habitual
    ran = subprocess.run(
        [sys.executable, "-c", RESTART, str(own.home), outcome.before_ref, json.dumps(list(prompt))],
        env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert tuple(json.loads(ran.stdout.splitlines()[-1])) == habitual.ids


def test_an_irrelevant_correction_is_refused_and_no_bit_moves(pupil: LocalEngine, own: Settings) -> None:
    pupil.load_adapter(None)
    messages = [Message("user", "run the tests")]
    (denied,) = pupil.sample([pupil.encode(messages)], PROMPT)
    before = pupil.snapshot()
    outcome = teach(
        pupil, LessonInput(tuple(messages), denied, "use edit_lines; don't overwrite"), own, lesson_id="lesson_2"
    )
    assert outcome.verdict == "refused" and outcome.reason and outcome.before_ref == ""
    now = pupil.snapshot()
    assert all(torch.equal(t, now.weights[name]) for name, t in before.weights.items())
    assert now.steps == before.steps and not (own.home / "lessons").exists()
