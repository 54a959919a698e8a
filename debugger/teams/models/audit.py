"""What was done in a team, by whom, from where. Rows are written once and never again."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.db import models
from django.utils import timezone


class AppendOnlyError(Exception):
    """Somebody tried to change or remove what was written once; the database refuses it too."""

    def __init__(self) -> None:
        super().__init__("The audit log is append-only.")


class AppendOnly(models.QuerySet["AuditEvent"]):
    """Reads and creates."""

    def update(self, **_: Any) -> NoReturn:
        """Refuse."""
        raise AppendOnlyError

    def delete(self) -> NoReturn:
        """Refuse."""
        raise AppendOnlyError

    def bulk_update(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse."""
        raise AppendOnlyError


class AuditEvent(models.Model):
    """One action, or one view of something sensitive.

    Names are copied, so that a sentence stays true after its person or object is gone, and the
    numbers of team and person are no foreign keys, so that nothing ever changes a row. ``changed``
    is {field: [before, after]}; of a secret it holds fingerprints, never the value.
    """

    at = models.DateTimeField(default=timezone.now)
    team_id = models.BigIntegerField(null=True)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=200)
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    object_label = models.CharField(max_length=200, blank=True)
    changed = models.JSONField(default=dict)
    ip = models.CharField(max_length=45, blank=True)
    place = models.CharField(max_length=80, blank=True)
    request_id = models.CharField(max_length=40, blank=True)

    objects = AppendOnly.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=("team_id", "-at", "-id"), name="audit_newest"),
            models.Index(fields=("team_id", "action", "-at"), name="audit_by_action"),
            models.Index(fields=("team_id", "actor_id", "-at"), name="audit_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.object_label}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write a new event; refuse to write an old one again."""
        if not self._state.adding:
            raise AppendOnlyError
        super().save(*args, **kwargs)

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse."""
        raise AppendOnlyError
