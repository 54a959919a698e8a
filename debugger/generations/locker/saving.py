"""Copies what is due. Rows are the truth: whatever dies in between is found and done again.

A claim is one conditional update that also sets when the claim runs out, so two workers never copy
the same file, and a killed worker's file is taken up by the next one; whoever lives renews it. What
a claim leads to may be done twice: the same bytes have the same place, and only who still has the
claim writes the row.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from asgiref.sync import async_to_sync, sync_to_async
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from debugger.client.media import MEDIA_TYPES
from debugger.exchanges.models import HistoryRules
from debugger.generations import moments
from debugger.generations.locker import disk, fetching, kinds, room
from debugger.generations.locker.expecting import changed
from debugger.generations.locker.fetching import Copied, Source, Trouble
from debugger.generations.models import Generation, Moment, SavedFile

logger = logging.getLogger(__name__)

AT_ONCE: Final = 6
"""Copies that are made at the same time."""
CLAIMED_FOR: Final = timedelta(seconds=90)
RENEWED_EVERY: Final = timedelta(seconds=20)
PAUSES: Final = (15, 90, 600, 2400)
"""Seconds before the second and each further try."""
MOST_TRIES: Final = 10
"""Tries that are begun at all: those whose worker died count here, too."""
_ROUND: Final = timedelta(seconds=60)
_LOOK_AGAIN: Final = 1.0
State = SavedFile.State


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A file that this worker may copy now, as far as copying needs it."""

    pk: int
    public_id: str
    team_id: int
    generation_id: int
    lease: str
    tries: int
    source: Source
    upstream_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Clock:
    """The time as it goes on from a given moment."""

    start: datetime
    _began: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        """The given moment and what has passed since."""
        return self.start + timedelta(seconds=time.monotonic() - self._began)


def save_due(now: datetime) -> int:
    """Copy what is due, and what becomes due meanwhile; how many files it was about.

    Ends at once when somebody on this machine is at it already.
    """
    with disk.alone() as first:
        return async_to_sync(_round)(_Clock(now)) if first else 0


async def _round(clock: _Clock) -> int:
    """Rows are read and written in the caller's thread, bytes flow in the loop's."""
    running: dict[asyncio.Task[None], Claim] = {}
    done, renewed = 0, clock.start
    while True:
        now = clock.now()
        free = AT_ONCE - len(running) if now < clock.start + _ROUND else 0
        claims = await sync_to_async(claim)(free, now=now) if free else []
        running |= {asyncio.create_task(_copied(each, clock)): each for each in claims}
        done += len(claims)
        if not running:
            return done
        if now - renewed > RENEWED_EVERY:
            await sync_to_async(renew)(list(running.values()), now=now)
            renewed = now
        over, _ = await asyncio.wait(
            running, timeout=_LOOK_AGAIN, return_when=asyncio.FIRST_COMPLETED
        )
        running = {task: each for task, each in running.items() if task not in over}


async def _copied(claimed: Claim, clock: _Clock) -> None:
    """One file, from its claim to what is written about it. Never raises."""
    drafts: list[disk.Draft] = []
    try:
        came = await _attempt(claimed, drafts)
        await sync_to_async(write)(claimed, came, now=clock.now())
    except Exception:
        # The claim runs out, and the file is taken up again.
        logger.exception("What came of file %s was not written down", claimed.public_id)
    finally:
        for draft in drafts:
            disk.drop(draft)


async def _attempt(claimed: Claim, drafts: list[disk.Draft]) -> Copied | Trouble:
    """What came of one try; the draft that it began stands in ``drafts``, however it ends."""
    if claimed.tries > MOST_TRIES:
        return Trouble(_("It was given up: whatever copied it was ended in the middle each time."))
    try:
        drafts.append(await asyncio.to_thread(disk.new_draft, claimed.lease))
        async with asyncio.timeout(fetching.SECONDS + 20):
            return await fetching.copy(claimed.source, drafts[0])
    except TimeoutError:
        return Trouble(_("Copying took too long."), again=True)
    except OSError as error:
        reason = _("It could not be written to this site's disk: %s.") % (error.strerror or "")
        return Trouble(reason, again=True)
    except Exception as error:
        # An address may hold what opens it, so only the kind of trouble goes into the log.
        logger.error("File %s was not copied: %s", claimed.public_id, type(error).__name__)
        mistake = _("It could not be copied, because of a mistake on this side.")
        return Trouble(mistake, again=True)


def claim(most: int, *, now: datetime) -> list[Claim]:
    """Up to so many files that are due and that nobody else copies."""
    due = SavedFile.objects.filter(state=State.WAITING, next_try_at__lte=now)
    texts = ("generation__answer", "generation__request_text", "generation__looks")
    rows = due.select_related("generation").defer(*texts).order_by("next_try_at", "pk")
    return [_claim(row) for row in rows[: max(0, most)] if _taken(row, now=now)]


def renew(claims: list[Claim], *, now: datetime) -> None:
    """Keep what is being copied just now from being taken up by others."""
    mine = SavedFile.objects.filter(pk__in=[each.pk for each in claims], state=State.WAITING)
    mine.filter(lease__in=[each.lease for each in claims]).update(next_try_at=now + CLAIMED_FOR)


