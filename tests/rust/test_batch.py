"""Many programs through one rustc: each must get what rustc says of it alone."""

from __future__ import annotations

import re

import pytest

from continualcode.rust import batch
from continualcode.rust.diagnostics import render_compact, signature

# Programs chosen to stop the compiler in different phases and to tempt it to speak of their neighbours.
PROGRAMS = {
    "ok": "fn double(values: &[i32]) -> Vec<i32> { values.iter().map(|v| v * 2).collect() }\n",
    "E0382": "fn main() {\n    let s = String::from(\"a\");\n    let t = s;\n    println!(\"{} {}\", s, t);\n}\n",
    "E0499": "fn f(v: &mut Vec<i32>) {\n    let a = &mut *v;\n    let b = &mut *v;\n    a.push(1);\n    b.push(2);\n}\n",
    "E0106": "struct Holder {\n    name: &str,\n}\nfn longest(a: &str, b: &str) -> &str { if a.len() > b.len() { a } else { b } }\n",
    "E0412": "fn f(x: Stack) -> i32 { x.n }\n",
    "stack": "pub struct Stack { pub n: i32 }\nimpl Stack { pub fn size(&self) -> i32 { self.n } }\n",
    "E0433": "fn f() -> usize { let m: HashMap<i32, i32> = HashMap::new(); m.len() }\n",
    "E0425": "fn f() -> i32 { totl + 1 }\n",
    "E0308": "fn f() -> u64 { let x: i32 = 1; x }\n",
    "E0277": "struct Stack { n: i32 }\nfn f(s: Stack) { println!(\"{}\", s); }\n",
    "E0277b": "fn f(a: i32, b: f64) -> f64 { a * b }\n",
    "ops": "use std::ops::Mul;\nstruct Money(f64);\nimpl Mul<Money> for f64 { type Output = Money; fn mul(self, o: Money) -> Money { Money(self * o.0) } }\nimpl Mul<Money> for i32 { type Output = Money; fn mul(self, o: Money) -> Money { Money(o.0) } }\n",
    "infer": "fn f(s: &str) -> f64 { 2.0 * s.parse().unwrap() }\n",
    "infer2": "fn f(x: f32) -> f64 { 2.0 * x.into() }\n",
    "E0599": "struct Stack { n: i32 }\nfn f(s: Stack) -> i32 { s.size() }\n",
    "trait": "pub trait Summary { fn size(&self) -> i32; }\nimpl Summary for i32 { fn size(&self) -> i32 { *self } }\n",
    "E0599b": "fn f(s: i32) -> i32 { s.size() }\n",
    "E0599c": "struct Item;\nfn f(s: Item) -> Item { s.clone() }\n",
    "E0369": "struct P { x: i32 }\nfn f(a: P, b: P) -> bool { a == b }\n",
    "parse": "fn f() -> i32 {\n    let x = 1\n    x\n}\n",
    "unclosed": "fn f() -> i32 {\n    if true { 1 } else { 2 \n}\n",
    "E0597": "fn f() {\n    let r;\n    {\n        let x = 5;\n        r = &x;\n    }\n    println!(\"{}\", r);\n}\n",
    "E0515": "fn f() -> &'static str { let s = String::new(); &s }\n",
    "E0621": "fn f<'a>(x: &'a i32, y: &i32) -> &'a i32 { if *x > *y { x } else { y } }\n",
    "crate": "mod a { pub fn one() -> i32 { 1 } }\nfn two() -> i32 { crate::a::one() + 1 }\n",
    "lint": "fn f() -> u8 { let x: u8 = 256; x }\n",
    "E0046": "trait Shape { fn area(&self) -> f64; fn name(&self) -> String; }\nstruct Sq;\nimpl Shape for Sq { fn area(&self) -> f64 { 1.0 } }\n",
    "E0277q": "fn f(s: &str) -> Option<i32> { let n: i32 = s.parse::<i32>()?; Some(n) }\n",
    "E0277from": "#[derive(Debug)]\nenum MyErr { A }\nfn f(s: &str) -> Result<i32, MyErr> { let n: i32 = s.parse::<i32>()?; Ok(n) }\n",
    "from": "enum Other { P(std::num::ParseIntError) }\nimpl From<std::num::ParseIntError> for Other { fn from(e: std::num::ParseIntError) -> Self { Other::P(e) } }\n",
    "E0004": "enum T { A, B }\nfn f(t: T) -> i32 { match t { T::A => 1 } }\n",
    "E0277hash": "use std::collections::HashMap;\n#[derive(PartialEq, Eq)]\nstruct K(i32);\nfn f() { let mut m = HashMap::new(); m.insert(K(1), 2); }\n",
    "many": "fn a() -> String { 1 }\nfn b() { let s = String::new(); drop(s); drop(s); }\nfn c(x: Foo) {}\n",
    "E0373": "fn f() -> impl Fn() -> i32 { let x = 3; || x }\n",
    "two": "fn main() { let mut v = vec![1]; let first = &v[0]; v.push(2); println!(\"{first}\"); let y: String = 3; }\n",
}  # fmt: skip
CLEAN = {"ok", "stack", "ops", "trait", "crate", "from"}


