"""A saved copy as an answer: ranges, validators, and headers under which nothing in it can act."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header, parse_etags

from debugger.generations.locker import kinds
from debugger.web.connections import flowing

_BLOCK: Final = 256 * 1024
_RANGE: Final = re.compile(
    r"bytes=[ \t]*([0-9]{0,19})-([0-9]{0,19})[ \t]*", re.ASCII | re.IGNORECASE
)
Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A file to be served. ``name`` is for who downloads it."""

    path: Path
    mime: str
    sha256: str
    name: str

    @property
    def tag(self) -> str:
        """The validator: the same bytes always have the same one."""
        return f'"{self.sha256}"'


def span_of(header: str, total: int) -> Span | tuple[()] | None:
    """Start and end of the single range that a header asks for (RFC 9110, section 14).

    None for "everything": no range, several, or one that cannot be read, all of which may be
    ignored. () for a range that lies behind the end.
    """
    asked = _RANGE.fullmatch(header)
    if asked is None or (not asked[1] and not asked[2]):
        return None
    if not asked[1]:
        length = min(int(asked[2]), total)
        return (total - length, total) if length else ()
    start = int(asked[1])
    if asked[2] and int(asked[2]) < start:
        return None
    end = min(int(asked[2]) + 1, total) if asked[2] else total
    return (start, end) if start < total else ()


def opened(path: Path) -> tuple[BinaryIO, int] | None:
    """The file and its size; None when it is not on the disk."""
    try:
        file = path.open("rb")
    except OSError:
        return None
    return file, file.seek(0, 2)


async def answer(request: HttpRequest, copy: Copy) -> HttpResponseBase | None:
    """The whole copy or the part that is asked for; None when there is no file.

    The file is opened before anything is said about it, so that a copy that is deleted just now is
    either served whole or not found.
    """
    found = await asyncio.to_thread(opened, copy.path)
    if found is None:
        return None
    file, total = found
    response = _said(request, copy, file, total)
    if not isinstance(response, StreamingHttpResponse):
        file.close()
    return _isolated(response, copy, download="download" in request.GET)


def _said(request: HttpRequest, copy: Copy, file: BinaryIO, total: int) -> HttpResponseBase:
    known = parse_etags(request.headers.get("if-none-match", ""))
    if "*" in known or copy.tag in {tag.removeprefix("W/") for tag in known}:
        return HttpResponse(status=304)
    span = _wanted(request, copy, total)
    if span == ():
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{total}"})
    start, end = span or (0, total)
    if request.method == "HEAD":
        response: HttpResponseBase = HttpResponse()
    else:
        response = StreamingHttpResponse(flowing(_pieces(file, start, end)))
        response._resource_closers.append(file.close)  # type: ignore[attr-defined]  # Django's own.
    if span:
        response.status_code = 206
        response["Content-Range"] = f"bytes {start}-{end - 1}/{total}"
    response["Content-Length"] = str(end - start)
    return response


def _wanted(request: HttpRequest, copy: Copy, total: int) -> Span | tuple[()] | None:
    """The range, when one may be answered: for GET only, and only of the bytes that are meant."""
    if request.method != "GET" or request.headers.get("if-range", copy.tag).strip() != copy.tag:
        return None
    return span_of(request.headers.get("range", "").strip(), total)


async def _pieces(file: BinaryIO, start: int, end: int) -> AsyncGenerator[bytes, None]:
    """The bytes between two places, read in threads."""
    try:
        await asyncio.to_thread(file.seek, start)
        while start < end:
            piece = await asyncio.to_thread(file.read, min(_BLOCK, end - start))
            if not piece:
                return
            start += len(piece)
            yield piece
    finally:
        file.close()


def _isolated(response: HttpResponseBase, copy: Copy, *, download: bool) -> HttpResponseBase:
    """A stored file may do nothing, even when it is opened as a page of its own."""
    shown = kinds.is_shown(copy.mime)
    response["Content-Type"] = copy.mime if shown else kinds.UNKNOWN
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    # Asked anew each time, which costs a 304: whoever leaves the team sees nothing any more.
    response["Cache-Control"] = "private, no-cache"
    response["ETag"] = copy.tag
    response["Accept-Ranges"] = "bytes"
    disposition = content_disposition_header(download or not shown, copy.name)
    if disposition is not None:
        response["Content-Disposition"] = disposition
    return response
