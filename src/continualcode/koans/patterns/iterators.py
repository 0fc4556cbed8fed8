"""Iterators: collecting, borrowing items, ranges, Options at the end of a chain."""

from continualcode.koans.grammar import Grammar, Pair, pattern
from continualcode.koans.patterns import scenes
from continualcode.koans.patterns.placing import noise, place

FAMILY = "iterators"
_INTS = ("i32", "u32", "i64", "u64", "usize", "i16")


def _int(g: Grammar) -> str:
    return g.pick(*_INTS)


def _arg(g: Grammar) -> str:
    """A closure's argument."""
    return g._unique(lambda: g.pick("x", "x", "n", "v", "c") if g.chance(0.6) else g.word())


def _owned(g: Grammar, x: str, literal: bool = True) -> str:
    """Makes a String of the &str (or &String) variable x."""
    return g.pick(
        f"{x}.to_uppercase()", f"{x}.trim().to_string()", f"{x}.to_lowercase()", f'format!("{{}} {g.word()}", {x})'
    )


def _struct(g: Grammar, field_type: str) -> tuple[list[str], str]:
    """The first lines of a struct with one field and of its impl; the field's name."""
    kind, field = g.type(), g.plural()
    more = [f"    pub {g.var()}: {g.pick('u32', 'String', 'bool')},"] if g.chance(0.5) else []
    return [f"pub struct {kind} {{", f"    pub {field}: {field_type},", *more, "}", f"impl {kind} {{"], field


def _seen(g: Grammar, s: scenes.Scene, bad: list[str], good: list[str], ty: str, other: str = "") -> Pair:
    """The two chains over the scene's collection, somewhere in a function."""
    wrong, right = scenes.chain(g, s.source, bad, good)
    return scenes.slot(g, wrong, right, ty, params=s.params, before=s.before, owner=s.owner, other=other)


def _some(g: Grammar, s: scenes.Scene, share: float = 0.6) -> list[str]:
    return [scenes.sift(g, s)] if g.chance(share) else []


@pattern(FAMILY, "E0308")
def it_missing_collect(g: Grammar) -> Pair:
    """A chain of adapters is handed over before it was collected."""
    if g.chance(0.5):
        s = scenes.scene(g)
        links, ty = g.random.choice(((scenes.strings(g, s), "Vec<String>"), (scenes.numbers(g, s), f"Vec<{s.number}>")))
        links = [".iter()", *_some(g, s), links]
        return _seen(g, s, links, [*links, ".collect()"], ty)
    name, xs, ys, x, ty = g.fn(), g.plural(), g.plural(), _arg(g), _int(g)
    k, m = g.number(2, 9), g.number(2, 60)
    shape = g.random.randrange(5)
    use: list[str] = []
    if shape == 0:
        sig, result = f"{xs}: &[{ty}]", f"Vec<{ty}>"
        chain = g.pick(f"{xs}.iter().map(|{x}| {x} {g.pick('+', '*')} {k})", f"{xs}.iter().copied().filter(|{x}| *{x} > {m})",
                       f"{xs}.iter().copied().rev()", f"{xs}.iter().copied().skip({k})", f"{xs}.iter().map(|{x}| {x} * {x})")  # fmt: skip
    elif shape == 1:
        sig, result = f"{xs}: &[{g.pick('String', '&str')}]", "Vec<String>"
        chain = f"{xs}.iter().map(|{x}| {_owned(g, x)})"
    elif shape == 2:
        sig, result = f"{xs}: &str", g.pick("String", "Vec<char>")
        chain = f"{xs}.chars()." + g.pick(
            "rev()",
            f"filter(|{x}| {x}.is_alphabetic())",
            f"map(|{x}| {x}.to_ascii_uppercase())",
            f"take({k})",
            f"skip({k})",
        )
    elif shape == 3:
        sig, result = f"{xs}: &str", "Vec<&str>"
        chain = f"{xs}." + g.pick(
            "split(',')",
            "lines()",
            "split_whitespace()",
            "split(';')",
            f"lines().filter(|{x}| !{x}.is_empty())",
            f"split('-').map(|{x}| {x}.trim())",
        )
    else:
        keyed = g.chance(0.5)
        use = [f"use std::collections::{'HashMap' if keyed else 'HashSet'};"]
        sig = f"{xs}: &[{'String' if keyed else ty}]"
        result = "HashMap<String, usize>" if keyed else f"HashSet<{ty}>"
        chain = (
            f"{xs}.iter().map(|{x}| ({x}.clone(), {x}.len()))"
            if keyed
            else g.pick(f"{xs}.iter().map(|{x}| {x} % {k})", f"{xs}.iter().copied()")
        )
    r = g.random.random()
    if r < 0.45:
        line = f"    let {ys}: {result} = {chain}"
        last = g.pick(f"    {ys}.len()", f"    {ys}.is_empty()")
        out = "usize" if last.endswith("len()") else "bool"
        if result == "Vec<&str>" or g.chance(0.4):
            out, last = out, f'    println!("{{}}", {ys}.len());\n{last}'
        return place(
            g,
            [f"pub fn {name}({sig}) -> {out} {{"],
            [line + ";"],
            [line + ".collect();"],
            [*last.split("\n"), "}"],
            before=use,
        )
    if r < 0.85 or shape == 3:
        head = [f"pub fn {name}({sig}) -> {result} {{", *noise(g)]
        return place(g, head, [f"    {chain}"], [f"    {chain}.collect()"], ["}"], before=use)
    kind, field = g.type(), g.plural()
    struct = [f"pub struct {kind} {{", f"    pub {field}: {result},", "}"]
    head = [f"pub fn {name}({sig}) -> {kind} {{", f"    {kind} {{"]
    return place(
        g,
        head,
        [f"        {field}: {chain},"],
        [f"        {field}: {chain}.collect(),"],
        ["    }", "}"],
        before=[*use, *struct],
    )


