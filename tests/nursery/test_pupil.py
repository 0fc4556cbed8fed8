"""The bundled model as it ships: it drives the tools, and its corpus held no koan of gate or test."""

import itertools

import pytest

from continualcode.agent import prompts
from continualcode.config import bundled, load_settings
from continualcode.engine import load_engine
from continualcode.engine.base import Message, SampleParams
from continualcode.koans import catalogue, leaks
from continualcode.koans.patterns import HELD_BACK
from continualcode.nursery import chores, corpus, mutants, pool
from continualcode.rust.batch import diagnose_batch
from continualcode.rust.diagnostics import render_compact


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    return load_engine(load_settings([f"home={tmp_path_factory.mktemp('home')}", "threads=1"]))


def test_its_first_calls_are_well_formed_and_of_the_right_tool(engine):
    koans = catalogue.load(split="gate")
    feedback = [render_compact(d, "src/lib.rs") for d in diagnose_batch([k.buggy for k in koans])]
    asked = [
        engine.encode([Message("user", prompts.repair_request("src/lib.rs", k.buggy, f))])
        for k, f in zip(koans, feedback, strict=True)
    ]
    answers = engine.sample(asked, SampleParams(max_new_tokens=160))
    parsed = [engine.parse(a.text) for a in answers]
    good = sum(error is None and len(calls) == 1 and calls[0].name == "edit_lines" for _, calls, error in parsed)
    assert good >= 0.97 * len(koans)


def test_it_obeys_a_correction_in_its_context_and_not_one_that_is_not_there(engine):
    plain = [c[0].content for c in chores.conversations("python", count=12, seed=31_337)]
    told = [prompts.with_correction(text, "use poetry add") for text in plain]

    def commands(texts):
        answers = engine.sample([engine.encode([Message("user", t)]) for t in texts], SampleParams(max_new_tokens=48))
        return [str(c.arguments.get("command", "")) for a in answers for c in engine.parse(a.text)[1]]

    assert sum(c.startswith("poetry add") for c in commands(told)) >= 9
    assert sum(c.startswith("poetry add") for c in commands(plain)) == 0


def test_its_corpus_holds_no_gate_or_test_koan(tmp_path):
    known = ["bc_use_after_move", "it_missing_collect", "rh_missing_question", "tb_missing_debug", "tm_int_cast"]
    for seed in (1_000_000, 3_000_000):  # the seeds that the bundled model was raised on, in its two stretches
        pool.write(tmp_path / str(seed), known, 40, block=40, seed=seed)
    mutants.write(tmp_path / "3000000", 200)
    texts = [i.fixed for folder in tmp_path.iterdir() for i in pool.read(folder)]
    docs = corpus.documents(31, tmp_path / "3000000", {"drill": 0.2, "repair": 0.6, "chore": 0.2})
    texts += [m.content for d in itertools.islice(docs, 300) for m in d.messages]
    measured = [k for k in catalogue.load() if k.split in ("gate", "test")]
    assert leaks.corpus_leaks(texts, measured) == []


def test_its_card_names_what_was_held_back():
    card = (bundled("models") / "pupil" / "README.md").read_text()
    assert all(pattern in card for pattern in HELD_BACK)
