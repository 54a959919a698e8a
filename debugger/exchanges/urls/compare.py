"""Two of anything, side by side."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "compare"
urlpatterns: list[URLPattern] = []
