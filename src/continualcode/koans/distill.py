"""Distillation: triples (buggy, fixed, explanation) from a stronger model, kept only when the compiler confirms them.

Each answer is judged like everything else here: the buggy program must fail with the pattern's error, the repair
must compile, pass its tests where it has any, please clippy, be small, and take nothing away. What a model wrote
is compiled and run in the sandbox only. Beside the file of pairs lies its journal (`<file>.journal`): every
question before it is sent, every answer before it is judged, every verdict; so a run that was killed goes on
without paying twice, and what was rejected can be read with its reason.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from continualcode.config import Settings
from continualcode.koans import catalogue, endpoint, export, variants
from continualcode.koans.catalogue import KoanError
from continualcode.koans.check import changed_lines
from continualcode.koans.endpoint import Answer, Endpoint, EndpointError, Purse, Spent
from continualcode.koans.export import Provenance, TrainingPair
from continualcode.koans.grammar import NOUNS, PATTERNS, Grammar
from continualcode.koans.gutting import gutting
from continualcode.rust import toolchain
from continualcode.rust.check import PATH, Item, check_many
from continualcode.rust.diagnostics import render_compact

GIVE_UP = 12  # answers in a row without one triple that holds
LARGEST_REPAIR = 6  # lines that a repair may change
LONGEST = 120  # lines of a program
_FORMAT = 1
_READ = 200_000  # characters of an answer that are looked at

SYSTEM = """You write training material for programmers who learn Rust: small, natural programs with exactly one \
compile error each, and their repair. You answer with JSON only."""
REQUEST = """Write {n} different pairs of Rust programs (edition 2021, standard library only, no main needed).

The mistake: {what}
rustc must reject `buggy` with {error} as its first error, and accept `fixed`.

Rules:
- 10 to 40 lines, the way people write them: a struct or an enum, a trait or an impl, two or three functions that \
have something to do with each other. Make items `pub`, so that nothing is unused.
- `buggy` and `fixed` differ only in the mistake, in at most {lines} lines.
- `fixed` compiles without warnings and pleases clippy. No comments that point at the mistake.
- No unsafe, no macros of your own, no files, processes, network or environment, no attributes on the crate.
- What they are about, one each: {topics}.
- Be unlike this example in everything but the mistake:

{example}

