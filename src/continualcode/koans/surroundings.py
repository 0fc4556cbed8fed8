"""Surrounding code as people write it: complete items that have nothing to do with the bug.

Each function draws one item (or a type with its `impl`s) from a `Grammar`: correct, clippy-clean, public (so
that it is never dead code) and without imports of its own. The repairs of patterns that are held back from
pretraining do not appear here (`ok_or`, `map_err`, `enumerate`, structs with lifetimes, Hash).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from continualcode.koans.grammar import Grammar

_DERIVES = ("Debug", "Clone", "Debug, Clone", "Clone, Debug", "Debug, PartialEq", "Debug, Clone, PartialEq", "Debug, Default", "Clone, Default, Debug", "Default")  # fmt: skip


def item(g: Grammar) -> list[str]:
    """One item: mostly a function, sometimes a type with its methods, a trait, a constant."""
    makers = (_arithmetic, _arithmetic, _words, _words, _loop, _chain, _chain, _option, _option, _result, _guards, _record, _record,
              _methods, _methods, _labels, _labels, _shape, _trait, _constant, _constant, _counter)  # fmt: skip
    lines = g.random.choice(makers)(g)
    if lines[0].startswith(("pub fn", "pub struct", "pub enum", "pub const", "#[")) and g.chance(0.15):
        lines.insert(0, "/// " + g.sentence())
    return lines


def shell(g: Grammar) -> tuple[str, list[str], list[list[str]]]:
    """A type that a function can be put into: its name, the lines of it, and some functions for its `impl`."""
    kind = g.type()
    if g.chance(0.3):
        return kind, [f"pub struct {kind};"], [_sibling(g)] if g.chance(0.3) else []
    fields, methods = _fields_and_methods(g, kind)
    count = g.random.choice((0, 0, 1, 1, 2))
    return kind, [*_derived(g, 0.3), *fields], g.random.sample(methods, min(count, len(methods)))


def _sibling(g: Grammar) -> list[str]:
    x, k = g.var(), g.number(2, 9)
    return [f"    pub fn {g.fn()}({x}: i32) -> i32 {{", f"        {x} {g.pick('+', '*')} {k}", "    }"]


def _derived(g: Grammar, share: float) -> list[str]:
    return [f"#[derive({g.pick(*_DERIVES)})]"] if g.chance(share) else []


def _number(g: Grammar) -> tuple[str, str]:
    """A type of numbers and a literal of it."""
    ty = g.pick("u32", "u32", "i32", "i64", "u64", "usize", "f64")
    return ty, f"{g.number(1, 40)}.{g.pick('0', '5', '25')}" if ty == "f64" else str(g.number(2, 500))


def _fields_and_methods(g: Grammar, kind: str) -> tuple[list[str], list[list[str]]]:
    """A struct of a number, perhaps a String and perhaps a Vec, and methods for it."""
    (ty, k), a, x = _number(g), g.var(), g.var()
    fields = [(a, ty)]
    methods = [
        [f"    pub fn {g.fn()}(&self) -> bool {{", f"        self.{a} {g.pick('>', '<', '>=')} {k}", "    }"],
        [f"    pub fn {g.fn()}(&mut self, {x}: {ty}) {{", f"        self.{a} {g.pick('+=', '=')} {x};", "    }"],
        [
            f"    pub fn {g.fn()}(&self, {x}: {ty}) -> {ty} {{",
            f"        if {x} > self.{a} {{", f"            return {x} {g.pick('*', '+')} {k};", "        }",
            f"        self.{a} {g.pick('+', '*')} {x}", "    }",
        ],
    ]  # fmt: skip
    new = [f"{a}: {ty}"], [a]
    if g.chance(0.7):
        name = g.var()
        fields.append((name, "String"))
        sep = g.pick(": ", " - ", " ", " (", " x ")
        methods += [
            [
                f"    pub fn {g.fn()}(&self) -> String {{",
                f'        format!("{g.pick("", g.word() + " ")}{{}}{sep}{{}}{")" if "(" in sep else ""}", self.{name}, self.{a})',
                "    }",
            ],
            [f"    pub fn {g.fn()}(&self) -> &str {{", f"        &self.{name}", "    }"],
        ]
        new[0].append(f"{name}: &str")
        new[1].append(f"{name}: {name}.{g.pick('to_string', 'to_owned')}()")
    if g.chance(0.45):
        xs, one = g.items()
        element = g.pick("u32", "i64", "String")
        fields.append((xs, f"Vec<{element}>"))
        test = f"{one}.len() > {g.number(2, 9)}" if element == "String" else f"**{one} > {g.number()}"
        methods += [
            [f"    pub fn {g.fn()}(&mut self, {one}: {element}) {{", f"        self.{xs}.push({one});", "    }"],
            [
                f"    pub fn {g.fn()}(&self) -> usize {{",
                f"        self.{xs}.iter().filter(|{one}| {test}).count()",
                "    }",
            ],
        ]
        new[1].append(f"{xs}: Vec::new()")
    if len(fields) > 1 or g.chance(0.4):
        made = f"        {g.pick('Self', kind)} {{ {', '.join(new[1])} }}"
        methods.append([f"    pub fn new({', '.join(new[0])}) -> {g.pick('Self', kind)} {{", made, "    }"])
    g.random.shuffle(fields)
    return [f"pub struct {kind} {{", *(f"    pub {f}: {t}," for f, t in fields), "}"], methods


def _record(g: Grammar) -> list[str]:
    kind = g.type()
    types = ("u32", "i64", "bool", "String", "Vec<String>", "Option<u32>", "f64", "usize", "(u8, u8)", "char")
    fields = [f"    pub {g.var()}: {g.pick(*types)}," for _ in range(g.random.randint(1, 4))]
    return [*_derived(g, 0.5), f"pub struct {kind} {{", *fields, "}"]


def _methods(g: Grammar) -> list[str]:
    kind = g.type()
    fields, methods = _fields_and_methods(g, kind)
    chosen = g.random.sample(methods, min(len(methods), g.random.randint(1, 3)))
    return [*_derived(g, 0.4), *fields, f"impl {kind} {{", *(line for m in chosen for line in m), "}"]


def _labels(g: Grammar) -> list[str]:
    """An enum of plain variants, with a `match` over them."""
    kind, variants = g.type(), [g.type() for _ in range(g.random.randint(2, 4))]
    derive = g.pick(
        "Debug, Clone, Copy", "Clone, Copy", "Debug, Clone, Copy, PartialEq", "Clone, Copy, PartialEq, Eq", "Debug"
    )
    lines = [f"#[derive({derive})]"] if g.chance(0.6) else []
    lines += [f"pub enum {kind} {{", *(f"    {v}," for v in variants), "}"]
    name = g.fn()
    if g.chance(0.35):
        code = g.pick("code", "n", "number", "level")
        arms = [f"            {i + 1} => Some({kind}::{v})," for i, v in enumerate(variants)]
        return [*lines, f"impl {kind} {{", f"    pub fn {name}({code}: u8) -> Option<Self> {{", f"        match {code} {{", *arms,
                "            _ => None,", "        }", "    }", "}"]  # fmt: skip
    text = g.chance(0.5)
    values = [f'"{g.text()}"' if text else str(g.number()) for _ in variants]
    result = "&'static str" if text else g.pick("u32", "i32", "u8")
    if g.chance(0.5):
        owner = g.pick("Self", kind)
        arms = [f"            {owner}::{v} => {value}," for v, value in zip(variants, values, strict=True)]
        return [*lines, f"impl {kind} {{", f"    pub fn {name}(&self) -> {result} {{", "        match self {", *arms, "        }", "    }", "}"]  # fmt: skip
    x = g.var()
    arms = [f"        {kind}::{v} => {value}," for v, value in zip(variants, values, strict=True)]
    return [*lines, f"pub fn {name}({x}: &{kind}) -> {result} {{", f"    match {x} {{", *arms, "    }", "}"]


def _shape(g: Grammar) -> list[str]:
    """An enum whose variants hold something."""
    kind, one, two, three = g.type(), g.type(), g.type(), g.type()
    a, b, x, ty = g.var(), g.var(), g.var(), g.pick("u32", "i64", "f64", "u64")
    op = g.pick("*", "+")
    lines = [*_derived(g, 0.3)]
    lines = [line for line in lines if "Default" not in line]
    lines += [
        f"pub enum {kind} {{",
        f"    {one} {{ {a}: {ty}, {b}: {ty} }},",
        f"    {two}({ty}),",
        f"    {three},",
        "}",
    ]
    zero = "0.0" if ty == "f64" else "0"
    arms = [
        f"{kind}::{one} {{ {a}, {b} }} => {a} {op} {b},",
        f"{kind}::{two}({x}) => *{x},",
        f"{kind}::{three} => {zero},",
    ]
    name = g.fn()
    if g.chance(0.5):
        return [*lines, f"impl {kind} {{", f"    pub fn {name}(&self) -> {ty} {{", "        match self {", *(f"            {y}" for y in arms),
                "        }", "    }", "}"]  # fmt: skip
    value = g.var()
    return [*lines, f"pub fn {name}({value}: &{kind}) -> {ty} {{", f"    match {value} {{", *(f"        {y}" for y in arms), "    }", "}"]  # fmt: skip


def _trait(g: Grammar) -> list[str]:
    trait, kind, name, (ty, k), a = g.type(), g.type(), g.fn(), _number(g), g.var()
    body, result = g.random.choice(
        (
            (f"self.{a} {g.pick('+', '*')} {k}", ty),
            (f"self.{a} > {k}", "bool"),
            (f'format!("{g.word()} {{}}", self.{a})', "String"),
        )
    )
    lines = [f"pub trait {trait} {{", f"    fn {name}(&self) -> {result};"]
    if g.chance(0.3):
        lines += [f"    fn {g.fn()}(&self) -> String {{", f'        "{g.text()}".to_string()', "    }"]
    lines += ["}", f"pub struct {kind} {{", f"    pub {a}: {ty},", "}"]
    return [
        *lines,
        f"impl {trait} for {kind} {{",
        f"    fn {name}(&self) -> {result} {{",
        f"        {body}",
        "    }",
        "}",
    ]


def _constant(g: Grammar) -> list[str]:
    name = g.fn().upper()
    return [
        g.pick(
            f"pub const {name}: {g.pick('i32', 'usize', 'u64', 'u32')} = {g.number(2, 500)};",
            f"pub const {name}: f64 = {g.number(1, 90)}.{g.pick('5', '25', '75')};",
            f'pub const {name}: &str = "{g.text()}";',
            f"pub const {name}: [u32; 3] = [{g.numbers(3, 3)}];",
            f'pub const {name}: [&str; 2] = ["{g.word()}", "{g.word()}"];',
            f"pub type {g.type()} = {g.pick('u32', 'u64', 'Vec<String>', '(u32, u32)', 'Option<u64>')};",
        )
    ]


def _arithmetic(g: Grammar) -> list[str]:
    name, x, y, (ty, k) = g.fn(), g.var(), g.var(), _number(g)
    _, j = _number(g)
    j = j if ("." in j) == ("." in k) else k
    op = g.pick("+", "*")
    return g.random.choice(
        (
            [f"pub fn {name}({x}: {ty}) -> {ty} {{", f"    {x} {op} {k}", "}"],
            [f"pub fn {name}({x}: {ty}, {y}: {ty}) -> {ty} {{", f"    {x} {op} {y} {g.pick('+', '*')} {k}", "}"],
            [f"pub fn {name}({x}: {ty}) -> bool {{", f"    {x} {g.pick('>', '<')} {k}", "}"],
            [
                f"pub fn {name}({x}: {ty}, {y}: bool) -> {ty} {{",
                f"    if {y} {{", f"        {x} {op} {k}", "    } else {", f"        {x}", "    }", "}",
            ],
            [
                f"pub fn {name}({x}: {ty}, {y}: {ty}) -> {ty} {{",
                f"    if {x} > {y} {{", f"        return {x} {op} {j};", "    }", f"    {y}", "}",
            ],
        )
    )  # fmt: skip


def _words(g: Grammar) -> list[str]:
    name, x, y = g.fn(), g.var(), g.var()
    word, sep = g.text(), g.pick(" ", ": ", " - ", "/", ", ")
    return g.random.choice(
        (
            [f"pub fn {name}({x}: &str) -> String {{", f"    {x}.trim().{g.pick('to_string', 'to_lowercase', 'to_uppercase')}()", "}"],
            [f"pub fn {name}({x}: &str) -> String {{", f'    format!("{word}{sep}{{{x}}}")', "}"],
            [f"pub fn {name}({x}: &str, {y}: u32) -> String {{", f'    format!("{{{x}}}{sep}{{{y}}} {g.word()}")', "}"],
            [f"pub fn {name}({x}: &str) -> bool {{", f"    {x}.len() > {g.number(2, 30)} && !{x}.contains('{g.pick(*' -_@#')}')", "}"],
            [f"pub fn {name}({x}: &str) -> usize {{", f"    {x}.{g.pick('split_whitespace', 'lines', 'chars')}().count()", "}"],
            [f"pub fn {name}({x}: &str, {y}: usize) -> String {{", f"    {x}.chars().take({y}).collect()", "}"],
            [f"pub fn {name}({x}: &[String]) -> String {{", f'    {x}.join("{sep}")', "}"],
        )
    )  # fmt: skip


def _loop(g: Grammar) -> list[str]:
    name, total, (ty, k) = g.fn(), g.var(), _number(g)
    xs, x = g.items()
    zero = "0.0" if ty == "f64" else "0"
    if g.chance(0.4):
        n, ty = g.var(), g.pick("u32", "u64", "i64")
        step = [f"        {n} /= {g.number(2, 9)};", f"        {total} += 1;"]
        return [f"pub fn {name}(mut {n}: {ty}) -> u32 {{", f"    let mut {total} = 0;", f"    while {n} > {g.number(1, 9)} {{", *step,
                "    }", f"    {total}", "}"]  # fmt: skip
    body = [f"        {total} {g.pick('+=', '-=') if ty not in ('u32', 'u64', 'usize') else '+='} {x};"]
    if g.chance(0.5):
        body = [f"        if *{x} > {k} {{", f"    {body[0]}", "        }"]
    return [f"pub fn {name}({xs}: &[{ty}]) -> {ty} {{", f"    let mut {total} = {zero};", f"    for {x} in {xs} {{", *body, "    }",
            f"    {total}", "}"]  # fmt: skip


def _chain(g: Grammar) -> list[str]:
    name, k = g.fn(), g.number(1, 90)
    xs, x = g.items()
    ty = g.pick("u32", "i64", "u64", "i32")
    result, chain = g.random.choice(
        (
            ("usize", [".iter()", f".filter(|{x}| **{x} > {k})", ".count()"]),
            (ty, [".iter()", f".map(|{x}| {x} * {g.number(2, 9)})", ".sum()"]),
            (f"Vec<{ty}>", [".iter()", f".map(|{x}| {x} + {k})", ".collect()"]),
            (f"Vec<{ty}>", [".iter()", ".copied()", f".filter(|{x}| *{x} != {k})", ".collect()"]),
            (f"Option<{ty}>", [".iter()", ".copied()", g.pick(".max()", ".min()", ".last()")]),
            ("bool", [".iter()", f".{g.pick('any', 'all')}(|{x}| *{x} {g.pick('>', '<')} {k})"]),
            (
                "String",
                [
                    ".iter()",
                    f".map(|{x}| {x}.to_string())",
                    ".collect::<Vec<_>>()",
                    f'.join("{g.pick(",", " ", "-")}")',
                ],
            ),
        )
    )
    opening = f"pub fn {name}({xs}: &[{ty}]) -> {result} {{"
    if g.chance(0.4):
        return [opening, f"    {xs}", *(f"        {link}" for link in chain), "}"]
    return [opening, f"    {xs}{''.join(chain)}", "}"]


def _option(g: Grammar) -> list[str]:
    name, x, y = g.fn(), g.var(), g.var()
    xs, one = g.items()
    letter = g.pick(*":=,/@")
    return g.random.choice(
        (
            [f"pub fn {name}({xs}: &[u32]) -> Option<u32> {{", f"    {xs}.iter().copied().{g.pick('max', 'min')}()", "}"],
            [
                f"pub fn {name}({x}: &str) -> Option<(&str, &str)> {{",
                f"    let ({one}, {y}) = {x}.split_once('{letter}')?;", f"    Some(({one}.trim(), {y}.trim()))", "}",
            ],
            [f"pub fn {name}({x}: &str) -> Option<u32> {{", f"    {x}.trim().parse().ok()", "}"],
            [
                f"pub fn {name}({xs}: &[(String, u32)], {y}: &str) -> Option<u32> {{",
                f"    let ({x}, {one}) = {xs}.iter().find(|pair| pair.0 == {y})?;", f"    if {x}.is_empty() {{", "        return None;", "    }",
                f"    Some(*{one})", "}",
            ],
            [
                f"pub fn {name}({x}: Option<u32>) -> u32 {{",
                f"    match {x} {{", f"        Some({one}) => {one} + {g.number()},", f"        None => {g.number()},", "    }", "}",
            ],
        )
    )  # fmt: skip


def _result(g: Grammar) -> list[str]:
    name, x, n, k = g.fn(), g.var(), g.var(), g.number(10, 500)
    return g.random.choice(
        (
            [
                f"pub fn {name}({n}: u32) -> Result<u32, String> {{",
                f"    if {n} > {k} {{", f'        return Err(format!("{g.word()} {{{n}}} is too large"));', "    }", f"    Ok({n})", "}",
            ],
            [
                f"pub fn {name}({x}: &str) -> Result<u32, std::num::ParseIntError> {{",
                f"    let {n}: u32 = {x}.trim().parse()?;", f"    Ok({n} * {g.number(2, 60)})", "}",
            ],
            [f"pub fn {name}({x}: &str) -> Result<f64, std::num::ParseFloatError> {{", f"    {x}.trim().parse()", "}"],
            [
                f"pub fn {name}({x}: &str) -> Result<(), String> {{",
                f"    if {x}.is_empty() {{", f'        return Err("{g.text()}".to_string());', "    }", "    Ok(())", "}",
            ],
        )
    )  # fmt: skip


def _guards(g: Grammar) -> list[str]:
    name, x = g.fn(), g.var()
    low, high = sorted(g.random.sample(range(2, 200), 2))
    arms = [(f"0..={low}", g.text()), (f"{low + 1}..={high}", g.text())]
    if g.chance(0.5):
        arms = [("0", g.text()), (f"{g.pick('n', 'k', 'x')} if {{}} > {high}", g.text())]
        arms[1] = (arms[1][0].format(arms[1][0][0]), arms[1][1])
    ty = g.pick("u32", "i32", "u64")
    lines = [f'        {pattern} => "{text}",' for pattern, text in arms]
    return [
        f"pub fn {name}({x}: {ty}) -> &'static str {{",
        f"    match {x} {{",
        *lines,
        f'        _ => "{g.text()}",',
        "    }",
        "}",
    ]


def _counter(g: Grammar) -> list[str]:
    """A map filled in a loop."""
    name, counts = g.fn(), g.var()
    xs, x = g.items()
    kind = g.pick("HashMap", "BTreeMap")
    return [
        f"pub fn {name}({xs}: &[String]) -> std::collections::{kind}<String, usize> {{",
        f"    let mut {counts} = std::collections::{kind}::new();",
        f"    for {x} in {xs} {{",
        f"        *{counts}.entry({x}.clone()).or_insert(0) += 1;",
        "    }", f"    {counts}", "}",
    ]  # fmt: skip
