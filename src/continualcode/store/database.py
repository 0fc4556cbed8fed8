"""The SQLite file: opened with WAL, foreign keys and a busy timeout; migrated; its errors made sentences.

Reading and writing are transactions of their own (`reading`, `writing`). A writer takes the lock at once,
so that two processes wait for each other instead of failing half-way.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError

from continualcode.errors import UserError
from continualcode.store.schema import MIGRATIONS, VERSION

BUSY_SECONDS = 30


class StoreError(UserError):
    """The store cannot do what was asked, in one sentence."""


class Database:
    """One open file. Raises StoreError when it cannot be opened, is not a store, or is too new."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"Cannot make the folder {path.parent} ({error.strerror}); choose another home=."
            ) from None
        self._engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_SECONDS})
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        self._writer = self._engine.execution_options(begin="BEGIN IMMEDIATE")
        try:
            self._migrate()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._sentences(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """All or nothing: what is written inside is there when the block ends well, and else not."""
        with self._sentences(), self._writer.begin() as connection:
            yield connection

    def version(self) -> int:
        """The number of the last migration that this file has."""
        with self.reading() as connection:
            return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())

    def problems(self) -> list[str]:
        """What SQLite's own check finds; empty when the file is sound."""
        with self.reading() as connection:
            found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
            broken = [
                f"{row[0]} row {row[1]} points nowhere"
                for row in connection.exec_driver_sql("PRAGMA foreign_key_check")
            ]
        return [line for line in found if line != "ok"] + broken

    def _migrate(self) -> None:
        reached = self.version()
        if reached > VERSION:
            raise StoreError(
                f"{self.path} was written by a newer version of continualcode (format {reached}, this one knows "
                f"{VERSION}); upgrade the program or choose another home=."
            )
        if reached == VERSION:
            return
        with self.writing() as connection:
            reached = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
            if reached == 0 and connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one():
                raise StoreError(f"{self.path} is another program's database; choose another home=.")
            for number in range(reached + 1, VERSION + 1):
                for statement in MIGRATIONS[number]:
                    connection.exec_driver_sql(statement)
                connection.exec_driver_sql(f"PRAGMA user_version = {number}")

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError as error:
            raise StoreError(f"The store refuses this row: {error.orig}.") from error
        except DBAPIError as error:
            raise StoreError(self._sentence(str(error.orig))) from error
        except sqlite3.Error as error:
            raise StoreError(self._sentence(str(error))) from error

    def _sentence(self, words: str) -> str:
        if "disk is full" in words:
            return f"The disk that holds {self.path} is full; free some space and try again (nothing was half-written)."
        if "locked" in words:
            return f"{self.path} has been locked by another process for {BUSY_SECONDS} s; wait for it or end it."
        if "readonly" in words or "unable to open" in words:
            return f"Cannot write {self.path}; choose another home= or change its permissions."
        if "not a database" in words or "malformed" in words:
            return f"{self.path} is damaged or not a store; move it away, or restore a copy."
        return f"The store {self.path} failed: {words}."


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin` says, not where the driver guesses
    newer = connection.execute("PRAGMA user_version").fetchone()[0] > VERSION  # refused; leave the file as it is
    for pragma in ("synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_SECONDS * 1000}"):
        connection.execute(f"PRAGMA {pragma}").close()
    if not newer:
        connection.execute("PRAGMA journal_mode=WAL").close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