Answer with a JSON array of objects with the keys "buggy", "fixed", "tests" (a `#[cfg(test)] mod tests` with \
`use super::*;` that pins what `fixed` does) and "explanation" (one or two sentences: why rustc objects, and why \
the repair is right)."""

_OPENING = re.compile(r'\{\s*"|\[\s*\{')  # where an answer's JSON may begin
_OPENINGS = 200  # places that are tried, so that nonsense costs no minutes
_OUTSIDE = re.compile(
    r"\b(?:include|include_str|include_bytes|env|option_env|concat_idents|asm|global_asm)\s*!|#\s*!\s*\["
    r"|\bstd\s*::\s*(?:process|fs|net|os|env)\b|\b(?:unsafe|extern|macro_rules|no_mangle|export_name)\b"
)


@dataclass(frozen=True)
class Triple:
    """What a model offers, unproven."""

    buggy: str
    fixed: str
    explanation: str
    tests: str = ""


@dataclass(frozen=True)
class Rejected:
    """A triple that did not hold, or an answer without one. `reason` is one of few, `detail` what was seen."""

    reason: str
    detail: str
    triple: Triple | None = None


@dataclass(frozen=True)
class Distilled:
    """What a run came to. `stopped`: `` (the count was reached), `max_cost`, `max_tokens`, `gave_up` or `endpoint`,
    and `why` in words. Figures are over all runs that share the journal."""

    path: Path
    dataset: str
    kept: int
    answers: int
    rejected: dict[str, int]
    purse: Purse
    stopped: str
    why: str


def distill(
    path: Path,
    pattern: str,
    count: int,
    teacher: Endpoint,
    purse: Purse,
    *,
    settings: Settings,
    per_answer: int = 3,
    answer_tokens: int = 6000,
    on_answer: Callable[[int, Sequence[Rejected]], None] = lambda kept, rejected: None,
    say: Callable[[str], None] = lambda text: None,
) -> Distilled:
    """Ask `teacher` until `path` holds `count` proven triples of `pattern`, or a limit of `purse` is reached.

    `per_answer` triples are asked for at once, `answer_tokens` is the limit of one answer. `on_answer(kept,
    rejected)` is called behind each (kept: all so far). What an earlier run kept and spent is taken from the
    journal. Raises KoanError for an unknown pattern and a file that cannot be written.
    """
    if pattern not in PATTERNS:
        raise KoanError(f"There is no pattern `{pattern}`: `continualcode variants` lists them.")
    guarded = [k for k in catalogue.load() if k.split in ("gate", "test")]
    stopped = why = ""
    with _Journal(path.with_name(path.name + ".journal"), pattern, teacher.model) as journal:
        journal.charge(purse)

        def publish() -> export.Exported | None:
            pairs = journal.kept[:count]
            about = {
                "asked": count, "pattern": pattern, "sources": dict(Counter(p.provenance.source for p in pairs)),
                "answers": len(journal.answers), "rejected": dict(journal.reasons),
                "tokens_in": purse.tokens_in, "tokens_out": purse.tokens_out, "cost": round(purse.cost, 6),
            }  # fmt: skip
            return export.publish(pairs, path, about) if pairs else None

        def judged(number: int) -> None:
            kept, rejected = judge(pattern, journal.answers[number], journal, guarded, settings=settings)
            journal.judged(number, kept, rejected)
            publish()
            on_answer(len(journal.kept), rejected)

        for number in journal.unjudged():
            judged(number)
        on_answer(len(journal.kept), ())
        try:
            while len(journal.kept) < count:
                if journal.barren >= GIVE_UP:
                    stopped, why = "gave_up", f"the last {journal.barren} answers held nothing that could be kept"
                    break
                n = min(per_answer, count - len(journal.kept))
                request = prompt(pattern, n, journal.asked, settings.seed)
                endpoint.ask(
                    teacher, purse, SYSTEM, request, answer_tokens, sent=journal.sent, came=journal.came, say=say
                )
                judged(journal.asked - 1)
        except Spent as limit:
            stopped = limit.limit
            name, spent = ("--max-cost", f"{purse.cost:.4f} USD") if stopped == "max_cost" else ("--max-tokens", f"{purse.tokens} tokens")  # fmt: skip
            why = f"{spent} are spent, and one more answer might go beyond {name}"
        except EndpointError as error:
            stopped, why = "endpoint", str(error)
        done = publish()
    kept, dataset = (done.pairs, done.dataset) if done else (0, "")
    return Distilled(path, dataset, kept, len(journal.answers), dict(journal.reasons), purse, stopped, why)


def prompt(pattern: str, n: int, number: int, seed: int) -> str:
    """The request for `n` triples; `number` (of the question) and `seed` draw its topics and its example."""
    kind = PATTERNS[pattern]
    g = Grammar(seed * 1_000_003 + number)
    example = variants.draw(pattern, seed * 1_000_003 + number)
    what = " ".join((kind.make.__doc__ or pattern.replace("_", " ")).split())
    return REQUEST.format(
        n=n, what=what, error=f"error {kind.error}" if kind.error else "an error that has no code",
        lines=LARGEST_REPAIR, topics=", ".join(g.random.sample(sorted(set(NOUNS)), n)),
        example=json.dumps({"buggy": example.buggy, "fixed": example.fixed}),
    )  # fmt: skip


def triples(text: str) -> list[Triple]:
    """What an answer offers: JSON objects with `buggy` and `fixed`, wherever they stand in it; else blocks of code
    under headings of these names."""
    text = text[:_READ]
    found = [t for value in _json_values(text) for t in _triples_of(value)]
    return found or _headed(text)


def judge(
    pattern: str, answer: str, journal: _Journal, guarded: Sequence[catalogue.Koan], *, settings: Settings
) -> tuple[list[TrainingPair], list[Rejected]]:
    """The triples of an answer that hold, and the others with the reason."""
    offered = triples(answer)
    if not offered:
        return [], [Rejected("unreadable", f"no triple in an answer of {len(answer)} characters")]
    kept: list[TrainingPair] = []
    rejected: list[Rejected] = []
    shapes = {variants.shape(pair.buggy) for pair in journal.kept}
    plausible: list[Triple] = []
    for triple in offered:
        if fault := at_sight(triple):
            rejected.append(Rejected(*fault, triple))
        else:
            plausible.append(triple)
    # linted without its tests: as a library, where what is public counts as used
    items = [i for t in plausible for i in (Item(t.buggy), Item(t.fixed, t.tests or None), Item(t.fixed, clippy=True))]
    verdicts = check_many(items, workers=settings.jobs or os.cpu_count() or 1, settings=settings)
    kind, rustc = PATTERNS[pattern], toolchain.find().version
    for triple, buggy, fixed, linted in zip(plausible, verdicts[::3], verdicts[1::3], verdicts[2::3], strict=True):
        code = next((d.code or "error" for d in buggy.diagnostics if d.is_error), "")
        wanted = kind.error or "error"
        shape = variants.shape(triple.buggy)
        fault = None
        if shape in shapes:
            fault = ("duplicate", "the same program under other names was kept")
        elif buggy.stopped or fixed.stopped:
            fault = ("stopped", f"stopped by the sandbox: {buggy.stopped or fixed.stopped}")
        elif buggy.compiles:
            fault = ("buggy compiles", "the buggy program compiles")
        elif code != wanted:
            fault = ("other error", f"the buggy program fails with {code}, not {wanted}")
        elif not fixed.compiles:
            fault = ("fixed fails", fixed.feedback(PATH))
        elif triple.tests and not fixed.solved:
            fault = ("tests fail", fixed.feedback(PATH))
        elif linted.clippy_clean is False:
            fault = ("clippy", "; ".join(dict.fromkeys(d.message for d in linted.diagnostics)))
        if fault:
            rejected.append(Rejected(*fault, triple))
            continue
        pair = TrainingPair(
            buggy=triple.buggy, diagnostics=tuple(export.diagnostic_row(d) for d in buggy.diagnostics if d.is_error),
            feedback=render_compact(buggy.diagnostics, PATH), fixed=triple.fixed,
            provenance=Provenance(pattern, kind.family, -1, rustc, journal.source),
            explanation=triple.explanation, tests=triple.tests,
        )  # fmt: skip
        if koan := export.leaking([pair], guarded).get(0):
            rejected.append(Rejected("leak", f"it is like {koan}", triple))
        else:
            shapes.add(shape)
            kept.append(pair)
    return kept, rejected


def at_sight(triple: Triple) -> tuple[str, str] | None:
    """(reason, detail) when no compiler is needed to refuse a triple."""
    if not triple.explanation.strip():
        return "no explanation", "the explanation is missing"
    if triple.buggy.split() == triple.fixed.split():
        return "no repair", "both programs are the same"
    longest = max(program.count("\n") for program in (triple.buggy, triple.fixed, triple.tests))
    if longest > LONGEST:
        return "too long", f"{longest} lines, at most {LONGEST} are wanted"
    changed = changed_lines(triple.buggy, triple.fixed)
    if changed > LARGEST_REPAIR:
        return "large repair", f"{changed} lines change, at most {LARGEST_REPAIR} are wanted"
    for program in (triple.buggy, triple.fixed, triple.tests):
        if reaches := _OUTSIDE.search(program):
            return "reaches outside", f"`{' '.join(reaches.group().split())}` is not wanted"
    if lost := gutting(triple.buggy, triple.fixed):
        return "gutted", lost
    return None


def _json_values(text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder(strict=False)  # raw line breaks in strings are what models get wrong most
    at = 0
    for _ in range(_OPENINGS):
        opening = _OPENING.search(text, at)
        if opening is None:
            return
        try:
            value, at = decoder.raw_decode(text, opening.start())
        except (ValueError, RecursionError):
            at = opening.start() + 1
            continue
        yield value


def _triples_of(value: Any, depth: int = 0) -> Iterator[Triple]:
    if isinstance(value, list) and depth < 4:
        for inner in value:
            yield from _triples_of(inner, depth + 1)
    if not isinstance(value, dict) or depth >= 4:
        return
    buggy = value.get("buggy") or value.get("buggy_code")
    fixed = value.get("fixed") or value.get("fixed_code") or value.get("correct_code")
    if isinstance(buggy, str) and isinstance(fixed, str):
        explanation, tests = value.get("explanation"), value.get("tests")
        yield _triple(
            buggy, fixed, explanation if isinstance(explanation, str) else "", tests if isinstance(tests, str) else ""
        )
        return
    for inner in value.values():
        yield from _triples_of(inner, depth + 1)


_HEADING = re.compile(r"^[ \t]*(?:#+|\*\*)[ \t*]*(buggy|fixed|tests|explanation)\b[^\n]*$", re.M | re.I)
_FENCE = re.compile(r"```[\w-]*\n(.*?)```", re.S)


def _headed(text: str) -> list[Triple]:
    found: list[Triple] = []
    parts: dict[str, str] = {}
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    for i, heading in enumerate(headings):
        name, body = heading[1].lower(), text[heading.end() : ends[i]]
        code = _FENCE.search(body)
        if name == "buggy":
            parts = {}
        parts[name] = code[1] if code and name != "explanation" else body.strip()
        if name == "explanation" and {"buggy", "fixed"} <= parts.keys():
            found.append(_triple(parts["buggy"], parts["fixed"], parts["explanation"], parts.get("tests", "")))
    return found


def _triple(buggy: str, fixed: str, explanation: str, tests: str) -> Triple:
    def program(text: str) -> str:
        fenced = _FENCE.search(text)
        text = (fenced[1] if fenced else text).replace("\r\n", "\n").strip("\n")
        return text + "\n" if text.strip() else ""

    return Triple(program(buggy), program(fixed), " ".join(explanation.split())[:1000], program(tests))


@dataclass
class _Journal:
    """Everything that happened, one JSON line each, written before the next thing happens."""

    path: Path
    pattern: str
    source: str  # the model that is asked now
    asked: int = 0
    answers: dict[int, str] = field(default_factory=dict)
    kept: list[TrainingPair] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    barren: int = 0  # answers in a row without a keeper, of this run
    _done: set[int] = field(default_factory=set)
    _open: tuple[int, int] | None = None  # the worst case of a question whose end is not known
    _spent: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    _stream: IO[bytes] | None = None

    def __enter__(self) -> _Journal:
        try:
            whole = self.path.read_bytes() if self.path.exists() else b""
            whole = whole[: whole.rfind(b"\n") + 1]  # a line that was cut off never happened
            self._replay([json.loads(line) for line in whole.splitlines()])
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = self.path.open("r+b" if self.path.exists() else "wb")
            fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._stream.truncate(len(whole))
            self._stream.seek(len(whole))
            if not whole:
                self._line({"format": _FORMAT, "pattern": self.pattern})
        except (ValueError, KeyError, TypeError):
            raise KoanError(f"{self.path} is damaged: take it away to begin anew, or name another --out.") from None
        except BlockingIOError:
            raise KoanError(f"Another run is writing {self.path}: wait for it, or name another --out.") from None
        except OSError as error:
            raise KoanError(f"Cannot write {self.path}: {error.strerror or error}.") from None
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            self._stream.close()

    def _replay(self, lines: Iterable[dict[str, Any]]) -> None:
        for n, line in enumerate(lines):
            if n == 0:
                if line != {"format": _FORMAT, "pattern": self.pattern}:
                    raise KoanError(
                        f"{self.path} is of {line.get('pattern', 'another format')}: name another --out for {self.pattern}."
                    )
            elif "sent" in line:
                self._lose()
                self._open = (line["worst"][0], line["worst"][1])
            elif "answer" in line:
                self._open = None
                self.answers[line["number"]] = line["answer"]
                self._spent[0] += line["tokens"][0]
                self._spent[1] += line["tokens"][1]
                self.asked = line["number"] + 1
            elif "failed" in line:
                if line["lost"]:
                    self._lose()
                self._open = None
            else:
                self._done.add(line["judged"])
                self.kept += [TrainingPair.of_row(row) for row in line["kept"]]
                self.reasons.update(r["reason"] for r in line["rejected"])
        self._lose()

    def _lose(self) -> None:
        """A question that was sent and never answered may have been charged."""
        if self._open is not None:
            self._spent[2] += self._open[0]
            self._spent[3] += self._open[1]
            self._open = None

    def charge(self, purse: Purse) -> None:
        """Put what earlier runs spent into a fresh purse."""
        purse.tokens_in, purse.tokens_out, purse.lost_in, purse.lost_out = self._spent

    def unjudged(self) -> list[int]:
        """Answers that a killed run paid for and did not look at."""
        return sorted(set(self.answers) - self._done)

    def sent(self, worst_in: int, worst_out: int) -> None:
        self._line({"sent": self.asked, "worst": [worst_in, worst_out], "model": self.source})

    def came(self, answer: Answer | None, lost: bool) -> None:
        if answer is None:
            self._line({"failed": self.asked, "lost": lost})
            return
        tokens = [answer.tokens_in, answer.tokens_out]
        self._line({"number": self.asked, "answer": answer.text[:_READ], "tokens": tokens})
        self.answers[self.asked] = answer.text[:_READ]
        self.asked += 1

    def judged(self, number: int, kept: Sequence[TrainingPair], rejected: Sequence[Rejected]) -> None:
        rows = [
            {"reason": r.reason, "detail": r.detail, **({"triple": vars(r.triple)} if r.triple else {})}
            for r in rejected
        ]
        self._line({"judged": number, "kept": [pair.row() for pair in kept], "rejected": rows})
        self._done.add(number)
        self.kept += kept
        self.reasons.update(r.reason for r in rejected)
        self.barren = 0 if kept else self.barren + 1

    def _line(self, value: dict[str, Any]) -> None:
        assert self._stream is not None
        self._stream.write(json.dumps(value, ensure_ascii=False).encode(errors="replace") + b"\n")
        self._stream.flush()
        os.fsync(self._stream.fileno())
