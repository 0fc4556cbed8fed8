"""The grammar that variants are composed from: names, types, values and surrounding code.

A pattern is one kind of bug. Its generator draws a correct program from a `Grammar`, and the same
program with the bug injected, as a `Pair` of line lists that differ in few lines. Nothing here knows
rustc: verification is `koans/variants.py`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

FAMILIES = (
    "borrow_checker", "lifetimes", "trait_bounds", "result_handling", "type_mismatch", "iterators",
    "generics_and_closures", "ownership_and_smart_pointers",
)  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """A buggy program and its repair, as source text ending in a newline."""

    buggy: str
    fixed: str


@dataclass(frozen=True)
class Pattern:
    """One kind of bug: its id (with the family's prefix), the error rustc must give (a code such as
    `E0382`, or empty for errors without a code), and the generator."""

    id: str
    family: str
    error: str
    make: Callable[[Grammar], Pair]


PATTERNS: dict[str, Pattern] = {}


def pattern(family: str, error: str) -> Callable[[Callable[[Grammar], Pair]], Callable[[Grammar], Pair]]:
    """Register a generator under its function's name."""

    def register(make: Callable[[Grammar], Pair]) -> Callable[[Grammar], Pair]:
        PATTERNS[make.__name__] = Pattern(make.__name__, family, error, make)
        return make

    return register


NOUNS = """item order user note event point score price task frame shape track level token chunk batch ticket
planet river garden recipe sensor packet signal parcel voyage mirror bottle castle ladder meadow harbor engine
window basket candle button marker puzzle member player student teacher worker driver farmer sailor tenant
account invoice payment report record ledger budget salary rating weight height length width volume speed
page book word line row column cell table chart graph node edge tree leaf root branch path route city street
house room door lamp cable socket server client request reply message thread queue stack heap cache buffer
field value count total limit offset index rank seed grade sample pixel color layer grid board piece card deck
animal bird fish horse tiger rabbit flower apple lemon cherry coin badge medal prize trophy song album movie""".split()
VERBS = """make build load find count merge split scale shift clean parse check store fetch update remove append
compute measure describe label rank filter collect select convert reduce expand trim join pick show print render
format encode decode track visit scan sort group apply reset refill charge pay send open close start finish""".split()
ADJECTIVES = """new old big small first last next prev best worst total raw clean fresh empty full local outer
inner upper lower left right main extra base final daily weekly open closed active hidden public daily sharp""".split()
_ONSETS = "b c d f g h j k l m n p r s t v w z br cl dr fl gr pl st tr sh ch th".split()
_VOWELS = "a e i o u ai ea oo".split()
_CODAS = ["", "", "", "n", "r", "s", "l", "m", "t", "x", "nd", "rk"]


