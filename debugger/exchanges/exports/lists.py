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
    """The next rows with their content, newest first, older than the row of this number."""
    found = behind(team, wanted, number=before, size=size)
    prefetch_related_objects(found, "content")
    return found


def as_lines(exchanges: Sequence[Exchange]) -> str:
    """Rows as JSON lines, each a whole run."""
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
FORMATS: Final[dict[str, tuple[str, str, Writer]]] = {
    "jsonl": ("application/x-ndjson; charset=utf-8", "", as_lines),
    "csv": ("text/csv; charset=utf-8", spreadsheets.head(COLUMNS), as_table),
}
"""Content type, what stands before the first row, and how rows are written, by a file's ending."""
