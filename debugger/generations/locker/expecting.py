"""Which addresses a result names, as rows that wait for their copy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from debugger.client.egress import Forbidden, check_url
from debugger.client.jsontext import Parsed, read_json, visible_text
from debugger.client.redact import MARK, redact_text
from debugger.generations import moments
from debugger.generations.locker import expiry
from debugger.generations.models import Generation, Moment, SavedFile
from debugger.keys import services as keys

MOST: Final = 12
"""Files of one result that are copied."""
LONGEST: Final = 8192
State = SavedFile.State


def urls_of(answer: str) -> tuple[str, ...]:
    """The addresses that a stored answer's result names, in its order, each once."""
    found = read_json(answer.encode(errors="replace"))
    value = found.value if isinstance(found, Parsed) else None
    result = value.get("result") if isinstance(value, dict) else None
    if not isinstance(result, dict):
        return ()
    listed = result.get("urls")
    named = [result.get("primary_url"), *(listed if isinstance(listed, list) else [])]
    return tuple(dict.fromkeys(each for each in named if isinstance(each, str) and each))


def expect(generation: Generation, urls: Sequence[str], *, now: datetime) -> list[SavedFile]:
    """Remember a result's addresses; ``save_due`` copies them soon.

    Runs inside the transaction of the caller, who holds the job's row. Doing it again adds nothing:
    an address is known by its place in the result. What cannot be copied is refused at once.
    """
    known = set(generation.files.values_list("number", flat=True))
    wanted = list(dict.fromkeys(urls))[:MOST]
    rows = [
        _row(generation, number, url, now=now)
        for number, url in enumerate(wanted, start=1)
        if number not in known
    ]
    SavedFile.objects.bulk_create(rows)
    for row in rows:
        if row.state == State.REFUSED:
            facts = {"reason": row.reason, "file": row.public_id}
            moments.add(generation.pk, Moment.Kind.FILE_REFUSED, at=now, facts=facts)
    return rows


def _row(generation: Generation, number: int, url: str, *, now: datetime) -> SavedFile:
    shown = redact_text(visible_text(url))[:LONGEST]
    reason = refusal(generation, url, shown=shown)
    stated = expiry.stated(shown)
    return SavedFile(
        generation=generation,
        team_id=generation.team_id,
        number=number,
        url=shown,
        state=State.REFUSED if reason else State.WAITING,
        reason=reason[:300],
        next_try_at=None if reason else now,
        upstream_expires_at=stated.at if stated is not None else None,
    )


def refusal(generation: Generation, url: str, *, shown: str) -> str:
    """Why an address can never be copied, as a sentence; "" when nothing speaks against it."""
    if shown != url or MARK in url:
        return _("The address holds a secret or is too long, so it was not kept as it came.")
    if generation.mode == "mock":
        return ""
    try:
        # The upstream's own address may be an inner one; it is checked again when it is opened.
        host = (urlsplit(generation.base_url).hostname or "").lower()
        own = generation.base_url in keys.base_urls() and host
        check_url(url, allow_hosts=(host,) if own else ())
    except Forbidden as reason:
        return str(reason)
    return ""


def again(generation: Generation, *, now: datetime) -> int:
    """Try once more what was refused or is gone; how many files it is about.

    A job whose addresses were never remembered has them read from its answer.
    """
    with transaction.atomic():
        row = Generation.objects.select_for_update(no_key=True).get(pk=generation.pk)
        added = expect(row, urls_of(row.answer), now=now)
        gone = row.files.filter(state__in=(State.REFUSED, State.EXPIRED))
        gone = gone.exclude(pk__in=[each.pk for each in added])
        hopeless = [each.pk for each in gone if refusal(row, each.url, shown=each.url)]
        count = gone.exclude(pk__in=hopeless).update(
            state=State.WAITING, reason="", tries=0, lease="", next_try_at=now, expires_at=None
        )
        count += sum(each.state == State.WAITING for each in added)
        if count or added:
            changed(row.pk, now=now)
    return count


def changed(generation_id: int, *, now: datetime) -> None:
    """Let the boards see that something about a job is new."""
    Generation.objects.filter(pk=generation_id).update(version=F("version") + 1, changed_at=now)