@pattern(FAMILY, "E0277")
def it_missing_cloned(g: Grammar) -> Pair:
    """References are collected where values are wanted."""
    if g.chance(0.4):
        s = scenes.scene(g)
        field, ty, own = g.random.choice(((s.text, "String", ".cloned()"), (s.num, s.number, ".copied()")))
        links = [".iter()", *_some(g, s), f".map(|{s.one}| &{s.one}.{field})"]
        end = f".collect::<Vec<{ty}>>()" if g.chance(0.5) else ".collect()"
        return _seen(g, s, [*links, end], [*links, own, end], f"Vec<{ty}>")
    name, xs, ys, x = g.fn(), g.plural(), g.plural(), _arg(g)
    k, m = g.number(1, 6), g.number(2, 60)
    number = g.chance(0.6)
    ty = _int(g) if number else "String"
    own = ".copied()" if number else ".cloned()"
    sift = (
        g.pick(
            f"filter(|{x}| **{x} {g.pick('>', '<', '!=')} {m})",
            f"take({k})",
            f"skip({k})",
            "rev()",
            f"step_by({k + 1})",
        )
        if number
        else g.pick(
            f"filter(|{x}| {x}.len() > {m})",
            f"filter(|{x}| !{x}.is_empty())",
            f"take({k})",
            f"skip({k})",
            "rev()",
            f"filter(|{x}| {x}.starts_with('{g.word()[0]}'))",
        )
    )
    holder = g.pick("Vec", "Vec", "HashSet", "BTreeSet")
    use = [] if holder == "Vec" else [f"use std::collections::{holder};"]
    result = f"{holder}<{ty}>"
    shape = g.random.randrange(4)
    if shape == 0:
        source = f"{xs}.iter().{sift}"
        head = [f"pub fn {name}({xs}: &[{ty}]) -> {result} {{", *noise(g)]
        return place(g, head, [f"    {source}.collect()"], [f"    {source}{own}.collect()"], ["}"], before=use)
    if shape == 1:
        source = f"{xs}.iter().{sift}"
        head = [f"pub fn {name}({xs}: &[{ty}]) -> usize {{", *noise(g)]
        line = f"    let {ys}: {result} = {source}"
        tail = [f'    println!("{{:?}}", {ys});', f"    {ys}.len()", "}"]
        return place(g, head, [f"{line}.collect();"], [f"{line}{own}.collect();"], tail, before=use)
    if shape == 2:
        head, field = _struct(g, f"Vec<{ty}>")
        source = f"self.{field}.iter().{sift}"
        sig = f"    pub fn {name}(&self) -> {result} {{"
        return g.program(
            [*use, *head, sig], [f"        {source}.collect()"], [f"        {source}{own}.collect()"], ["    }", "}"]
        )
    use = ["use std::collections::HashMap;", *([f"use std::collections::{holder};"] if holder != "Vec" else [])]
    which = g.pick("keys", "values")
    pair = f"{ty}, bool" if which == "keys" else f"char, {ty}"
    head = [f"pub fn {name}({xs}: &HashMap<{pair}>) -> {result} {{", *noise(g)]
    return place(g, head, [f"    {xs}.{which}().collect()"], [f"    {xs}.{which}(){own}.collect()"], ["}"], before=use)


