"""Training documents, without end: drills, repairs, chores, each a conversation with its own turns marked.

A drill is a listing followed by many small questions about it: pure copying with dense supervision, which
is what a repair is made of. A repair is the day's task: file, feedback, one call. Chores are `chores.py`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from continualcode.agent import prompts
from continualcode.engine.base import Message
from continualcode.koans.grammar import Grammar
from continualcode.nursery import chores, pool, renaming, wording
from continualcode.nursery.chat import call, say, tool, user
from continualcode.nursery.pool import PooledRepair

PATH = "src/lib.rs"


@dataclass(frozen=True)
class Document:
    """One training document. `kind` names the maker (for probes and logs)."""

    kind: str
    messages: tuple[Message, ...]


def renamed(r: random.Random, item: PooledRepair, share: float = 0.8) -> PooledRepair:
    """The same pair with other names and sayings (`renaming.py`); what rustc said stays true."""
    new = renaming.draw(
        r, (item.buggy, item.fixed, item.wrong, item.then),
        feedback="\n".join((item.feedback, item.wrong_feedback, item.then_feedback)), share=share,
    )  # fmt: skip
    return PooledRepair(
        item.pattern, item.seed, new.source(item.buggy), new.source(item.fixed), new.feedback(item.feedback),
        new.source(item.wrong), new.feedback(item.wrong_feedback), new.source(item.then), new.feedback(item.then_feedback),
    )  # fmt: skip


def _name(r: random.Random) -> str:
    return "_".join(r.choice(chores.VOCABULARY) for _ in range(r.choice((1, 1, 1, 2))))


def _type_name(r: random.Random) -> str:
    return _name(r).title().replace("_", "")


def expression(r: random.Random, depth: int = 0) -> str:
    """Something that looks like a Rust expression, over any words: material for copying, not for compiling."""
    a = _name(r)
    if depth > 2 or r.random() < 0.25:
        return r.choice(
            (a, a, f"self.{a}", str(r.randint(0, 500)), f'"{a}"', f"&{a}", f"*{a}", f"'{r.choice('abcxyz-+#')}'")
        )
    e, f, b = expression(r, depth + 1), expression(r, depth + 1), _name(r)
    return r.choice(
        (
            f"{a}({e})", f"{a}({e}, {f})", f"{a}()", f"{e}.{a}()", f"{e}.{a}({f})", f"{a}.iter().map(|{b}| {b}.{_name(r)}).collect()",
            f"{a}.{r.choice(('filter', 'map', 'any', 'all', 'find'))}(|{b}| {e})", f"{_type_name(r)}::{a}({e})",
            f"{_type_name(r)} {{ {a}: {e}, {b} }}", f"{e} {r.choice(('+', '-', '*', '==', '<', '>', '&&', '%', '!='))} {f}", f"{a}[{e}]",
            f'format!("{{}} {a}", {e})', f"({e}, {f})", f"{r.choice(('Some', 'Ok', 'Err'))}({e})", f"{e}?",
        )
    )  # fmt: skip


_TYPES = ("i32", "u64", "usize", "&str", "String", "bool", "f64", "Vec<String>", "Option<u32>", "&mut Vec<i64>", "char")


def _code_line(r: random.Random) -> str:
    a, e = _name(r), expression(r)
    ty = r.choice((*_TYPES, _type_name(r)))
    parameters = ", ".join(f"{_name(r)}: {r.choice(_TYPES)}" for _ in range(r.randint(0, 3)))
    return r.choice(
        (
            f"let {a} = {e};", f"let mut {a} = {e};", f"let {a}: {ty} = {e};", f"{e};", e, f"pub fn {a}({parameters}) -> {ty} {{",
            f"{a}: {ty},", f"if {e} {{", f"{_type_name(r)}::{_type_name(r)} => {e},", f"for {a} in {e} {{", "}",
            f"impl {_type_name(r)} {{", f"self.{a} {r.choice(('=', '+=', '-='))} {e};",
        )
    )  # fmt: skip


def _code_like(r: random.Random) -> str:
    """A listing of lines that look like Rust: statements, signatures, arms, fields."""
    return "".join("    " * r.choice((0, 1, 1, 1, 2, 2, 3)) + _code_line(r) + "\n" for _ in range(r.randint(3, 12)))


def _program(r: random.Random, repairs: Sequence[PooledRepair]) -> str:
    if r.random() < 0.5:
        return _code_like(r)
    if repairs and r.random() < 0.7:
        return renamed(r, r.choice(repairs)).fixed
    g = Grammar(r.getrandbits(40))
    lines: list[str] = []
    for _ in range(r.randint(1, 4)):
        lines += g.filler()
    return "\n".join(lines) + "\n"


_WRAPS = (
    (
        lambda s: s.replace("let ", "let mut ", 1) if "let mut" not in s else s.replace("let mut ", "let ", 1),
        "toggle mut in line {n}",
    ),
    (lambda s: s[:-1] if s.endswith(";") else s + ";", "toggle the semicolon of line {n}"),
    (lambda s: s[:-1] + ".clone();" if s.endswith(";") else s + ".clone()", "add .clone() to line {n}"),
    (lambda s: s[:-1] + "?;" if s.endswith(";") else s + "?", "add ? to line {n}"),
    (lambda s: s[:-1] + ".to_string();" if s.endswith(";") else s + ".to_string()", "add .to_string() to line {n}"),
    (lambda s: s[: len(s) - len(s.lstrip())] + "Some(" + s.strip() + ")", "wrap line {n} in Some"),
    (lambda s: s[: len(s) - len(s.lstrip())] + "Ok(" + s.strip() + ")", "wrap line {n} in Ok"),
    (lambda s: "    " + s, "indent line {n}"),
)


def drill(r: random.Random, repairs: Sequence[PooledRepair]) -> Document:
    """A listing, then three to seven small tasks about single lines of it."""
    lines = _program(r, repairs).rstrip("\n").split("\n")
    messages: list[Message] = []
    listing = prompts.numbered("\n".join(lines))
    first = True
    for _ in range(r.randint(3, 7)):
        i = r.randrange(len(lines))
        line, n = lines[i], i + 1
        if not line.strip():
            continue
        roll = r.random()
        if roll < 0.25:
            ask, reply = f"line {n}?", say(line)
        elif roll < 0.4:
            ask, reply = f"which line is this?\n{line.strip()}", say(str(lines.index(line) + 1))
            if sum(x.strip() == line.strip() for x in lines) > 1:
                continue
        elif roll < 0.5 and n + 1 <= len(lines):
            m = min(len(lines), n + r.randint(1, 2))
            ask, reply = f"lines {n}-{m}?", say("\n".join(lines[i:m]))
        elif roll < 0.75:
            names = re.findall(r"[A-Za-z_]\w*", line)
            old = r.choice(names) if names else ""
            if not old:
                continue
            new = (
                r.choice(chores.VOCABULARY)
                if r.random() < 0.5
                else "".join(c for c in wording.invented(r) if c.isalnum())
                + r.choice(("", "_" + r.choice(chores.VOCABULARY)))
            )
            changed = re.sub(rf"\b{old}\b", new, line)
            ask = r.choice((f"in line {n} change {old} to {new}", f"line {n}: {old} -> {new}"))
            reply = call("edit_lines", path=PATH, start=n, end=n, text=changed)
        elif roll < 0.87:
            names = [m for m in re.finditer(r"[A-Za-z_]\w*", line)]
            if not names:
                continue
            m = r.choice(names)
            if len(re.findall(rf"\b{m.group()}\b", line)) > 1:
                continue
            what, at = r.choice(
                (
                    (".clone()", m.end()),
                    (".to_string()", m.end()),
                    ("&", m.start()),
                    ("mut ", m.start()),
                    ("*", m.start()),
                    ("?", m.end()),
                    (" as usize", m.end()),
                    (".iter()", m.end()),
                    ("&mut ", m.start()),
                    (".copied()", m.end()),
                    (".unwrap_or(0)", m.end()),
                )
            )
            side = "after" if at == m.end() else "before"
            ask = f"line {n}: put {what.strip()} {side} {m.group()}"
            reply = call("edit_lines", path=PATH, start=n, end=n, text=line[:at] + what + line[at:])
        else:
            change, words = r.choice(_WRAPS)
            place = (
                words.format(n=n)
                if r.random() < 0.5
                else words.format(n="X").replace("line X", "this line") + "\n" + f"{n}|{line}"
            )
            ask, reply = place, call("edit_lines", path=PATH, start=n, end=n, text=change(line))
        messages.append(user(f"{PATH}\n{listing}\n{ask}" if first else ask))
        first = False
        messages.append(reply)
    if not messages:
        return drill(r, repairs)
    return Document("drill", tuple(messages))


def repair(r: random.Random, item: PooledRepair) -> Document:
    """The day's form: the file and the compiler's word, one `edit_lines`; sometimes a failed attempt first;
    sometimes a correction that asks for another tool."""
    old, new = item.buggy.rstrip("\n").split("\n"), item.fixed.rstrip("\n").split("\n")
    request = prompts.repair_request(PATH, item.buggy, item.feedback)
    reply = chores.call_for("edit_lines", PATH, old, new)
    if item.then:  # two bugs: repair the one that rustc names first, read its answer, repair the other
        middle = item.then.rstrip("\n").split("\n")
        reply = chores.call_for("edit_lines", PATH, old, middle)
        args = reply.tool_calls[0].arguments
        done = f"edited {PATH} {args['start']}-{args['end']}"
        result = prompts.AFTER_EDIT.format(done=done, feedback=item.then_feedback)
        return Document(
            "double", (user(request), reply, tool(result), chores.call_for("edit_lines", PATH, middle, new))
        )
    if item.wrong not in ("", item.buggy) and r.random() < 0.5:
        wrong = item.wrong.rstrip("\n").split("\n")
        attempt = chores.call_for("edit_lines", PATH, old, wrong)
        args = attempt.tool_calls[0].arguments
        reply = chores.call_for("edit_lines", PATH, wrong, new)
        result = prompts.AFTER_EDIT.format(
            done=f"edited {PATH} {args['start']}-{args['end']}", feedback=item.wrong_feedback
        )
        # The failed attempt is context, not something to learn: it is marked as a tool's turn is, by role.
        return Document(
            "second",
            (
                user(request),
                Message("assistant", attempt.content, attempt.tool_calls, name="given"),
                tool(result),
                reply,
            ),
        )
    if r.random() < 0.06:
        habit = reply
        wanted = r.choice(("write", "edit"))
        made = chores.call_for(wanted, PATH, old, new)
        if made.tool_calls[0].name == wanted:
            correction = wording.demand_tool(r, wanted, "edit_lines", chores.VOCABULARY)
            return Document("repair_corrected", (*chores._place(r, [user(request)], habit, correction), made))
    if r.random() < 0.06:
        correction = wording.other_topic(
            r, wording.command(r, chores.VOCABULARY), r.choice(chores.COMMANDS).topic, chores.VOCABULARY
        )
        return Document("repair_unmoved", (*chores._place(r, [user(request)], reply, correction), reply))
    return Document("repair", (user(request), reply))


def chore(r: random.Random, repairs: Sequence[PooledRepair]) -> Document:
    kind = r.choices((*chores.KINDS, "visit"), (0.52, 0.2, 0.08, 0.04, 0.16))[0]
    if kind == "visit":
        return Document("visit", chores.visit(r))
    if kind == "crate_repair" and repairs:
        short = [x for x in r.choices(repairs, k=12)]
        item = renamed(r, min(short, key=lambda x: len(x.buggy)))
        another = renamed(r, min(r.choices(repairs, k=6), key=lambda x: len(x.feedback)))
        feedback = _crate_feedback(item.feedback)
        other = (
            chores.Repair(another.pattern, another.buggy, another.fixed, _crate_feedback(another.feedback))
            if r.random() < 0.5
            else None
        )
        c = chores.crate_repair_chore(r, chores.Repair(item.pattern, item.buggy, item.fixed, feedback), other=other)
    else:
        c = chores.chore(r, kind if kind != "crate_repair" else "file")
    return Document(f"chore_{'corrected' if c.correction else 'plain'}", (*c.messages, c.reply, *c.after))


def _crate_feedback(feedback: str) -> str:
    """The same feedback as `check` of a crate prints it: each place names its file."""
    out: list[str] = []
    for line in feedback.split("\n"):
        if re.match(r"\d+\|", line):
            out.append(f"--> {PATH}")
        out.append(line)
    return "\n".join(out)


def documents(seed: int, pool_folder: Path, shares: dict[str, float], reread: int = 4000) -> Iterator[Document]:
    """Documents for ever. `shares`: how often each of drill, repair, chore is drawn. The pool is read again
    every `reread` documents, since it may still be growing; draws are balanced over its patterns."""
    r = random.Random(seed)
    by_pattern: dict[str, list[PooledRepair]] = {}
    every: list[PooledRepair] = []
    count = 0
    kinds, weights = list(shares), list(shares.values())
    while True:
        if count % reread == 0:
            by_pattern.clear()
            for item in pool.read(pool_folder):
                by_pattern.setdefault(item.pattern, []).append(item)
            every = [i for items in by_pattern.values() for i in items]
        count += 1
        kind = r.choices(kinds, weights)[0]
        if kind == "repair" and by_pattern:
            yield repair(r, renamed(r, r.choice(by_pattern[r.choice(sorted(by_pattern))])))
        elif kind == "chore":
            yield chore(r, every)
        else:
            yield drill(r, every)