class Grammar:
    """Draws from one random stream; names are unique within one program.

    >>> g = Grammar(0); a, b = g.var(), g.var(); a != b
    True
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._taken: set[str] = set(
            "self Self main test tests fn let mut ref use mod impl struct enum trait type match if else for while loop in return pub as move dyn where crate super const static true false String Vec Option Result Some None Ok Err Box Rc str map get push len iter next value_of default new clone abs min max box try gen final yield macro override priv virtual typeof unsized become abstract async await do union print foo bar baz".split()
        )

    # -- choices
    def pick(self, *options: str) -> str:
        return self.random.choice(options)

    def chance(self, p: float) -> bool:
        return self.random.random() < p

    def number(self, low: int = 1, high: int = 99) -> int:
        return self.random.randint(low, high)

    def numbers(self, low: int = 2, high: int = 5) -> str:
        """`3, 14, 15`: between `low` and `high` distinct integers, as source."""
        k = self.random.randint(low, high)
        return ", ".join(str(n) for n in self.random.sample(range(1, 100), k))

    # -- words and names
    def word(self) -> str:
        """A word: mostly a known noun, sometimes one that nobody listed."""
        if self.chance(0.25):
            return "".join(
                self.random.choice(_ONSETS) + self.random.choice(_VOWELS) + (self.random.choice(_CODAS) if i else "")
                for i in range(self.random.randint(1, 3))
            )
        return self.random.choice(NOUNS)

    def _unique(self, draw: Callable[[], str]) -> str:
        for _ in range(200):
            name = draw()
            if name not in self._taken:
                self._taken.add(name)
                return name
        raise RuntimeError("the grammar ran out of names")

    def var(self) -> str:
        """A snake_case variable or field name."""

        def draw() -> str:
            r = self.random.random()
            if r < 0.12:
                return self.random.choice("a b c d e k n m p q r s t u v w x y z".split())
            if r < 0.3:
                return f"{self.random.choice(ADJECTIVES)}_{self.word()}"
            if r < 0.4:
                return f"{self.word()}_{self.random.choice(NOUNS)}"
            return self.word()

        return self._unique(draw)

    def plural(self) -> str:
        """A snake_case name for a collection."""
        return self._unique(lambda: self.var_shape() + "s")

    def var_shape(self) -> str:
        return self.word() if self.chance(0.8) else f"{self.random.choice(ADJECTIVES)}_{self.word()}"

    def fn(self) -> str:
        """A snake_case function name."""

        def draw() -> str:
            r = self.random.random()
            if r < 0.3:
                return self.random.choice(VERBS)
            if r < 0.85:
                return f"{self.random.choice(VERBS)}_{self.word()}"
            return f"{self.word()}_{self.random.choice(NOUNS)}"

        return self._unique(draw)

    def type(self) -> str:
        """A CamelCase type name."""

        def draw() -> str:
            head = self.word().capitalize()
            return head + self.random.choice(NOUNS).capitalize() if self.chance(0.25) else head

        return self._unique(draw)

    def text(self) -> str:
        """A string literal's inside: one to three words."""
        return " ".join(self.word() for _ in range(self.random.randint(1, 3)))

    # -- surrounding code: complete items, correct and clippy-clean, one list of lines each
    def filler(self) -> list[str]:
        """One small item that has nothing to do with the bug (pub, so that it is never dead code)."""
        return self.random.choice(
            (self._filler_fn, self._filler_fn, self._filler_text_fn, self._filler_loop, self._filler_struct,
             self._filler_enum, self._filler_const, self._filler_option)
        )()  # fmt: skip

    def _filler_fn(self) -> list[str]:
        name, x, op = self.fn(), self.var(), self.pick("+", "*", "-")
        ty = self.pick("i32", "u64", "i64", "f64")
        k = f"{self.number(2, 9)}.5" if ty == "f64" else str(self.number(2, 9))
        if ty == "u64" and op == "-":
            op = "+"
        return [f"pub fn {name}({x}: {ty}) -> {ty} {{", f"    {x} {op} {k}", "}"]

    def _filler_text_fn(self) -> list[str]:
        name, x = self.fn(), self.var()
        body = self.pick(
            f"{x}.trim().to_string()",
            f"{x}.to_uppercase()",
            f'format!("{{}} {self.word()}", {x})',
            f"{x}.replace('_', \" \")",
        )
        return [f"pub fn {name}({x}: &str) -> String {{", f"    {body}", "}"]

    def _filler_loop(self) -> list[str]:
        name, xs, total, x = self.fn(), self.plural(), self.var(), self.var()
        return [
            f"pub fn {name}({xs}: &[i32]) -> i32 {{",
            f"    let mut {total} = {self.number(1, 20)};",
            f"    for {x} in {xs} {{",
            f"        {total} {self.pick('+=', '-=')} {x};",
            "    }",
            f"    {total}",
            "}",
        ]

    def _filler_struct(self) -> list[str]:
        name, a, b = self.type(), self.var(), self.var()
        ty = self.pick("u32", "i64", "bool", "String", "Vec<i32>")
        return [f"pub struct {name} {{", f"    pub {a}: {self.pick('i32', 'u8', 'f32')},", f"    pub {b}: {ty},", "}"]

    def _filler_enum(self) -> list[str]:
        name, a, b = self.type(), self.type(), self.type()
        return [f"pub enum {name} {{", f"    {a},", f"    {b}({self.pick('i32', 'String', 'u8')}),", "}"]

    def _filler_const(self) -> list[str]:
        return [f"pub const {self.fn().upper()}: {self.pick('i32', 'usize', 'u64')} = {self.number(2, 500)};"]

    def _filler_option(self) -> list[str]:
        name, xs = self.fn(), self.plural()
        return [
            f"pub fn {name}({xs}: &[u32]) -> Option<u32> {{",
            f"    {xs}.iter().copied().{self.pick('max', 'min')}()",
            "}",
        ]

    def program(self, head: list[str], buggy: list[str], fixed: list[str], tail: list[str] | None = None) -> Pair:
        """Assemble a pair: fillers, `head`, the lines that differ, `tail`, fillers. Imports (`use ...`)
        at the start of `head` stay at the top of the file."""
        head, tail = list(head), list(tail or [])
        imports: list[str] = []
        while head and head[0].startswith("use "):
            imports.append(head.pop(0))
        k = self.random.choices((0, 1, 2, 3, 4), (25, 35, 22, 12, 6))[0]
        before = self.random.randint(0, k)
        fill = [self.filler() for _ in range(k)]
        blank = [""] if self.chance(0.7) else []

        def join(middle: list[str]) -> str:
            blocks = [imports] if imports else []
            blocks += fill[:before] + [head + middle + tail] + fill[before:]
            lines: list[str] = []
            for i, block in enumerate(blocks):
                lines += (blank if i else []) + block
            return "\n".join(lines) + "\n"

        return Pair(join(buggy), join(fixed))
