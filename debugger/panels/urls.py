"""The addresses of this room."""

from __future__ import annotations

from django.urls import path, re_path

from debugger.panels import views

app_name = "panels"
urlpatterns = [
    path("", views.index, name="index"),
    path("curl", views.curl, name="curl"),
    path("media/<str:token>", views.live_media, name="media"),
    path("mirror/<str:run>", views.mirror, name="mirror"),
    re_path(r"^(?P<operation_id>[a-z_.]+)/$", views.panel, name="panel"),
    re_path(r"^(?P<operation_id>[a-z_.]+)/form$", views.form, name="form"),
    re_path(r"^(?P<operation_id>[a-z_.]+)/preview$", views.preview, name="preview"),
    re_path(r"^(?P<operation_id>[a-z_.]+)/schema$", views.schema, name="schema"),
    re_path(r"^(?P<operation_id>[a-z_.]+)/run$", views.run, name="run"),
    re_path(r"^(?P<operation_id>[a-z_.]+)/stream$", views.stream, name="stream"),
    re_path(r"^(?P<operation_id>[a-z_.]+)/watch$", views.watch, name="watch"),
]
