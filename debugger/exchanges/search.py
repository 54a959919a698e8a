"""Search for words in both databases, without an extension that has to be installed.

SQLite keeps them in a full-text table that triggers hold equal to the rows, PostgreSQL in an index
over an expression. A query is words of words.py and nothing else, each as a beginning.

A migration puts table and triggers up. One that rebuilds the table of words, as SQLite does for
nearly every change of a column, loses the triggers and must call ``put_up`` again; a test notices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
_HOLDS: Final = {
    "sqlite": f"instr(' ' || {_WORDS}.words, %s) > 0",
    "postgresql": f"strpos(' ' || {_WORDS}.words, %s) > 0",
}
_WALKED: Final = 2_000
_WALKED_FOR_EACH: Final = 20
_WALKED_FOR_COUNT: Final = 20_000
_SAMPLE: Final = 400
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
    return _matching(found, _scoped(words, team_id))


def reader(
    found: QuerySet[Exchange], words: Iterable[str], *, team_id: int
) -> pages.Reader[Exchange]:
    """Reads those rows in their order, a part at a time.

    Both databases collect every row that has a beginning of a word before they give the first,
    which takes seconds where a million have it. So the nearest rows are asked how often the words
    stand in them. What many rows have is found by walking through a bounded number of them;
    otherwise the rare words are looked up, and the rest is looked for in the rows that have those.
    """
    scoped = _scoped(words, team_id)

    def read(number: int | None, *, size: int, up: bool = False) -> list[Exchange]:
        beyond = {"pk__gt" if up else "pk__lt": number} if number is not None else {}
        near = found.filter(**beyond).order_by("pk" if up else "-pk")
        sample = _sample(near, scoped)
        if sample.whole or sample.enough(size):
            walked = _nearest(near, sample.walk(size), up=up)
            first = list(_holding(walked, scoped)[:size])
            if sample.whole or len(first) == size:
                return first
        return list(_looked_up(found, scoped, sample.rare, number=number, up=up)[:size])

    return read


def count(found: QuerySet[Exchange], words: Iterable[str], *, team_id: int, most: int) -> int:
    """How many of the rows have the words, counted up to ``most``."""
    scoped, near = _scoped(words, team_id), found.order_by("-pk")
    sample = _sample(near, scoped)
    if sample.whole or sample.all_words * _WALKED_FOR_COUNT >= most * sample.rows:
        walked = _nearest(near, _WALKED_FOR_COUNT, up=False)
        number = _holding(walked, scoped).values("pk")[:most].count()
        if sample.whole or number == most:
            return number
    return _looked_up(found, scoped, sample.rare, number=None, up=False).values("pk")[:most].count()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """The nearest rows: how many of them have each word, and how many have all."""

    rows: int
    all_words: int
    each: Mapping[str, int]

    @property
    def whole(self) -> bool:
        """Whether there are no other rows."""
        return self.rows < _SAMPLE

    def walk(self, size: int) -> int:
        """Through how many rows one may walk for so many that are found."""
        return max(_WALKED, size * _WALKED_FOR_EACH)

    def enough(self, size: int) -> bool:
        """Whether a walk will probably find so many."""
        return self.all_words * self.walk(size) >= size * self.rows

    @property
    def rare(self) -> list[str]:
        """The words that few rows have; the rarest one where many have each of them."""
        rare = [word for word, count in self.each.items() if count < self.rows * _RARE]
        return rare or [min(self.each, key=lambda word: self.each[word])]


def _sample(near: QuerySet[Exchange], words: list[str]) -> _Sample:
    sample = ExchangeWords.objects.filter(pk__in=near.values("pk")[:_SAMPLE])
    holds = _HOLDS[connections[near.db].vendor]
    marked = [f" {word}" for word in words]
    counts = {f"n{place}": _counted(holds, [word]) for place, word in enumerate(marked)}
    every = _counted(" AND ".join([holds] * len(words)), marked)
    found = sample.aggregate(rows=Count("pk"), every=every, **counts)
    each = {word: found[f"n{place}"] or 0 for place, word in enumerate(words)}
    return _Sample(rows=found["rows"], all_words=found["every"] or 0, each=each)


def _counted(condition: str, words: list[str]) -> Sum:
    return Sum(RawSQL(f"CASE WHEN {condition} THEN 1 ELSE 0 END", words))  # noqa: S611 - Constant text; the words are parameters.


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
    rows = _holding(_matching(found, rare), [word for word in words if word not in rare])
    if connections[found.db].vendor != "sqlite":
        beyond = {"pk__gt" if up else "pk__lt": number} if number is not None else {}
        return rows.filter(**beyond).order_by("pk" if up else "-pk")
    if number is not None:
        border = f"{FOUND}.rowid {'>' if up else '<'} %s"
        rows = rows.extra(where=[border], params=[number])  # noqa: S610 - Constant text.
    return rows.extra(order_by=[f"{'' if up else '-'}{FOUND}.rowid"])


def _matching(found: QuerySet[Exchange], words: list[str]) -> QuerySet[Exchange]:
    """The rows that the index of words finds."""
    if connections[found.db].vendor == "sqlite":
        return found.extra(  # noqa: S610 - Constant text; the words are a parameter.
            tables=[FOUND],
            where=[f"{FOUND} MATCH %s", f"{FOUND}.rowid = {_ROWS}.id"],
            params=[match_of(words)],
        )
    having = f"SELECT exchange_id FROM {_WORDS} WHERE {_VECTOR} @@ %s::tsquery"  # noqa: S608 - Likewise.
    return found.extra(where=[f"{_ROWS}.id IN ({having})"], params=[tsquery_of(words)])  # noqa: S610 - Likewise.


def _holding(found: QuerySet[Exchange], words: list[str]) -> QuerySet[Exchange]:
    """The rows in whose text of words each of these begins one."""
    if not words:
        return found
    return found.extra(  # noqa: S610 - Constant text; the words are parameters.
        tables=[_WORDS],
        where=[
            f"{_WORDS}.exchange_id = {_ROWS}.id",
            *[_HOLDS[connections[found.db].vendor]] * len(words),
        ],
        params=[f" {word}" for word in words],
    )


def _scoped(words: Iterable[str], team_id: int) -> list[str]:
    return [f"{team_id}_{word}" for word in words]


def match_of(words: Iterable[str]) -> str:
    """The words in the query language of FTS5."""
    return " AND ".join('"' + word.replace('"', '""') + '"*' for word in words)


def tsquery_of(words: Iterable[str]) -> str:
    """The words as a tsquery of PostgreSQL."""
    return " & ".join("'" + word.replace("\\", "\\\\").replace("'", "''") + "':*" for word in words)
