"""Leaks: renamed copies are found, different programs are not."""

import re
from dataclasses import replace

from continualcode.koans import catalogue, variants
from continualcode.koans.leaks import COPIED, SAME, containment, corpus_leaks, leaks, normalised, similarity


def renamed(source: str) -> str:
    """The program under other names of its own."""
    own = set(re.findall(r"\b(?:fn|let|let mut|struct|enum|mod)\s+(\w+)", source)) - {"mut"}
    for n, name in enumerate(sorted(own)):
        source = re.sub(rf"\b{name}\b", f"Zed{n}" if name[0].isupper() else f"zed{n}", source)
    return source


def test_no_koan_leaks_into_another_split():
    assert leaks(catalogue.load()) == []


def test_a_renamed_copy_in_another_split_is_found():
    koan = catalogue.load("train", family="result_handling")[0]
    copy = replace(
        koan,
        id="rh_900_copy",
        split="test",
        buggy=renamed(koan.buggy).replace("10", "12"),
        solution=renamed(koan.solution),
    )
    (leak,) = leaks([koan, copy])
    assert (leak.koan, leak.other) == (koan.id, copy.id) and leak.similarity > 0.9
    assert leaks([koan, replace(copy, split="train")]) == []


def test_a_koan_inside_a_larger_program_is_found():
    koan, *others = catalogue.load("test", family="iterators")
    around = "\n".join(k.solution for k in others[:4])
    inside = replace(others[0], split="train", solution=around + renamed(koan.solution), buggy=around)
    assert similarity(koan.solution, inside.solution) < SAME
    assert containment(koan.solution, inside.solution) > COPIED
    assert len(leaks([koan, inside])) == 1


def test_a_corpus_that_holds_a_koan_is_found():
    held = catalogue.load("gate") + catalogue.load("test")
    texts = [variants.draw("rh_missing_ok", seed).fixed for seed in range(20)]
    assert corpus_leaks(texts, held) == []
    koan = held[3]
    texts[7] = f"<user>repair\n{renamed(koan.solution)}</user>"
    assert {(leak.koan, leak.other) for leak in corpus_leaks(texts, held)} == {(koan.id, "corpus:7")}


def test_names_and_literals_do_not_count_and_short_programs_compare():
    assert normalised('let a: Foo = bar("x", 3);') == normalised('let b: Baz = qux("other", 99);')
    assert normalised("let a = 1;") != normalised("let a = 'c';")
    assert similarity("fn a", "fn a") == 1.0 and similarity("fn a", "fn b") == 0.0
    assert containment("", "fn a() {}") == 0.0
