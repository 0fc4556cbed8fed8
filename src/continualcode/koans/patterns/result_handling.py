"""Result handling: `?`, `Ok`, `Some`, `Err`, and the arms of a `match`."""

from continualcode.koans.grammar import Grammar, Pair, pattern
from continualcode.koans.patterns import scenes
from continualcode.koans.patterns.placing import noise, place

FAMILY = "result_handling"


def _int(g: Grammar) -> str:
    return g.pick("i32", "u32", "i64", "u64", "u8", "usize", "i16")


def _parse_error(g: Grammar) -> tuple[list[str], str]:
    """Imports, and an error type that `?` makes of a ParseIntError."""
    r = g.random.random()
    if r < 0.35:
        return [], "std::num::ParseIntError"
    if r < 0.7:
        return ["use std::num::ParseIntError;"], "ParseIntError"
    if r < 0.85:
        return ["use std::error::Error;"], "Box<dyn Error>"
    return [], "Box<dyn std::error::Error>"


def _source(g: Grammar, text: str) -> str:
    """An expression of a `&str` made of the variable `text`."""
    return g.pick(text, f"{text}.trim()", f"{text}.trim()", f"{text}.trim_end()")


def _parts(g: Grammar, text: str) -> str:
    """An iterator over the parts of the `&str` variable `text`."""
    return g.pick(
        f"{text}.split(',')",
        f"{text}.split(';')",
        f"{text}.split('-')",
        f"{text}.lines()",
        f"{text}.split_whitespace()",
    )


def _check(g: Grammar, x: str, ty: str) -> tuple[str, str]:
    """A condition on the number `x` that is worth an error, and words for it."""
    k = g.number(2, 90)
    options = [
        (f"{x} > {k}", g.pick("too big", "too large", f"over {k}", f"{g.word()} too high")),
        (f"{x} == {k}", "not allowed"),
    ]
    if ty in ("i32", "i64", "i16"):
        options.append((f"{x} < 0", g.pick("negative", f"negative {g.word()}", "below zero")))
    else:
        options.append((f"{x} == 0", g.pick("zero", f"no {g.word()}", f"{g.word()} is zero")))
    return g.random.choice(options)


def _fallible(g: Grammar, ty: str, error: str = "String") -> tuple[str, list[str]]:
    """A function of one argument that returns Result<ty, error>: its name and its lines."""
    name, x = g.fn(), g.var()
    cond, why = _check(g, x, ty)
    owned = ".to_string()" if error == "String" else ""
    return name, [
        f"pub fn {name}({x}: {ty}) -> Result<{ty}, {error}> {{",
        f"    if {cond} {{",
        f'        return Err("{why}"{owned});',
        "    }",
        f"    Ok({x} {g.pick('+', '*')} {g.number(2, 9)})",
        "}",
    ]


