"""The task that proves that background work is done."""

from __future__ import annotations

from pathlib import Path

from celery import shared_task
from django.conf import settings


@shared_task(name="debugger.web.ping")
def ping(token: str) -> None:
    """Leave a mark that `rivya-dash up` looks for; the token is the mark's name."""
    if token.isalnum():
        (Path(settings.RIVYA_DASH_DATA) / "run" / f"ping-{token}").touch()