@pattern(FAMILY, "E0308")
def it_filter_deref(g: Grammar) -> Pair:
    """A closure compares the reference it is given with a value."""
    if g.chance(0.45):
        s, x = scenes.scene(g), _arg(g)
        k, op = g.number(1, 90), g.pick(">", "<", ">=", "<=")
        ends = [([".count()"], "usize"), ([".max()", ".unwrap_or(0)"], s.number), ([f".sum::<{s.number}>()"], s.number), ([".collect::<Vec<_>>()"], f"Vec<{s.number}>"), ([".max()"], f"Option<{s.number}>")]  # fmt: skip
        end, ty = g.random.choice(ends)
        first, closure = (
            [".iter()", *_some(g, s, 0.4), scenes.numbers(g, s)],
            g.pick("filter", "filter", "take_while", "skip_while"),
        )
        bad, good = (f".{closure}(|{x}| {star}{x} {op} {k})" for star in ("", "*"))
        return _seen(g, s, [*first, bad, *end], [*first, good, *end], ty)
    name, xs, x, ty = g.fn(), g.plural(), _arg(g), _int(g)
    k, op = g.number(1, 90), g.pick(">", "<", ">=", "<=")
    limit = g.var()
    by_name = g.chance(0.4)
    right = limit if by_name else str(k)
    sig = f"{xs}: &[{ty}]" + (f", {limit}: {ty}" if by_name else "")
    shape = g.random.randrange(5)
    stars, result, chain = g.random.choice(
        (
            ("**", "usize", "iter().filter(|{c}).count()"),
            ("**", f"Vec<{ty}>", "iter().filter(|{c}).copied().collect()"),
            ("**", ty, "iter().filter(|{c}).sum()"),
            ("**", f"Option<&{ty}>", "iter().find(|{c})"),
            ("**", f"Vec<&{ty}>", "iter().filter(|{c}).collect()"),
            ("*", "bool", "iter().any(|{c})"),
            ("*", "bool", "iter().all(|{c})"),
            ("*", "Option<usize>", "iter().position(|{c})"),
            ("*", f"Vec<{ty}>", "iter().copied().filter(|{c}).collect()"),
            ("**", f"Vec<{ty}>", "iter().take_while(|{c}).copied().collect()"),
            ("**", ty, "iter().skip_while(|{c}).sum()"),
        )
    )
    if shape in (0, 1):
        head = [f"pub fn {name}({sig}) -> {result} {{", *noise(g, [limit] if by_name else [])]
        bad, good = (f"    {xs}." + chain.replace("{c}", f"{x}| {s}{x} {op} {right}") for s in ("", stars))
        return place(g, head, [bad], [good], ["}"])
    if shape == 2:
        head = [f"pub fn {name}({xs}: &mut Vec<{ty}>{f', {limit}: {ty}' if by_name else ''}) {{", *noise(g)]
        line = f"    {xs}.retain(|{x}| "
        after = g.pick(f"    {xs}.sort();", f'    println!("{{}}", {xs}.len());', f"    {xs}.push({k});")
        return place(g, head, [f"{line}{x} {op} {right});"], [f"{line}*{x} {op} {right});"], [after, "}"])
    if shape == 3:
        head, field = _struct(g, f"Vec<{ty}>")
        extra = f", {limit}: {ty}" if by_name else ""
        bad, good = (f"        self.{field}." + chain.replace("{c}", f"{x}| {s}{x} {op} {right}") for s in ("", stars))
        return g.program([*head, f"    pub fn {name}(&self{extra}) -> {result} {{"], [bad], [good], ["    }", "}"])
    n = g.var()
    head = [f"pub fn {name}({sig}) -> usize {{", f"    let {n} = {xs}", "        .iter()"]
    tail = ["        .count();", *(noise(g, [n]) or [f'    println!("{{{n}}}");']), f"    {n}", "}"]
    return place(
        g, head, [f"        .filter(|{x}| {x} {op} {right})"], [f"        .filter(|{x}| **{x} {op} {right})"], tail
    )