@pattern(FAMILY, "E0308")
def rh_missing_question(g: Grammar) -> Pair:
    """A Result (or Option) is used where its value is wanted; `?` unwraps it."""
    if g.chance(0.45):
        use, error = _parse_error(g)
        text, ty = g.var(), _int(g)
        call = g.pick(
            f"{_source(g, text)}.parse::<{ty}>()",
            f"{text}.trim_start_matches('{g.pick(*'#$+0')}').trim().parse::<{ty}>()",
            f'{text}.trim_end_matches("{g.word()}").parse::<{ty}>()',
            f"{text}.split('{g.pick(*':,=')}').next().unwrap_or(\"0\").trim().parse::<{ty}>()",
            f"{text}[{g.number(1, 9)}..].parse::<{ty}>()",
        )
        before, lines = [*use], []
        if g.chance(0.4):
            helper, p = g.fn(), g.var()
            before += [
                f"pub fn {helper}({p}: &str) -> Result<{ty}, {error}> {{",
                f"    Ok({p}.trim().parse::<{ty}>()? {g.pick('*', '+')} {g.number(2, 9)})",
                "}",
            ]
            call = f"{helper}({g.pick(text, f'{text}.trim()', f'&{text}[{g.number(1, 5)}..]')})"
        return scenes.slot(
            g,
            call,
            call + "?",
            ty,
            params=f"{text}: &str",
            before=before,
            result=(f"Result<{{}}, {error}>", "Ok({})"),
            slots=[p for p in scenes.SLOTS if p not in scenes.EXITS],
            lines=lines,
        )
    name, text, n, ty = g.fn(), g.var(), g.var(), _int(g)
    op, k = g.pick("+", "*"), g.number(2, 9)
    shape = g.random.randrange(7)
    use, error = _parse_error(g)
    if shape == 0:
        call = f"{_source(g, text)}.parse{g.pick('', f'::<{ty}>')}()"
        last = g.pick(f"Ok({n} {op} {k})", f"Ok({n})", f"Ok(vec![{n}, {k}])")
        result = f"Vec<{ty}>" if "vec" in last else ty
        head = [f"pub fn {name}({text}: &str) -> Result<{result}, {error}> {{", *noise(g, [text])]
        tail = [*noise(g, [n]), f"    {last}", "}"]
        if last == f"Ok({n})":
            tail.insert(0, f'    println!("{{{n}}}");')
        return place(g, head, [f"    let {n}: {ty} = {call};"], [f"    let {n}: {ty} = {call}?;"], tail, before=use)
    if shape == 1:
        part, total = g.var(), g.var()
        call = f"{_source(g, part)}.parse()"
        head = [
            f"pub fn {name}({text}: &str) -> Result<{ty}, {error}> {{",
            f"    let mut {total} = {g.pick('0', str(k))};",
            f"    for {part} in {_parts(g, text)} {{",
        ]
        tail = [f"        {total} += {n}{g.pick('', f' {op} {k}')};", "    }", f"    Ok({total})", "}"]
        return place(
            g, head, [f"        let {n}: {ty} = {call};"], [f"        let {n}: {ty} = {call}?;"], tail, before=use
        )
    if shape == 2:
        error = g.pick("String", "String", "&'static str")
        helper, lines = _fallible(g, ty, error)
        a = g.var()
        arg = g.pick(a, f"{a} + {k}", str(g.number(1, 60)))
        sig = "()" if arg.isdigit() else f"({a}: {ty})"
        head = [f"pub fn {name}{sig} -> Result<{ty}, {error}> {{", *noise(g)]
        tail = [*noise(g, [n]), f"    Ok({n} {op} {k})", "}"]
        return place(
            g,
            head,
            [f"    let {n}: {ty} = {helper}({arg});"],
            [f"    let {n}: {ty} = {helper}({arg})?;"],
            tail,
            before=lines,
        )
    if shape == 3:
        kind, a, b = g.type(), g.var(), g.var()
        two, own = g.chance(0.5), g.chance(0.4)
        struct = [f"pub struct {kind} {{", f"    pub {a}: {ty},", *([f"    pub {b}: String,"] if two else []), "}"]
        field = f"{a}: {_source(g, text)}.parse()"
        rest = [f"        {b}: {text}.to_string(),"] if two else []
        head = [f"pub fn {name}({text}: &str) -> Result<{kind}, {error}> {{", f"    Ok({kind} {{"]
        tail = [*rest, "    })", "}"]
        if own:
            indent = "    "
            return g.program(
                [*use, *struct, f"impl {kind} {{", *(indent + x for x in head)],
                [f"            {field},"], [f"            {field}?,"], [*(indent + x for x in tail), "}"],
            )  # fmt: skip
        return place(g, head, [f"        {field},"], [f"        {field}?,"], tail, before=[*use, *struct])
    if shape == 4:
        xs, part = g.plural(), g.var()
        call = f"{_source(g, part)}.parse()"
        head = [
            f"pub fn {name}({text}: &str) -> Result<Vec<{ty}>, {error}> {{",
            f"    let mut {xs}: Vec<{ty}> = Vec::new();",
            f"    for {part} in {_parts(g, text)} {{",
        ]
        return place(
            g,
            head,
            [f"        {xs}.push({call});"],
            [f"        {xs}.push({call}?);"],
            ["    }", f"    Ok({xs})", "}"],
            before=use,
        )
    if shape == 5:
        kind, xs, total = g.type(), g.plural(), g.var()
        head = [
            f"pub struct {kind} {{", f"    {xs}: Vec<{ty}>,", "}", f"impl {kind} {{",
            f"    pub fn {name}(&mut self, {text}: &str) -> Result<(), {error}> {{",
        ]  # fmt: skip
        call = f"{_source(g, text)}.parse()"
        if g.chance(0.5):
            return g.program(
                [*use, *head],
                [f"        self.{xs}.push({call});"],
                [f"        self.{xs}.push({call}?);"],
                ["        Ok(())", "    }", "}"],
            )
        line = f"        let {total}: {ty} = {call}"
        return g.program(
            [*use, *head],
            [line + ";"],
            [line + "?;"],
            [f"        self.{xs}.push({total} {op} {k});", "        Ok(())", "    }", "}"],
        )
    xs = g.plural()
    get = g.pick(
        f"{xs}.first().copied()", f"{xs}.iter().copied().max()", f"{xs}.get({k}).copied()", f"{xs}.last().copied()"
    )
    head = [f"pub fn {name}({xs}: &[{ty}]) -> Option<{ty}> {{", *noise(g)]
    return place(
        g,
        head,
        [f"    let {n}: {ty} = {get};"],
        [f"    let {n}: {ty} = {get}?;"],
        [*noise(g, [n]), f"    Some({n} {op} {k})", "}"],
    )


def _error_literal(g: Grammar, error: str, why: str) -> str:
    return {
        "String": f'Err("{why}".to_string())',
        "&'static str": f'Err("{why}")',
        "Box<dyn std::error::Error>": f'Err("{why}".into())',
    }[error]


