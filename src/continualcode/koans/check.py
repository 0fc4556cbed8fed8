"""The proof that koans are koans.

For each: the buggy file fails with the stated code; it and the solution differ in one block of lines; the
solution compiles, passes its tests and is clippy-clean with warnings denied; and a gutted solution fails,
however it was gutted: an empty `main` alone, every body `todo!()`, any one public function deleted, any one
function's body replaced by its type's default. Across the catalogue: no leaks between splits.

The gutted versions are many, so they share compilers: those that do not compile with the tests are found in
batches, and those of one koan that do are run as the modules of one test program.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from continualcode.koans import patterns  # noqa: F401  (fills PATTERNS)
from continualcode.koans.catalogue import Koan
from continualcode.koans.grammar import PATTERNS
from continualcode.koans.leaks import SAME, Leak, leaks
from continualcode.koans.tokens import Function, functions
from continualcode.rust.batch import compiles_batch
from continualcode.rust.check import check
from continualcode.rust.harness import test_names

LARGEST_CHANGE = 3  # lines that differ between the buggy file and the solution


@dataclass(frozen=True)
class KoanReport:
    """What `check_koans` found. `sound`: koans without a problem of their own; `gutted_caught`: koans whose
    every gutted version fails; `problems`: one sentence each, starting with the koan's id."""

    koans: int
    sound: int
    gutted_caught: int
    leaks: tuple[Leak, ...]
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return self.sound == self.gutted_caught == self.koans and not self.leaks

    def json(self) -> dict[str, object]:
        """The design's figures, and the problems."""
        return {
            "koans": self.koans, "sound": self.sound, "gutted_caught": self.gutted_caught, "leaks": len(self.leaks),
            "problems": [*self.problems, *(f"{k.koan} is like {k.other} of another split ({k.similarity:.2f})" for k in self.leaks)],
        }  # fmt: skip


def check_koans(
    koans: Sequence[Koan],
    workers: int = 2,
    progress: Callable[[int, int, str], None] | None = None,
    *,
    threshold: float = SAME,
    cache: Path | None = None,
    mode: str | None = None,
) -> KoanReport:
    """Prove the koans. `workers` compilers run at a time; `progress(done, all, id)` after each koan;
    `threshold` of the leak check; `cache` a folder of verdicts; `mode` the sandbox.

    Raises ToolchainError and SandboxError where nothing can be compiled.
    """

    left = _compiling(koans)

    def one(i: int) -> tuple[list[str], list[str]]:
        return faults(koans[i], cache=cache, mode=mode), _let_through(koans[i], left[i], cache, mode)

    problems: list[str] = []
    sound = caught = 0
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        for n, (koan, (own, gutted)) in enumerate(zip(koans, pool.map(one, range(len(koans))), strict=True), 1):
            sound += not own
            caught += not gutted
            problems += [f"{koan.id}: {fault}" for fault in (*own, *gutted)]
            if progress:
                progress(n, len(koans), koan.id)
    return KoanReport(len(koans), sound, caught, tuple(leaks(koans, threshold)), tuple(problems))


def faults(koan: Koan, *, cache: Path | None = None, mode: str | None = None) -> list[str]:
    """What is wrong with the buggy file, the solution and its tests; empty for a sound koan."""
    found: list[str] = []
    if koan.pattern and koan.pattern not in PATTERNS:
        found.append(f"pattern `{koan.pattern}` has no generator")
    elif koan.pattern and koan.split and PATTERNS[koan.pattern].family != koan.family:
        found.append(f"pattern `{koan.pattern}` belongs to {PATTERNS[koan.pattern].family}")
    changed = changed_lines(koan.buggy, koan.solution)
    if not 1 <= changed <= LARGEST_CHANGE:
        found.append(f"buggy and solution differ in a block of {changed} lines, 1 to {LARGEST_CHANGE} are wanted")
    buggy = check(koan.buggy, cache=cache, mode=mode)
    if buggy.compiles:
        found.append("the buggy file compiles")
    else:
        code = next((d.code for d in buggy.diagnostics if d.is_error), "")
        if koan.expected_error and code != koan.expected_error:
            found.append(f"the buggy file gives {code or 'an error without a code'}, not {koan.expected_error}")
    verdict = check(koan.solution, koan.tests, clippy=True, cache=cache, mode=mode)
    if not verdict.compiles:
        found.append(f"the solution does not compile: {verdict.feedback()}")
    elif not verdict.solved:
        found.append(f"the solution does not pass its tests: {verdict.feedback()}")
    if verdict.clippy_clean is False:
        found.append("clippy on the solution: " + "; ".join(dict.fromkeys(d.message for d in verdict.diagnostics)))
    return found