@pattern(FAMILY, "E0283")
def it_sum_type(g: Grammar) -> Pair:
    """`sum()` or `product()` without a type to make."""
    if g.chance(0.4):
        s = scenes.scene(g)
        ty, read = g.random.choice(((s.number, scenes.numbers(g, s)), ("f64", f".map(|{s.one}| {s.one}.{s.real})")))
        links, end = [".iter()", *_some(g, s), read], g.pick("sum", "sum", "product")
        k = f"{g.number()}.0" if ty == "f64" else str(g.number())
        after = f" {g.pick('>', '<', '>=')} {k}"
        bad, good = scenes.chain(g, s.source, [*links, f".{end}()"], [*links, f".{end}::<{ty}>()"])
        return scenes.slot(g, bad + after, good + after, "bool", params=s.params, before=s.before, owner=s.owner)
    name, xs, n, x, ty = g.fn(), g.plural(), g.var(), _arg(g), g.pick("i32", "u32", "i64", "u64", "f64", "usize")
    k = f"{g.number(2, 9)}.0" if ty == "f64" else str(g.number(2, 9))
    end = g.pick("sum", "sum", "sum", "product")
    via = g.pick(
        "", "", f".map(|{x}| {x} * {k})", f".take({g.number(2, 9)})", f".filter(|{x}| **{x} > {k})", ".copied()"
    )
    shape = g.random.randrange(5)
    sig = f"{xs}: &[{ty}]"
    if shape == 0:
        head = [f"pub fn {name}({sig}) {{", *noise(g)]
        shown = f'    println!("{g.text()} {{}}", {n});'
        return place(
            g,
            head,
            [f"    let {n} = {xs}.iter(){via}.{end}();"],
            [f"    let {n}: {ty} = {xs}.iter(){via}.{end}();"],
            [shown, "}"],
        )
    if shape == 1:
        result = g.pick("bool", "bool", ty)
        tail = g.pick(">", "<", "==") if result == "bool" else g.pick("/", "*")
        if ty == "f64" and tail == "==":
            tail = ">"
        head = [f"pub fn {name}({sig}) -> {result} {{", *noise(g)]
        return place(
            g,
            head,
            [f"    {xs}.iter(){via}.{end}() {tail} {k}"],
            [f"    {xs}.iter(){via}.{end}::<{ty}>() {tail} {k}"],
            ["}"],
        )
    if shape == 2:
        head = [f"pub fn {name}({sig}) -> String {{", *noise(g)]
        show = f'    format!("{g.text()} {{}}", {n})'
        return place(
            g,
            head,
            [f"    let {n} = {xs}.iter(){via}.{end}();"],
            [f"    let {n}: {ty} = {xs}.iter(){via}.{end}();"],
            [show, "}"],
        )
    if shape == 3:
        head, field = _struct(g, f"Vec<{ty}>")
        tail = g.pick(">", "<", ">=")
        chain = f"        self.{field}.iter(){via}.{end}"
        return g.program(
            [*head, f"    pub fn {name}(&self) -> bool {{"],
            [f"{chain}() {tail} {k}"],
            [f"{chain}::<{ty}>() {tail} {k}"],
            ["    }", "}"],
        )
    kind, field, unit = g.type(), g.var(), g.pick("u32", "i64", "f64", "u64")
    head = [f"pub struct {kind} {{", f"    pub {field}: {unit},", "}", f"pub fn {name}({xs}: &[{kind}]) -> {unit} {{"]
    line = f"{xs}.iter().map(|{x}| {x}.{field}).{end}()"
    more = f"{g.number(2, 9)}.0" if unit == "f64" else str(g.number(2, 9))
    return g.program(
        head,
        [f"    let {n} = {line};"],
        [f"    let {n}: {unit} = {line};"],
        [f'    println!("{{}}", {n});', f"    {n} * {more}", "}"],
    )


