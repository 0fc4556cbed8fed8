"""Trait bounds: missing derives, missing bounds on type parameters, incomplete impls."""

from __future__ import annotations

from continualcode.koans.grammar import Grammar, Pair, pattern
from continualcode.koans.patterns.draws import integer, scalar, string, struct

FAMILY = "trait_bounds"
_OTHERS = ("Debug", "Clone", "PartialEq", "Default")


def _derive(
    g: Grammar, trait: str, others: tuple[str, ...] = _OTHERS, alone: float = 0.4
) -> tuple[list[str], list[str]]:
    """The derive line without and with `trait`: no line at all (the repair adds one), or one with other traits."""
    if g.chance(alone):
        return [], [f"#[derive({trait})]"]
    drawn = ", ".join(g.random.sample([o for o in others if o != trait], g.random.randint(1, 2)))
    rest = list(dict.fromkeys(drawn.split(", ")))
    full = list(rest)
    full.insert(g.random.randint(0, len(rest)), trait)
    return [f"#[derive({', '.join(rest)})]"], [f"#[derive({', '.join(full)})]"]


def _derived(g: Grammar, bare: list[str], full: list[str], item: list[str], rest: list[str]) -> Pair:
    """A program in which `item` stands under its derive line; without one the repair is an inserted line."""
    return g.program([], bare, full, item + rest)


