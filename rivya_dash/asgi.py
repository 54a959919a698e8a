"""What an ASGI server runs: ``uvicorn rivya_dash.asgi:application``."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.exceptions import ImproperlyConfigured

from debugger.web.limits import BodyLimit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rivya_dash.settings")

if settings.SECRET_KEY_IS_TEMPORARY:
    # Two processes with keys of their own would each throw out the other's sessions.
    raise ImproperlyConfigured(
        "There is no secret key. Set RIVYA_DASH_SECRET_KEY or RIVYA_DASH_SECRET_KEY_FILE, "
        "or start with `rivya-dash up`, which makes one."
    )

application = BodyLimit(get_asgi_application(), limit=settings.RIVYA_DASH_MAX_REQUEST_BYTES)
