"""The obedience benchmark asks in words that the corpus does not hold."""

import random
import re
import sys
from pathlib import Path

from continualcode.nursery import chores, frames, wording

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import obedience  # noqa: E402  # pyright: ignore[reportMissingImports]


def _skeleton(text: str) -> str:
    return re.sub(r"[^a-z ]", "", text.lower()).strip()


def test_no_wording_and_no_command_of_the_benchmark_is_in_the_corpus():
    source = Path(wording.__file__).read_text() + Path(frames.__file__).read_text() + frames.SENTENCES.read_text()
    lists = (obedience.LOOKED_AT, obedience.FRESH)
    for template in (t for words in lists for t in (*words.plain, *words.about, *words.edits)):
        assert f'"{template}"' not in source
        fixed = [w for w in re.split(r"\{\w+\}", template) if len(_skeleton(w).split()) > 2]
        assert all(piece.strip() not in source for piece in fixed), template
    listed = {c.split()[0] for c in wording.REAL_COMMANDS}
    for words in lists:
        assert not {c for c in words.commands if c in wording.REAL_COMMANDS}
        assert {c.split()[0] for c in words.commands} & listed <= {"cargo"}


def test_no_composed_sentence_is_one_of_the_benchmarks():
    r = random.Random(5)
    drawn = {make(r, chores.VOCABULARY) for _ in range(20_000) for make in (frames.plain, frames.about)}
    assert len(drawn) > 15_000
    lists = (obedience.LOOKED_AT, obedience.FRESH)
    asked = {_skeleton(t) for words in lists for t in (*words.plain, *words.about, *words.edits)}
    assert not asked & {_skeleton(t) for t in drawn}
    assert all("{n}" in t for t in drawn)


def test_cases_are_as_many_as_asked_and_only_the_topic_tells_them_apart():
    made = obedience.cases(40)
    assert {len(v) for v in made.values()} == {40}
    for messages, reply in made["unmoved"]:
        assert reply.tool_calls[0].name == "bash"
        assert messages[-1].role in ("user", "tool")
    assert sum(r.tool_calls[0].name == "edit_lines" for _, r in made["obeyed"]) == 10
    assert obedience.demanded(random.Random(1)) != obedience.demanded(random.Random(2))
