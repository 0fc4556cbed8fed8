"""Type mismatch: strings, numbers, references, tails."""

from continualcode.koans.grammar import Grammar, Pair, pattern
from continualcode.koans.patterns import scenes
from continualcode.koans.patterns.placing import noise, place

FAMILY = "type_mismatch"


def _int(g: Grammar) -> str:
    return g.pick("i32", "u32", "i64", "u64", "u8", "usize", "i16")


def _pad(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


@pattern(FAMILY, "E0308")
def tm_str_to_string(g: Grammar) -> Pair:
    """A string literal (or a `&str`) where a String is wanted."""
    if g.chance(0.5):
        text = g.var()
        letter = g.pick("','", "':'", "' '", "'/'", "'='")
        source = g.pick(
            f'"{g.text()}"', f'"{g.text()}"', text, f"{text}.trim()", f'{text}.split({letter}).next().unwrap_or("{g.word()}")',
            f'{text}.strip_prefix("{g.word()}").unwrap_or({text})', f"{text}.trim_start_matches({letter}).trim_end()", f"&{text}[{g.number(1, 6)}..]",
            f'{text}.lines().last().unwrap_or("{g.text()}")',
        )  # fmt: skip
        good = f"{source.removeprefix('&')}.to_string()"
        result = g.random.choice(
            (("{}", "{}"), ("{}", "{}"), ("Option<{}>", "Some({})"), ("Result<{}, std::fmt::Error>", "Ok({})"))
        )
        slots = [p for p in scenes.SLOTS if p != "some"]
        params = "" if source.startswith('"') else f"{text}: &str"
        return scenes.slot(g, source, good, "String", params=params, result=result, slots=slots)
    name, x, text = g.fn(), g.var(), g.var()
    literal = g.chance(0.7)
    value = f'"{g.text()}"' if literal else text
    param = "" if literal else f"{text}: &str"
    owned = f"{value}.to_string()"
    shape = g.random.randrange(7)
    if shape == 0:
        kind, other = g.type(), g.var()
        struct = [f"pub struct {kind} {{", f"    pub {x}: String,", f"    pub {other}: u32,", "}"]
        rest = f"        {other}: {g.number()},"
        lead, trail = ([rest], []) if g.chance(0.4) else ([], [rest])
        if g.chance(0.5):
            head = [f"pub fn {name}({param}) -> {kind} {{", f"    {kind} {{", *lead]
            return place(
                g, head, [f"        {x}: {value},"], [f"        {x}: {owned},"], [*trail, "    }", "}"], before=struct
            )
        head = [
            *struct,
            f"impl {kind} {{",
            f"    pub fn {name}({param}) -> Self {{",
            f"        {g.pick('Self', kind)} {{",
            *_pad(lead),
        ]
        return g.program(
            head,
            [f"            {x}: {value},"],
            [f"            {x}: {owned},"],
            [*_pad(trail), "        }", "    }", "}"],
        )
    if shape == 1:
        head = [f"pub fn {name}({param}) -> String {{", *noise(g, [] if literal else [text])]
        last = g.pick(x, f"{x}.to_uppercase()", f"{x}.replace(' ', \"_\")", f'{x} + "{g.word()}"')
        middle = noise(g, [x]) or ([f'    println!("{{{x}}}");'] if last == x else [])
        return place(
            g,
            head,
            [f"    let {x}: String = {value};"],
            [f"    let {x}: String = {owned};"],
            [*middle, f"    {last}", "}"],
        )
    if shape == 2:
        lines = noise(g, [] if literal else [text])
        return place(g, [f"pub fn {name}({param}) -> String {{", *lines], [f"    {value}"], [f"    {owned}"], ["}"])
    if shape == 3:
        xs = g.plural()
        head = [f"pub fn {name}({', '.join(p for p in (f'{xs}: &mut Vec<String>', param) if p)}) {{", *noise(g)]
        k = g.number(1, 9)
        after = g.pick(f'    println!("{{}}", {xs}.len());', f"    {xs}.truncate({k});", f"    {xs}.sort();")
        verb = g.pick("push(", "push(", "insert(0, ")
        return place(g, head, [f"    {xs}.{verb}{value});"], [f"    {xs}.{verb}{owned});"], [after, "}"])
    if shape == 4:
        helper, a = g.fn(), g.var()
        before = [f"pub fn {helper}({a}: String) -> usize {{", f"    {a}.into_bytes().len()", "}"]
        head = [f"pub fn {name}({param}) -> usize {{", *noise(g)]
        return place(g, head, [f"    {helper}({value})"], [f"    {helper}({owned})"], ["}"], before=before)
    if shape == 5:
        n, k = g.var(), g.number(2, 60)
        value = f'"{g.text()}"'
        other = g.pick(
            f"{n}.to_string()", f'format!("{{}} {g.word()}", {n})', f'"{g.word()}".to_string()', "String::new()"
        )
        head = [f"pub fn {name}({n}: {_int(g)}) -> String {{", f"    if {n} {g.pick('>', '<', '==')} {k} {{"]
        if g.chance(0.5):
            return place(
                g,
                head,
                [f"        {value}"],
                [f"        {value}.to_string()"],
                ["    } else {", f"        {other}", "    }", "}"],
            )
        return place(
            g,
            [*head, f"        {other}", "    } else {"],
            [f"        {value}"],
            [f"        {value}.to_string()"],
            ["    }", "}"],
        )
    kind, field = g.type(), g.var()
    head = [
        f"pub struct {kind} {{",
        f"    pub {field}: String,",
        "}",
        f"impl {kind} {{",
        f"    pub fn {name}(&mut self{', ' + param if param else ''}) {{",
    ]
    return g.program(
        [*head, *_pad(noise(g))],
        [f"        self.{field} = {value};"],
        [f"        self.{field} = {owned};"],
        ["    }", "}"],
    )


@pattern(FAMILY, "E0308")
def tm_int_cast(g: Grammar) -> Pair:
    """A number of one type where another is wanted: `as`."""
    if g.chance(0.45):
        s = scenes.scene(g, number=g.pick("u32", "u8", "i64", "u64"))
        have, value = g.random.choice(
            (
                ("usize", scenes.chain(g, s.source, [".iter()", scenes.sift(g, s), ".count()"])[0]), ("usize", f"{s.source}.len()"),
                ("usize", f"{s.source}[{g.number(0, 4)}].{s.text}.len()"), (s.number, f"{s.source}[{g.number(0, 4)}].{s.num}"),
                (s.number, scenes.chain(g, s.source, [".iter()", scenes.numbers(g, s), f".sum::<{s.number}>()"])[0]),
                ("usize", f"{s.source}[0].{s.text}.chars().count()"),
            )
        )  # fmt: skip
        want = g.pick(*[t for t in ("u32", "i64", "u64", "f64", "i32", "f64", "usize") if t != have])
        return scenes.slot(g, value, f"{value} as {want}", want, params=s.params, before=s.before, owner=s.owner)
    name, x = g.fn(), g.var()
    have, want = g.random.choice(
        [
            (a, b)
            for a in ("i32", "u32", "i64", "u64", "u8", "usize", "f64", "f32")
            for b in ("f64", "f64", "i64", "u64", "u32", "usize", "i32", "f32")
            if a != b and not (a[0] == "f" and b[0] == "f")
        ]
    )
    floats = want[0] == "f"
    k = f"{g.number(1, 9)}.{g.pick('0', '5', '25')}" if floats else str(g.number(2, 9))
    op = g.pick("+", "*")
    shape = g.random.randrange(6)
    if shape == 0:
        n = g.var()
        line = f"    let {n}: {want} = {x}"
        tail = [*noise(g, [n]), f"    {g.pick(f'{n} {op} {k}', f'{k} {op} {n}')}", "}"]
        return place(
            g, [f"pub fn {name}({x}: {have}) -> {want} {{", *noise(g, [x])], [line + ";"], [f"{line} as {want};"], tail
        )
    if shape == 1:
        helper, a = g.fn(), g.var()
        before = [f"pub fn {helper}({a}: {want}) -> {want} {{", f"    {a} {op} {k}", "}"]
        head = [f"pub fn {name}({x}: {have}) -> {want} {{", *noise(g, [x])]
        return place(g, head, [f"    {helper}({x})"], [f"    {helper}({x} as {want})"], ["}"], before=before)
    if shape == 2:
        xs = g.plural()
        sig, value = g.random.choice(
            ((f"{xs}: &[i32]", f"{xs}.len()"), (f"{xs}: &str", f"{xs}.len()"), (f"{xs}: &str", f"{xs}.chars().count()"), (f"{xs}: &[String]", f"{xs}.len()"))
        )  # fmt: skip
        want = g.pick("i32", "u32", "i64", "u64", "f64", "f32", "u8")
        if g.chance(0.5):
            return place(
                g,
                [f"pub fn {name}({sig}) -> {want} {{", *noise(g)],
                [f"    {value}"],
                [f"    {value} as {want}"],
                ["}"],
            )
        n, k = g.var(), f"{g.number(1, 9)}.0" if want[0] == "f" else str(g.number(2, 9))
        line = f"    let {n}: {want} = {value}"
        return place(
            g,
            [f"pub fn {name}({sig}) -> {want} {{", *noise(g)],
            [line + ";"],
            [f"{line} as {want};"],
            [*noise(g, [n]), f"    {n} {op} {k}", "}"],
        )
    if shape == 3:
        kind, a, b = g.type(), g.var(), g.var()
        struct = [f"pub struct {kind} {{", f"    pub {a}: {want},", f"    pub {b}: bool,", "}"]
        head = [f"pub fn {name}({x}: {have}) -> {kind} {{", f"    {kind} {{"]
        tail = [f"        {b}: {g.pick('true', 'false')},", "    }", "}"]
        if g.chance(0.5):
            return g.program(
                [*struct, f"impl {kind} {{", *_pad(head)], [f"            {a}: {x},"], [f"            {a}: {x} as {want},"], [*_pad(tail), "}"]
            )  # fmt: skip
        return place(g, head, [f"        {a}: {x},"], [f"        {a}: {x} as {want},"], tail, before=struct)
    if shape == 4:
        kind, field = g.type(), g.var()
        head = [
            f"pub struct {kind} {{",
            f"    {field}: {have},",
            "}",
            f"impl {kind} {{",
            f"    pub fn {name}(&self) -> {want} {{",
            *_pad(noise(g)),
        ]
        return g.program(head, [f"        self.{field}"], [f"        self.{field} as {want}"], ["    }", "}"])
    xs, total = g.plural(), g.var()
    ints = [t for t in ("i64", "u64", "usize", "u32") if t != have]
    have = g.pick("u8", "i32", "u16", "i16")
    want = g.random.choice(ints)
    n = g.var()
    head = [
        f"pub fn {name}({xs}: &[{have}]) -> Vec<{want}> {{",
        f"    let mut {total} = Vec::new();",
        f"    for &{x} in {xs} {{",
    ]
    line = f"        let {n}: {want} = {x}"
    return place(
        g,
        head,
        [line + ";"],
        [f"{line} as {want};"],
        [f"        {total}.push({n} {op} {g.number(2, 9)});", "    }", f"    {total}", "}"],
    )


@pattern(FAMILY, "E0277")
def tm_mixed_arith(g: Grammar) -> Pair:
    """An integer and a float in one operation."""
    if g.chance(0.45):
        s = scenes.scene(g, number=g.pick("u32", "usize", "i64", "u64", "i32"))
        k, item = g.number(0, 5), f"{s.source}[{g.number(0, 4)}]"
        total = scenes.chain(g, s.source, [".iter()", f".map(|{s.one}| {s.one}.{s.real})", ".sum::<f64>()"], wide=99)[0]
        bad, good = g.random.choice(
            (
                (f"{item}.{s.real} * {item}.{s.num}", f"{item}.{s.real} * {item}.{s.num} as f64"),
                (f"{item}.{s.num} * {item}.{s.real}", f"{item}.{s.num} as f64 * {item}.{s.real}"),
                (f"{total} / {s.source}.len()", f"{total} / {s.source}.len() as f64"),
                (f"{item}.{s.num} * {k}.5", f"{item}.{s.num} as f64 * {k}.5"),
                (f"{k}.25 * {s.source}.len()", f"{k}.25 * {s.source}.len() as f64"),
                (f"{item}.{s.real} + {s.source}.len()", f"{item}.{s.real} + {s.source}.len() as f64"),
            )
        )
        if g.chance(0.3):
            at = g.pick("*", "+")
            body = [".iter()", f".map(|{s.one}| {s.one}.{s.real} {at} {s.one}.{s.num}@)", ".sum::<f64>()"]
            bad, good = (
                scenes.chain(g, s.source, [link.replace("@", more) for link in body])[0] for more in ("", " as f64")
            )
            good = (
                good
                if ("\n" in good) == ("\n" in bad)
                else bad.replace(f"{s.one}.{s.num})", f"{s.one}.{s.num} as f64)")
            )
        return scenes.slot(g, bad, good, "f64", params=s.params, before=s.before, owner=s.owner)
    name, a, b = g.fn(), g.var(), g.var()
    whole, real = g.pick("i32", "u32", "u64", "i64", "usize", "u8"), g.pick("f64", "f64", "f32")
    op = g.pick("*", "*", "+", "-", "/")
    shape = g.random.randrange(6)
    first = g.chance(0.5)

    def both(left: str, right: str) -> tuple[str, str]:
        """`int op float` or `float op int`, wrong and right."""
        if first:
            return f"{left} {op} {right}", f"{left} as {real} {op} {right}"
        return f"{right} {op} {left}", f"{right} {op} {left} as {real}"

    if shape == 0:
        bad, good = both(a, b)
        head = [f"pub fn {name}({a}: {whole}, {b}: {real}) -> {real} {{", *noise(g, [a, b])]
        return place(g, head, [f"    {bad}"], [f"    {good}"], ["}"])
    if shape == 1:
        n = g.var()
        bad, good = both(a, b)
        head = [f"pub fn {name}({a}: {whole}, {b}: {real}) -> {real} {{", *noise(g, [a, b])]
        tail = [*noise(g, [n]), f"    {n} {g.pick('*', '+', '/')} {g.number(2, 9)}.0", "}"]
        return place(g, head, [f"    let {n} = {bad};"], [f"    let {n} = {good};"], tail)
    if shape == 2:
        kind = g.type()
        bad, good = both(f"self.{a}", f"self.{b}")
        fields = [f"    pub {a}: {whole},", f"    pub {b}: {real},"]
        g.random.shuffle(fields)
        head = [f"pub struct {kind} {{", *fields, "}", f"impl {kind} {{", f"    pub fn {name}(&self) -> {real} {{"]
        return g.program(head, [f"        {bad}"], [f"        {good}"], ["    }", "}"])
    if shape == 3:
        xs, total = g.plural(), g.var()
        sign = g.pick("+=", "+=", "-=", "*=")
        head = [
            f"pub fn {name}({xs}: &[{whole}]) -> {real} {{",
            f"    let mut {total}: {real} = {g.number(0, 9)}.0;",
            f"    for &{a} in {xs} {{",
        ]
        tail = ["    }", f"    {total}", "}"]
        return place(g, head, [f"        {total} {sign} {a};"], [f"        {total} {sign} {a} as {real};"], tail)
    if shape == 4:
        xs, total = g.plural(), g.var()
        value = f"{xs}.len()"
        head = [
            f"pub fn {name}({xs}: &[{real}]) -> {real} {{",
            f"    let {total}: {real} = {xs}.iter().sum();",
            *noise(g, [total]),
        ]
        sign = g.pick("/", "/", "*")
        return place(g, head, [f"    {total} {sign} {value}"], [f"    {total} {sign} {value} as {real}"], ["}"])
    k = f"{g.number(0, 9)}.{g.pick('5', '25', '1', '75')}"
    bad, good = both(a, k)
    head = [f"pub fn {name}({a}: {whole}) -> {real} {{"]
    if g.chance(0.5):
        n = g.var()
        return place(
            g,
            head,
            [f"    let {n}: {real} = {bad};"],
            [f"    let {n}: {real} = {good};"],
            [f'    println!("{{{n}}}");', f"    {n}", "}"],
        )
    return place(g, head, [f"    {bad}"], [f"    {good}"], ["}"])


@pattern(FAMILY, "E0277")
def tm_usize_index(g: Grammar) -> Pair:
    """A slice is indexed by something that is not a usize."""
    if g.chance(0.4):
        table, i, index = g.fn().upper(), g.var(), g.pick("u8", "u32", "i32", "u64", "i64", "u16")
        item, values = g.random.choice(
            (
                ("u32", ["5", "10", "25", "40", "75"]),
                ("f64", ["0.5", "1.25", "2.0", "7.5"]),
                ("i64", ["-3", "0", "12", "30"]),
            )
        )
        before = [f"pub const {table}: [{item}; {len(values)}] = [{', '.join(values)}];"]
        params, inner, owner = f"{i}: {index}", i, ""
        if g.chance(0.4):
            owner = g.type()
            before += [f"pub struct {owner} {{", f"    pub {i}: {index},", f"    pub {g.var()}: String,", "}"]
            params, inner = "&self", f"self.{i}"
        change = g.pick("", "", " - 1", f" % {len(values)}", " / 2")
        cast = f"({inner}{change}) as usize" if change else f"{inner} as usize"
        more = g.pick("", "", f" {g.pick('*', '+')} {g.number(2, 9)}{'.0' if item == 'f64' else ''}")
        return scenes.slot(
            g,
            f"{table}[{inner}{change}]{more}",
            f"{table}[{cast}]{more}",
            item,
            params=params,
            before=before,
            owner=owner,
        )
    name, xs, i = g.fn(), g.plural(), g.var()
    item, index = g.pick("i32", "u64", "f64", "u8", "bool", "char"), g.pick("i32", "u32", "u8", "u64", "i64", "u16")
    shape = g.random.randrange(6)
    if shape == 0:
        head = [f"pub fn {name}({xs}: &[{item}], {i}: {index}) -> {item} {{", *noise(g, [i])]
        return place(g, head, [f"    {xs}[{i}]"], [f"    {xs}[{i} as usize]"], ["}"])
    if shape == 1:
        n = g.var()
        extra = g.pick("", f" + {g.number(1, 3)}", " * 2")
        index_text = (i + extra, f"({i}{extra}) as usize" if extra else f"{i} as usize")
        head = [f"pub fn {name}({xs}: &[{item}], {i}: {index}) -> {item} {{", *noise(g, [i])]
        return place(
            g, head, [f"    let {n} = {xs}[{index_text[0]}];"], [f"    let {n} = {xs}[{index_text[1]}];"],
            [f'    println!("{{{n}}}");', f"    {n}", "}"],
        )  # fmt: skip
    if shape == 2:
        kind, at = g.type(), g.var()
        owner = g.pick(f"Vec<{item}>", f"[{item}; {g.number(2, 9)}]")
        head = [
            f"pub struct {kind} {{", f"    {xs}: {owner},", f"    {at}: {index},", "}", f"impl {kind} {{", f"    pub fn {name}(&self) -> {item} {{",
        ]  # fmt: skip
        return g.program(
            head, [f"        self.{xs}[self.{at}]"], [f"        self.{xs}[self.{at} as usize]"], ["    }", "}"]
        )
    if shape == 3:
        value = g.var()
        head = [f"pub fn {name}({xs}: &mut [{item}], {i}: {index}, {value}: {item}) {{", *noise(g, [i])]
        sign = g.pick("=", "=", "+=") if item in ("i32", "u64", "f64", "u8") else "="
        return place(g, head, [f"    {xs}[{i}] {sign} {value};"], [f"    {xs}[{i} as usize] {sign} {value};"], ["}"])
    if shape == 4:
        n, total = g.var(), g.var()
        item = g.pick("i32", "u64", "f64")
        head = [
            f"pub fn {name}({xs}: &[{item}], {n}: {index}) -> {item} {{",
            f"    let mut {total} = {'0.0' if item == 'f64' else '0'};",
            f"    for {i} in 0..{n} {{",
        ]
        return place(
            g,
            head,
            [f"        {total} += {xs}[{i}];"],
            [f"        {total} += {xs}[{i} as usize];"],
            ["    }", f"    {total}", "}"],
        )
    rows, x, y = xs, g.var(), g.var()
    head = [f"pub fn {name}({rows}: &[Vec<{item}>], {x}: {index}, {y}: usize) -> {item} {{", *noise(g, [x, y])]
    if g.chance(0.5):
        return place(g, head, [f"    {rows}[{y}][{x}]"], [f"    {rows}[{y}][{x} as usize]"], ["}"])
    return place(g, head, [f"    {rows}[{x}][{y}]"], [f"    {rows}[{x} as usize][{y}]"], ["}"])


@pattern(FAMILY, "E0308")
def tm_missing_ref(g: Grammar) -> Pair:
    """A function wants a reference, the call passes the value."""
    if g.chance(0.45):
        s, helper, p, q = scenes.scene(g), g.fn(), g.var(), g.var()
        k = g.number(2, 60)
        item = f"{s.source}[{g.number(0, 4)}]"
        kind, body, arg, ty = g.random.choice(
            (
                ("&str", f"{p}.trim().len() + {q}", f"{item}.{s.text}", "usize"), (f"&{s.kind}", f"{p}.{s.text}.len() * {q}", item, "usize"),
                ("&str", f'format!("{{{p}}} {g.word()} {{{q}}}")', f"{item}.{s.text}", "String"), (f"&{s.kind}", f"{p}.{s.real} > 0.5 && {q} > 3", item, "bool"),
                ("&[String]", f"{p}.len() + {q}", f"{s.source}.iter().map(|{s.one}| {s.one}.{s.text}.clone()).collect::<Vec<_>>()", "usize"),
            )
        )  # fmt: skip
        before = [*s.before, f"pub fn {helper}({p}: {kind}, {q}: usize) -> {ty} {{", f"    {body}", "}"]
        return scenes.slot(
            g, f"{helper}({arg}, {k})", f"{helper}(&{arg}, {k})", ty, params=s.params, before=before, owner=s.owner
        )
    name, x, helper, a = g.fn(), g.var(), g.fn(), g.var()
    k = g.number(2, 99)
    shape = g.random.randrange(6)
    if shape == 0:
        body, result = g.random.choice(
            (("len()", "usize"), ("to_uppercase()", "String"), ("trim().to_string()", "String"), ("is_empty()", "bool"))
        )
        before = [f"pub fn {helper}({a}: &str) -> {result} {{", f"    {a}.{body}", "}"]
        if g.chance(0.4):
            head = [f"pub fn {name}({x}: String) -> {result} {{", f'    println!("{{{x}}}");']
        else:
            source = g.pick(
                f'"{g.word()}".to_string()', f'format!("{g.word()} {{}}", {k})', f'String::from("{g.word()}")'
            )
            head = [f"pub fn {name}() -> {result} {{", f"    let {x} = {source};"]
        if g.chance(0.5):
            return place(g, head, [f"    {helper}({x})"], [f"    {helper}(&{x})"], ["}"], before=before)
        n = g.var()
        show = f'    println!("{{}} {{}}", {x}, {n});'
        return place(
            g,
            head,
            [f"    let {n} = {helper}({x});"],
            [f"    let {n} = {helper}(&{x});"],
            [show, f"    {n}", "}"],
            before=before,
        )
    if shape == 1:
        item = g.pick("i32", "u64", "i64")
        body, result = g.random.choice(
            (
                (f"{a}.iter().sum()", item),
                (f"{a}.len()", "usize"),
                (f"{a}.contains(&{k})", "bool"),
                (f"{a}.iter().copied().max()", f"Option<{item}>"),
            )
        )
        before = [f"pub fn {helper}({a}: &[{item}]) -> {result} {{", f"    {body}", "}"]
        if g.chance(0.5):
            head = [
                f"pub fn {name}(mut {x}: Vec<{item}>) -> {result} {{",
                f"    {x}.{g.pick('sort()', f'push({k})', f'truncate({k})')};",
            ]
        else:
            head = [
                f"pub fn {name}() -> {result} {{",
                f"    let {x}: Vec<{item}> = ({g.number(0, 5)}..{k + 9}).collect();",
            ]
        return place(g, head, [f"    {helper}({x})"], [f"    {helper}(&{x})"], ["}"], before=before)
    if shape == 2:
        kind, field = g.type(), g.var()
        ty = g.pick("i32", "u64", "f64")
        factor = f"{k}.0" if ty == "f64" else str(k)
        before = [
            f"pub struct {kind} {{",
            f"    pub {field}: {ty},",
            "}",
            f"pub fn {helper}({a}: &{kind}) -> {ty} {{",
            f"    {a}.{field} {g.pick('+', '*')} {factor}",
            "}",
        ]
        b = g.var()
        sig, value = g.random.choice(((f"{b}: {ty}", b), ("", factor)))
        head = [f"pub fn {name}({sig}) -> {ty} {{", f"    let {x} = {kind} {{ {field}: {value} }};"]
        if g.chance(0.5):
            return place(g, head, [f"    {helper}({x})"], [f"    {helper}(&{x})"], ["}"], before=before)
        n = g.var()
        return place(
            g,
            head,
            [f"    let {n} = {helper}({x});"],
            [f"    let {n} = {helper}(&{x});"],
            [f"    {n} + {x}.{field}", "}"],
            before=before,
        )
    if shape == 3:
        value = g.pick("i32", "u64", "usize", "bool")
        key = g.pick("u32", "i32", "char", "String")
        read = g.random.choice((("contains_key", "bool", ""), ("get", f"Option<{value}>", ".copied()")))
        m = g.plural()
        head = [f"pub fn {name}({m}: &HashMap<{key}, {value}>, {x}: {key}) -> {read[1]} {{", *noise(g, [x])]
        if key == "String":
            head.append(f'    println!("{{}}", {x}.len());')
        return place(
            g,
            head,
            [f"    {m}.{read[0]}({x}){read[2]}"],
            [f"    {m}.{read[0]}(&{x}){read[2]}"],
            ["}"],
            before=["use std::collections::HashMap;"],
        )
    if shape == 4:
        xs, item = g.plural(), g.pick("i32", "char", "u8", "bool", "u64")
        container = g.pick(f"&[{item}]", f"&HashSet<{item}>")
        use = ["use std::collections::HashSet;"] if "Hash" in container else []
        bare = g.chance(0.4) and item not in ("char", "bool")
        asked = str(k) if bare else x
        sig = f"{xs}: {container}" + ("" if bare else f", {x}: {item}")
        head = [f"pub fn {name}({sig}) -> bool {{", *noise(g, [] if bare else [x])]
        neg = g.pick("", "", "!")
        return place(
            g, head, [f"    {neg}{xs}.contains({asked})"], [f"    {neg}{xs}.contains(&{asked})"], ["}"], before=use
        )
    kind, field = g.type(), g.var()
    head = [
        f"pub struct {kind} {{", f"    pub {field}: u32,", "}", f"impl {kind} {{",
        f"    pub fn {helper}(&self, {a}: &{kind}) -> bool {{", f"        self.{field} {g.pick('>', '<', '==')} {a}.{field}", "    }", "}",
    ]  # fmt: skip
    b, n = g.var(), g.var()
    first = [*head, f"pub fn {name}({x}: {kind}, {b}: {kind}) -> bool {{"]
    if g.chance(0.5):
        return g.program(first, [f"    {x}.{helper}({b})"], [f"    {x}.{helper}(&{b})"], ["}"])
    return g.program(
        first,
        [f"    let {n} = {x}.{helper}({b});"],
        [f"    let {n} = {x}.{helper}(&{b});"],
        [f"    {n} || {b}.{field} == {k}", "}"],
    )


def _value_fn(g: Grammar, macros: bool = True) -> tuple[str, list[str], str, str, list[str]]:
    """A function's parameters, first lines, result type and tail value; items before it. Without
    `macros` the value is none (rustc places a mismatched `format!` inside the standard library)."""
    x, xs, n, ty = g.var(), g.plural(), g.var(), g.pick("i32", "u32", "i64", "u64", "usize")
    op, k = g.pick("+", "*"), g.number(2, 60)
    shape = g.random.randrange(10)
    if shape == 0:
        return f"{x}: {ty}", noise(g, [x]), ty, f"{x} {op} {k}", []
    if shape == 1:
        b = g.var()
        return f"{x}: {ty}, {b}: {ty}", [f"    let {n} = {x} {op} {b};"], ty, f"{n} {g.pick('+', '*')} {k}", []
    if shape == 2:
        total = g.var()
        lines = [f"    let mut {total} = 0;", f"    for {x} in {xs} {{", f"        {total} += {x};", "    }"]
        return f"{xs}: &[{ty}]", lines, ty, total, []
    if shape == 3:
        values = [
            f"{x}.to_uppercase()",
            f"{x}.trim().to_string()",
            f"{x}.replace('-', \"_\")",
            f'format!("{g.word()} {{}}", {x})',
        ]
        value = g.pick(*values[: None if macros else 3])
        return f"{x}: &str", noise(g, [x]), "String", value, []
    if shape == 4:
        return f"{x}: {ty}", noise(g, [x]), "bool", f"{x} {g.pick('>', '<', '==', '!=')} {k}", []
    if shape == 5:
        total = g.plural()
        lines = [
            f"    let mut {total} = Vec::new();",
            f"    for {x} in 0..{k} {{",
            f"        {total}.push({x} * {g.number(2, 9)});",
            "    }",
        ]
        return "", lines, "Vec<i32>", total, []
    if shape == 6:
        value = g.pick(
            f"{xs}.iter().sum::<{ty}>()",
            f"{xs}.iter().copied().max().unwrap_or(0)",
            f"{xs}.iter().filter(|n| **n > {k}).count()",
        )
        return f"{xs}: &[{ty}]", noise(g), "usize" if "count" in value else ty, value, []
    if shape == 7:
        kind, field = g.type(), g.var()
        return (
            f"{x}: {ty}",
            noise(g, [x]),
            kind,
            f"{kind} {{ {field}: {x} }}",
            [f"pub struct {kind} {{", f"    pub {field}: {ty},", "}"],
        )
    if shape == 8:
        return (
            f"{xs}: &[{ty}]",
            noise(g),
            f"Option<{ty}>",
            g.pick(f"{xs}.first().copied()", f"{xs}.iter().copied().max()", f"{xs}.last().copied()"),
            [],
        )
    real = f"{g.number(1, 9)}.{g.pick('5', '25')}"
    return (
        f"{x}: f64",
        noise(g, [x]),
        "f64",
        g.pick(f"{x} * {real}", f"{x}.sqrt() + {real}", f"({x} + {real}) / 2.0"),
        [],
    )


@pattern(FAMILY, "E0308")
def tm_semicolon(g: Grammar) -> Pair:
    """A semicolon turns the tail value into `()`."""
    if g.chance(0.4):
        s = scenes.scene(g)
        value, ty = scenes.value(g, s)
        return scenes.slot(
            g, f"{value};", value, ty, params=s.params, before=s.before, owner=s.owner, slots=("tail", "tail", "branch")
        )
    name = g.fn()
    shape = g.random.randrange(4)
    if shape < 2:
        params, lines, result, value, before = _value_fn(g)
        return place(
            g,
            [f"pub fn {name}({params}) -> {result} {{", *lines],
            [f"    {value};"],
            [f"    {value}"],
            ["}"],
            before=before,
        )
    if shape == 2:
        kind, a, b = g.type(), g.var(), g.var()
        ty = g.pick("u32", "i64", "f64", "i32")
        value, result = g.random.choice(
            ((f"self.{a} {g.pick('+', '*')} self.{b}", ty), (f"self.{a} > self.{b}", "bool"), (f"self.{a}", ty))
        )
        head = [f"pub struct {kind} {{", f"    {a}: {ty},", f"    {b}: {ty},", "}", f"impl {kind} {{"]
        more = [f"    pub fn {g.fn()}(&self) -> {ty} {{", f"        self.{b}", "    }"]
        return g.program(
            [*head, f"    pub fn {name}(&self) -> {result} {{"],
            [f"        {value};"],
            [f"        {value}"],
            ["    }", *more, "}"],
        )
    x, ty, k = g.var(), g.pick("i32", "u32", "i64", "usize"), g.number(2, 60)
    values = [g.pick(f"{x} + {k}", f"{x} * {g.number(2, 9)}"), g.pick(f"{x} / {k}", str(k), x)]
    bad = g.random.randrange(2)
    lines = [
        f"pub fn {name}({x}: {ty}) -> {ty} {{",
        f"    if {x} {g.pick('>', '<', '==')} {k} {{",
        f"        {values[0]}",
        "    } else {",
        f"        {values[1]}",
        "    }",
        "}",
    ]
    at = 2 if bad == 0 else 4
    return place(g, lines[:at], [lines[at] + ";"], [lines[at]], lines[at + 1 :])


@pattern(FAMILY, "E0308")
def tm_missing_return_type(g: Grammar) -> Pair:
    """The signature does not say what the function returns."""
    if g.chance(0.4):
        s = scenes.scene(g)
        value, ty = scenes.value(g, s)
        made = scenes.slot(
            g, "@@", value, ty, params=s.params, before=s.before, owner=s.owner,
            slots=("tail", "let", "branch"), free=True,
        )  # fmt: skip
        lines = made.fixed.split("\n")
        at = max(i for i, line in enumerate(made.buggy.split("\n")) if "@@" in line)
        sig = max(i for i, line in enumerate(lines[: at + 1]) if "pub fn " in line)
        lines[sig] = lines[sig].partition(" -> ")[0] + " {"
        return Pair("\n".join(lines), made.fixed)
    name = g.fn()
    if g.chance(0.3):
        kind, field = g.type(), g.plural()
        value, result = g.random.choice(
            ((f"self.{field}.len()", "usize"), (f"self.{field}.is_empty()", "bool"), (f"self.{field}.iter().sum::<i32>()", "i32"),
             (f"self.{field}.first().copied()", "Option<i32>"), (f"self.{field}.clone()", "Vec<i32>"))
        )  # fmt: skip
        head = [f"pub struct {kind} {{", f"    pub {field}: Vec<i32>,", "}", f"impl {kind} {{"]
        sig = f"    pub fn {name}(&self)"
        return g.program(
            head, [sig + " {"], [f"{sig} -> {result} {{"], [*_pad(noise(g)), f"        {value}", "    }", "}"]
        )
    params, lines, result, value, before = _value_fn(g, macros=False)
    sig = f"pub fn {name}({params})"
    return place(g, [], [sig + " {"], [f"{sig} -> {result} {{"], [*lines, f"    {value}", "}"], before=before)


@pattern(FAMILY, "E0308")
def tm_deref(g: Grammar) -> Pair:
    """A reference where the value is wanted: `*`."""
    if g.chance(0.4):
        ty, x = g.pick("i32", "u32", "i64", "u64", "f64", "usize", "bool"), g.var()
        if g.chance(0.5):
            return scenes.slot(
                g,
                x,
                f"*{x}",
                ty,
                params=f"{x}: {g.pick('&', '&', '&mut ')}{ty}",
                slots=[p for p in scenes.SLOTS if p != "tail"],
            )
        s = scenes.scene(g, number=ty if ty not in ("f64", "bool") else "u32")
        links = [".iter()", *([scenes.sift(g, s)] if g.chance(0.5) else []), f".map(|{s.one}| &{s.one}.{s.num})", g.pick(".max()", ".min()"), f".unwrap_or(&{g.number(0, 9)})"]  # fmt: skip
        value = scenes.chain(g, s.source, links)[0]
        return scenes.slot(g, value, f"*{value}", s.number, params=s.params, before=s.before, owner=s.owner)
    name, x, xs, n = g.fn(), g.var(), g.plural(), g.var()
    ty = g.pick("i32", "u32", "i64", "u64", "f64", "usize", "bool", "char")
    number = g.pick("i32", "u32", "i64", "u64", "usize")
    op, k = g.pick("+", "*"), g.number(2, 9)
    shape = g.random.randrange(8)
    if shape == 0:
        return place(
            g,
            [f"pub fn {name}({x}: &{ty}) -> {ty} {{", f'    println!("{{{x}}}");'],
            [f"    {x}"],
            [f"    *{x}"],
            ["}"],
        )
    if shape == 1:
        value, kind = g.random.choice(
            (("true", "bool"), ("0", "i32"), (str(k), "u64"), ("'x'", "char"), (f"{k}.5", "f64"))
        )
        head = [f"pub fn {name}({x}: &mut {kind}) {{", *noise(g, [x])]
        return place(g, head, [f"    {x} = {value};"], [f"    *{x} = {value};"], ["}"])
    if shape == 2:
        head = [
            f"pub fn {name}({xs}: &[{number}]) -> {number} {{",
            f"    let mut {n} = {xs}[0];",
            f"    for {x} in {xs} {{",
            f"        if *{x} {g.pick('>', '<')} {n} {{",
        ]
        return place(
            g, head, [f"            {n} = {x};"], [f"            {n} = *{x};"], ["        }", "    }", f"    {n}", "}"]
        )
    if shape == 3:
        helper, a = g.fn(), g.var()
        before = [f"pub fn {helper}({a}: {number}) -> {number} {{", f"    {a} {op} {k}", "}"]
        if g.chance(0.5):
            head = [f"pub fn {name}({x}: &{number}) -> {number} {{", *noise(g, [x])]
            return place(g, head, [f"    {helper}({x}) + {k}"], [f"    {helper}(*{x}) + {k}"], ["}"], before=before)
        head = [f"pub fn {name}({xs}: &[{number}]) -> {number} {{", f"    let mut {n} = 0;", f"    for {x} in {xs} {{"]
        return place(
            g,
            head,
            [f"        {n} += {helper}({x});"],
            [f"        {n} += {helper}(*{x});"],
            ["    }", f"    {n}", "}"],
            before=before,
        )
    if shape == 4:
        key, m = g.pick("&str", "u32", "char"), g.plural()
        get = f"{m}.get({'&' if key != '&str' else ''}{x})"
        head = [f"pub fn {name}({m}: &HashMap<{key}, {number}>, {x}: {key}) -> {number} {{", f"    match {get} {{"]
        return place(
            g,
            head,
            [f"        Some({n}) => {n},"],
            [f"        Some({n}) => *{n},"],
            [f"        None => {k},", "    }", "}"],
            before=["use std::collections::HashMap;"],
        )
    if shape == 5:
        head = [
            f"pub fn {name}({xs}: &[{number}]) -> {number} {{",
            f"    if let Some({x}) = {xs}.{g.pick('first()', 'last()', f'get({k})', 'iter().max()')} {{",
        ]
        return place(
            g, head, [f"        return {x};"], [f"        return *{x};"], ["    }", f"    {g.pick('0', str(k))}", "}"]
        )
    if shape == 6:
        head = [
            f"pub fn {name}({xs}: &[{number}]) -> Vec<{number}> {{", f"    let mut {n}: Vec<{number}> = Vec::new();",
            f"    for {x} in {xs} {{", f"        if *{x} {g.pick('>', '<', '!=')} {k} {{",
        ]  # fmt: skip
        return place(
            g,
            head,
            [f"            {n}.push({x});"],
            [f"            {n}.push(*{x});"],
            ["        }", "    }", f"    {n}", "}"],
        )
    boxed = g.chance(0.4)
    if boxed:
        kind = g.type()
        head = [
            f"pub struct {kind} {{",
            f"    pub {x}: Box<{number}>,",
            "}",
            f"impl {kind} {{",
            f"    pub fn {name}(&self) -> {number} {{",
        ]
        line = f"        let {n}: {number} = "
        return g.program(head, [f"{line}self.{x};"], [f"{line}*self.{x};"], [f"        {n} {op} {k}", "    }", "}"])
    total = g.var()
    head = [f"pub fn {name}({xs}: &[{number}]) -> {number} {{", f"    let mut {total} = 0;", f"    for {x} in {xs} {{"]
    line = f"        let {n}: {number} = "
    return place(
        g, head, [f"{line}{x};"], [f"{line}*{x};"], [f"        {total} += {n} {op} {k};", "    }", f"    {total}", "}"]
    )


def _arms_differ(g: Grammar) -> Pair:
    """A `match` over an enum of which one arm has another type than those above it."""
    kind, name, x, found, k = g.type(), g.fn(), g.var(), g.var(), g.number(2, 60)
    variants = [g.type() for _ in range(g.random.choice((3, 3, 4)))]
    field, number = g.var(), g.pick("u32", "i64", "usize")
    holder = g.type()
    read = f"{x}.{field}"
    make, wrong, right, last, result = g.random.choice(
        (
            (
                lambda: f'"{g.text()}"',
                f"'{(c := g.pick(*'!?*+xo'))}'",
                f'"{c}"',
                f'format!("{{{found}}} {{}}", {read})',
                "String",
            ),
            (
                lambda: f'format!("{g.word()} {{}}", {read})',
                f'"{(w := g.text())}"',
                f'"{w}".to_string()',
                f"{found}.to_lowercase()",
                "String",
            ),
            (lambda: f'"{g.word()}".to_string()', read, f"{read}.to_string()", f'{found} + "{g.word()}"', "String"),
            (
                lambda: f"{g.number()}.{g.pick('0', '5', '25')}",
                str(k),
                f"{k}.0",
                f"{found} * {g.number(2, 9)}.0",
                "f64",
            ),
            (
                lambda: f"Some({g.number()})",
                f"{read} + {k}",
                f"Some({read} + {k})",
                f"{found}.unwrap_or(0) + {read}",
                number,
            ),
        )
    )
    at = g.random.randrange(1, len(variants))
    guard = [f"        {kind}::{variants[0]} if {read} > {k} => {make()},"] if g.chance(0.35) else []
    arms = [f"        {kind}::{variant} => {make()}," for variant in variants]
    line = arms[at].partition(" => ")[0] + " => "
    head = [f"pub enum {kind} {{", *(f"    {v}," for v in variants), "}", f"pub struct {holder} {{", f"    pub {field}: {number},", f"    pub {found}: {kind},", "}"]  # fmt: skip
    head += [
        f"pub fn {name}({x}: &{holder}) -> {result} {{",
        f"    let {found} = match {x}.{found} {{",
        *guard,
        *arms[:at],
    ]
    return g.program(head, [f"{line}{wrong},"], [f"{line}{right},"], [*arms[at + 1 :], "    };", f"    {last}", "}"])


@pattern(FAMILY, "E0308")
def tm_branch_types(g: Grammar) -> Pair:
    """The branches of an `if` or the arms of a `match` have different types."""
    if g.chance(0.3):
        return _arms_differ(g)
    name, x, n = g.fn(), g.var(), g.var()
    ty, k = g.pick("i32", "u32", "u64", "i64"), g.number(2, 60)
    cond = f"{x} {g.pick('>', '<', '==', '>=')} {k}"
    v, w = g.number(1, 99), g.number(1, 99)
    text, word = g.text(), g.word()
    left, bad, good, use, result = g.random.choice(
        (
            (str(v), f'"{w}"', str(w), f"{n} + {k}", "i32"),
            (f"{v}.5", str(w), f"{w}.0", f"{n} * 2.0", "f64"),
            (f"{x}.to_string()", f'"{text}"', f'"{text}".to_string()', f'{n} + "{word}"', "String"),
            (f'format!("{word} {{}}", {x})', f'"{text}"', f'"{text}".to_string()', f"{n}.to_uppercase()", "String"),
            (f'"{text}"', f"'{word[0]}'", f'"{word[0]}"', f"{n}.len()", "usize"),
            (f'"{word}"', str(w), f'"{w}"', f"{n}.to_string()", "String"),
            (f"{x} > {w}", '"false"', "false", f"!{n}", "bool"),
            (f"Some({x})", f"{x} + {w}", f"Some({x} + {w})", f"{n}.is_some()", "bool"),
            ("None", str(w), f"Some({w})", f"{n}.unwrap_or({v})", "i32"),
            (f"vec![{v}, {w}]", f"[{w}]", f"vec![{w}]", f"{n}.len()", "usize"),
        )
    )
    shape = g.random.randrange(4)
    if shape == 0:
        head = [f"pub fn {name}({x}: {ty}) -> {result} {{"]
        line = f"    let {n} = if {cond} {{ {left} }} else {{ "
        return place(g, head, [f"{line}{bad} }};"], [f"{line}{good} }};"], [f"    {use}", "}"])
    if shape in (1, 2):
        head = [
            f"pub fn {name}({x}: {ty}) -> {result} {{",
            f"    let {n} = if {cond} {{",
            f"        {left}",
            "    } else {",
        ]
        return place(g, head, [f"        {bad}"], [f"        {good}"], ["    };", *noise(g), f"    {use}", "}"])
    keys = sorted(g.random.sample(range(0, 20), 2))
    arms = [f"        {keys[0]} => {left},"]
    head = [f"pub fn {name}({x}: {ty}) -> {result} {{", f"    let {n} = match {x} {{", *arms]
    if g.chance(0.5):
        return place(g, head, [f"        _ => {bad},"], [f"        _ => {good},"], ["    };", f"    {use}", "}"])
    return place(
        g,
        head,
        [f"        {keys[1]} => {bad},"],
        [f"        {keys[1]} => {good},"],
        [f"        _ => {left},", "    };", f"    {use}", "}"],
    )


@pattern(FAMILY, "E0308")
def tm_char_vs_str(g: Grammar) -> Pair:
    """A char literal where a string is wanted, or a string literal where a char is wanted."""
    name, x, text, n = g.fn(), g.var(), g.var(), g.var()
    c = g.pick(*"abcdefghxyz0123456789 ,;:.-_#!?*+/=")
    k = g.number(2, 9)
    shape = g.random.randrange(6)
    as_str, as_char = f'"{c}"', f"'{c}'"
    if shape == 0:
        head = [
            f"pub fn {name}({text}: &str) -> usize {{",
            f"    let mut {n} = 0;",
            f"    for {x} in {text}.chars() {{",
        ]
        sign = g.pick("==", "!=")
        return place(
            g, head, [f"        if {x} {sign} {as_str} {{"], [f"        if {x} {sign} {as_char} {{"], [f"            {n} += {k};", "        }", "    }", f"    {n}", "}"]
        )  # fmt: skip
    if shape == 1:
        head = [f"pub fn {name}({x}: char) -> bool {{", *noise(g, [x])]
        extra = g.pick("", f" || {x}.is_numeric()", f" && {x}.is_ascii()")
        return place(g, head, [f"    {x} == {as_str}{extra}"], [f"    {x} == {as_char}{extra}"], ["}"])
    if shape == 2:
        head = [
            f"pub fn {name}({text}: &str) -> String {{",
            f"    let mut {n} = String::new();",
            f"    for {x} in {text}.chars() {{",
            f"        {n}.push({x});",
        ]
        return place(
            g, head, [f"        {n}.push({as_str});"], [f"        {n}.push({as_char});"], ["    }", f"    {n}", "}"]
        )
    if shape == 3:
        letters = g.random.sample("abcdefghxyz+-*/", g.random.randint(2, 3))
        bad = g.random.randrange(len(letters))
        values = [g.number() for _ in letters]
        lines = [f"        '{letter}' => {value}," for letter, value in zip(letters, values, strict=True)]
        head = [f"pub fn {name}({x}: char) -> i32 {{", f"    match {x} {{", *lines[:bad]]
        return place(
            g,
            head,
            [f'        "{letters[bad]}" => {values[bad]},'],
            [lines[bad]],
            [*lines[bad + 1 :], "        _ => 0,", "    }", "}"],
        )
    if shape == 4:
        helper, a, b = g.fn(), g.var(), g.var()
        wants_char = g.chance(0.5)
        kind, bad, good = ("char", as_str, as_char) if wants_char else ("&str", as_char, as_str)
        body = f"{a}.split({b}).count()" if g.chance(0.5) else f"{a}.matches({b}).count()"
        before = [f"pub fn {helper}({a}: &str, {b}: {kind}) -> usize {{", f"    {body}", "}"]
        head = [f"pub fn {name}({text}: &str) -> usize {{", *noise(g, [text])]
        return place(g, head, [f"    {helper}({text}, {bad})"], [f"    {helper}({text}, {good})"], ["}"], before=before)
    wants_char = g.chance(0.5)
    kind, bad, good = ("char", as_str, as_char) if wants_char else ("&str", as_char, as_str)
    head = [f"pub fn {name}({text}: &str) -> Vec<&str> {{", *noise(g, [text])]
    line = f"    let {n}: {kind} = "
    return place(
        g,
        head,
        [f"{line}{bad};"],
        [f"{line}{good};"],
        [f'    println!("{{{n}}}");', f"    {text}.split({n}).collect()", "}"],
    )
