"""What a team ran: the list, one run, views, stars, comments, what is kept."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "history"
urlpatterns: list[URLPattern] = []
