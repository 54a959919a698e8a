"""What every request passes: its id, the security headers, and our own errors as answers.

Each works under ASGI without a hop to another thread, which is what costs time in a long chain.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from debugger.client.redact import redact_text
from debugger.web.errors import ServiceError, error_page
from debugger.web.logs import current_request_id

GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
FOR_ONE = "private, no-cache"
"""How pages for who is signed in may be kept: by their browser, which asks anew each time."""
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Frame-Options": "DENY",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
}


@sync_and_async_middleware
def request_id(get_response: GetResponse) -> GetResponse:
    """Give every request an id that its log lines, its answer and its error page share.

    Never taken from the request: an id that a stranger chose would make the logs lie.
    """

    def begin(request: HttpRequest) -> str:
        number = uuid.uuid4().hex
        request.request_id = number  # type: ignore[attr-defined]
        current_request_id.set(number)
        return number

    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            number = begin(request)
            response = await cast("Awaitable[HttpResponseBase]", get_response(request))
            response["X-Request-ID"] = number
            return response

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        number = begin(request)
        response = cast("HttpResponseBase", get_response(request))
        response["X-Request-ID"] = number
        return response

    return answer


@sync_and_async_middleware
def security_headers(get_response: GetResponse) -> GetResponse:
    """Add the constant headers to every answer, the pages for errors included."""

    def add(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.method == "POST" and response.headers.get("Cache-Control") in {None, FOR_ONE}:
            # It may show a secret that is shown once, and a browser may keep pages on disk.
            response.headers["Cache-Control"] = "no-store"
        return _without_keys(response) if settings.DEBUG else response

    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            return add(request, await cast("Awaitable[HttpResponseBase]", get_response(request)))

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        return add(request, cast("HttpResponseBase", get_response(request)))

    return answer


def _without_keys(response: HttpResponseBase) -> HttpResponseBase:
    """Django's own page for an unknown address repeats it, and asks no filter of ours."""
    if response.status_code == HTTPStatus.NOT_FOUND and isinstance(response, HttpResponse):
        response.content = redact_text(response.content.decode(errors="replace"))
        response["Content-Length"] = str(len(response.content))
    return response


class ServiceErrors:
    """Turns what a service raises (NotFound, NotAllowed, Invalid) into 404, 403 and 422."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Pass on; under ASGI the awaitable itself is passed on."""
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """Answer for our own errors; leave the rest to Django."""
        if isinstance(exception, ServiceError):
            return error_page(request, exception)
        return None
