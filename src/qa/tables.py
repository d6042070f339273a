"""Which tables, indexes, views and triggers a SQLite file has: ours and no others, which would act when we write."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Mapping
from contextlib import closing

Tables = Mapping[tuple[str, str], str]
"""By kind and name, the statement that made each, without white space.

A column that an upgrade added stands there after other white space than one that was there from the first.
"""


def tables_of(database: sqlite3.Connection) -> Tables:
    """Return what a database has; nothing if it is new."""
    rows = database.execute(
        """SELECT type, name, sql FROM sqlite_schema
           WHERE type NOT IN ('table', 'index') OR name NOT LIKE 'sqlite!_%' ESCAPE '!'"""
    )
    return {(kind, name): "".join(str(sql).split()) for kind, name, sql in rows}


@functools.cache
def tables_made_by(schema: str) -> Tables:
    """Return what a database has that these statements made, and that nobody has touched."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(schema)
        return tables_of(database)
