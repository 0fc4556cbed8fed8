"""Borrow checker: moves, mutability, aliasing, and references that outlive what they point to."""

from __future__ import annotations

from continualcode.koans.grammar import Grammar, Pair, pattern
from continualcode.koans.patterns import scenes
from continualcode.koans.patterns.draws import Value, element, integer, owned, scalar, string, struct, text

FAMILY = "borrow_checker"


@pattern(FAMILY, "E0596")
def bc_missing_mut(g: Grammar) -> Pair:
    """A local collection, text or struct is changed through a method without having been declared `mut`."""
    if g.chance(0.4):
        return _chain_then_changed(g)
    shape = g.pick("push", "loop", "map", "text", "sort", "struct", "queue")
    name, xs = g.fn(), g.plural()
    head: list[str] = []
    if shape == "push":
        v = element(g)
        ty = f"Vec<{v.type}>"
        init = g.pick("Vec::new()", "Vec::with_capacity(4)", f"vec![{v.literal}]")
        annotated = f": {ty}" if g.chance(0.3) else ""
        rest = f"{annotated} = {init};"
        flag = g.var()
        literal = v.literal if v.type != "String" else text(g)
        head = [f"pub fn {name}({flag}: bool) -> {ty} {{"]
        tail = [f"    if {flag} {{", f"        {xs}.push({literal});", "    }", f"    {xs}", "}"]
    elif shape == "loop":
        src, x, k = g.plural(), g.var(), g.number()
        head = [f"pub fn {name}({src}: &[i32]) -> Vec<i32> {{"]
        rest = g.pick(" = Vec::new();", ": Vec<i32> = Vec::new();", " = vec![];")
        change = g.pick(f"{x} * {k}", f"{x} + {k}", f"-{x}")
        tail = [f"    for {x} in {src} {{", f"        if *{x} {g.pick('>', '<', '!=')} {g.number()} {{"]
        tail += [f"            {xs}.push({change});", "        }", "    }", f"    {xs}", "}"]
    elif shape == "map":
        src, x = g.plural(), g.var()
        kind = g.pick("HashMap", "BTreeMap")
        head = [f"use std::collections::{kind};", f"pub fn {name}({src}: &[String]) -> {kind}<String, usize> {{"]
        rest = f" = {kind}::new();"
        put = g.pick(
            f"{xs}.insert({x}.clone(), {x}.len());", f"*{xs}.entry({x}.clone()).or_insert(0) += {g.number(1, 9)};"
        )
        tail = [f"    for {x} in {src} {{", f"        {put}", "    }", f"    {xs}", "}"]
    elif shape == "text":
        src, x = g.plural(), g.var()
        head = [f"pub fn {name}({src}: &[&str]) -> String {{"]
        rest = g.pick(" = String::new();", f" = {text(g)};")
        sep = g.pick("' '", "','", "'-'", "'\\n'")
        tail = [
            f"    for {x} in {src} {{",
            f"        {xs}.push_str({x});",
            f"        {xs}.push({sep});",
            "    }",
            f"    {xs}",
            "}",
        ]
    elif shape == "sort":
        src, v = g.plural(), integer(g)
        head = [f"pub fn {name}({src}: &[{v.type}]) -> Vec<{v.type}> {{"]
        rest = f" = {src}.{g.pick('to_vec()', 'to_owned()')};"
        steps = g.pick("sort()", "reverse()", f"push({v.literal})", f"truncate({g.number(1, 9)})", "sort_unstable()")
        tail = [f"    {xs}.{steps};", f"    {xs}", "}"]
    elif shape == "queue":
        v, n = integer(g), g.var()
        head = ["use std::collections::VecDeque;", f"pub fn {name}({n}: {v.type}) -> VecDeque<{v.type}> {{"]
        rest = " = VecDeque::new();"
        tail = [
            f"    {xs}.push_{g.pick('back', 'front')}({n});",
            f"    {xs}.push_{g.pick('back', 'front')}({v.literal});",
        ]
        tail += [f"    {xs}", "}"]
    else:
        kind, field, method, v = g.type(), g.var(), g.fn(), integer(g)
        arg = g.var()
        head = struct(kind, [(field, v.type)])
        head += [f"impl {kind} {{", f"    pub fn {method}(&mut self, {arg}: {v.type}) {{"]
        head += [
            f"        self.{field} {g.pick('+=', '=', '*=')} {arg};",
            "    }",
            "}",
            f"pub fn {name}() -> {v.type} {{",
        ]
        rest = f" = {kind} {{ {field}: {v.literal} }};"
        tail = [f"    {xs}.{method}({g.number()});" for _ in range(g.random.randint(1, 2))] + [f"    {xs}.{field}", "}"]
    return g.program(head, [f"    let {xs}{rest}"], [f"    let mut {xs}{rest}"], tail)


def _chain_then_changed(g: Grammar) -> Pair:
    """A chain over several lines (or a long one) into a variable that is changed further down, without `mut`."""
    s, name, found, n = scenes.scene(g), g.fn(), g.plural(), g.number(2, 20)
    some = [scenes.sift(g, s)] if g.chance(0.5) else []
    read, ty = g.random.choice(((scenes.strings(g, s), "String"), (scenes.numbers(g, s), s.number)))
    end, annotated = g.random.choice(((".collect::<Vec<_>>()", ""), (".collect()", f": Vec<{ty}>")))
    lines = scenes.chain(g, s.source, [".iter()", *some, read, end])[0].split("\n")
    pad = "        " if s.owner else "    "
    changes = [f"{found}.sort();", f"{found}.reverse();", f"{found}.truncate({n});", f"{found}.dedup();", f"{found}.retain(|kept| *kept != {'0' if ty != 'String' else f'{chr(34)}{g.word()}{chr(34)}'});"]  # fmt: skip
    chosen = g.random.sample(changes, g.random.choice((1, 2, 2)))
    if g.chance(0.3):
        chosen = [f"if {found}.len() > {n} {{", f"    {g.random.choice(changes)}", "}"]
    head = [
        *s.before,
        *([f"impl {s.owner} {{"] if s.owner else []),
        f"{pad[4:]}pub fn {name}({s.params}) -> Vec<{ty}> {{",
    ]
    first = f"{found}{annotated} = {lines[0]}{';' if len(lines) == 1 else ''}"
    tail = [f"{pad}    {link}{';' if i == len(lines) - 2 else ''}" for i, link in enumerate(lines[1:])]
    tail += [*(pad + line for line in chosen), pad + found, pad[4:] + "}", *(["}"] if s.owner else [])]
    return g.program(head, [f"{pad}let {first}"], [f"{pad}let mut {first}"], tail)


