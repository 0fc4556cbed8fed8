"""Scenes: a type, a collection of it and what people compute from them; and slots: the places of a function
where such an expression stands. A scene times a slot is a function as people write it, long lines included.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from continualcode.koans.grammar import Grammar, Pair
from continualcode.koans.patterns.draws import struct

_INTEGERS = ("u32", "u64", "i64", "i32", "usize", "u8", "i16")


@dataclass(frozen=True)
class Scene:
    """Where the values come from. `before`: imports and items; `params`: the function's parameters; `source`:
    the collection as the function sees it; `one`: a name for an item, whose fields are `num` (of type
    `number`), `text` (String) and `real` (f64). `owner`: the type whose method the function is, or empty."""

    before: list[str]
    params: str
    source: str
    kind: str
    one: str
    num: str
    number: str
    text: str
    real: str
    owner: str = ""
    taken: tuple[str, ...] = field(default=())


def scene(g: Grammar, number: str = "") -> Scene:
    """A struct and a slice of it, or a type that owns a Vec of it."""
    kind, num, text, real = g.type(), g.var(), g.var(), g.var()
    xs, one = g.items()
    number = number or g.pick(*_INTEGERS)
    fields = [(num, number), (text, "String"), (real, "f64")]
    g.random.shuffle(fields)
    before = struct(kind, fields, g.pick("", "", "Debug, Clone", "Debug", "Clone, PartialEq, Debug"))
    if g.chance(0.45):
        owner = g.type()
        more = [(g.var(), g.pick("u32", "String", "bool"))] if g.chance(0.5) else []
        before += struct(owner, [(xs, f"Vec<{kind}>"), *more])
        return Scene(before, "&self", f"self.{xs}", kind, one, num, number, text, real, owner)
    return Scene(before, f"{xs}: &[{kind}]", xs, kind, one, num, number, text, real)


def sift(g: Grammar, s: Scene) -> str:
    """A link that keeps some of the items."""
    k = g.number(1, 60)
    return g.pick(
        f".filter(|{s.one}| {s.one}.{s.num} {g.pick('>', '<', '>=', '!=')} {k})",
        f".filter(|{s.one}| !{s.one}.{s.text}.is_empty())",
        f'.filter(|{s.one}| {s.one}.{s.text}.starts_with("{g.word()}"))',
        f'.filter(|{s.one}| {s.one}.{s.text} != "{g.word()}" && {s.one}.{s.num} > {k})',
        f".filter(|{s.one}| {s.one}.{s.real} {g.pick('>', '<')} {k}.5)",
        f".skip({g.number(1, 4)})",
        f".take({k})",
        f".take_while(|{s.one}| {s.one}.{s.num} < {k})",
        ".rev()",
    )


def numbers(g: Grammar, s: Scene) -> str:
    """A link from items to numbers."""
    return g.pick(
        f".map(|{s.one}| {s.one}.{s.num})",
        f".map(|{s.one}| {s.one}.{s.num})",
        f".map(|{s.one}| {s.one}.{s.num} {g.pick('*', '+')} {g.number(2, 9)})",
        f".map(|{s.one}| {s.one}.{s.num} / {g.number(2, 9)})",
    )


def strings(g: Grammar, s: Scene) -> str:
    """A link from items to Strings."""
    return g.pick(
        f".map(|{s.one}| {s.one}.{s.text}.clone())",
        f".map(|{s.one}| {s.one}.{s.text}.{g.pick('to_uppercase', 'to_lowercase')}())",
        f".map(|{s.one}| {s.one}.{s.text}.trim().to_string())",
        f'.map(|{s.one}| format!("{{}}{g.pick(" x ", ": ", " ", " - ")}{{}}", {s.one}.{s.text}, {s.one}.{s.num}))',
    )


def chain(g: Grammar, base: str, *sides: Sequence[str], wide: int = 62) -> list[str]:
    """Each of `sides` (links from the same `base`) as an expression; all on one line, or all with a line for
    each link. A line break is `\\n`; `slot` indents what follows."""
    longest = max(len(base) + sum(len(link) for link in side) for side in sides)
    if longest > wide + g.random.randint(-22, 22):
        return [base + "".join("\n" + link for link in side) for side in sides]
    return [base + "".join(side) for side in sides]


def value(g: Grammar, s: Scene, wide: int = 62) -> tuple[str, str]:
    """An expression over the scene and its type: a number, a String, a bool, a Vec, an Option. Chains of
    about `wide` characters and more have a line for each link."""
    some = [sift(g, s)] if g.chance(0.6) else []
    ty, links = g.random.choice(
        (
            (s.number, [".iter()", *some, numbers(g, s), f".sum::<{s.number}>()"]),
            (s.number, [".iter()", *some, numbers(g, s), g.pick(".max()", ".min()"), ".unwrap_or(0)"]),
            ("usize", [".iter()", sift(g, s), ".count()"]),
            ("bool", [".iter()", f".{g.pick('any', 'all')}(|{s.one}| {s.one}.{s.num} {g.pick('>', '<')} {g.number()})"]),
            ("f64", [".iter()", *some, f".map(|{s.one}| {s.one}.{s.real})", ".sum::<f64>()"]),
            ("f64", [".iter()", f".map(|{s.one}| {s.one}.{s.real} * {g.number(2, 9)}.0)", ".fold(0.0, f64::max)"]),
            ("String", [".iter()", *some, strings(g, s), ".collect::<Vec<_>>()", f'.join("{g.pick(", ", " ", "; ")}")']),
            ("Vec<String>", [".iter()", *some, strings(g, s), ".collect::<Vec<_>>()"]),
            (f"Vec<{s.number}>", [".iter()", *some, numbers(g, s), ".collect::<Vec<_>>()"]),
            (f"Option<{s.number}>", [".iter()", *some, numbers(g, s), g.pick(".max()", ".min()")]),
        )
    )  # fmt: skip
    return chain(g, s.source, links, wide=wide)[0], ty


def fallback(g: Grammar, ty: str) -> str:
    """Another expression of the type."""
    if ty in _INTEGERS:
        return str(g.number(0, 90))
    if ty.startswith("Option"):
        return "None"
    if ty.startswith("Vec"):
        return "Vec::new()"
    if ty.startswith("Result"):
        return f'Err("{g.text()}".to_string())'
    return {
        "f64": f"{g.number()}.5", "f32": f"{g.number()}.5", "bool": "false", "char": "'-'", "&str": f'"{g.word()}"',
        "String": g.pick("String::new()", f'"{g.text()}".to_string()'),
    }[ty]  # fmt: skip


SLOTS = ("tail", "let", "let", "return", "arm", "arm", "branch", "branch", "argument", "argument", "field", "field", "literal", "literal",
         "tuple", "list", "push", "choice", "choice", "assign", "map", "self", "some")  # fmt: skip
EXITS = ("tail", "return", "return", "arm", "arm", "branch", "branch", "inner", "inner")
_OWNED_ONLY = ("argument", "field", "literal", "map", "self")


def slot(
    g: Grammar,
    bad: str,
    good: str,
    ty: str,
    *,
    params: str,
    before: Sequence[str] = (),
    owner: str = "",
    result: tuple[str, str] = ("{}", "{}"),
    slots: Sequence[str] = SLOTS,
    other: str = "",
    lines: Sequence[str] = (),
    free: bool = False,
) -> Pair:
    """A function in which an expression of type `ty` stands somewhere, wrong (`bad`) or right (`good`).

    params: its parameters; before: imports and items above it; owner: the type whose `impl` it goes into (its
    parameters then begin with `&self`); result: what the function's type and value are wrapped in, such as
    `("Result<{}, String>", "Ok({})")`; slots: the places to choose from; other: another expression of the type;
    lines: what stands at the beginning of the body; free: the function stays where it is.
    """
    name, n, flag, k = g.fn(), g.var(), g.var(), g.number(1, 60)
    other = other or fallback(g, ty)
    place = g.random.choice([p for p in slots if not (p in _OWNED_ONLY and "&" in ty) and not (p == "self" and owner)])
    before = list(before)
    wrap: Callable[[str], str] = result[1].format
    gives, more, head = ty, "", list(lines)
    test = flag if g.chance(0.4) else f"{flag} {g.pick('>', '<', '==', '>=')} {k}"
    condition = f"{flag}: bool" if test == flag else f"{flag}: {g.pick('u32', 'i64', 'usize')}"
    if place == "tail":
        body = [wrap("@")]
    elif place == "let":
        use, gives = _use(g, n, ty)
        shown = [f'println!("{g.text()}: {{{n}:?}}");'] if "Kind" not in ty and g.chance(0.25) else []
        body = [f"let {n}: {ty} = @;", *shown, wrap(use)]
    elif place == "return":
        more = condition
        body = [f"if {test} {{", f"    return {wrap('@')};", "}", wrap(other)]
        if g.chance(0.35):
            body = [f"if {test} {{", f"    return {wrap(other)};", "}", wrap("@")]
    elif place == "inner":
        more = f"{flag}: {g.pick('u32', 'i64', 'u64')}"
        body = [f"if {flag} > {k} {{", f"    if {flag} % {g.number(2, 9)} == 1 {{", f"        return {wrap('@')};", "    }", f"    return {wrap(other)};", "}", wrap(other)]  # fmt: skip
        if g.chance(0.5):
            body = [f"match {flag} {{", f"    0 => {wrap(other)},", f"    {n} if {n} > {k + 1} => {wrap('@')},", f"    _ => {wrap(other)},", "}"]  # fmt: skip
    elif place == "arm":
        more = f"{flag}: {g.pick('u8', 'u32', 'char', '&str')}" if "&" not in ty and "&" not in params.replace("&self", "") else f"{flag}: u8"  # fmt: skip
        keys = {"u8": ("0", "1"), "u32": ("1", "2..=9"), "char": ("'a'", "'b' | 'c'"), "&str": (f'"{g.word()}"', f'"{g.word()}y"')}[more.split(": ")[1]]  # fmt: skip
        arms = [wrap("@"), wrap(other), wrap(other)]
        at = g.random.randrange(3)
        arms[0], arms[at] = arms[at], arms[0]
        body = [f"match {flag} {{", *(f"    {key} => {arm}," for key, arm in zip((*keys, "_"), arms, strict=True)), "}"]
    elif place == "branch":
        more = condition
        first, second = (wrap("@"), wrap(other)) if g.chance(0.5) else (wrap(other), wrap("@"))
        body = [f"if {test} {{", f"    {first}", "} else {", f"    {second}", "}"]
        third = fallback(g, ty)
        if g.chance(0.25) and test != flag and third != other and ty in ("String", "bool", *_INTEGERS):
            body[2:2] = [f"}} else if {flag} == {g.number(70, 99)} {{", f"    {wrap(third)}"]
    elif place == "argument":
        helper, p, q = g.fn(), g.var(), g.var()
        gives = g.pick("usize", "String", "bool", "u32")
        inside = {"usize": f"{q} + std::mem::size_of_val(&{p})", "String": f'format!("{{{p}:?}} {{{q}}}")',
                  "bool": f'{q} > {k} && format!("{{{p}:?}}").len() > {q}', "u32": f'format!("{{{p}:?}}").len() as u32 + {q}'}[gives]  # fmt: skip
        count = "u32" if gives == "u32" else "usize"
        pieces = [("@", f"{p}: {ty}"), (str(k), f"{q}: {count}")]
        g.random.shuffle(pieces)
        before += [f"pub fn {helper}({', '.join(sig for _, sig in pieces)}) -> {gives} {{", f"    {inside}", "}"]
        call = f"{helper}({', '.join(arg for arg, _ in pieces)})"
        body = [wrap(call)] if g.chance(0.6) else [f"let {n} = {call};", wrap(n if gives != "usize" else f"{n} + {k}")]
        if len(body) == 2 and body[1] == wrap(n):
            body.insert(1, f'println!("{{{n}}}");')
    elif place in ("field", "literal"):
        kind, a, b = g.type(), g.var(), g.var()
        extra = g.random.sample([(b, "u32", str(k)), (g.var(), "bool", "true"), (g.var(), "String", f'"{g.word()}".to_string()'), (g.var(), "Vec<u32>", "Vec::new()")], g.random.randint(1, 3))  # fmt: skip
        fields = [(a, ty, "@"), *extra]
        g.random.shuffle(fields)
        before += struct(kind, [(f, t) for f, t, _ in fields], g.pick("", "", "Debug", "Debug, Clone", "Clone"))
        gives = kind
        if place == "field":
            opening, closing = wrap("@").split("@")
            body = [f"{opening}{kind} {{", *(f"    {f}: {v}," for f, _, v in fields), f"}}{closing}"]
        else:
            literal = f"{kind} {{ {', '.join(f'{f}: {v}' for f, _, v in fields)} }}"
            body = [wrap(literal)] if g.chance(0.6) else [f"let {n} = {literal};", f'println!("{g.text()}");', wrap(n)]
    elif place == "tuple":
        pieces, kinds = (["@", str(k)], [ty, "u32"]) if g.chance(0.5) else ([str(k), "@"], ["u32", ty])
        gives = f"({', '.join(kinds)})"
        body = [wrap(f"({', '.join(pieces)})")]
    elif place == "list":
        gives = f"Vec<{ty}>"
        body = [wrap(f"vec![{other}, @]")] if g.chance(0.6) else [f"let {n}: Vec<{ty}> = vec![{other}, @];", f'println!("{g.word()} {{}}", {n}.len());', wrap(n)]  # fmt: skip
    elif place == "push":
        gives = f"Vec<{ty}>"
        body = [
            f"let mut {n}: Vec<{ty}> = Vec::with_capacity({k + 1});",
            f"for _ in 0..{k} {{",
            f"    {n}.push(@);",
            "}",
            wrap(n),
        ]
    elif place == "choice":
        more = condition
        sides = ("@", other) if g.chance(0.5) else (other, "@")
        use, gives = _use(g, n, ty)
        body = [f"let {n}: {ty} = if {test} {{ {sides[0]} }} else {{ {sides[1]} }};", wrap(use)]
    elif place == "assign":
        more = condition
        body = [f"let mut {n}: {ty} = {other};", f"if {test} {{", f"    {n} = @;", "}", wrap(n)]
    elif place == "map":
        kind = g.pick("HashMap", "BTreeMap")
        gives = f"{kind}<String, {ty}>"
        imported = f"use std::collections::{kind};"
        if imported not in before:
            before.insert(0, imported)
        body = [f"let mut {n}: {gives} = {kind}::new();", f'{n}.insert("{g.text()}".to_string(), @);', wrap(n)]
    elif place == "self":
        owner, a = g.type(), g.var()
        before += struct(owner, [(a, ty), (g.var(), g.pick("u32", "bool", "String"))])
        params = "&mut self" + (", " + params if params else "")
        gives = "()"
        body = [f"self.{a} = @;", *([wrap("()")] if result[1] != "{}" else [])]
    else:
        gives, body = f"Option<{ty}>", [wrap("Some(@)")]
        if result[1] != "{}":
            gives, body = f"(bool, {ty})", [wrap(f"({g.pick('true', 'false')}, @)")]
    if place == "choice" and len(body[0]) + max(len(bad), len(good)) > 96:
        start, _, rest = body[0].removesuffix(" };").partition(" { ")
        first, second = rest.split(" } else { ")
        body[:1] = [f"{start} {{", f"    {first}", "} else {", f"    {second}", "};"]
    signature = f"pub fn {name}({', '.join(p for p in (params, more) if p)})"
    returned = result[0].format(gives)
    signature += f" -> {returned} {{" if returned != "()" else " {"
    pad = "    " if owner else ""

    def whole(expression: str) -> list[str]:
        out: list[str] = []
        for line in (*head, *body):
            indent = pad + "    " + line[: len(line) - len(line.lstrip())]
            out += (indent + line.lstrip().replace("@", expression).replace("\n", "\n" + indent + "    ")).split("\n")
        return out

    wrong, right = whole(bad), whole(good)
    first = next((i for i, (x, y) in enumerate(zip(wrong, right, strict=False)) if x != y), min(len(wrong), len(right)))
    last = 0
    while last < min(len(wrong), len(right)) - first and wrong[-1 - last] == right[-1 - last]:
        last += 1
    opening = [f"impl {owner} {{"] if owner else []
    closing = [f"{pad}}}", *(["}"] if owner else [])]
    return g.program(
        [*before, *opening, pad + signature, *wrong[:first]],
        wrong[first : len(wrong) - last],
        right[first : len(right) - last],
        [*wrong[len(wrong) - last :], *closing],
        free=free,
    )


def _use(g: Grammar, n: str, ty: str) -> tuple[str, str]:
    """An expression that reads the variable, and its type."""
    if ty in _INTEGERS:
        return f"{n} {g.pick('+', '*')} {g.number(2, 9)}", ty
    if ty in ("f64", "f32"):
        return f"{n} * {g.number(2, 9)}.0", ty
    if ty == "String" and g.chance(0.5):
        return f"{n}.to_uppercase()", ty
    if ty.startswith("Vec"):
        return f"{n}.len()", "usize"
    return f"({n}, {g.number()})", f"({ty}, u32)"