@pattern(FAMILY, "E0308")
def rh_missing_ok(g: Grammar) -> Pair:
    """A function that returns a Result ends in the bare value."""
    if g.chance(0.45):
        s = scenes.scene(g)
        value, ty = scenes.value(g, s, wide=150)
        while ty.startswith("Option") or len(value) > 88:
            value, ty = scenes.value(g, s, wide=150)
        return scenes.slot(
            g, value, f"Ok({value})", f"Result<{ty}, String>", params=s.params, before=s.before, owner=s.owner, slots=scenes.EXITS
        )  # fmt: skip
    name, x, ty = g.fn(), g.var(), _int(g)
    error = g.pick("String", "String", "&'static str", "Box<dyn std::error::Error>")
    op, k = g.pick("+", "*", "/"), g.number(2, 9)
    cond, why = _check(g, x, ty)
    err = _error_literal(g, error, why)
    shape = g.random.randrange(6)
    if shape == 0:
        value = g.pick(f"{x} {op} {k}", x, f"{k} + {x}", f"{x}.pow(2)")
        head = [
            f"pub fn {name}({x}: {ty}) -> Result<{ty}, {error}> {{",
            f"    if {cond} {{",
            f"        return {err};",
            "    }",
            *noise(g, [x]),
        ]
        return place(g, head, [f"    {value}"], [f"    Ok({value})"], ["}"])
    if shape == 1:
        value, other = g.pick(f"{x} {op} {k}", x), f"Ok({k})"
        head = [f"pub fn {name}({x}: {ty}) -> Result<{ty}, {error}> {{", f"    if {cond} {{", f"        {err}"]
        if g.chance(0.3):
            head += [f"    }} else if {x} == {g.number(91, 99)} {{", f"        {other}"]
        return place(g, [*head, "    } else {"], [f"        {value}"], [f"        Ok({value})"], ["    }", "}"])
    if shape == 2:
        use, parse_error = _parse_error(g)
        text = g.var()
        last = g.pick(f"{x} {op} {k}", f"{x} == {k}", f'format!("{{}} {g.word()}", {x})')
        result = "bool" if "==" in last else "String" if "format" in last else ty
        head = [
            f"pub fn {name}({text}: &str) -> Result<{result}, {parse_error}> {{",
            f"    let {x}: {ty} = {_source(g, text)}.parse()?;",
            *noise(g, [x]),
        ]
        return place(g, head, [f"    {last}"], [f"    Ok({last})"], ["}"], before=use)
    if shape == 3:
        kind, a, b = g.type(), g.var(), g.var()
        struct = [f"pub struct {kind} {{", f"    pub {a}: {ty},", f"    pub {b}: bool,", "}"]
        literal = f"{kind} {{ {a}: {x}, {b}: {g.pick('true', 'false')} }}"
        head = [
            f"pub fn {name}({x}: {ty}) -> Result<{kind}, {error}> {{",
            f"    if {cond} {{",
            f"        return {err};",
            "    }",
        ]
        if g.chance(0.5):
            indent = "    "
            return g.program(
                [*struct, f"impl {kind} {{", *(indent + line for line in head)], [f"        {literal}"], [f"        Ok({literal})"], ["    }", "}"]
            )  # fmt: skip
        return place(g, head, [f"    {literal}"], [f"    Ok({literal})"], ["}"], before=struct)
    if shape == 4:
        text = g.var()
        arms = [
            (f'"{w}"', str(i + g.number(0, 1)))
            for i, w in enumerate(dict.fromkeys(g.word() for _ in range(g.random.randint(2, 4))))
        ]
        bad = g.random.randrange(len(arms))
        lines = [f"        {word} => Ok({value})," for word, value in arms]
        head = [f"pub fn {name}({text}: &str) -> Result<{ty}, {error}> {{", f"    match {text} {{", *lines[:bad]]
        word, value = arms[bad]
        return place(
            g,
            head,
            [f"        {word} => {value},"],
            [lines[bad]],
            [*lines[bad + 1 :], f"        _ => {err},", "    }", "}"],
        )
    total, xs = g.var(), g.plural()
    head = [
        f"pub fn {name}({xs}: &[{ty}]) -> Result<{ty}, {error}> {{",
        f"    let mut {total} = 0;",
        f"    for &{x} in {xs} {{",
        f"        if {cond} {{",
        f"            return {err};",
        "        }",
        f"        {total} += {x};",
        "    }",
    ]
    value = g.pick(total, f"{total} {op} {k}")
    return place(g, head, [f"    {value}"], [f"    Ok({value})"], ["}"])


@pattern(FAMILY, "E0308")
def rh_missing_some(g: Grammar) -> Pair:
    """A function that returns an Option gives the bare value in one place."""
    if g.chance(0.45):
        s = scenes.scene(g)
        value, ty = scenes.value(g, s, wide=150)
        while ty.startswith("Option") or len(value) > 88:
            value, ty = scenes.value(g, s, wide=150)
        return scenes.slot(
            g, value, f"Some({value})", f"Option<{ty}>", params=s.params, before=s.before, owner=s.owner, slots=scenes.EXITS
        )  # fmt: skip
    name, x, xs, ty = g.fn(), g.var(), g.plural(), _int(g)
    op, k = g.pick("+", "*"), g.number(2, 60)
    shape = g.random.randrange(7)
    if shape == 0:
        value = g.pick(f"{xs}[0]", f"{xs}[{xs}.len() - 1]", f"{xs}[0] {op} {k}", f"{xs}.len()", f"{xs}.iter().sum()")
        result = "usize" if value.endswith(".len()") else ty
        head = [
            f"pub fn {name}({xs}: &[{ty}]) -> Option<{result}> {{",
            f"    if {xs}.is_empty() {{",
            "        return None;",
            "    }",
            *noise(g),
        ]
        if value.endswith("sum()"):
            head.append(f"    let {x}: {ty} = {value};")
            value = g.pick(x, f"{x} {op} {k}")
            if value == x:
                head.append(f'    println!("{{{x}}}");')
        return place(g, head, [f"    {value}"], [f"    Some({value})"], ["}"])
    if shape == 1:
        cond = f"{x} {g.pick('<', '>', '==')} {k}"
        value = g.pick(f"{x} {op} {k}", x, f"{x} / {k}")
        swap = g.chance(0.4)
        head = [f"pub fn {name}({x}: {ty}) -> Option<{ty}> {{", f"    if {cond} {{"]
        if swap:
            return place(
                g,
                [*head, "        None", "    } else {"],
                [f"        {value}"],
                [f"        Some({value})"],
                ["    }", "}"],
            )
        return place(
            g, head, [f"        {value}"], [f"        Some({value})"], ["    } else {", "        None", "    }", "}"]
        )
    if shape == 2:
        i = g.var()
        value = g.pick(i, f"{i} + 1")
        head = [
            f"pub fn {name}({xs}: &[{ty}]) -> Option<usize> {{",
            f"    for ({i}, {x}) in {xs}.iter().enumerate() {{",
            f"        if *{x} {g.pick('>', '==', '<')} {k} {{",
        ]
        return place(
            g,
            head,
            [f"            return {value};"],
            [f"            return Some({value});"],
            ["        }", "    }", "    None", "}"],
        )
    if shape == 3:
        words = list(dict.fromkeys(g.word() for _ in range(g.random.randint(2, 4))))
        quoted = g.chance(0.5)
        result = "&'static str" if quoted else ty
        values = [f'"{g.word()}"' if quoted else str(g.number(1, 99)) for _ in words]
        subject = "&str" if quoted or g.chance(0.5) else "u8"
        keys = [f'"{w}"' for w in words] if subject == "&str" else [str(n) for n in range(1, len(words) + 1)]
        lines = [f"        {key} => Some({value})," for key, value in zip(keys, values, strict=True)]
        bad = g.random.randrange(len(lines))
        head = [f"pub fn {name}({x}: {subject}) -> Option<{result}> {{", f"    match {x} {{", *lines[:bad]]
        return place(
            g,
            head,
            [f"        {keys[bad]} => {values[bad]},"],
            [lines[bad]],
            [*lines[bad + 1 :], "        _ => None,", "    }", "}"],
        )
    if shape == 4:
        kind, field, limit = g.type(), g.plural(), g.var()
        head = [
            f"pub struct {kind} {{", f"    {field}: Vec<String>,", f"    {limit}: usize,", "}", f"impl {kind} {{",
            f"    pub fn {name}(&self) -> Option<usize> {{", f"        if self.{field}.len() {g.pick('>', '<')} self.{limit} {{", "            return None;", "        }",
        ]  # fmt: skip
        value = g.pick(f"self.{field}.len()", f"self.{limit} - self.{field}.len()", f"self.{limit}")
        return g.program(head, [f"        {value}"], [f"        Some({value})"], ["    }", "}"])
    if shape == 5:
        text, a = g.var(), g.var()
        head = [f"pub fn {name}({text}: &str) -> Option<String> {{", f"    let {a} = {_parts(g, text)}.next()?;"]
        value = g.pick(f"{a}.to_string()", f"{a}.trim().to_string()", f"{a}.to_uppercase()")
        return place(g, head, [f"    {value}"], [f"    Some({value})"], ["}"])
    best = g.var()
    head = [
        f"pub fn {name}({xs}: &[{ty}]) -> Option<{ty}> {{",
        f"    let mut {best} = *{xs}.first()?;",
        f"    for {x} in {xs} {{",
        f"        if *{x} {g.pick('>', '<')} {best} {{",
        f"            {best} = *{x};",
        "        }",
        "    }",
    ]
    return place(g, head, [f"    {best}"], [f"    Some({best})"], ["}"])


