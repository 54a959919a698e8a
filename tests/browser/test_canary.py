"""A key that was pasted for one request is afterwards nowhere."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Request, expect

from tests.canary import holding
from tests.running import Site

__all__ = ["holding"]  # For the journeys, which ask the same.
pytestmark = [pytest.mark.browser, pytest.mark.process]


def run_live(page: Page, site: str, operation: str, key: str) -> None:
    """Open a panel, arm live mode, type the key and run."""
    page.goto(f"{site}/panels/{operation}/")
    page.get_by_role("button", name="Live", exact=True).click()
    page.get_by_label("API key").fill(key)
    page.locator("#run").click()


def assert_kept_nowhere(page: Page, site: Site, key: str) -> None:
    """In no file, no line of the logs, no storage of the browser, and no page."""
    assert key not in page.content()
    kept = page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")
    assert key not in kept
    assert holding(site.data, key) == []
    assert key not in site.output
    page.reload(wait_until="networkidle")
    assert key not in page.content()
    assert page.locator("#live-key").input_value() == ""


@pytest.mark.parametrize(
    "operation", ["webhooks.list", "credits.retrieve", "generations.create", "chat.stream"]
)
def test_a_key_that_is_refused_is_kept_nowhere(
    page: Page, running_site: Site, operation: str
) -> None:
    key = "rvya_sk_" + f"canary{operation.replace('.', '')}" * 3
    addresses: list[str] = []

    def note(request: Request) -> None:
        addresses.append(request.url + str(request.headers))

    page.on("request", note)
    run_live(page, running_site.url, operation, key)
    expect(page.locator("#output")).to_contain_text("401")
    assert not any(key in text for text in addresses)
    assert_kept_nowhere(page, running_site, key)


def test_a_key_that_works_is_kept_nowhere_after_a_job_was_followed(
    page: Page, running_site: Site
) -> None:
    key = running_site.new_key()
    run_live(page, running_site.url, "generations.create", key)
    expect(page.locator("#job img")).to_be_visible(timeout=45_000)
    assert_kept_nowhere(page, running_site, key)
