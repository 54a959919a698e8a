"""What a team ran: the list, one run, views, stars, comments, what is kept."""

from __future__ import annotations

from django.urls import path

from debugger.exchanges.views import history, keeping

app_name = "history"
urlpatterns = [
    path("", history.runs, name="list"),
    path("views", keeping.views, name="views"),
    path("keep", keeping.keep, name="keep"),
    path("<str:run>/", history.run, name="run"),
    path("<str:run>/star", history.star, name="star"),
    path("<str:run>/comment", history.comment, name="comment"),
    path("<str:run>/request", history.request_text, name="request"),
    path("<str:run>/response", history.response_text, name="response"),
]
