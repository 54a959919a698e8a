"""The quickstart from the first model list to the webhook deliveries, as a person walks it."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from debugger.emulator.media import render_image
from tests.browser.conftest import Console
from tests.browser.test_canary import assert_kept_nowhere
from tests.browser.visitor import ANSWER, JOB, Visitor
from tests.canary import find
from tests.running import Site

pytestmark = [pytest.mark.browser, pytest.mark.process]

PROMPT = "A clean editorial product image on a soft studio background"
PLAYS = """async (element) => {
  if (!element.muted) { element.muted = true; await element.play(); }
  return element.currentTime > 0.2;
}"""
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{20,}")


def walk(visitor: Visitor, picture: Path) -> str:
    """The whole quickstart; gives the webhook secret that was shown once."""
    models_are_listed(visitor)
    before = visitor.credits()
    spent = an_image_is_made(visitor)
    assert before - visitor.credits() == spent == 1
    an_upload_becomes_a_reference(visitor, picture)
    a_chat_is_held(visitor)
    return a_webhook_is_followed(visitor)


def models_are_listed(visitor: Visitor) -> None:
    visitor.open("models.list")
    visitor.run(200)
    expect(visitor.output.get_by_role("table")).to_contain_text("z-image")


def an_image_is_made(visitor: Visitor) -> float:
    visitor.open("generations.create")
    visitor.fill({"body/prompt": PROMPT})
    visitor.run(202)
    visitor.follow()
    visitor.picture_is_shown(visitor.page.locator("#job img"))
    return visitor.final_credits()


def an_upload_becomes_a_reference(visitor: Visitor, picture: Path) -> None:
    page = visitor.page
    visitor.open("files.create")
    page.set_input_files("#field-body-file", picture)
    visitor.run(201)
    visitor.picture_is_shown(visitor.output.locator("img"))
    visitor.output.get_by_role("button", name="Use in a generation").click()
    visitor.arrive("generations.create")
    expect(page.locator("#request-text")).to_contain_text("referenceMediaItems")
    visitor.fill({"body/prompt": "The same, at dusk"})
    visitor.run(202)
    visitor.follow()
    visitor.picture_is_shown(page.locator("#job img"))


def a_chat_is_held(visitor: Visitor) -> None:
    page = visitor.page
    visitor.open("chat.create")
    visitor.fill({"body/message": "Write a short launch plan."})
    visitor.run(200)
    expect(visitor.output.locator(".msg")).to_contain_text(re.compile(r"\w+ \w+ \w+"))
    session = visitor.output.locator(".msg .foot code").last.inner_text()
    visitor.output.get_by_role("button", name="Go on, streamed").click()
    visitor.arrive("chat.stream")
    expect(page.locator("#field-body-session_id")).to_have_value(session)
    visitor.fill({"body/message": "Shorter, please."})
    page.locator("#run").click()
    expect(page.locator("[data-panel]")).to_have_attribute(
        "data-stream-state", "complete", timeout=JOB
    )
    expect(visitor.output.locator(".msg")).to_contain_text(session)
    assert page.locator("[data-stream-frames] tr").count() > 5


def a_webhook_is_followed(visitor: Visitor) -> str:
    page = visitor.page
    visitor.open("webhooks.create")
    visitor.fill({"body/name": "Production webhook", "body/url": "https://example.com/hook"})
    visitor.run(201)
    once = visitor.output.locator(".once")
    expect(once).to_contain_text("it is not shown again")
    secret = once.locator("code").inner_text()
    assert SECRET.fullmatch(secret)
    shown = visitor.output.inner_text() + page.locator("#pane-raw").text_content()  # type: ignore[operator]
    assert shown.count(secret) == 1, "the secret stands in one place only"
    visitor.output.get_by_role("link", name="Test").click()
    visitor.arrive("webhooks.test")
    expect(page.locator("#output")).not_to_contain_text(secret)
    visitor.run(200)
    visitor.open("webhook_events.list")
    visitor.run(200)
    expect(visitor.output.get_by_role("table")).to_contain_text("generation.succeeded")
    visitor.open("webhooks.list")
    visitor.run(200)
    expect(visitor.output.get_by_role("table")).to_contain_text("Production webhook")
    assert secret not in page.content()
    visitor.output.get_by_role("link", name="Deliveries").first.click()
    visitor.arrive("webhooks.deliveries")
    visitor.run(200)
    expect(visitor.output.get_by_role("table")).to_contain_text("generation.succeeded")
    return secret


@pytest.fixture
def recorded(browser: Browser, console: Console, tmp_path: Path) -> Iterator[Page]:
    """A page whose every answer is written down; see ``answers_holding``."""
    har = tmp_path / "visit.har"
    with browser.new_context(record_har_path=har, record_har_content="embed") as context:
        page = context.new_page()
        console.watch(page)
        yield page
    assert console.unexpected() == []


def answers_holding(har: Path, site: str, key: str) -> list[str]:
    """Addresses of this site whose answer, headers included, or address itself holds the key."""
    entries = json.loads(har.read_text("utf-8"))["log"]["entries"]
    own = [entry for entry in entries if entry["request"]["url"].startswith(site)]
    assert len(own) > 50, "the journey was not written down"
    return [entry["request"]["url"] for entry in own if _holds(entry, key)]


def _holds(entry: dict[str, Any], key: str) -> bool:
    content = entry["response"]["content"]
    text = content.get("text", "")
    body = base64.b64decode(text) if content.get("encoding") == "base64" else text.encode()
    seen = json.dumps([entry["request"]["url"], entry["response"]["headers"]]).encode() + body
    return bool(find(seen, key))


def key_of_the_office(page: Page, site: str) -> str:
    """A key made by hand on the stand-in's own page, which live mode links to."""
    page.goto(site + "/panels/credits.retrieve/")
    page.locator("[data-mode-choice=live]").click()
    with page.expect_popup() as popup:
        page.get_by_role("link", name="Create a sandbox key").click()
    office = popup.value
    office.get_by_label("Name").fill("My first key")
    office.get_by_role("button", name="Make the key").click()
    key = office.locator(".notice code").inner_text()
    office.reload()
    assert key not in office.content(), "a key is shown once"
    office.close()
    return key


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture of one's own."""
    made = tmp_path / "reference.png"
    made.write_bytes(render_image(prompt="A reference", seed=7, format="png").data)
    return made


