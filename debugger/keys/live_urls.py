"""The addresses of live mode in a team: arming, the account strip, and what it may spend."""

from __future__ import annotations

from django.urls import path

from debugger.keys import live_views

app_name = "live"
urlpatterns = [
    path("arm", live_views.arm, name="arm"),
    path("disarm", live_views.disarm, name="disarm"),
    path("strip", live_views.strip, name="strip"),
    path("balance", live_views.balance, name="balance"),
    path("ceilings", live_views.ceilings, name="ceilings"),
]
