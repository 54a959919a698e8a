"""What goes wrong, in groups."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "errors"
urlpatterns: list[URLPattern] = []