@pattern(FAMILY, "E0277")
def it_int_not_iter(g: Grammar) -> Pair:
    """A loop (or a chain) over a number: a range is wanted."""
    name, n, total = g.fn(), g.var(), g.var()
    i = g.pick("i", "i", "_") if g.chance(0.6) else g.var()
    ty, k = _int(g), g.number(2, 9)
    if g.chance(0.25):
        j, row, wide, high = g.var(), g.var(), g.var(), g.var()
        kind = g.type()
        head = [f"pub struct {kind} {{", f"    pub {wide}: {ty},", f"    pub {high}: {ty},", "}", f"impl {kind} {{"]
        head += [f"    pub fn {name}(&self) -> {ty} {{", f"        let mut {total} = 0;"]
        outer, inner = f"        for {row} in @self.{high} {{", f"            for {j} in @self.{wide} {{"
        step = g.pick(f"{row} * {j}", f"{row} * self.{wide} + {j}", f"({row} + {j}) * {k}", f"{k} + {row} + {j}")
        tail = [f"                {total} += {step};", "            }", "        }", f"        {total}", "    }", "}"]
        if g.chance(0.5):
            tail = [inner.replace("@", "0.."), *tail]
            return g.program(head, [outer.replace("@", "")], [outer.replace("@", "0..")], tail)
        return g.program(
            [*head, outer.replace("@", "0..")], [inner.replace("@", "")], [inner.replace("@", "0..")], tail
        )
    value = g.pick("1", str(k)) if i == "_" else g.pick(i, f"{i} * {k}", f"{i} * {i}")
    if value in ("1", str(k)):
        value = str(k)
    shape = g.random.randrange(6)
    if shape == 0:
        start, op = g.pick("0", "0", str(k)), "+="
        head = [f"pub fn {name}({n}: {ty}) -> {ty} {{", f"    let mut {total} = {start};"]
        return place(
            g,
            head,
            [f"    for {i} in {n} {{"],
            [f"    for {i} in 0..{n} {{"],
            [f"        {total} {op} {value};", "    }", f"    {total}", "}"],
        )
    if shape == 1:
        head = [f"pub fn {name}({n}: {ty}) -> Vec<{ty}> {{", f"    let mut {total} = Vec::new();"]
        if i == "_" or value == i:
            i, value = "i", f"i * {k}"
        return place(
            g,
            head,
            [f"    for {i} in {n} {{"],
            [f"    for {i} in 0..{n} {{"],
            [f"        {total}.push({value});", "    }", f"    {total}", "}"],
        )
    if shape == 2:
        xs = g.plural()
        j = g.var() if i == "_" else i
        head = [f"pub fn {name}({xs}: &[{ty}]) -> usize {{", f"    let mut {total} = 0;"]
        return place(
            g,
            head,
            [f"    for {j} in {xs}.len() {{"],
            [f"    for {j} in 0..{xs}.len() {{"],
            [f"        {total} += {j} * {k};", "    }", f"    {total}", "}"],
        )
    if shape == 3:
        head, field = _struct(g, ty)
        head.append(f"    pub fn {name}(&self) -> {ty} {{")
        head.append(f"        let mut {total} = 0;")
        tail = [f"            {total} += {value};", "        }", f"        {total}", "    }", "}"]
        return g.program(
            head, [f"        for {i} in self.{field} {{"], [f"        for {i} in 0..self.{field} {{"], tail
        )
    if shape == 4:
        text = g.var()
        piece = g.pick(f'push_str("{g.word()} ")', "push('*')", "push('-')", f'push_str("{g.word()},")')
        head = [f"pub fn {name}({n}: {ty}) -> String {{", f"    let mut {text} = String::new();"]
        return place(
            g,
            head,
            [f"    for _ in {n} {{"],
            [f"    for _ in 0..{n} {{"],
            [f"        {text}.{piece};", "    }", f"    {text}", "}"],
        )
    count = g.number(3, 40)
    j = g.var() if i == "_" else i
    head = [f"pub fn {name}() {{", *noise(g)]
    return place(
        g,
        head,
        [f"    for {j} in {count} {{"],
        [f"    for {j} in 0..{count} {{"],
        [f'        println!("{g.word()} {{}}", {j});', "    }", "}"],
    )


