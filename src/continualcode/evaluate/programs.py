"""Python programs under a problem's tests, in the sandbox: one run a test, until the first that fails.

A program gets a test's input and nothing else: what it should answer stays outside and is compared here. Programs for
functional tests run with the modules that such problems take for granted imported (`from typing import *` and the
like). Not here: the format of problems (`learn/problems.py`), and what a model is asked (`arena.py`).
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from continualcode.sandbox import Limits, Result, run

if TYPE_CHECKING:
    from continualcode.config import Settings
    from continualcode.learn.problems import Case, Problem

SHOWN = 300  # characters of a text in feedback
RUNNER = """import json, sys
answer, sys.stdout = sys.stdout, sys.stderr
space = {"__name__": "program"}
exec("from typing import *\\nimport bisect, collections, functools, heapq, itertools, math, operator, re, string\\n"
     "from bisect import *\\nfrom collections import *\\nfrom functools import *\\nfrom heapq import *\\n"
     "from itertools import *\\nfrom math import *", space)
exec(compile(open("program.py", encoding="utf-8").read(), "program.py", "exec"), space)
arguments = [json.loads(line) for line in sys.stdin.read().splitlines() if line.strip()]
name = sys.argv[1]
target = getattr(space["Solution"](), name) if "Solution" in space else space[name]
answer.write(json.dumps(target(*arguments)))
"""


@dataclass(frozen=True)
class Judged:
    """How a program did: `feedback` says what failed first, in words for a model; empty when it passed. Of a hidden test
    neither input nor output is told."""

    passed: bool
    feedback: str


def judge(program: str, problem: Problem, settings: Settings) -> Judged:
    """Run a program through a problem's tests, public ones first. Raises SandboxError when nothing confines it here."""
    if not program.strip():
        return Judged(False, "there is no program in the reply")
    with tempfile.TemporaryDirectory(prefix="continualcode-problem-") as name:
        folder = Path(name)
        (folder / "program.py").write_text(program, encoding="utf-8", errors="replace")
        (folder / "runner.py").write_text(RUNNER, encoding="utf-8")
        for number, test in enumerate(problem.tests, 1):
            done = _run(folder, test, problem.function, settings)
            if said := _failure(done, test, number):
                return Judged(False, said)
    return Judged(True, "")


def judge_many(programs: Sequence[tuple[str, Problem]], settings: Settings, *, workers: int) -> list[Judged]:
    """`judge` of each, `workers` at a time, in the order given; equal programs are run once."""
    distinct = list(dict.fromkeys(programs))
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        found = dict(zip(distinct, pool.map(lambda item: judge(item[0], item[1], settings), distinct), strict=True))
    return [found[item] for item in programs]


def _run(folder: Path, test: Case, function: str, settings: Settings) -> Result:
    limits = Limits(
        seconds=settings.command_seconds, memory_mb=settings.command_memory_mb, processes=settings.command_processes,
        output_bytes=settings.command_output_bytes, file_mb=settings.command_disk_mb, disk_mb=settings.command_disk_mb,
    )  # fmt: skip
    python = Path(sys.executable).resolve()
    script = ["runner.py", function] if test.kind == "functional" else ["program.py"]
    return run(
        [str(python), "-I", "-B", *script],
        workspace=folder,
        readable=[Path(sys.base_prefix)],
        stdin=test.input.encode(),
        limits=limits,
        mode=settings.sandbox,
    )


def _failure(done: Result, test: Case, number: int) -> str:
    """What is wrong with a run, or an empty text."""
    name = f"hidden test {number}" if test.hidden else f"test {number}"
    if done.stopped:
        return f"{name}: stopped ({done.stopped})"
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        # a hidden test's error may quote its input: its kind is all that is told
        return f"{name}: {_shown(last[0].split(':')[0] if test.hidden else last[0])}"
    printed = done.stdout.decode("utf-8", "replace")
    same = _same_value(printed, test.output) if test.kind == "functional" else same_text(printed, test.output)
    if same:
        return ""
    if test.hidden:
        return f"{name}: wrong answer"
    return f"{name}: input {_shown(test.input)}, expected {_shown(test.output)}, got {_shown(printed)}"


def same_text(printed: str, wanted: str) -> bool:
    """Equal line by line but for white space at their ends and empty lines at the end; numbers by value."""
    ours, theirs = _lines(printed), _lines(wanted)
    return len(ours) == len(theirs) and all(a == b or _same_numbers(a, b) for a, b in zip(ours, theirs, strict=True))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.rstrip().splitlines()]


def _same_numbers(a: str, b: str) -> bool:
    try:
        return [Decimal(w) for w in a.split()] == [Decimal(w) for w in b.split()]
    except InvalidOperation:
        return False


def _same_value(printed: str, wanted: str) -> bool:
    try:
        return _plain(json.loads(printed)) == _plain(json.loads(wanted))
    except (ValueError, RecursionError):
        return False


def _plain(value: Any) -> Any:
    """A truth value is no number."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else value


def _shown(text: str) -> str:
    text = text.strip()
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"
