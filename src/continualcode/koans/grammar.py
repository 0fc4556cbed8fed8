"""The grammar that variants are composed from: names, types, values and surrounding code.

A pattern is one kind of bug. Its generator draws a correct program from a `Grammar`, and the same
program with the bug injected, as a `Pair` of line lists that differ in few lines. Nothing here knows
rustc: verification is `koans/variants.py`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from continualcode.koans import layout, surroundings

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
animal bird fish horse tiger rabbit flower apple lemon cherry coin badge medal prize trophy song album movie
address answer article author balance barrel bridge bucket camera cargo cart category chapter charge circle clock
comment company contact corner country course crate credit crew customer delivery deposit device dish distance
draft entry episode exam factor ferry flight folder fund gate goal guest hall hotel hour income journey kitchen
label lane lesson letter library loan lock market meal meeting menu metric minute mission month motor museum
night notice office outcome owner parent passenger patient penalty permit phase photo plate platform plot pool
position pressure product profile project pump quantity query question race rate reading reason receipt region
rental repair reserve resource result reward role rule sale schedule screen season seat section segment session
shelf ship shop skill slot snapshot spot stage station status step stock storage summary supplier survey symbol
target tax team term tile title topic tour tower town trade train transfer trip truck unit user vehicle version
visitor vote wage wall warning wave week wheel winner zone""".split()
VERBS = """make build load find count merge split scale shift clean parse check store fetch update remove append
compute measure describe label rank filter collect select convert reduce expand trim join pick show print render
format encode decode track visit scan sort group apply reset refill charge pay send open close start finish
adjust announce archive assign book cancel compare complete copy cut describe divide draw enter expire extract
follow gather issue lend list lock log mark move name note number order parcel place plan print read receive
record register release rename report reserve resolve return rotate save schedule search settle share sign skip
stamp store summarize swap tag take total trade transfer trim undo unlock value verify vote weigh write""".split()
ADJECTIVES = """new old big small first last next prev best worst total raw clean fresh empty full local outer
inner upper lower left right main extra base final daily weekly open closed active hidden public daily sharp
average best busy cheap common current damaged deep due early exact failed free given heavy known largest
late latest light long longest lost low missing monthly nearest next odd oldest original overdue paid pending
previous rare recent remaining reserved sent shared short single slow spare stale stored strong top unique unread
valid wanted waiting whole wide yearly young""".split()
_ONSETS = "b c d f g h j k l m n p r s t v w z br cl dr fl gr pl st tr sh ch th".split()
_VOWELS = "a e i o u ai ea oo".split()
_CODAS = ["", "", "", "n", "r", "s", "l", "m", "t", "x", "nd", "rk"]


def plural_of(noun: str) -> str:
    """`city` to `cities`, `box` to `boxes`, `seat` to `seats`."""
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "z", "ch", "sh")) else "s")


