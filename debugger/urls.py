"""Every address of the app, gathered from its rooms."""

from __future__ import annotations

from django.urls import include, path

from debugger.panels.urls import urlpatterns as panels
from debugger.panels.views import mock_media
from debugger.teams.access import public
from debugger.web.health import healthz

urlpatterns = [
    path("healthz", public(healthz), name="healthz"),
    path("accounts/", include("debugger.teams.accounts.urls")),
    path("panels/", include("debugger.panels.urls")),
    path("t/<slug:slug>/panels/", include((panels, "team_panels"))),
    path("t/<slug:slug>/keys/", include("debugger.keys.urls")),
    path("t/<slug:slug>/live/", include("debugger.keys.live.urls")),
    path("t/<slug:slug>/history/", include("debugger.exchanges.urls.compare")),
    path("t/<slug:slug>/history/", include("debugger.exchanges.urls.exports")),
    path("t/<slug:slug>/history/", include("debugger.exchanges.urls.history")),
    path("t/<slug:slug>/errors/", include("debugger.exchanges.urls.errors")),
    path("t/<slug:slug>/generations/", include("debugger.generations.urls.board")),
    path("t/<slug:slug>/results/", include("debugger.generations.urls.results")),
    path("mock/media/<path:path>", mock_media, name="mock_media"),
    path("", include("debugger.teams.urls")),
    path("", include("debugger.teams.audit_urls")),
    path("", include("debugger.hub.urls")),
]
