"""Reading the audit log: narrow it, page through it, and take it along as CSV."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from debugger.teams import audit, audit_sentences
from debugger.teams.models import AuditEvent, Membership, Team
from debugger.web import pages, spreadsheets

PAGE_SIZE: Final = 50
EXPORTED_AT_ONCE: Final = 500
LATELY: Final = 1000
VIEWS_COUNT_AGAIN: Final = timedelta(hours=1)
NOBODY: Final = "system"
COLUMNS: Final = (
    "time",
    "actor",
    "actor_id",
    "action",
    "sentence",
    "object_type",
    "object_id",
    "object",
    "changed",
    "source_ip",
    "place",
    "request_id",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """What somebody wants to see. The days are whole days in UTC, both included.

    ``typed`` is what stands in the form, ``wrong`` what is wrong with a field of it.
    """

    actor: str = ""
    action: str = ""
    about: str = ""
    since: date | None = None
    until: date | None = None
    typed: Mapping[str, str] = field(default_factory=dict)
    wrong: Mapping[str, str] = field(default_factory=dict)

    @property
    def anything(self) -> bool:
        """Whether some events are left out."""
        return any((self.actor, self.action, self.about, self.since, self.until))

    def as_change(self) -> dict[str, list[object]]:
        """The filter as an event remembers it."""
        given = {name: value for name, value in self.typed.items() if value}
        return {"filter": [None, given]} if given else {}


def narrowed(data: Mapping[str, str]) -> Narrowed:
    """The filter of a link or a form; never raises, ``wrong`` says what was not understood."""
    names = ("actor", "action", "object", "since", "until")
    typed = {name: str(data.get(name) or "").replace("\0", "").strip()[:200] for name in names}
    wrong: dict[str, str] = {}
    days = {name: _day(name, typed[name], wrong) for name in ("since", "until")}
    since, until = days["since"], days["until"]
    if since and until and since > until:
        wrong["until"] = _("The last day is before the first one.")
        until = None
    actor = typed["actor"]
    if actor and actor != NOBODY and not (actor.isascii() and actor.isdigit() and len(actor) < 19):
        wrong["actor"], actor = _("Choose a person from the list."), ""
    return Narrowed(
        actor=actor,
        action=typed["action"],
        about=typed["object"],
        since=since,
        until=until,
        typed=typed,
        wrong=wrong,
    )


def _day(name: str, text: str, wrong: dict[str, str]) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        wrong[name] = _("Write a day as 2026-11-21.")
        return None


def events(team: Team, wanted: Narrowed) -> QuerySet[AuditEvent]:
    """The team's events that somebody wants to see, in no order yet."""
    found = AuditEvent.objects.filter(team_id=team.pk)
    if wanted.actor == NOBODY:
        found = found.filter(actor_id=None)
    elif wanted.actor:
        found = found.filter(actor_id=int(wanted.actor))
    if wanted.action:
        found = found.filter(action=wanted.action)
    if wanted.about:
        named = Q(object_label__icontains=wanted.about) | Q(object_id=wanted.about)
        found = found.filter(named)
    if wanted.since:
        found = found.filter(at__gte=_midnight(wanted.since))
    if wanted.until and wanted.until < date.max:
        found = found.filter(at__lt=_midnight(wanted.until + timedelta(days=1)))
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)


def page(
    team: Team, wanted: Narrowed, *, cursor: Mapping[str, str], size: int = PAGE_SIZE
) -> pages.Page[AuditEvent]:
    """One page, newest first; raises Invalid for a link that was cut off."""
    return pages.page_of(events(team, wanted), ordered_by="at", cursor=cursor, size=size)


def actors(team: Team, chosen: str = "") -> list[tuple[str, str]]:
    """Who can be chosen: members, whoever did something lately, who is chosen, and the system.

    Looking through the whole log for names would make every page cost what the longest one does.
    """
    people = AuditEvent.objects.filter(team_id=team.pk, actor_id__isnull=False)
    lately = people.order_by("-at", "-pk").values_list("actor_id", "actor_name")[:LATELY]
    names = {str(pk): name for pk, name in reversed(lately)}
    members = Membership.objects.filter(team=team).select_related("user")
    names |= {str(each.user_id): str(each.user) for each in members}
    if chosen and chosen != NOBODY and chosen not in names:
        found = people.filter(actor_id=int(chosen)).order_by("-at").first()
        names[chosen] = found.actor_name if found else chosen
    return [*sorted(names.items(), key=lambda item: item[1].casefold()), (NOBODY, _("System"))]


def actions(chosen: str = "") -> list[tuple[str, list[tuple[str, str]]]]:
    """The actions that can be chosen, in groups: what may happen in a team, and what is chosen."""
    known = {name for name in audit_sentences.SENTENCES if not name.startswith("account.")}
    return audit_sentences.action_groups(known | ({chosen} if chosen else set()))


def viewed(by: audit.Origin, team: Team, *, now: datetime) -> None:
    """Record that somebody reads the log, once an hour each, so that it does not fill itself."""
    lately = AuditEvent.objects.filter(
        team_id=team.pk,
        action="audit.viewed",
        actor_id=by.actor_id,
        at__gt=now - VIEWS_COUNT_AGAIN,
    )
    if not lately.exists():
        audit.record(by, team, "audit.viewed", obj=team)


def exported(by: audit.Origin, team: Team, wanted: Narrowed) -> None:
    """Record that somebody takes the log along, every time."""
    audit.record(by, team, "audit.exported", obj=team, changed=wanted.as_change())


def exported_rows(
    team: Team, wanted: Narrowed, *, start: pages.Position | None, size: int = EXPORTED_AT_ONCE
) -> list[AuditEvent]:
    """The next rows of an export, behind ``start``; an empty list at the end."""
    return pages.behind(events(team, wanted), ordered_by="at", start=start, size=size)


def csv_head() -> str:
    """The mark by which spreadsheets know UTF-8, and the names of the columns."""
    return spreadsheets.head(COLUMNS)


def csv_of(rows: Iterable[AuditEvent]) -> str:
    """Rows of the log as rows of a CSV file."""
    return spreadsheets.lines(_cells(row) for row in rows)


def _cells(row: AuditEvent) -> list[str]:
    return [
        row.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        row.actor_name,
        "" if row.actor_id is None else str(row.actor_id),
        row.action,
        audit_sentences.plain(row),
        row.object_type,
        row.object_id,
        row.object_label,
        json.dumps(row.changed, ensure_ascii=False) if row.changed else "",
        row.ip,
        row.place,
        row.request_id,
    ]
