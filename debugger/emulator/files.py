"""Reference uploads: checked by their own bytes, measured, and kept for jobs and chat."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from debugger.contract import rules
from debugger.contract.parts import split
from debugger.contract.rules import Problem
from debugger.emulator import durations, tokens
from debugger.emulator.store import Record, Unit
from debugger.emulator.turn import Turn, stamp
from debugger.emulator.wire import Response

KIND: Final = "file"
_NAME_MAX: Final = 255
_TIMED: Final = frozenset({"audio", "video"})
# How far a claimed duration may be from the measured one, in seconds.
_TOLERANCE: Final = 0.5


def create(turn: Turn) -> Response:
    """``POST /files``."""
    form = turn.form
    if form is None or form.file is None:
        return turn.error("validation_failed", "file is required.")
    if turn.scenario.name == "file-rejected":
        return turn.error("validation_failed", "file does not fit the rules of the model.")
    data = form.file.data
    mime = rules.sniff(data)
    problems = rules.file_problems(
        form.fields.get("kind"),
        size=len(data),
        detected_mime=mime,
        model=form.fields.get("model"),
        client_request_id=form.fields.get("client_request_id"),
        assumptions=turn.assumptions,
    )
    if problems or mime is None:
        return turn.error("validation_failed", f"{problems[0]}." if problems else None)
    record = _record(turn, form.fields["kind"], mime, data)
    turn.unit.put(KIND, record["id"], record)
    turn.unit.put_blob(record["id"], data)
    return turn.reply(turn.assumptions.file_created_status, public(record, turn.unit.account))


def _record(turn: Turn, kind: str, mime: str, data: bytes) -> Record:
    assert turn.form is not None  # noqa: S101 -- create has looked.
    assert turn.form.file is not None  # noqa: S101 -- Likewise.
    task, life = turn.mint("file_"), turn.assumptions.file_life_seconds
    seconds = durations.measure(data, mime) if kind in _TIMED else None
    token = None
    if seconds is not None:
        measured = tokens.Measured(file=task, seconds=seconds)
        expires_at = turn.now + turn.assumptions.duration_token_life_seconds
        token = tokens.sign(turn.unit, measured, expires_at=expires_at)
    return {
        "id": task,
        "kind": kind,
        "file_name": _base_name(turn.form.file.filename),
        "mime_type": mime,
        "size_bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "duration_seconds": seconds,
        "duration_token": token,
        "base_url": turn.request.base_url,
        "created_at": turn.now,
        "expires_at": turn.now + life if life else None,
    }


def _base_name(name: str) -> str:
    """The last part of whatever path a sender put before it."""
    return name.replace("\\", "/").rpartition("/")[2][-_NAME_MAX:] or "file"


def retrieve(turn: Turn) -> Response:
    """``GET /files/{fileId}``."""
    record = find(turn, turn.path["fileId"])
    if record is None:
        return turn.error("not_found", "There is no such file in this account.")
    return turn.reply(200, public(record, turn.unit.account))


def find(turn: Turn, file_id: str) -> Record | None:
    """An upload of this account that has not expired; ``kind`` and ``mime_type`` are in it."""
    return kept(turn.unit, file_id, now=turn.now)


def kept(unit: Unit, file_id: str, *, now: float) -> Record | None:
    """An upload, unless it is gone by this moment of the account's time."""
    record = unit.get(KIND, file_id)
    if record is None or (record["expires_at"] is not None and record["expires_at"] <= now):
        return None
    return record


def public(record: Record, account: str) -> dict[str, Any]:
    """The file object of the API."""
    expires_at = record["expires_at"]
    return {
        "id": record["id"],
        "object": "file",
        "kind": record["kind"],
        "file_name": record["file_name"],
        "mime_type": record["mime_type"],
        "size_bytes": record["size_bytes"],
        "url": f"{record['base_url']}/media/{account}/files/{record['id']}",
        "duration_seconds": record["duration_seconds"],
        "duration_token": record["duration_token"],
        "created_at": stamp(record["created_at"]),
        "expires_at": None if expires_at is None else stamp(expires_at),
    }


def reference_problems(turn: Turn) -> list[Problem]:
    """What only the account can tell of params.referenceMediaItems: files and their tokens."""
    items = (turn.body.get("params") or {}).get("referenceMediaItems") or []
    return [
        Problem(f"/params/referenceMediaItems/{place}/{field}", message)
        for place, item in enumerate(items)
        for field, message in _item_problems(turn, item)
    ]


def _item_problems(turn: Turn, item: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    file_id = _own_file(item["url"], turn.unit.account)
    record = find(turn, file_id) if file_id is not None else None
    if file_id is not None and record is None:
        yield "url", "is not the address of a file of this account"
    if record is not None and record["kind"] != item["kind"]:
        yield "kind", f"must be {record['kind']}, as it was uploaded"
    token = item.get("durationToken")
    if item["kind"] in _TIMED and token is not None:
        yield from _token_problems(turn, item, file_id)


def _token_problems(
    turn: Turn, item: Mapping[str, Any], file_id: str | None
) -> Iterator[tuple[str, str]]:
    measured = tokens.read(turn.unit, item["durationToken"], now=turn.now)
    if measured is None or (file_id is not None and measured.file != file_id):
        yield "durationToken", "is not the valid duration_token of this upload"
        return
    claimed = item.get("durationSeconds")
    least, most = measured.seconds - _TOLERANCE, measured.seconds + _TOLERANCE
    # A comparison, not a difference: the number may be far too large for a float.
    if claimed is not None and not least <= claimed <= most:
        yield "durationSeconds", "is not the duration that was measured at the upload"


def _own_file(url: str, account: str) -> str | None:
    """The file id inside an address of ours; None for an address elsewhere."""
    try:
        path = unquote(split(url).path)
    except ValueError:
        return None
    _, found, rest = path.rpartition(f"/media/{account}/files/")
    return rest if found and rest else None