@pattern(FAMILY, "E0599")
def it_missing_iter(g: Grammar) -> Pair:
    """An iterator's method is called on the collection itself."""
    if g.chance(0.45):
        s = scenes.scene(g)
        first = scenes.sift(g, s)
        while not first.startswith(".filter"):
            first = scenes.sift(g, s)
        end, ty = g.random.choice(
            (
                ([scenes.numbers(g, s), ".max()", ".unwrap_or(0)"], s.number), ([first, ".count()"], "usize"), ([scenes.strings(g, s), ".collect()"], "Vec<String>"),
                ([first, scenes.strings(g, s), ".collect()"], "Vec<String>"), ([first, scenes.numbers(g, s), f".sum::<{s.number}>()"], s.number),
                ([f".any(|{s.one}| {s.one}.{s.real} > {g.number()}.5)"], "bool"), ([f'.position(|{s.one}| {s.one}.{s.text} == "{g.word()}")'], "Option<usize>"),
            )
        )  # fmt: skip
        return _seen(g, s, end, [".iter()", *end], ty, "None" if ty.startswith("Option") else "")
    name, xs, x, ty = g.fn(), g.plural(), _arg(g), _int(g)
    k, op = g.number(2, 60), g.pick("+", "*")
    text = g.chance(0.25)
    if text:
        ty = "String"
        result, chain = g.random.choice(
            (
                ("Vec<String>", f"map(|{x}| {_owned(g, x)}).collect()"),
                ("usize", f"filter(|{x}| !{x}.is_empty()).count()"),
                ("usize", f"map(|{x}| {x}.len()).sum()"),
                ("bool", f"any(|{x}| {x}.is_empty())"),
                ("bool", f"all(|{x}| {x}.len() > {k})"),
            )
        )
    else:
        result, chain = g.random.choice(
            (
                (f"Vec<{ty}>", f"map(|{x}| {x} {op} {k}).collect()"),
                ("usize", f"filter(|{x}| **{x} > {k}).count()"),
                (f"Vec<{ty}>", f"copied().filter(|{x}| *{x} < {k}).collect()"),
                (ty, "sum()"),
                ("bool", f"any(|{x}| *{x} > {k})"),
                ("bool", f"all(|{x}| *{x} < {k})"),
                ("usize", "enumerate().map(|(i, n)| i * n.count_ones() as usize).sum()"),
                ("Option<usize>", f"position(|{x}| *{x} == {k})"),
                (ty, f"fold(0, |a, {x if x != 'a' else 'b'}| a + {x if x != 'a' else 'b'} {g.pick('+', '*')} {k})"),
                (f"Vec<{ty}>", f"copied().skip({g.number(1, 5)}).collect()"),
            )
        )
    shape = g.random.randrange(4)
    if shape == 0:
        head = [f"pub fn {name}({xs}: &[{ty}]) -> {result} {{", *noise(g)]
        return place(g, head, [f"    {xs}.{chain}"], [f"    {xs}.iter().{chain}"], ["}"])
    if shape == 1:
        head, field = _struct(g, f"Vec<{ty}>")
        return g.program(
            [*head, f"    pub fn {name}(&self) -> {result} {{"],
            [f"        self.{field}.{chain}"],
            [f"        self.{field}.iter().{chain}"],
            ["    }", "}"],
        )
    if shape == 2:
        n = g.var()
        line = f"    let {n}: {result} = {xs}."
        head = [f"pub fn {name}({xs}: Vec<{ty}>) -> {result} {{", *noise(g)]
        return place(
            g,
            head,
            [f"{line}{chain};"],
            [f"{line}iter().{chain};"],
            [f'    println!("{{:?}} {{}}", {n}, {xs}.len());', f"    {n}", "}"],
        )
    value = g.pick("u32", "i64", "usize")
    chain, result = g.random.choice(
        (
            (f"filter(|(_, {x})| **{x} < {k}).count()", "usize"),
            (f"filter(|(_, {x})| **{x} > {k}).count()", "usize"),
            (f"any(|(_, {x})| *{x} > {k})", "bool"),
            (f"all(|(_, {x})| *{x} < {k})", "bool"),
        )
    )
    key = g.pick("&str", "char", "u8")
    head = [f"pub fn {name}({xs}: &BTreeMap<{key}, {value}>) -> {result} {{", *noise(g)]
    return place(
        g, head, [f"    {xs}.{chain}"], [f"    {xs}.iter().{chain}"], ["}"], before=["use std::collections::BTreeMap;"]
    )


