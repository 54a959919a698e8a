"""The rows in which the emulator keeps its accounts.

Values are JSON in text columns, because PostgreSQL's own JSON type cannot hold what a prompt may
hold: NUL and half surrogate pairs. Uploaded bytes are rows too: they are committed, rolled back
and swept together with the record that names them, and no file is ever left behind.
"""

from __future__ import annotations

from django.db import models


class SandboxAccount(models.Model):
    """One throw-away account. ``wake_at`` is in POSIX seconds, None for never."""

    id = models.CharField(primary_key=True, max_length=64)
    created_at = models.FloatField()
    touched_at = models.FloatField(db_index=True)
    wake_at = models.FloatField(null=True, db_index=True)

    def __str__(self) -> str:
        return self.id


class SandboxRecord(models.Model):
    """One JSON object; the row's own number is its place in the order of insertion."""

    account = models.ForeignKey(SandboxAccount, on_delete=models.CASCADE, related_name="records")
    kind = models.CharField(max_length=64)
    key = models.CharField(max_length=200)
    value = models.TextField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("account", "kind", "key"), name="sandbox_record_once"),
        )
        indexes = (models.Index(fields=("account", "kind", "id"), name="sandbox_record_order"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class SandboxKey(models.Model):
    """A sandbox API key, by the SHA-256 of its text: the text itself is nowhere."""

    digest = models.CharField(unique=True, max_length=64)
    account = models.ForeignKey(SandboxAccount, on_delete=models.CASCADE, related_name="keys")
    record = models.TextField()

    def __str__(self) -> str:
        return self.digest[:12]


class SandboxBlob(models.Model):
    """The bytes of one uploaded file."""

    account = models.ForeignKey(SandboxAccount, on_delete=models.CASCADE, related_name="blobs")
    key = models.CharField(max_length=200)
    data = models.BinaryField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("account", "key"), name="sandbox_blob_once"),
        )

    def __str__(self) -> str:
        return self.key
