"""When and from where each signed-in browser was last seen, and that no page of an account stays.

allauth's own middleware writes a row at every request and lets each request hold a thread. This one
writes at most once a minute for a browser, and looks only where the view asked who it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import cast

from allauth.usersessions.models import UserSession
from asgiref.sync import iscoroutinefunction, sync_to_async
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from debugger.web.middleware import FOR_ONE

GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]
EVERY_SECONDS = 60


def sweep(*, now: datetime) -> int:
    """Delete sessions whose time is over, and the notes of browsers that have none any more."""
    _, deleted = Session.objects.filter(expire_date__lt=now).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    return deleted.get(Session._meta.label, 0)


@sync_and_async_middleware
def track(get_response: GetResponse) -> GetResponse:
    """Note the browser after its answer was made; a stream that has begun does not wait."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            response = await cast("Awaitable[HttpResponseBase]", get_response(request))
            if _was_asked(request):
                await sync_to_async(_note)(request)
            return _not_kept(request, response)

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = cast("HttpResponseBase", get_response(request))
        if _was_asked(request):
            _note(request)
        return _not_kept(request, response)

    return answer


def _not_kept(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Secrets of an app and recovery codes are shown there; a browser may keep pages on disk."""
    if request.path.startswith("/accounts/"):
        response.headers["Cache-Control"] = "no-store"
    elif _was_asked(request):
        # Open pages, and those for what is not there, name whoever is signed in as well.
        response.headers.setdefault("Cache-Control", FOR_ONE)
    return response


def _was_asked(request: HttpRequest) -> bool:
    """Whether the view knows a signed-in person by now; asking here would cost two queries."""
    known = getattr(request, "_acached_user", None) or getattr(request, "_cached_user", None)
    session = getattr(request, "session", None)
    return bool(known and known.is_authenticated and session is not None and session.session_key)


def _note(request: HttpRequest) -> None:
    if not request.user.is_authenticated or not request.session.session_key:
        return  # Signed out just now.
    parts = (
        request.session.session_key,
        request.META.get("REMOTE_ADDR", ""),
        request.headers.get("User-Agent", ""),
    )
    mark = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    if cache.add(f"browser-seen:{mark}", 1, timeout=EVERY_SECONDS):
        UserSession.objects.create_from_request(request)
