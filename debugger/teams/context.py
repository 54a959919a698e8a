"""What every template may name about the person who asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest

from debugger.teams.access import Right, may
from debugger.teams.models import Membership


class Rights:
    """``{% if rights.MANAGE_KEYS %}`` in templates."""

    def __init__(self, member: Membership | None) -> None:
        self._member = member

    def __getitem__(self, name: str) -> bool:
        """Whether the person has the right of this name in the page's team."""
        return (
            self._member is not None
            and name in Right.__members__
            and may(self._member, Right[name])
        )


class Places(Sequence[Membership]):
    """The teams of a person, read when a template asks for them."""

    def __init__(self, user: Any) -> None:
        self._user = user
        self._found: list[Membership] | None = None

    def _all(self) -> list[Membership]:
        if self._found is None:
            places = Membership.objects.select_related("team").filter(
                user_id=self._user.pk, team__deleted_at=None
            )
            self._found = list(places.order_by("team__name")) if self._user.pk else []
        return self._found

    def __getitem__(self, index: Any) -> Any:
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._all())


def teams(request: HttpRequest) -> dict[str, Any]:
    """``member``, ``team`` and ``rights`` of the page, and ``places`` for the switcher."""
    member: Membership | None = getattr(request, "member", None)
    return {
        "member": member,
        "team": member.team if member is not None else None,
        "rights": Rights(member),
        "places": Places(request.user) if hasattr(request, "user") else (),
    }
