"""The panels as a person uses them: with the mouse, with the keyboard alone, and in error."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.process]

PNG = b"\x89PNG\r\n\x1a\n" + bytes(3000)


def test_a_generation_runs_to_its_image_from_the_keyboard_alone(page: Page, site: str) -> None:
    page.goto(site + "/panels/generations.create/")
    page.focus("#field-body-prompt")
    page.keyboard.press("Control+A")
    page.keyboard.type("A paper boat on a still lake")
    page.keyboard.press("Control+Enter")
    image = page.locator("#job img")
    expect(image).to_be_visible(timeout=20_000)
    expect(page.locator("[data-medium-facts]")).to_have_text(
        re.compile(r"image/(png|jpeg) · .+ · \d+×\d+"), timeout=5_000
    )
    assert image.evaluate("element => element.naturalWidth") > 300
    expect(page.locator("#job")).to_contain_text("Succeeded")


def test_form_and_json_are_one_truth_and_broken_json_waits(page: Page, site: str) -> None:
    page.goto(site + "/panels/generations.create/")
    page.fill("#field-body-prompt", "Typed in the form")
    expect(page.locator("#json-text")).to_have_value(re.compile("Typed in the form"))
    page.click("#tab-json")
    page.fill("#json-text", '{"model": "z-image", "prompt": ')
    expect(page.locator("#json-trouble")).to_contain_text("Line 1, column")
    expect(page.locator("#fields")).to_have_attribute("inert", "")
    page.fill("#json-text", '{"model": "z-image", "prompt": "From JSON", "surprise": 1}')
    expect(page.locator("#field-body-prompt")).to_have_value("From JSON")
    expect(page.locator("#fields")).to_contain_text("1 extra field kept")
    page.click("#tab-form")
    page.fill("#field-body-prompt", "Typed again")
    expect(page.locator("#json-text")).to_have_value(re.compile('"surprise": 1'))
    expect(page.locator("#json-text")).to_have_value(re.compile("Typed again"))


def test_a_problem_is_told_at_its_field_and_can_be_sent_all_the_same(page: Page, site: str) -> None:
    page.goto(site + "/panels/generations.create/")
    page.fill("#field-body-prompt", "")
    page.click("#run")
    expect(page.locator("#output")).to_contain_text("Not sent.")
    expect(page.locator("#field-body-prompt")).to_have_attribute("aria-invalid", "true")
    page.click("#output a[href='#field-body-prompt']")
    expect(page.locator("#field-body-prompt")).to_be_focused()
    page.click("#send-anyway")
    expect(page.locator("#output")).to_contain_text("validation_failed")


def test_a_streamed_reply_can_be_stopped_and_its_frames_stay(page: Page, site: str) -> None:
    page.goto(site + "/panels/chat.stream/")
    page.select_option("#scenario", "stream-slow")
    page.click("#run")
    expect(page.locator("[data-stream-text]")).not_to_be_empty(timeout=10_000)
    page.click("[data-stream-stop]")
    expect(page.locator("#output")).to_contain_text("Stopped")
    page.click("#tab-frames")
    assert page.locator("[data-stream-frames] tr").count() >= 2
    expect(page.locator("#run")).to_be_enabled()


def test_a_streamed_reply_arrives_whole_and_goes_on_in_one_click(page: Page, site: str) -> None:
    page.goto(site + "/panels/chat.stream/")
    page.click("#run")
    expect(page.locator("#output")).to_contain_text("to the first token", timeout=20_000)
    page.get_by_role("button", name="Go on, streamed").click()
    expect(page).to_have_url(re.compile(r"/panels/chat\.stream/$"))
    expect(page.locator("#field-body-session_id")).not_to_have_value("")


def test_an_uploaded_image_is_handed_to_a_generation(page: Page, site: str, tmp_path: Path) -> None:
    picture = tmp_path / "boat.png"
    picture.write_bytes(PNG)
    page.goto(site + "/panels/files.create/")
    page.set_input_files("#field-body-file", picture)
    expect(page.locator("#request-view")).to_contain_text("boat.png")
    page.click("#run")
    expect(page.locator("#output")).to_contain_text("HTTP 201", timeout=10_000)
    page.get_by_role("button", name="Use in a generation").first.click()
    expect(page.locator("#fields")).to_contain_text("referenceMediaItems")
    address = page.locator("input[name$='/url']").input_value()
    assert address.startswith(site + "/mock/media/")


def test_a_file_of_the_wrong_size_is_told_before_it_leaves(
    page: Page, site: str, tmp_path: Path
) -> None:
    large = tmp_path / "large.png"
    large.write_bytes(PNG + bytes(10 * 2**20))
    page.goto(site + "/panels/files.create/")
    page.set_input_files("#field-body-file", large)
    expect(page.locator("[data-file-trouble]")).to_contain_text("larger than")


def test_live_is_left_behind_by_every_way_back_to_a_page(page: Page, site: str) -> None:
    page.goto(site + "/panels/credits.retrieve/")
    page.click("[data-mode-choice=live]")
    page.fill("#live-key", "k" * 30)
    expect(page.locator("#run")).to_contain_text("Run live")
    page.goto(site + "/panels/")
    page.go_back()
    expect(page.locator("[data-panel]")).to_have_attribute("data-mode", "mock")
    expect(page.locator("#live-key")).to_have_value("")
    page.reload()
    assert page.locator("[data-mode-field]").input_value() == "mock"


def test_the_chosen_tab_stays_chosen_from_run_to_run(page: Page, site: str) -> None:
    page.goto(site + "/panels/credits.retrieve/")
    page.click("#run")
    expect(page.locator("#tab-raw")).to_be_visible()
    page.click("#tab-raw")
    page.click("#run")
    expect(page.locator("#answer-end")).to_contain_text("200")
    expect(page.locator("#tab-raw")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#pane-raw")).to_be_visible()


def test_rows_come_and_go_and_another_model_brings_its_fields(page: Page, site: str) -> None:
    page.goto(site + "/panels/generations.create/")
    page.select_option("#field-body-model", "elevenlabs-dialogue-v3")
    lines = page.locator("fieldset.item")
    expect(lines).to_have_count(2)
    page.locator("fieldset.item textarea").first.fill("Said just before it is removed")
    lines.nth(1).get_by_role("button", name="Remove").click()
    expect(lines).to_have_count(1)
    expect(page.locator("#json-text")).to_have_value(re.compile("Said just before"))
    expect(page.locator("#json-text")).not_to_have_value(re.compile('Adam",\n.*text'))
    page.get_by_role("button", name="Add one").click()
    expect(lines).to_have_count(2)
