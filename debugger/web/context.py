"""What every template may name."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, str]:
    """The request's id, and what live mode points at."""
    return {
        "request_id": getattr(request, "request_id", ""),
        "live_base_url": settings.RIVYA_BASE_URL,
        "live_host": urlsplit(settings.RIVYA_BASE_URL).netloc,
        "sandbox_base_url": settings.RIVYA_DASH_SANDBOX_BASE,
    }
