"""The same program under other names: wide vocabulary for generated programs, whose own words are a few hundred.

Only words inside names that the program itself declares are changed, everywhere alike, so that the compiler's
verdict and its feedback stay true; and the words of plain string literals. An earlier form also renamed
library names that shared a word with a listed one (`Result`, `Copy`, `.lines()`): 11-17 % of the pairs no
longer compiled. `tests/nursery/test_renaming.py` puts renamed pairs before rustc.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from continualcode.koans.grammar import ADJECTIVES, NOUNS, VERBS
from continualcode.nursery import chores, wording
from continualcode.nursery.tokenizer import RUST_WORDS

_KEPT = {*RUST_WORDS.split(), "self", "none", "some"}
_LISTED = {*NOUNS, *VERBS, *ADJECTIVES} - set(RUST_WORDS.split())
_WORD = re.compile(r"[A-Z]?[a-z]+")


@dataclass(frozen=True)
class Renaming:
    """`words`: listed word → new one, in lower case, singular; `sayings`: string literal → new one, quotes included."""

    words: Mapping[str, str]
    sayings: Mapping[str, str]

    def source(self, text: str) -> str:
        """A program under the new names."""
        out = _WORD.sub(self._change, text)
        for old, new in self.sayings.items():
            out = out.replace(_WORD.sub(self._change, old), new)
        return out

    def feedback(self, text: str) -> str:
        """rustc's words on it: in prose only what stands between backquotes is a name."""
        return "\n".join(
            self.source(line)
            if re.match(r"\d+\||[-^] &?\w+$", line)
            else re.sub(r"`[^`]*`", lambda m: self.source(m.group()), line)
            for line in text.split("\n")
        )

    def _change(self, match: re.Match[str]) -> str:
        piece = match.group()
        low = piece.lower()
        new = self.words.get(low) or (
            self.words[low[:-1]] + "s" if low.endswith("s") and low[:-1] in self.words else None
        )
        return piece if new is None else new.capitalize() if piece[0].isupper() else new


def draw(r: random.Random, sources: Sequence[str], *, feedback: str = "", share: float = 0.8) -> Renaming:
    """New names for the programs together (a pair, its failed attempts). share: of the words that may change;
    feedback: rustc's, whose shortened lines forbid other sayings."""
    text = "\n".join(sources)
    present = {w.lower() for w in _WORD.findall(text)}
    foreign = _foreign_words(text)
    own = {w.lower() for name in _declared(text) for w in _WORD.findall(name) if len(w) > 2}
    mapping: dict[str, str] = {}
    for word in sorted(present):
        base = word if word in _LISTED else word[:-1] if word.endswith("s") and word[:-1] in _LISTED else ""
        if not base and word in own and word not in _KEPT:
            base = word[:-1] if word.endswith("s") and word[:-1] in own else word
        if not base or base in mapping or {base, base + "s"} & foreign or r.random() > share:
            continue
        for _ in range(20):
            new = (
                r.choice(chores.WORDS)
                if r.random() < 0.75
                else "".join(c for c in wording.invented(r) if "a" <= c <= "z")
            )
            taken = {new, new + "s"} & present or new in mapping.values() or new in _KEYWORDS
            if len(new) > 2 and not taken:
                mapping[base] = new
                break
    return Renaming(mapping, _other_sayings(r, text, feedback))


_DECLARED = re.compile(
    r"\b(?:fn|struct|enum|trait|type|const|static)\s+(\w+)|\b(?:let|mut|for)\s+([a-z_]\w*)|(\w+)\s*:(?!:)|^\s+([A-Z]\w*)(?=[,({ ]|$)",
    re.M,
)
_STD_MEMBERS = set(
    "item output target err error next fmt cmp partial eq default drop from into hash clone deref keys values get set insert "
    "remove push pop swap take replace first last find rest parent name entry bitor bitand add sub mul neg index borrow "
    "debug copy ord display".split()
)


def _foreign_words(source: str) -> set[str]:
    """The words inside names that a program uses but does not declare (types, traits and methods of the
    library): to rename one of them would make rustc's feedback untrue."""
    code = _without_text(source)
    declared = _declared(source)
    functions = set(re.findall(r"\bfn\s+(\w+)", code))
    called = {n for n in re.findall(r"(?:\.|::)([a-z]\w*)(?=\(|::<)", code) if n not in functions}
    undeclared = set(re.findall(r"[A-Za-z_]\w*", code)) - declared
    return _STD_MEMBERS | {
        str(w).lower() for name in called | undeclared for w in re.findall(r"[A-Z]?[a-z]+", name) if len(w) > 1
    }


def _without_text(source: str) -> str:
    return re.sub(r'"(?:[^"\\]|\\.)*"', '""', source)


def _declared(source: str) -> set[str]:
    """The names that a program declares itself: items, fields, variables, parameters, variants."""
    code = _without_text(source)
    declared = {name for groups in _DECLARED.findall(code) for name in groups if name}
    declared |= {n for group in re.findall(r"\|([^|\n]*)\|", code) for n in re.findall(r"[a-z]\w*", group)}
    declared |= {
        n for group in re.findall(r"\b(?:let|for)\s+\(([^)\n]*)\)", code) for n in re.findall(r"[a-z]\w*", group)
    }
    return declared - {n for line in re.findall(r"^\s*use .*", code, re.M) for n in re.findall(r"\w+", line)}


_STRING = re.compile(r'"[A-Za-z][A-Za-z ,:!-]{2,}"')


def _other_sayings(r: random.Random, text: str, feedback: str) -> dict[str, str]:
    """Other words for some of a program's plain string literals, one to seven of them: what people write
    between quotes is longer and freer than what a generator does. None where a shortened line of the feedback
    could keep half of one."""
    if "..." in feedback:
        return {}
    out: dict[str, str] = {}
    for old in sorted(set(_STRING.findall(text))):
        if r.random() < 0.45:
            words = [
                r.choice(chores.WORDS) if r.random() < 0.85 else wording.invented(r)
                for _ in range(r.choice((1, 1, 2, 3, 4, 5, 7)))
            ]
            new = " ".join(words)
            new = new.capitalize() if r.random() < 0.15 else new
            out[old] = f'"{new}{r.choice(("", "", "", "!", ":", "."))}"'
    return out


_KEYWORDS = set(
    "as async await box break const continue crate do dyn else enum extern fn for if impl in let loop match mod move mut pub ref return self static struct super trait type unsafe use where while yield try gen macro final priv auto union true false".split()
)
