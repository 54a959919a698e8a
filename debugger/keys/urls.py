"""The addresses of this room, all under a team's."""

from __future__ import annotations

from django.urls import path

from debugger.keys import views

app_name = "keys"
urlpatterns = [
    path("", views.index, name="index"),
    path("new", views.add, name="add"),
    path("<slug:public_id>/", views.key, name="key"),
    path("<slug:public_id>/test", views.test, name="test"),
    path("<slug:public_id>/edit", views.edit, name="edit"),
    path("<slug:public_id>/rotate", views.rotate, name="rotate"),
    path("<slug:public_id>/revoke", views.revoke, name="revoke"),
    path("<slug:public_id>/undo", views.undo, name="undo"),
]
