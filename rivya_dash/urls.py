"""Every address of the site: the app's, and the pages for what goes wrong."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("debugger.urls")),
]

handler400 = "debugger.web.errors.not_understood"
handler500 = "debugger.web.errors.server_error"
