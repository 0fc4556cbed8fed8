"""A tokenizer as GGUF holds it: tokens, kinds, merges, and the name of a pre-tokenizer that llama.cpp has built in.

A file cannot bring its own pre-tokenizer. Qwen's is built in. The bundled model's is not: it splits words from digits,
punctuation and line breaks, and no built-in one does. But its merges never cross such a border, so that over whole
lines nearly the same pieces come out once the merges stand in the right order (`for_whole_lines`). Whole lines is what
`sarvam-moe` reads: text as it is, spaces written as U+2581, bytes that no token holds as <0xNN>. What differs is rare
(numbers of three digits and more, a space between two signs of which no token holds both), and the text is the same;
`tests/export` says how rare. Token ids that are handed over directly are always right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from continualcode.export.reference import ExportError

SPACE = "\u2581"
NORMAL, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 3, 4, 5, 6  # llama.cpp's kinds of tokens
_QWEN2 = r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_BYTE_LEVEL_SPACE = "Ġ"


@dataclass(frozen=True)
class GgufTokenizer:
    """What is written under `tokenizer.ggml`: a text and a kind for each id, merges in order (two texts with a space
    between), and the pre-tokenizer's name."""

    pre: str
    tokens: tuple[str, ...]
    kinds: tuple[int, ...]
    merges: tuple[str, ...]


def of(tokenizer: Any, size: int) -> GgufTokenizer:
    """Of a fast tokenizer of transformers, for a model with `size` rows of logits. Raises ExportError when llama.cpp has
    no pre-tokenizer for it."""
    from continualcode.nursery.tokenizer import PIECES

    described = json.loads(tokenizer.backend_tokenizer.to_str())
    patterns = _patterns(described.get("pre_tokenizer"))
    if described["model"]["type"] != "BPE":
        raise ExportError("Only byte-level BPE tokenizers are written as GGUF; use --format merged.")
    if patterns == [PIECES]:
        return _for_lines(described, size)
    if len(patterns) == 1 and patterns[0].endswith(_QWEN2):
        merges = tuple(f"{a} {b}" for a, b in described["model"]["merges"])
        return GgufTokenizer("qwen2", *_texts(described, size, lambda text: text), merges)
    raise ExportError(
        "llama.cpp has no pre-tokenizer like this model's; use --format merged and llama.cpp's convert_hf_to_gguf.py."
    )


def for_whole_lines(merges: Sequence[tuple[str, str]], vocabulary: Mapping[str, int]) -> list[tuple[str, str]]:
    """The merges (byte-level texts) in an order in which, without any pre-tokenizer, they find the bundled tokenizer's
    pieces: digits pair from the left, a space belongs to the sign before it, else to the sign after it."""
    s = _BYTE_LEVEL_SPACE

    def rank(merge: tuple[str, str]) -> int:
        left, right = merge
        if left.isdigit() and right.isdigit():
            return 0 if (left, right) == ("0", "0") else 1 if left == "0" else 2 if right != "0" else 3
        if set(left + right) == {s}:
            return 4
        if left == s:
            return 7
        if left[0] == s and right[-1] == s:
            return 8
        return 6 if right[-1] == s else 5

    ordered = sorted(merges, key=rank)
    head = [m for m in ordered if rank(m) < 7]
    leading = [m for m in ordered if rank(m) == 7]
    both = [(s, text[1:]) for text in vocabulary if _between_spaces(text) and text[1:] in vocabulary]
    late = [m for m in ordered if rank(m) == 8 and f"{m[0]}{m[1]}"[1:] not in vocabulary]
    opening = [m for m in leading if f"{m[0]}{m[1]}" in {left for left, _ in late}]
    rest = [m for m in leading if m not in opening and m not in both]
    return list(dict.fromkeys([*head, *both, *opening, *late, *rest]))


def _between_spaces(text: str) -> bool:
    s = _BYTE_LEVEL_SPACE
    return len(text) > 2 and text[0] == s == text[-1] and set(text) != {s}


def _for_lines(described: Mapping[str, Any], size: int) -> GgufTokenizer:
    vocabulary = described["model"]["vocab"]
    merges = for_whole_lines([(a, b) for a, b in described["model"]["merges"]], vocabulary)
    plain = _bytes_of()

    def raw(text: str) -> str:
        data = bytes(plain[c] for c in text)
        try:
            return data.decode().replace(" ", SPACE)
        except UnicodeDecodeError:
            return f"<0x{data[0]:02X}>" if len(data) == 1 else text  # part of a character that is longer

    tokens, kinds = _texts(described, size, raw)
    written = [(raw(a), raw(b)) for a, b in merges]
    return GgufTokenizer("sarvam-moe", tokens, kinds, tuple(f"{a} {b}" for a, b in written if "\n" not in a + b))


def _texts(described: Mapping[str, Any], size: int, written: Any) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Each id's text and kind; ids that the tokenizer does not have are unused."""
    tokens, kinds = [f"[PAD{i}]" for i in range(size)], [UNUSED] * size
    for text, i in described["model"]["vocab"].items():
        tokens[i] = written(text)
        kinds[i] = BYTE if len(text) == 1 and tokens[i].startswith("<0x") else NORMAL
    for added in described["added_tokens"]:
        tokens[added["id"]] = added["content"]
        kinds[added["id"]] = CONTROL if added["special"] else USER_DEFINED
    return tuple(tokens), tuple(kinds)


def _patterns(pre: Mapping[str, Any] | None) -> list[str]:
    """The regular expressions that a pre-tokenizer splits by, in order."""
    steps = (pre or {}).get("pretokenizers", [pre] if pre else [])
    return [step["pattern"].get("Regex", "") for step in steps if step["type"] == "Split"]


def _bytes_of() -> dict[str, int]:
    """The byte that each character of byte-level BPE stands for (GPT-2's table)."""
    kept = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in kept]
    return {chr(b): b for b in kept} | {chr(256 + n): b for n, b in enumerate(others)}
