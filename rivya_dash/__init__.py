"""The site: how it is run. Knows nothing of Rivya."""

from __future__ import annotations

from rivya_dash.celery import app as celery_app

__all__ = ["celery_app"]
