"""What the pages of this room share: limits, the site's own address, the status of a form."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from django import forms
from django.http import HttpRequest

from debugger.web.ratelimit import Limit

TEAMS: Final = Limit(name="teams", setting="RIVYA_DASH_TEAMS_PER_HOUR", seconds=3600)
INVITATIONS: Final = Limit(
    name="invitations", setting="RIVYA_DASH_INVITATIONS_PER_HOUR", seconds=3600
)
# Links that are followed, right and wrong ones: guessing one is hopeless, and stays so.
LINKS: Final = Limit(name="links", setting="RIVYA_DASH_INVITATIONS_PER_HOUR", seconds=3600, times=4)


def site_of(request: HttpRequest) -> str:
    """The address under which the person reaches this site; its host was checked by Django."""
    return request.build_absolute_uri("/")


def told(form: forms.Form) -> int:
    """200 for a form as it is offered, 422 for one with errors."""
    wrong = form.is_bound and bool(form.errors)
    return HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
