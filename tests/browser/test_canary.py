"""A key that was pasted for one request is afterwards nowhere."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from tests.running import Site

pytestmark = [pytest.mark.browser, pytest.mark.process]


def images(key: str) -> list[bytes]:
    """What the key looks like as text, in base64 at each alignment, and as hexadecimal."""
    raw = key.encode()
    encoded = [base64.b64encode(b"\0" * shift + raw)[4:-4] for shift in range(3)]
    return [raw, raw.hex().encode(), *encoded]


def holding(folder: Path, key: str) -> list[str]:
    """Files that hold the key in any of its images."""
    return [
        str(path)
        for path in folder.rglob("*")
        if path.is_file() and any(image in path.read_bytes() for image in images(key))
    ]


def test_what_would_find_a_key_finds_one(tmp_path: Path) -> None:
    key = "rvya_sk_" + "canary" * 6
    (tmp_path / "log").write_text(f"Bearer {key}")
    (tmp_path / "b64").write_bytes(base64.b64encode(f"x{key}".encode()))
    (tmp_path / "hex").write_text(key.encode().hex())
    (tmp_path / "clean").write_text("rvya_sk_…")
    assert sorted(Path(p).name for p in holding(tmp_path, key)) == ["b64", "hex", "log"]


def run_live(page: Page, site: str, operation: str, key: str) -> None:
    """Open a panel, arm live mode, type the key and run."""
    page.goto(f"{site}/panels/{operation}/", wait_until="networkidle")
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
