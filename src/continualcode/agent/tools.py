"""The tools: what a model's call does to the workspace, and what the model is told of it.

`Toolbox.validate` and `preview` have no side effects; `run` acts. Every outcome, good or bad, is a short
text for the model: a path outside the workspace, a range outside the file, a pattern that does not parse
and a full disk are feedback, never exceptions. Files are written whole or not at all. Commands run in the
sandbox; what a command changes is not part of `ToolResult.changed` and cannot be undone from it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from continualcode.agent import calls, files, prompts, search
from continualcode.agent.approval import rules_path
from continualcode.agent.calls import BadCall
from continualcode.agent.files import FileProblem, Source
from continualcode.config import user_file
from continualcode.engine.base import ToolCall
from continualcode.errors import UserError

if TYPE_CHECKING:
    from continualcode.config import Settings
    from continualcode.rust.verdict import Verdict

READ_LINES = 400  # most lines that one read shows
READ_CHARS = 16_000
OUTPUT_CHARS = 4_000  # most characters of a command's output, head and tail


@dataclass(frozen=True)
class Preview:
    """What a call would do. kind: `read`, `edit`, `command`, or `problem` (it cannot run; `diff` says why).
    `diff`: a unified diff for edits, the command line for commands."""

    kind: str
    path: str
    diff: str


@dataclass(frozen=True)
class ToolResult:
    """What the model is told, whether the call did what it asked, the files it changed (relative path →
    bytes before and after, None for a file that is not there), and the verdict when the code was checked."""

    text: str
    ok: bool
    changed: files.Changed = field(default_factory=dict)
    verdict: Verdict | None = None


@dataclass(frozen=True)
class _Change:
    name: str
    target: Path
    before: bytes | None
    after: bytes
    done: str


class Toolbox:
    """The tools over one workspace. `check` replaces how the code is checked (a koan brings its own tests).
    `check_after_edit`: append the compiler's word to the result of an edit of a Rust file."""

    def __init__(
        self,
        workspace: Path,
        settings: Settings,
        check: Callable[[], Verdict] | None = None,
        *,
        check_after_edit: bool = True,
        profile: str = "full",
    ) -> None:
        self.workspace = Path(workspace).resolve()
        self.settings = settings
        self.check_after_edit = check_after_edit
        self.profile = profile
        self._check = check
        self._known_errors: frozenset[tuple[str, str, str]] | None = None
        self._last_rust: str | None = None

    def schemas(self) -> list[dict[str, Any]]:
        """OpenAI function schemas of all tools."""
        return calls.schemas()

    def validate(self, call: ToolCall) -> str | None:
        """One line of feedback when the call's name or arguments are wrong, else None."""
        try:
            calls.validate(call)
        except BadCall as error:
            return str(error)
        return None

    def preview(self, call: ToolCall) -> Preview:
        """What the call would do, without doing it."""
        try:
            arguments = calls.validate(call)
            if isinstance(arguments, calls.Bash):
                return Preview("command", "", arguments.command)
            if call.name in calls.EDITS:
                change = self._plan(arguments)
                old = files.decode(change.before, change.name).text if change.before is not None else None
                return Preview(
                    "edit", change.name, files.unified(old, files.decode(change.after, change.name).text, change.name)
                )
            return Preview("read", str(call.arguments.get("path") or ""), "")
        except (BadCall, FileProblem, UserError) as error:
            return Preview("problem", "", _feedback(error))

    def run(self, call: ToolCall) -> ToolResult:
        """Do what the call asks; every problem comes back as text for the model."""
        try:
            arguments = calls.validate(call)
            match arguments:
                case calls.Read():
                    return ToolResult(self._read(arguments), True)
                case calls.Glob():
                    return ToolResult(self._glob(arguments), True)
                case calls.Grep():
                    return ToolResult(self._grep(arguments), True)
                case calls.Bash():
                    return self._bash(arguments)
                case calls.Check():
                    return self._checked()
                case _:
                    return self._edit(arguments)
        except (BadCall, FileProblem, search.BadPattern, UserError) as error:
            return ToolResult(_feedback(error), False)

    # -- paths
    def _inside(self, path: str) -> tuple[Path, str]:
        from continualcode.sandbox import paths

        if not path.strip() or "\0" in path:
            raise FileProblem("the path is empty; give a path relative to the workspace")
        target = paths.inside(self.workspace, path)
        return target, target.relative_to(self.workspace).as_posix()

    # -- reading
    def _read(self, a: calls.Read) -> str:
        target, name = self._inside(a.path)
        lines = files.load(target, name).lines
        if not lines:
            return f"{name} is empty"
        start = 1 if a.start is None else a.start
        end = len(lines) if a.end is None else min(a.end, len(lines))
        if start < 1 or start > len(lines) or (a.end is not None and a.end < start):
            raise FileProblem(
                f"{name} has {len(lines)} lines; {start}-{a.end if a.end is not None else 'end'} is not a range in it"
            )
        shown, size = end, 0
        for number in range(start, end + 1):
            size += min(len(lines[number - 1]), 1000)
            if number - start >= READ_LINES or size > READ_CHARS:
                shown = max(start, number - 1)
                break
        chosen = [line if len(line) <= 1000 else line[:1000] + " [line clipped]" for line in lines[start - 1 : shown]]
        text = prompts.numbered("\n".join(chosen) + "\n", start)
        return text if shown == end else f"{text}\n[clipped: {len(lines)} lines; read on with start={shown + 1}]"

    def _glob(self, a: calls.Glob) -> str:
        found, total = search.glob(self.workspace, a.pattern)
        if not found:
            return "no file matches"
        return "\n".join(found) + (f"\n[{total - len(found)} more]" if total > len(found) else "")

    def _grep(self, a: calls.Grep) -> str:
        below = None
        if a.path is not None and a.path.strip() not in ("", ".", "./"):
            below, name = self._inside(a.path)
            if not below.exists():
                raise FileProblem(f"{name} does not exist")
        found, more = search.grep(self.workspace, a.pattern, below)
        if not found:
            return "no line matches"
        return "\n".join(found) + ("\n[more matches; narrow the pattern or give a path]" if more else "")

    # -- editing
    def _plan(self, a: calls.Arguments) -> _Change:
        assert isinstance(a, calls.Write | calls.Edit | calls.EditLines)
        target, name = self._inside(a.path)
        if Path(name).parts and Path(name).parts[0] in search.ALWAYS_HIDDEN:
            raise FileProblem(f"{name} belongs to git or to this program and is not edited")
        own = (self.settings.home.resolve(), user_file().parent.resolve())  # where a workspace holds them, as ~ does
        if any(p.is_relative_to(self.workspace) and target.is_relative_to(p) for p in own):
            raise FileProblem(f"{name} belongs to this program and is not edited")
        if isinstance(a, calls.Write):
            return self._plan_write(a, target, name)
        before = target.read_bytes() if target.is_file() and target.stat().st_size <= files.MAX_BYTES else b""
        source = files.load(target, name)
        text, first, last = (
            _replace_text(a, source, name) if isinstance(a, calls.Edit) else _replace_lines(a, source, name)
        )
        after = Source(text, source.newline, source.bom).encode()
        return _Change(name, target, before, after, f"edited {name} {first}-{last}")

    def _plan_write(self, a: calls.Write, target: Path, name: str) -> _Change:
        """A file that is there keeps its line ends and whether its last line is ended; a new text file ends
        its last line (a call's form cannot carry that line end)."""
        before, old = None, Source("")
        if target.exists():
            old = files.load(target, name)
            before = target.read_bytes()
        text = a.content.replace("\r\n", "\n") if old.newline == "\r\n" else a.content
        if text and not text.endswith("\n") and old.ended:
            text += old.newline if "\r\n" in text else "\n"
        try:
            after = Source(text, old.newline, old.bom).encode()
        except UnicodeEncodeError:
            raise FileProblem(f"the content for {name} is not valid Unicode") from None
        if len(after) > files.MAX_BYTES:
            raise FileProblem(f"the content for {name} has {len(after)} bytes, more than {files.MAX_BYTES}")
        return _Change(name, target, before, after, f"wrote {name}")

    def outcome(self, call: ToolCall) -> dict[str, bytes]:
        """File name → content as an edit would leave it; nothing is written. Empty for what is no edit, or an
        edit that cannot be made."""
        try:
            arguments = calls.validate(call)
            if call.name not in calls.EDITS:
                return {}
            change = self._plan(arguments)
        except (BadCall, FileProblem, UserError):
            return {}
        return {change.name: change.after}

    def _edit(self, a: calls.Arguments) -> ToolResult:
        change = self._plan(a)
        checks = self.check_after_edit and change.name.endswith(".rs")
        if checks and self._known_errors is None and self._check is None and self._is_crate:
            self._remember(self.verdict())
        files.write_bytes(change.target, change.after, change.name)
        changed = {change.name: (change.before, change.after)}
        if not change.name.endswith(".rs"):
            return ToolResult(change.done, True, changed)
        self._last_rust = change.name
        if not checks:
            return ToolResult(change.done, True, changed)
        try:
            verdict = self.verdict()
        except UserError as error:  # no toolchain, no sandbox: the edit stands, the model learns why no check came
            return ToolResult(prompts.AFTER_EDIT.format(done=change.done, feedback=_feedback(error)), True, changed)
        feedback = self._about(verdict, change.name)
        self._remember(verdict)
        return ToolResult(prompts.AFTER_EDIT.format(done=change.done, feedback=feedback), True, changed, verdict)

    # -- checking
    @property
    def _is_crate(self) -> bool:
        return (self.workspace / "Cargo.toml").is_file()

    def verdict(self, clippy: bool = False) -> Verdict:
        """What the compiler and the tests say now: of the crate, else of the lone Rust file (the one edited
        last). `clippy`: lint it too."""
        if self._check is not None:
            return self._check()
        from continualcode.rust import check, crate

        if self._is_crate:
            target = self.settings.home / "cache" / "target"
            return crate.check_crate(self.workspace, clippy=clippy, target_dir=target, mode=self.settings.sandbox)
        name = self._last_rust or self._lone_file()
        return check.check(files.load(self.workspace / name, name).text, clippy=clippy, settings=self.settings)

    def _lone_file(self) -> str:
        found, total = search.glob(self.workspace, "*.rs")
        if total == 1:
            return found[0]
        for name in ("src/lib.rs", "src/main.rs"):
            if name in found:
                return name
        raise FileProblem(
            "nothing to check: no Cargo.toml and no single Rust file here"
            if total == 0
            else f"no Cargo.toml, and {total} Rust files: edit one and it is checked alone"
        )

    def _checked(self) -> ToolResult:
        verdict = self.verdict(clippy=self.profile == "full")
        self._remember(verdict)
        feedback = verdict.feedback(None if self._is_crate else "src/lib.rs")
        if feedback == prompts.CHECK_OK and verdict.clippy_clean is False and self.profile == "full":
            feedback = "\n".join([feedback, *_clippy(verdict)])
        return ToolResult(feedback, True, verdict=verdict)

    def _remember(self, verdict: Verdict) -> None:
        self._known_errors = frozenset(_key(d) for d in verdict.diagnostics if d.is_error)

    def _about(self, verdict: Verdict, name: str) -> str:
        """The compiler's word on one edit: errors in the edited file, and errors elsewhere that were not
        there before. Old errors in other files are another task's; `check` shows them all."""
        if verdict.compiles or verdict.stopped or not self._is_crate or self._check is not None:
            return verdict.feedback(name if self._is_crate else "src/lib.rs")
        from continualcode.rust.diagnostics import render_compact

        errors = [d for d in verdict.diagnostics if d.is_error]
        own = [d for d in errors if (d.primary or (d.spans[0] if d.spans else None)) is None or _key(d)[0] == name]
        caused = [d for d in errors if d not in own and _key(d) not in (self._known_errors or frozenset())]
        if own or caused or not errors:
            return render_compact(own + caused, name) if errors else verdict.feedback(name)
        rest = f"\n{len(errors)} in other files, as before" if self.profile == "full" else ""
        return prompts.CHECK_OK + rest

    # -- commands
    def _bash(self, a: calls.Bash) -> ToolResult:
        from continualcode import sandbox
        from continualcode.rust import toolchain

        readable: tuple[Path, ...] = ()
        env: dict[str, str] = {}
        try:
            tools = toolchain.find()
            readable = tools.folders
            env = {"PATH": f"{tools.rustc.parent}:/usr/local/bin:/usr/bin:/bin"}
        except UserError:
            pass  # a command need not be about Rust
        s = self.settings
        limits = sandbox.Limits(
            seconds=s.command_seconds, memory_mb=s.command_memory_mb, processes=s.command_processes,
            output_bytes=s.command_output_bytes, disk_mb=s.command_disk_mb,
        )  # fmt: skip
        guarded = {name: _bytes(self.workspace / name) for name in self._own_files()}
        result = sandbox.run(
            ["/bin/sh", "-c", a.command],
            workspace=self.workspace,
            readable=readable,
            env=env,
            limits=limits,
            mode=s.sandbox,
        )
        self._keep_own_files(guarded)
        self._known_errors = None
        parts = [f"exit {result.returncode}" + (f" (stopped: {result.stopped})" if result.stopped else "")]
        for raw in (result.stdout, result.stderr):
            if text := raw.decode("utf-8", "replace").rstrip("\n"):
                parts.append(clip(text))
        return ToolResult("\n".join(parts), result.returncode == 0 and not result.stopped)

    def _own_files(self) -> list[str]:
        """What grants rights and lies where a command can write; mostly the project's settings alone."""
        granting = (
            self.workspace / ".continualcode" / "config.toml",
            rules_path(self.workspace, self.settings.home).resolve(),
            user_file().resolve(),
        )
        return [p.relative_to(self.workspace).as_posix() for p in granting if p.is_relative_to(self.workspace)]

    def _keep_own_files(self, guarded: Mapping[str, bytes | None]) -> None:
        """Put back this program's own files where a command changed them."""
        folder = self.workspace / ".continualcode"
        if folder.is_symlink():
            folder.unlink()
        for name, before in guarded.items():
            now = _bytes(self.workspace / name)
            if now != before:
                files.restore(self.workspace, {name: (before, now)})