@pattern(FAMILY, "E0384")
def bc_assign_twice(g: Grammar) -> Pair:
    """A plain variable or a parameter is assigned again without `mut`."""
    shape = g.pick("sum", "best", "while", "label", "param", "count")
    name, xs, x, acc = g.fn(), g.plural(), g.var(), g.var()
    v = integer(g)
    if shape == "sum":
        op = g.pick("+=", "*=") if v.type.startswith("u") else g.pick("+=", "-=", "*=")
        head = [f"pub fn {name}({xs}: &[{v.type}]) -> {v.type} {{"]
        rest = g.pick(f" = {g.number(0, 5)};", f": {v.type} = {g.number(0, 5)};")
        item, read = g.random.choice(((x, f"*{x}"), (f"&{x}", x)))
        tail = [f"    for {item} in {xs} {{", f"        {acc} {op} {read};", "    }", f"    {acc}", "}"]
    elif shape == "best":
        head = [f"pub fn {name}({xs}: &[{v.type}]) -> {v.type} {{"]
        rest = f" = {g.pick(f'{xs}[0]', v.literal)};"
        tail = [f"    for {x} in {xs} {{", f"        if *{x} {g.pick('>', '<')} {acc} {{", f"            {acc} = *{x};"]
        tail += ["        }", "    }", f"    {acc}", "}"]
    elif shape == "while":
        head = [f"pub fn {name}({x}: {v.type}) -> {v.type} {{"]
        rest = f" = {g.number(1, 9)};"
        tail = [
            f"    while {acc} < {x} {{",
            f"        {acc} {g.pick('*= 2', '+= 3', '+= 5', '*= 3')};",
            "    }",
            f"    {acc}",
            "}",
        ]
    elif shape == "label":
        head = [f"pub fn {name}({x}: {v.type}) -> &'static str {{"]
        rest = f' = "{g.text()}";'
        tail = [
            f"    if {x} {g.pick('>', '<', '==')} {v.literal} {{",
            f'        {acc} = "{g.text()}";',
            "    }",
            f"    {acc}",
            "}",
        ]
    elif shape == "count":
        head = [f"pub fn {name}({xs}: &str) -> usize {{"]
        rest = g.pick(" = 0;", ": usize = 0;")
        test = g.pick(f"{x}.is_uppercase()", f"{x} == '{g.pick(*'aeiou.,-')}'", f"{x}.is_ascii_digit()")
        tail = [
            f"    for {x} in {xs}.chars() {{",
            f"        if {test} {{",
            f"            {acc} += 1;",
            "        }",
            "    }",
        ]
        tail += [f"    {acc}", "}"]
    else:
        other = g.var()
        extra = f", {other}: {v.type}" if g.chance(0.5) else ""
        first = f"{acc}: {v.type}{extra}) -> {v.type} {{"
        by = other if extra else str(g.number(2, 9))
        body = [f"    if {acc} > {v.literal} {{", f"        {acc} {g.pick('+=', '/=', '*=')} {by};", "    }"]
        if g.chance(0.4):
            body = [
                f"    while {acc} > {v.literal} {{",
                f"        {acc} {g.pick('-=', '/=')} {g.number(2, 5)};",
                "    }",
            ]
            body += [f"    {acc} {g.pick('+', '*')} {by}", "}"]
        else:
            body += [f"    {acc}", "}"]
        return g.program([], [f"pub fn {name}({first}"], [f"pub fn {name}(mut {first}"], body)
    return g.program(head, [f"    let {acc}{rest}"], [f"    let mut {acc}{rest}"], tail)


def _use_of(g: Grammar, a: str) -> Value:
    """An expression (and its type) that reads the `String` or `Vec` named `a`."""
    return g.random.choice(
        (Value("usize", f"{a}.len()"), Value("usize", f"{a}.len() + {g.number()}"), Value("bool", f"{a}.is_empty()"))
    )


def _moved_by_method(g: Grammar) -> Pair:
    """A method that keeps a text, or a thing, in several places of its type: the first takes it away."""
    owner, kind, name = g.type(), g.type(), g.fn()
    xs, one = g.items()
    a, b, n, last = g.var(), g.var(), g.var(), g.var()
    fields = [(a, "String"), (b, "u32")]
    g.random.shuffle(fields)
    k = g.number(1, 60)
    parts = {a: f"{a}: @", b: f"{b}: {g.pick(n, f'{n} * {k}', f'{n} + {k}')}"}
    literal = f"{kind} {{ {', '.join(parts[f] for f, _ in fields)} }}"
    before = struct(kind, fields, g.pick("", "Debug", "Debug, Clone"))
    shape = g.pick("push", "insert", "last", "last", "branch", "value")
    tail: list[str]
    if shape == "push":
        before += struct(owner, [(xs, f"Vec<{kind}>")])
        sig, line = f"&mut self, {a}: String, {n}: u32) -> String", f"        self.{xs}.push({literal});"
        tail = [f'        format!("{g.text()} {{{a}}}{g.pick("", f": {{{n}}}", f" ({{{n}}})")}")']
    elif shape == "insert":
        use = g.pick("HashMap", "BTreeMap")
        before = [
            f"use std::collections::{use};",
            *before,
            *struct(owner, [(xs, f"{use}<String, {kind}>"), (last, "String")]),
        ]
        literal = literal.replace("@", f'"{g.text()}".to_string()')
        sig, line = f"&mut self, {a}: String, {n}: u32) -> usize", f"        self.{xs}.insert(@, {literal});"
        tail = [f"        self.{last} = {a};", f"        self.{xs}.len()"]
    elif shape == "last":
        before += struct(owner, [(xs, f"Vec<{kind}>"), (last, "Option<String>")])
        sig, line = f"&mut self, {a}: String, {n}: u32)", f"        self.{xs}.push({literal});"
        tail = [f"        self.{last} = Some({a});"]
    elif shape == "branch":
        before += struct(owner, [(xs, "Vec<String>"), (last, "u32")])
        sig = f"&mut self, {a}: String, {n}: u32) -> Option<String>"
        line = f"            self.{xs}.push(@);"
        tail = ["        }", f"        self.{last} += 1;", f"        Some({a})"]
    else:
        before = struct(kind, fields, g.pick("Clone", "Debug, Clone", "Clone, Debug, PartialEq"))
        before += struct(owner, [(xs, f"Vec<{kind}>"), (last, "u32")])
        sig, line = f"&mut self, {one}: {kind}) -> usize", f"        self.{xs}.{g.pick('push(@)', 'insert(0, @)')};"
        tail = [f"        self.{last} += {one}.{b};", f"        {one}.{a}.len() + self.{xs}.len()"]
        a = one
    head = [*before, f"impl {owner} {{", f"    pub fn {name}({sig} {{"]
    if shape == "branch":
        head += [f"        if {n} > {k} {{"]
    return g.program(head, [line.replace("@", a)], [line.replace("@", f"{a}.clone()")], [*tail, "    }", "}"])


