"""Which upstream a request of this visitor talks to, and the media behind it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TypeVar

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from debugger.client.emulation import Request, Response
from debugger.client.media import Media, fetch_media
from debugger.client.transport import Upstream, live_upstream
from debugger.keys import services as keys
from debugger.panels import media
from debugger.panels.seat import Seat
from debugger.sandbox import services as sandbox
from debugger.teams import sandboxes
from debugger.web.connections import flowing, in_thread
from debugger.web.ratelimit import asker_of

Answer = TypeVar("Answer", bound=HttpResponseBase)


@dataclass(frozen=True, slots=True)
class Visit:
    """An upstream for one request, and the cookie that makes the next one the same visitor's.

    ``account`` is the sandbox behind it and ``served`` its address on this site, "" in live mode.
    """

    upstream: Upstream
    cookie: sandbox.Cookie | None = None
    account: str = ""
    served: str = ""

    def keep(self, response: Answer) -> Answer:
        """The response, with the visitor's sandbox remembered in it."""
        if self.cookie is not None:
            secure = settings.SESSION_COOKIE_SECURE
            response.set_cookie(**self.cookie.arguments(secure=secure))
        return response


def site_of(request: HttpRequest) -> str:
    """This site's own origin, as the browser sees it."""
    return f"{request.scheme}://{request.get_host()}"


async def upstream_for(request: HttpRequest, seat: Seat, *, base_url: str, scenario: str) -> Visit:
    """The network under ``base_url``; without one the sandbox of the seat's team or visitor."""
    if base_url:
        return Visit(live_upstream(base_url))
    visit = await _mock_visit(request, seat)
    served = site_of(request) + media.MOCK_PREFIX
    upstream = sandbox.upstream_for(visit.account, base_url=served, scenario=scenario or None)
    return Visit(upstream, visit.cookie, visit.account, served)


async def _mock_visit(request: HttpRequest, seat: Seat) -> sandbox.Visit:
    if seat.team is not None:
        return sandbox.Visit(account=await in_thread(sandboxes.account_of, seat.team))
    asker = asker_of(request, user=await request.auser())
    return await sandbox.visit(request.COOKIES.get(sandbox.COOKIE_NAME), asker=asker)


async def mock_media(request: HttpRequest, path: str) -> HttpResponseBase:
    """Result media and files of the emulator, read in process.

    Its addresses cannot be guessed, so they need no cookie: an address that was copied works.
    """
    wanted = media.wanted_range(request)
    asked = Request(
        method=request.method or "GET",
        path=f"/media/{path}",
        headers={"range": wanted} if wanted else {},
    )
    answer = await sandbox.handle(asked)
    if answer.status == 404:
        raise Http404
    return media.relay(
        status=answer.status,
        headers=answer.headers,
        body=flowing(_pieces(answer)),
        head=request.method == "HEAD",
    )


async def _pieces(answer: Response) -> AsyncGenerator[bytes, None]:
    for chunk in answer.chunks:
        yield chunk.data


async def live_media(request: HttpRequest, signed: media.Signed) -> HttpResponseBase:
    """Result media of a live answer, through the client's guard.

    The one inner address that may be asked is the upstream that named the medium, and only while it
    is still configured.
    """
    configured = signed.base_url in keys.base_urls()
    found = await fetch_media(
        signed.url,
        range_header=media.wanted_range(request),
        allowed_origin=signed.base_url if configured else None,
    )
    if not isinstance(found, Media):
        text = _("This result cannot be shown here: %(reason)s") % {"reason": found.detail}
        refused = HttpResponse(text, status=502, content_type="text/plain; charset=utf-8")
        return media.isolate(refused)
    head = request.method == "HEAD"
    if head:
        await found.aclose()
    headers = [("content-type", found.content_type), *found.headers.items()]
    return media.relay(
        status=found.status, headers=headers, body=flowing(_closing(found)), head=head
    )


async def _closing(found: Media) -> AsyncGenerator[bytes, None]:
    """The body; its connection is closed even when the browser goes away in the middle."""
    try:
        async for piece in found.body:
            yield piece
    finally:
        await found.aclose()
