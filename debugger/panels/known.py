"""An idempotency key that a team has sent before: what went out with it, and whether this is that.

The API answers a key that it knows with the first run's answer, or with a conflict when the body is
another one. The history of a team tells beforehand which it will be, from any tab and any person.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from django.db.models import Q

from debugger.client.redact import redact_text
from debugger.exchanges.models import Exchange, ExchangeContent
from debugger.exchanges.recording import stored_text
from debugger.panels.calls import idempotency_of
from debugger.panels.draft import Draft
from debugger.panels.jsontext import JsonTrouble, parse_json, write_json
from debugger.panels.seat import Seat
from debugger.panels.submission import Submission
from debugger.teams.models import Team
from debugger.web import moments

LINES_COMPARED: Final = 400
LINES_SHOWN: Final = 80
REPEATED_FOR: Final = timedelta(hours=1)
_LONGEST: Final = 160
# What the API refused for its content did not use the key up.
_REFUSED: Final = Q(status__gte=400, status__lt=500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the difference of two bodies; ``sign`` is "-" for then, "+" for now or " "."""

    sign: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The first run with a key. ``difference`` is empty for the same body and where none is kept.

    ``more`` says that there is more difference than is shown.
    """

    run: Exchange
    same: bool
    difference: tuple[Line, ...] = ()
    more: bool = False


def kept_key(submission: Submission) -> str:
    """The idempotency key as the history keeps it; "" where it holds a secret or there is none."""
    key = idempotency_of(submission)
    return key if len(key) <= 255 and stored_text(key, most=255) == key else ""


def known(team: Team | None, submission: Submission, *, base_url: str) -> Known | None:
    """What the team's history knows of the key that would go out now; one query.

    A key lives in one account, so a run of the other mode or to another address does not count.
    """
    key = kept_key(submission) if team is not None and submission.operation.idempotency else ""
    if not key:
        return None
    runs = Exchange.objects.filter(team=team, idempotency_key=key, mode=submission.mode.value)
    runs = runs.filter(operation=submission.operation.id, base_url=base_url)
    run = runs.exclude(_REFUSED).order_by("pk").first()
    if run is None:
        return None
    same = run.fingerprint == submission.fingerprint
    if same:
        return Known(run=run, same=True)
    lines = [*islice(_difference(_then(run), _now(submission.draft)), LINES_SHOWN + 1)]
    shown = tuple(lines[:LINES_SHOWN])
    return Known(run=run, same=False, difference=shown, more=len(lines) > LINES_SHOWN)


def run_before(
    seat: Seat, submission: Submission, *, base_url: str, now: datetime
) -> Exchange | None:
    """This person's last run of the same request, while it may still be the one that is meant.

    A browser without script that comes back to a panel may fetch it anew, and then nothing in its
    form tells of the run that was made from it.
    """
    plain = submission.again or submission.last.key or submission.typed_key or submission.fresh
    if seat.team is None or plain or not submission.operation.idempotency:
        return None
    runs = Exchange.objects.filter(team=seat.team, fingerprint=submission.fingerprint)
    runs = runs.filter(mode=submission.mode.value, base_url=base_url, user_id=seat.user_id)
    runs = runs.filter(pk__gte=moments.first_id(now - REPEATED_FOR)).exclude(_REFUSED)
    return runs.exclude(idempotency_key="").order_by("-pk").first()


def _difference(then: Sequence[str], now: Sequence[str]) -> Iterator[Line]:
    if not then:
        return
    for line in islice(difflib.unified_diff(then, now, lineterm="", n=2), 2, None):
        if not line.startswith("@@"):
            yield Line(sign=line[:1], text=line[1 : _LONGEST + 1])


def _then(run: Exchange) -> list[str]:
    content = ExchangeContent.objects.filter(pk=run.pk).only("request_text").first()
    return _lines(content.request_text or "") if content is not None else []


def _now(draft: Draft) -> list[str]:
    return _lines(redact_text(draft.pretty()))


def _lines(text: str) -> list[str]:
    """A body in lines that can be compared: indented, its names in order."""
    found = parse_json(text)
    if not isinstance(found, JsonTrouble):
        value = found.value
        text = write_json(dict(sorted(value.items())) if isinstance(value, dict) else value)
    return text.splitlines()[:LINES_COMPARED]
