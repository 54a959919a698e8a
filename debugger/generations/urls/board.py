"""The board of jobs and one job."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "generations"
urlpatterns: list[URLPattern] = []
