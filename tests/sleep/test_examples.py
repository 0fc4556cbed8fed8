import pytest
from hypothesis import given
from hypothesis import strategies as st

from continualcode.engine.base import ToolCall
from continualcode.sleep.examples import applied, minimal_block, repair_call, same_program

FILE = "pub fn a() -> i32 {\n    let x = 1;\n    x\n}\n"


def test_a_changed_line_is_a_block_of_one():
    block = minimal_block(FILE, FILE.replace("let x", "let mut x"))
    assert (block.start, block.end, block.text) == (2, 2, "    let mut x = 1;")


def test_an_insertion_takes_the_next_line_along():
    block = minimal_block(FILE, "#[inline]\n" + FILE)
    assert (block.start, block.end, block.text) == (1, 1, "#[inline]\npub fn a() -> i32 {")
    block = minimal_block(FILE, FILE + "// end\n")
    assert (block.start, block.end, block.text) == (4, 4, "}\n// end")


def test_a_deletion_has_no_text_and_two_places_are_one_block():
    assert minimal_block(FILE, FILE.replace("    let x = 1;\n", "")).text == ""
    block = minimal_block(FILE, FILE.replace("i32", "u8").replace("    x\n", "    y\n"))
    assert (block.start, block.end) == (1, 3)
    with pytest.raises(ValueError):
        minimal_block(FILE, FILE)


line = st.sampled_from(["a", "b", "    c", "}", "d;", ""])
program = st.lists(line, min_size=1, max_size=8).map(lambda lines: "\n".join(lines) + "\n")


@given(program, program)
def test_the_call_turns_one_program_into_the_other(before: str, after: str):
    if before == after:
        return
    done = applied(before, repair_call("src/lib.rs", before, after))
    block = minimal_block(before, after)
    assert done is not None and (
        done == after or same_program(done, after) and (not block.text or "\n\n" in after or after.startswith("\n"))
    )


def test_calls_outside_the_file_are_not_applied():
    assert applied(FILE, ToolCall("edit_lines", {"path": "p", "start": 9, "end": 9, "text": ""})) is None
    assert applied(FILE, ToolCall("edit_lines", {"path": "p", "start": "x", "end": 1, "text": ""})) is None
    assert applied(FILE, ToolCall("write", {"path": "p", "content": ""})) is None
