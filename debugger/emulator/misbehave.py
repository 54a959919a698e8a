"""Scenarios that break the transport or the whole service, whatever the operation is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from debugger.emulator.turn import Turn
from debugger.emulator.wire import Chunk, Response

FOR_EVER: Final = 3600.0
LATE: Final = 8.0
_HUGE: Final = 30 * 1024 * 1024
_BLOCK: Final = 64 * 1024
_PAGE: Final = (
    "<!doctype html><html><head><title>502 Bad Gateway</title></head><body>"
    "<h1>502 Bad Gateway</h1><p>The gateway got no usable answer.</p></body></html>\n"
)


def instead(turn: Turn) -> Response | None:
    """The answer that comes in place of everything else, or None."""
    match turn.scenario.name:
        case "hang":
            return Response(status=504, delay=FOR_EVER, refuse=True)
        case "refused":
            return Response(status=502, refuse=True)
        case "html-answer":
            return _whole(502, _PAGE.encode(), "text/html; charset=utf-8")
        case "not-json":
            return _whole(200, b'{"object":"list","data":[{"id":', "application/json")
        case "huge-answer":
            return _huge()
        case "redirect":
            elsewhere = "https://elsewhere.example" + turn.request.path
            return replace(
                _whole(307, b"", "text/plain"),
                headers=(
                    ("location", elsewhere),
                    ("content-length", "0"),
                    ("x-request-id", turn.request_id),
                ),
            )
        case "server-error":
            return turn.error("internal_error")
        case "flaky":
            return _flaky(turn)
    return None


def _whole(status: int, data: bytes, content_type: str) -> Response:
    headers = (("content-type", content_type), ("content-length", str(len(data))))
    return Response(status=status, headers=headers, chunks=(Chunk(data),))


def _flaky(turn: Turn) -> Response | None:
    """Fail two of three requests of an operation, counted per account."""
    found = turn.unit.get("flaky", turn.operation.id) or {"count": 0}
    turn.unit.put("flaky", turn.operation.id, {"count": found["count"] + 1})
    match found["count"] % 3:
        case 0:
            return turn.error("internal_error")
        case 1:
            return _whole(502, _PAGE.encode(), "text/html; charset=utf-8")
    return None


def _huge() -> Response:
    start, end = b'{"object":"list","data":["', b'"]}'
    total = _HUGE - _HUGE % _BLOCK + len(start) + len(end)

    def blocks() -> Iterator[Chunk]:
        yield Chunk(start)
        for _ in range(_HUGE // _BLOCK):
            yield Chunk(b"x" * _BLOCK)
        yield Chunk(end)

    headers = (("content-type", "application/json"), ("content-length", str(total)))
    return Response(status=200, headers=headers, chunks=blocks())


def afterwards(turn: Turn, response: Response) -> Response:
    """The real answer, delayed, cut or grown, as the scenario wants it."""
    match turn.scenario.name:
        case "slow-first-byte":
            return replace(response, delay=response.delay + LATE)
        case "cut":
            return replace(response, chunks=_half(response))
        case "extra-fields" if response.status < 300:
            return _grown(turn, response)
    return response


def _half(response: Response) -> Iterator[Chunk]:
    """Half of the first chunk, then the break; a stream is cut within its first frame."""
    for chunk in response.chunks:
        yield replace(chunk, data=chunk.data[: max(1, len(chunk.data) // 2)])
        break
    yield Chunk(cut=True)


def _grown(turn: Turn, response: Response) -> Response:
    body = json.loads(b"".join(chunk.data for chunk in response.chunks))
    own = {"content-type", "content-length", "cache-control", "x-request-id"}
    kept = tuple(pair for pair in response.headers if pair[0] not in own)
    return turn.reply(response.status, _with_news(body), kept)


def _with_news(body: dict[str, Any]) -> dict[str, Any]:
    news = {"region": "eu-central", "trace": {"hops": 2, "cached": False}}
    grown = body | news
    if isinstance(body.get("data"), list):
        grown["data"] = [row | news if isinstance(row, dict) else row for row in body["data"]]
    return grown
