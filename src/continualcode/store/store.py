"""`Store(path)`: everything that was recorded, and which adapter is current.

Rows go in and come out as the frozen records of `records.py`. Each method is one transaction: after a
crash at any point a row, an episode with all its calls, or a move of the pointer is there whole or not at
all. References between kinds are by id and not enforced (an export may hold lessons without their
episodes); what `current` points to is. Errors are `StoreError`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, func, insert, select, update

from continualcode.store import jsonl
from continualcode.store.database import Database, StoreError
from continualcode.store.hashing import folder_hash
from continualcode.store.identity import now
from continualcode.store.records import (
    AdapterRecord,
    CorrectionRecord,
    EpisodeRecord,
    EvaluationRecord,
    LessonRecord,
    MoveRecord,
    NightRecord,
    RunRecord,
    ToolCallRecord,
)
from continualcode.store.rows import KIND_OF, KINDS, MOVES, POINTERS, TOOL_CALLS, Kind, values_of

R = TypeVar("R")


class Store:
    """See the module docstring. Close it, or use it as a context manager."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.folder = self.path.parent
        self._database = Database(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._database.close()

    def problems(self) -> list[str]:
        """What is wrong with the file or with what `current` points to; empty when all is well."""
        found = self._database.problems()
        with self._database.reading() as connection:
            scopes = connection.execute(select(POINTERS.c.scope)).scalars().all()
        for scope in scopes:
            adapter = self.current(scope)
            wrong = self._broken(adapter) if adapter else ""
            if wrong:
                found.append(wrong)
        return found

    # -- any record ---------------------------------------------------------------------------------------

    def add(self, *rows: Any) -> None:
        """Add records of any kinds in one transaction: all or none. An id that is taken is a StoreError."""
        with self._database.writing() as connection:
            for record in rows:
                self._insert(connection, record)

    def count(self, kind: str, **where: Any) -> int:
        """How many rows of a kind (`episodes`, …) have these values."""
        k = KINDS[kind]
        query = select(func.count()).select_from(k.table).where(*_conditions(k, where))
        with self._database.reading() as connection:
            return connection.execute(query).scalar_one()

    def get(self, kind: str, key: str) -> Any | None:
        """The record of a kind with this id, or None."""
        found = self.find(kind, **_same_key(KINDS[kind], key))
        return found[0] if found else None

    def find_by_prefix(self, kind: str, beginning: str) -> list[Any]:
        """Records of a kind whose id begins like this."""
        k = KINDS[kind]
        query = select(k.table.c[k.key]).where(k.table.c[k.key].startswith(beginning, autoescape=True)).limit(20)
        with self._database.reading() as connection:
            names = list(connection.execute(query).scalars())
        return self.find(kind, **_same_key(k, names))

    def find(self, kind: str, /, *, limit: int | None = None, newest: bool = False, **where: Any) -> list[Any]:
        """Records of a kind in the order of their time (`newest`: backwards), at most `limit`. Keywords are
        fields (`kind=` too): a value they equal, or a list of values they may have (None: the field is null)."""
        k = KINDS[kind]
        time, key = k.table.c[k.time], k.table.c[k.key]
        query = select(k.table).where(*_conditions(k, where)).limit(limit)
        query = query.order_by(time.desc(), key.desc()) if newest else query.order_by(time, key)
        with self._database.reading() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
            if k.name == "episodes":
                calls = self._calls(connection, [row["id"] for row in rows])
                for row in rows:
                    row["tool_calls"] = calls.get(row["id"], [])
        return [k.record(**row) for row in rows]

    def _insert(self, connection: Connection, record: Any) -> None:
        kind = KIND_OF[type(record)]
        if isinstance(record, AdapterRecord) and not record.files_hash and self.adapter_folder(record).is_dir():
            record = dataclasses.replace(record, files_hash=folder_hash(self.adapter_folder(record)))
        name = getattr(record, kind.key)
        if connection.execute(select(kind.table.c[kind.key]).where(kind.table.c[kind.key] == name)).first():
            raise StoreError(f"There is already one of the {kind.name} called {name}; choose another name.")
        connection.execute(insert(kind.table).values(values_of(record, kind.table)))
        if isinstance(record, EpisodeRecord) and record.tool_calls:
            rows = [{**values_of(call, TOOL_CALLS), "episode_id": record.id} for call in record.tool_calls]
            connection.execute(insert(TOOL_CALLS), rows)

    def _calls(self, connection: Connection, ids: Sequence[str]) -> dict[str, list[ToolCallRecord]]:
        found: dict[str, list[ToolCallRecord]] = {}
        for start in range(0, len(ids), 500):
            some = ids[start : start + 500]
            query = select(TOOL_CALLS).where(TOOL_CALLS.c.episode_id.in_(some)).order_by(TOOL_CALLS.c.index)
            for row in connection.execute(query).mappings():
                fields = dict(row)
                found.setdefault(fields.pop("episode_id"), []).append(ToolCallRecord(**fields))
        return found

    def _update(self, kind: str, key: str, fields: dict[str, Any]) -> None:
        k = KINDS[kind]
        wrong = [name for name in fields if name in k.fixed or name not in k.table.c]
        if wrong:
            raise ValueError(f"{', '.join(wrong)} of {kind} cannot be changed")
        with self._database.writing() as connection:
            done = connection.execute(update(k.table).where(k.table.c[k.key] == key).values(fields))
            if not done.rowcount:
                raise StoreError(f"There is no {kind[:-1]} called {key}; `continualcode {kind} list` shows them.")

    # -- runs, episodes, corrections, lessons, evaluations, nights ------------------------------------------

    def add_run(self, record: RunRecord) -> None:
        self.add(record)

    def get_run(self, id: str) -> RunRecord | None:
        return self.get("runs", id)

    def list_runs(self, **where: Any) -> list[RunRecord]:
        return self.find("runs", **where)

    def update_run(self, id: str, /, **fields: Any) -> None:
        self._update("runs", id, fields)

    def add_episode(self, record: EpisodeRecord) -> None:
        self.add(record)

    def add_episodes(self, episodes: Sequence[EpisodeRecord]) -> None:
        self.add(*episodes)

    def get_episode(self, id: str) -> EpisodeRecord | None:
        return self.get("episodes", id)

    def list_episodes(self, **where: Any) -> list[EpisodeRecord]:
        return self.find("episodes", **where)

    def add_correction(self, record: CorrectionRecord) -> None:
        self.add(record)

    def get_correction(self, id: str) -> CorrectionRecord | None:
        return self.get("corrections", id)

    def list_corrections(self, **where: Any) -> list[CorrectionRecord]:
        return self.find("corrections", **where)

    def add_lesson(self, record: LessonRecord) -> None:
        self.add(record)

    def get_lesson(self, id: str) -> LessonRecord | None:
        return self.get("lessons", id)

    def list_lessons(self, **where: Any) -> list[LessonRecord]:
        return self.find("lessons", **where)

    def update_lesson(self, id: str, /, **fields: Any) -> None:
        self._update("lessons", id, fields)

    def add_evaluation(self, record: EvaluationRecord) -> None:
        self.add(record)

    def get_evaluation(self, id: str) -> EvaluationRecord | None:
        return self.get("evaluations", id)

    def list_evaluations(self, **where: Any) -> list[EvaluationRecord]:
        return self.find("evaluations", **where)

    def add_night(self, record: NightRecord) -> None:
        self.add(record)

    def get_night(self, id: str) -> NightRecord | None:
        return self.get("nights", id)

    def list_nights(self, **where: Any) -> list[NightRecord]:
        return self.find("nights", **where)

    def update_night(self, id: str, /, **fields: Any) -> None:
        self._update("nights", id, fields)

    # -- adapters and the pointer -------------------------------------------------------------------------

    def add_adapter(self, record: AdapterRecord) -> None:
        """Add a version; its files must lie in its folder already (their hash is recorded now)."""
        self.add(record)

    def get_adapter(self, version: str) -> AdapterRecord | None:
        return self.get("adapters", version)

    def list_adapters(self, **where: Any) -> list[AdapterRecord]:
        return self.find("adapters", **where)

    def update_adapter(self, version: str, /, **fields: Any) -> None:
        self._update("adapters", version, fields)

    def adapter_folder(self, record: AdapterRecord) -> Path:
        """Where a version's files lie."""
        return self.folder / record.path

    def check_files(self, record: AdapterRecord) -> None:
        """Raises StoreError when a version's files are missing or not what was recorded."""
        wrong = self._broken(record)
        if wrong:
            raise StoreError(wrong)

    def current(self, scope: str = "global") -> AdapterRecord | None:
        """The adapter in use, or None: the base model."""
        query = select(MOVES.c.version).join(POINTERS, POINTERS.c.move == MOVES.c.id).where(POINTERS.c.scope == scope)
        with self._database.reading() as connection:
            version = connection.execute(query).scalar()
        return self.get_adapter(version) if version else None

    def promote(self, version: str, *, reasons: Sequence[str], forced: bool = False) -> AdapterRecord:
        """Make a version the current one of its scope, in one transaction. Refused when its files are missing
        or changed, and, unless `forced`, when the gate refused it."""
        adapter = self.get_adapter(version)
        if adapter is None:
            raise StoreError(f"There is no adapter {version}; `continualcode adapters list` shows them.")
        self.check_files(adapter)
        if adapter.status == "refused" and not forced:
            raise StoreError(
                f"The gate refused {version} ({'; '.join(adapter.reasons) or 'no reason kept'}); use --force to promote it all the same."
            )
        with self._database.writing() as connection:
            now_at, before = self._pointer(connection, adapter.scope)
            if now_at == version:
                raise StoreError(f"{version} is the current adapter already.")
            self._move(connection, adapter.scope, "promote", version, before, list(reasons), forced)
            if now_at:
                self._set_status(connection, now_at, "retired")
            self._set_status(connection, version, "promoted", reasons=list(reasons), forced=forced)
        return dataclasses.replace(adapter, status="promoted", reasons=list(reasons), forced=forced)

    def rollback(self, scope: str = "global", *, reasons: Sequence[str] = ()) -> AdapterRecord | None:
        """Undo the last promotion that is still in force, in one transaction; again goes one further back.
        Returns what is current now (None: the base model). Refused when that version's files are damaged,
        and when there is nothing to go back from."""
        with self._database.writing() as connection:
            now_at, at_move = self._pointer(connection, scope)
            if now_at is None:
                raise StoreError("There is nothing to roll back: the base model is in use without an adapter.")
            earlier = connection.execute(select(MOVES.c.before).where(MOVES.c.id == at_move)).scalar()
            target = connection.execute(select(MOVES.c.version).where(MOVES.c.id == earlier)).scalar()
            adapter = None
            if target:
                table = KINDS["adapters"].table
                row = connection.execute(select(table).where(table.c.version == target)).mappings().one()
                adapter = AdapterRecord(**row)
                wrong = self._broken(adapter)
                if wrong:
                    raise StoreError(f"Cannot go back: {wrong}")
            connection.execute(
                insert(MOVES).values(
                    scope=scope,
                    action="rollback",
                    version=target,
                    before=at_move,
                    reasons=list(reasons),
                    forced=False,
                    at=now(),
                )
            )
            if earlier is None:  # back to the base model
                connection.execute(POINTERS.delete().where(POINTERS.c.scope == scope))
            else:
                connection.execute(update(POINTERS).where(POINTERS.c.scope == scope).values(move=earlier))
            self._set_status(connection, now_at, "retired")
            if adapter:
                self._set_status(connection, adapter.version, "promoted")
        return dataclasses.replace(adapter, status="promoted") if adapter else None

    def moves(self, scope: str | None = None) -> list[MoveRecord]:
        """Every promotion and rollback, in order."""
        columns = [MOVES.c[f.name] for f in dataclasses.fields(MoveRecord)]
        query = select(*columns).order_by(MOVES.c.id)
        with self._database.reading() as connection:
            rows = connection.execute(query if scope is None else query.where(MOVES.c.scope == scope)).mappings().all()
        return [MoveRecord(**row) for row in rows]

    def reachable(self) -> set[str]:
        """Versions that are current or that rollback could still come to."""
        with self._database.reading() as connection:
            moves = {row.id: row for row in connection.execute(select(MOVES))}
            at = list(connection.execute(select(POINTERS.c.move)).scalars())
        found: set[str] = set()
        while at:
            move = moves[at.pop()]
            found.add(move.version)
            if move.before is not None:
                at.append(move.before)
        return found

    def _pointer(self, connection: Connection, scope: str) -> tuple[str | None, int | None]:
        query = select(MOVES.c.version, MOVES.c.id).join(POINTERS, POINTERS.c.move == MOVES.c.id)
        row = connection.execute(query.where(POINTERS.c.scope == scope)).first()
        return (row[0], row[1]) if row else (None, None)

    def _move(
        self,
        connection: Connection,
        scope: str,
        action: str,
        version: str,
        before: int | None,
        reasons: list[str],
        forced: bool,
    ) -> None:
        row = {
            "scope": scope,
            "action": action,
            "version": version,
            "before": before,
            "reasons": reasons,
            "forced": forced,
        }
        done = connection.execute(insert(MOVES).values(**row, at=now()))
        assert done.inserted_primary_key is not None
        move = done.inserted_primary_key[0]
        if before is None:
            connection.execute(insert(POINTERS).values(scope=scope, move=move))
        else:
            connection.execute(update(POINTERS).where(POINTERS.c.scope == scope).values(move=move))

    def _set_status(self, connection: Connection, version: str, status: str, **fields: Any) -> None:
        table = KINDS["adapters"].table
        connection.execute(update(table).where(table.c.version == version).values(status=status, **fields))

    def _broken(self, adapter: AdapterRecord) -> str:
        """What is wrong with a version's files, in one sentence; empty when nothing is."""
        folder = self.adapter_folder(adapter)
        if not folder.is_dir():
            return (
                f"The folder of adapter {adapter.version} is missing ({folder}); restore it or choose another version."
            )
        if not adapter.files_hash or folder_hash(folder) != adapter.files_hash:
            return f"The files of adapter {adapter.version} are not what was recorded ({folder}); restore them or choose another version."
        return ""

    # -- JSONL ---------------------------------------------------------------------------------------------

    def export_jsonl(self, kind: str, path: Path, **where: Any) -> int:
        """Write the records of a kind, one JSON object a line; the file appears whole or not at all. Returns
        how many."""
        return jsonl.write(self.find(kind, **where), path)

    def import_jsonl(self, kind: str, path: Path) -> int:
        """Add the records of a file, all or none; rows that are here already are passed over. A broken line
        is a StoreError that names file and line. Returns how many were added."""
        read = jsonl.read(kind, path)
        fresh = []
        seen: dict[str, tuple[int, Any]] = {}
        k = KINDS[kind]
        for number, record, may_differ in read:
            name = getattr(record, k.key)
            here = seen[name][1] if name in seen else self.get(kind, name)
            if here is None:
                fresh.append(record)
                seen[name] = (number, record)
            elif here != record and not may_differ:
                raise StoreError(
                    f"{path}, line {number}: another of the {kind} is called {name} already; nothing was imported."
                )
        self.add(*fresh)
        return len(fresh)


def _same_key(kind: Kind, value: Any) -> dict[str, Any]:
    return {kind.key: value}


def _conditions(kind: Kind, where: dict[str, Any]) -> list[Any]:
    conditions = []
    for name, value in where.items():
        column = kind.table.c[name]
        conditions.append(column.in_(value) if isinstance(value, (list, tuple, set, frozenset)) else column == value)
    return conditions
