"""Result media on our own origin: which element shows an address, and from where it is read.

In mock mode the emulator's media are read in process, under /mock/media/. In live mode the
browser gets a signed, short-lived address of ours, and the bytes come through the client's guard
for addresses that a payload names: the page itself never talks to a third party, and nobody can
use this site to read an address that no answer gave.
"""

from __future__ import annotations

import mimetypes
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final, TypeVar

from django.core import signing
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from debugger.client.media import MEDIA_TYPES
from debugger.client.outcome import Mode
from debugger.contract.parts import split
from debugger.panels.readings import Step, reference_step
from debugger.web.addresses import panel_address

Answer = TypeVar("Answer", bound=HttpResponseBase)

SALT: Final = "rivya-dash.media"
LIFE: Final = 6 * 3600  # Seconds that a signed address works; longer than anybody stares at a job.
SHOWN: Final = 12
MOCK_PREFIX: Final = "/mock"
_PASSED_ON: Final = frozenset(
    {"content-length", "content-range", "accept-ranges", "etag", "last-modified"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where an answer came from: a team's panel or a visitor's, and the address that was called."""

    slug: str | None = None
    team_id: int | None = None
    base_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What a signed address of ours stands for; ``team_id`` is whose page may show it."""

    url: str
    base_url: str
    team_id: int | None


VISITOR: Final = Source()


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """One address of a result. ``src`` is ours and "" where it cannot be shown here."""

    url: str
    src: str
    kind: str
    alt: str
    steps: tuple[Step, ...] = ()


def of_result(
    value: object, *, mode: Mode, category: str, site: str, source: Source = VISITOR
) -> tuple[Medium, ...]:
    """The media of a generation's answer, in the order in which it lists them.

    ``site`` is this site's own origin, under which mock media live.
    """
    result = value.get("result") if isinstance(value, dict) else None
    if not isinstance(result, dict):
        return ()
    listed = result.get("urls")
    urls = [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []
    primary = result.get("primary_url")
    if isinstance(primary, str) and primary not in urls:
        urls.insert(0, primary)
    return tuple(
        _medium(url, mode=mode, category=category, site=site, source=source) for url in urls[:SHOWN]
    )


def of_file(
    value: object, *, mode: Mode, site: str, source: Source = VISITOR
) -> tuple[Medium, ...]:
    """The medium of an uploaded file's answer."""
    if not isinstance(value, dict) or not isinstance(value.get("url"), str):
        return ()
    kind = str(value.get("kind"))
    found = _medium(value["url"], mode=mode, category=kind, site=site, source=source)
    # The card itself hands the file over, with its name and its duration token.
    return (replace(found, steps=()),)


def _medium(url: str, *, mode: Mode, category: str, site: str, source: Source) -> Medium:
    kind = kind_of(url, category)
    alt = {
        "image": _("Result image"),
        "video": _("Result video"),
        "audio": _("Result audio"),
    }.get(kind, _("Result"))
    src = _address(url, mode=mode, site=site, source=source)
    return Medium(url=url, src=src, kind=kind, alt=alt, steps=_steps(url, kind))


def kind_of(url: str, category: str) -> str:
    """Which element can show an address: by its ending, else by the model's category."""
    try:
        guessed = mimetypes.guess_type(split(url).path)[0] or ""
    except ValueError:
        return "other"
    family = guessed.partition("/")[0]
    if family in ("image", "video", "audio"):
        return family
    return category if category in ("image", "video", "audio") else "other"


def _address(url: str, *, mode: Mode, site: str, source: Source) -> str:
    if mode is Mode.MOCK:
        inside = url.startswith(f"{site}{MOCK_PREFIX}/media/")
        return url.removeprefix(site) if inside else ""
    if not url.startswith(("https://", "http://")):
        return ""
    payload = [url, source.base_url, source.team_id]
    token = signing.dumps(payload, salt=SALT, compress=True)
    return panel_address("media", token, slug=source.slug)


def _steps(url: str, kind: str) -> tuple[Step, ...]:
    if kind not in ("image", "video", "audio"):
        return ()
    return (reference_step({"url": url, "kind": kind, "file_name": PurePosixPath(url).name[:120]}),)


def unsign(token: str) -> Signed | None:
    """What a signed address stands for; None when it is not ours or too old."""
    try:
        url, base_url, team_id = signing.loads(token, salt=SALT, max_age=LIFE)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Signed(url=url, base_url=base_url, team_id=team_id)


def relay(
    *, status: int, headers: Sequence[tuple[str, str]], body: AsyncIterator[bytes], head: bool
) -> HttpResponseBase:
    """Pass media on: only harmless types inline, never sniffed, never with foreign headers.

    Everything else, SVG and HTML above all, is a download.
    """
    given = {name.lower(): value for name, value in headers}
    mime = given.get("content-type", "").partition(";")[0].strip().lower()
    shown = mime in MEDIA_TYPES
    response: HttpResponseBase = (
        HttpResponse(status=status) if head else StreamingHttpResponse(body, status=status)
    )
    response["Content-Type"] = mime if shown else "application/octet-stream"
    for name in _PASSED_ON & given.keys():
        response[name] = given[name]
    if not shown:
        response["Content-Disposition"] = "attachment"
    return isolate(response)


def isolate(response: Answer) -> Answer:
    """A stored or foreign file may do nothing, even when it is opened as a page of its own."""
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, max-age=3600"
    return response


def wanted_range(request: HttpRequest) -> str | None:
    """The Range header, when it is one."""
    value = request.headers.get("range", "")
    return value if value.startswith("bytes=") and len(value) < 100 else None
