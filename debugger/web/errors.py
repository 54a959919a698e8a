"""What a service may raise, and the pages that say what went wrong."""

from __future__ import annotations

import logging
from http import HTTPStatus

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.templatetags.static import static
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)


class ServiceError(Exception):
    """The base of what a service raises on purpose; its text is for the person who asked."""

    status = HTTPStatus.BAD_REQUEST
    template = "400.html"


class NotFound(ServiceError):  # noqa: N818  # Said by services as a word.
    """There is no such thing, or not for this person."""

    status = HTTPStatus.NOT_FOUND
    template = "404.html"


class NotAllowed(ServiceError):  # noqa: N818  # Said by services as a word.
    """It is there, and this person may not do that."""

    status = HTTPStatus.FORBIDDEN
    template = "403.html"


class Invalid(ServiceError):  # noqa: N818  # Said by services as a word.
    """What was sent makes no sense."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    template = "400.html"


class TooMany(ServiceError):  # noqa: N818  # Said by services as a word.
    """It may be asked again after ``seconds``."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    template = "429.html"

    def __init__(self, sentence: str, *, seconds: int) -> None:
        super().__init__(sentence)
        self.seconds = seconds


def error_page(request: HttpRequest, error: ServiceError) -> HttpResponse:
    """The page for one error, with its own sentence when it carries one."""
    context: dict[str, object] = {"sentence": str(error)}
    if not isinstance(error, TooMany):
        page = loader.render_to_string(error.template, context, request)
        return HttpResponse(page, status=error.status)
    # Where only a part of the page waits for the answer it gets a part, and all else stays.
    streams = "text/event-stream" in request.headers.get("Accept", "")
    part = streams or request.headers.get("HX-Request") == "true"
    template = "web/_too_many.html" if part else error.template
    context |= {"seconds": error.seconds, "asked": request.headers.get("HX-Target", "")}
    page = loader.render_to_string(template, context, request)
    headers = {"Retry-After": str(error.seconds), "Cache-Control": "no-store"}
    if context["asked"] == "job":  # The card of a watched job stays, and looks again by itself.
        headers["HX-Reswap"] = "beforeend"
    return HttpResponse(page, status=error.status, headers=headers)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page for a form whose proof of origin is missing, mostly one left open for too long."""
    page = loader.render_to_string("403_csrf.html", {"reason": reason}, request)
    return HttpResponse(page, status=HTTPStatus.FORBIDDEN)


def not_understood(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page for what Django refuses to read; too much text has a status of its own."""
    too_large = isinstance(exception, RequestDataTooBig)
    sentence = _("What you sent is too large: text may have about 4 MB.") if too_large else ""
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if too_large else HTTPStatus.BAD_REQUEST
    page = loader.render_to_string("400.html", {"sentence": sentence}, request)
    return HttpResponse(page, status=status)


def server_error(request: HttpRequest) -> HttpResponse:
    """The page for our own mistakes; it needs no database, no session and no other template."""
    try:
        style = static("css/look.css")
    except Exception:  # Whatever broke the site may have broken this too.
        logger.exception("The style sheet of the error page could not be found")
        style = ""
    page = loader.render_to_string(
        "500.html",
        {
            "request_id": getattr(request, "request_id", ""),
            "style": style,
            "title": _("Server error"),
        },
    )
    return HttpResponse(page, status=HTTPStatus.INTERNAL_SERVER_ERROR)