def clip(text: str, limit: int = OUTPUT_CHARS) -> str:
    """`text` with its middle left out when it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[-half:]}"


def _replace_text(a: calls.Edit, source: Source, name: str) -> tuple[str, int, int]:
    old = a.old.replace("\r\n", "\n") if source.newline == "\r\n" else a.old
    new = a.new.replace("\r\n", "\n") if source.newline == "\r\n" else a.new
    if not old:
        raise FileProblem("`old` is empty; give the text to replace, or use edit_lines to insert")
    places = _places(source.text, old)
    if len(places) == 1:
        first = places[0]
        after = source.text.replace(old, new, 1)
        return after, first, first + max(new.rstrip("\n").count("\n"), 0)
    if places:
        shown = ", ".join(map(str, places[:8]))
        raise FileProblem(
            f"`old` occurs {len(places)} times in {name} (lines {shown}); give more context, or use edit_lines"
        )
    lines = source.lines
    wanted = next((line.strip() for line in old.split("\n") if line.strip()), "")
    stripped = [line.strip() for line in lines]
    near = difflib.get_close_matches(wanted, stripped, n=3, cutoff=0.5)
    numbers = sorted({i + 1 for i, line in enumerate(stripped) if line in near})[:3]
    hint = "nearest:\n" + "\n".join(f"{n}|{lines[n - 1]}" for n in numbers) if numbers else "read the file first"
    raise FileProblem(f"`old` does not occur in {name}; {hint}")


def _places(text: str, wanted: str) -> list[int]:
    """Line numbers at which `wanted` begins, overlaps included."""
    found, at = [], text.find(wanted)
    while at >= 0:
        found.append(text.count("\n", 0, at) + 1)
        at = text.find(wanted, at + 1)
    return found


def _replace_lines(a: calls.EditLines, source: Source, name: str) -> tuple[str, int, int]:
    lines, count = source.lines, len(source.lines)
    if not (1 <= a.start <= count + 1 and a.start - 1 <= a.end <= count):
        raise FileProblem(f"{name} has {count} lines; {a.start}-{a.end} is not a range in it")
    text = a.text.replace("\r\n", "\n") if source.newline == "\r\n" else a.text
    new = text.removesuffix("\n").split("\n") if text else []
    result = lines[: a.start - 1] + new + lines[a.end :]
    joined = "\n".join(result) + ("\n" if result and (source.ended or not lines) else "")
    return joined, a.start, a.end


def _feedback(error: Exception) -> str:
    text = str(error)
    return text if text.startswith("error") else f"error: {text}"


def _key(d: Any) -> tuple[str, str, str]:
    place = d.primary or (d.spans[0] if d.spans else None)
    return (place.path if place else "", d.code, d.message)


def _clippy(verdict: Verdict) -> list[str]:
    said = [d for d in verdict.diagnostics if not d.is_error]
    out = []
    for d in said[:3]:
        place = d.primary
        out.append(
            f"{d.code or 'warning'}: {d.message.splitlines()[0]}" + (f" ({place.path}:{place.line})" if place else "")
        )
    return out + ([f"and {len(said) - 3} more"] if len(said) > 3 else [])


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def undo(workspace: Path, changed: Mapping[str, tuple[bytes | None, bytes | None]]) -> list[str]:
    """Put back what a call changed; see `files.restore`."""
    return files.restore(Path(workspace).resolve(), changed)
