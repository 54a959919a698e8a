"""The addresses of this room."""

from __future__ import annotations

from django.urls import path

from debugger.hub import views

app_name = "hub"
urlpatterns = [
    path("", views.landing, name="landing"),
    path("t/<slug:slug>/", views.home, name="home"),
    path("docs/", views.docs, name="docs"),
    path("docs/assumptions/", views.assumptions, name="assumptions"),
    path("docs/errors/", views.errors, name="errors"),
    path("docs/keyboard/", views.keyboard, name="keyboard"),
    path("docs/mock-mode/", views.mock_mode, name="mock_mode"),
    path("openapi.json", views.openapi, name="openapi"),
]