@pattern(FAMILY, "E0382")
def bc_use_after_move(g: Grammar) -> Pair:
    """A value is moved into a variable, a struct, a tuple or a collection, and then read."""
    if g.chance(0.4):
        return _moved_by_method(g)
    shape = g.pick("let", "push", "struct", "tuple", "map", "some", "struct_value")
    name, a, b, v = g.fn(), g.var(), g.var(), owned(g)
    after = _use_of(g, a)
    start = [f"    let {a} = {v.literal};"] if g.chance(0.5) else []
    params = "" if start else f"{a}: {v.type}"

    def sig(ret: str) -> str:
        return f"pub fn {name}({params}) -> {ret} {{"

    if shape == "let":
        head = [sig("bool"), *start]
        line = f"    let {b} = @;"
        tail = [
            f"    {a} {g.pick('==', '!=')} {b}" if g.chance(0.5) else f"    {a}.len() > {b}.len() + {g.number()}",
            "}",
        ]
    elif shape == "push":
        ret = f"(Vec<{v.type}>, {after.type})"
        first = text(g) if v.type == "String" else v.literal
        head = [sig(ret), *start, f"    let mut {b} = vec![{first}];"]
        line = f"    {b}.push(@);"
        tail = [f"    ({b}, {after.literal})", "}"]
    elif shape == "struct":
        kind, field, num = g.type(), g.var(), g.var()
        head = [*struct(kind, [(field, v.type), (num, after.type)]), sig(kind), *start]
        if g.chance(0.5):
            head += [f"    {kind} {{"]
            line, tail = f"        {field}: @,", [f"        {num}: {after.literal},", "    }", "}"]
        else:
            line, tail = f"    {kind} {{ {field}: @, {num}: {after.literal} }}", ["}"]
    elif shape == "tuple":
        head = [sig(f"(({v.type}, i32), {after.type})"), *start]
        line = f"    let {b} = (@, {g.number()});"
        tail = [f"    ({b}, {after.literal})", "}"]
    elif shape == "map":
        v = string(g)
        start = [f"    let {a} = {v.literal};"] if start else []
        params = "" if start else f"{a}: String"
        head = ["use std::collections::HashMap;", sig(f"(HashMap<String, i32>, {after.type})"), *start]
        head += [f"    let mut {b} = HashMap::new();"]
        line = f"    {b}.insert(@, {g.number()});"
        tail = [f"    ({b}, {after.literal})", "}"]
    elif shape == "some":
        head = [sig(f"(Option<{v.type}>, {after.type})"), *start]
        line = f"    let {b} = {g.pick('Some(@)', 'Some(@)', 'Option::Some(@)')};"
        tail = [f"    ({b}, {after.literal})", "}"]
    else:
        kind, field = g.type(), g.var()
        head = [*struct(kind, [(field, v.type)], g.pick("Clone", "Debug, Clone", "Clone, PartialEq"))]
        head += [f"pub fn {name}({a}: {kind}) -> (Vec<{kind}>, usize) {{"]
        line = f"    let {b} = vec![@];"
        tail = [f"    ({b}, {a}.{field}.len())", "}"]
    return g.program(head, [line.replace("@", a)], [line.replace("@", f"{a}.clone()")], tail)


@pattern(FAMILY, "E0382")
def bc_moved_in_for(g: Grammar) -> Pair:
    """A `for` loop takes a collection by value, and the collection is used afterwards."""
    name, xs, x, acc = g.fn(), g.plural(), g.var(), g.var()
    shape = g.pick("numbers", "texts", "map", "print", "structs", "pairs")
    imports: list[str] = []
    before: list[str] = []
    loop_var = x
    if shape == "numbers":
        ty = g.pick("i32", "u32", "i64", "u64", "f64")
        coll, zero = f"Vec<{ty}>", "0.0" if ty == "f64" else str(g.number(0, 9))
        init = [f"    let mut {acc}: {ty} = {zero};"]
        body, ret = [f"        {acc} += {x};"], ty
        last = f"({acc}, @)"
    elif shape == "texts":
        coll = "Vec<String>"
        init = [f"    let mut {acc} = 0;"]
        test = g.pick(f"{x}.len() > {g.number()}", f'{x}.starts_with("{g.word()}")', f"{x}.is_empty()")
        body, ret = [f"        if {test} {{", f"            {acc} += 1;", "        }"], "i32"
        if g.chance(0.5):
            body, ret = [f"        {acc} += {x}.len();"], "usize"
        last = f"({acc}, @)"
    elif shape == "map":
        kind, k = g.pick("HashMap", "BTreeMap"), g.var()
        imports = [f"use std::collections::{kind};"]
        coll, loop_var = f"{kind}<String, i32>", f"({k}, {x})"
        init = [f"    let mut {acc} = {g.number(0, 9)};"]
        body, ret = [f'        println!("{{{k}}}: {{{x}}}");', f"        {acc} += {x};"], "i32"
        last = f"({acc}, @)"
    elif shape == "print":
        v = element(g)
        coll, init, ret = f"Vec<{v.type}>", [], ""
        body = [f'        println!("{g.pick("", g.word() + " ", "- ")}{{{x}}}");']
        last = "@"
    elif shape == "pairs":
        k = g.var()
        coll, loop_var = "Vec<(String, u32)>", f"({k}, {x})"
        init = [f"    let mut {acc} = {g.number(0, 5)};"]
        body, ret = [f"        if {k}.len() > {g.number(1, 9)} {{", f"            {acc} += {x};", "        }"], "u32"
        last = f"({acc}, @)"
    else:
        kind, field = g.type(), g.var()
        before = struct(kind, [(field, "i64")])
        coll, init = f"Vec<{kind}>", [f"    let mut {acc} = {g.number(0, 9)};"]
        body, ret = [f"        {acc} += {x}.{field};"], "i64"
        last = f"({acc}, @)"
    rest, rest_type = (f"{xs}.len()", "usize") if g.chance(0.6) else (xs, coll)
    ret = f"({ret}, {rest_type})" if ret else rest_type
    head = [*imports, *before, f"pub fn {name}({xs}: {coll}) -> {ret} {{", *init]
    tail = [*body, "    }", f"    {last.replace('@', rest)}", "}"]
    return g.program(head, [f"    for {loop_var} in {xs} {{"], [f"    for {loop_var} in &{xs} {{"], tail)


