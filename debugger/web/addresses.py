"""The addresses of the panels, which stand twice: for visitors, and for each team."""

from __future__ import annotations

from django.urls import reverse


def panel_address(name: str, *args: object, slug: str | None = None) -> str:
    """The address of a panel's view: the team's of this slug, or the one for visitors.

    panel_address("run", "credits.retrieve", slug="acme") is /t/acme/panels/credits.retrieve/run.
    """
    if slug:
        return reverse(f"team_panels:{name}", args=[slug, *args])
    return reverse(f"panels:{name}", args=args)
