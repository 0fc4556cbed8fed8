"""Lifetimes: references in signatures, structs and impls, and how long what they point to lives."""

from __future__ import annotations

from continualcode.koans.grammar import Grammar, Pair, pattern
from continualcode.koans.patterns.draws import integer, struct

FAMILY = "lifetimes"


def _lifetime(g: Grammar) -> str:
    return g.pick("'a", "'a", "'a", "'a", "'s", "'t", "'b")


def _test(g: Grammar, a: str, b: str, ref: str) -> str:
    """A condition over two references of type `ref` (`str` or a slice)."""
    tests = [f"{a}.len() {g.pick('>', '<', '>=', '<=')} {b}.len()", f"{a}.is_empty()", f"{b}.is_empty()"]
    tests += [f"{a}.len() == {g.number()}", f"{a}.len() > {g.number()}"]
    if ref == "str":
        tests += [f'{a}.contains("{g.word()}")', f'{b}.starts_with("{g.word()}")', f"{a} < {b}"]
    return g.random.choice(tests)


def _reference(g: Grammar) -> str:
    return g.pick("str", "str", "str", "[i32]", "[u64]", "[String]")


@pattern(FAMILY, "E0106")
def lt_fn_missing(g: Grammar) -> Pair:
    """A function of several references returns a reference without naming a lifetime."""
    shape = g.pick("if", "match", "struct", "option", "third", "loop")
    name, a, b, life = g.fn(), g.var(), g.var(), _lifetime(g)
    ref = _reference(g)
    head: list[str] = []
    if shape == "if":
        sig = f"pub fn {name}@({a}: &!{ref}, {b}: &!{ref}) -> &!{ref} {{"
        first, second = (a, b) if g.chance(0.5) else (b, a)
        tail = [
            f"    if {_test(g, a, b, ref)} {{",
            f"        {first}",
            "    } else {",
            f"        {second}",
            "    }",
            "}",
        ]
    elif shape == "match":
        key = g.var()
        sig = f"pub fn {name}@({a}: &!{ref}, {b}: &!{ref}, {key}: {g.pick('u8', 'i32', 'usize')}) -> &!{ref} {{"
        low = g.number(0, 9)
        tail = [f"    match {key} {{", f"        {low} => {a},", f"        _ => {b},", "    }", "}"]
    elif shape == "struct":
        kind, field = g.type(), g.var()
        head = struct(kind, [(field, g.pick("u32", "i64", "f64"))])
        sig = f"pub fn {name}@({a}: &!{kind}, {b}: &!{kind}) -> &!{kind} {{"
        tail = [
            f"    if {a}.{field} {g.pick('>', '<', '>=')} {b}.{field} {{",
            f"        {a}",
            "    } else {",
            f"        {b}",
            "    }",
            "}",
        ]
    elif shape == "option":
        sig = f"pub fn {name}@({a}: &!{ref}, {b}: &!{ref}) -> Option<&!{ref}> {{"
        if g.chance(0.5):
            test, first, last = f"{a}.len() {g.pick('>', '<', '==')} {b}.len()", g.pick(a, b), "None"
        else:
            test, first, last = _test(g, a, b, ref), a, f"Some({b})"
        tail = [f"    if {test} {{", f"        Some({first})", "    } else {", f"        {last}", "    }", "}"]
    elif shape == "third":
        key = g.var()
        sig = f"pub fn {name}@({a}: &!{ref}, {b}: &!{ref}, {key}: bool) -> &!{ref} {{"
        tail = [f"    if {key} {{", f"        {g.pick('return ', '')}{a}", "    } else {", f"        {b}", "    }", "}"]
        if "return" in tail[1]:
            tail = [f"    if {key} {{", f"        return {a};", "    }", f"    {b}", "}"]
    else:
        xs, x, best = g.plural(), g.var(), g.var()
        sig = f"pub fn {name}@({xs}: &[&!str], {a}: &!str) -> &!str {{"
        tail = [
            f"    let mut {best} = {a};",
            f"    for {x} in {xs} {{",
            f"        if {x}.len() {g.pick('>', '<')} {best}.len() {{",
        ]
        tail += [f"            {best} = {x};", "        }", "    }", f"    {best}", "}"]
    bug, fix = sig.replace("@", "").replace("!", ""), sig.replace("@", f"<{life}>").replace("!", life + " ")
    if g.chance(0.25):
        kind, field = g.type(), g.var()
        opening = [*struct(kind, [(field, g.pick("u32", "String", "bool"))]), f"impl {kind} {{"]
        tail = [*("    " + line for line in tail), "}"]
        return g.program([*head, *opening], ["    " + bug], ["    " + fix], tail)
    return g.program(head, [bug], [fix], tail)