@pattern(FAMILY, "E0308")
def rh_unwrap_or(g: Grammar) -> Pair:
    """An Option (or Result) stands where a plain value is wanted; there is a natural default."""
    if g.chance(0.45):
        s = scenes.scene(g)
        key = g.word()
        links, ty = g.random.choice(
            (
                ([f".get({g.number(1, 5)})", scenes.numbers(g, s)], s.number),
                ([g.pick(".first()", ".last()"), scenes.numbers(g, s)], s.number),
                ([".iter()", f'.find(|{s.one}| {s.one}.{s.text} == "{key}")', scenes.numbers(g, s)], s.number),
                ([".iter()", f'.position(|{s.one}| {s.one}.{s.text} == "{key}")'], "usize"),
                ([".iter()", scenes.sift(g, s), scenes.numbers(g, s), g.pick(".max()", ".min()")], s.number),
                ([".last()", f".map(|{s.one}| {s.one}.{s.real})"], "f64"),
                ([".first()", f".and_then(|{s.one}| {s.one}.{s.text}.parse::<{s.number}>().ok())"], s.number),
            )
        )  # fmt: skip
        bad, good = scenes.chain(g, s.source, links, [*links, ".unwrap_or(0.0)" if ty == "f64" else ".unwrap_or(0)"])
        return scenes.slot(g, bad, good, ty, params=s.params, before=s.before, owner=s.owner)
    name, x, xs, ty = g.fn(), g.var(), g.plural(), _int(g)
    op, k, default = g.pick("+", "*"), g.number(2, 9), "0"
    shape = g.random.randrange(7)
    if shape == 0:
        key = g.pick("&str", "u32", "String")
        word = f'"{g.word()}"' if key != "u32" else f"&{g.number()}"
        ask = x if g.chance(0.5) else word
        sig = f", {x}: {'&u32' if key == 'u32' else '&str'}" if ask == x else ""
        get = f"{xs}.get({ask}).copied()"
        head = [f"pub fn {name}({xs}: &HashMap<{key}, {ty}>{sig}) -> {ty} {{"]
        if g.chance(0.5):
            return place(
                g,
                head,
                [f"    {get}"],
                [f"    {get}.unwrap_or({default})"],
                ["}"],
                before=["use std::collections::HashMap;"],
            )
        n = g.var()
        line = f"    let {n}: {ty} = {get}"
        return place(
            g,
            head,
            [line + ";"],
            [f"{line}.unwrap_or({default});"],
            [f"    {n} {op} {k}", "}"],
            before=["use std::collections::HashMap;"],
        )
    if shape == 1:
        get = g.pick(
            f"{xs}.first().copied()", f"{xs}.last().copied()", f"{xs}.get({k}).copied()", f"{xs}.iter().copied().max()", f"{xs}.iter().copied().min()"
        )  # fmt: skip
        head = [f"pub fn {name}({xs}: &[{ty}]) -> {ty} {{", *noise(g)]
        if g.chance(0.5):
            return place(g, head, [f"    {get}"], [f"    {get}.unwrap_or({default})"], ["}"])
        line = f"    let {x}: {ty} = {get}"
        return place(
            g, head, [line + ";"], [f"{line}.unwrap_or({default});"], [*noise(g, [x]), f"    {x} {op} {k}", "}"]
        )
    if shape == 2:
        kind, field, other = g.type(), g.var(), g.var()
        read = f"self.{field}"
        head = [
            f"pub struct {kind} {{",
            f"    pub {field}: Option<{ty}>,",
            f"    pub {other}: {ty},",
            "}",
            f"impl {kind} {{",
        ]
        if g.chance(0.5):
            return g.program(
                [*head, f"    pub fn {name}(&self) -> {ty} {{"],
                [f"        {read}"],
                [f"        {read}.unwrap_or({default})"],
                ["    }", "}"],
            )
        line = f"        let {x}: {ty} = {read}"
        return g.program(
            [*head, f"    pub fn {name}(&self) -> {ty} {{"], [line + ";"], [f"{line}.unwrap_or({default});"], [f"        {x} {op} self.{other}", "    }", "}"]
        )  # fmt: skip
    if shape == 3:
        helper, a, b = g.fn(), g.var(), g.var()
        before = [f"pub fn {helper}({a}: {ty}) -> {ty} {{", f"    {a} {op} {k}", "}"]
        head = [f"pub fn {name}({b}: Option<{ty}>) -> {ty} {{", *noise(g)]
        return place(g, head, [f"    {helper}({b})"], [f"    {helper}({b}.unwrap_or({default}))"], ["}"], before=before)
    if shape == 4:
        text = g.var()
        letter = g.pick("' '", "','", "':'", "'='", "'-'", "'/'")
        get, result, fallback = g.random.choice(
            (
                (f"{text}.find({letter})", "usize", g.pick("0", f"{text}.len()")),
                (f"{text}.split({letter}).next()", "&str", g.pick('""', text)),
                (f"{text}.lines().last()", "&str", '""'),
                (f"{text}.strip_prefix({letter})", "&str", text),
            )
        )
        sure = g.chance(0.5)
        head = [f"pub fn {name}({text}: &str) -> {result} {{", *noise(g, [text])]
        if sure:
            return place(g, head, [f"    {get}"], [f"    {get}.unwrap_or({fallback})"], ["}"])
        last = f"{x}.trim()" if result == "&str" else f"{x} + {k}"
        line = f"    let {x}: {result} = {get}"
        return place(g, head, [line + ";"], [f"{line}.unwrap_or({fallback});"], [*noise(g, [x]), f"    {last}", "}"])
    if shape == 5:
        text = g.var()
        call = f"{_source(g, text)}.parse()"
        line = f"    let {x}: {ty} = {call}"
        head = [f"pub fn {name}({text}: &str) -> {ty} {{", *noise(g, [text])]
        return place(
            g, head, [line + ";"], [f"{line}.unwrap_or({default});"], [*noise(g, [x]), f"    {x} {op} {k}", "}"]
        )
    ys, total = g.plural(), g.var()
    head = [
        f"pub fn {name}({ys}: &[Option<{ty}>]) -> Vec<{ty}> {{",
        f"    let mut {total} = Vec::new();",
        f"    for &{x} in {ys} {{",
    ]
    line = f"        let {xs}: {ty} = {x}"
    return place(
        g, head, [line + ";"], [f"{line}.unwrap_or({default});"],
        [f"        {total}.push({xs} {op} {k});", "    }", f"    {total}", "}"],
    )  # fmt: skip


