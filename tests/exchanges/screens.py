"""The pages of team Acme's history as its people's browsers get them."""

from __future__ import annotations

import html
import re
from typing import Any

from debugger.exchanges.models import Exchange
from tests.cast import browser_of

HOME = "/t/acme/history/"
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7|add:"1" }}'


def text_of(response: Any) -> str:
    """An answer's markup."""
    return str(response.content.decode())


def page(address: str = HOME, *, who: str = "Alice") -> str:
    """The markup of a page that a person may see."""
    response = browser_of(who).get(address)
    assert response.status_code == 200, address
    return text_of(response)


def plain(markup: str) -> str:
    """What a person reads of a page."""
    words = re.sub(r"<[^>]+>", " ", markup)
    return " ".join(html.unescape(words).split())


def at(row: Exchange) -> str:
    """The address of a run's page."""
    return f"{HOME}{row.name}/"


def rows_of(markup: str) -> list[str]:
    """The names of the runs that a list shows."""
    return re.findall(r'data-row href="[^"]*/(run_\w+)/', markup)


def days_of(markup: str) -> list[str]:
    """The heads of the days that a list shows."""
    return [plain(each) for each in re.findall(r'<h2 class="day"><span>(.*?)</small>', markup)]