def gutted_faults(koan: Koan, *, cache: Path | None = None, mode: str | None = None) -> list[str]:
    """The gutted versions that the tests let through; empty when every one fails."""
    return _let_through(koan, _compiling([koan])[0], cache, mode)


def _compiling(koans: Sequence[Koan]) -> list[list[tuple[str, str]]]:
    """Each koan's gutted versions that compile together with its tests."""
    versions = [(i, how, code) for i, koan in enumerate(koans) for how, code in gutted(koan.solution)]
    # without `--test` rustc skips what is marked as a test, so the marks go
    programs = [code + re.sub(r"#\[(cfg\(test\)|test)\]", "", koans[i].tests) for i, _, code in versions]
    left: list[list[tuple[str, str]]] = [[] for _ in koans]
    for (i, how, code), compiles in zip(versions, compiles_batch(programs), strict=True):
        if compiles:
            left[i].append((how, code))
    return left


def _let_through(koan: Koan, versions: Sequence[tuple[str, str]], cache: Path | None, mode: str | None) -> list[str]:
    modules = "".join(f"mod gutted{n} {{\n{code}\n{koan.tests}\n}}\n" for n, (_, code) in enumerate(versions))
    together = check("// gutted versions\n", modules, cache=cache, mode=mode) if versions else None
    whole = len(test_names(koan.tests)) * len(versions)
    if together is not None and together.tests_run == whole:
        failed = {t.name.split("::")[0] for t in together.failed_tests}
        passed = [how for n, (how, _) in enumerate(versions) if f"gutted{n}" not in failed]
    else:  # one of them hangs, ends the program, or cannot live in a module
        passed = [how for how, code in versions if check(code, koan.tests, cache=cache, mode=mode).solved]
    return [f"the tests pass with {how}" for how in passed]


def gutted(solution: str) -> list[tuple[str, str]]:
    """(how, code) of every gutted version of a solution."""
    found = functions(solution)
    versions = [("an empty main", "fn main() {}\n"), ("nothing", "")]
    outer = [f for f in found if not any(o.body < f.start < o.body_end for o in found)]
    if outer:
        code = solution
        for f in reversed(outer):
            code = _with_body(code, f, "todo!()")
        versions.append(("every body todo!()", code))
    for f in outer:
        if f.public:
            versions.append((f"`{f.name}` deleted", solution[: f.start] + solution[f.body_end + 1 :]))
        for value in defaults(f.result):
            versions.append((f"`{f.name}` giving {value or 'nothing'}", _with_body(solution, f, value)))
    return [(how, code) for how, code in versions if code != solution]


def _with_body(code: str, f: Function, body: str) -> str:
    return f"{code[: f.body]}\n    {body}\n{code[f.body_end :]}"


_ZERO = {
    "bool": ("false", "true"),
    "char": ("'a'",),
    "String": ("String::new()",),
    "&str": ('""',),
    "&'static str": ('""',),
    "": ("",),
    "()": ("",),
}


def defaults(result: str) -> tuple[str, ...]:
    """Values that somebody too lazy to write the function would return for this type; none for a type that
    has no obvious one."""
    result = " ".join(result.split())
    if result in _ZERO:
        return _ZERO[result]
    if re.fullmatch(r"[iu](8|16|32|64|128|size)", result):
        return ("0",)
    if re.fullmatch(r"f(32|64)", result):
        return ("0.0",)
    if re.match(r"(Vec|VecDeque|HashMap|HashSet|BTreeMap|BTreeSet)<", result):
        return ("Default::default()",)
    if result.startswith("Option<"):
        inner = defaults(result[len("Option<") : -1])
        return ("None", *(f"Some({v or '()'})" for v in inner[:1]))
    if result.startswith("Result<"):
        inside = result[len("Result<") : -1]
        depth, cut = 0, len(inside)
        for i, c in enumerate(inside):
            depth += (c in "<([") - (c in ">)]")
            if c == "," and depth == 0:
                cut = i
                break
        return tuple(f"Ok({v or '()'})" for v in defaults(inside[:cut].strip())[:1])
    if result.startswith("(") and result.endswith(")") and not re.search(r"[<(\[]", result[1:-1]):
        parts = [defaults(p.strip()) for p in result[1:-1].split(",") if p.strip()]
        return (f"({', '.join(p[0] or '()' for p in parts)})",) if all(parts) else ()
    return ()


def changed_lines(buggy: str, solution: str) -> int:
    """The size of the one block of lines that turns one text into the other (the larger of both sides)."""
    a, b = buggy.splitlines(), solution.splitlines()
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    end = 0
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    return max(len(a), len(b)) - start - end
