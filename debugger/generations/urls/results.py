"""Saved copies of results."""

from __future__ import annotations

from django.urls import path

from debugger.generations.views import results

app_name = "results"
urlpatterns = [
    path("of/<str:generation>/save", results.save, name="save"),
    path("<str:file>", results.file, name="file"),
]
