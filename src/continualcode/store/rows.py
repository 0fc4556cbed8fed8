"""Between frozen records and rows: one `Kind` for each record, its table derived from the record's fields."""

from __future__ import annotations

import dataclasses
import typing
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Dialect, Float, Integer, MetaData, String, Table, TypeDecorator

from continualcode.store import records as r

METADATA = MetaData()


class AnyText(TypeDecorator[str]):
    """Text from anywhere: what is no valid Unicode (half a surrogate pair from a binary file) is escaped."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value if value is None else value.encode("utf-8", "backslashreplace").decode("utf-8")


_TYPES = {str: AnyText, int: Integer, float: Float, bool: Boolean}


def _table(name: str, record: type, key: tuple[str, ...], leave_out: tuple[str, ...] = (), *more: Column) -> Table:
    hints = typing.get_type_hints(record)
    columns: list[Column] = list(more)
    for field in dataclasses.fields(record):
        if field.name not in leave_out:
            hint = next((t for t in typing.get_args(hints[field.name]) if t in _TYPES), hints[field.name])
            kind = JSON if typing.get_origin(hints[field.name]) in (list, dict) else _TYPES[hint]
            columns.append(Column(field.name, kind, primary_key=field.name in key))
    return Table(name, METADATA, *columns)


@dataclass(frozen=True)
class Kind:
    """A kind of record: its name (`episodes`), class, table, key column and the column of its time.
    `fixed` are the fields that never change once written."""

    name: str
    record: type
    table: Table
    key: str
    time: str
    fixed: frozenset[str]


def _kind(
    name: str, record: type, time: str, *, key: str = "id", leave_out: tuple[str, ...] = (), fixed: str = ""
) -> Kind:
    return Kind(name, record, _table(name, record, (key,), leave_out), key, time, frozenset({key, *fixed.split()}))


KINDS = {
    kind.name: kind
    for kind in (
        _kind("runs", r.RunRecord, "started"),
        _kind("episodes", r.EpisodeRecord, "started", leave_out=("tool_calls",)),
        _kind("corrections", r.CorrectionRecord, "created"),
        _kind("lessons", r.LessonRecord, "created"),
        _kind("adapters", r.AdapterRecord, "created", key="version", fixed="path files_hash base_hash"),
        _kind("evaluations", r.EvaluationRecord, "created"),
        _kind("nights", r.NightRecord, "started"),
    )
}
KIND_OF = {kind.record: kind for kind in KINDS.values()}
TOOL_CALLS = _table("tool_calls", r.ToolCallRecord, ("index",), (), Column("episode_id", String, primary_key=True))
MOVES = Table(
    "moves", METADATA, Column("id", Integer, primary_key=True), Column("scope", String), Column("action", String),
    Column("version", String), Column("before", Integer), Column("reasons", JSON), Column("forced", Boolean),
    Column("at", String),
)  # fmt: skip
POINTERS = Table("pointers", METADATA, Column("scope", String, primary_key=True), Column("move", Integer))


def values_of(record: Any, table: Table) -> dict[str, Any]:
    """A record's fields that are columns of `table`."""
    return {c.name: getattr(record, c.name) for c in table.columns if hasattr(record, c.name)}