def _taken(row: SavedFile, *, now: datetime) -> bool:
    """Whether this worker has it now; of two who try, the second finds it changed."""
    before = row.next_try_at
    same = SavedFile.objects.filter(pk=row.pk, state=State.WAITING, lease=row.lease)
    row.lease, row.tries, row.next_try_at = secrets.token_hex(16), row.tries + 1, now + CLAIMED_FOR
    return bool(
        same.filter(next_try_at=before).update(
            lease=row.lease, tries=F("tries") + 1, next_try_at=row.next_try_at
        )
    )


def _claim(row: SavedFile) -> Claim:
    job = row.generation
    return Claim(
        pk=row.pk,
        public_id=row.public_id,
        team_id=row.team_id,
        generation_id=row.generation_id,
        lease=row.lease,
        tries=row.tries,
        source=Source(url=row.url, mode=job.mode, base_url=job.base_url),
        upstream_expires_at=row.upstream_expires_at,
    )


def write(claimed: Claim, came: Copied | Trouble, *, now: datetime) -> None:
    """Bring a copy into its place, or write down why there is none."""
    if isinstance(came, Copied) and came.draft.size > room.most():
        came = Trouble(_("The file is larger than all that a team's copies may have together."))
    if isinstance(came, Trouble):
        _refused(claimed, came, now=now)
        return
    with disk.held(claimed.team_id):
        gone = _saved(claimed, came, now=now)
        for name in gone:
            disk.remove(name)


def _saved(claimed: Claim, came: Copied, *, now: datetime) -> list[str]:
    """Move the copy and write its row; the names of the copies that went for it."""
    with transaction.atomic():
        row = _mine(claimed)
        if row is None:
            return []
        row.path = disk.settle(came.draft, claimed.team_id)
        row.state, row.reason = State.SAVED, _difference(came)
        row.mime, row.kind = came.mime[:60], kinds.family_of(came.mime)
        row.size, row.sha256 = came.draft.size, came.draft.sha256
        row.width, row.height = came.measures.width, came.measures.height
        row.seconds = came.measures.seconds
        row.lease, row.next_try_at, row.saved_at = "", None, now
        row.expires_at = kept_until(claimed.team_id, now)
        row.save()
        facts = {"file": row.public_id, "size": row.size, "mime": row.mime}
        moments.add(claimed.generation_id, Moment.Kind.FILE_SAVED, at=now, facts=facts)
        changed(claimed.generation_id, now=now)
        return room.make(claimed.team_id, but=row.path, now=now)


def _mine(claimed: Claim) -> SavedFile | None:
    """The row under the job's lock and its own; None when the claim has run out meanwhile."""
    jobs = Generation.objects.select_for_update(no_key=True).filter(pk=claimed.generation_id)
    if jobs.first() is None:
        return None
    rows = SavedFile.objects.select_for_update().filter(pk=claimed.pk, state=State.WAITING)
    return rows.filter(lease=claimed.lease).first()


def _difference(came: Copied) -> str:
    """A sentence where the server called the file something that it is not."""
    said = came.said.partition(";")[0].strip().lower()
    if said == came.mime or said not in MEDIA_TYPES or _alike(said, came.mime):
        return ""
    return _("The server called it %(said)s; its bytes show %(mime)s.") % {
        "said": said,
        "mime": came.mime,
    }


def _alike(one: str, other: str) -> bool:
    """Whether two names mean one format, such as audio/wave and audio/wav."""
    return kinds.PLAIN.get(one, one) == kinds.PLAIN.get(other, other)


def kept_until(team_id: int, now: datetime) -> datetime | None:
    """When a copy of now is deleted; None where the team keeps them for ever."""
    rules = HistoryRules.objects.filter(team_id=team_id).first() or HistoryRules()
    return None if rules.result_days is None else now + timedelta(days=rules.result_days)


def _refused(claimed: Claim, trouble: Trouble, *, now: datetime) -> None:
    """Plan another try, or say that there will be no copy."""
    pause = _pause(claimed, now=now) if trouble.again else None
    with transaction.atomic():
        row = _mine(claimed)
        if row is None:
            return
        row.lease, row.reason = "", trouble.reason[:300]
        if pause is not None:
            row.next_try_at = now + pause
        else:
            row.state, row.next_try_at = State.REFUSED, None
            facts = {"reason": row.reason, "file": row.public_id}
            moments.add(claimed.generation_id, Moment.Kind.FILE_REFUSED, at=now, facts=facts)
        row.save(update_fields=["lease", "reason", "state", "next_try_at"])
        changed(claimed.generation_id, now=now)


def _pause(claimed: Claim, *, now: datetime) -> timedelta | None:
    """How long to wait for another try; sooner where the address is about to end."""
    if claimed.tries > len(PAUSES):
        return None
    seconds = PAUSES[claimed.tries - 1] * (0.9 + secrets.randbelow(200) / 1000)
    if claimed.upstream_expires_at is not None:
        left = (claimed.upstream_expires_at - now).total_seconds()
        seconds = min(seconds, max(5.0, left / 2))
    return timedelta(seconds=seconds)
