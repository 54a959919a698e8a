"""The addresses of the panels, which stand twice: for visitors, and for each team."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse


def panel_address(name: str, *args: object, slug: str | None = None) -> str:
    """The address of a panel's view: the team's of this slug, or the one for visitors.

    panel_address("run", "credits.retrieve", slug="acme") is /t/acme/panels/credits.retrieve/run.
    """
    if slug:
        return reverse(f"team_panels:{name}", args=[slug, *args])
    return reverse(f"panels:{name}", args=args)


def origin_for_mails(request: HttpRequest) -> str:
    """Where a mail leads to: the configured origin that was asked, else the first one.

    A stranger may ask for a mail to somebody else, and names the host: of that Django checks the
    name and not the port.
    """
    asked = f"{request.scheme}://{request.get_host()}"
    configured: list[str] = settings.RIVYA_DASH_ORIGINS
    return asked if asked in configured or not configured else configured[0].rstrip("/")


def moved_to(address: str, origin: str) -> str:
    """The same address at another origin."""
    return origin + urlsplit(address)._replace(scheme="", netloc="").geturl()
