"""Sealed keys of a team, what they were used for, and what they spent."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from debugger.teams.models import Team


def new_public_id() -> str:
    """The name of a key in addresses; it tells nothing about the key."""
    return secrets.token_hex(8)


class DataKey(models.Model):
    """The key that seals one team's secrets, itself wrapped by a master key.

    The one without a team seals what belongs to the site, such as second factors of people.
    ``master`` is the label of the master key, see vault/master.py. Without ``wrapped`` it was
    shredded, and with it everything that it sealed.
    """

    team = models.OneToOneField(Team, null=True, on_delete=models.CASCADE, related_name="data_key")
    wrapped = models.BinaryField(null=True)
    master = models.CharField(max_length=40, blank=True)
    version = models.PositiveIntegerField(default=1)  # Grows with each wrapping, for caches.
    created_at = models.DateTimeField(default=timezone.now)
    wrapped_at = models.DateTimeField(default=timezone.now)
    shredded_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # Databases take one NULL for different from another; the site has one data key too.
            models.UniqueConstraint(
                Coalesce("team", models.Value(0), output_field=models.BigIntegerField()),
                name="data_key_once",
            )
        ]

    def __str__(self) -> str:
        return f"data key of team {self.team_id}" if self.team_id else "data key of the site"


class ApiKey(models.Model):
    """One Rivya API key of a team. Its value is in ``sealed``, which only vault.py can open.

    ``base_url`` is the only address that it is ever sent to. ``scopes`` are as the person stated
    them, null when unknown; ``seen`` is {scope: "granted" | "denied"} as answers have shown.
    ``retire_at`` ends the overlap of a rotated key, ``shred_at`` the time in which a revocation can
    be undone. A shredded key has no ``sealed``. Ceilings are in credits, null for the team's alone.
    """

    class Health(models.TextChoices):
        """What the last answers said of the key."""

        UNKNOWN = "unknown", _("Not tested")
        OK = "ok", _("Works")
        FAILING = "failing", _("Refused")

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="api_keys")
    label = models.CharField(_("label"), max_length=60)
    environment = models.CharField(_("environment"), max_length=30, blank=True)
    base_url = models.CharField(max_length=200)
    last_four = models.CharField(max_length=4)
    sealed = models.BinaryField(null=True)
    fingerprint = models.CharField(max_length=16)
    scopes = models.JSONField(null=True)
    seen = models.JSONField(default=dict)
    expires_at = models.DateTimeField(null=True)
    run_ceiling = models.PositiveIntegerField(null=True)
    day_ceiling = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    last_used_at = models.DateTimeField(null=True)
    last_used_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    last_used_for = models.CharField(max_length=60, blank=True)
    health = models.CharField(max_length=10, choices=Health.choices, default=Health.UNKNOWN)
    health_code = models.CharField(max_length=60, blank=True)
    health_at = models.DateTimeField(null=True)
    balance = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    balance_at = models.DateTimeField(null=True)
    replaced_by = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="replaces"
    )
    retire_at = models.DateTimeField(null=True, db_index=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    shred_at = models.DateTimeField(null=True, db_index=True)
    shredded_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("team", "-created_at"), name="key_of_team")
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(sealed__isnull=False, shredded_at__isnull=True)
                | models.Q(sealed__isnull=True, shredded_at__isnull=False),
                name="key_is_sealed_or_shredded",
            )
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def sealed_as(self) -> str:
        """What the seal binds the value to: this row, and the only address it is sent to."""
        return f"{self.public_id}@{self.base_url}"

    @property
    def stated(self) -> tuple[str, ...] | None:
        """The scopes that the person stated; None when they are unknown."""
        return None if self.scopes is None else tuple(self.scopes)


class KeyUse(models.Model):
    """How often one person used one key for one operation on one day (UTC)."""

    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="uses")
    user_id = models.BigIntegerField()
    operation = models.CharField(max_length=60)
    day = models.DateField()
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=("key", "user_id", "operation", "day"), name="key_use_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.operation} x {self.count}"


class SpendDay(models.Model):
    """Credits that are spent or held on one day (UTC): by a key, or by the whole team.

    The row is what parallel runs compete for: it grows by a conditional update or not at all.
    ``key`` is null for the team's own row.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="spend_days")
    key = models.ForeignKey(ApiKey, null=True, on_delete=models.CASCADE, related_name="spend_days")
    day = models.DateField()
    credits = models.DecimalField(max_digits=14, decimal_places=2, default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=("team", "day"),
                condition=models.Q(key__isnull=True),
                name="spend_day_of_team_once",
            ),
            models.UniqueConstraint(
                fields=("key", "day"),
                condition=models.Q(key__isnull=False),
                name="spend_day_of_key_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.credits}"


class Spend(models.Model):
    """One live run that costs credits: held before it is sent, settled by what the API says."""

    class State(models.TextChoices):
        """How sure the amount is."""

        HELD = "held", _("Held")
        RESERVED = "reserved", _("Reserved")
        FINAL = "final", _("Final")
        RELEASED = "released", _("Released")

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="spends")
    key = models.ForeignKey(ApiKey, null=True, on_delete=models.SET_NULL, related_name="spends")
    user_id = models.BigIntegerField()
    operation = models.CharField(max_length=60)
    model = models.CharField(max_length=100, blank=True)
    made = models.CharField(max_length=80, blank=True, db_index=True)
    idempotency = models.CharField(max_length=64, blank=True)
    day = models.DateField()
    estimated = models.DecimalField(max_digits=14, decimal_places=2)
    credits = models.DecimalField(max_digits=14, decimal_places=2)
    state = models.CharField(max_length=10, choices=State.choices, default=State.HELD)
    overridden_by = models.BigIntegerField(null=True)
    held_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True)

    again: bool = False
    """Not stored: this row was there already when its request was held once more."""

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("state", "held_at"), name="spend_unsettled"),
            models.Index(fields=("team", "-held_at"), name="spend_of_team"),
            # Whatever the page of spend adds up, so that it reads the index and no row.
            models.Index(
                fields=(
                    "team",
                    "day",
                    "state",
                    "user_id",
                    "model",
                    "key",
                    "overridden_by",
                    "credits",
                ),
                name="spend_by_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation}: {self.credits}"