@pytest.fixture(scope="module")
def together() -> dict[str, list]:
    return dict(zip(PROGRAMS, batch.diagnose_batch(list(PROGRAMS.values())), strict=True))


def test_says_what_rustc_says_of_each_alone(together: dict[str, list]) -> None:
    for name, program in PROGRAMS.items():
        alone = batch._alone(program, 60)
        if name == "many":  # of several errors the first is the same; a neighbour may have stopped the others
            assert render_compact(together[name][:1], batch.PATH) == render_compact(alone[:1], batch.PATH)
            continue
        assert render_compact(together[name], batch.PATH) == render_compact(alone, batch.PATH), name
        assert [(d.code, d.message, d.spans) for d in together[name]] == [
            (d.code, d.message, d.spans) for d in alone
        ], name


def test_clean_programs_are_clean_among_broken_ones(together: dict[str, list]) -> None:
    assert {name for name, found in together.items() if not found} == CLEAN


def test_places_are_the_programs_own(together: dict[str, list]) -> None:
    for name, found in together.items():
        for d in found:
            assert all(s.path == batch.PATH or s.path.startswith("/") for s in d.spans), name
            assert "v0" not in render_compact([d], batch.PATH), name
            for s in d.spans:
                if s.path == batch.PATH:
                    assert s.text.rstrip() == PROGRAMS[name].split("\n")[s.line - 1].rstrip(), name


def test_signatures_have_the_expected_code(together: dict[str, list]) -> None:
    for name, found in together.items():
        if name[:5].startswith("E0"):
            codes = {name[:5]} if name[:5] not in ("E0412", "E0433") else {name[:5], "E0412", "E0425"}  # by version
            assert signature(found)[:5] in codes, (name, signature(found))
            assert not re.search(r"\bv\d{4}\b", repr(found)), name


def test_small_batches_and_none() -> None:
    some = [PROGRAMS[n] for n in ("E0382", "ok", "E0106", "stack", "parse")]
    assert batch.diagnose_batch(some, size=2) == batch.diagnose_batch(some, size=99)
    assert batch.diagnose_batch([]) == []
    assert batch.compiles_batch(some) == [False, True, False, True, False]


def test_pairs() -> None:
    good, bad = PROGRAMS["ok"], PROGRAMS["E0382"]
    checks = batch.verify_batch([(bad, good), (good, good), (bad, bad)])
    assert [c.sound for c in checks] == [True, False, False]
    assert [c.code for c in checks] == ["E0382", "", "E0382"]


def test_a_program_that_hangs_the_compiler_spoils_no_other() -> None:
    endless = "const N: u32 = { let mut i = 0u32; loop { i = i.wrapping_add(1); if i == 0 && N2 > 0 { break; } } i };\n"
    endless += "const N2: u32 = 0;\npub fn f() -> u32 { N }\n#[deny(long_running_const_eval)]\nconst M: [u8; N as usize] = [];\n"
    found = batch.diagnose_batch([PROGRAMS["ok"], endless, PROGRAMS["E0382"]], seconds=20)
    assert found[0] == []
    assert found[1] and found[1][0].is_error
    assert found[2][0].code == "E0382"