@pattern(FAMILY, "E0308")
def rh_err_string(g: Grammar) -> Pair:
    """`Err` holds a string literal, the error type is String."""
    if g.chance(0.4):
        s = scenes.scene(g)
        value, ty = scenes.value(g, s)
        bad = f'Err("{g.text()}")'
        return scenes.slot(
            g, bad, bad[:-1] + ".to_string())", f"Result<{ty}, String>", params=s.params, before=s.before, owner=s.owner,
            slots=[p for p in scenes.EXITS if p != "tail"], other=f"Ok({value})",
        )  # fmt: skip
    name, x, ty = g.fn(), g.var(), _int(g)
    op, k = g.pick("+", "*"), g.number(2, 9)
    cond, why = _check(g, x, ty)
    bad, good = f'Err("{why}")', f'Err("{why}".to_string())'
    shape = g.random.randrange(6)
    if shape == 0:
        last = g.pick(f"Ok({x} {op} {k})", f"Ok({x})", "Ok(())", "Ok(true)")
        result = {"Ok(())": "()", "Ok(true)": "bool"}.get(last, ty)
        head = [f"pub fn {name}({x}: {ty}) -> Result<{result}, String> {{", *noise(g, [x]), f"    if {cond} {{"]
        return place(g, head, [f"        return {bad};"], [f"        return {good};"], ["    }", f"    {last}", "}"])
    if shape == 1:
        last = g.pick(f"Ok({x} {op} {k})", f"Ok({x})", "Ok(())")
        result = "()" if last == "Ok(())" else ty
        head = [f"pub fn {name}({x}: {ty}) -> Result<{result}, String> {{", f"    if {cond} {{"]
        if g.chance(0.5):
            return place(
                g, head, [f"        {bad}"], [f"        {good}"], ["    } else {", f"        {last}", "    }", "}"]
            )
        return place(
            g, [*head, f"        {last}", "    } else {"], [f"        {bad}"], [f"        {good}"], ["    }", "}"]
        )
    if shape == 2:
        text = g.var()
        words = list(dict.fromkeys(g.word() for _ in range(g.random.randint(2, 3))))
        lines = [f'        "{w}" => Ok({g.number()}),' for w in words]
        head = [f"pub fn {name}({text}: &str) -> Result<{ty}, String> {{", f"    match {text} {{", *lines]
        return place(g, head, [f"        _ => {bad},"], [f"        _ => {good},"], ["    }", "}"])
    if shape == 3:
        xs = g.plural()
        if g.chance(0.5):
            get = g.pick(f"{xs}.first()", f"{xs}.last()", f"{xs}.iter().max()", f"{xs}.get({k})")
            sig, some, value = f"{xs}: &[{ty}]", f"Some({x})", f"Ok(*{x})"
        else:
            get, some, value, sig = xs, f"Some({x})", g.pick(f"Ok({x})", f"Ok({x} {op} {k})"), f"{xs}: Option<{ty}>"
        head = [
            f"pub fn {name}({sig}) -> Result<{ty}, String> {{",
            f"    match {get} {{",
            f"        {some} => {value},",
        ]
        why = g.pick("empty", f"no {g.word()}", "nothing there", "missing", f"{g.word()} not found")
        return place(
            g, head, [f'        None => Err("{why}"),'], [f'        None => Err("{why}".to_string()),'], ["    }", "}"]
        )
    if shape == 4:
        kind, field = g.type(), g.var()
        struct = [f"pub struct {kind} {{", f"    {field}: {ty},", "}", f"impl {kind} {{"]
        cond, why = _check(g, x, ty)
        act = g.pick(f"self.{field} = {x};", f"self.{field} += {x};")
        head = [*struct, f"    pub fn {name}(&mut self, {x}: {ty}) -> Result<(), String> {{", f"        if {cond} {{"]
        line = f'            return Err("{why}"'
        return g.program(
            head,
            [line + ");"],
            [line + ".to_string());"],
            ["        }", f"        {act}", "        Ok(())", "    }", "}"],
        )
    xs, total = g.plural(), g.var()
    head = [
        f"pub fn {name}({xs}: &[{ty}]) -> Result<{ty}, String> {{",
        f"    let mut {total} = 0;",
        f"    for &{x} in {xs} {{",
        f"        if {cond} {{",
    ]
    line = f"            return {bad};"
    return place(
        g,
        head,
        [line],
        [f"            return {good};"],
        ["        }", f"        {total} += {x};", "    }", f"    Ok({total})", "}"],
    )


