"""Answers that are lists; None for a value that is no such list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from debugger.panels.readings.parts import ROWS, Cell, Reading, Row, Step, cell_of, text_of
from debugger.panels.readings.steps import chat_steps, endpoint_steps, model_steps

Column = tuple[str, str, str, bool]  # label, key, kind, only where there is room


def _table(
    value: object,
    columns: tuple[Column, ...],
    *,
    empty: str,
    steps: Callable[[Mapping[str, Any]], tuple[Step, ...]] = lambda item: (),  # noqa: ARG005
    assumed: str = "",
) -> Reading | None:
    items = value.get("data") if isinstance(value, dict) else value
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        return None
    head = tuple(Cell(text=label, kind=kind, wide=wide) for label, _key, kind, wide in columns)
    rows = tuple(
        Row(
            cells=tuple(cell_of(item, key, kind, wide=wide) for _label, key, kind, wide in columns),
            steps=steps(item),
        )
        for item in items[:ROWS]
    )
    return Reading(
        kind="list",
        columns=head,
        rows=rows,
        empty=empty,
        note=_list_note(value, len(items)),
        assumed=assumed,
    )


def _list_note(value: object, count: int) -> str:
    if count > ROWS:
        return _("The first %(shown)d of %(count)d are shown; Raw has all of them.") % {
            "shown": ROWS,
            "count": count,
        }
    note = ngettext("%(count)d item.", "%(count)d items.", count) % {"count": count}
    if isinstance(value, dict) and value.get("has_more") is True:
        return note + " " + _("There are more: put the last id into starting_after.")
    return note


def models(value: object) -> Reading | None:
    """The catalogue."""
    return _table(
        value,
        (
            (_("Model"), "display_name", "named", False),
            ("category", "category", "text", True),
            ("base_credits", "base_credits", "number", False),
            ("api_status", "api_status", "chip", False),
            ("api_input_status", "api_input_status", "mono", True),
        ),
        empty=_("The catalogue is empty."),
        steps=model_steps,
    )


SESSION_SHAPE: Final = "Stripe-like objects in the list envelope"


def sessions(value: object) -> Reading | None:
    """Chat sessions."""
    return _table(
        value,
        (
            ("id", "id", "mono", False),
            ("model", "model", "mono", False),
            ("message_count", "message_count", "number", False),
            ("updated_at", "updated_at", "time", True),
        ),
        empty=_("No session yet. A chat turn without session_id opens one."),
        steps=lambda item: chat_steps(dict(item) | {"session_id": item.get("id")}),
        assumed=SESSION_SHAPE,
    )


def endpoints(value: object) -> Reading | None:
    """Webhook endpoints."""
    return _table(
        value,
        (
            ("status", "status", "chip", False),
            (_("Endpoint"), "name", "named", False),
            ("url", "url", "text", True),
            ("failure_count", "failure_count", "number", True),
        ),
        empty=_("No endpoint yet. Create a webhook endpoint registers one."),
        steps=endpoint_steps,
    )


_DELIVERY: Final = "Stripe-like delivery objects"
_DELIVERY_COLUMNS: Final[tuple[Column, ...]] = (
    ("status", "status", "chip", False),
    ("event_type", "event_type", "mono", False),
    ("attempt", "attempt", "number", False),
    ("response_status", "response_status", "number", False),
    ("next_attempt_at", "next_attempt_at", "time", True),
    ("created_at", "created_at", "time", True),
)


def deliveries(value: object) -> Reading | None:
    """Deliveries of one endpoint."""
    return _table(
        value,
        _DELIVERY_COLUMNS,
        empty=_("Nothing was sent to this endpoint yet. Send a test event, or run a generation."),
        assumed=_DELIVERY,
    )


def delivery(value: object) -> Reading | None:
    """The one delivery of a test event."""
    return _table(
        [value],
        _DELIVERY_COLUMNS,
        empty="",
        assumed=_DELIVERY,
    )


def events(value: object) -> Reading | None:
    """Past events."""
    return _table(
        value,
        (
            ("type", "type", "mono", False),
            ("id", "id", "mono", False),
            ("api_version", "api_version", "mono", True),
            ("created_at", "created_at", "time", False),
        ),
        empty=_("No event yet. Every generation that ends makes one."),
        assumed="list of past event envelopes, newest first",
    )


def document(value: object) -> Reading | None:
    """The operations of an OpenAPI document."""
    paths = value.get("paths") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(paths, dict):
        return None
    rows = [
        Row(
            cells=(
                Cell(text=str(verb).upper(), kind="mono"),
                Cell(text=text_of(path), kind="mono"),
                Cell(text=text_of(entry.get("summary")) if isinstance(entry, dict) else ""),
            )
        )
        for path, item in paths.items()
        if isinstance(item, dict)
        for verb, entry in item.items()
        if str(verb).lower() in {"get", "post", "put", "patch", "delete"}
    ]
    head = (
        Cell(text=_("Method")),
        Cell(text=_("Path")),
        Cell(text=_("Summary")),
    )
    note = _("OpenAPI %(version)s, %(count)d operations.") % {
        "version": text_of(value.get("openapi")),
        "count": len(rows),
    }
    return Reading(kind="list", columns=head, rows=tuple(rows[:ROWS]), note=note)
