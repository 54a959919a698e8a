"""What `manage.py check --deploy` looks at beyond Django's own list."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security, deploy=True)
def secret_key_lasts(*_: Any, **__: Any) -> list[CheckMessage]:
    """A key that dies with the process ends every session with it."""
    if not settings.SECRET_KEY_IS_TEMPORARY:
        return []
    hint = "Set RIVYA_DASH_SECRET_KEY or RIVYA_DASH_SECRET_KEY_FILE."
    return [Error("There is no lasting secret key.", hint=hint, id="rivya_dash.E001")]