@pattern(FAMILY, "E0106")
def lt_struct_missing(g: Grammar) -> Pair:
    """A struct or an enum holds a reference without a lifetime."""
    shape = g.pick("field", "tuple", "enum", "option", "list")
    kind, field, name, x, life = g.type(), g.var(), g.fn(), g.var(), _lifetime(g)
    ref = _reference(g)
    head: list[str] = [f"#[derive({g.pick('Debug', 'Clone', 'Debug, Clone')})]"] if g.chance(0.35) else []
    if shape in ("field", "option", "list"):
        inner = {"field": f"&!{ref}", "option": f"Option<&!{ref}>", "list": "Vec<&!str>"}[shape]
        block = [f"pub struct {kind}@ {{", f"    pub {field}: {inner},"]
        tail = [f"    pub {g.var()}: {g.pick('usize', 'u32', 'bool', 'String')},"] if g.chance(0.5) else []
        read = f"{x}.{field}.is_some()" if shape == "option" else f"{x}.{field}.is_empty()"
        tail += ["}", f"pub fn {name}({x}: &{kind}) -> bool {{", f"    {read}", "}"]
    elif shape == "tuple":
        block = [f"pub struct {kind}@(pub &!{ref}{g.pick('', ', pub usize', ', pub i32')});"]
        tail = [f"pub fn {name}({x}: &{kind}) -> usize {{", f"    {x}.0.len()", "}"]
    else:
        one, two, y = g.type(), g.type(), g.var()
        block = [f"pub enum {kind}@ {{", f"    {one}(&!{ref}),"]
        tail = [f"    {two},", "}", f"pub fn {name}({x}: &{kind}) -> usize {{", f"    match {x} {{"]
        tail += [
            f"        {kind}::{one}({y}) => {y}.len(),",
            f"        {kind}::{two} => {g.number(0, 9)},",
            "    }",
            "}",
        ]
    bug = [line.replace("@", "").replace("!", "") for line in block]
    fix = [line.replace("@", f"<{life}>").replace("!", life + " ") for line in block]
    return g.program(head, bug, fix, tail)


@pattern(FAMILY, "E0726")
def lt_impl_missing(g: Grammar) -> Pair:
    """The impl of a struct that holds a reference leaves the lifetime out."""
    shape = g.pick("inherent", "display", "trait", "iterator", "inherent")
    kind, field, name, life = g.type(), g.var(), g.fn(), _lifetime(g)
    ref = _reference(g)
    imports: list[str] = []
    extra = (g.var(), g.pick("usize", "u32", "i64"))
    if shape == "display":
        ref = "str"
        f = g.pick("f", "f", "fmt", "out")
        path = "std::fmt::"
        if g.chance(0.5):
            imports, path = ["use std::fmt;"], "fmt::"
        impl = f"impl {path}Display for {kind}@ {{"
        body = [f"    fn fmt(&self, {f}: &mut {path}Formatter<'_>) -> {path}Result {{"]
        body += [f'        write!({f}, "{g.pick("", g.word() + " ", "<")}{{}}", self.{field})', "    }", "}"]
    elif shape == "trait":
        trait = g.type()
        impl = f"impl {trait} for {kind}@ {{"
        ret, value = g.random.choice((("usize", f"self.{field}.len()"), ("bool", f"self.{field}.is_empty()")))
        imports = [f"pub trait {trait} {{", f"    fn {name}(&self) -> {ret};", "}"]
        body = [f"    fn {name}(&self) -> {ret} {{", f"        {value}", "    }", "}"]
    elif shape == "iterator":
        item = integer(g).type
        ref = f"[{item}]"
        extra = (g.var(), "usize")
        impl = f"impl Iterator for {kind}@ {{"
        v = g.var()
        body = [f"    type Item = {item};", "", f"    fn next(&mut self) -> Option<{item}> {{"]
        body += [
            f"        let {v} = self.{field}.get(self.{extra[0]}).copied();",
            f"        self.{extra[0]} += {g.number(1, 4)};",
        ]
        body += [f"        {v}", "    }", "}"]
    else:
        impl = f"impl {kind}@ {{"
        n = g.var()
        body = g.random.choice(
            (
                [
                    f"    pub fn {name}(&self) -> usize {{",
                    f"        self.{field}.len() {g.pick('+', '*')} {g.number(2, 9)}",
                    "    }",
                ],
                [f"    pub fn {name}(&self) -> &{ref} {{", f"        self.{field}", "    }"],
                [
                    f"    pub fn {name}(&self, {n}: usize) -> bool {{",
                    f"        self.{field}.len() {g.pick('>', '<', '==')} {n}",
                    "    }",
                ],
            )
        )
        if g.chance(0.35):
            body += ["", f"    pub fn {g.fn()}(&self) -> bool {{", f"        self.{field}.is_empty()", "    }"]
        body = [*body, "}"]
    fields = [(field, f"&{life} {ref}")]
    if shape == "iterator" or g.chance(0.4):
        fields.append(extra)
    decl = struct(f"{kind}<{life}>", fields)
    return g.program([*imports, *decl], [impl.replace("@", "")], [impl.replace("@", "<'_>")], body)


