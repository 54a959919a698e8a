"""Keys as rows for tests that never open one, and a team with chosen ceilings."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from debugger.keys.models import ApiKey
from debugger.teams.models import Team
from tests.cast import acme


def team(*, run: int | None = None, day: int | None = None) -> Team:
    """Acme with these ceilings; None for none."""
    found = acme()
    Team.objects.filter(pk=found.pk).update(run_ceiling=run, day_ceiling=day)
    found.refresh_from_db()
    return found


def a_key(owner: Team, *, run: int | None = None, day: int | None = None, **fields: Any) -> ApiKey:
    """A stored key whose seal nobody opens here."""
    return ApiKey.objects.create(
        **{
            "team": owner,
            "label": "Production",
            "base_url": settings.RIVYA_BASE_URL,
            "last_four": "a1b2",
            "sealed": b"sealed",
            "fingerprint": "0" * 16,
            "run_ceiling": run,
            "day_ceiling": day,
            **fields,
        }
    )
