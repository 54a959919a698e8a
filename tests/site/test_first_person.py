"""Whom `rivya-dash up` trusts to be the first person, and when it speaks of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rivya_dash.ports import is_loopback
from rivya_dash.up import Plan, _welcome
from tests import cast

TRUST = "RIVYA_DASH_FIRST_PERSON_IS_TRUSTED"


@pytest.fixture(autouse=True)
def a_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIVYA_DASH_ORIGINS", "http://127.0.0.1:8000,http://localhost:8000")
    monkeypatch.setenv(TRUST, "")
    monkeypatch.delenv(TRUST)
    monkeypatch.setattr("django.db.connections.close_all", lambda: None)


def plan(host: str = "127.0.0.1") -> Plan:
    return Plan(host=host, port=8000, emulator_port=None, data=Path("data"))


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104  # Not bound here.
        ("::", False),
        ("192.168.1.5", False),
        ("dash.example.com", False),
        ("localhost.example.com", False),
        ("", False),
    ],
)
def test_only_loopback_is_this_machine(host: str, alone: bool) -> None:
    assert is_loopback(host) is alone


@pytest.mark.django_db
def test_on_this_machine_the_first_person_is_greeted_and_trusted() -> None:
    assert _welcome(plan()) == "http://127.0.0.1:8000/accounts/signup/"
    assert os.environ[TRUST] == "yes"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("host", "origins"),
    [
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104  # Not bound here.
        ("127.0.0.1", "https://dash.example.com"),
        ("127.0.0.1", "http://127.0.0.1:8000,http://dash.example.com"),
    ],
)
def test_where_others_can_come_they_are_greeted_but_not_trusted(
    host: str, origins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIVYA_DASH_ORIGINS", origins)
    assert _welcome(plan(host)).endswith("/accounts/signup/")
    assert TRUST not in os.environ


@pytest.mark.django_db
def test_once_somebody_is_there_nobody_is_greeted_or_trusted() -> None:
    cast.person("Alice")
    assert _welcome(plan()) == ""
    assert TRUST not in os.environ


@pytest.mark.django_db
def test_who_configured_otherwise_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TRUST, "no")
    assert _welcome(plan())
    assert os.environ[TRUST] == "no"
