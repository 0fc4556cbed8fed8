from __future__ import annotations

from dataclasses import replace

from continualcode.rust import batch
from continualcode.rust.diagnostics import fill_text, parse_json_lines, render_compact, signature
from continualcode.rust.verdict import FailedTest, Verdict

MOVED = (
    'fn main() {{\n    let {0} = String::from("{2}");\n    let {1} = {0};\n    println!("{{}} {{}}", {0}, {1});\n}}\n'
)


def test_the_same_mistake_in_other_code_has_the_same_signature() -> None:
    one, other = batch.diagnose_batch([MOVED.format("a", "b", "x"), "\n\n" + MOVED.format("letter", "copy", "hello")])
    assert one != other
    assert signature(one) == signature(other) == "E0382:borrow of moved value: _"


def test_signature_of_failing_tests_and_of_nothing() -> None:
    assert signature([], ["tests::a"]) == "tests:assertion failed"
    assert signature([]) == ""
    assert Verdict(True, True, 3, None).signature == ""
    assert Verdict(True, False, 0, None, stopped="timeout").signature == "stopped:timeout"


def test_compact_rendering() -> None:
    (found,) = batch.diagnose_batch([MOVED.format("a", "b", "x")])
    text = render_compact(found, batch.PATH)
    assert text.splitlines()[:3] == [
        "error[E0382]: borrow of moved value: `a`",
        '2|    let a = String::from("x");',
        "- move occurs because `a` has type `String`, which does not implement the `Copy` trait",
    ]
    assert "b.clone()" not in text
    assert render_compact([]) == "ok"


def test_rendering_does_not_depend_on_hash_order() -> None:
    (found,) = batch.diagnose_batch(["fn f(a: i32) -> i32 { a }\nfn g() -> i32 { f(1, 2) }\n"])
    texts = {render_compact([replace(d) for d in found], batch.PATH) for _ in range(3)}
    assert len(texts) == 1


def test_a_place_at_the_first_byte_gets_its_line() -> None:
    source = "struct P { x: i32 }\nfn f(a: P, b: P) -> bool { a == b }\n"
    (found,) = batch.diagnose_batch([source])
    assert "1|struct P { x: i32 }" in render_compact(found, batch.PATH)
    assert fill_text(found, batch.PATH, source) == found


def test_other_lines_are_passed_over() -> None:
    assert parse_json_lines(["warning: hello", "{broken", '{"reason":"build-finished","success":true}', "{}"]) == []


def test_feedback() -> None:
    failed = Verdict(True, False, 2, None, failed_tests=(FailedTest("tests::a", "left: 1 right: 2"),))
    assert failed.feedback() == "test tests::a failed: left: 1 right: 2"
    assert not failed.solved
    assert Verdict(True, True, 2, True).trainable
