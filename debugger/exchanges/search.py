"""Search for words in both databases, without an extension that has to be installed.

SQLite keeps them in a full-text table that triggers hold equal to the rows, PostgreSQL in an index
over an expression. A query is words of words.py and nothing else, each as a beginning.

A migration puts table and triggers up. One that rebuilds the table of words, as SQLite does for
nearly every change of a column, loses the triggers and must call ``put_up`` again; a test notices.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet

from debugger.exchanges.models import Exchange, ExchangeWords

FOUND: Final = "debugger_exchangesearch"
_ROWS: Final = Exchange._meta.db_table
_WORDS: Final = ExchangeWords._meta.db_table
_INDEX: Final = "exchange_words"
_VECTOR: Final = f"array_to_tsvector(string_to_array({_WORDS}.words, ' '))"
# The tokenizer "ascii" takes every other character for part of a word and changes none of them:
# what words.py made is what is stored, whatever Unicode the library was built with.
_TABLE: Final = f"""
CREATE VIRTUAL TABLE IF NOT EXISTS {FOUND} USING fts5(
    words, content='{_WORDS}', content_rowid='exchange_id', detail=none, columnsize=0,
    tokenize="ascii tokenchars '_'"
)
"""
_INSERT: Final = f"INSERT INTO {FOUND}"
_STORE: Final = f"{_INSERT}(rowid, words) VALUES (new.exchange_id, new.words);"
_REMOVE: Final = f"{_INSERT}({FOUND}, rowid, words) VALUES ('delete', old.exchange_id, old.words);"
_TRIGGERS: Final = {
    "exchange_words_stored": f"AFTER INSERT ON {_WORDS} BEGIN {_STORE} END",
    "exchange_words_removed": f"AFTER DELETE ON {_WORDS} BEGIN {_REMOVE} END",
    "exchange_words_changed": f"AFTER UPDATE ON {_WORDS} BEGIN {_REMOVE} {_STORE} END",
}


def put_up(connection: BaseDatabaseWrapper) -> None:
    """Make the words searchable from here on, those that are there too; twice is harmless."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(_TABLE)
            for name, when in _TRIGGERS.items():
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
                cursor.execute(f"CREATE TRIGGER {name} {when}")
            cursor.execute(f"{_INSERT}({FOUND}) VALUES ('rebuild')")
        else:
            cursor.execute(
                f"CREATE INDEX IF NOT EXISTS {_INDEX} ON {_WORDS} USING gin (({_VECTOR}))"
            )


def take_down(connection: BaseDatabaseWrapper) -> None:
    """Undo it, for a migration that goes back."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name in _TRIGGERS:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            cursor.execute(f"DROP TABLE IF EXISTS {FOUND}")
        else:
            cursor.execute(f"DROP INDEX IF EXISTS {_INDEX}")


def having(found: QuerySet[Exchange], words: Iterable[str], *, team_id: int) -> QuerySet[Exchange]:
    """Those of the rows that have each of the words, or one that begins with it."""
    scoped = [f"{team_id}_{word}" for word in words]
    if connections[found.db].vendor == "sqlite":
        return found.extra(  # noqa: S610 - Constant text; the words are a parameter.
            tables=[FOUND],
            where=[f"{FOUND} MATCH %s", f"{FOUND}.rowid = {_ROWS}.id"],
            params=[match_of(scoped)],
        )
    return found.extra(  # noqa: S610 - Likewise.
        tables=[_WORDS],
        where=[f"{_VECTOR} @@ %s::tsquery", f"{_WORDS}.exchange_id = {_ROWS}.id"],
        params=[tsquery_of(scoped)],
    )


def match_of(words: Iterable[str]) -> str:
    """The words in the query language of FTS5."""
    return " AND ".join('"' + word.replace('"', '""') + '"*' for word in words)


def tsquery_of(words: Iterable[str]) -> str:
    """The words as a tsquery of PostgreSQL."""
    return " & ".join("'" + word.replace("\\", "\\\\").replace("'", "''") + "':*" for word in words)