@pattern(FAMILY, "")
def lt_wrong_param(g: Grammar) -> Pair:
    """The lifetimes are written (or elided) so that the result is tied to the wrong parameter."""
    shape = g.pick("two", "method", "self_name", "push", "struct_two", "two")
    name, a, b, life = g.fn(), g.var(), g.var(), _lifetime(g)
    other = g.pick(*[x for x in ("'b", "'c", "'x", "'t") if x != life])
    ref = _reference(g)
    head: list[str] = []
    if shape in ("two", "struct_two"):
        if shape == "struct_two":
            kind, field = g.type(), g.var()
            head, ref = struct(kind, [(field, g.pick("u32", "i64", "usize"))]), kind
            test = f"{a}.{field} {g.pick('>', '<', '>=')} {b}.{field}"
        else:
            test = _test(g, a, b, ref)
        bug = f"pub fn {name}<{life}, {other}>({a}: &{life} {ref}, {b}: &{other} {ref}) -> &{life} {ref} {{"
        fix = f"pub fn {name}<{life}>({a}: &{life} {ref}, {b}: &{life} {ref}) -> &{life} {ref} {{"
        if g.chance(0.5):
            tail = [f"    if {test} {{", f"        {a}", "    } else {", f"        {b}", "    }", "}"]
        else:
            tail = [f"    if {test} {{", f"        return {b};", "    }", f"    {a}", "}"]
    elif shape == "method":
        kind, field = g.type(), g.var()
        head = [*struct(kind, [(field, "String")]), f"impl {kind} {{"]
        bug = f"    pub fn {name}(&self, {b}: &str) -> &str {{"
        fix = f"    pub fn {name}<{life}>(&{life} self, {b}: &{life} str) -> &{life} str {{"
        tail = [f"        if {_test(g, 'self.' + field, b, 'slice')} {{", f"            {b}", "        } else {"]
        tail += [f"            &self.{field}", "        }", "    }", "}"]
        if g.chance(0.4):
            bug = f"    pub fn {name}(&self, {b}: &str) -> &str {{"
            fix = f"    pub fn {name}<{life}>(&self, {b}: &{life} str) -> &{life} str {{"
            cut = g.pick("trim_start_matches", "trim_end_matches")
            tail = [f"        {b}.{cut}(self.{field}.as_str())", "    }", "}"]
    elif shape == "self_name":
        kind, field, own = g.type(), g.var(), g.var()
        head = [
            *struct(f"{kind}<{life}>", [(field, f"&{life} str"), (own, "String")]),
            f"impl<{life}> {kind}<{life}> {{",
        ]
        head += [f"    pub fn {g.fn()}(&self) -> &{life} str {{", f"        self.{field}", "    }"]
        bug, fix = f"    pub fn {name}(&self) -> &{life} str {{", f"    pub fn {name}(&self) -> &str {{"
        tail = [f"        {g.pick(f'&self.{own}', f'self.{own}.as_str()', f'self.{own}.trim()')}", "    }", "}"]
    else:
        xs = g.plural()
        bug = f"pub fn {name}({xs}: &mut Vec<&{ref}>, {a}: &{ref}) {{"
        fix = f"pub fn {name}<{life}>({xs}: &mut Vec<&{life} {ref}>, {a}: &{life} {ref}) {{"
        tail = [f"    {xs}.push({a});", "}"]
        if g.chance(0.5):
            tail = [f"    if {_test(g, a, xs, 'slice')} {{", f"        {xs}.push({a});", "    }", "}"]
    return g.program(head, [bug], [fix], tail)