class Grammar:
    """Draws from one random stream; names are unique within one program.

    >>> g = Grammar(0); a, b = g.var(), g.var(); a != b
    True
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._taken: set[str] = set(
            "self Self main test tests fn let mut ref use mod impl struct enum trait type match if else for while loop in return pub as move dyn where crate super const static true false String Vec Option Result Some None Ok Err Box Rc str map get push len iter next value_of default new clone abs min max box try gen final yield macro override priv virtual typeof unsized become abstract async await do union print foo bar baz drop Rc Arc Cell RefCell Weak Mutex Cow Vec HashMap HashSet BTreeMap BTreeSet VecDeque BinaryHeap Ordering Iterator Display Debug Clone Copy Default Hash Ord Eq PartialEq PartialOrd Error Path PathBuf Duration From Into Deref Drop Add Mul Fn FnMut FnOnce Formatter Write Read Reverse Range Index Sum".split()
        )
        self._wordy = self.random.choice((0.05, 0.3, 0.3, 0.6, 0.85))  # how long this program's names are

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
            if r < 0.14 * (1 - self._wordy):
                return self.random.choice("a b c d e k n m p q r s t u v w x y z".split())
            if self.chance(self._wordy):
                return self._long_name()
            return self.word()

        return self._unique(draw)

    def _long_name(self) -> str:
        """Two or three words: `latest_reading`, `hotel_address`, `first_open_seat`."""
        if self.chance(0.08):
            return f"{self.random.choice(ADJECTIVES)}_{self.word()}_{self.random.choice(NOUNS)}"
        return f"{self.random.choice(ADJECTIVES) if self.chance(0.55) else self.word()}_{self.random.choice(NOUNS)}"

    def plural(self) -> str:
        """A snake_case name for a collection."""
        return self.many()[0]

    def many(self) -> tuple[str, str]:
        """A name for a collection and the natural one for an item of it (`damaged_parcels`, `parcel`), which
        is free but not yet taken."""
        for _ in range(200):
            one = self.word()
            shown = f"{self.random.choice(ADJECTIVES)}_{one}" if self.chance(0.1 + 0.4 * self._wordy) else one
            several = plural_of(shown)
            if several not in self._taken and one not in self._taken:
                self._taken.add(several)
                return several, one
        raise RuntimeError("the grammar ran out of names")

    def items(self) -> tuple[str, str]:
        """Like `many`, and the item's name is this program's from now on."""
        several, one = self.many()
        self._taken.add(one)
        return several, one

    def fn(self) -> str:
        """A snake_case function name."""

        def draw() -> str:
            r = self.random.random()
            if r < 0.28 * (1 - 0.6 * self._wordy):
                return self.random.choice(VERBS)
            if r < 0.6:
                return f"{self.random.choice(VERBS)}_{self.word()}"
            if r < 0.7:
                return f"{self.random.choice(VERBS)}_{plural_of(self.word())}"
            if r < 0.8:
                return f"{self.random.choice(VERBS)}_{self._long_name()}"
            if r < 0.88:
                return self.word()
            return self._long_name()

        return self._unique(draw)

    def type(self) -> str:
        """A CamelCase type name."""

        def draw() -> str:
            head = self.word().capitalize()
            return head + self.random.choice(NOUNS).capitalize() if self.chance(0.12 + 0.3 * self._wordy) else head

        return self._unique(draw)

    def text(self) -> str:
        """A string literal's inside: one to three words."""
        words = [self.word() for _ in range(self.random.randint(1, 4 if self.chance(self._wordy) else 3))]
        if self.chance(0.15):
            words[0] = words[0].capitalize()
        return " ".join(words) + (self.pick("!", ".", ":", "...", "?") if self.chance(0.08) else "")

    def sentence(self) -> str:
        """A line of documentation, without its slashes."""
        a, b, c = self.word(), self.word(), self.random.choice(ADJECTIVES)
        return self.pick(
            f"The {c} {a} of a {b}.",
            f"{plural_of(self.random.choice(VERBS)).capitalize()} every {a} of the {b}.",
            f"Returns the {c} {a}, if there is one.",
            f"The {plural_of(a)} of one {b}, {c} ones first.",
            f"A {a} with its {plural_of(b)}.",
            f"How many {plural_of(a)} are {c}.",
            f"{a.capitalize()} and {b}, as printed on the {self.word()}.",
            f"Only {c} {plural_of(a)} count.",
        )

    # -- the whole program
    def program(
        self,
        head: list[str],
        buggy: list[str],
        fixed: list[str],
        tail: list[str] | None = None,
        *,
        free: bool = False,
    ) -> Pair:
        """Assemble a pair: surroundings, `head`, the lines that differ, `tail`, surroundings. Imports
        (`use ...`) at the start of `head` stay at the top of the file. Unless `free`, a function that stands
        alone sometimes becomes one of an `impl`."""
        head, tail = list(head), list(tail or [])
        imports: list[str] = []
        while head and head[0].startswith("use "):
            imports.append(head.pop(0))
        if not free and self.chance(0.32):
            head, buggy, fixed, tail = layout.into_impl(self, head, list(buggy), list(fixed), tail)
        if self.chance(0.3):
            head = layout.documented(self, head, buggy)
        airy = self.chance(0.7)
        if airy:
            head, tail = layout.spaced(head, buggy, fixed, tail)
        core = len(imports) + len(head) + max(len(buggy), len(fixed)) + len(tail)
        wanted = self.random.choices((0, 14, 18, 22, 28, 34), (25, 20, 20, 17, 12, 6))[0]
        before: list[list[str]] = []
        after: list[list[str]] = []
        for _ in range(4):
            item = surroundings.item(self)
            if core + len(item) + 1 <= wanted:
                core += len(item) + 1
                (before if self.chance(0.5) else after).append(layout.airy(item) if airy else item)

        def join(middle: list[str]) -> str:
            blocks = [imports] if imports else []
            blocks += [*before, head + middle + tail, *after]
            lines: list[str] = []
            for i, block in enumerate(blocks):
                lines += ([""] if i and (airy or block is blocks[0]) else []) + block
            return "\n".join(lines) + "\n"

        return Pair(join(buggy), join(fixed))

    def filler(self) -> list[str]:
        """One small item that has nothing to do with the bug (pub, so that it is never dead code)."""
        return surroundings.item(self)
