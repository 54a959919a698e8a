"""A job and everything that happened to it.

``Generation.next_poll_at`` is the queue: a row is due when it has passed, and whoever claims it
puts it behind the end of a lease. Losing a message, a worker or a broker loses nothing.
"""

from __future__ import annotations

import secrets
from typing import ClassVar, Final

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from debugger.exchanges.models import Exchange
from debugger.keys.models import ApiKey, Spend
from debugger.teams.models import Team
from debugger.web import moments

PREFIX: Final = "gen"


def new_file_id() -> str:
    """The name of a saved file in addresses."""
    return secrets.token_hex(16)


class Generation(models.Model):
    """One job that a team submitted, as far as it is known here.

    ``status`` is the API's own word, ``state`` what we do about it. ``task_id`` is "" while the
    answer of the submission is missing; then ``request_text`` is sent again with the same
    idempotency key. Amounts are credits as the API states them, null for "not stated".

    ``next_poll_at`` is null when nobody looks. ``lease`` names the worker that looks just now; what
    it writes is written only while the lease is still its own; UNDER_WAY stands there while the
    submission itself is open, which nobody hurries. ``digest`` stands for the last
    answer, ``looks`` is the run of looks since the last change ("offset_ms:took_ms:status;" each),
    which moves into a Moment when something changes. ``version`` grows with every visible change.
    """

    class State(models.TextChoices):
        """What we do about a job."""

        SUBMITTING = "submitting", _("Sending again")
        ACTIVE = "active", _("Followed")
        PAUSED = "paused", _("Paused")
        BY_HAND = "by_hand", _("Looked at by hand")
        UNKNOWN = "unknown", _("Unknown")
        STOPPED = "stopped", _("Not watched")
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")
        LOST = "lost", _("Lost")

    FINAL: ClassVar[frozenset[str]] = frozenset({State.SUCCEEDED, State.FAILED, State.LOST})
    POLLED: ClassVar[frozenset[str]] = frozenset({State.SUBMITTING, State.ACTIVE, State.UNKNOWN})
    UNDER_WAY: ClassVar[str] = "under way"

    id = models.BigIntegerField(primary_key=True, default=moments.new_id)
    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, related_name="generations", db_index=False
    )
    exchange = models.ForeignKey(
        Exchange, null=True, on_delete=models.SET_NULL, related_name="generations"
    )
    spend = models.ForeignKey(Spend, null=True, on_delete=models.SET_NULL, related_name="+")
    mode = models.CharField(max_length=4, choices=Exchange.Mode.choices)
    base_url = models.CharField(max_length=200, blank=True)
    account = models.CharField(max_length=64, blank=True)  # The sandbox account in mock mode.
    key = models.ForeignKey(
        ApiKey, null=True, on_delete=models.SET_NULL, related_name="generations", db_index=False
    )
    key_label = models.CharField(max_length=60, blank=True)
    user_id = models.BigIntegerField(null=True)
    user_name = models.CharField(max_length=200, blank=True)
    scenario = models.CharField(max_length=64, blank=True)
    task_id = models.CharField(max_length=300, blank=True)
    idempotency_key = models.CharField(max_length=255, blank=True)
    request_text = models.TextField(blank=True)
    model = models.CharField(max_length=100, blank=True)
    category = models.CharField(max_length=10, blank=True)
    title = models.CharField(max_length=200, blank=True)

    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    reason = models.CharField(max_length=500, blank=True)  # Why it is paused, lost or stopped.
    status = models.CharField(max_length=64, blank=True)
    answer = models.TextField(blank=True)  # The last answer with something new, redacted JSON.
    error_code = models.CharField(max_length=80, blank=True)
    error_message = models.TextField(blank=True)
    estimated = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    reserved = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    final = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    balance_before = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    balance_before_at = models.DateTimeField(null=True)
    balance_after = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    balance_after_at = models.DateTimeField(null=True)

    submitted_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)  # When it was first seen to be past the queue.
    ended_at = models.DateTimeField(null=True)  # When its end was first seen.
    changed_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    next_poll_at = models.DateTimeField(null=True)
    lease = models.CharField(max_length=32, blank=True)
    polls = models.PositiveIntegerField(default=0)
    polled_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)  # Looks in a row without a readable answer.
    digest = models.CharField(max_length=32, blank=True)
    looks = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=("next_poll_at",),
                name="generation_due",
                condition=models.Q(next_poll_at__isnull=False),
            ),
            models.Index(
                fields=("ended_at",),
                name="generation_balance_due",
                condition=models.Q(ended_at__isnull=False, balance_after_at__isnull=True),
            ),
            models.Index(fields=("team", "-id"), name="generation_newest"),
            models.Index(fields=("team", "changed_at"), name="generation_changed"),
            models.Index(fields=("team", "state", "-id"), name="generation_by_state"),
            models.Index(fields=("team", "model", "-id"), name="generation_by_model"),
            models.Index(fields=("team", "user_id", "-id"), name="generation_by_person"),
            models.Index(fields=("team", "mode", "-id"), name="generation_by_mode"),
            models.Index(
                fields=("key", "state"),
                name="generation_of_key",
                condition=models.Q(key__isnull=False),
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=("team", "task_id", "mode", "base_url", "account"),
                condition=~models.Q(task_id=""),
                name="generation_once",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=("succeeded", "failed", "lost"))
                | models.Q(next_poll_at__isnull=True),
                name="generation_ended_is_not_polled",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.name}"

    @property
    def name(self) -> str:
        """How it is called in addresses and in print: "gen_1jz3k8x2m4q9"."""
        return moments.name_of(PREFIX, self.id)

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in self.FINAL

    @property
    def is_under_way(self) -> bool:
        """Whether its submission is just being sent for the first time, as far as is known."""
        return self.state == self.State.SUBMITTING and self.lease == self.UNDER_WAY