def _plain_struct(g: Grammar, kind: str, types: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """A struct of one to three fields: its lines and the fields' names."""
    names = [g.var() for _ in range(g.random.randint(1, 3))]
    return struct(kind, [(n, g.pick(*types)) for n in names]), names


def _plain_enum(g: Grammar, kind: str) -> tuple[list[str], list[str]]:
    """An enum of two to four unit variants: its lines and the variants."""
    variants = [g.type() for _ in range(g.random.randint(2, 4))]
    return [f"pub enum {kind} {{", *(f"    {v}," for v in variants), "}"], variants


_ANY = ("u32", "i64", "String", "bool", "f64", "Vec<u32>", "Option<i32>")
_TOTAL = ("u32", "i64", "String", "bool", "u8", "Vec<u32>", "Option<i32>")


def _parameter(g: Grammar) -> str:
    return g.pick("T", "T", "T", "T", "V", "K", "E")


@pattern(FAMILY, "E0277")
def tb_missing_debug(g: Grammar) -> Pair:
    """A type is printed with `{:?}` without deriving Debug."""
    kind, name, x = g.type(), g.fn(), g.var()
    enum = g.chance(0.4)
    item, _ = _plain_enum(g, kind) if enum else _plain_struct(g, kind, _ANY)
    bare, full = _derive(g, "Debug", ("Clone", "PartialEq", "Copy, Clone" if enum else "Default"))
    form = g.pick(":?", ":?", ":#?")
    shape = g.pick("format", "print", "slice", "option", "expect")
    if shape == "format":
        word = g.pick("", g.word() + " ", g.word() + ": ")
        rest = [f"pub fn {name}({x}: &{kind}) -> String {{", f'    format!("{word}{{{x}{form}}}")', "}"]
    elif shape == "print":
        rest = [f"pub fn {name}({x}: &{kind}) {{", f'    println!("{{{x}:?}}");', "}"]
    elif shape == "slice":
        y = g.var()
        rest = [
            f"pub fn {name}({x}: &[{kind}]) {{",
            f"    for {y} in {x} {{",
            f'        println!("{g.word()} {{{y}:?}}");',
            "    }",
            "}",
        ]
    elif shape == "option":
        rest = [f"pub fn {name}({x}: Option<{kind}>) -> String {{", f'    format!("{{{x}:?}}")', "}"]
    else:
        y = g.var()
        rest = [
            f"pub fn {name}({x}: Result<u32, {kind}>) -> u32 {{",
            f'    let {y} = {x}.expect("{g.word()}");',
            f"    {y} + {g.number()}",
            "}",
        ]
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
    return g.program(imports, [line.replace("@", "")], [line.replace("@", f": {path}")], tail)


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
    return g.program(head, [line.replace("@", "")], [line.replace("@", ": PartialOrd")], tail)


@pattern(FAMILY, "E0599")
def tb_missing_clone_derive(g: Grammar) -> Pair:
    """A type is cloned without deriving Clone."""
    kind, name, x, y = g.type(), g.fn(), g.var(), g.var()
    enum = g.chance(0.35)
    bare, full = _derive(g, "Clone", ("Debug", "PartialEq", "Eq, PartialEq" if enum else "Default"))
    item, _ = _plain_enum(g, kind) if enum else _plain_struct(g, kind, ("String", "Vec<u32>", "u32"))
    shape = g.pick("pair", "index", "self", "push", "vec")
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
        holder, field = g.type(), g.var()
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
    else:
        xs = g.plural()
        rest = [f"pub fn {name}({xs}: Vec<{kind}>) -> (Vec<{kind}>, usize) {{", f"    let {y} = {xs}.clone();"]
        rest += [f"    ({y}, {xs}.len())", "}"]
    return _derived(g, bare, full, item, rest)


@pattern(FAMILY, "E0369")
def tb_missing_partialeq_derive(g: Grammar) -> Pair:
    """Values of a type are compared with `==` without deriving PartialEq."""
    kind, name, x, y = g.type(), g.fn(), g.var(), g.var()
    op = g.pick("==", "==", "!=")
    enum = g.chance(0.6)
    item, parts = _plain_enum(g, kind) if enum else _plain_struct(g, kind, _ANY)
    bare, full = _derive(g, "PartialEq", ("Debug", "Clone", "Copy, Clone") if enum else ("Debug", "Clone", "Default"))
    if enum and g.chance(0.7):
        holder, field = g.type(), g.var()
        rest = [*struct(holder, [(field, kind)]), f"pub fn {name}({x}: &{holder}) -> bool {{"]
        rest += [f"    {x}.{field} {op} {kind}::{g.random.choice(parts)}", "}"]
        if g.chance(0.5):
            xs, n = g.plural(), g.var()
            rest = [f"pub fn {name}({xs}: &[{kind}]) -> usize {{", f"    let mut {n} = 0;", f"    for {x} in {xs} {{"]
            rest += [
                f"        if *{x} {op} {kind}::{g.random.choice(parts)} {{",
                f"            {n} += 1;",
                "        }",
                "    }",
            ]
            rest += [f"    {n}", "}"]
    elif g.chance(0.5):
        rest = [f"pub fn {name}({x}: &{kind}, {y}: &{kind}) -> bool {{", f"    {x} {op} {y}", "}"]
    else:
        xs = g.plural()
        rest = [f"pub fn {name}({xs}: &[{kind}], {x}: &{kind}) -> Option<usize> {{"]
        i = g.pick("i", "n", "k")
        rest += [f"    {xs}.iter().position(|{i}| {i} == {x})", "}"]
    return _derived(g, bare, full, item, rest)


@pattern(FAMILY, "E0599")
def tb_missing_clone_bound(g: Grammar) -> Pair:
    """A generic value is cloned without a Clone bound."""
    shape = g.pick("pair", "index", "impl", "repeat", "push")
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
    return g.program(head, [line.replace("@", "")], [line.replace("@", ": Clone")], tail)


@pattern(FAMILY, "E0507")
def tb_missing_copy_bound(g: Grammar) -> Pair:
    """A generic value is copied out from behind a reference without a Copy bound."""
    shape = g.pick("deref", "impl", "loop", "tuple", "swap")
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
    elif shape == "tuple":
        line = f"pub fn {name}<{t}@>({x}: &({t}, {t})) -> {t} {{"
        tail = [f"    {x}.{g.pick('0', '1')}", "}"]
    else:
        a, b = g.var(), g.var()
        line = f"pub fn {name}<{t}@>({a}: &mut {t}, {b}: &{t}) -> {t} {{"
        tail = [f"    let {x} = *{a};", f"    *{a} = *{b};", f"    {x}", "}"]
    return g.program(head, [line.replace("@", "")], [line.replace("@", ": Copy")], tail)


@pattern(FAMILY, "E0599")
def tb_missing_default_derive(g: Grammar) -> Pair:
    """A type's `default()` is called without deriving Default."""
    kind, name, x = g.type(), g.fn(), g.var()
    bare, full = _derive(g, "Default", ("Debug", "Clone", "PartialEq"))
    item, fields = _plain_struct(g, kind, _ANY)
    shape = g.pick("call", "change", "holder", "method")
    if shape == "call":
        rest = [f"pub fn {name}() -> {kind} {{", f"    {kind}::default()", "}"]
    elif shape == "change":
        n = g.var()
        item = struct(kind, [(fields[0], "u32"), (n, g.pick(*_ANY))])
        y = g.var()
        rest = [
            f"pub fn {name}({x}: u32) -> u32 {{",
            f"    let {y} = {kind}::default();",
            f"    {y}.{fields[0]} {g.pick('+', '*')} {x}",
            "}",
        ]
    elif shape == "holder":
        holder, field, num = g.type(), g.var(), g.var()
        rest = [*struct(holder, [(field, kind), (num, "u32")]), f"pub fn {name}({num}: u32) -> {holder} {{"]
        rest += [f"    {holder} {{ {field}: {kind}::default(), {num} }}", "}"]
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
    rest = g.random.sample(["PartialEq", "Eq"], 2)
    if g.chance(0.6):
        rest.insert(g.random.randint(0, 2), g.pick("Debug", "Clone"))
    full = list(rest)
    full.insert(g.random.randint(0, len(full)), "Hash")
    bare_line, full_line = f"#[derive({', '.join(rest)})]", f"#[derive({', '.join(full)})]"
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
    return g.program([use], [bare_line], [full_line], item + body)


@pattern(FAMILY, "E0369")
def tb_missing_partialord_derive(g: Grammar) -> Pair:
    """Values of a type are compared by order without deriving PartialOrd."""
    kind, name, x, y = g.type(), g.fn(), g.var(), g.var()
    enum = g.chance(0.6)
    item, parts = _plain_enum(g, kind) if enum else _plain_struct(g, kind, _ANY)
    rest_traits = ["PartialEq"]
    if g.chance(0.6):
        rest_traits.insert(g.random.randint(0, 1), g.pick("Debug", "Clone"))
    full = list(rest_traits)
    full.insert(g.random.randint(0, len(full)), "PartialOrd")
    bare_line, full_line = f"#[derive({', '.join(rest_traits)})]", f"#[derive({', '.join(full)})]"
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
    return g.program([], [bare_line], [full_line], item + rest)


@pattern(FAMILY, "E0046")
def tb_missing_method(g: Grammar) -> Pair:
    """An impl of a trait leaves out a required method."""
    kind, trait, field = g.type(), g.type(), g.var()
    v = string(g) if g.chance(0.35) else scalar(g)
    methods: list[tuple[str, str, str]] = []
    for _ in range(g.random.randint(1, 2) if g.chance(0.8) else 3):
        word, x = g.text(), f"self.{field}"
        choices = [("&'static str", f'"{word}"'), ("u32", str(g.number())), ("bool", g.pick("true", "false"))]
        if v.type == "String":
            choices += [("usize", f"{x}.len()"), ("String", f"{x}.clone()"), ("bool", f"{x}.is_empty()")] * 2
        else:
            choices += [(v.type, x), ("String", f'format!("{word} {{}}", {x})'), (v.type, x)] * 2
        if v.type not in ("String", "char"):
            choices += [("bool", f"{x} > {v.literal}")] * 2
        ret, body = g.random.choice(choices)
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
