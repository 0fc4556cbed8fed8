"""The tools on real files, in the real sandbox."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continualcode.agent import calls, files
from continualcode.agent.approval import rules_path
from continualcode.agent.tools import Toolbox, ToolResult, clip, undo
from continualcode.config import Settings, bundled
from continualcode.engine.base import ToolCall


@pytest.fixture
def box(tmp_path: Path) -> Toolbox:
    folder = tmp_path / "work"
    folder.mkdir()
    return Toolbox(folder, Settings(home=tmp_path / "home"), check_after_edit=False)


def run(box: Toolbox, name: str, **arguments: object) -> ToolResult:
    return box.run(ToolCall(name, arguments))


def put(box: Toolbox, name: str, data: bytes | str) -> Path:
    path = box.workspace / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


# -- arguments


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (ToolCall("reed", {}), ["no tool `reed`", "did you mean read?"]),
        (ToolCall("read", {}), ["read", "`path` is missing", "read(path, start?, end?)"]),
        (ToolCall("read", {"path": "a", "lines": 3}), ["unknown argument `lines`"]),
        (ToolCall("read", {"path": 3}), ["`path` must be text, not 3"]),
        (ToolCall("edit_lines", {"path": "a", "start": "x", "end": 2, "text": ""}), ["`start` must be a whole number"]),
        (
            ToolCall("edit_lines", {"path": "a", "start": True, "end": 2, "text": ""}),
            ["`start` must be a whole number"],
        ),
        (ToolCall("edit_lines", {"path": "a", "start": 1.5, "end": 2, "text": ""}), ["`start` must be a whole number"]),
        (ToolCall("bash", {"command": ["ls"]}), ["`command` must be text"]),
    ],
)
def test_a_bad_call_is_one_line_of_feedback(box: Toolbox, call: ToolCall, words: list[str]) -> None:
    said = box.validate(call)
    assert said is not None and "\n" not in said
    assert all(word in said for word in words), said
    assert box.run(call) == ToolResult(said, False)
    assert box.preview(call).kind == "problem"


def test_integers_may_be_text_and_text_is_raw(box: Toolbox) -> None:
    put(box, "a.txt", "one\ntwo\n")
    assert run(box, "edit_lines", path="a.txt", start=" 2", end="2", text="  &lt; 'x' ").text == "edited a.txt 2-2"
    assert (box.workspace / "a.txt").read_text() == "one\n  &lt; 'x' \n"


def test_schemas_name_every_argument() -> None:
    by_name = {s["function"]["name"]: s["function"] for s in calls.schemas()}
    assert set(by_name) == {"read", "write", "edit", "edit_lines", "glob", "grep", "bash", "check"}
    parameters = by_name["edit_lines"]["parameters"]
    assert parameters["required"] == ["path", "start", "end", "text"]
    assert parameters["properties"]["start"]["type"] == "integer"
    assert by_name["read"]["parameters"]["required"] == ["path"]


def test_an_edited_call_comes_back_as_it_went() -> None:
    call = ToolCall("edit_lines", {"path": "a.rs", "start": 1, "end": 2, "text": "    let x = 1;\n\n"})
    again = calls.parse_text(calls.render(call) + "\n")
    assert calls.validate(again) == calls.validate(call)
    assert calls.parse_text('{"name": "check", "arguments": {}}') == ToolCall("check", {})
    for bad in ("", "nonsense", "<function=read>\n</function>", '{"name": "nope"}'):
        with pytest.raises(calls.BadCall):
            calls.parse_text(bad)


# -- reading


def test_read_numbers_lines_and_takes_a_range(box: Toolbox) -> None:
    put(box, "src/a.rs", "a\nb\nc\n")
    assert run(box, "read", path="src/a.rs").text == "1|a\n2|b\n3|c"
    assert run(box, "read", path="./src/a.rs", start=2, end=2).text == "2|b"
    assert run(box, "read", path="src/a.rs", start=2, end=99).text == "2|b\n3|c"
    out = run(box, "read", path="src/a.rs", start=7)
    assert not out.ok and "has 3 lines" in out.text


def test_a_huge_read_is_clipped_and_says_how_to_go_on(box: Toolbox) -> None:
    put(box, "long.txt", "".join(f"line {i}\n" for i in range(1, 2001)))
    text = run(box, "read", path="long.txt").text
    assert text.startswith("1|line 1\n") and "start=401" in text.splitlines()[-1]
    put(box, "wide.txt", "x" * 50_000 + "\nlast\n")
    assert len(run(box, "read", path="wide.txt").text) < 2_000


def test_unreadable_files_are_feedback(box: Toolbox) -> None:
    put(box, "b.bin", b"\x00\x01")
    put(box, "latin.txt", "caf\xe9".encode("latin-1"))
    put(box, "huge.txt", b"x" * (files.MAX_BYTES + 1))
    os.mkfifo(box.workspace / "pipe")
    (box.workspace / "dir").mkdir()
    wanted = {"b.bin": "binary", "latin.txt": "not UTF-8", "huge.txt": "bytes", "pipe": "regular", "dir": "directory"}
    for name, word in {**wanted, "none.txt": "does not exist"}.items():
        out = run(box, "read", path=name)
        assert not out.ok and word in out.text, (name, out.text)
    for name in ("b.bin", "latin.txt", "huge.txt"):
        before = (box.workspace / name).read_bytes()
        assert not run(box, "edit_lines", path=name, start=1, end=1, text="x").ok
        assert not run(box, "edit", path=name, old="x", new="y").ok
        assert not run(box, "write", path=name, content="x").ok
        assert (box.workspace / name).read_bytes() == before


# -- editing


def test_write_makes_folders_keeps_the_mode_and_can_be_undone(box: Toolbox) -> None:
    made = run(box, "write", path="a/b/c.txt", content="hello")
    assert made.text == "wrote a/b/c.txt" and made.changed == {"a/b/c.txt": (None, b"hello\n")}
    path = put(box, "run.sh", "#!/bin/sh\n")
    path.chmod(0o755)
    changed = run(box, "write", path="run.sh", content="#!/bin/sh\nexit 0").changed
    assert path.stat().st_mode & 0o777 == 0o755 and path.read_text() == "#!/bin/sh\nexit 0\n"
    assert undo(box.workspace, changed) == ["run.sh"] and path.read_text() == "#!/bin/sh\n"
    undo(box.workspace, made.changed)
    assert not (box.workspace / "a/b/c.txt").exists()
    path.write_text("someone else")
    with pytest.raises(files.FileProblem, match="changed since"):
        undo(box.workspace, changed)


def test_line_ends_marks_and_the_last_line_stay_as_they_were(box: Toolbox) -> None:
    path = put(box, "dos.txt", b"\xef\xbb\xbfa\r\nb\r\nc")
    run(box, "edit_lines", path="dos.txt", start=2, end=2, text="B\nBB")
    assert path.read_bytes() == b"\xef\xbb\xbfa\r\nB\r\nBB\r\nc"
    run(box, "edit", path="dos.txt", old="B\nBB", new="b")
    assert path.read_bytes() == b"\xef\xbb\xbfa\r\nb\r\nc"
    run(box, "write", path="dos.txt", content="x\ny")
    assert path.read_bytes() == b"\xef\xbb\xbfx\r\ny"
    mixed = put(box, "mixed.txt", b"a\r\nb\nc\n")
    run(box, "edit_lines", path="mixed.txt", start=3, end=3, text="C")
    assert mixed.read_bytes() == b"a\r\nb\nC\n"


def test_edit_wants_one_place(box: Toolbox) -> None:
    path = put(box, "a.rs", "let alpha = 1;\nlet beta = 2;\nlet beta = 2;\n")
    out = run(box, "edit", path="a.rs", old="let beta = 2;", new="x")
    assert not out.ok and "2 times" in out.text and "lines 2, 3" in out.text
    out = run(box, "edit", path="a.rs", old="let alpha = 3;", new="x")
    assert not out.ok and "does not occur" in out.text and "1|let alpha = 1;" in out.text
    assert not run(box, "edit", path="a.rs", old="", new="x").ok
    out = run(box, "edit", path="a.rs", old="alpha = 1;\nlet beta", new="alpha = 1;\nlet\ngamma")
    assert out.text == "edited a.rs 1-3" and path.read_text() == "let alpha = 1;\nlet\ngamma = 2;\nlet beta = 2;\n"


@pytest.mark.parametrize(
    ("start", "end", "text", "after"),
    [
        (2, 2, "B", "a\nB\nc\n"),
        (1, 3, "x", "x\n"),
        (2, 2, "", "a\nc\n"),
        (1, 3, "", ""),
        (1, 0, "top", "top\na\nb\nc\n"),
        (4, 3, "end", "a\nb\nc\nend\n"),
        (2, 2, "B\n", "a\nB\nc\n"),
        (2, 2, "\n", "a\n\nc\n"),
        (3, 3, "c\n\n", "a\nb\nc\n\n"),
    ],
)
def test_edit_lines(box: Toolbox, start: int, end: int, text: str, after: str) -> None:
    path = put(box, "a.txt", "a\nb\nc\n")
    out = run(box, "edit_lines", path="a.txt", start=start, end=end, text=text)
    assert out.ok and out.text == f"edited a.txt {start}-{end}" and path.read_text() == after


@pytest.mark.parametrize(("start", "end"), [(0, 1), (5, 5), (1, 4), (3, 1), (-1, 2), (5, 4)])
def test_a_range_outside_the_file_changes_nothing(box: Toolbox, start: int, end: int) -> None:
    path = put(box, "a.txt", "a\nb\nc\n")
    out = run(box, "edit_lines", path="a.txt", start=start, end=end, text="x")
    assert not out.ok and "has 3 lines" in out.text and path.read_text() == "a\nb\nc\n"


def test_the_empty_file_takes_its_first_line(box: Toolbox) -> None:
    path = put(box, "a.txt", "")
    assert run(box, "edit_lines", path="a.txt", start=1, end=0, text="x").ok and path.read_text() == "x\n"


@given(st.lists(st.text(alphabet="ab |é\t", max_size=4), max_size=6), st.data())
def test_edit_lines_is_list_surgery(lines: list[str], data: st.DataObject) -> None:
    from continualcode.agent.tools import _replace_lines

    start = data.draw(st.integers(1, len(lines) + 1))
    end = data.draw(st.integers(start - 1, len(lines)))
    new = data.draw(st.lists(st.text(alphabet="xy ", min_size=1, max_size=3), max_size=3))
    source = files.Source("".join(line + "\n" for line in lines))
    call = calls.EditLines(path="a", start=start, end=end, text="\n".join(new))
    after, _, _ = _replace_lines(call, source, "a")
    assert files.split_lines(after) == lines[: start - 1] + new + lines[end:]


def test_a_preview_changes_nothing(box: Toolbox) -> None:
    path = put(box, "a.txt", "a\nb\n")
    shown = box.preview(ToolCall("edit_lines", {"path": "a.txt", "start": 2, "end": 2, "text": "B"}))
    assert shown.kind == "edit" and shown.path == "a.txt"
    assert shown.diff.splitlines()[2:] == ["@@ -1,2 +1,2 @@", " a", "-b", "+B"]
    new = box.preview(ToolCall("write", {"path": "n.txt", "content": "x"}))
    assert "/dev/null" in new.diff and "+x" in new.diff
    assert box.preview(ToolCall("bash", {"command": "rm -r ."})).diff == "rm -r ."
    assert path.read_text() == "a\nb\n" and sorted(os.listdir(box.workspace)) == ["a.txt"]


# -- staying inside


def test_paths_cannot_leave_the_workspace(box: Toolbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("key\n")
    os.symlink(secret, box.workspace / "link.txt")
    os.symlink(tmp_path, box.workspace / "out")
    for path in ("../secret.txt", str(secret), "link.txt", "out/secret.txt", "a/../../secret.txt", "", "a\0b"):
        for name, more in {
            "read": {}, "write": {"content": "x"}, "edit": {"old": "key", "new": "x"},
            "edit_lines": {"start": 1, "end": 1, "text": "x"},
        }.items():  # fmt: skip
            out = run(box, name, path=path, **more)
            assert not out.ok and "key" not in out.text, (name, path)
    assert not run(box, "grep", pattern="key", path="out").ok
    assert run(box, "grep", pattern="key").text == "no line matches"
    assert run(box, "glob", pattern="**/secret.txt").text == "no file matches"
    assert secret.read_text() == "key\n" and sorted(os.listdir(tmp_path)) == ["secret.txt", "work"]


def test_settings_rules_and_git_hooks_are_out_of_reach(box: Toolbox) -> None:
    put(box, ".continualcode/config.toml", "seed = 1\n")
    assert not run(box, "write", path=".git/hooks/pre-commit", content="x").ok
    assert not run(box, "write", path=".continualcode/config.toml", content='allow = "all"').ok
    run(box, "bash", command="echo 'allow = \"all\"' > .continualcode/config.toml")
    assert (box.workspace / ".continualcode/config.toml").read_text() == "seed = 1\n"
    run(box, "bash", command="rm -rf .continualcode && ln -s /tmp .continualcode")
    assert (box.workspace / ".continualcode/config.toml").read_text() == "seed = 1\n"
    assert not (box.workspace / ".continualcode").is_symlink()


def test_state_inside_the_workspace_is_out_of_reach_too(box: Toolbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(box.workspace / ".config"))
    inside = Toolbox(box.workspace, box.settings.replace(home=box.workspace / "state"))
    rules = rules_path(inside.workspace, inside.settings.home)
    put(inside, rules.relative_to(inside.workspace).as_posix(), '{"rules": []}\n')
    for path in (
        ".config/continualcode/config.toml",
        "state/rules/x.json",
        "state/adapters/a/adapter_model.safetensors",
    ):
        assert not run(inside, "write", path=path, content="x").ok
    grants = f'echo \'{{"rules": ["all"]}}\' > {rules}; mkdir -p .config/continualcode; echo \'allow = "all"\' > .config/continualcode/config.toml'
    run(inside, "bash", command=grants)
    assert rules.read_text() == '{"rules": []}\n'
    assert not (inside.workspace / ".config/continualcode/config.toml").exists()


# -- a disk that is full


def test_a_failed_write_leaves_the_old_file(box: Toolbox, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(box, "a.txt", "old\n")

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for name in ("a.txt", "new/deep/b.txt"):
        out = run(box, "write", path=name, content="new")
        assert not out.ok and "No space left" in out.text and not out.changed
    assert path.read_text() == "old\n" and os.listdir(box.workspace) == ["a.txt"]


# -- searching


def test_glob_and_grep_respect_gitignore(box: Toolbox) -> None:
    put(box, ".gitignore", "target/\n*.log\n!keep.log\n")
    put(box, "src/a.rs", "fn alpha() {}\nfn beta() {}\n")
    put(box, "src/sub/b.rs", "fn alpha() {}\n")
    put(box, "src/sub/.gitignore", "hidden.rs\n")
    put(box, "src/sub/hidden.rs", "fn alpha() {}\n")
    put(box, "target/c.rs", "fn alpha() {}\n")
    put(box, "x.log", "alpha\n")
    put(box, "keep.log", "alpha\n")
    put(box, "bin.rs", b"alpha\0")
    assert run(box, "glob", pattern="**/*.rs").text.split() == ["bin.rs", "src/a.rs", "src/sub/b.rs"]
    assert run(box, "glob", pattern="src/*.rs").text == "src/a.rs"
    assert run(box, "grep", pattern=r"alpha\b").text.split("\n") == [
        "keep.log:1|alpha", "src/a.rs:1|fn alpha() {}", "src/sub/b.rs:1|fn alpha() {}",
    ]  # fmt: skip
    assert run(box, "grep", pattern="alpha", path="src/sub").text == "src/sub/b.rs:1|fn alpha() {}"
    assert run(box, "grep", pattern="beta", path="src/a.rs").text == "src/a.rs:2|fn beta() {}"


def test_searches_are_limited_and_bad_patterns_are_feedback(box: Toolbox, monkeypatch: pytest.MonkeyPatch) -> None:
    put(box, "a.txt", "x\n" * 500)
    text = run(box, "grep", pattern="x").text
    assert text.count("\n") == 50 and "more matches" in text
    for i in range(130):
        put(box, f"many/{i:03}.md", "")
    assert run(box, "glob", pattern="*.md").text.endswith("[30 more]")
    out = run(box, "grep", pattern="(unclosed")
    assert not out.ok and "not a regular expression" in out.text
    monkeypatch.setattr("continualcode.agent.search.PATTERN_SECONDS", 0.3)
    put(box, "evil.txt", "a" * 40 + "!\n")
    out = run(box, "grep", pattern="(a|aa)+$", path="evil.txt")
    assert not out.ok and "simpler pattern" in out.text
    assert not run(box, "glob", pattern=" ").ok


# -- commands


def test_bash_shows_exit_code_and_output_in_the_sandbox(box: Toolbox) -> None:
    out = run(box, "bash", command="echo hi; echo oops >&2; exit 3")
    assert out.text == "exit 3\nhi\noops" and not out.ok
    assert run(box, "bash", command="true").text == "exit 0"
    assert run(box, "bash", command="touch made && ls").text == "exit 0\nmade"
    assert not run(box, "bash", command="touch /outside").ok


def test_long_output_keeps_head_and_tail(box: Toolbox) -> None:
    text = run(box, "bash", command="seq 1 20000").text
    assert len(text) < 4_200 and text.startswith("exit 0\n1\n2\n") and text.endswith("\n20000") and "left out" in text
    assert clip("short") == "short"


def test_an_endless_command_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    box = Toolbox(tmp_path / "w", Settings(home=tmp_path / "home", command_seconds=1))
    out = run(box, "bash", command="echo start; sleep 60")
    assert not out.ok and "stopped: timeout" in out.text and "start" in out.text


# -- checking


def test_a_lone_file_is_checked_after_an_edit(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    box = Toolbox(tmp_path / "w", Settings(home=tmp_path / "home"))
    out = run(box, "check")
    assert not out.ok and "nothing to check" in out.text
    out = run(box, "write", path="a.rs", content="pub fn f() -> i32 {\n    1;\n}")
    lines = out.text.split("\n")
    assert lines[:3] == ["wrote a.rs", "check:", "error[E0308]: mismatched types"]
    assert "2|    1;" in lines and out.verdict is not None and not out.verdict.compiles
    assert run(box, "edit_lines", path="a.rs", start=2, end=2, text="    1").text == "edited a.rs 2-2\ncheck:\nok"
    assert run(box, "check").text == "ok"


def test_a_crate_is_checked_file_by_file(tmp_path: Path) -> None:
    work = tmp_path / "demo"
    shutil.copytree(bundled("demo"), work, ignore=shutil.ignore_patterns("target"))
    box = Toolbox(work, Settings(home=tmp_path / "home"), profile="compact")
    text = run(box, "check").text
    assert "--> src/area.rs" in text and "--> src/greet.rs" in text and text.count("error[E0308]") == 2
    fixed = run(box, "edit_lines", path="src/area.rs", start=2, end=2, text="    width * height")
    assert fixed.text == "edited src/area.rs 2-2\ncheck:\nok"
    assert fixed.verdict is not None and not fixed.verdict.compiles
    broken = run(box, "edit_lines", path="src/lib.rs", start=1, end=1, text="pub mod area;\nuse area::nothing;")
    assert "error[E0432]" in broken.text and "greet" not in broken.text
    run(box, "edit_lines", path="src/lib.rs", start=2, end=2, text="")
    green = run(box, "edit", path="src/greet.rs", old='    "stranger"', new='    "stranger".to_string()')
    assert green.text == "edited src/greet.rs 6-6\ncheck:\nok"
    assert green.verdict is not None and green.verdict.compiles and green.verdict.tests_pass
    assert run(box, "check").text == "ok"
