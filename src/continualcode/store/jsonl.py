"""Records as JSON lines: one object a line, the record's fields by name. Reading checks every line before
anything is handed on; what was written reads back equal."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from continualcode.store.database import StoreError
from continualcode.store.identity import now
from continualcode.store.rows import KINDS


def write(records: Sequence[Any], path: Path) -> int:
    """Write records to `path`, through a file beside it that is renamed when it is whole."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("w", encoding="utf-8") as stream:
            for record in records:
                stream.write(json.dumps(dataclasses.asdict(record)) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise StoreError(f"Cannot write {path}: {error.strerror}.") from None
    return len(records)


def read(kind: str, path: Path) -> list[tuple[int, Any, bool]]:
    """(line number, record, whether its id was derived here) for each line that is not blank. A correction
    may leave out everything but its `text` (or `wrong` and `right`): its id is then made from its words."""
    record = KINDS[kind].record
    adapter = TypeAdapter(record)
    names = {f.name for f in dataclasses.fields(record)}
    found: list[tuple[int, Any, bool]] = []
    try:
        with path.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, 1):
                if not line.strip():
                    continue
                where = f"{path}, line {number}"
                try:
                    raw = json.loads(line)
                except (json.JSONDecodeError, RecursionError) as error:
                    raise StoreError(f"{where}: not JSON ({error}); nothing was imported.") from None
                if not isinstance(raw, dict):
                    raise StoreError(f"{where}: must be a JSON object; nothing was imported.")
                derived = kind == "corrections" and "id" not in raw
                if derived:
                    raw = _filled_in(raw)
                unknown = sorted(raw.keys() - names)
                if unknown:
                    raise StoreError(f"{where}: unknown field `{unknown[0]}` for {kind}; nothing was imported.")
                try:
                    found.append((number, adapter.validate_json(json.dumps(raw), strict=True), derived))
                except ValidationError as error:
                    first = error.errors()[0]
                    place = ".".join(str(p) for p in first["loc"])
                    raise StoreError(f"{where}: `{place}`: {first['msg']}; nothing was imported.") from None
    except UnicodeDecodeError:
        raise StoreError(f"{path} is not UTF-8 text; nothing was imported.") from None
    except OSError as error:
        raise StoreError(f"Cannot read {path}: {error.strerror}.") from None
    return found


def _filled_in(raw: dict[str, Any]) -> dict[str, Any]:
    words = json.dumps([raw.get("kind"), raw.get("text"), raw.get("wrong"), raw.get("right")])
    usual = {
        "id": f"co_{hashlib.sha256(words.encode()).hexdigest()[:16]}",
        "kind": "pair" if raw.get("right") else "note",
        "text": "",
        "scope": "global",
        "episode_id": None,
        "wrong": "",
        "right": "",
        "created": now(),
    }
    return {**usual, **raw}
