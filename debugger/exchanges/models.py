"""One stored request and its answer, and what people add to it.

Rows hold no secret: they are made of an Outcome, which has none. What lists need stands in a narrow
row, bodies and headers in a row of their own, the words to search in a third.
"""

from __future__ import annotations

from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from debugger.keys.models import ApiKey
from debugger.teams.models import Team
from debugger.web import moments

PREFIX: Final = "run"


class Exchange(models.Model):
    """One run of a panel by a team. Its number tells when its answer came (web/moments.py).

    Names of people and keys are copied, so that a row stays readable when they are gone. Amounts
    are credits as the API states them, null for "not stated"; ``job_status`` is the status that the
    answer gave a job, and in the end the one that the job ended with. A run whose job failed has
    ``failed``, though its answer was a 200. ``made`` is the id of what was made, and
    ``fingerprint`` names the body, so that two runs of one request find each other.
    """

    class Mode(models.TextChoices):
        """Which transport carried it."""

        MOCK = "mock", _("Mock")
        LIVE = "live", _("Live")

    id = models.BigIntegerField(primary_key=True, default=moments.new_id)
    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, related_name="exchanges", db_index=False
    )
    at = models.DateTimeField(default=timezone.now)
    mode = models.CharField(max_length=4, choices=Mode.choices)
    operation = models.CharField(max_length=60)
    user_id = models.BigIntegerField(null=True)
    user_name = models.CharField(max_length=200, blank=True)
    key = models.ForeignKey(
        ApiKey, null=True, on_delete=models.SET_NULL, related_name="exchanges", db_index=False
    )
    key_label = models.CharField(max_length=60, blank=True)
    base_url = models.CharField(max_length=200, blank=True)
    scenario = models.CharField(max_length=64, blank=True)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=500)
    status = models.PositiveSmallIntegerField(null=True)
    failed = models.BooleanField(default=False)
    failure_kind = models.CharField(max_length=20, blank=True)
    error_code = models.CharField(max_length=80, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    request_id = models.CharField(max_length=200, blank=True)
    idempotency_key = models.CharField(max_length=255, blank=True)
    made = models.CharField(max_length=300, blank=True)
    job_status = models.CharField(max_length=64, blank=True)
    model = models.CharField(max_length=100, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    summary = models.CharField(max_length=200, blank=True)
    estimated = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    reserved = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    final = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    first_byte_ms = models.FloatField(null=True)
    total_ms = models.FloatField(default=0)
    request_size = models.BigIntegerField(default=0)
    response_size = models.BigIntegerField(default=0)
    starred = models.BooleanField(default=False)
    origin = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="copies", db_index=False
    )

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("team", "-id"), name="exchange_newest"),
            models.Index(fields=("team", "operation", "-id"), name="exchange_by_operation"),
            models.Index(fields=("team", "model", "-id"), name="exchange_by_model"),
            models.Index(fields=("team", "user_id", "-id"), name="exchange_by_person"),
            models.Index(
                fields=("team", "-id"), name="exchange_failed", condition=models.Q(failed=True)
            ),
            models.Index(
                fields=("team", "error_code", "-id"),
                name="exchange_by_error",
                condition=models.Q(failed=True),
            ),
            models.Index(
                fields=("team", "-id"), name="exchange_starred", condition=models.Q(starred=True)
            ),
            models.Index(fields=("team", "idempotency_key"), name="exchange_by_idempotency"),
            models.Index(fields=("team", "fingerprint", "-id"), name="exchange_same_body"),
            models.Index(
                fields=("key", "-id"), name="exchange_of_key", condition=models.Q(key__isnull=False)
            ),
            models.Index(
                fields=("origin",),
                name="exchange_copies",
                condition=models.Q(origin__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.name}"

    @property
    def name(self) -> str:
        """How it is called in addresses and in print: "run_1jz3k8x2m4q9"."""
        return moments.name_of(PREFIX, self.id)


class ExchangeContent(models.Model):
    """The two messages as texts, trimmed to the team's cap. Null is "no body" or "binary".

    ``intact`` says that ``request_text`` is byte for byte what was sent, so that it can be sent
    again; ``kept`` is False where the team keeps no bodies. ``draft`` is the panel's draft as JSON.
    Sizes before trimming stand in the Exchange.
    """

    exchange = models.OneToOneField(
        Exchange, primary_key=True, on_delete=models.CASCADE, related_name="content"
    )
    kept = models.BooleanField(default=True)
    url = models.TextField(blank=True)
    request_headers = models.JSONField(default=list)
    request_text = models.TextField(null=True)  # noqa: DJ001 - Null is "no body", "" an empty one.
    request_trimmed = models.BooleanField(default=False)
    intact = models.BooleanField(default=False)
    response_headers = models.JSONField(default=list)
    response_text = models.TextField(null=True)  # noqa: DJ001 - Null is "no answer" or "binary".
    response_trimmed = models.BooleanField(default=False)
    is_json = models.BooleanField(default=False)
    http_version = models.CharField(max_length=20, blank=True)
    connect_ms = models.FloatField(null=True)
    failure_detail = models.TextField(blank=True)
    retry_after = models.FloatField(null=True)
    drift = models.JSONField(default=list)
    draft = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"content of {self.exchange_id}"


class ExchangeWords(models.Model):
    """The words by which an exchange is found, separated by spaces; see words.py."""

    exchange = models.OneToOneField(
        Exchange, primary_key=True, on_delete=models.CASCADE, related_name="found_by"
    )
    words = models.TextField()

    def __str__(self) -> str:
        return self.words[:80]


class HistoryRules(models.Model):
    """What a team keeps: for how many days (null for ever), and whether bodies too.

    Bodies of runs below the number ``strip_below`` are still to be deleted; null when none are.
    """

    FIRST_DAYS: ClassVar[int] = 90

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="history_rules")
    days = models.PositiveIntegerField(null=True, default=FIRST_DAYS)
    bodies = models.BooleanField(default=True)
    result_days = models.PositiveIntegerField(null=True, default=30)
    strip_below = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.days} days"


class SavedView(models.Model):
    """A filter of the history that a team keeps under a name; ``query`` is the address's part."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=1000)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=("team", "name"), name="saved_view_once")
        ]

    def __str__(self) -> str:
        return self.name


class Comment(models.Model):
    """What a person says about a run or a generation; ``about`` is its name in addresses."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="comments")
    about = models.CharField(max_length=24)
    user_id = models.BigIntegerField()
    user_name = models.CharField(max_length=200)
    text = models.TextField(_("comment"))
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("team", "about", "at"), name="comments_about")
        ]

    def __str__(self) -> str:
        return self.text[:80]
