"""The board of jobs and one job."""

from __future__ import annotations

from django.urls import path

from debugger.generations.views import board, job

app_name = "generations"
urlpatterns = [
    path("", board.board, name="board"),
    path("changed", board.changed, name="changed"),
    path("ended", board.ended, name="ended"),
    path("<str:generation>/", job.page, name="job"),
    path("<str:generation>/live", job.live, name="live"),
    path("<str:generation>/card", job.card, name="card"),
    path("<str:generation>/steer", job.steer, name="steer"),
    path("<str:generation>/comment", job.comment, name="comment"),
]
