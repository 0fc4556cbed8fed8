"""The proof of the koans, and that it sees every kind of unsound one."""

from dataclasses import replace

import pytest

from continualcode.koans import catalogue
from continualcode.koans.catalogue import Koan
from continualcode.koans.check import changed_lines, check_koans, defaults, faults, gutted, gutted_faults

KOAN = Koan(
    id="rh_900_half", family="result_handling", pattern="rh_missing_ok", description="Halves.",
    expected_error="E0308", split="train",
    buggy="pub fn half(n: i32) -> Result<i32, String> {\n    n / 2\n}\n",
    solution="pub fn half(n: i32) -> Result<i32, String> {\n    Ok(n / 2)\n}\n",
    tests="#[cfg(test)]\nmod tests {\n    use super::*;\n\n    #[test]\n    fn halves() {\n        assert_eq!(half(6), Ok(3));\n    }\n}\n",
)  # fmt: skip


def test_a_sound_koan():
    seen = []
    report = check_koans([KOAN], progress=lambda *step: seen.append(step))
    assert report.ok and report.json() == {"koans": 1, "sound": 1, "gutted_caught": 1, "leaks": 0, "problems": []}
    assert seen == [(1, 1, "rh_900_half")]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"expected_error": "E0382"}, "gives E0308, not E0382"),
        ({"buggy": KOAN.solution.replace("n / 2", "n / 3")}, "the buggy file compiles"),
        ({"solution": KOAN.solution.replace("n / 2", "n / 3")}, "does not pass its tests"),
        ({"solution": KOAN.buggy.replace("n / 2", "Some(n)")}, "does not compile"),
        ({"solution": KOAN.solution.replace("Ok(n / 2)", "return Ok(n / 2);")}, "clippy"),
        ({"solution": KOAN.buggy}, "a block of 0 lines"),
        ({"pattern": "rh_nope"}, "no generator"),
        ({"pattern": "it_option_next"}, "belongs to iterators"),
    ],
)
def test_unsound_koans_are_seen(change: dict, says: str):
    assert any(says in fault for fault in faults(replace(KOAN, **change)))


def test_weak_tests_are_seen():
    weak = replace(KOAN, tests=KOAN.tests.replace("assert_eq!(half(6), Ok(3));", "assert!(half(6).is_ok());"))
    assert gutted_faults(weak) == ["the tests pass with `half` giving Ok(0)"]
    idle = replace(KOAN, tests=KOAN.tests.replace("assert_eq!(half(6), Ok(3));", "let _ = 1;"))
    assert {"an empty main", "nothing", "`half` deleted"} <= {f.split("with ")[1] for f in gutted_faults(idle)}
    leaving = replace(
        KOAN,
        tests=KOAN.tests.replace("assert_eq!", "if half(6) == Ok(0) { std::process::exit(0); }\n        assert_eq!"),
    )
    assert gutted_faults(leaving) == []  # a test that leaves has not passed


def test_gutted_versions_of_a_program():
    koan = catalogue.load(pattern="rh_match_missing_arm")[0]
    how = [h for h, _ in gutted(koan.solution)]
    assert how[:3] == ["an empty main", "nothing", "every body todo!()"]
    assert sum(h.endswith("deleted") for h in how) == koan.solution.count("pub fn")
    assert all(code != koan.solution for _, code in gutted(koan.solution))


@pytest.mark.parametrize(
    ("result", "values"),
    [
        ("u8", ("0",)), ("bool", ("false", "true")), ("", ("",)), ("Vec<Option<i32>>", ("Default::default()",)),
        ("Option<usize>", ("None", "Some(0)")), ("Result<(), String>", ("Ok(())",)), ("Result<HashMap<u8, i8>, E>", ("Ok(Default::default())",)),
        ("(i32, bool)", ("(0, false)",)), ("Self", ()), ("&mut Node", ()), ("Option<&T>", ("None",)), ("impl Fn(i32) -> i32", ()),
    ],
)  # fmt: skip
def test_defaults(result: str, values: tuple[str, ...]):
    assert defaults(result) == values


def test_changed_lines():
    assert changed_lines("a\nb\nc\n", "a\nb\nc\n") == 0
    assert changed_lines("a\nb\nc\n", "a\nx\ny\nc\n") == 2
    assert changed_lines("a\nc\n", "a\nb\nc\n") == 1
    assert changed_lines("a\nb\nc\nd\n", "x\nb\nc\ny\n") == 4


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("family", sorted({k.family for k in catalogue.load()}))
def test_every_koan(family: str):
    report = check_koans(catalogue.load(family=family))
    assert report.problems == () and report.ok