def test_the_quickstart_works_in_mock_mode_without_an_account(
    page: Page, site: str, picture: Path
) -> None:
    walk(Visitor(page, site), picture)


def test_the_quickstart_works_live_over_http_and_keeps_the_key_nowhere(
    recorded: Page, running_site: Site, picture: Path, tmp_path: Path
) -> None:
    page, site = recorded, running_site.url
    key = key_of_the_office(page, site)
    walk(Visitor(page, site, key), picture)
    assert_kept_nowhere(page, running_site, key)
    page.context.close()
    assert answers_holding(tmp_path / "visit.har", site, key) == []


@pytest.mark.parametrize("live", [False, True], ids=["mock", "live"])
def test_a_sound_and_a_film_play_in_their_panel(
    page: Page, console: Console, running_site: Site, live: bool
) -> None:
    # Both are begun before either is waited for.
    second = page.context.new_page()
    console.watch(second)
    key = running_site.new_key() if live else ""
    listener, viewer = Visitor(page, running_site.url, key), Visitor(second, running_site.url, key)
    for visitor, model in ((listener, "suno-music"), (viewer, "wan-2-5-video")):
        visitor.open("generations.create")
        visitor.model(model)
        visitor.run(202)
    listener.follow()
    sound = listener.page.locator("#job audio")
    listener.becomes_true(sound, "element => element.duration > 1")
    listener.becomes_true(sound, PLAYS)
    film = viewer.page.locator("#job video")
    expect(film).to_be_visible(timeout=JOB)
    viewer.becomes_true(film, "element => element.videoWidth > 0 && element.duration > 1")
    viewer.becomes_true(film, PLAYS)
    assert film.evaluate("element => element.error") is None


def test_two_clicks_on_run_are_one_job(page: Page, site: str) -> None:
    visitor = Visitor(page, site)
    before = visitor.credits()
    visitor.open("generations.create")
    box = page.locator("#run").bounding_box()
    assert box
    # As slow as a double click may be: the first answer can be here before the second click.
    page.mouse.dblclick(box["x"] + 20, box["y"] + box["height"] / 2, delay=120)
    visitor.follow()
    assert before - visitor.credits() == 1


def test_every_script_arrives_as_it_was_typed(page: Page, site: str) -> None:
    prompt = 'झील पर काग़ज़ की नाव 🚣🏽‍♀️ 종이배 "quoted" <b>&amp;</b>'
    visitor = Visitor(page, site)
    visitor.open("chat.create")
    visitor.fill({"body/message": prompt})
    expect(page.locator("#json-text")).to_have_value(re.compile(re.escape(json_text(prompt))))
    expect(page.locator("#request-text")).to_contain_text(json_text(prompt))
    visitor.run(200)
    assert json_text(prompt) in (page.locator("#sent").text_content() or "")
    session = visitor.output.locator(".msg .foot code").last.inner_text()
    visitor.open("chat.sessions.retrieve", sessionId=session)
    visitor.run(200)
    expect(visitor.output).to_contain_text(prompt)


def json_text(text: str) -> str:
    """As it stands inside a JSON text of ours."""
    return json.dumps(text, ensure_ascii=False)


