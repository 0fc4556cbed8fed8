"""Trait bounds: missing derives, missing bounds on type parameters, incomplete impls."""

from __future__ import annotations

from continualcode.koans.grammar import Grammar, Pair, pattern
from continualcode.koans.patterns.draws import integer, scalar, string, struct

FAMILY = "trait_bounds"
_TRAITS = ("Debug", "Clone", "Copy", "PartialEq", "Eq", "PartialOrd", "Ord", "Hash", "Default")  # as people order them
_NEEDS = {
    "Copy": ("Clone",),
    "Eq": ("PartialEq",),
    "PartialOrd": ("PartialEq",),
    "Ord": ("PartialEq", "Eq", "PartialOrd"),
}


def _derives(g: Grammar, wanted: tuple[str, ...], usual: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The derive line with some of the `usual` traits, and the one that also has all of `wanted`: what was there
    stays in its place, what was missing follows in the usual order. An empty list where nothing is derived.
    At least the last of `wanted` is missing."""
    drawn: list[str] = []
    for trait in _TRAITS:
        free = trait in usual and trait != wanted[-1] and all(n in drawn for n in _NEEDS.get(trait, ()))
        if free and g.chance({"Debug": 0.6, "Clone": 0.6, "PartialEq": 0.45, "Default": 0.25}.get(trait, 0.35)):
            drawn.append(trait)
    if g.chance(0.15):
        drawn = []
    if g.chance(0.4):
        g.random.shuffle(drawn)
    full = drawn + [t for t in wanted if t not in drawn]
    return [f"#[derive({', '.join(drawn)})]"] if drawn else [], [f"#[derive({', '.join(full)})]"]


def _derived(g: Grammar, bare: list[str], full: list[str], item: list[str], rest: list[str], use: str = "") -> Pair:
    """A program in which `item` stands under its derive line; without one the repair is an inserted line.
    `rest` uses the item. Another attribute sometimes stands above or below the derive line, and `rest` above
    the item."""
    above, below = [], []
    if g.chance(0.2):
        attribute = g.pick("#[non_exhaustive]", "#[must_use]", "#[allow(dead_code)]")
        (above if g.chance(0.5) and bare else below).append(attribute)
        if not bare:
            above, below = below, []
    if g.chance(0.15):
        above.insert(0, "/// " + g.sentence())
    imports = [use] if use else []
    if g.chance(0.15):
        return g.program([*imports, *rest, *above], bare, full, [*below, *item])
    others = []
    if g.chance(0.2):
        others = [
            f"#[derive({g.pick('Debug', 'Debug, Clone', 'Clone')})]",
            *struct(g.type(), [(g.var(), g.pick("u32", "String", "bool"))]),
        ]
    return g.program([*imports, *others, *above], bare, full, [*below, *item, *rest])


def _plain_struct(g: Grammar, kind: str, types: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """A struct of one to three fields: its lines and the fields' names."""
    names = [g.var() for _ in range(g.random.choice((1, 2, 2, 3, 3, 4)))]
    return struct(kind, [(n, g.pick(*types)) for n in names]), names


def _plain_enum(g: Grammar, kind: str) -> tuple[list[str], list[str]]:
    """An enum of two to four unit variants: its lines and the variants."""
    variants = [g.type() for _ in range(g.random.choice((2, 3, 3, 4)))]
    return [f"pub enum {kind} {{", *(f"    {v}," for v in variants), "}"], variants


_ANY = ("u32", "i64", "String", "bool", "f64", "Vec<u32>", "Option<i32>")
_TOTAL = ("u32", "i64", "String", "bool", "u8", "Vec<u32>", "Option<i32>")


_ENUM_TRAITS = ("Debug", "Clone", "Copy", "PartialEq", "Eq")
_STRUCT_TRAITS = ("Debug", "Clone", "PartialEq", "Default")


def _keep(g: Grammar, kept: tuple[str, ...], missing: str) -> tuple[list[str], list[str]]:
    """Derive lines that already have all but one of the traits, in some order, beside one or two others."""
    drawn = [*kept, *g.random.sample(["Debug", "Clone"], g.random.choice((0, 1, 1, 2)))]
    g.random.shuffle(drawn)
    if g.chance(0.5):
        drawn.sort(key=_TRAITS.index)
    return [f"#[derive({', '.join(drawn)})]"], [f"#[derive({', '.join([*drawn, missing])})]"]


def _parameter(g: Grammar) -> str:
    return g.pick("T", "T", "T", "T", "V", "K", "E")


def _bounded(g: Grammar, line: str, bound: str, beside: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """A line whose `@` is where the bound goes, without and with it; sometimes another bound stands there."""
    if g.chance(0.35):
        other = g.pick(*beside)
        return [line.replace("@", f": {other}")], [line.replace("@", f": {other} + {bound}")]
    return [line.replace("@", "")], [line.replace("@", f": {bound}")]


@pattern(FAMILY, "E0277")
def tb_missing_debug(g: Grammar) -> Pair:
    """A type is printed with `{:?}` without deriving Debug."""
    kind, name, x, y = g.type(), g.fn(), g.var(), g.var()
    enum = g.chance(0.4)
    item, parts = _plain_enum(g, kind) if enum else _plain_struct(g, kind, _ANY)
    bare, full = _derives(g, ("Debug",), _ENUM_TRAITS if enum else _STRUCT_TRAITS)
    form = g.pick(":?", ":?", ":#?")
    shape = g.pick(
        "format", "print", "slice", "option", "expect", "holder", "holder", "method", "error", "vec", "arms", "two"
    )
    word = g.pick("", g.word() + " ", g.text() + ": ")
    if shape == "format":
        rest = [f"pub fn {name}({x}: &{kind}) -> String {{", f'    format!("{word}{{{x}{form}}}")', "}"]
    elif shape == "print":
        rest = [f"pub fn {name}({x}: &{kind}) {{", f'    println!("{{{x}:?}}");', "}"]
    elif shape == "slice":
        rest = [
            f"pub fn {name}({x}: &[{kind}]) {{",
            f"    for {y} in {x} {{",
            f'        println!("{g.word()} {{{y}:?}}");',
            "    }",
            "}",
        ]
    elif shape == "option":
        rest = [f"pub fn {name}({x}: Option<{kind}>) -> String {{", f'    format!("{word}{{{x}:?}}")', "}"]
    elif shape == "expect":
        rest = [
            f"pub fn {name}({x}: Result<u32, {kind}>) -> u32 {{",
            f'    let {y} = {x}.expect("{g.text()}");',
            f"    {y} + {g.number()}",
            "}",
        ]
    elif shape == "holder":
        holder, field = g.type(), g.var()
        inner = g.pick(kind, kind, f"Vec<{kind}>", f"Option<{kind}>", f"(u32, {kind})")
        rest = struct(
            holder,
            [(field, inner), (g.var(), g.pick("u32", "String", "bool"))],
            g.pick("Debug", "Debug", "Debug", "Debug", "Debug"),
        )
        rest += [f"pub fn {name}({x}: &{holder}) -> String {{", f'    format!("{word}{{{x}:?}}")', "}"]
    elif shape == "method":
        holder, xs = g.type(), g.plural()
        rest = [
            *struct(holder, [(xs, f"Vec<{kind}>"), (y, "u32")]),
            f"impl {holder} {{",
            f"    pub fn {name}(&self) -> String {{",
        ]
        rest += [
            f'        format!("{{}} {g.word()}, {{}}: {{:?}}", self.{xs}.len(), self.{y}, self.{xs})',
            "    }",
            "}",
        ]
    elif shape == "error":
        rest = [
            f"pub fn {name}({x}: &str, {y}: Result<u64, {kind}>) -> Result<u64, String> {{",
            f"    match {y} {{",
            "        Ok(n) => Ok(n * 2),",
        ]
        rest += [f'        Err(e) => Err(format!("{word}{{{x}}}: {{e:?}}")),', "    }", "}"]
    elif shape == "vec":
        xs, one = g.items()
        rest = [f"pub fn {name}({xs}: &[{kind}]) -> Vec<String> {{"]
        rest += [f'    {xs}.iter().map(|{one}| format!("{word}{{{one}:?}}{g.pick("", ";", ".")}")).collect()', "}"]
    elif shape == "arms":
        rest = [f"pub fn {name}({x}: Option<&{kind}>) -> String {{", f"    match {x} {{"]
        rest += [
            f'        Some({y}) => format!("{word}{{{y}:?}}"),',
            f'        None => "{g.text()}".to_string(),',
            "    }",
            "}",
        ]
    else:
        rest = [
            f"pub fn {name}({x}: &{kind}, {y}: &{kind}) -> String {{",
            f'    let shown = format!("{{:?}} {g.pick("->", "and", g.word())} {{:?}}", {x}, {y});',
        ]
        rest += ["    shown.to_lowercase()", "}"]
    return _derived(g, bare, full, item, rest)


@pattern(FAMILY, "E0277")
def tb_missing_display_bound(g: Grammar) -> Pair:
    """A generic value is printed with `{}` without a Display bound."""
    shape = g.pick("format", "print", "slice", "impl", "two")
    name, x, t = g.fn(), g.var(), _parameter(g)
    path, imports = "std::fmt::Display", []
    if g.chance(0.4):
        imports, path = (
            (["use std::fmt::Display;"], "Display") if g.chance(0.7) else (["use std::fmt;"], "fmt::Display")
        )
    word = g.word()
    if shape == "format":
        line = f"pub fn {name}<{t}@>({x}: {g.pick('', '&')}{t}) -> String {{"
        tail = [f'    format!("{g.pick("", word + " ", "<")}{{{x}}}{g.pick("", "!", ">")}")', "}"]
    elif shape == "print":
        line = f"pub fn {name}<{t}@>({x}: {g.pick('', '&')}{t}) {{"
        tail = [f'    println!("{word}{g.pick(" ", ": ", " = ")}{{{x}}}");', "}"]
    elif shape == "slice":
        xs, out = g.plural(), g.var()
        line = f"pub fn {name}<{t}@>({xs}: &[{t}]) -> Vec<String> {{"
        tail = [f"    let mut {out} = Vec::new();", f"    for {x} in {xs} {{"]
        tail += [f'        {out}.push(format!("{g.pick("", word + " ")}{{{x}}}{g.pick(".", " " + word, ";")}"));']
        tail += ["    }", f"    {out}", "}"]
        if g.chance(0.5):
            line = f"pub fn {name}<{t}@>({xs}: &[{t}]) {{"
            tail = [
                f"    for {x} in {xs} {{",
                f'        println!("{g.pick("", "- ", word + " ")}{{{x}}}");',
                "    }",
                "}",
            ]
    elif shape == "impl":
        kind, field = g.type(), g.var()
        imports += struct(f"{kind}<{t}>", [(field, t)])
        line = f"impl<{t}@> {kind}<{t}> {{"
        tail = [
            f"    pub fn {name}(&self) -> String {{",
            f'        format!("{word}{g.pick(" ", ": ")}{{}}", self.{field})',
            "    }",
            "}",
        ]
    else:
        n = g.var()
        line = f"pub fn {name}<{t}@>({x}: {t}, {n}: usize) -> String {{"
        tail = [f'    format!("{{{x}}}{g.pick(" x ", " ", "#")}{{{n}}}")', "}"]
    return g.program(imports, *_bounded(g, line, path, ("Clone", "PartialEq", "PartialOrd", "Copy", "Default")), tail)


@pattern(FAMILY, "E0369")
def tb_missing_partialord_bound(g: Grammar) -> Pair:
    """Generic values are compared by order without a PartialOrd bound."""
    shape = g.pick("largest", "pair", "impl", "count", "sorted", "clamp")
    name, xs, x, a, b, t = g.fn(), g.plural(), g.var(), g.var(), g.var(), _parameter(g)
    op = g.pick(">", "<", ">=", "<=")
    head: list[str] = []
    if shape == "largest":
        line = f"pub fn {name}<{t}@>({xs}: &[{t}]) -> &{t} {{"
        tail = [
            f"    let mut {a} = &{xs}[0];",
            f"    for {x} in {xs} {{",
            f"        if {x} {op} {a} {{",
            f"            {a} = {x};",
        ]
        tail += ["        }", "    }", f"    {a}", "}"]
    elif shape == "pair":
        line = f"pub fn {name}<{t}@>({a}: {t}, {b}: {t}) -> {t} {{"
        tail = [f"    if {a} {op} {b} {{", f"        {a}", "    } else {", f"        {b}", "    }", "}"]
        if g.chance(0.35):
            line, tail = f"pub fn {name}<{t}@>({a}: &{t}, {b}: &{t}) -> bool {{", [f"    {a} {op} {b}", "}"]
    elif shape == "impl":
        kind, other = g.type(), g.var()
        head = struct(f"{kind}<{t}>", [(a, t), (other, t)])
        line = f"impl<{t}@> {kind}<{t}> {{"
        ret = g.pick("bool", "self")
        if ret == "bool":
            tail = [f"    pub fn {name}(&self) -> bool {{", f"        self.{a} {op} self.{other}", "    }", "}"]
        else:
            tail = [
                f"    pub fn {name}(&self) -> &{t} {{",
                f"        if self.{a} {op} self.{other} {{",
                f"            &self.{a}",
            ]
            tail += ["        } else {", f"            &self.{other}", "        }", "    }", "}"]
    elif shape == "count":
        n = g.var()
        line = f"pub fn {name}<{t}@>({xs}: &[{t}], {a}: &{t}) -> usize {{"
        tail = [
            f"    let mut {n} = 0;",
            f"    for {x} in {xs} {{",
            f"        if {x} {op} {a} {{",
            f"            {n} += 1;",
        ]
        tail += ["        }", "    }", f"    {n}", "}"]
    elif shape == "sorted":
        i = g.pick("i", "k", "n")
        line = f"pub fn {name}<{t}@>({xs}: &[{t}]) -> bool {{"
        tail = [f"    for {i} in 1..{xs}.len() {{", f"        if {xs}[{i} - 1] {op} {xs}[{i}] {{"]
        tail += ["            return false;", "        }", "    }", "    true", "}"]
    else:
        line = f"pub fn {name}<{t}@>({xs}: &mut [{t}], {a}: usize, {b}: usize) {{"
        tail = [f"    if {xs}[{a}] {op} {xs}[{b}] {{", f"        {xs}.swap({a}, {b});", "    }", "}"]
    return g.program(head, *_bounded(g, line, "PartialOrd", ("Copy", "Clone", "std::fmt::Debug", "PartialEq")), tail)


@pattern(FAMILY, "E0599")
def tb_missing_clone_derive(g: Grammar) -> Pair:
    """A type is cloned without deriving Clone."""
    kind, name, x, y = g.type(), g.fn(), g.var(), g.var()
    enum = g.chance(0.3)
    bare, full = _derives(
        g, ("Clone",), ("Debug", "PartialEq", "Eq") if enum else ("Debug", "PartialEq", "Default", "Eq", "Hash")
    )
    item, _ = _plain_enum(g, kind) if enum else _plain_struct(g, kind, ("String", "Vec<u32>", "u32"))
    shape = g.pick("pair", "index", "self", "push", "vec", "history", "fields", "map", "chosen", "swap")
    holder, field = g.type(), g.var()
    if shape == "pair":
        rest = [
            f"pub fn {name}({x}: {kind}) -> ({kind}, {kind}) {{",
            f"    let {y} = {x}.clone();",
            f"    ({x}, {y})",
            "}",
        ]
        if g.chance(0.5):
            rest[1:3] = [f"    ({x}.clone(), {x})"]
    elif shape == "index":
        xs = g.plural()
        index = g.pick("0", f"{xs}.len() - 1", str(g.number(1, 5)))
        rest = [f"pub fn {name}({xs}: &[{kind}]) -> {kind} {{", f"    {xs}[{index}].clone()", "}"]
    elif shape == "self":
        rest = [*struct(holder, [(field, kind)]), f"impl {holder} {{", f"    pub fn {name}(&self) -> {kind} {{"]
        rest += [f"        self.{field}.clone()", "    }", "}"]
    elif shape == "push":
        xs = g.plural()
        rest = [
            f"pub fn {name}({xs}: &mut Vec<{kind}>, {x}: {kind}) -> {kind} {{",
            f"    {xs}.push({x}.clone());",
            f"    {x}",
            "}",
        ]
    elif shape == "vec":
        xs = g.plural()
        rest = [f"pub fn {name}({xs}: Vec<{kind}>) -> (Vec<{kind}>, usize) {{", f"    let {y} = {xs}.clone();"]
        rest += [f"    ({y}, {xs}.len())", "}"]
    elif shape == "history":
        xs = g.plural()
        rest = [
            *struct(holder, [(field, kind), (xs, f"Vec<{kind}>")]),
            f"impl {holder} {{",
            f"    pub fn {name}(&mut self, {x}: {kind}) {{",
        ]
        rest += [f"        self.{xs}.push(self.{field}.clone());", f"        self.{field} = {x};", "    }", "}"]
    elif shape == "fields":
        n = g.var()
        rest = [
            *struct(holder, [(field, kind), (n, "usize")]),
            f"pub fn {name}({x}: &[{kind}], {y}: usize) -> {holder} {{",
        ]
        rest += [f"    {holder} {{ {field}: {x}[{y}].clone(), {n}: {x}.len() + {g.number()} }}", "}"]
    elif shape == "map":
        xs, one = g.items()
        rest = [f"pub fn {name}({xs}: &[({kind}, u32)]) -> Vec<{kind}> {{"]
        rest += [f"    {xs}.iter().filter(|{one}| {one}.1 > {g.number()}).map(|{one}| {one}.0.clone()).collect()", "}"]
    elif shape == "chosen":
        rest = [
            *struct(holder, [(field, kind), (y, "u32")]),
            f"pub fn {name}({x}: &{holder}, other: &{holder}) -> {kind} {{",
        ]
        rest += [f"    if {x}.{y} > {g.number()} {{ {x}.{field}.clone() }} else {{ other.{field}.clone() }}", "}"]
    else:
        rest = [
            f"pub fn {name}({x}: &mut {kind}, {y}: {kind}) -> {kind} {{",
            f"    let {field} = {x}.clone();",
            f"    *{x} = {y};",
            f"    {field}",
            "}",
        ]
    return _derived(g, bare, full, item, rest)


@pattern(FAMILY, "E0369")
def tb_missing_partialeq_derive(g: Grammar) -> Pair:
    """Values of a type are compared with `==` without deriving PartialEq."""
    kind, name, x, y = g.type(), g.fn(), g.var(), g.var()
    op = g.pick("==", "==", "!=")
    enum = g.chance(0.6)
    item, parts = _plain_enum(g, kind) if enum else _plain_struct(g, kind, _ANY)
    bare, full = _derives(g, ("PartialEq",), ("Debug", "Clone", "Copy") if enum else ("Debug", "Clone", "Default"))
    holder, field, num = g.type(), g.var(), g.var()
    xs, one = g.items()
    if enum:
        part = f"{kind}::{g.random.choice(parts)}"
        shape = g.pick("field", "count", "filter", "guard", "self", "derived", "both")
    else:
        part, shape = "", g.pick("two", "position", "derived", "both", "filter_by", "changed")
    if shape == "field":
        rest = [
            *struct(holder, [(field, kind)]),
            f"pub fn {name}({x}: &{holder}) -> bool {{",
            f"    {x}.{field} {op} {part}",
            "}",
        ]
    elif shape == "count":
        rest = [f"pub fn {name}({xs}: &[{kind}]) -> usize {{", f"    let mut {num} = 0;", f"    for {x} in {xs} {{"]
        rest += [f"        if *{x} {op} {part} {{", f"            {num} += 1;", "        }", "    }", f"    {num}", "}"]
    elif shape == "filter":
        rest = [*struct(holder, [(field, kind), (num, "u32")]), f"pub fn {name}({xs}: &[{holder}]) -> u32 {{"]
        rest += [f"    {xs}.iter().filter(|{one}| {one}.{field} {op} {part}).map(|{one}| {one}.{num}).sum()", "}"]
    elif shape == "guard":
        rest = [
            *struct(holder, [(field, kind), (num, "u64")]),
            f"pub fn {name}({x}: &{holder}, {y}: u64) -> Result<u64, String> {{",
        ]
        rest += [
            f"    if {x}.{field} {op} {part} && {x}.{num} < {y} {{",
            f'        return Err("{g.text()}".to_string());',
            "    }",
            f"    Ok({x}.{num} + {y})",
            "}",
        ]
    elif shape == "self":
        rest = [
            *struct(holder, [(field, kind), (num, "u32")]),
            f"impl {holder} {{",
            f"    pub fn {name}(&mut self, {x}: {kind}) -> bool {{",
        ]
        rest += [
            f"        if self.{field} {op} {x} {{",
            f"            self.{num} += 1;",
            "            return true;",
            "        }",
            f"        self.{field} = {x};",
            "        false",
            "    }",
            "}",
        ]
    elif shape == "derived":
        inner = g.pick(kind, kind, f"Vec<{kind}>", f"Option<{kind}>")
        rest = [*struct(holder, [(num, "u32"), (field, inner)], g.pick("PartialEq", "PartialEq", "PartialEq"))]
        rest += [
            f"pub fn {name}({x}: &{holder}, {y}: &{holder}) -> bool {{",
            f"    {x}.{num} == {y}.{num} || {x} == {y}",
            "}",
        ]
    elif shape == "both":
        rest = [
            *struct(holder, [(field, kind), (num, "String")]),
            f"impl {holder} {{",
            f"    pub fn {name}(&self, {x}: &{holder}) -> bool {{",
        ]
        rest += [f"        self.{field} == {x}.{field} && self.{num} == {x}.{num}", "    }", "}"]
    elif shape == "two":
        rest = [f"pub fn {name}({x}: &{kind}, {y}: &{kind}) -> bool {{", f"    {x} {op} {y}", "}"]
    elif shape == "position":
        rest = [f"pub fn {name}({xs}: &[{kind}], {x}: &{kind}) -> Option<usize> {{"]
        rest += [f"    {xs}.iter().position(|{one}| {one} == {x})", "}"]
    elif shape == "filter_by":
        rest = [f"pub fn {name}({xs}: &[{kind}], {x}: &{kind}) -> usize {{"]
        rest += [f"    {xs}.iter().filter(|{one}| *{one} {op} {x}).count()", "}"]
    else:
        rest = [
            f"pub fn {name}({x}: &mut {kind}, {y}: {kind}) -> bool {{",
            f"    let {num} = *{x} != {y};",
            f"    *{x} = {y};",
            f"    {num}",
            "}",
        ]
    return _derived(g, bare, full, item, rest)


@pattern(FAMILY, "E0599")
def tb_missing_clone_bound(g: Grammar) -> Pair:
    """A generic value is cloned without a Clone bound."""
    shape = g.pick("pair", "index", "impl", "repeat", "push", "stack", "rotated", "stack")
    name, x, xs, t = g.fn(), g.var(), g.plural(), _parameter(g)
    head: list[str] = []
    if shape == "pair":
        line, tail = f"pub fn {name}<{t}@>({x}: {t}) -> ({t}, {t}) {{", [f"    ({x}.clone(), {x})", "}"]
        if g.chance(0.5):
            y = g.var()
            tail = [f"    let {y} = {x}.clone();", f"    ({x}, {y})", "}"]
    elif shape == "index":
        index = g.pick("0", f"{xs}.len() - 1", str(g.number(1, 9)))
        line, tail = f"pub fn {name}<{t}@>({xs}: &[{t}]) -> {t} {{", [f"    {xs}[{index}].clone()", "}"]
        if g.chance(0.4):
            tail = [
                f"    let {x} = {xs}[{index}].clone();",
                f'    println!("{g.word()} {{}}", {xs}.len());',
                f"    {x}",
                "}",
            ]
    elif shape == "impl":
        kind, field = g.type(), g.var()
        head = struct(f"{kind}<{t}>", [(field, t)])
        line = f"impl<{t}@> {kind}<{t}> {{"
        tail = [f"    pub fn {name}(&self) -> {t} {{", f"        self.{field}.clone()", "    }", "}"]
        if g.chance(0.4):
            tail = [
                f"    pub fn {name}(&self) -> ({t}, {t}) {{",
                f"        (self.{field}.clone(), self.{field}.clone())",
                "    }",
                "}",
            ]
    elif shape == "stack":
        kind, other = g.type(), g.var()
        head = struct(f"{kind}<{t}>", [(xs, f"Vec<{t}>"), (other, g.pick("usize", "u32", "String"))])
        line = f"impl<{t}@> {kind}<{t}> {{"
        push = [f"    pub fn {g.fn()}(&mut self, {x}: {t}) {{", f"        self.{xs}.push({x});", "    }"]
        read = g.pick(f"self.{xs}[self.{xs}.len() - 1].clone()", f"self.{xs}[{g.number(0, 4)}].clone()")
        copy = [f"    pub fn {name}(&self) -> {t} {{", f"        {read}", "    }"]
        tail = [*(push if g.chance(0.6) else []), *copy, "}"]
    elif shape == "rotated":
        n, out = g.var(), g.var()
        line = f"pub fn {name}<{t}@>({xs}: &[{t}], {n}: usize) -> Vec<{t}> {{"
        tail = [f"    let mut {out} = Vec::with_capacity({xs}.len());", f"    for {x} in 0..{xs}.len() {{"]
        tail += [f"        {out}.push({xs}[({x} + {n}) % {xs}.len()].clone());", "    }", f"    {out}", "}"]
    elif shape == "repeat":
        n, out = g.var(), g.var()
        line = f"pub fn {name}<{t}@>({x}: {t}, {n}: usize) -> Vec<{t}> {{"
        tail = [
            f"    let mut {out} = Vec::new();",
            f"    while {out}.len() < {n} {{",
            f"        {out}.push({x}.clone());",
            "    }",
        ]
        tail += [f"    {out}", "}"]
    else:
        line = f"pub fn {name}<{t}@>({xs}: &mut Vec<{t}>, {x}: {t}) -> {t} {{"
        tail = [f"    {xs}.push({x}.clone());", f"    {x}", "}"]
    return g.program(head, *_bounded(g, line, "Clone", ("PartialEq", "std::fmt::Debug", "Default", "PartialOrd")), tail)


@pattern(FAMILY, "E0507")
def tb_missing_copy_bound(g: Grammar) -> Pair:
    """A generic value is copied out from behind a reference without a Copy bound."""
    shape = g.pick("deref", "impl", "loop", "tuple", "swap", "grid", "index")
    name, x, xs, t = g.fn(), g.var(), g.plural(), _parameter(g)
    head: list[str] = []
    if shape == "deref":
        line, tail = f"pub fn {name}<{t}@>({x}: &{t}) -> {t} {{", [f"    *{x}", "}"]
        if g.chance(0.5):
            line, tail = f"pub fn {name}<{t}@>({x}: &{t}) -> ({t}, {t}) {{", [f"    (*{x}, *{x})", "}"]
    elif shape == "impl":
        kind, field, other = g.type(), g.var(), g.var()
        head = struct(f"{kind}<{t}>", [(field, t), (other, g.pick(t, "usize"))])
        line = f"impl<{t}@> {kind}<{t}> {{"
        tail = [f"    pub fn {name}(&self) -> {t} {{", f"        self.{field}", "    }", "}"]
    elif shape == "loop":
        out, k = g.var(), g.number(2, 9)
        line = f"pub fn {name}<{t}@>({xs}: &[{t}]) -> Vec<{t}> {{"
        tail = [f"    let mut {out} = Vec::new();", f"    for {x} in {xs} {{", f"        if {out}.len() < {k} {{"]
        tail += [f"            {out}.push(*{x});", "        }", "    }", f"    {out}", "}"]
    elif shape in ("grid", "index"):
        kind, wide, a, b = g.type(), g.var(), g.var(), g.var()
        head = struct(f"{kind}<{t}>", [(xs, f"Vec<{t}>"), (wide, "usize")])
        line = f"impl<{t}@> {kind}<{t}> {{"
        at, params = (
            (f"{a} * self.{wide} + {b}", f"{a}: usize, {b}: usize")
            if shape == "grid"
            else (f"{a} % self.{wide}", f"{a}: usize")
        )
        tail = [f"    pub fn {name}(&self, {params}) -> {t} {{", f"        self.{xs}[{at}]", "    }"]
        if g.chance(0.5):
            rest = f"(0..{x}).map(|i| self.{name}(i{', i' if shape == 'grid' else ''})).collect()"
            tail += [f"    pub fn {g.fn()}(&self, {x}: usize) -> Vec<{t}> {{", f"        {rest}", "    }"]
        tail += ["}"]
    elif shape == "tuple":
        line = f"pub fn {name}<{t}@>({x}: &({t}, {t})) -> {t} {{"
        tail = [f"    {x}.{g.pick('0', '1')}", "}"]
    else:
        a, b = g.var(), g.var()
        line = f"pub fn {name}<{t}@>({a}: &mut {t}, {b}: &{t}) -> {t} {{"
        tail = [f"    let {x} = *{a};", f"    *{a} = *{b};", f"    {x}", "}"]
    return g.program(head, *_bounded(g, line, "Copy", ("PartialEq", "PartialOrd", "Default", "std::fmt::Debug")), tail)


@pattern(FAMILY, "E0599")
def tb_missing_default_derive(g: Grammar) -> Pair:
    """A type's `default()` is called without deriving Default."""
    kind, name, x, y = g.type(), g.fn(), g.var(), g.var()
    bare, full = _derives(g, ("Default",), ("Debug", "Clone", "PartialEq"))
    item, fields = _plain_struct(g, kind, _ANY)
    shape = g.pick("call", "change", "holder", "method", "mut", "new", "rest")
    holder, field, num = g.type(), g.var(), g.var()
    if shape == "call":
        rest = [f"pub fn {name}() -> {kind} {{", f"    {kind}::default()", "}"]
    elif shape in ("change", "mut", "rest"):
        item = struct(
            kind,
            [
                (fields[0], "u32"),
                (num, g.pick(*_ANY)),
                *((g.var(), g.pick(*_ANY)) for _ in range(g.random.randint(0, 2))),
            ],
        )
        if shape == "change":
            rest = [
                f"pub fn {name}({x}: u32) -> u32 {{",
                f"    let {y} = {kind}::default();",
                f"    {y}.{fields[0]} {g.pick('+', '*')} {x}",
                "}",
            ]
        elif shape == "mut":
            xs, one = g.items()
            rest = [
                f"pub fn {name}({xs}: &[u32]) -> {kind} {{",
                f"    let mut {y} = {kind}::default();",
                f"    for {one} in {xs} {{",
            ]
            rest += [f"        {y}.{fields[0]} += {one};", "    }", f"    {y}", "}"]
        else:
            rest = [f"impl {kind} {{", f"    pub fn {name}({x}: u32) -> {kind} {{"]
            rest += [
                f"        {kind} {{ {fields[0]}: {x} {g.pick('+', '*')} {g.number(2, 9)}, ..{kind}::default() }}",
                "    }",
                "}",
            ]
    elif shape == "holder":
        rest = [*struct(holder, [(field, kind), (num, "u32")]), f"pub fn {name}({num}: u32) -> {holder} {{"]
        rest += [f"    {holder} {{ {field}: {kind}::default(), {num} }}", "}"]
    elif shape == "new":
        rest = [
            *struct(holder, [(num, "String"), (field, kind)]),
            f"impl {holder} {{",
            f"    pub fn new({num}: &str) -> Self {{",
        ]
        rest += [
            "        Self {",
            f"            {num}: {num}.to_string(),",
            f"            {field}: {kind}::default(),",
            "        }",
            "    }",
            "}",
        ]
    else:
        xs = g.plural()
        rest = [
            f"pub fn {name}({xs}: &mut Vec<{kind}>) -> usize {{",
            f"    {xs}.push({kind}::default());",
            f"    {xs}.len()",
            "}",
        ]
    return _derived(g, bare, full, item, rest)


@pattern(FAMILY, "E0599")
def tb_missing_hash(g: Grammar) -> Pair:
    """A type is used as the key of a HashMap or HashSet without deriving Hash."""
    kind, name, xs, x = g.type(), g.fn(), g.plural(), g.var()
    enum = g.chance(0.5)
    item, _ = _plain_enum(g, kind) if enum else _plain_struct(g, kind, _TOTAL)
    bare, full = _derives(g, ("PartialEq", "Eq", "Hash"), _ENUM_TRAITS if enum else _STRUCT_TRAITS)
    if g.chance(0.7):
        bare, full = _keep(g, ("PartialEq", "Eq"), "Hash")
    if g.chance(0.5):
        v = integer(g).type
        n = g.var()
        use = "use std::collections::HashMap;"
        body = g.random.choice(
            (
                [
                    f"pub fn {name}({xs}: &mut HashMap<{kind}, {v}>, {x}: {kind}) {{",
                    f"    {xs}.insert({x}, {g.number()});",
                    "}",
                ],
                [
                    f"pub fn {name}({xs}: &HashMap<{kind}, {v}>, {x}: &{kind}) -> bool {{",
                    f"    {xs}.contains_key({x})",
                    "}",
                ],
                [
                    f"pub fn {name}({xs}: &HashMap<{kind}, {v}>, {x}: &{kind}) -> {v} {{",
                    f"    {xs}.get({x}).copied().unwrap_or({g.number()})",
                    "}",
                ],
                [
                    f"pub fn {name}({xs}: &mut HashMap<{kind}, {v}>, {x}: {kind}, {n}: {v}) {{",
                    f"    *{xs}.entry({x}).or_insert(0) += {n};",
                    "}",
                ],
                [
                    f"pub fn {name}({xs}: Vec<({kind}, {v})>) -> HashMap<{kind}, {v}> {{",
                    f"    let mut {n}: HashMap<{kind}, {v}> = HashMap::new();",
                    f"    for ({x}, found) in {xs} {{",
                    f"        *{n}.entry({x}).or_insert(0) += found;",
                    "    }",
                    f"    {n}",
                    "}",
                ],
            )
        )
    else:
        use = "use std::collections::HashSet;"
        body = g.random.choice(
            (
                [f"pub fn {name}({xs}: &mut HashSet<{kind}>, {x}: {kind}) -> bool {{", f"    {xs}.insert({x})", "}"],
                [f"pub fn {name}({xs}: &HashSet<{kind}>, {x}: &{kind}) -> bool {{", f"    {xs}.contains({x})", "}"],
                [
                    f"pub fn {name}({xs}: &mut HashSet<{kind}>, {x}: &{kind}) -> usize {{",
                    f"    {xs}.remove({x});",
                    f"    {xs}.len()",
                    "}",
                ],
            )
        )
    return _derived(g, bare, full, item, body, use)


@pattern(FAMILY, "E0369")
def tb_missing_partialord_derive(g: Grammar) -> Pair:
    """Values of a type are compared by order without deriving PartialOrd."""
    kind, name, x, y = g.type(), g.fn(), g.var(), g.var()
    enum = g.chance(0.6)
    item, parts = _plain_enum(g, kind) if enum else _plain_struct(g, kind, _ANY)
    bare, full = _derives(g, ("PartialEq", "PartialOrd"), _ENUM_TRAITS if enum else _STRUCT_TRAITS[:-1])
    if g.chance(0.7):
        bare, full = _keep(g, ("PartialEq",), "PartialOrd")
    op = g.pick(">", "<", ">=", "<=")
    shape = g.pick("two", "field", "slice", "pick")
    if shape == "field":
        holder, field = g.type(), g.var()
        rest = [*struct(holder, [(field, kind)]), f"pub fn {name}({x}: &{holder}, {y}: &{holder}) -> bool {{"]
        rest += [f"    {x}.{field} {op} {y}.{field}", "}"]
    elif shape == "slice":
        xs, n = g.plural(), g.var()
        rest = [
            f"pub fn {name}({xs}: &[{kind}], {y}: &{kind}) -> usize {{",
            f"    let mut {n} = 0;",
            f"    for {x} in {xs} {{",
        ]
        rest += [f"        if {x} {op} {y} {{", f"            {n} += 1;", "        }", "    }", f"    {n}", "}"]
    elif shape == "pick":
        rest = [f"pub fn {name}({x}: {kind}, {y}: {kind}) -> {kind} {{", f"    if {x} {op} {y} {{", f"        {x}"]
        rest += ["    } else {", f"        {y}", "    }", "}"]
    else:
        rest = [f"pub fn {name}({x}: &{kind}, {y}: &{kind}) -> bool {{", f"    {x} {op} {y}", "}"]
        if enum and g.chance(0.5):
            rest = [
                f"pub fn {name}({x}: {kind}) -> bool {{",
                f"    {x} {op} {kind}::{g.random.choice(parts[1:-1] or parts[:1])}",
                "}",
            ]
    return _derived(g, bare, full, item, rest)


@pattern(FAMILY, "E0046")
def tb_missing_method(g: Grammar) -> Pair:
    """An impl of a trait leaves out a required method."""
    kind, trait, field = g.type(), g.type(), g.var()
    v = string(g) if g.chance(0.35) else scalar(g)
    methods: list[tuple[str, str, str]] = []
    x = f"self.{field}"
    choices = [("&'static str", f'"{kind.lower()}"'), ("bool", f"{x}.is_empty()" if v.type == "String" else "true")]
    if v.type == "String":
        choices += [("usize", f"{x}.len()"), ("String", f"{x}.clone()"), ("&str", f"&{x}"), ("bool", f"{x}.is_empty()")]
    else:
        choices += [(v.type, x), ("String", f"{x}.to_string()"), (v.type, x)]
    if v.type not in ("String", "char"):
        choices += [("bool", f"{x} > 0.0" if v.type == "f64" else f"{x} > 0")]
    choices = list({ret: (ret, body) for ret, body in choices}.values())
    for ret, body in g.random.sample(choices, min(len(choices), g.random.choice((1, 2, 2, 3)))):
        methods.append((g.fn(), ret, body))
    head = [f"pub trait {trait} {{"]
    impls: list[list[str]] = []
    for name, ret, body in methods:
        head.append(f"    fn {name}(&self) -> {ret};")
        impls.append([f"    fn {name}(&self) -> {ret} {{", f"        {body}", "    }"])
    head += ["}", *struct(kind, [(field, v.type)])]
    out = g.random.randrange(len(impls))
    head.append(f"impl {trait} for {kind} {{")
    for lines in impls[:out]:
        head += lines
    rest = [line for lines in impls[out + 1 :] for line in lines]
    return g.program(head, [], impls[out], [*rest, "}"])


@pattern(FAMILY, "E0277")
def tb_missing_ord(g: Grammar) -> Pair:
    """Values of a type are sorted, compared for the largest or kept in order without Ord, or what Ord needs."""
    kind, name, x, y = g.type(), g.fn(), g.var(), g.var()
    xs, one = g.items()
    enum = g.chance(0.45)
    item, _ = _plain_enum(g, kind) if enum else _plain_struct(g, kind, _TOTAL)
    if g.chance(0.15):
        enum = False
        item = [f"pub struct {kind}(pub {g.pick('u32', 'String', 'i64')}{g.pick('', ', pub u8', ', pub String')});"]
    usual = ("Debug", "Clone", "PartialEq", "Eq", "PartialOrd") + (("Copy",) if enum else ())
    bare, full = _derives(g, ("PartialEq", "Eq", "PartialOrd", "Ord"), usual)
    holder, field, num = g.type(), g.var(), g.var()
    use = ""
    shape = g.pick("sort", "sort", "self", "best", "map", "entry", "set", "heap", "key", "largest", "search", "collect")
    if shape == "sort":
        how = g.pick("sort", "sort", "sort_unstable")
        rest = [
            f"pub fn {name}({xs}: &mut Vec<{kind}>) {{",
            f"    {xs}.{how}();",
            f"    {xs}.truncate({g.number(2, 9)});",
            "}",
        ]
        if g.chance(0.5):
            rest = [f"pub fn {name}(mut {xs}: Vec<{kind}>) -> Vec<{kind}> {{", f"    {xs}.{how}();", f"    {xs}", "}"]
    elif shape == "self":
        rest = [
            *struct(holder, [(xs, f"Vec<{kind}>"), (num, "u32")]),
            f"impl {holder} {{",
            f"    pub fn {name}(&mut self, {x}: {kind}) -> usize {{",
        ]
        rest += [
            f"        self.{xs}.push({x});",
            f"        self.{xs}.{g.pick('sort', 'sort', 'sort_unstable')}();",
            f"        self.{xs}.len()",
            "    }",
            "}",
        ]
    elif shape == "best":
        rest = [
            f"pub fn {name}({xs}: &[{kind}]) -> Option<&{kind}> {{",
            f"    {xs}.iter().{g.pick('max', 'min')}()",
            "}",
        ]
    elif shape == "largest":
        rest = [
            *struct(holder, [(field, kind), (num, "u32")]),
            f"pub fn {name}({xs}: &[{holder}]) -> Option<&{kind}> {{",
        ]
        rest += [
            f"    {xs}.iter().filter(|{one}| {one}.{num} > {g.number()}).map(|{one}| &{one}.{field}).{g.pick('max', 'min')}()",
            "}",
        ]
    elif shape == "map":
        use = "use std::collections::BTreeMap;"
        rest = g.random.choice(
            (
                [
                    f"pub fn {name}({xs}: &mut BTreeMap<{kind}, u32>, {x}: {kind}, {y}: u32) {{",
                    f"    {xs}.insert({x}, {y} * {g.number(2, 9)});",
                    "}",
                ],
                [
                    f"pub fn {name}({xs}: &BTreeMap<{kind}, u32>, {x}: &{kind}) -> u32 {{",
                    f"    {xs}.get({x}).copied().unwrap_or(0)",
                    "}",
                ],
                [
                    f"pub fn {name}({xs}: &BTreeMap<{kind}, String>, {x}: &{kind}) -> bool {{",
                    f"    {xs}.contains_key({x})",
                    "}",
                ],
            )
        )
    elif shape == "entry":
        use = "use std::collections::BTreeMap;"
        rest = [
            f"pub fn {name}({xs}: Vec<{kind}>) -> BTreeMap<{kind}, usize> {{",
            f"    let mut {num} = BTreeMap::new();",
            f"    for {one} in {xs} {{",
        ]
        rest += [f"        *{num}.entry({one}).or_insert(0) += 1;", "    }", f"    {num}", "}"]
    elif shape == "set":
        use = "use std::collections::BTreeSet;"
        rest = [
            *struct(holder, [(xs, f"BTreeSet<{kind}>")]),
            f"impl {holder} {{",
            f"    pub fn {name}(&mut self, {x}: {kind}) -> bool {{",
        ]
        rest += [f"        self.{xs}.insert({x})", "    }", "}"]
    elif shape == "heap":
        use = "use std::collections::BinaryHeap;"
        rest = [
            f"pub fn {name}({xs}: Vec<{kind}>) -> BinaryHeap<{kind}> {{",
            f"    {g.pick(f'BinaryHeap::from({xs})', f'{xs}.into_iter().collect()')}",
            "}",
        ]
    elif shape == "key":
        rest = [*struct(holder, [(field, kind), (num, "u32")]), f"pub fn {name}({xs}: &[{holder}]) -> Option<u32> {{"]
        rest += [
            f"    {xs}.iter().{g.pick('max_by_key', 'min_by_key')}(|{one}| &{one}.{field}).map(|{one}| {one}.{num})",
            "}",
        ]
    elif shape == "search":
        rest = [f"pub fn {name}({xs}: &[{kind}], {x}: &{kind}) -> bool {{", f"    {xs}.binary_search({x}).is_ok()", "}"]
    else:
        use = "use std::collections::BTreeSet;"
        rest = [
            f"pub fn {name}({xs}: Vec<{kind}>) -> usize {{",
            f"    let {num}: BTreeSet<{kind}> = {xs}.into_iter().collect();",
            f"    {num}.len()",
            "}",
        ]
    return _derived(g, bare, full, item, rest, use)
