"""Programs as templates: source with names to be drawn, choices, and the bug marked as a word diff.

In a template `$kind` (or `$kind1`, `$kind2` …) is a drawn name or value, the same wherever it stands again:

    fn var many Type    a function, a variable, a collection, a type
    T F                 type parameters, of values and of functions
    int real own Map    an integer's type, a number's, an owned value's; a map's
    num big             numbers 2-9 and 10-99
    word text           the inside of a string literal

`@(a@|b@)` is one of its choices (innermost first; a choice may span lines); `[-x-]` stands only in the buggy
program, `[+x+]` only in the repair, and a line that such a mark leaves empty is no line. A line `#noise v xs[]`
becomes zero to two statements that change nothing; they may show the variable `v` and the length of `xs`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from continualcode.koans.grammar import Grammar, Pair

_CHOICE = re.compile(r"@\(((?:(?!@\(|@\)).)*)@\)", re.S)
_NAME = re.compile(r"\$([A-Za-z]+?)(\d*)(?![A-Za-z0-9])")
_MARK = re.compile(r"\[-(.*?)-\]|\[\+(.*?)\+\]")
SHORTEST, LONGEST = 8, 35  # lines of a program
WIDTH = 96  # characters of its longest line


def drawn(g: Grammar, template: str) -> list[str]:
    """The template's lines, choices made, names drawn and noise put in; the marks are still there."""
    text = template.strip("\n")
    while found := _CHOICE.search(text):
        text = text[: found.start()] + g.random.choice(found[1].split("@|")) + text[found.end() :]
    names: dict[str, str] = {}

    def name(m: re.Match[str]) -> str:
        if m[0] not in names:
            names[m[0]] = _draw(g, m[1])
        return names[m[0]]

    lines: list[str] = []
    for line in _NAME.sub(name, text).split("\n"):
        if line.lstrip().startswith("#noise"):
            lines += noise(g, line.split()[1:], line[: len(line) - len(line.lstrip())])
        elif line.strip() or (lines and lines[-1].strip()):
            lines.append(line.rstrip())
    return lines


def _draw(g: Grammar, kind: str) -> str:
    r = g.random
    return {
        "fn": g.fn,
        "var": g.var,
        "many": g.plural,
        "Type": g.type,
        "T": lambda: g._unique(lambda: g.pick("T", "T", "T", "T", "U", "V", "K", "E", "A", "B")),
        "F": lambda: g._unique(lambda: g.pick("F", "F", "F", "F", "G", "P", "M", "Op", "Rule", "Step")),
        "int": lambda: g.pick("i32", "i32", "u32", "u32", "i64", "u64", "usize"),
        "real": lambda: g.pick("f64", "f64", "u32", "i64"),
        "own": lambda: g.pick("String", "u32", "Vec<u32>", "char"),
        "Map": lambda: g.pick("HashMap", "HashMap", "BTreeMap"),
        "num": lambda: str(r.randint(2, 9)),
        "big": lambda: str(r.randint(10, 99)),
        "word": g.word,
        "text": g.text,
    }[kind]()


def noise(g: Grammar, shown: Sequence[str], indent: str) -> list[str]:
    """Zero to two statements that change nothing, about variables in scope (`xs[]`: something with a length)."""
    lines: list[str] = []
    for _ in range(g.random.choices((0, 1, 2), (62, 28, 10))[0]):
        about = g.pick(*shown) if shown and g.chance(0.75) else ""
        lists = about.endswith("[]")
        about = about.removesuffix("[]")
        if not about:
            new = [f'println!("{g.text()}");']
        elif lists:
            fresh = g.var()
            new = g.random.choice(
                (
                    [f'println!("{{}} {g.word()}s", {about}.len());'],
                    [f'println!("{g.text()}: {{}}", {about}.len());'],
                    [f"if {about}.is_empty() {{", f'    println!("{g.text()}");', "}"],
                    [f"let {fresh} = {about}.len();", f'println!("{g.word()} {{{fresh}}}");'],
                    [f'assert!({about}.len() < {g.number(2, 9) * 100}, "{g.text()}");'],
                    [f"debug_assert!({about}.len() != {g.number(50, 999)});"],
                    [f'eprintln!("{g.word()} of {{}}", {about}.len());'],
                )
            )
        else:
            new = g.random.choice(
                (
                    [f'println!("{{{about}}}");'],
                    [f'println!("{g.text()} {{{about}}}");'],
                    [f'println!("{g.text()}: {{}}", {about});'],
                    [f'eprintln!("{{{about}}} {g.word()}");'],
                )
            )
        lines += [indent + line for line in new]
    return lines


def sides(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """The buggy and the repaired lines of marked ones."""
    buggy: list[str] = []
    fixed: list[str] = []
    for line in lines:
        for side, keep in ((buggy, 1), (fixed, 2)):
            plain = _MARK.sub(lambda m, keep=keep: m[keep] or "", line).rstrip()
            if plain or not _MARK.search(line):
                side.append(plain)
    return buggy, fixed


def program(g: Grammar, template: str, room: int) -> Pair:
    """A program around a template: what belongs to other things stands before, between or after its items,
    so that the bug is now at the top and now at the bottom. room: characters of the longest program. Draws that
    came out too short, or with a line that nobody would leave so long, are drawn again."""
    lines: list[str] = []
    taken = g._taken
    for _ in range(12):
        g._taken = set(taken)
        lines = _assembled(g, template, room)
        if SHORTEST <= len(lines) <= LONGEST and max(map(len, sides(lines)[1])) <= WIDTH:
            break
    buggy, fixed = sides(lines)
    return Pair("\n".join(buggy) + "\n", "\n".join(fixed) + "\n")


def _assembled(g: Grammar, template: str, room: int) -> list[str]:
    lines = drawn(g, template)
    imports = [line for line in lines if line.startswith("use ")]
    core = "\n".join(line for line in lines if not line.startswith("use "))
    items = [item.strip("\n").split("\n") for item in re.split(r"\n\n(?=\S)", core.strip("\n"))]
    size, count = len("\n".join(lines)), len(lines)
    target = g.random.randint(min(size, 220), room)
    for _ in range(4):
        extra = g.filler()
        size_then, count_then = size + len("\n".join(extra)) + 1, count + len(extra) + 1
        if count_then > LONGEST or (count >= SHORTEST and size_then > target):
            continue
        items.insert(g.random.randint(0, len(items)), extra)
        size, count = size_then, count_then
    for item in items:
        if g.chance(0.07) and not item[0].startswith(("//", "[")):
            item.insert(0, g.pick("/// ", "// ", "// ") + g.text().capitalize() + g.pick("", "."))
    blank = [""] if g.chance(0.85) else []
    whole: list[str] = []
    for i, block in enumerate(([sorted(imports)] if imports else []) + items):
        whole += (blank if i else []) + [line for line in block if line or blank]
    return whole