@pattern(FAMILY, "E0308")
def it_option_next(g: Grammar) -> Pair:
    """The end of a chain gives an Option, a plain value is wanted."""
    if g.chance(0.45):
        s = scenes.scene(g)
        links, ty = g.random.choice(
            (
                ([*_some(g, s), scenes.numbers(g, s), g.pick(".max()", ".min()", ".next()", f".nth({g.number(1, 5)})")], s.number),
                ([*_some(g, s, 0.3), scenes.numbers(g, s), g.pick(".max()", ".min()")], s.number),
                ([f'.find(|{s.one}| {s.one}.{s.text} == "{g.word()}")', scenes.numbers(g, s)], s.number),
                ([f".position(|{s.one}| {s.one}.{s.num} > {g.number()})"], "usize"),
                ([*_some(g, s), f".map(|{s.one}| {s.one}.{s.text}.len())", g.pick(".max()", ".min()")], "usize"),
            )
        )  # fmt: skip
        return _seen(g, s, [".iter()", *links], [".iter()", *links, ".unwrap_or(0)"], ty)
    name, xs, n, x, ty = g.fn(), g.plural(), g.var(), _arg(g), _int(g)
    k, m = g.number(1, 9), g.number(2, 60)
    default = "0"
    shape = g.random.randrange(5)
    best = g.pick("max", "min")
    number = f"{xs}.iter()." + g.pick(
        f"copied().{best}()", f"copied().{best}()", f"map(|{x}| {x} * {k}).{best}()", f"copied().skip({k}).{best}()", f"copied().find(|{x}| *{x} > {m})",
        f"copied().filter(|{x}| *{x} < {m}).{best}()", f"rev().copied().find(|{x}| *{x} != {m})", f"copied().rev().nth({k})",
    )  # fmt: skip
    if shape == 0:
        head = [f"pub fn {name}({xs}: &[{ty}]) -> {ty} {{", *noise(g)]
        return place(g, head, [f"    {number}"], [f"    {number}.unwrap_or({default})"], ["}"])
    if shape == 1:
        line = f"    let {n}: {ty} = {number}"
        head = [f"pub fn {name}({xs}: &[{ty}]) -> {ty} {{", *noise(g)]
        return place(
            g,
            head,
            [line + ";"],
            [f"{line}.unwrap_or({default});"],
            [*noise(g, [n]), f"    {n} {g.pick('+', '*')} {k}", "}"],
        )
    if shape == 2:
        chain, fallback, result = g.random.choice(
            (
                (f"{xs}.chars().next()", "' '", "char"), (f"{xs}.chars().last()", "' '", "char"), (f"{xs}.chars().find(|{x}| {x}.is_alphabetic())", "' '", "char"),
                (f"{xs}.lines().next()", '""', "&str"), (f"{xs}.split(',').next()", '""', "&str"), (f"{xs}.split_whitespace().last()", '""', "&str"),
                (f"{xs}.chars().position(|{x}| {x} == ' ')", "0", "usize"), (f"{xs}.split(' ').map(|{x}| {x}.len()).max()", "0", "usize"),
                (f"{xs}.bytes().max()", "0", "u8"), (f"{xs}.split_whitespace().nth({k})", '""', "&str"),
            )
        )  # fmt: skip
        head = [f"pub fn {name}({xs}: &str) -> {result} {{", *noise(g, [xs])]
        if g.chance(0.5):
            return place(g, head, [f"    {chain}"], [f"    {chain}.unwrap_or({fallback})"], ["}"])
        line = f"    let {n}: {result} = {chain}"
        return place(
            g, head, [line + ";"], [f"{line}.unwrap_or({fallback});"], [f'    println!("{{{n}}}");', f"    {n}", "}"]
        )
    if shape == 3:
        head, field = _struct(g, f"Vec<{ty}>")
        chain = number.replace(f"{xs}.iter()", f"self.{field}.iter()")
        return g.program(
            [*head, f"    pub fn {name}(&self) -> {ty} {{"],
            [f"        {chain}"],
            [f"        {chain}.unwrap_or({default})"],
            ["    }", "}"],
        )
    kind, field, unit = g.type(), g.var(), g.pick("u32", "i64", "u64")
    head = [f"pub struct {kind} {{", f"    pub {field}: {unit},", "}", f"pub fn {name}({xs}: &[{kind}]) -> {unit} {{"]
    chain = f"    {xs}.iter().map(|{x}| {x}.{field}).{g.pick('max', 'min')}()"
    return g.program(head, [chain], [f"{chain}.unwrap_or({default})"], ["}"])


@pattern(FAMILY, "E0308")
def it_missing_enumerate(g: Grammar) -> Pair:
    """A loop takes an index and an item from an iterator that has only items."""
    name, xs, x, total, ty = g.fn(), g.plural(), g.var(), g.var(), _int(g)
    i = "i" if g.chance(0.5) else g.var()
    k, op = g.number(2, 60), g.pick(">", "<", "==")
    shape = g.random.randrange(5)
    many = f"{xs}.iter()"
    if shape == 0:
        head = [f"pub fn {name}({xs}: &[{ty}]) -> usize {{", f"    let mut {total} = 0;"]
        tail = [
            f"        if *{x} {op} {k} {{",
            f"            {total} += {i};",
            "        }",
            "    }",
            f"    {total}",
            "}",
        ]
        return place(
            g, head, [f"    for ({i}, {x}) in {many} {{"], [f"    for ({i}, {x}) in {many}.enumerate() {{"], tail
        )
    if shape == 1:
        head = [f"pub fn {name}({xs}: &[{g.pick(ty, 'String', '&str')}]) {{", *noise(g)]
        tail = [f'        println!("{{}}{g.pick(":", ".", ")")} {{}}", {i}, {x});', "    }", "}"]
        return place(
            g, head, [f"    for ({i}, {x}) in {many} {{"], [f"    for ({i}, {x}) in {many}.enumerate() {{"], tail
        )
    if shape == 2:
        source = g.pick(f"{xs}.chars()", f"{xs}.lines()", f"{xs}.split(',')", f"{xs}.bytes()")
        test = {"chars()": f"{x} == 'a'", "bytes()": f"{x} == b' '"}.get(source.split(".")[1], f"{x}.is_empty()")
        head = [f"pub fn {name}({xs}: &str) -> Option<usize> {{", f"    let mut {total} = None;"]
        tail = [f"        if {test} {{", f"            {total} = Some({i});", "        }", "    }", f"    {total}", "}"]
        return place(
            g, head, [f"    for ({i}, {x}) in {source} {{"], [f"    for ({i}, {x}) in {source}.enumerate() {{"], tail
        )
    if shape == 3:
        head, field = _struct(g, f"Vec<{ty}>")
        head += [f"    pub fn {name}(&self) -> Vec<usize> {{", f"        let mut {total} = Vec::new();"]
        tail = [
            f"            if *{x} {op} {k} {{",
            f"                {total}.push({i});",
            "            }",
            "        }",
            f"        {total}",
            "    }",
            "}",
        ]
        loop = f"        for ({i}, {x}) in self.{field}.iter()"
        return g.program(head, [loop + " {"], [loop + ".enumerate() {"], tail)
    head = [f"pub fn {name}({xs}: &mut [{ty}], {total}: {ty}) {{"]
    tail = [
        f"        if {i} % {g.number(2, 5)} == 1 {{",
        f"            *{x} {g.pick('+=', '=', '*=')} {total};",
        "        }",
        "    }",
        "}",
    ]
    return place(
        g,
        head,
        [f"    for ({i}, {x}) in {xs}.iter_mut() {{"],
        [f"    for ({i}, {x}) in {xs}.iter_mut().enumerate() {{"],
        tail,
    )