@pattern(FAMILY, "E0261")
def lt_undeclared(g: Grammar) -> Pair:
    """A lifetime is used without having been declared."""
    shape = g.pick("fn", "struct", "impl", "enum", "method", "fn")
    kind, field, name, a, b, life = g.type(), g.var(), g.fn(), g.var(), g.var(), _lifetime(g)
    ref = _reference(g)
    head: list[str] = []
    if shape == "fn":
        line = f"pub fn {name}@({a}: &{life} {ref}, {b}: &{life} {ref}) -> &{life} {ref} {{"
        tail = [f"    if {_test(g, a, b, ref)} {{", f"        {a}", "    } else {", f"        {b}", "    }", "}"]
        if g.chance(0.3):
            line = f"pub fn {name}@({a}: &{life} str, {b}: &str) -> &{life} str {{"
            tail = [f"    {a}.{g.pick('trim_start_matches', 'trim_end_matches')}({b})", "}"]
    elif shape == "struct":
        line = f"pub struct {kind}@ {{"
        tail = [f"    pub {field}: &{life} {ref},"]
        if g.chance(0.5):
            tail += [f"    pub {g.var()}: {g.pick('usize', 'u32', 'bool', f'&{life} str')},"]
        tail += ["}", f"pub fn {name}({a}: &{kind}) -> usize {{", f"    {a}.{field}.len()", "}"]
    elif shape == "enum":
        one, two, y = g.type(), g.type(), g.var()
        line = f"pub enum {kind}@ {{"
        tail = [f"    {one}(&{life} {ref}),", f"    {two}({g.pick('i32', 'u8', 'String')}),", "}"]
        tail += [f"pub fn {name}({a}: &{kind}) -> bool {{", f"    matches!({a}, {kind}::{g.pick(one, two)}(_))", "}"]
        if g.chance(0.5):
            tail[4:] = [
                f"    if let {kind}::{one}({y}) = {a} {{",
                f"        return {y}.is_empty();",
                "    }",
                "    false",
                "}",
            ]
    elif shape == "impl":
        head = struct(f"{kind}<{life}>", [(field, f"&{life} {ref}")])
        line = f"impl@ {kind}<{life}> {{"
        tail = [f"    pub fn {name}({field}: &{life} {ref}) -> Self {{", f"        {kind} {{ {field} }}", "    }", "}"]
        if g.chance(0.4):
            tail = [f"    pub fn {name}(&self) -> &{life} {ref} {{", f"        self.{field}", "    }", "}"]
    else:
        head = [*struct(kind, [(field, "String")]), f"impl {kind} {{"]
        line = f"    pub fn {name}@(&{life} self, {b}: &{life} str) -> &{life} str {{"
        tail = [f"        if {_test(g, 'self.' + field, b, 'slice')} {{", f"            {b}", "        } else {"]
        tail += [f"            &self.{field}", "        }", "    }", "}"]
    return g.program(head, [line.replace("@", "")], [line.replace("@", f"<{life}>")], tail)


@pattern(FAMILY, "E0515")
def lt_return_temp(g: Grammar) -> Pair:
    """A function returns a reference to a temporary; the repair returns the owned value."""
    shape = g.pick("format", "method", "case", "vec", "self_vec", "from")
    name, x, kind, field = g.fn(), g.var(), g.type(), g.var()
    pre, tail, head = "", ["}"], []
    params, ref, owned = f"{x}: &str", "&str", "String"
    v = g.pick("i32", "u64", "i64", "u32")
    if shape == "format":
        value = f'format!("{g.pick(g.word() + " ", g.word() + ": ", "<")}{{{x}}}{g.pick("", "!", ">", "...")}")'
        if g.chance(0.3):
            params, ref = f"{x}: {v}", "&'static str"
        temp = g.pick(f"&{value}", f"{value}.as_str()") if g.chance(0.7) else f"&{value}[..]"
    elif shape == "method":
        head = [*struct(kind, [(field, "String"), (x, "u32")]), f"impl {kind} {{"]
        value = f'format!("{{}}{g.pick(" ", "-", ": ", "/")}{{}}", self.{field}, self.{x})'
        temp, params, pre, tail = g.pick(f"&{value}", f"{value}.as_str()"), "&self", "    ", ["    }", "}"]
    elif shape == "case":
        value = f"{x}.{g.pick('to_uppercase()', 'to_lowercase()', 'trim().to_uppercase()', 'repeat(3)', 'trim().to_lowercase()')}"
        temp = g.pick(f"&{value}", f"{value}.as_str()")
    elif shape == "vec":
        value = g.pick(
            f"{x}.iter().map(|k| k {g.pick('+', '*')} {g.number(2, 9)}).collect::<Vec<{v}>>()",
            f"{x}.repeat({g.number(2, 9)})",
        )
        temp, params, ref, owned = (
            f"{g.pick(f'&{value}', f'{value}.as_slice()')}",
            f"{x}: &[{v}]",
            f"&[{v}]",
            f"Vec<{v}>",
        )
    elif shape == "self_vec":
        xs, y = g.plural(), g.var()
        head = [*struct(kind, [(xs, "Vec<String>")]), f"impl {kind} {{"]
        sep = g.pick(", ", " ", "/", "-")
        value = g.pick(f'self.{xs}.join("{sep}")', f"self.{xs}.concat()", f"self.{xs}[0].replace(' ', \"{y}\")")
        temp, params, pre, tail = g.pick(f"&{value}", f"{value}.as_str()"), "&self", "    ", ["    }", "}"]
    else:
        value = (
            f'String::from({x}) + "{g.pick("!", " ", ".")}{g.word()}"'
            if g.chance(0.5)
            else f'{x}.replace("{g.word()}", "{g.word()}")'
        )
        temp = f"&({value})" if "+" in value else f"&{value}"
    bug = [f"{pre}pub fn {name}({params}) -> {ref} {{", f"{pre}    {temp}"]
    fix = [f"{pre}pub fn {name}({params}) -> {owned} {{", f"{pre}    {value}"]
    return g.program(head, bug, fix, tail)


