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
from django.db.models import Count, QuerySet, Subquery, Sum
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from debugger.exchanges.models import Exchange, ExchangeWords
from debugger.web import pages

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
_HOLDS: Final = f"instr(' ' || {_WORDS}.words, %s) > 0"
_WALKED: Final = 2_000
_WALKED_FOR_EACH: Final = 20
_SAMPLE: Final = 1_000
_RARE: Final = 0.02  # The share of rows that have a rare word.
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
    scoped = _scoped(words, team_id)
    if connections[found.db].vendor == "sqlite":
        return _matching(found, scoped)
    return found.extra(  # noqa: S610 - Constant text; the words are a parameter.
        tables=[_WORDS],
        where=[f"{_VECTOR} @@ %s::tsquery", f"{_WORDS}.exchange_id = {_ROWS}.id"],
        params=[tsquery_of(scoped)],
    )


def reader(
    found: QuerySet[Exchange], words: Iterable[str], *, team_id: int
) -> pages.Reader[Exchange]:
    """Reads those rows in their order, a part at a time.

    PostgreSQL decides by its statistics whether to walk through the rows or through the words.
    SQLite has none for words, and collects every row that has a beginning before it gives the
    first, which takes seconds where a million have it. So a bounded number of rows is walked
    through first; that is enough for words that many rows have. For others it tells how rare they
    are: the rare ones are looked up, and the rest is looked for in the rows that this finds.
    """
    if connections[found.db].vendor != "sqlite":
        return pages.by_number(having(found, words, team_id=team_id))
    scoped = _scoped(words, team_id)

    def read(number: int | None, *, size: int, up: bool = False) -> list[Exchange]:
        beyond = {"pk__gt" if up else "pk__lt": number} if number is not None else {}
        near = found.filter(**beyond).order_by("pk" if up else "-pk")
        walked = max(_WALKED, size * _WALKED_FOR_EACH)
        first = list(_holding(_nearest(near, walked, up=up), scoped)[:size])
        often = {} if len(first) == size else _often(near, scoped)
        if not often:
            return first
        rare = [word for word, share in often.items() if share < _RARE]
        rare = rare or [min(often, key=lambda word: often[word])]
        return list(_looked_up(found, scoped, rare, number=number, up=up)[:size])

    return read


def _nearest(near: QuerySet[Exchange], count: int, *, up: bool) -> QuerySet[Exchange]:
    """So many of the rows; a border, unlike a limit, lets the reader stop when it has enough."""
    border = Subquery(near.values("pk")[count - 1 : count])
    if up:
        return near.filter(pk__lte=Coalesce(border, 2**63 - 1))
    return near.filter(pk__gte=Coalesce(border, 0))


def _looked_up(
    found: QuerySet[Exchange], words: list[str], rare: list[str], *, number: int | None, up: bool
) -> QuerySet[Exchange]:
    """The rows that have the rare words, in the order of the index, which is that of time."""
    common = [word for word in words if word not in rare]
    rows = _holding(_matching(found, rare), common)
    if number is not None:
        beyond = f"{FOUND}.rowid {'>' if up else '<'} %s"
        rows = rows.extra(where=[beyond], params=[number])  # noqa: S610 - Constant text.
    return rows.extra(order_by=[f"{'' if up else '-'}{FOUND}.rowid"])


def _matching(found: QuerySet[Exchange], words: list[str]) -> QuerySet[Exchange]:
    return found.extra(  # noqa: S610 - Constant text; the words are a parameter.
        tables=[FOUND],
        where=[f"{FOUND} MATCH %s", f"{FOUND}.rowid = {_ROWS}.id"],
        params=[match_of(words)],
    )


def _holding(found: QuerySet[Exchange], words: list[str]) -> QuerySet[Exchange]:
    """The rows in whose text of words each of these begins one."""
    if not words:
        return found
    return found.extra(  # noqa: S610 - Constant text; the words are parameters.
        tables=[_WORDS],
        where=[f"{_WORDS}.exchange_id = {_ROWS}.id", *[_HOLDS] * len(words)],
        params=[f" {word}" for word in words],
    )


def _often(near: QuerySet[Exchange], words: list[str]) -> dict[str, float]:
    """Which share of the nearest rows has each word; nothing where these are all that there are."""
    sample = ExchangeWords.objects.filter(pk__in=near.values("pk")[:_SAMPLE])
    counts = {
        f"n{number}": Sum(RawSQL(_HOLDS, [f" {word}"]))  # noqa: S611 - Constant text.
        for number, word in enumerate(words)
    }
    found = sample.aggregate(rows=Count("pk"), **counts)
    if found["rows"] < _SAMPLE:
        return {}
    return {word: found[f"n{number}"] / _SAMPLE for number, word in enumerate(words)}


def _scoped(words: Iterable[str], team_id: int) -> list[str]:
    return [f"{team_id}_{word}" for word in words]


def match_of(words: Iterable[str]) -> str:
    """The words in the query language of FTS5."""
    return " AND ".join('"' + word.replace('"', '""') + '"*' for word in words)


def tsquery_of(words: Iterable[str]) -> str:
    """The words as a tsquery of PostgreSQL."""
    return " & ".join("'" + word.replace("\\", "\\\\").replace("'", "''") + "':*" for word in words)
