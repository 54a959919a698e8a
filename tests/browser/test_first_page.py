"""The first page as a visitor meets it: nothing foreign, nothing broken, readable, light."""

from __future__ import annotations

import http.client
from typing import Final, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Console, axe_violations

pytestmark = [pytest.mark.browser, pytest.mark.process]

BUDGET = 80_000
WIDTHS = (390, 1440)
# Colours that are still on their way from one scheme to the other would be measured as they are.
PAINTED = """async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame();
  const moving = document.getAnimations().filter((each) => each instanceof CSSTransition);
  await Promise.all(moving.map((each) => each.finished.catch(() => null)));
  await frame();
}"""
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")


PAGES = ("/", "/panels/", "/panels/generations.create/", "/docs/", "/docs/teams-and-keys/")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_accessible_narrow_and_wide_light_and_dark(
    page: Page, site: str, path: str
) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto(site + path, wait_until="networkidle")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert overflow <= 0, f"the page scrolls sideways at {width}"
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.evaluate(PAINTED)
            assert axe_violations(page) == [], f"{scheme}, {width}"


def test_the_first_page_asks_nobody_else_and_keeps_no_cookie_that_follows(
    page: Page, site: str
) -> None:
    page.goto(site, wait_until="networkidle")
    for cookie in page.context.cookies():
        assert cookie.get("sameSite") in {"Lax", "Strict"}, cookie


def test_scripts_and_styles_of_the_first_page_fit_the_budget(page: Page, site: str) -> None:
    names: set[str] = set()
    page.on(
        "request",
        lambda request: (
            names.add(request.url) if request.resource_type in {"script", "stylesheet"} else None
        ),
    )
    page.goto(site, wait_until="networkidle")
    sizes = {urlsplit(name).path: _compressed_size(name) for name in names}
    assert len(sizes) >= 2
    assert sum(sizes.values()) < BUDGET, sizes


def _compressed_size(url: str) -> int:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=5)
    try:
        connection.request("GET", address.path, headers={"Accept-Encoding": "br, gzip"})
        return len(connection.getresponse().read())
    finally:
        connection.close()


def test_a_page_that_is_not_there_has_a_way_back(page: Page, site: str, console: Console) -> None:
    console.allow("status of 404")
    answer = page.goto(f"{site}/nowhere")
    assert answer
    assert answer.status == 404
    assert axe_violations(page) == []
    page.get_by_role("main").get_by_role("link", name="To the start page").click()
    page.wait_for_url(f"{site}/")
