"""The debug page and error reports: whoever debugs this site types real keys into it."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from django.test.utils import override_settings
from django.views.debug import get_exception_reporter_class

from debugger.web.reports import SecretsFilter

KEY = "rvya_sk_" + "c" * 32


def report(request: HttpRequest) -> str:
    api_key = other = KEY
    nested = {"body": [f"Bearer {KEY}"]}
    try:
        raise ValueError(f"refused {api_key}{other}{nested}"[:7])
    except ValueError:
        kind, error, trace = sys.exc_info()
    reporting: Any = get_exception_reporter_class(request)
    reporter = reporting(request, kind, error, trace)
    return str(reporter.get_traceback_html() + reporter.get_traceback_text())


@pytest.mark.parametrize("debug", [True, False])
def test_a_pasted_key_is_nowhere_in_a_report(debug: bool) -> None:
    request = RequestFactory().post(
        "/panels/x/run",
        {"api_key": KEY, "prompt": f"my key is {KEY}", "body/params/text": KEY},
        headers={"Authorization": f"Bearer {KEY}", "Cookie": f"other={KEY}", "X-Odd": KEY},
        query_params={"key": KEY},
    )
    with override_settings(DEBUG=debug):
        page = report(request)
    assert "ValueError" in page
    assert KEY not in page


def test_settings_are_hidden_by_name_and_by_shape() -> None:
    reporting = SecretsFilter()
    shown = reporting.get_safe_settings()
    assert shown["SECRET_KEY"] == reporting.cleansed_substitute
    assert shown["DATABASES"] == reporting.cleansed_substitute
    assert KEY not in str(reporting.cleanse_setting("NOTES", {"a": [f"x {KEY}"]}))
    assert reporting.cleanse_setting("LANGUAGE_CODE", "en") == "en"
