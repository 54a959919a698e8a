"""The addresses of this room."""

from __future__ import annotations

from django.urls import path

from debugger.hub import views

app_name = "hub"
urlpatterns = [
    path("", views.landing, name="landing"),
    path("t/<slug:slug>/", views.home, name="home"),
    path("t/<slug:slug>/checklist", views.checklist, name="checklist"),
    path("t/<slug:slug>/running", views.running, name="running"),
    path("docs/", views.docs, name="docs"),
    path("docs/assumptions/", views.assumptions, name="assumptions"),
    path("docs/errors/", views.errors, name="errors"),
    path("docs/first-steps/", views.first_steps, name="first_steps"),
    path("docs/keyboard/", views.keyboard, name="keyboard"),
    path("docs/mock-mode/", views.mock_mode, name="mock_mode"),
    path("docs/teams-and-keys/", views.teams_and_keys, name="teams_and_keys"),
    path(
        "docs/history-and-generations/",
        views.history_and_generations,
        name="history_and_generations",
    ),
    path("openapi.json", views.openapi, name="openapi"),
]