@pattern(FAMILY, "E0382")
def bc_moved_into_fn(g: Grammar) -> Pair:
    """A value is passed by value to a function or a method, and read afterwards."""
    shape = g.pick("text", "vec", "struct", "method", "text", "kept", "kept")
    callee, name, p, a, out = g.fn(), g.fn(), g.var(), g.var(), g.var()
    call = f"{callee}(@)"
    if shape == "text":
        body, ret = g.random.choice(
            ((f"{p}.len()", "usize"), (f'format!("{g.word()} {{{p}}}")', "String"), (f'{p} + "{g.word()}"', "String"))
        )
        ty, literal, read = "String", text(g), f"{a}.len()"
        head = [f"pub fn {callee}({p}: String) -> {ret} {{", f"    {body}", "}"]
    elif shape == "kept":
        kind, field, num = g.type(), g.var(), g.var()
        ty, ret, body = g.random.choice(
            (
                ("Vec<u8>", "u8", f"{p}.into_iter().fold({g.number(0, 9)}, |sum, byte| sum ^ byte)"),
                ("Vec<u32>", "u32", f"{p}.into_iter().filter(|kept| *kept > {g.number()}).sum()"),
                ("String", "usize", f"{p}.split('{g.pick(*',;:')}').filter(|part| !part.is_empty()).count()"),
                ("String", "String", f'format!("{g.word()}: {{}}", {p}.to_uppercase())'),
                ("Vec<String>", "String", f'{p}.join("{g.pick(", ", "-", " / ")}")'),
            )
        )
        head = [f"{g.pick('', 'pub ')}fn {callee}({p}: {ty}) -> {ret} {{", f"    {body}", "}"]
        head += struct(kind, [(field, ty), (num, ret)], g.pick("", "Debug", "Debug, PartialEq"))
        if g.chance(0.5):
            head += [f"pub fn {name}({a}: {ty}) -> {kind} {{"]
            tail = [f"    {kind} {{ {field}: {a}, {num}: {out} }}", "}"]
            line = f"    let {out} = {call};"
        else:
            head += [f"pub fn {name}({a}: {ty}) -> {kind} {{", f"    {kind} {{"]
            line, tail = f"        {num}: {call},", [f"        {field}: {a},", "    }", "}"]
        return g.program(head, [line.replace("@", a)], [line.replace("@", f"{a}.clone()")], tail)
    elif shape == "vec":
        inner = g.pick("i32", "u64", "i64")
        ret = inner
        body = g.pick(
            f"{p}.iter().sum()", f"{p}.into_iter().max().unwrap_or({g.number()})", f"{p}[0] * {g.number(2, 9)}"
        )
        ty, literal, read = f"Vec<{inner}>", f"vec![{g.numbers()}]", f"{a}.len()"
        head = [f"pub fn {callee}({p}: Vec<{inner}>) -> {ret} {{", f"    {body}", "}"]
    elif shape == "struct":
        kind, field, num = g.type(), g.var(), g.var()
        ret, ty = "String", kind
        literal = f"{kind} {{ {field}: {text(g)}, {num}: {g.number()} }}"
        head = struct(
            kind, [(field, "String"), (num, "u32")], g.pick("Clone", "Clone, Debug", "Debug, Clone, PartialEq")
        )
        head += [
            f"pub fn {callee}({p}: {kind}) -> String {{",
            f'    format!("{{}}{g.pick(" ", ": ", "-")}{{}}", {p}.{field}, {p}.{num})',
            "}",
        ]
        read = g.pick(f"{a}.{field}.len()", f"{a}.{num} as usize")
    else:
        kind, field, book = g.type(), g.plural(), g.var()
        ret, ty, literal, read = "usize", "String", text(g), f"{a}.len()"
        head = [
            *struct(kind, [(field, "Vec<String>")]),
            f"impl {kind} {{",
            f"    pub fn {callee}(&mut self, {p}: String) -> usize {{",
        ]
        head += [f"        self.{field}.push({p});", f"        self.{field}.len()", "    }", "}"]
        head += [f"pub fn {name}({book}: &mut {kind}, {a}: String) -> (usize, usize) {{"]
        line = f"    let {out} = {book}.{callee}(@);"
        return g.program(
            head, [line.replace("@", a)], [line.replace("@", f"{a}.clone()")], [f"    ({out}, {read})", "}"]
        )
    if g.chance(0.5):
        head += [f"pub fn {name}() -> ({ret}, usize) {{", f"    let {a} = {literal};"]
    else:
        head += [f"pub fn {name}({a}: {ty}) -> ({ret}, usize) {{"]
    line, tail = f"    let {out} = {call};", [f"    ({out}, {read})", "}"]
    if g.chance(0.35):
        tail = [f'    println!("{{}}", {read});', f"    ({out}, {g.number()})", "}"]
    return g.program(head, [line.replace("@", a)], [line.replace("@", f"{a}.clone()")], tail)


@pattern(FAMILY, "E0596")
def bc_param_not_mut(g: Grammar) -> Pair:
    """A parameter borrowed with `&` (or `&self`) is changed through it."""
    shape = g.pick("vec", "self", "map", "text", "struct", "self", "loop")
    name, xs, x = g.fn(), g.plural(), g.var()
    head: list[str] = []
    if shape == "vec":
        v = element(g)
        sig = f"pub fn {name}({xs}: &@Vec<{v.type}>, {x}: {v.type}) {{"
        tail = [f"    {xs}.push({x});", "}"] if g.chance(0.6) else [f"    {xs}.insert(0, {x});", "}"]
    elif shape == "loop":
        src = g.plural()
        sig = f"pub fn {name}({xs}: &@Vec<i32>, {src}: &[i32]) {{"
        tail = [
            f"    for {x} in {src} {{",
            f"        {xs}.push({g.pick('*' + x, x + ' * 2', x + ' + 1')});",
            "    }",
            "}",
        ]
    elif shape == "map":
        kind, val = g.pick("HashMap", "BTreeMap"), g.var()
        head = [f"use std::collections::{kind};"]
        sig = f"pub fn {name}({xs}: &@{kind}<String, u32>, {x}: &str, {val}: u32) {{"
        tail = [f"    {xs}.insert({x}.to_string(), {val});", "}"]
        if g.chance(0.4):
            tail = [f"    *{xs}.entry({x}.to_string()).or_insert(0) += {val};", "}"]
    elif shape == "text":
        sig = f"pub fn {name}({xs}: &@String, {x}: &str) {{"
        tail = [f"    {xs}.push_str({x});", "}"]
        if g.chance(0.4):
            tail.insert(1, f"    {xs}.push('{g.pick('!', '.', ' ', ';')}');")
    elif shape == "self":
        kind, v = g.type(), element(g)
        head = [*struct(kind, [(xs, f"Vec<{v.type}>")]), f"impl {kind} {{"]
        if g.chance(0.4):
            head += [f"    pub fn {g.fn()}(&self) -> usize {{", f"        self.{xs}.len()", "    }"]
        change, params, ret = g.random.choice(
            (
                (f"self.{xs}.push({x});", f", {x}: {v.type}", ""),
                (f"self.{xs}.clear();", "", ""),
                (f"self.{xs}.pop()", "", f" -> Option<{v.type}>"),
                (f"self.{xs}.truncate({x});", f", {x}: usize", ""),
            )
        )
        sig = f"    pub fn {name}(&@self{params}){ret} {{"
        tail = [f"        {change}", "    }", "}"]
    else:
        kind, field, method, thing, n = g.type(), g.var(), g.fn(), g.var(), g.var()
        head = [*struct(kind, [(field, "i64")]), f"impl {kind} {{", f"    pub fn {method}(&mut self, {n}: i64) {{"]
        head += [f"        self.{field} {g.pick('+=', '-=', '=')} {n};", "    }", "}"]
        sig = f"pub fn {name}({thing}: &@{kind}) {{"
        tail = [f"    {thing}.{method}({g.number()});", "}"]
    return g.program(head, [sig.replace("@", "")], [sig.replace("@", "mut ")], tail)