@pattern(FAMILY, "E0282")
def it_collect_type(g: Grammar) -> Pair:
    """`collect()` into a variable that does not say what it is, and a method is called on it."""
    name, xs, ys, x, ty = g.fn(), g.plural(), g.plural(), _arg(g), _int(g)
    k = g.number(2, 60)
    sig, chain, item = g.random.choice(
        (
            (f"{xs}: &[{ty}]", f"{xs}.iter().map(|{x}| {x} {g.pick('+', '*')} {k})", ty),
            (f"{xs}: &[{ty}]", f"{xs}.iter().copied().filter(|{x}| *{x} > {k})", ty),
            (f"{xs}: &str", f"{xs}.split(',')", "&str"),
            (f"{xs}: &str", f"{xs}.split_whitespace()", "&str"),
            (f"{xs}: &str", f"{xs}.lines().map(|{x}| {x}.trim())", "&str"),
            (f"{xs}: &str", f"{xs}.chars().filter(|{x}| {x}.is_alphanumeric())", "char"),
            (f"{xs}: &[String]", f"{xs}.iter().map(|{x}| {_owned(g, x)})", "String"),
        )
    )
    line = f"    let {ys}"
    shape = g.random.randrange(5)
    if shape == 0:
        head = [f"pub fn {name}({sig}) -> Vec<{item}> {{", *noise(g)]
        tail = [
            f"    {ys}.{g.pick('reverse()', 'sort()', f'truncate({k})', f'rotate_left({g.number(1, 3)})')};",
            f"    {ys}",
            "}",
        ]
        return place(
            g,
            head,
            [f"    let mut {ys} = {chain}.collect();"],
            [f"    let mut {ys}: Vec<{item}> = {chain}.collect();"],
            tail,
        )
    if shape == 1:
        total = g.var()
        head = [f"pub fn {name}({sig}) -> usize {{", *noise(g)]
        tail = [f"    let {total} = {ys}.len();", f'    println!("{{:?}} {{}}", {ys}, {total});', f"    {total}", "}"]
    elif shape == 2:
        head = [f"pub fn {name}({sig}) -> String {{", *noise(g)]
        tail = [
            f"    if {ys}.is_empty() {{",
            "        return String::new();",
            "    }",
            f'    format!("{{:?}}", {ys})',
            "}",
        ]
    elif shape == 3:
        n = g.var()
        head = [f"pub fn {name}({sig}) -> usize {{", f"    let mut {n} = {g.number(0, 9)};"]
        tail = [
            f"    while {n} < {ys}.len() {{",
            f"        {n} += {g.number(1, 5)};",
            "    }",
            f"    {n} + {ys}.len()",
            "}",
        ]
    else:
        head = [f"pub fn {name}({sig}) -> bool {{", *noise(g)]
        tail = [
            f'    println!("{g.word()} {{:?}}", {ys});',
            f"    {ys}.{g.pick(f'len() > {k}', 'is_empty()', 'len() % 2 == 1')}",
            "}",
        ]
    return place(g, head, [f"{line} = {chain}.collect();"], [f"{line}: Vec<{item}> = {chain}.collect();"], tail)
