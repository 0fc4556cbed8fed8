"""Leaks: the same program on both sides of a split, or in a training corpus.

Two programs are compared by their shape: identifiers become kinds (a type, a function, a constant, a name;
keywords and the standard library's words stay), literals become their kind, and runs of `SHINGLE` tokens
are a program's fingerprint. `similarity` is the share of fingerprints in common (Jaccard); `containment` the
share of one program's fingerprints that another holds.

The thresholds come from the 170 koans of the first catalogue. Pairs across splits: Jaccard has median 0.01,
99.9 % lie below 0.19, the largest is 0.28; a koan and its own repair have median 0.88, smallest 0.52, and a
renamed copy has 1. `SAME` = 0.4 stands in the gap. Containment across splits is largest at 0.56, and 3,420
generated programs hold at most 0.65 of any gate or test koan (a short generic struct): `COPIED` = 0.75.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from continualcode.koans.catalogue import Koan
from continualcode.koans.tokens import Token, tokens

SHINGLE = 6
SAME = 0.4
COPIED = 0.75

_KEPT = frozenset(
    """as break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub
    ref return self Self static struct super trait true type unsafe use where while
    i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64 bool char str String Vec Option Some None Result
    Ok Err Box Rc RefCell Arc Cell HashMap HashSet BTreeMap BTreeSet VecDeque Iterator Default Debug Clone Copy PartialEq
    Eq PartialOrd Ord Hash Display Add From Into FromStr derive std fmt collections
    new len push pop insert remove get get_mut iter iter_mut into_iter map filter collect sum max min fold find
    any all count enumerate zip rev skip take chars bytes lines split split_whitespace trim parse to_string
    to_uppercase to_lowercase clone cloned copied unwrap unwrap_or unwrap_or_else unwrap_or_default expect ok_or
    ok_or_else map_err and_then ok is_some is_none is_empty contains contains_key entry or_insert keys values next
    first last format println vec write sort sort_by retain extend push_str as_str as_ref starts_with""".split()
)


@dataclass(frozen=True)
class Leak:
    """Two programs that are too alike. `other` is a koan's id, or `corpus` and the text's number."""

    koan: str
    other: str
    similarity: float


def leaks(koans: Sequence[Koan], threshold: float = SAME) -> list[Leak]:
    """Pairs of koans of different splits that are at least `threshold` alike, or of which one holds `COPIED` of
    the other; the most alike first. Solutions and buggy programs are both compared."""
    found: list[Leak] = []
    for a, b in itertools.combinations(koans, 2):
        if a.split == b.split:
            continue
        alike = max(similarity(a.solution, b.solution), similarity(a.buggy, b.buggy))
        held = max(containment(a.solution, b.solution), containment(b.solution, a.solution))
        if alike >= threshold or held >= max(COPIED, threshold):
            found.append(Leak(a.id, b.id, max(alike, held) if alike < threshold else alike))
    return sorted(found, key=lambda leak: (-leak.similarity, leak.koan, leak.other))


def similarity(left: str, right: str) -> float:
    """How alike two programs are in shape, 0 to 1; programs too short for a fingerprint are alike when they
    are equal but for blanks."""
    a, b = fingerprint(left), fingerprint(right)
    if not a or not b:
        return float(left.split() == right.split())
    return len(a & b) / len(a | b)


def containment(small: str, large: str) -> float:
    """The share of `small`'s fingerprints that `large` has, 0 to 1."""
    a = fingerprint(small)
    return len(a & fingerprint(large)) / len(a) if a else 0.0


def corpus_leaks(texts: Iterable[str], koans: Sequence[Koan], threshold: float = COPIED) -> list[Leak]:
    """Texts that hold at least `threshold` of the solution or the buggy program of a koan (give those of the
    gate and test splits); `other` is `corpus:N`, N the text's number from 0. One pass over the texts."""
    owners: dict[tuple[str, ...], list[int]] = {}
    sizes: list[tuple[str, int]] = []
    for koan in koans:
        for program in (koan.buggy, koan.solution):
            prints = fingerprint(program)
            for p in prints:
                owners.setdefault(p, []).append(len(sizes))
            sizes.append((koan.id, len(prints)))
    worst: dict[tuple[str, int], float] = {}
    for n, text in enumerate(texts):
        hits: dict[int, int] = {}
        for p in _fingerprint(text):
            for owner in owners.get(p, ()):
                hits[owner] = hits.get(owner, 0) + 1
        for owner, common in hits.items():
            koan_id, size = sizes[owner]
            if common / size >= threshold:
                worst[koan_id, n] = max(worst.get((koan_id, n), 0.0), common / size)
    found = [Leak(koan_id, f"corpus:{n}", share) for (koan_id, n), share in worst.items()]
    return sorted(found, key=lambda leak: (-leak.similarity, leak.koan, leak.other))


@lru_cache(maxsize=4096)
def fingerprint(source: str) -> frozenset[tuple[str, ...]]:
    """The runs of SHINGLE normalised tokens of a program."""
    return _fingerprint(source)


def _fingerprint(source: str) -> frozenset[tuple[str, ...]]:
    words = normalised(source)
    return frozenset(tuple(words[i : i + SHINGLE]) for i in range(len(words) - SHINGLE + 1))


def normalised(source: str) -> list[str]:
    """The program's tokens with names and literals replaced by their kinds."""
    ts = tokens(source)
    return [_kind(t, ts[i + 1].text if i + 1 < len(ts) else "") for i, t in enumerate(ts)]


def _kind(token: Token, following: str) -> str:
    if token.kind in ("string", "char", "number", "lifetime"):
        return {"string": '"s"', "char": "'c'", "number": "0", "lifetime": "'a"}[token.kind]
    if token.kind != "word" or token.text in _KEPT:
        return token.text
    if token.text[0].isupper():
        return "CONST" if token.text.isupper() and len(token.text) > 1 else "Type"
    return "call" if following == "(" else "name"