@pattern(FAMILY, "E0502")
def bc_shared_then_push(g: Grammar) -> Pair:
    """A reference into a collection is still used after the collection was changed."""
    shape = g.pick("index", "text", "last", "map", "self", "loop", "index")
    name, xs, a, k = g.fn(), g.plural(), g.var(), g.number(0, 3)
    imports: list[str] = []
    v = integer(g)
    if shape == "index":
        head = [f"pub fn {name}({xs}: &mut Vec<{v.type}>) -> {v.type} {{"]
        if g.chance(0.4):
            head = [f"pub fn {name}() -> {v.type} {{", f"    let mut {xs}: Vec<{v.type}> = vec![{g.numbers(4, 6)}];"]
        bug, fix = f"    let {a} = &{xs}[{k}];", f"    let {a} = {xs}[{k}];"
        change = g.pick(
            f"push({v.literal})", "clear()", f"truncate({g.number(1, 5)})", f"insert(0, {v.literal})", "dedup()"
        )
        tail = [f"    {xs}.{change};", f"    {a} {g.pick('+', '*')} {g.number(2, 9)}", "}"]
    elif shape == "text":
        head = [f"pub fn {name}({xs}: &mut Vec<String>) -> String {{"]
        bug, fix = f"    let {a} = &{xs}[{k}];", f"    let {a} = {xs}[{k}].clone();"
        change = g.pick(f"push({text(g)})", "clear()", "remove(0)", "dedup()", "pop()")
        tail = [f"    {xs}.{change};", f'    format!("{g.word()} {{{a}}}")', "}"]
    elif shape == "last":
        end = g.pick("last", "first")
        head = [f"pub fn {name}(mut {xs}: Vec<{v.type}>) -> (usize, String) {{"]
        bug, fix = f"    let {a} = {xs}.{end}().unwrap();", f"    let {a} = *{xs}.{end}().unwrap();"
        tail = [f"    {xs}.push({v.literal});", f'    ({xs}.len(), format!("{{{a}}} {g.word()}"))', "}"]
    elif shape == "map":
        imports = ["use std::collections::HashMap;"]
        key = g.var()
        head = [f"pub fn {name}({xs}: &mut HashMap<String, i32>, {key}: &str) -> bool {{"]
        bug = f"    let {a} = {xs}.get({key});"
        fix = f"    let {a} = {xs}.get({key}).copied();"
        change = g.pick(f"insert({key}.to_string(), {g.number()})", f"remove({key})", "clear()")
        tail = [f"    {xs}.{change};", f"    {a}.{g.pick('is_some()', 'is_none()')}", "}"]
    elif shape == "self":
        kind, s = g.type(), g.chance(0.5)
        inner, fixed = ("String", ".clone()") if s else (v.type, "")
        head = [*struct(kind, [(xs, f"Vec<{inner}>")]), f"impl {kind} {{", f"    pub fn {name}(&mut self) -> String {{"]
        bug, fix = f"        let {a} = &self.{xs}[{k}];", f"        let {a} = self.{xs}[{k}]{fixed};"
        change = g.pick("clear()", f"push({text(g) if s else v.literal})", "reverse()", "sort()")
        tail = [f"        self.{xs}.{change};", f'        format!("{g.word()}: {{{a}}}")', "    }", "}"]
    else:
        head = [f"pub fn {name}(mut {xs}: Vec<{v.type}>) -> Vec<{v.type}> {{"]
        bug, fix = f"    for {a} in &{xs} {{", f"    for {a} in &{xs}.clone() {{"
        if g.chance(0.5):
            bug, fix = f"    for {a} in {xs}.iter() {{", f"    for {a} in {xs}.clone().iter() {{"
        op = g.pick(f"*{a}", f"{a} * {g.number(2, 9)}", f"{a} + {g.number()}")
        tail = [
            f"        if *{a} > {g.number()} {{",
            f"            {xs}.push({op});",
            "        }",
            "    }",
            f"    {xs}",
            "}",
        ]
    return g.program([*imports, *head], [bug], [fix], tail)


