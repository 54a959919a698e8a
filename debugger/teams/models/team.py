"""Teams, who belongs to them, and who was asked to."""

from __future__ import annotations

from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

# What a team begins with: the dearest model documented passes once, and a day cannot cost more than
# the smallest pack of credits that Rivya sells.
FIRST_RUN_CEILING: Final = 200
FIRST_DAY_CEILING: Final = 500


class Role(models.TextChoices):
    """What a person is in a team. What each may do is written in access.py alone."""

    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    MEMBER = "member", _("Member")
    VIEWER = "viewer", _("Viewer")


class Team(models.Model):
    """People who share keys, ceilings and what they ran.

    A deleted team stays as a tombstone without slug, members and keys, so that its audit log can
    still be read by those who run the site. Ceilings are in credits, null for none.
    """

    # Null, not "", for tombstones: a database holds many nulls in a unique column.
    slug = models.SlugField(max_length=40, unique=True, null=True)  # noqa: DJ001
    name = models.CharField(_("name"), max_length=80)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    deleted_at = models.DateTimeField(null=True)
    run_ceiling = models.PositiveIntegerField(null=True, default=FIRST_RUN_CEILING)
    day_ceiling = models.PositiveIntegerField(null=True, default=FIRST_DAY_CEILING)
    sandbox_account = models.CharField(max_length=64, blank=True)
    checklist_hidden_at = models.DateTimeField(null=True)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="teams"
    )

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(slug__isnull=False) | models.Q(deleted_at__isnull=False),
                name="team_without_slug_is_deleted",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One person's place in one team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=10, choices=Role.choices)
    joined_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=("team", "user"), name="membership_once"),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="membership_role_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"


class Invitation(models.Model):
    """A place in a team that waits for its person.

    The link's token is stored as its SHA-256 in hexadecimal. With an ``email`` only the person
    with that verified address may accept. One of accepted_at, revoked_at and expires_at ends it.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail address"), blank=True)
    role = models.CharField(max_length=10, choices=Role.choices)
    token_hash = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")

    def __str__(self) -> str:
        return self.email or str(_("anybody with the link"))
