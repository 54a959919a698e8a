"""What goes wrong, in groups."""

from __future__ import annotations

from django.urls import path

from debugger.exchanges.views import errors

app_name = "errors"
urlpatterns = [path("", errors.index, name="list")]