@pattern(FAMILY, "E0499")
def bc_two_mut_borrows(g: Grammar) -> Pair:
    """Two mutable borrows of one thing are alive at once; the repair lets the first end, or needs only one."""
    shape = g.pick(
        "elements",
        "elements",
        "self",
        "entry",
        "last",
        "getter",
        "closures",
        "halves",
        "swap",
        "nested",
        "nested",
        "writer",
        "loop",
        "optional",
    )
    name, a, b, n = g.fn(), g.var(), g.var(), g.var()
    xs, one = g.items()
    v = integer(g)
    kind, field, method = g.type(), g.var(), g.fn()
    up, down = g.pick("+=", "*=", "+="), g.pick("+=", "-=")
    use: list[str] = []
    head: list[str] = []
    if shape == "elements":
        element, get, part = v.type, "*", ""
        if g.chance(0.5):
            head, element, get, part = struct(kind, [(field, v.type), (method, "String")]), kind, "", f".{field}"
        i, j = (g.var(), g.var()) if g.chance(0.6) else ("0", str(g.number(1, 5)))
        params = f", {i}: usize, {j}: usize" if i != "0" else ""
        head += [f"pub fn {name}({xs}: &mut [{element}]{params}, {n}: {v.type}) {{", f"    let {a} = &mut {xs}[{i}];"]
        lines = [f"    let {b} = &mut {xs}[{j}];", f"    {get}{a}{part} {down} {n};"]
        tail = [f"    {get}{b}{part} {up} {n};", "}"]
    elif shape == "self":
        head = [*struct(kind, [(field, v.type), (xs, "Vec<String>")]), f"impl {kind} {{"]
        head += [
            f"    pub fn {method}(&mut self, {b}: &str) {{",
            f"        self.{xs}.push({b}.{g.pick('to_string', 'to_uppercase')}());",
            "    }",
        ]
        head += [f"    pub fn {name}(&mut self, {n}: {v.type}) -> {v.type} {{", f"        let {a} = &mut self.{field};"]
        lines = [f'        self.{method}("{g.text()}");', f"        *{a} {up} {n};"]
        tail = [f"        self.{field}", "    }", "}"]
    elif shape == "entry":
        use = [f"use std::collections::{(owner := g.pick('HashMap', 'BTreeMap'))};"]
        start = g.pick("or_insert(0)", "or_default()", f"or_insert({n})")
        head = [
            f"pub fn {name}({xs}: &mut {owner}<String, {v.type}>, {one}: &str, {n}: {v.type}) {{",
            f"    let {a} = {xs}.entry({one}.to_string()).{start};",
        ]
        change = g.pick(
            f'{xs}.insert("{g.word()}".to_string(), {n});',
            f'{xs}.remove("{g.word()}");',
            f"{xs}.retain(|_, {b}| *{b} > 0);",
        )
        lines = [f"    {change}", f"    *{a} {up} {n};"]
        tail = ["}"]
    elif shape == "last":
        head = [*struct(one.capitalize() + "Line" if g.chance(0.3) else kind, [(field, v.type), (b, "bool")])]
        made = head[0].split()[2]
        owner, pad = xs, ""
        if g.chance(0.5):
            shelf = g.type()
            head += [
                *struct(shelf, [(xs, f"Vec<{made}>")]),
                f"impl {shelf} {{",
                f"    pub fn {name}(&mut self, {n}: {v.type}) {{",
            ]
            owner, pad = f"self.{xs}", "    "
        else:
            head += [f"pub fn {name}({xs}: &mut Vec<{made}>, {n}: {v.type}) {{"]
        head += [f"{pad}    if let Some({a}) = {owner}.{g.pick('last_mut', 'first_mut')}() {{"]
        lines = [
            f"{pad}        {owner}.push({made} {{ {field}: {n}, {b}: {g.pick('true', 'false')} }});",
            f"{pad}        {a}.{field} {up} {n};",
        ]
        tail = [f"{pad}    }}", f"{pad}}}", *(["}"] if pad else [])]
    elif shape == "getter":
        head = [
            *struct(kind, [(xs, f"Vec<{v.type}>")]),
            f"impl {kind} {{",
            f"    pub fn {method}(&mut self, {one}: usize) -> &mut {v.type} {{",
        ]
        head += [f"        &mut self.{xs}[{one}]", "    }", "}"]
        thing, k = g.var(), g.number(1, 6)
        head += [f"pub fn {name}({thing}: &mut {kind}, {n}: {v.type}) {{", f"    let {a} = {thing}.{method}(0);"]
        lines = [f"    let {b} = {thing}.{method}({k});", f"    *{a} {down} {n};"]
        tail = [f"    *{b} {up} {n};", "}"]
    elif shape == "closures":
        head = [
            f"pub fn {name}({n}: {v.type}) -> {v.type} {{",
            f"    let mut {field} = {v.literal};",
            f"    let mut {a} = |{one}: {v.type}| {field} {up} {one};",
        ]
        lines = [f"    let mut {b} = |{one}: {v.type}| {field} {g.pick('*=', '+=', '/=')} {one};", f"    {a}({n});"]
        tail = [f"    {b}({g.number(2, 9)});", f"    {field}", "}"]
        if g.chance(0.4):
            head[1:] = [f"    let mut {xs} = Vec::new();", f"    let mut {a} = |{one}: {v.type}| {xs}.push({one});"]
            lines = [f"    let mut {b} = |{one}: {v.type}| {xs}.insert(0, {one} * {g.number(2, 9)});", f"    {a}({n});"]
            head[0], tail = f"pub fn {name}({n}: {v.type}) -> Vec<{v.type}> {{", [f"    {b}({n});", f"    {xs}", "}"]
    elif shape == "halves":
        head = [f"pub fn {name}({xs}: &mut [{v.type}], {n}: usize) {{"]
        bug = [f"    let {a} = &mut {xs}[..{n}];", f"    let {b} = &mut {xs}[{n}..];"]
        fix = [f"    let ({a}, {b}) = {xs}.split_at_mut({n});"]
        step = g.pick(
            f"    {a}[0] {up} {b}[0];",
            f"    std::mem::swap(&mut {a}[0], &mut {b}[0]);",
            f"    {a}[0] = {b}.iter().sum();",
        )
        tail = [step, f"    {b}[0] = {v.literal};", "}"]
        return g.program(head, bug, fix, tail)
    elif shape == "swap":
        i, j = g.random.choice(((a, b), ("0", a), (a, f"{a} + 1"), (f"{a} - 1", a)))
        params = "".join(f", {x}: usize" for x in (a, b) if x in (i, j, i.split()[0]))
        pad, owner = "    ", xs
        if g.chance(0.5):
            head = [
                *struct(kind, [(xs, f"Vec<{g.pick('u32', 'String', 'char')}>"), (field, "usize")]),
                f"impl {kind} {{",
            ]
            head += [f"    pub fn {name}(&mut self{params}) {{", f"        self.{field} += {g.number(1, 3)};"]
            pad, owner, tail = "        ", f"self.{xs}", ["    }", "}"]
        else:
            head = [
                f"pub fn {name}({xs}: &mut [{g.pick('u32', 'String', 'i64')}]{params}) {{",
                f"    if {j} < {xs}.len() {{",
            ]
            pad, tail = "        ", ["    }", "}"]
        call = "std::mem::swap"
        return g.program(
            head, [f"{pad}{call}(&mut {owner}[{i}], &mut {owner}[{j}]);"], [f"{pad}{owner}.swap({i}, {j});"], tail
        )
    elif shape == "nested":
        head = [
            *struct(kind, [(xs, "Vec<u32>"), (field, "u32")]),
            f"impl {kind} {{",
            f"    pub fn {method}(&mut self) -> u32 {{",
        ]
        head += [f"        self.{field} += {g.number(1, 9)};", f"        self.{field}", "    }"]
        if g.chance(0.5):
            bug, fix = (
                f"        self.{xs}.push(self.{method}());",
                [f"        let {a} = self.{method}();", f"        self.{xs}.push({a});"],
            )
        else:
            other, p = g.fn(), g.var()
            head += [
                f"    pub fn {other}(&mut self, {p}: u32) {{",
                f"        self.{xs}.push({p} {g.pick('*', '+')} {g.number(2, 9)});",
                "    }",
            ]
            bug, fix = (
                f"        self.{other}(self.{method}());",
                [f"        let {a} = self.{method}();", f"        self.{other}({a});"],
            )
        head += [f"    pub fn {name}(&mut self) -> usize {{"]
        return g.program(head, [bug], fix, [f"        self.{xs}.len()", "    }", "}"])
    elif shape == "writer":
        ty, first, second = g.random.choice(
            (
                ("String", f"push_str({n})", f"push('{g.pick(*'.!;-')}')"),
                ("Vec<String>", f"push({n}.to_string())", f"push({text(g)})"),
            )
        )
        head = [f"pub fn {name}({xs}: &mut {ty}, {n}: &str) {{", f"    let {a} = &mut *{xs};", f"    {a}.{first};"]
        if g.chance(0.5):
            make = "String::new()" if ty == "String" else "Vec::new()"
            head = [
                f"pub fn {name}({n}: &str) -> {ty} {{",
                f"    let mut {xs} = {make};",
                f"    let {a} = &mut {xs};",
                f"    {a}.{first};",
            ]
        last = f"    {a}.{g.pick(second, first)};"
        tail = [last, "}"] if "->" not in head[0] else [last, f"    {xs}", "}"]
        return g.program(head, [f"    {xs}.{second};"], [f"    {a}.{second};"], tail)
    elif shape == "loop":
        head = [*struct(kind, [(xs, f"Vec<{v.type}>"), (field, v.type)]), f"impl {kind} {{"]
        head += [
            f"    pub fn {method}(&mut self, {b}: {v.type}) {{",
            f"        self.{field} {g.pick('+=', '*=')} {b};",
            "    }",
        ]
        head += [f"    pub fn {name}(&mut self) {{"]
        bug = [f"        for {one} in self.{xs}.iter_mut() {{", f"            self.{method}(*{one});"]
        fix = [f"        for {n} in 0..self.{xs}.len() {{", f"            self.{method}(self.{xs}[{n}]);"]
        return g.program(head, bug, fix, ["        }", "    }", "}"])
    else:
        use = ["use std::collections::HashMap;"]
        head = [*struct(kind, [(xs, "HashMap<String, u32>"), (field, "u32")]), f"impl {kind} {{"]
        head += [f"    pub fn {method}(&mut self, {b}: u32) {{", f"        self.{field} += {b};", "    }"]
        head += [f"    pub fn {name}(&mut self, {n}: &str) {{", f"        if let Some({a}) = self.{xs}.get_mut({n}) {{"]
        amount = g.number(1, 9)
        lines = [f"            self.{method}({amount});", f"            *{a} {g.pick('+=', '-=', '=')} {amount};"]
        tail = ["        }", "    }", "}"]
    return g.program([*use, *head], lines, [lines[1], lines[0]], tail)


