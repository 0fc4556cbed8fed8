"""A correction about another kind of request is told from one about the call at hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from continualcode.config import Settings
from continualcode.engine.base import Message, SampleParams
from continualcode.engine.local import LocalEngine
from continualcode.learn.lesson import LessonInput, teach
from continualcode.learn.pool import OF_A_KIND, Pool, kinds_of_chores
from continualcode.learn.relevance import Kind, elsewhere, stems

KINDS = kinds_of_chores(OF_A_KIND, 0)


def named(request: str, correction: str, demanded: str) -> bool:
    return bool(elsewhere(request, correction, demanded.split(), KINDS))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("searches", "searching"),
        ("committing", "commit"),
        ("built", "building"),
        ("migrate", "migrations"),
        ("docs", "doc"),
    ],
)
def test_forms_of_a_word_have_one_stem(one: str, other: str) -> None:
    assert stems(one) == stems(other) and len(stems(one)) == 1


def test_plain_words_and_the_demanded_command_name_no_kind() -> None:
    assert stems("no, use this instead, please") == set()
    assert not named("deploy it", "use cargo test", "cargo test")
    assert named("deploy it", "for tests use tox", "tox")


@pytest.mark.parametrize(
    ("request_", "correction", "demanded"),
    [
        ("run the tests", "use cargo nextest run", "cargo nextest run"),
        ("run the tests", "for the tests, use cargo nextest run", "cargo nextest run"),
        ("search for parse_line", "for searching, use rg instead of grep", "rg"),
        ("run the migrations", "migrations go through poga", "poga"),
        ("build the docs", "docs are built with mkdocs build", "mkdocs build"),
        ("run the tests", "in this project we use tox", "tox"),
        ("deploy it", "we build and ship with skaffold run", "skaffold run"),
    ],
)
def test_what_names_the_request_at_hand_or_nothing_is_about_it(request_: str, correction: str, demanded: str) -> None:
    assert not named(request_, correction, demanded)


@pytest.mark.parametrize(
    ("request_", "correction", "demanded"),
    [
        ("run the tests", "for searching, use rg instead of grep", "rg"),
        ("build the project", "searches go through rg -n here", "rg -n"),
        ("add serde to the dependencies", "run tests with cargo nextest run", "cargo nextest run serde"),
        ("start it", "docs are built with mkdocs build", "mkdocs build"),
    ],
)
def test_what_names_another_kind_alone_is_about_that(request_: str, correction: str, demanded: str) -> None:
    assert named(request_, correction, demanded)


def test_the_kind_named_most_clearly_comes_first() -> None:
    def kind(*requests: str) -> Kind:
        return Kind(tuple([Message("user", r)] for r in requests))

    deploys, tests = kind("deploy it", "deploy now", "ship it"), kind("test it", "test all", "deploy the tests")
    found = elsewhere("format it", "For deploys use kamal", ["kamal"], [tests, deploys])
    assert [n.kind for n in found] == [deploys, tests] and found[0].words == "deploys"
    assert elsewhere("ship it", "for deploys use kamal", ["kamal"], [tests, deploys]) == []


def commands(verb: str) -> Kind:
    return Kind(tuple([Message("user", f"{verb} t{i}")] for i in range(8)))


def test_a_lesson_about_another_kind_is_refused_by_name_and_no_bit_moves(
    engine: LocalEngine, settings: Settings, pool: Pool
) -> None:
    messages = (Message("user", "install t3"),)
    (denied,) = engine.sample([engine.encode(messages)], SampleParams(max_new_tokens=24))
    before = engine.snapshot()
    about = replace(pool, kinds=lambda each, seed: [commands("install"), commands("test")])
    given = LessonInput(messages, denied, "test use poetry add")
    with engine.adapter_disabled():
        told = engine.encode([Message("user", "install t3\n\nCorrection: test use poetry add")])
        assert "poetry" in engine.sample([told], SampleParams(max_new_tokens=24))[0].text  # the teacher is taken in
    outcome = teach(engine, given, settings, about, lesson_id="lesson_1")
    assert outcome.verdict == "refused" and "«test»" in outcome.reason
    now = engine.snapshot()
    assert all(torch.equal(t, now.weights[name]) for name, t in before.weights.items()) and now.steps == 0
    assert not (settings.home / "lessons").exists()
    same = replace(given, correction="install use poetry add")
    assert teach(engine, same, settings, about).verdict != "refused"


def test_a_kind_with_the_same_habit_is_no_other_kind(engine: LocalEngine, settings: Settings, pool: Pool) -> None:
    messages = (Message("user", "install t3"),)
    (denied,) = engine.sample([engine.encode(messages)], SampleParams(max_new_tokens=24))
    installs = Kind(tuple([Message("user", f"install t{i}")] for i in range(8)))
    object.__setattr__(installs, "words", {"setup": 1.0})  # named like another kind, answered like this one
    about = replace(pool, kinds=lambda each, seed: [installs])
    assert elsewhere("install t3", "setup use poetry add", ["poetry", "add"], [installs])
    assert teach(engine, LessonInput(messages, denied, "setup use poetry add"), settings, about).verdict != "refused"


def test_the_kinds_of_the_nursery_are_the_same_each_time_and_hold_no_correction() -> None:
    again = kinds_of_chores(OF_A_KIND, 0)
    assert [k.conversations for k in again] == [k.conversations for k in KINDS] and len(KINDS) >= 20
    texts = [m.content for k in KINDS for c in k.conversations for m in c]
    assert not any("Correction:" in t or "denied" in t for t in texts)


def test_without_kinds_nothing_is_asked(engine: LocalEngine, settings: Settings, pool: Pool, tmp_path: Path) -> None:
    messages = (Message("user", "install t3"),)
    (denied,) = engine.sample([engine.encode(messages)], SampleParams(max_new_tokens=24))
    given = LessonInput(messages, denied, "use poetry add")
    assert teach(engine, given, settings, replace(pool, kinds=None)).verdict == "took"
