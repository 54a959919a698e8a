"""The one way in: live results through the guard, mock results from the sandbox in this process.

What comes goes into a draft, piece by piece. Trouble is a value: a sentence, and whether another
try may help.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from debugger.client.emulation import Request
from debugger.client.media import Media, MediaLimits, fetch_media
from debugger.client.outcome import Failure, FailureKind
from debugger.generations.locker import disk, kinds
from debugger.generations.locker.measures import Measures, measure
from debugger.keys import services as keys
from debugger.sandbox import services as sandbox

SECONDS: Final = 200.0
"""How long one copy may take."""
# The caller counts bytes itself, since it says how many there were.
_LIMITS: Final = MediaLimits(total=SECONDS, size=2**62)
_MOCK: Final = re.compile(r"(?:/mock)?(/media/[A-Za-z0-9_./-]{1,400})", re.ASCII)
_FOR_GOOD: Final = frozenset(
    {FailureKind.NOT_SENT, FailureKind.REDIRECTED, FailureKind.TOO_LARGE, FailureKind.REFUSED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is to be copied: an address, and the upstream whose answer named it."""

    url: str
    mode: str
    base_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """A finished draft and what its bytes show. ``said`` is the type that the server claimed."""

    draft: disk.Draft
    mime: str
    measures: Measures
    said: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no copy, as a sentence; ``again`` where another try may end better."""

    reason: str
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """An answer that has begun: what it claims, and its bytes. ``ended`` tells how they ended."""

    said: str
    announced: int | None
    pieces: AsyncIterator[bytes]
    media: Media | None = None

    @property
    def ended(self) -> Failure | None:
        return self.media.ending.failure if self.media is not None else None


def most() -> int:
    """Bytes that one copy may have."""
    return int(settings.RIVYA_DASH_LOCKER_FILE_MIB) * 2**20


async def copy(source: Source, draft: disk.Draft) -> Copied | Trouble:
    """Fill the draft with what is at the address."""
    opened = await (_mock(source) if source.mode == "mock" else _live(source))
    if isinstance(opened, Trouble):
        return opened
    try:
        trouble = await _fill(opened, draft)
    finally:
        if opened.media is not None:
            await opened.media.aclose()
    if trouble is not None:
        return trouble
    return await asyncio.to_thread(_looked_at, draft, opened.said)


async def _fill(opened: _Opened, draft: disk.Draft) -> Trouble | None:
    if opened.announced is not None and opened.announced > most():
        return Trouble(_too_large(filesizeformat(opened.announced)))
    async for piece in opened.pieces:
        if draft.size + len(piece) > most():
            return Trouble(_too_large(_("more than %s") % filesizeformat(most())))
        draft.write(piece)
    if opened.ended is not None:
        return of_failure(opened.ended)
    if opened.announced is not None and draft.size != opened.announced:
        return Trouble(_("The file ended before all of it had arrived."), again=True)
    if not draft.size:
        return Trouble(_("The address answered with an empty file."), again=True)
    return None


def _too_large(size: str) -> str:
    return _("The file has %(size)s, and copies may have up to %(most)s.") % {
        "size": size,
        "most": filesizeformat(most()),
    }


def _looked_at(draft: disk.Draft, said: str) -> Copied:
    """What is slow and needs no loop: waiting for the disk, and reading headers."""
    draft.finish()
    mime = kinds.type_of(*draft.ends(kinds.HEAD))
    return Copied(draft=draft, mime=mime, measures=measure(draft.path, mime), said=said)


async def _live(source: Source) -> _Opened | Trouble:
    """Through the guard. The upstream's own origin may be an inner one while it is configured."""
    configured = source.base_url in keys.base_urls()
    found = await fetch_media(
        source.url,
        allowed_origin=source.base_url if configured else None,
        limits=_LIMITS,
        types=None,
    )
    if isinstance(found, Failure):
        return of_failure(found)
    if found.status != 200:
        await found.aclose()
        return Trouble(_("The address answered with only a part of the file."), again=True)
    length = found.headers.get("content-length", "")
    return _Opened(
        said=found.content_type,
        announced=int(length[:18]) if length.isascii() and length.isdigit() else None,
        pieces=found.body,
        media=found,
    )


def of_failure(failure: Failure) -> Trouble:
    """Trouble of the network or of the media server, in its own words."""
    reason = failure.detail or _("The media server did not answer.")
    return Trouble(reason, again=failure.kind not in _FOR_GOOD)


async def _mock(source: Source) -> _Opened | Trouble:
    """From the sandbox, in process: no socket is opened, whatever the address says."""
    path = _MOCK.fullmatch(urlsplit(source.url).path)
    if path is None or ".." in path[1]:
        return Trouble(_("The address is none of the sandbox."))
    answer = await sandbox.handle(Request(method="GET", path=path[1]))
    headers = {name.lower(): value for name, value in answer.headers}
    if answer.status != 200:
        again = answer.status >= 500
        return Trouble(_("The sandbox answered %d.") % answer.status, again=again)

    async def pieces() -> AsyncIterator[bytes]:
        for chunk in answer.chunks:
            yield chunk.data

    return _Opened(said=headers.get("content-type", ""), announced=None, pieces=pieces())