@pattern(FAMILY, "E0507")
def bc_move_out_of_borrow(g: Grammar) -> Pair:
    """An owned value is taken out from behind a reference or an index."""
    if g.chance(0.45):
        s = scenes.scene(g)
        while not s.owner:
            s = scenes.scene(g)
        at = g.pick("0", str(g.number(1, 5)), f"{s.source}.len() - 1")
        bad = f"{s.source}[{at}].{s.text}"
        if g.chance(0.35):
            links = [".iter()", *([scenes.sift(g, s)] if g.chance(0.5) else []), f".map(|{s.one}| {s.one}.{s.text}@)"]
            links.append(g.pick(".collect::<Vec<_>>()", f'.collect::<Vec<_>>().join("{g.pick(", ", " ", ";")}")'))
            sides = [[link.replace("@", own) for link in links] for own in ("", ".clone()")]
            bad, good = scenes.chain(g, s.source, *sides)
            ty = "String" if "join" in good else "Vec<String>"
            return scenes.slot(g, bad, good, ty, params=s.params, before=s.before, owner=s.owner)
        return scenes.slot(g, bad, bad + ".clone()", "String", params=s.params, before=s.before, owner=s.owner)
    shape = g.pick("field", "method", "index", "deref", "option", "match", "self_index", "loop_field")
    name, kind, field, x = g.fn(), g.type(), g.var(), g.var()
    v = owned(g)
    k = g.number(0, 3)
    if shape == "field":
        other = g.var()
        head = [*struct(kind, [(field, v.type), (other, "u32")]), f"pub fn {name}({x}: &{kind}) -> {v.type} {{"]
        bug, fix, tail = f"    {x}.{field}", f"    {x}.{field}.clone()", ["}"]
        if g.chance(0.5):
            y = g.var()
            head[-1] = f"pub fn {name}({x}: &{kind}) -> ({v.type}, usize) {{"
            bug, fix = f"    let {y} = {x}.{field};", f"    let {y} = {x}.{field}.clone();"
            tail = [f"    let {other} = {y}.len();", f"    ({y}, {other})", "}"]
    elif shape == "method":
        head = [*struct(kind, [(field, v.type)]), f"impl {kind} {{", f"    pub fn {name}(&self) -> {v.type} {{"]
        bug, fix, tail = f"        self.{field}", f"        self.{field}.clone()", ["    }", "}"]
    elif shape == "index":
        xs = g.plural()
        head = [f"pub fn {name}({xs}: Vec<String>) -> (String, usize) {{"]
        bug, fix = f"    let {x} = {xs}[{k}];", f"    let {x} = {xs}[{k}].clone();"
        tail = [f"    ({x}, {xs}.len())", "}"]
    elif shape == "self_index":
        xs = g.plural()
        head = [*struct(kind, [(xs, f"Vec<{v.type}>")]), f"impl {kind} {{"]
        index, params = (x, f", {x}: usize") if g.chance(0.6) else (str(k), "")
        head += [f"    pub fn {name}(&self{params}) -> {v.type} {{"]
        bug, fix, tail = f"        self.{xs}[{index}]", f"        self.{xs}[{index}].clone()", ["    }", "}"]
    elif shape == "deref":
        xs, out = g.plural(), g.plural()
        head = [
            f"pub fn {name}({xs}: &[String]) -> Vec<String> {{",
            f"    let mut {out} = Vec::new();",
            f"    for {x} in {xs} {{",
        ]
        head += [f"        if {x}.len() {g.pick('>', '<', '==')} {g.number(1, 30)} {{"]
        bug, fix = f"            {out}.push(*{x});", f"            {out}.push({x}.clone());"
        tail = ["        }", "    }", f"    {out}", "}"]
    elif shape == "option":
        head = [*struct(kind, [(field, "Option<String>")]), f"pub fn {name}({x}: &{kind}) -> String {{"]
        end = g.pick(
            "unwrap_or_default()", "unwrap()", f'expect("{g.word()}")', f'unwrap_or_else(|| "{g.word()}".to_string())'
        )
        bug, fix, tail = f"    {x}.{field}.{end}", f"    {x}.{field}.clone().{end}", ["}"]
    elif shape == "match":
        y = g.var()
        head = [*struct(kind, [(field, "Option<String>")]), f"impl {kind} {{", f"    pub fn {name}(&self) -> usize {{"]
        bug, fix = f"        match self.{field} {{", f"        match &self.{field} {{"
        tail = [
            f"            Some({y}) => {y}.len(),",
            f"            None => {g.number(0, 9)},",
            "        }",
            "    }",
            "}",
        ]
    else:
        xs, out = g.plural(), g.plural()
        head = [*struct(kind, [(field, v.type)]), f"pub fn {name}({xs}: &[{kind}]) -> Vec<{v.type}> {{"]
        head += [f"    let mut {out} = Vec::new();", f"    for {x} in {xs} {{"]
        bug, fix = f"        {out}.push({x}.{field});", f"        {out}.push({x}.{field}.clone());"
        tail = ["    }", f"    {out}", "}"]
    return g.program(head, [bug], [fix], tail)


@pattern(FAMILY, "E0506")
def bc_assign_borrowed(g: Grammar) -> Pair:
    """A variable or a field is assigned while a reference to it is still to be read."""
    shape = g.pick("number", "add", "field", "text", "array", "loop")
    name, a, r = g.fn(), g.var(), g.var()
    v = integer(g)
    if shape == "number":
        head = [f"pub fn {name}() -> {v.type} {{", f"    let mut {a}: {v.type} = {v.literal};"]
        bug, fix = f"    let {r} = &{a};", f"    let {r} = {a};"
        tail = [
            f"    {a} = {g.number()};",
            f"    {g.pick(f'{r} + {a}', f'{a} * {r}', f'{a} + {r} + {g.number()}')}",
            "}",
        ]
    elif shape == "add":
        n = g.var()
        head = [f"pub fn {name}(mut {a}: {v.type}, {n}: {v.type}) -> String {{"]
        bug, fix = f"    let {r} = &{a};", f"    let {r} = {a};"
        tail = [f"    {a} {g.pick('+=', '*=', '=')} {n};", f'    format!("{{{r}}} {g.word()} {{{a}}}")', "}"]
    elif shape == "field":
        kind, n = g.type(), g.var()
        head = [
            *struct(kind, [(a, v.type)]),
            f"impl {kind} {{",
            f"    pub fn {name}(&mut self, {n}: {v.type}) -> {v.type} {{",
        ]
        bug, fix = f"        let {r} = &self.{a};", f"        let {r} = self.{a};"
        tail = [
            f"        self.{a} {g.pick('=', '+=', '*=')} {n};",
            f"        {r} {g.pick('+', '*')} {g.number(2, 9)}",
            "    }",
            "}",
        ]
    elif shape == "text":
        head = [f"pub fn {name}(mut {a}: String) -> String {{"]
        bug, fix = f"    let {r} = &{a};", f"    let {r} = {a}.clone();"
        tail = [f"    {a} = {text(g)};", f'    format!("{{{r}}}{g.pick(" ", " -> ", ", ")}{{{a}}}")', "}"]
    elif shape == "array":
        k = g.number(0, 3)
        head = [f"pub fn {name}({a}: &mut [{v.type}]) -> {v.type} {{"]
        bug, fix = f"    let {r} = &{a}[{k}];", f"    let {r} = {a}[{k}];"
        tail = [
            f"    {a}[{k}] {g.pick('=', '+=', '*=')} {v.literal};",
            f"    {r} {g.pick('+', '*')} {a}[{g.number(0, 4)}]",
            "}",
        ]
    else:
        xs, x = g.plural(), g.var()
        head = [
            f"pub fn {name}({xs}: &[{v.type}]) -> {v.type} {{",
            f"    let mut {a} = {v.literal};",
            f"    for {x} in {xs} {{",
        ]
        bug, fix = f"        let {r} = &{a};", f"        let {r} = {a};"
        word = g.pick("to", "then", g.word())
        tail = [
            f"        {a} {g.pick('+=', '*=')} *{x};",
            f'        println!("{{{r}}} {word} {{{a}}}");',
            "    }",
            f"    {a}",
            "}",
        ]
    return g.program(head, [bug], [fix], tail)


