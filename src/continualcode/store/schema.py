"""The tables, as numbered migrations: each is frozen once it has been released; a change is a new number.

`PRAGMA user_version` holds the number a file has reached. A file with a higher number than this program
knows was written by a newer version and is refused.
"""

from __future__ import annotations

MIGRATIONS: dict[int, tuple[str, ...]] = {
    1: (
        """CREATE TABLE runs (
            id TEXT PRIMARY KEY, kind TEXT NOT NULL, status TEXT NOT NULL, settings TEXT NOT NULL,
            summary TEXT NOT NULL, started TEXT NOT NULL, finished TEXT)""",
        """CREATE TABLE episodes (
            id TEXT PRIMARY KEY, run_id TEXT NOT NULL, task_id TEXT NOT NULL, family TEXT NOT NULL,
            pattern TEXT NOT NULL, split TEXT NOT NULL, prompt TEXT NOT NULL, outcome TEXT NOT NULL,
            steps_to_green INTEGER, attempts INTEGER NOT NULL, signatures TEXT NOT NULL,
            first_code TEXT NOT NULL, final_code TEXT NOT NULL, diff TEXT NOT NULL, model TEXT NOT NULL,
            adapter TEXT, seed INTEGER NOT NULL, started TEXT NOT NULL, seconds REAL NOT NULL,
            repeat_error INTEGER NOT NULL, unpinned INTEGER NOT NULL, messages TEXT NOT NULL)""",
        """CREATE TABLE tool_calls (
            episode_id TEXT NOT NULL REFERENCES episodes(id) ON DELETE CASCADE, "index" INTEGER NOT NULL,
            tool TEXT NOT NULL, arguments TEXT NOT NULL, result TEXT NOT NULL, well_formed INTEGER NOT NULL,
            decision TEXT NOT NULL, solved_after INTEGER NOT NULL, signature TEXT NOT NULL,
            completion_ids TEXT NOT NULL, logprobs TEXT NOT NULL, PRIMARY KEY (episode_id, "index"))""",
        """CREATE TABLE corrections (
            id TEXT PRIMARY KEY, kind TEXT NOT NULL, text TEXT NOT NULL, scope TEXT NOT NULL, episode_id TEXT,
            wrong TEXT NOT NULL, "right" TEXT NOT NULL, created TEXT NOT NULL, weight REAL NOT NULL)""",
        """CREATE TABLE lessons (
            id TEXT PRIMARY KEY, correction_id TEXT NOT NULL, scope TEXT NOT NULL, correction TEXT NOT NULL,
            outcome TEXT NOT NULL, reason TEXT NOT NULL, steps INTEGER NOT NULL, seconds REAL NOT NULL,
            drift REAL NOT NULL, proof TEXT NOT NULL, settings TEXT NOT NULL, before_ref TEXT NOT NULL,
            after_ref TEXT NOT NULL, created TEXT NOT NULL, messages TEXT NOT NULL, denied TEXT NOT NULL,
            approved TEXT NOT NULL)""",
        """CREATE TABLE adapters (
            version TEXT PRIMARY KEY, parent TEXT, base_model TEXT NOT NULL, base_hash TEXT NOT NULL,
            path TEXT NOT NULL, data_hash TEXT NOT NULL, kind TEXT NOT NULL, status TEXT NOT NULL,
            metrics TEXT NOT NULL, reasons TEXT NOT NULL, created TEXT NOT NULL, forced INTEGER NOT NULL,
            scope TEXT NOT NULL, files_hash TEXT NOT NULL)""",
        """CREATE TABLE evaluations (
            id TEXT PRIMARY KEY, run_id TEXT NOT NULL, suite TEXT NOT NULL, model TEXT NOT NULL, adapter TEXT,
            samples INTEGER NOT NULL, pass_rate REAL NOT NULL, result TEXT NOT NULL, created TEXT NOT NULL,
            night TEXT, cycle INTEGER, episodes TEXT NOT NULL)""",
        """CREATE TABLE nights (
            id TEXT PRIMARY KEY, stage TEXT NOT NULL, started TEXT NOT NULL, finished TEXT,
            decision TEXT NOT NULL, reasons TEXT NOT NULL, candidate TEXT, parent TEXT,
            dataset_hash TEXT NOT NULL, details TEXT NOT NULL)""",
        "CREATE INDEX episodes_by_run ON episodes(run_id)",
        "CREATE INDEX episodes_by_task ON episodes(task_id)",
    ),
    # which adapter is current, and how it came to be: `moves` is only ever appended to
    2: (
        """CREATE TABLE moves (
            id INTEGER PRIMARY KEY AUTOINCREMENT, scope TEXT NOT NULL, action TEXT NOT NULL,
            version TEXT REFERENCES adapters(version), before INTEGER REFERENCES moves(id),
            reasons TEXT NOT NULL, forced INTEGER NOT NULL, at TEXT NOT NULL)""",
        """CREATE TABLE pointers (
            scope TEXT PRIMARY KEY, move INTEGER NOT NULL REFERENCES moves(id))""",
        "CREATE INDEX episodes_by_start ON episodes(started)",
        "CREATE INDEX lessons_by_correction ON lessons(correction_id)",
    ),
}
VERSION = max(MIGRATIONS)
