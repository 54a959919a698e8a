"""Keys for work that no person asks for at the moment, such as looking at a job again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from debugger.keys.choosing import Usable, opened
from debugger.keys.models import ApiKey
from debugger.web.errors import Invalid

_MOST: Final = 20
"""Rotations that are followed; more of them are a circle that somebody made by hand."""


def key_for_work(key_id: int, *, now: datetime) -> Usable | str:
    """The key, or the one that took its place, opened; else a sentence that says why not.

    A replaced key is used while its overlap lasts. Only keys of the same team that are bound to the
    same address follow one another.
    """
    said = ""
    for key in _succession(key_id):
        try:
            return opened(key, now=now)
        except Invalid as trouble:
            said = str(trouble)
    return said or _("The key is not there any more.")


def _succession(key_id: int) -> Iterator[ApiKey]:
    """The key and those that followed it, each in the place of the one before."""
    rows = ApiKey.objects.select_related("team").filter(team__deleted_at=None)
    first = rows.filter(pk=key_id).first()
    key, met = first, set[int]()
    while key is not None and first is not None and key.pk not in met and len(met) < _MOST:
        met.add(key.pk)
        yield key
        same = rows.filter(team_id=first.team_id, base_url=first.base_url)
        key = same.filter(pk=key.replaced_by_id).first() if key.replaced_by_id else None