@pattern(FAMILY, "E0277")
def rh_question_in_unit(g: Grammar) -> Pair:
    """`?` in a function that does not return a Result or an Option: the signature has to."""
    name, text, n, ty = g.fn(), g.var(), g.var(), _int(g)
    op, k = g.pick("+", "*"), g.number(2, 9)
    use, error = _parse_error(g)
    shape = g.random.randrange(6)
    source = _source(g, text)
    if shape == 0:
        value = g.pick(f"{source}.parse::<{ty}>()? {op} {k}", f"{k} {op} {source}.parse::<{ty}>()?")
        return place(
            g, [], [f"pub fn {name}({text}: &str) -> {ty} {{", f"    {value}"],
            [f"pub fn {name}({text}: &str) -> Result<{ty}, {error}> {{", f"    Ok({value})"], ["}"], before=use,
        )  # fmt: skip
    if shape == 1:
        xs = g.plural()
        get = g.pick(f"{xs}.first()?", f"{xs}.last()?", f"{xs}.iter().max()?", f"{xs}.get({k})?")
        value = g.pick(f"*{get} {op} {k}", f"{get} {op} {k}")
        return place(
            g, [], [f"pub fn {name}({xs}: &[{ty}]) -> {ty} {{", f"    {value}"],
            [f"pub fn {name}({xs}: &[{ty}]) -> Option<{ty}> {{", f"    Some({value})"], ["}"],
        )  # fmt: skip
    if shape == 2:
        line = f'    println!("{{}}", {source}.parse::<{ty}>()?);'
        return place(
            g, [], [f"pub fn {name}({text}: &str) {{", line], [f"pub fn {name}({text}: &str) -> Result<(), {error}> {{", line, "    Ok(())"], ["}"],
            before=use,
        )  # fmt: skip
    if shape == 3:
        kind, field = g.type(), g.var()
        head = [f"pub struct {kind} {{", f"    pub {field}: {ty},", "}", f"impl {kind} {{"]
        line = f"        self.{field} {g.pick('+=', '=', '*=')} {source}.parse::<{ty}>()?;"
        return g.program(
            [*use, *head], [f"    pub fn {name}(&mut self, {text}: &str) {{", line],
            [f"    pub fn {name}(&mut self, {text}: &str) -> Result<(), {error}> {{", line, "        Ok(())"], ["    }", "}"],
        )  # fmt: skip
    if shape == 4:
        helper, lines = _fallible(g, ty)
        if g.chance(0.5):
            line = f"    {helper}({n})?;"
            return place(
                g,
                [],
                [f"pub fn {name}({n}: {ty}) {{", line],
                [f"pub fn {name}({n}: {ty}) -> Result<(), String> {{", line, "    Ok(())"],
                ["}"],
                before=lines,
            )
        value = f"{helper}({n})? {op} {helper}({k})?"
        return place(
            g, [], [f"pub fn {name}({n}: {ty}) -> {ty} {{", f"    {value}"],
            [f"pub fn {name}({n}: {ty}) -> Result<{ty}, String> {{", f"    Ok({value})"], ["}"], before=lines,
        )  # fmt: skip
    letter = g.pick("' '", "','", "':'", "'='", "'-'")
    value = g.pick(
        f"{text}.split_once({letter})?.0", f"{text}.split_once({letter})?.1", f"{text}.split({letter}).nth(1)?.trim()"
    )
    return place(
        g, [], [f"pub fn {name}({text}: &str) -> &str {{", f"    {value}"],
        [f"pub fn {name}({text}: &str) -> Option<&str> {{", f"    Some({value})"], ["}"],
    )  # fmt: skip


def _last_arm(g: Grammar) -> Pair:
    """A match over an ordering, a parse or a pair of Options whose missing arm says itself what it is worth."""
    name, x, y, n, k = g.fn(), g.var(), g.var(), g.var(), g.number(2, 60)
    ty = _int(g)
    shape = g.random.randrange(4)
    use: list[str] = []
    if shape == 0:
        use = ["use std::cmp::Ordering;"]
        kind, field = g.type(), g.var()
        use += [f"pub struct {kind} {{", f"    pub {field}: {ty},", f"    pub {n}: String,", "}"]
        arms = [("Ordering::Less", "-1"), ("Ordering::Greater", "1"), ("Ordering::Equal", "0")]
        result = "i32"
        if g.chance(0.5):
            arms = [
                ("Ordering::Less", f"{x}.{n}.clone()"),
                ("Ordering::Greater", f"{y}.{n}.clone()"),
                ("Ordering::Equal", "String::new()"),
            ]
            result = "String"
        head = [
            f"pub fn {name}({x}: &{kind}, {y}: &{kind}) -> {result} {{",
            f"    match {x}.{field}.cmp(&{y}.{field}) {{",
        ]
    elif shape == 1:
        arms = [
            (f"Ok({n}) if {n} > {k}", f'Err(format!("{g.word()} {{{n}}} is over {k}"))'),
            (f"Ok({n})", f"Ok({n})"),
            ("Err(e)", "Err(e.to_string())"),
        ]
        head = [f"pub fn {name}({x}: &str) -> Result<{ty}, String> {{", f"    match {_source(g, x)}.parse::<{ty}>() {{"]
    elif shape == 2:
        arms = [
            (f"(Some({n}), Some(b))", f"{n} + b"),
            (f"(Some({n}), None)", n),
            (f"(None, Some({n}))", n),
            ("(None, None)", "0"),
        ]
        head = [f"pub fn {name}({x}: Option<{ty}>, {y}: Option<{ty}>) -> {ty} {{", f"    match ({x}, {y}) {{"]
    else:
        arms = [(f"[{n}, .., last]", f"{n} + last"), (f"[{n}]", f"*{n}"), ("[]", "0")]
        head = [f"pub fn {name}({x}: &[{ty}]) -> {ty} {{", f"    match {x} {{"]
    lines = [f"        {case} => {worth}," for case, worth in arms]
    at = len(lines) - 1
    if shape == 0 and g.chance(0.4):
        g.random.shuffle(lines)
        at = next(i for i, line in enumerate(lines) if "Equal" in line)
    return place(g, [*head, *lines[:at]], [], [lines[at]], [*lines[at + 1 :], "    }", "}"], before=use)


