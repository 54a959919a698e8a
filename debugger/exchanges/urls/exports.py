"""One run or many, taken along."""

from __future__ import annotations

from django.urls import path

from debugger.exchanges.views import exports

app_name = "exports"
urlpatterns = [
    path("export.<str:format>", exports.many, name="many"),
    path("<str:run>/export.<str:format>", exports.one, name="one"),
]