@pattern(FAMILY, "E0515")
def bc_return_local_ref(g: Grammar) -> Pair:
    """A function returns a reference to something that it owns."""
    shape = g.pick("clone", "self", "trim", "owned", "filter", "join")
    name, xs, s, x = g.fn(), g.plural(), g.var(), g.var()
    read = g.pick(f"{s}.as_str()", f"{s}.trim()", f"{s}.trim_start_matches('{g.pick(*'#-*')}')")
    if shape == "clone":
        index = g.pick("0", f"{xs}.len() - 1", str(g.number(1, 4)))
        head = [f"pub fn {name}({xs}: &[String]) -> &str {{"]
        bug, fix, tail = (
            [f"    let {s} = {xs}[{index}].clone();"],
            [f"    let {s} = &{xs}[{index}];"],
            [f"    {read}", "}"],
        )
    elif shape == "self":
        kind, field = g.type(), g.var()
        head = [
            *struct(kind, [(field, "String"), (g.var(), "u32")]),
            f"impl {kind} {{",
            f"    pub fn {name}(&self) -> &str {{",
        ]
        bug, fix = [f"        let {s} = self.{field}.clone();"], [f"        let {s} = &self.{field};"]
        tail = [f"        {read}", "    }", "}"]
    elif shape == "trim":
        step = g.pick("trim()", "trim_end()", f"trim_matches('{g.pick(*'#-*')}')")
        head = [f"pub fn {name}({x}: &str) -> &str {{"]
        bug, fix = [f"    let {s} = {x}.{step}.to_string();"], [f"    let {s} = {x}.{step};"]
        tail = [f"    {s}.{g.pick('trim_start_matches', 'trim_end_matches')}('{g.pick(*'+/=')}')", "}"]
    elif shape == "owned":
        make = g.pick(
            f"{x}.to_uppercase()", f"{x}.to_lowercase()", f"{x}.replace('_', \" \")", f"{x}.repeat({g.number(2, 9)})"
        )
        use = g.pick("trim()", "trim_start()", "trim_end()")
        head, tail = [], ["}"]
        bug = [f"pub fn {name}({x}: &str) -> &str {{", f"    let {s} = {make};", f"    {s}.{use}"]
        fix = [f"pub fn {name}({x}: &str) -> String {{", f"    let {s} = {make};", f"    {s}.{use}.to_string()"]
    elif shape == "filter":
        v = g.pick("i32", "u64", "i64")
        head, tail = [], ["}"]
        chain = g.pick(
            f"{xs}.iter().copied().filter(|{x}| *{x} > {g.number()}).collect()",
            f"{xs}.iter().map(|{x}| {x} * {g.number(2, 9)}).collect()",
            f"{xs}.iter().copied().rev().collect()",
        )
        bug = [f"pub fn {name}({xs}: &[{v}]) -> &[{v}] {{", f"    let {s}: Vec<{v}> = {chain};", f"    &{s}"]
        fix = [f"pub fn {name}({xs}: &[{v}]) -> Vec<{v}> {{", f"    {chain}"]
    else:
        sep = g.pick(", ", " ", "-")
        head, tail = [], ["}"]
        bug = [f"pub fn {name}({xs}: &[String]) -> &str {{", f'    let {s} = {xs}.join("{sep}");', f"    &{s}"]
        fix = [f"pub fn {name}({xs}: &[String]) -> String {{", f'    {xs}.join("{sep}")']
    return g.program(head, bug, fix, tail)


@pattern(FAMILY, "E0373")
def bc_closure_needs_move(g: Grammar) -> Pair:
    """A closure that outlives its function borrows a local instead of taking it along."""
    shape = g.pick("impl", "box", "thread", "iterator", "text", "method")
    name, n, x, h = g.fn(), g.var(), g.var(), g.var()
    v = integer(g) if shape != "text" else scalar(g)
    op = g.pick("+", "*")
    head: list[str] = []
    tail = ["}"]
    if shape == "impl":
        head = [f"pub fn {name}({n}: {v.type}) -> impl Fn({v.type}) -> {v.type} {{"]
        line = f"    @|{x}| {x} {op} {n}"
        if g.chance(0.4):
            head = [head[0], f"    let {h} = {n} {op} {g.number(2, 9)};"]
            line = f"    @|{x}| {x} {op} {h}"
    elif shape == "box":
        head = [f"pub fn {name}({n}: {v.type}) -> Box<dyn Fn({v.type}) -> bool> {{"]
        line = f"    Box::new(@|{x}| {x} {g.pick('>', '<', '==', '>=')} {n})"
    elif shape == "thread":
        xs = g.plural()
        read = g.pick(f"{xs}.len()", f"{xs}.len() + {g.number()}", f"{xs}.capacity()")
        head = ["use std::thread;", f"pub fn {name}({xs}: Vec<{v.type}>) -> usize {{"]
        line = f"    let {h} = thread::spawn(@|| {read});"
        tail = [f"    {h}.join().{g.pick('unwrap()', 'unwrap_or(0)')}", "}"]
    elif shape == "iterator":
        xs = g.plural()
        head = [f"pub fn {name}({xs}: &[{v.type}], {n}: {v.type}) -> impl Iterator<Item = {v.type}> + '_ {{"]
        line = f"    {xs}.iter().map(@|{x}| {x} {op} {n})"
        if g.chance(0.4):
            line = f"    {xs}.iter().copied().filter(@|{x}| *{x} {g.pick('>', '<', '!=')} {n})"
    elif shape == "text":
        s = g.var()
        head = [f"pub fn {name}({s}: String) -> {g.pick('impl Fn(&str) -> String', 'Box<dyn Fn(&str) -> String>')} {{"]
        body = f'|{x}| format!("{{{s}}}{g.pick(" ", "/", ": ")}{{{x}}}")'
        line = f"    Box::new(@{body})" if "Box" in head[0] else f"    @{body}"
    else:
        kind = g.type()
        head = [
            *struct(kind, [(n, v.type)]),
            f"impl {kind} {{",
            f"    pub fn {name}(&self) -> impl Fn({v.type}) -> {v.type} {{",
        ]
        head += [f"        let {h} = self.{n};"]
        line, tail = f"        @|{x}| {x} {op} {h}", ["    }", "}"]
    return g.program(head, [line.replace("@", "")], [line.replace("@", "move ")], tail)
