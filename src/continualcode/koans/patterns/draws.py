"""Values and small pieces of source that the generators of several families draw. Pure functions of a `Grammar`."""

from __future__ import annotations

from dataclasses import dataclass

from continualcode.koans.grammar import Grammar


@dataclass(frozen=True)
class Value:
    """A type and a literal of it, as source."""

    type: str
    literal: str


def integer(g: Grammar) -> Value:
    """An integer type with a literal that fits without a suffix."""
    return Value(g.pick("i32", "i32", "u32", "i64", "u64", "usize"), str(g.number()))


def scalar(g: Grammar) -> Value:
    """A `Copy` value that can be printed and compared."""
    r = g.random.random()
    if r < 0.65:
        return integer(g)
    if r < 0.85:
        return Value("f64", f"{g.number()}.{g.pick('5', '25', '75')}")
    return Value("char", f"'{g.pick(*'abcdefghkmxyz')}'")


def text(g: Grammar) -> str:
    """An expression of type `String`."""
    return g.pick(f'"{g.text()}".to_string()', f'String::from("{g.text()}")')


def string(g: Grammar) -> Value:
    """A `String` value."""
    return Value("String", text(g))


def element(g: Grammar) -> Value:
    """A value that a collection may hold: a scalar or a `String`."""
    return string(g) if g.chance(0.45) else scalar(g)


def owned(g: Grammar) -> Value:
    """A value that is not `Copy` but is `Clone` and `Debug`, and has `len()`."""
    if g.chance(0.6):
        return string(g)
    inner = g.pick("i32", "u32", "u64", "i64")
    return Value(f"Vec<{inner}>", f"vec![{g.numbers()}]")


def struct(name: str, fields: list[tuple[str, str]], derives: str = "") -> list[str]:
    """A public struct; `derives` is the inside of its derive line, none if empty."""
    lines = [f"#[derive({derives})]"] if derives else []
    return [*lines, f"pub struct {name} {{", *(f"    pub {f}: {t}," for f, t in fields), "}"]