class Moment(models.Model):
    """One thing that happened to a job. Rows are only added; ``number`` is their order.

    A run of looks without news is one row: ``count`` of them, from ``at`` to ``until``. ``facts``
    is a small flat object whose members depend on ``kind`` (see timeline.py), ``payload`` the
    redacted text that was sent or came.
    """

    class Kind(models.TextChoices):
        """What happened."""

        SENT = "sent", _("Request sent")
        ANSWERED = "answered", _("First answer")
        LOOKED = "looked", _("Looked")
        CHANGED = "changed", _("Status changed")
        RESENT = "resent", _("Sent again")
        PAUSED = "paused", _("Paused")
        RESUMED = "resumed", _("Resumed")
        UNKNOWN = "unknown", _("Given up for now")
        STOPPED = "stopped", _("Watching stopped")
        ENDED = "ended", _("Ended")
        SETTLED = "settled", _("Credits settled")
        BALANCE = "balance", _("Balance read")
        FILE_SAVED = "file_saved", _("Result saved")
        FILE_REFUSED = "file_refused", _("Result not saved")

    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="moments")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=20, choices=Kind.choices)
    at = models.DateTimeField()
    until = models.DateTimeField(null=True)
    count = models.PositiveIntegerField(default=1)
    facts = models.JSONField(default=dict)
    payload = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=("generation", "number"), name="moment_once")
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"


class SavedFile(models.Model):
    """One file of a result: where it was, and our own copy of it while there is one.

    ``mime`` is what the bytes show, not what was said. ``upstream_expires_at`` is null where
    nothing states it. ``path`` is the name in the locker's storage, "" without a copy.
    """

    class State(models.TextChoices):
        """How far the copy has come."""

        WAITING = "waiting", _("Waiting")
        SAVED = "saved", _("Saved")
        REFUSED = "refused", _("Not saved")
        EXPIRED = "expired", _("Deleted")

    public_id = models.CharField(max_length=32, unique=True, default=new_file_id)
    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="files")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="saved_files")
    number = models.PositiveIntegerField(default=0)
    url = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=300, blank=True)
    mime = models.CharField(max_length=60, blank=True)
    kind = models.CharField(max_length=10, blank=True)  # image, video, audio or other.
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    seconds = models.FloatField(null=True)
    path = models.CharField(max_length=200, blank=True)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, default=timezone.now)
    lease = models.CharField(max_length=32, blank=True)
    saved_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    upstream_expires_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=("next_try_at",),
                name="file_due",
                condition=models.Q(next_try_at__isnull=False),
            ),
            models.Index(
                fields=("expires_at",),
                name="file_expires",
                condition=models.Q(expires_at__isnull=False),
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=("generation", "number"), name="file_once")
        ]

    def __str__(self) -> str:
        return f"{self.mime or 'file'} {self.public_id}"


class Brake(models.Model):
    """Something that many jobs share and that is not asked for a while.

    ``scope`` is "host:<base address>" while an upstream is down or "key:<public id>" while a key is
    told to wait. One row speaks for all of its jobs, so a thousand of them make one notice.
    """

    scope = models.CharField(max_length=220, unique=True)
    since = models.DateTimeField()
    until = models.DateTimeField()
    failures = models.PositiveIntegerField(default=1)
    reason = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return self.scope


class Follower(models.Model):
    """Somebody who wants to be told when a job ends."""

    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="followers")
    user_id = models.BigIntegerField(db_index=True)
    asked_at = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=("generation", "user_id"), name="follower_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} of {self.generation_id}"
