"""What asks the API with a key, or fills the log, may be done only so often."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

from debugger.client.outcome import Outcome
from debugger.keys import storing, trial
from debugger.keys.models import ApiKey
from tests.cast import acme, browser_of, new_key
from tests.keys.deeds import added, rotated

pytestmark = pytest.mark.django_db
MOST = 3


@pytest.fixture(autouse=True)
def few(settings: Any) -> Iterator[None]:
    """Three in a minute, counted from now."""
    cache.clear()
    settings.RIVYA_DASH_RUNS_PER_MINUTE = MOST
    yield
    cache.clear()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys with which the API would have been asked; nothing is sent."""
    sent: list[str] = []

    async def ask(secret: str, base_url: str) -> Outcome:
        sent.append(secret)
        return await real(secret, "http://127.0.0.1:1")

    real = trial.ask
    monkeypatch.setattr(trial, "ask", ask)
    return sent


@pytest.mark.parametrize(
    ("name", "path"),
    [("Alice", "keys/{}/test"), ("Alice", "keys/{}/rotate"), ("Bob", "live/balance")],
)
def test_keys_cannot_be_tried_at_the_api_without_end(
    name: str, path: str, asked: list[str]
) -> None:
    """Or the site would guess keys for whoever has a team, from the site's own address."""
    acme()
    key = added()
    browser, address = browser_of(name), f"/t/acme/{path.format(key.public_id)}"
    statuses = []
    for number in range(MOST + 2):
        data = {"key": key.public_id, "value": new_key(str(number)), "overlap": "1h"}
        data |= {"scope_choice": "all"}
        statuses.append(browser.post(address, data).status_code)
    assert statuses[-2:] == [429, 429]
    assert len(asked) == MOST


def test_the_log_cannot_be_filled_by_arming_without_end() -> None:
    acme()
    key = added()
    bob = browser_of("Bob")
    data = {"key": key.public_id, "confirm": "yes"}
    statuses = [bob.post("/t/acme/live/arm", data).status_code for _ in range(MOST + 2)]
    assert statuses == [200, 200, 200, 429, 429]


def test_a_team_cannot_keep_keys_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every list of keys opens each of them."""
    monkeypatch.setattr(storing, "MOST", 2)
    acme()
    first = added("1", label="First")
    added("2", label="Second")
    with pytest.raises(storing.Wrong, match="no room"):
        added("3", label="Third")
    second = rotated(first, "4")
    rotated(second, "5")
    assert ApiKey.objects.count() == 4
    with pytest.raises(storing.Wrong, match="no room"):
        rotated(ApiKey.objects.get(label="Second"), "6")
