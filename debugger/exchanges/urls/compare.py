"""Two of anything, side by side."""

from __future__ import annotations

from django.urls import path

from debugger.exchanges.views import compare

app_name = "compare"
urlpatterns = [
    path("compare", compare.pair, name="pair"),
    path("<str:run>/same", compare.same, name="same"),
]
