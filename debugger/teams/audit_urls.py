"""The addresses of the audit log, under a team's."""

from __future__ import annotations

from django.urls import path

from debugger.teams import audit_views

app_name = "audit"
urlpatterns = [
    path("t/<slug:slug>/audit/", audit_views.log, name="log"),
    path("t/<slug:slug>/audit.csv", audit_views.export, name="export"),
]
