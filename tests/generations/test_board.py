"""The board and the page of a job, asked for as the people of a team and as strangers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.utils import timezone

from debugger.generations.models import Generation
from tests.cast import acme, browser_of
from tests.generations.jobs import failed, job, saved, succeeded

pytestmark = pytest.mark.django_db
BOARD = "/t/acme/generations/"
State = Generation.State


def page(address: str = BOARD, who: str = "Bob") -> str:
    response = browser_of(who).get(address)
    assert response.status_code == 200
    return str(response.content.decode())


def job_page(row: Generation, who: str = "Bob") -> str:
    return page(f"{BOARD}{row.name}/", who)


def shown_on(text: str) -> list[str]:
    return re.findall(r'name="shown" value="([^"]+)"', text)


def ask(text: str, *, who: str = "Bob", query: str = "") -> Any:
    """What a page that shows this text asks for when it wants to know what changed."""
    found = re.search(r'hx-get="([^"]+changed[^"]*)"', text)
    assert found
    top = re.search(r'name="top" value="(\w+)"', text)
    assert top
    address = found[1].replace("&amp;", "&") + query
    return browser_of(who).get(address, {"shown": shown_on(text), "top": top[1]})


def test_the_board_and_the_page_answer() -> None:
    team = acme()
    now = timezone.now()
    running, done, bad = job(team, at=now), succeeded(team, at=now), failed(team, at=now)
    saved(done)
    text = page()
    for each in (running, done, bad):
        assert each.name in text
        assert each.name in job_page(each)