def test_a_body_of_ten_megabytes_gets_a_sentence_and_the_panel_goes_on(
    page: Page, site: str, console: Console
) -> None:
    console.allow("413")
    visitor = Visitor(page, site)
    visitor.open("generations.create")
    page.click("#tab-json")
    paste = """(element, size) => {
      element.value = JSON.stringify({model: "z-image", prompt: "x".repeat(size)});
      element.dispatchEvent(new Event("input", {bubbles: true}));
    }"""
    page.locator("#json-text").evaluate(paste, 10 * 2**20)
    told = page.locator("#toasts [role=alert]")
    page.locator("#run").click()
    expect(told.filter(has_text="too large to be sent").first).to_be_visible(timeout=ANSWER)
    page.locator("#json-text").evaluate(paste, 10)
    expect(page.locator("#request-text")).to_contain_text("xxxxxxxxxx")
    visitor.run(202)


def test_coming_back_to_a_panel_repeats_its_run_until_a_new_one_is_asked_for(
    page: Page, site: str
) -> None:
    visitor = Visitor(page, site)
    before = visitor.credits()
    visitor.open("generations.create")
    visitor.run(202)
    visitor.follow()
    page.get_by_role("link", name="Open its status").first.click()
    visitor.arrive("generations.retrieve")
    visitor.run(200)
    page.go_back()
    visitor.arrive("generations.create")
    expect(page.locator("#came-back")).to_contain_text("before you came back to this page")
    visitor.run(202)
    expect(visitor.output).to_contain_text("Replayed, no new charge")
    with page.expect_response("**/run", timeout=ANSWER):
        page.locator("#run-again").click()
    expect(visitor.output).not_to_contain_text("Replayed", timeout=ANSWER)
    visitor.follow()
    assert before - visitor.credits() == 2


def test_what_was_cut_off_is_retried_safely_and_charged_once(page: Page, site: str) -> None:
    visitor = Visitor(page, site)
    before = visitor.credits()
    visitor.open("generations.create")
    page.select_option("#scenario", "cut")
    page.locator("#run").click()
    expect(visitor.output).to_contain_text("The answer was cut off", timeout=ANSWER)
    page.select_option("#scenario", "happy")
    for _ in range(2):
        with page.expect_response("**/run", timeout=ANSWER):
            page.get_by_role("button", name="Retry safely").click()
        expect(visitor.output).to_contain_text("HTTP 202", timeout=ANSWER)
    expect(visitor.output).to_contain_text("Replayed, no new charge")
    visitor.follow()
    assert before - visitor.credits() == 1


def test_a_run_again_after_typing_brings_the_whole_answer(page: Page, site: str) -> None:
    visitor = Visitor(page, site)
    visitor.open("generations.create")
    visitor.run(202)
    visitor.follow()
    # Leaving the field asks for a preview, which arrives while the run is on its way.
    visitor.fill({"body/prompt": "Typed after the first run"})
    with page.expect_response("**/run", timeout=ANSWER):
        page.get_by_role("button", name="Run again").click()
    visitor.follow()
    sent = page.locator("#sent").text_content() or ""
    assert "Typed after the first run" in sent
    expect(page.get_by_role("button", name="Retry safely")).to_be_enabled()
    visitor.fill({"body/prompt": "And changed once more"})
    expect(page.get_by_role("button", name="Retry safely")).to_be_disabled()
    expect(page.locator("#again-note")).to_contain_text("the body has changed since that run")


def test_a_streamed_turn_is_retried_safely_and_charged_once(page: Page, site: str) -> None:
    visitor = Visitor(page, site)
    before = visitor.credits()
    visitor.open("chat.stream")
    panel = page.locator("[data-panel]")
    page.locator("#run").click()
    expect(panel).to_have_attribute("data-stream-state", "complete", timeout=JOB)
    reply = visitor.output.locator(".msg > :not(.foot)").all_inner_texts()
    with page.expect_response("**/stream", timeout=ANSWER):
        page.get_by_role("button", name="Retry safely").click()
    expect(panel).to_have_attribute("data-stream-state", "complete", timeout=JOB)
    assert visitor.output.locator(".msg > :not(.foot)").all_inner_texts() == reply != []
    spent = before - visitor.credits()
    assert spent > 0
    visitor.open("chat.stream")
    page.locator("#run").click()
    expect(panel).to_have_attribute("data-stream-state", "complete", timeout=JOB)
    assert before - visitor.credits() == 2 * spent


def test_a_streamed_turn_that_is_wrong_can_be_sent_all_the_same(page: Page, site: str) -> None:
    visitor = Visitor(page, site)
    visitor.open("chat.stream")
    visitor.fill({"body/message": ""})
    page.locator("#run").click()
    expect(visitor.output).to_contain_text("Not sent.")
    page.get_by_role("button", name="Send anyway").click()
    expect(visitor.output).to_contain_text("validation_failed", timeout=ANSWER)


def test_a_job_survives_the_death_of_the_upstream(page: Page, running_site: Site) -> None:
    visitor = Visitor(page, running_site.url, running_site.new_key())
    visitor.open("generations.create")
    visitor.model("wan-2-5-video")
    visitor.run(202)
    (emulator,) = [
        number
        for number, line in running_site.processes().items()
        if "rivya_dash.child" in line and line.split()[4] == "emulator"
    ]
    os.kill(emulator, signal.SIGKILL)
    visitor.follow()
