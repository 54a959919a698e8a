"""A filtered list as a file, in pieces: a query for each, so that no reader holds the database."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from django.db.models import prefetch_related_objects

from debugger.exchanges.exports.document import document, line, stamp
from debugger.exchanges.models import Exchange
from debugger.exchanges.narrowing import Narrowed, behind
from debugger.teams.models import Team
from debugger.web import spreadsheets

AT_ONCE: Final = 200
WHOLE_AT_ONCE: Final = 20
"""Runs with their bodies, of which each may have more than a megabyte."""
COLUMNS: Final = (
    "run",
    "time",
    "mode",
    "operation",
    "path",
    "status",
    "ok",
    "job_status",
    "error_code",
    "error_message",
    "request_id",
    "idempotency_key",
    "made",
    "model",
    "summary",
    "by",
    "key_label",
    "scenario",
    "credits_estimated",
    "credits_reserved",
    "credits_final",
    "first_byte_ms",
    "total_ms",
    "starred",
)


def batch(
    team: Team, wanted: Narrowed, *, before: int | None, size: int = AT_ONCE
) -> list[Exchange]:
    """The next rows, newest first, older than the row of this number."""
    return behind(team, wanted, number=before, size=size)


def as_lines(exchanges: Sequence[Exchange]) -> str:
    """Rows as JSON lines, each a whole run, whose content is read here."""
    prefetch_related_objects(list(exchanges), "content")
    return "".join(
        json.dumps(document(each), ensure_ascii=False, separators=(",", ":")) + "\n"
        for each in exchanges
    )


def as_table(exchanges: Sequence[Exchange]) -> str:
    """Rows as rows of a CSV file, without bodies."""
    return spreadsheets.lines(_cells(each) for each in exchanges)


def _cells(exchange: Exchange) -> list[str]:
    said = line(exchange)
    credits = said.pop("credits")
    cells = {
        **said,
        "time": stamp(exchange.at),
        **{f"credits_{name}": credits[name] for name in credits},
    }
    return [_text(cells[name]) for name in COLUMNS]


def _text(value: Any) -> str:
    if value is None:
        return ""
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


Writer = Callable[[Sequence[Exchange]], str]
FORMATS: Final[dict[str, tuple[str, str, Writer, int]]] = {
    "jsonl": ("application/x-ndjson; charset=utf-8", "", as_lines, WHOLE_AT_ONCE),
    "csv": ("text/csv; charset=utf-8", spreadsheets.head(COLUMNS), as_table, AT_ONCE),
}
"""By a file's ending: content type, beginning, how rows are written, and how many at once."""
