"""The addresses of this room, all under a team's."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

app_name = "keys"
urlpatterns: list[URLPattern | URLResolver] = []