@pattern(FAMILY, "E0004")
def rh_match_missing_arm(g: Grammar) -> Pair:
    """A match leaves a case out; the repair adds its arm."""
    if g.chance(0.3):
        return _last_arm(g)
    name, x, n, ty = g.fn(), g.var(), g.var(), _int(g)
    op, k = g.pick("+", "*"), g.number(2, 9)
    shape = g.random.randrange(6)
    if shape == 0:
        kind = g.type()
        variants = [g.type() for _ in range(g.random.randint(3, 4))]
        label = g.chance(0.6)
        values = [f'"{v.lower()}"' if label else str(i + 1) for i, v in enumerate(variants)]
        by_self = g.chance(0.6)
        arms = [f"{kind}::{v} => {value}," for v, value in zip(variants, values, strict=True)]
        gone = g.random.randrange(len(arms))
        result = "&'static str" if label else ty
        enum = [f"pub enum {kind} {{", *(f"    {v}," for v in variants), "}"]
        pad = "    " if by_self else ""
        sig = f"pub fn {name}(&self) -> {result} {{" if by_self else f"pub fn {name}({x}: &{kind}) -> {result} {{"
        head = [
            *enum,
            *([f"impl {kind} {{"] if by_self else []),
            pad + sig,
            f"{pad}    match {'self' if by_self else x} {{",
        ]
        arms = [f"{pad}        {arm}" for arm in arms]
        tail = [*arms[gone + 1 :], f"{pad}    }}", f"{pad}}}", *(["}"] if by_self else [])]
        return g.program([*head, *arms[:gone]], [], [arms[gone]], tail)
    if shape == 1:
        none = "None => 0,"
        arms = [f"Some({n}) => {n} {op} {k},", none]
        if g.chance(0.3):
            arms.reverse()
        body = [f"        {a}" for a in arms]
        gone = arms.index(none)
        head = [f"pub fn {name}({x}: Option<{ty}>) -> {ty} {{", *noise(g), f"    match {x} {{", *body[:gone]]
        return place(g, head, [], [body[gone]], [*body[gone + 1 :], "    }", "}"])
    if shape == 2:
        text = g.var()
        arms = [f'        Ok({n}) => println!("{g.word()} {{}}", {n}),', '        Err(_) => println!("error"),']
        head = [
            f"pub fn {name}({text}: &str) {{",
            *noise(g, [text]),
            f"    match {_source(g, text)}.parse::<{ty}>() {{",
        ]
        return place(g, [*head, arms[0]], [], [arms[1]], ["    }", "}"])
    if shape == 3:
        keys = sorted(g.random.sample(range(0, 12), g.random.randint(2, 4)))
        result, rest = g.random.choice(((ty, "0"), ("&'static str", '"other"')))
        lines = [f"        {key} => {g.number() if result == ty else chr(34) + g.word() + chr(34)}," for key in keys]
        head = [f"pub fn {name}({x}: {ty}) -> {result} {{", f"    match {x} {{", *lines]
        return place(g, head, [], [f"        _ => {rest},"], ["    }", "}"])
    if shape == 4:
        words = list(dict.fromkeys(g.word() for _ in range(g.random.randint(2, 4))))
        lines = [f'        "{w}" => Some({g.number()}),' for w in words]
        head = [f"pub fn {name}({x}: &str) -> Option<{ty}> {{", f"    match {x} {{", *lines]
        return place(g, head, [], ["        _ => None,"], ["    }", "}"])
    kind, xs, a, b = g.type(), g.plural(), g.type(), g.type()
    enum = [f"pub enum {kind} {{", f"    {a}({ty}),", f"    {b},", "}"]
    arms = [f"            {kind}::{a}({n}) => {x} += {n},", f"            {kind}::{b} => {x} += 1,"]
    each = g.var()
    head = [
        *enum,
        f"pub fn {name}({xs}: &[{kind}]) -> {ty} {{",
        f"    let mut {x} = 0;",
        f"    for {each} in {xs} {{",
        f"        match {each} {{",
    ]
    tail = ["        }", "    }", f"    {x}", "}"]
    if g.chance(0.5):
        return g.program(head, [arms[1]], arms, tail)
    return g.program([*head, arms[0]], [], [arms[1]], tail)