@pattern(FAMILY, "E0106")
def lt_static_needed(g: Grammar) -> Pair:
    """A reference with nothing to borrow from: literals are `'static`."""
    shape = g.pick("plain", "match", "if", "enum", "option", "array", "struct")
    name, x, kind = g.fn(), g.var(), g.type()
    v = integer(g)
    head: list[str] = []
    if shape == "plain":
        line, tail = f"pub fn {name}() -> &@str {{", [f'    "{g.text()}"', "}"]
    elif shape == "match":
        line = f"pub fn {name}({x}: {v.type}) -> &@str {{"
        tail = [f"    match {x} {{"]
        tail += [f'        {k} => "{g.text()}",' for k in sorted(g.random.sample(range(10), g.random.randint(1, 3)))]
        tail += [f'        _ => "{g.text()}",', "    }", "}"]
    elif shape == "if":
        line = f"pub fn {name}({x}: {v.type}) -> &@str {{"
        tail = [
            f"    if {x} {g.pick('>', '<', '==')} {v.literal} {{",
            f'        "{g.text()}"',
            "    } else {",
            f'        "{g.text()}"',
            "    }",
            "}",
        ]
        if g.chance(0.4):
            tail = [
                f"    if {x} {g.pick('>', '<', '==')} {v.literal} {{",
                f'        return "{g.text()}";',
                "    }",
                f'    "{g.text()}"',
                "}",
            ]
    elif shape == "enum":
        one, two = g.type(), g.type()
        head = [f"pub enum {kind} {{", f"    {one},", f"    {two},", "}"]
        line = f"pub fn {name}({x}: {kind}) -> &@str {{"
        tail = [
            f"    match {x} {{",
            f'        {kind}::{one} => "{g.word()}",',
            f'        {kind}::{two} => "{g.word()}",',
            "    }",
            "}",
        ]
    elif shape == "option":
        line = f"pub fn {name}({x}: {v.type}) -> Option<&@str> {{"
        tail = [
            f"    if {x} {g.pick('>', '<', '==')} {v.literal} {{",
            f'        Some("{g.text()}")',
            "    } else {",
            "        None",
            "    }",
            "}",
        ]
    elif shape == "array":
        words = [f'"{g.word()}"' for _ in range(g.random.randint(2, 4))]
        many, make = g.random.choice(((f"[&@str; {len(words)}]", "["), ("Vec<&@str>", "vec![")))
        line, tail = f"pub fn {name}() -> {many} {{", [f"    {make}{', '.join(words)}]", "}"]
    else:
        field, num = g.var(), g.var()
        head, line = [f"pub struct {kind} {{"], f"    pub {field}: &@str,"
        tail = [f"    pub {num}: {v.type},", "}", f"pub fn {name}() -> {kind} {{"]
        tail += [f'    {kind} {{ {field}: "{g.text()}", {num}: {v.literal} }}', "}"]
    return g.program(head, [line.replace("@", "")], [line.replace("@", "'static ")], tail)
