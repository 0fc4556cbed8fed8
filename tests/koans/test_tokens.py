"""Tokens and functions of Rust source."""

from hypothesis import given
from hypothesis import strategies as st

from continualcode.koans.tokens import functions, tokens

SOURCE = """
use std::fmt; // fn not_me() {}
/* fn nor_me() {} */
pub struct S<'a> { name: &'a str }
impl<'a> S<'a> {
    pub(crate) fn name(&self) -> &'a str { "}" ; self.name }
    const fn one() -> [u8; 2] { [b'{', b'\\''] }
}
pub fn outer<T>(f: impl Fn(i32) -> T) -> Result<T, String> where T: Clone {
    fn inner() {}
    inner();
    Ok(f(1))
}
trait T { fn bare(&self) -> i32; fn given(&self) -> i32 { 'x' as i32 } }
"""


def test_functions_with_their_places():
    found = {f.name: f for f in functions(SOURCE)}
    assert list(found) == ["name", "one", "outer", "inner", "given"]
    assert [f.public for f in found.values()] == [True, False, True, False, False]
    assert [f.result for f in found.values()] == ["&'a str", "[u8; 2]", "Result<T, String>", "", "i32"]
    assert SOURCE[found["name"].start :].startswith("pub(crate) fn name")
    assert SOURCE[found["one"].start :].startswith("const fn one")
    assert SOURCE[found["outer"].body : found["outer"].body_end].strip().endswith("Ok(f(1))")
    assert SOURCE[found["name"].body : found["name"].body_end].strip() == '"}" ; self.name'


def test_kinds():
    kinds = [(t.kind, t.text) for t in tokens("let x: &'a str = r#\"a\"b\"#; 'c' 1.5e3f64 0..=9 // end")]
    assert ("lifetime", "'a") in kinds and ("string", 'r#"a"b"#') in kinds and ("char", "'c'") in kinds
    assert ("number", "1.5e3f64") in kinds and ("mark", "..=") in kinds and "end" not in str(kinds)


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str):
    found = tokens(text)
    assert all(text[t.start : t.end] == t.text for t in found)
    functions(text)
    functions("fn f() {" + text)
