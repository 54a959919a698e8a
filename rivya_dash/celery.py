"""The Celery application: ``celery -A rivya_dash.celery worker``."""

from __future__ import annotations

import os

from celery import Celery

from rivya_dash.broker import register

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rivya_dash.settings")

register()
app = Celery("rivya_dash")
app.config_from_object("django.conf:settings", namespace="CELERY")
_rooms = ("web", "sandbox", "teams", "keys", "exchanges", "generations")
app.autodiscover_tasks([f"debugger.{room}" for room in _rooms])
