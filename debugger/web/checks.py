"""What `manage.py check --deploy` looks at beyond Django's own list."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, register


@register(Tags.security, deploy=True)
def secret_key_lasts(*_: Any, **__: Any) -> list[CheckMessage]:
    """A key that dies with the process ends every session with it."""
    if not settings.SECRET_KEY_IS_TEMPORARY:
        return []
    hint = "Set RIVYA_DASH_SECRET_KEY or RIVYA_DASH_SECRET_KEY_FILE."
    return [Error("There is no lasting secret key.", hint=hint, id="rivya_dash.E001")]


@register(Tags.caches, deploy=True)
def limits_are_shared(*_: Any, **__: Any) -> list[CheckMessage]:
    """Processes that count apart let through as many times more as there are of them."""
    if settings.RIVYA_DASH_CACHE_URL:
        return []
    told = "Limits on sign-in, runs and sandboxes are counted by each web process for itself."
    hint = "With more than one web process set RIVYA_DASH_CACHE_URL to redis://..."
    return [Info(told, hint=hint, id="rivya_dash.I001")]
