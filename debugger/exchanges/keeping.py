"""What a change of the rules would delete, counted before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from debugger.exchanges.models import Exchange, HistoryRules
from debugger.exchanges.retention import DAYS
from debugger.teams.models import Team
from debugger.web import moments
from debugger.web.errors import Invalid

COUNTED: Final = 100_000
"""Rows that are counted one by one; beyond, "more than" is said."""
_FOR_EVER: Final = "ever"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What somebody wants to be kept; None days are for ever."""

    days: int | None
    bodies: bool
    result_days: int | None

    @classmethod
    def of(cls, rules: HistoryRules) -> Choice:
        """What is kept now."""
        return cls(days=rules.days, bodies=rules.bodies, result_days=rules.result_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What a choice would take away that is kept today; ``more`` says that ``runs`` is a part."""

    runs: int = 0
    more: bool = False
    bodies: bool = False
    results: bool = False

    @property
    def anything(self) -> bool:
        """Whether something would be deleted, or kept for a shorter time."""
        return bool(self.runs) or self.bodies or self.results

    @property
    def sentence(self) -> str:
        """How many runs go."""
        if self.more:
            return _(
                "More than %s runs are older than that and will be deleted within the hour."
            ) % (f"{COUNTED:,}")
        return ngettext(
            "%(count)s run is older than that and will be deleted within the hour.",
            "%(count)s runs are older than that and will be deleted within the hour.",
            self.runs,
        ) % {"count": f"{self.runs:,}"}


def chosen(data: Mapping[str, str]) -> Choice:
    """What was posted. Raises Invalid for a time that cannot be chosen."""
    return Choice(
        days=_days(data.get("days", "")),
        bodies=data.get("bodies") == "on",
        result_days=_days(data.get("result_days", "")),
    )


def _days(text: str) -> int | None:
    known = {_FOR_EVER if days is None else str(days): days for days in DAYS}
    if text not in known:
        raise Invalid(_("Choose one of the times that are offered."))
    return known[text]


def loss_of(team: Team, rules: HistoryRules, choice: Choice, *, now: datetime) -> Loss:
    """What would go if the choice became the rule now."""
    runs, more = _older(team, choice.days, now=now) if _shorter(choice.days, rules.days) else (0, 0)
    return Loss(
        runs=runs,
        more=bool(more),
        bodies=rules.bodies and not choice.bodies,
        results=_shorter(choice.result_days, rules.result_days),
    )


def _shorter(wanted: int | None, now: int | None) -> bool:
    return wanted is not None and (now is None or wanted < now)


def _older(team: Team, days: int | None, *, now: datetime) -> tuple[int, bool]:
    """Runs without a star that are older, counted up to a bound."""
    if days is None:
        return 0, False
    below = moments.first_id(now - timedelta(days=days))
    found = Exchange.objects.filter(team=team, pk__lt=below, starred=False)
    count = found.values("pk")[: COUNTED + 1].count()
    return min(count, COUNTED), count > COUNTED


def counted(team: Team) -> tuple[int, bool]:
    """How many runs there are, up to the bound, and whether there are more."""
    count = Exchange.objects.filter(team=team).values("pk")[: COUNTED + 1].count()
    return min(count, COUNTED), count > COUNTED


def times() -> list[tuple[str, int | None, str]]:
    """The times that can be chosen: (value in the form, days, words)."""
    return [(_FOR_EVER if days is None else str(days), days, words_of(days)) for days in DAYS]


def words_of(days: int | None) -> str:
    """A time as people say it."""
    if days is None:
        return _("For ever")
    if days == 365:
        return _("1 year")
    return ngettext("%d day", "%d days", days) % days
