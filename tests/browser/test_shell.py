"""The shell around every screen: keyboard, mode, colours, errors, menus."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import Console, axe_violations

pytestmark = [pytest.mark.browser, pytest.mark.process]

PANEL = "/panels/credits.retrieve/"
KEY = "rvya_sk_" + "k" * 32


def test_control_enter_runs_from_inside_a_text_field(page: Page, site: str) -> None:
    page.goto(site)
    page.get_by_label("Prompt").focus()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#output .outcome")).to_be_visible()
    expect(page.get_by_label("Prompt")).to_be_focused()


def test_arrows_home_and_end_move_between_tabs_and_only_one_is_a_stop(
    page: Page, site: str
) -> None:
    page.goto(site)
    page.get_by_role("tab", name="Form").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="JSON")).to_be_focused()
    expect(page.get_by_label("Request body as JSON")).to_be_visible()
    page.keyboard.press("End")
    expect(page.locator("#tab-headers")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Form")).to_be_focused()
    stops = page.locator("[aria-label=Request] [role=tab][tabindex='0']")
    expect(stops).to_have_count(1)


def test_a_chosen_tab_stays_chosen_when_the_next_answer_comes(page: Page, site: str) -> None:
    page.goto(site + PANEL)
    page.locator("#run").click()
    page.get_by_role("tab", name="Raw").click()
    page.locator("#run").click()
    expect(page.locator("#answer")).not_to_have_class(re.compile("htmx-request"))
    expect(page.get_by_role("tab", name="Raw")).to_have_attribute("aria-selected", "true")


def test_the_question_mark_lists_the_shortcuts_and_escape_closes_the_list(
    page: Page, site: str
) -> None:
    page.goto(site + PANEL)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert axe_violations(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()


def test_shortcuts_that_were_switched_off_stay_off(page: Page, site: str) -> None:
    page.goto(site + PANEL)
    page.keyboard.press("?")
    page.get_by_label("Shortcuts are on").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("?")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("The answer appears here")).to_be_visible()


def test_a_question_mark_in_a_field_is_only_a_question_mark(page: Page, site: str) -> None:
    page.goto(site)
    page.get_by_label("Prompt").fill("")
    page.get_by_label("Prompt").press_sequentially("why?")
    expect(page.get_by_label("Prompt")).to_have_value("why?")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_live_is_chosen_by_hand_named_everywhere_and_forgotten_at_the_next_page(
    page: Page, site: str
) -> None:
    page.goto(site)
    page.get_by_role("button", name="Live", exact=True).click()
    expect(page).to_have_title(re.compile("^LIVE - "))
    expect(page.locator("#run")).to_contain_text(re.compile("Run live.*about 1 credit"))
    page.get_by_label("API key").fill(KEY)
    page.reload()
    expect(page).not_to_have_title(re.compile("LIVE"))
    expect(page.locator("#run")).to_contain_text("Run in mock")
    page.get_by_role("button", name="Live", exact=True).click()
    expect(page.get_by_label("API key")).to_have_value("")


def test_going_back_to_a_page_that_was_live_finds_it_in_mock_mode(page: Page, site: str) -> None:
    page.goto(site + PANEL)
    page.get_by_role("button", name="Live", exact=True).click()
    page.get_by_label("API key").fill(KEY)
    page.goto(f"{site}/docs/")
    page.go_back()
    expect(page.get_by_role("button", name="Mock", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    assert page.locator("#live-key").input_value() == ""


def test_a_typed_key_is_not_sent_while_the_mode_is_mock(page: Page, site: str) -> None:
    bodies: list[str] = []
    page.on("request", lambda request: bodies.append(request.post_data or ""))
    page.goto(site + PANEL)
    page.get_by_role("button", name="Live", exact=True).click()
    page.get_by_label("API key").fill(KEY)
    page.get_by_role("button", name="Mock", exact=True).click()
    page.locator("#run").click()
    expect(page.locator("#output .outcome")).to_be_visible()
    assert any("mode=mock" in body for body in bodies)
    assert not any(KEY in body for body in bodies)


def test_nothing_of_a_key_is_in_an_address_or_in_the_browsers_storage(
    page: Page, site: str
) -> None:
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.goto(site + PANEL)
    page.get_by_role("button", name="Live", exact=True).click()
    page.get_by_label("API key").fill(KEY)
    page.locator("#run").click()
    expect(page.locator("#output .outcome")).to_be_visible()
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, history.state])")
    assert KEY not in kept
    assert not any(KEY in address for address in addresses)


def test_when_the_server_fails_a_sentence_names_the_request_and_the_draft_stays(
    page: Page, site: str, console: Console
) -> None:
    console.allow("500")
    page.goto(site)
    page.get_by_label("Prompt").fill("a draft worth keeping")

    def fail(route: Route) -> None:
        route.fulfill(status=500, headers={"X-Request-ID": "id-of-the-request"}, body="no")

    page.route("**/run", fail)
    page.locator("#run").click()
    toast = page.get_by_role("alert").filter(has_text="HTTP 500")
    expect(toast).to_contain_text("id-of-the-request")
    expect(page.get_by_label("Prompt")).to_have_value("a draft worth keeping")
    toast.get_by_role("button", name="Close").click()
    expect(toast).to_have_count(0)


def test_when_the_server_is_away_the_page_says_so_and_goes_on(
    page: Page, site: str, console: Console
) -> None:
    console.allow("ERR_FAILED")
    console.allow("htmx:")
    page.goto(site + PANEL)
    page.route("**/run", lambda route: route.abort())
    page.locator("#run").click()
    expect(page.get_by_text("The server did not answer.")).to_be_visible()
    page.unroute("**/run")
    page.locator("#run").click()
    expect(page.locator("#output .outcome")).to_be_visible()


def test_chosen_colours_are_there_before_anything_is_painted(page: Page, site: str) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(site + PANEL)
    page.get_by_role("button", name="Dark", exact=True).click()
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(paper)
    page.add_init_script(
        "document.addEventListener('DOMContentLoaded', () => {"
        " window.first = document.documentElement.dataset.theme; }, {capture: true})"
    )
    page.reload()
    assert page.evaluate("window.first") == "dark"
    assert page.evaluate(paper) == dark
    expect(page.get_by_role("button", name="Dark", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    page.get_by_role("button", name="As the system", exact=True).click()
    assert page.evaluate(paper) != dark


def test_copying_says_that_it_copied(page: Page, site: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(site + PANEL)
    page.get_by_role("tab", name="Snippets").click()
    page.locator("#answer").get_by_role("button", name="Copy", exact=True).first.click()
    expect(page.locator("#say")).to_have_text("Copied")
    assert "credits" in page.evaluate("navigator.clipboard.readText()")


def test_a_count_counts_characters_and_not_code_units(page: Page, site: str) -> None:
    page.goto(site)
    page.get_by_label("Prompt").fill("ab😀")
    expect(page.locator("[data-count-for]").first).to_have_text("3 of 1,000")


def test_the_skip_link_is_the_first_stop_and_leads_to_the_content(page: Page, site: str) -> None:
    page.goto(site + PANEL)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_a_stream_can_be_stopped_and_keeps_what_came(page: Page, site: str) -> None:
    page.goto(f"{site}/panels/chat.stream/")
    page.locator("#run").click()
    words = page.locator("[data-stream-text]")
    expect(words).to_contain_text(re.compile(r"\w+ \w+"))
    page.get_by_role("button", name="Stop", exact=True).last.click()
    panel = page.locator("[data-panel]")
    expect(panel).to_have_attribute("data-stream-state", "stopped")
    kept = words.inner_text()
    page.wait_for_timeout(400)
    assert words.inner_text() == kept != ""


def test_the_menu_opens_on_a_narrow_screen_without_any_script(browser: Browser, site: str) -> None:
    with browser.new_context(
        viewport={"width": 390, "height": 800}, java_script_enabled=False
    ) as context:
        page = context.new_page()
        page.goto(site)
        navigation = page.get_by_role("navigation", name="Operations")
        expect(navigation).to_be_hidden()
        page.get_by_role("button", name="All operations and pages").click()
        expect(navigation).to_be_visible()
        navigation.get_by_role("link", name="Credits").click()
        page.wait_for_url(f"{site}{PANEL}")
