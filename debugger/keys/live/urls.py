"""The addresses of live mode in a team: arming, the account strip, ceilings and spend."""

from __future__ import annotations

from django.urls import path

from debugger.keys.live import views

app_name = "live"
urlpatterns = [
    path("arm", views.arm, name="arm"),
    path("disarm", views.disarm, name="disarm"),
    path("strip", views.strip, name="strip"),
    path("balance", views.balance, name="balance"),
    path("ceilings", views.ceilings, name="ceilings"),
    path("spend", views.spend, name="spend"),
]