@pattern(FAMILY, "E0277")
def rh_ok_or(g: Grammar) -> Pair:
    """`?` on an Option in a function that returns a Result."""
    if g.chance(0.4):
        s = scenes.scene(g)
        links = g.random.choice(
            (
                [g.pick(".first()", ".last()", f".get({g.number(1, 5)})"), scenes.numbers(g, s)],
                [".iter()", f'.find(|{s.one}| {s.one}.{s.text} == "{g.word()}")', scenes.numbers(g, s)],
                [".iter()", scenes.sift(g, s), scenes.numbers(g, s), g.pick(".max()", ".min()")],
            )
        )
        bad, good = scenes.chain(g, s.source, links, [*links, '.ok_or("missing")'])
        error = g.pick("String", "String", "&'static str", "Box<dyn std::error::Error>")
        return scenes.slot(
            g, bad + "?", good + "?", s.number, params=s.params, before=s.before, owner=s.owner, result=(f"Result<{{}}, {error}>", "Ok({})"),
            slots=[p for p in scenes.SLOTS if p not in scenes.EXITS],
        )  # fmt: skip
    name, x, xs, ty = g.fn(), g.var(), g.plural(), _int(g)
    op, k = g.pick("+", "*"), g.number(2, 9)
    error = g.pick("String", "String", "&'static str", "Box<dyn std::error::Error>")
    why = "missing"
    shape = g.random.randrange(5)
    use: list[str] = []
    if shape == 0:
        sig, get, result = (
            f"{xs}: &[{ty}]",
            g.pick(f"{xs}.first()", f"{xs}.last()", f"{xs}.iter().max()", f"{xs}.get({k})"),
            ty,
        )
        last = f"Ok({x} {op} {k})"
    elif shape == 1:
        use = ["use std::collections::HashMap;"]
        sig, get, result = f"{xs}: &HashMap<String, {ty}>", f'{xs}.get("{g.word()}")', ty
        last = f"Ok(*{x} {op} {k})"
    elif shape == 2:
        sig, result = f"{xs}: &str", g.pick("String", "usize")
        get = g.pick(
            f"{xs}.split(':').next()",
            f"{xs}.lines().next()",
            f"{xs}.split_whitespace().last()",
            f'{xs}.strip_prefix("{g.word()}")',
        )
        last = f"Ok({x}.len())" if result == "usize" else f"Ok({x}.{g.pick('to_string', 'to_uppercase')}())"
    elif shape == 3:
        sig, get, result, last = f"{xs}: Option<{ty}>", xs, ty, f"Ok({x} {op} {k})"
    else:
        kind, field = g.type(), g.plural()
        call = g.pick("pop()", "first().copied()", "last().copied()")
        mutable = "&mut self" if call == "pop()" else "&self"
        head = [
            f"pub struct {kind} {{", f"    {field}: Vec<{ty}>,", "}", f"impl {kind} {{",
            f"    pub fn {name}({mutable}) -> Result<{ty}, {error}> {{",
        ]  # fmt: skip
        line = f"        let {x} = self.{field}.{call}"
        return g.program(head, [line + "?;"], [f'{line}.ok_or("{why}")?;'], [f"        Ok({x} {op} {k})", "    }", "}"])
    head = [f"pub fn {name}({sig}) -> Result<{result}, {error}> {{", *noise(g)]
    line = f"    let {x} = {get}"
    return place(g, head, [line + "?;"], [f'{line}.ok_or("{why}")?;'], [f"    {last}", "}"], before=use)


@pattern(FAMILY, "E0277")
def rh_map_err(g: Grammar) -> Pair:
    """`?` cannot turn the error into the one that the function returns."""
    if g.chance(0.4):
        text, ty = g.var(), g.pick("i32", "u32", "i64", "u64", "u8", "usize", "f64")
        call = g.pick(
            f"{_source(g, text)}.parse::<{ty}>()", f"{text}.trim_start_matches('{g.pick(*'#$+0')}').trim().parse::<{ty}>()",
            f'{text}.trim_end_matches("{g.word()}").parse::<{ty}>()', f"{text}[{g.number(1, 9)}..].trim().parse::<{ty}>()",
        )  # fmt: skip
        fixed = f"{call}.map_err(|e| e.to_string())?"
        return scenes.slot(
            g, call + "?", fixed, ty, params=f"{text}: &str", result=("Result<{}, String>", "Ok({})"),
            slots=[p for p in scenes.SLOTS if p not in scenes.EXITS],
        )  # fmt: skip
    name, text, n = g.fn(), g.var(), g.var()
    ty = g.pick("i32", "u32", "i64", "u64", "u8", "usize", "f64", "bool", "char")
    shape = g.random.randrange(4)
    call = f"{_source(g, text)}.parse::<{ty}>()"
    fixed = f"{call}.map_err(|e| e.to_string())?"
    if shape == 0:
        last = g.pick(f"Ok({n})", f"Ok(vec![{n}])", f"Ok(Some({n}))")
        result = f"Vec<{ty}>" if "vec" in last else f"Option<{ty}>" if "Some" in last else ty
        head = [f"pub fn {name}({text}: &str) -> Result<{result}, String> {{", *noise(g, [text])]
        tail = [f'    println!("{{{n}}}");', f"    {last}", "}"]
        return place(g, head, [f"    let {n} = {call}?;"], [f"    let {n} = {fixed};"], tail)
    if shape == 1:
        xs, part = g.plural(), g.var()
        call = f"{_source(g, part)}.parse::<{ty}>()"
        head = [
            f"pub fn {name}({text}: &str) -> Result<Vec<{ty}>, String> {{",
            f"    let mut {xs} = Vec::new();",
            f"    for {part} in {_parts(g, text)} {{",
        ]
        tail = ["    }", f"    Ok({xs})", "}"]
        return place(
            g, head, [f"        {xs}.push({call}?);"], [f"        {xs}.push({call}.map_err(|e| e.to_string())?);"], tail
        )
    if shape == 2:
        kind, a = g.type(), g.var()
        head = [
            f"pub struct {kind} {{", f"    pub {a}: {ty},", "}", f"impl {kind} {{",
            f"    pub fn {name}({text}: &str) -> Result<{kind}, String> {{", f"        Ok({kind} {{",
        ]  # fmt: skip
        return g.program(
            head, [f"            {a}: {call}?,"], [f"            {a}: {fixed},"], ["        })", "    }", "}"]
        )
    use = ["use std::fs;"] if g.chance(0.5) else []
    module = "fs" if use else "std::fs"
    read = f"{module}::read_to_string({text})"
    last = g.pick(f"Ok({n}.lines().count())", f"Ok({n}.len())", f"Ok({n}.trim().len())")
    head = [f"pub fn {name}({text}: &str) -> Result<usize, String> {{", *noise(g, [text])]
    line = f"    let {n} = {read}"
    return place(g, head, [line + "?;"], [f"{line}.map_err(|e| e.to_string())?;"], [f"    {last}", "}"], before=use)
