"""What survives: every repair of the train split passes, gutted versions do not, and the tricks we know are seen."""

from __future__ import annotations

import pytest

from continualcode.koans import catalogue
from continualcode.koans.check import gutted
from continualcode.koans.gutting import gutting, items, kept

SOURCE = """use std::fmt;

pub struct Queue<'a> {
    waiting: Vec<&'a str>,
}

impl<'a> Queue<'a> {
    pub fn longest(&self) -> usize {
        let mut longest = 0;
        for name in &self.waiting {
            if name.len() > longest {
                longest = name.len();
            }
        }
        longest
    }

    fn first(&self) -> String {
        self.waiting[0]
    }
}

impl fmt::Display for Queue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}", self.waiting.join(", "))
    }
}
"""
REPAIRED = SOURCE.replace("self.waiting[0]\n", "self.waiting[0].to_string()\n")


def test_repairs_pass_and_gutted_versions_do_not():
    koans = catalogue.load("train")
    assert [(k.id, why) for k in koans if (why := gutting(k.buggy, k.solution))] == []
    versions = [(k, code) for k in koans for _, code in gutted(k.solution)]
    caught = sum(bool(gutting(k.buggy, code)) for k, code in versions)
    assert caught / len(versions) >= 0.97


def test_items_with_their_places():
    found = {(i.place, i.kind, i.name, i.public) for i in items(SOURCE)}
    assert found == {
        ("", "struct", "Queue", True),
        ("impl Queue/", "fn", "longest", True),
        ("impl Queue/", "fn", "first", False),
        ("impl fmt :: Display for Queue/", "fn", "fmt", True),
    }
    trait = "pub trait Loud { const N: u8; fn shout(&self) -> String; }\npub(crate) fn inside() {}\npub const fn f() {}"
    assert [(i.kind, i.name, i.public) for i in items(trait)] == [
        ("trait", "Loud", True), ("const", "N", True), ("fn", "shout", True), ("fn", "inside", False), ("fn", "f", True)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "code",
    [
        "",
        "fn main() {}",
        REPAIRED.replace("pub fn longest", "fn longest"),
        REPAIRED.replace("longest", "shortest"),
        REPAIRED[: REPAIRED.index("impl fmt")],
        REPAIRED[: REPAIRED.index("let mut")] + "0\n    }\n" + REPAIRED[REPAIRED.index("\n    fn first") :],
        REPAIRED.replace("let mut longest = 0;", "todo!()"),
        "#[cfg(any())]\nmod old {\n" + SOURCE + "}\n" + "pub struct Queue;",
        "macro_rules! gone { ($($t:tt)*) => {} }\ngone! {\n" + SOURCE + "}",
        "/*" + SOURCE + "*/",
        'pub const OLD: &str = r#"' + SOURCE + '"#;',
        "pub mod old {\n" + REPAIRED + "}\n",
    ],
)
def test_what_is_gone_is_named(code: str):
    assert gutting(SOURCE, code)


def test_what_a_repair_may_do():
    assert gutting(SOURCE, REPAIRED) == gutting(SOURCE, SOURCE) == ""
    assert gutting(SOURCE, "#[derive(Debug, Clone)]\n" + REPAIRED.replace("impl<'a> Queue<'a>", "impl Queue<'_>")) == ""
    assert gutting("fn f() -> i32 {\n    1.5\n}\n", "fn f() -> f64 {\n    1.5\n}\n") == ""
    assert gutting("fn add(a: i32) -> i32 {\n    a + b\n}\n", "fn add(a: i32) -> i32 {\n    0\n}\n")
    assert kept("let a = 1;", "let a = 2;") == pytest.approx(4 / 5) and kept("", "x") == 1.0


@pytest.mark.parametrize(
    "code", ["fn", "impl", "pub struct", "fn f(", "mod m {", "}}}}", "fn f() {", "impl X for {", "🦀"]
)
def test_text_that_is_no_rust_is_no_crash(code: str):
    assert isinstance(gutting(SOURCE, code), str) and isinstance(gutting(code, SOURCE), str)
