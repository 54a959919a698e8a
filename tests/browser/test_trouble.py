"""Every kind of trouble ends in a sentence that helps, and the panel goes on."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Console
from tests.browser.rogue import Rogue
from tests.browser.visitor import ANSWER, Visitor
from tests.client.servers import Script, answer, says, says_and_waits
from tests.running import Site, start_site

pytestmark = [pytest.mark.browser, pytest.mark.process]

GENERATIONS = "/api/v1/generations"
STREAM = "/api/v1/chat/completions/stream"
KEY = "k" * 40
QUICK = 15_000
# The client waits 30 s for a silent answer and 45 s for a silent stream.
SILENCE = 40_000
SILENT_STREAM = 60_000


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong: by scenario in mock, by bytes in live; and the words that tell it."""

    title: str
    action: str
    scenario: str
    script: Script | None


HTML = b"<!doctype html><title>502 Bad Gateway</title><h1>Bad Gateway</h1>"
BUSY = b'{"error":{"code":"rate_limited","message":"Slow down.","requestId":"req_7"}}'
OFF = b'{"error":{"code":"public_api_disabled","message":"Off.","requestId":"req_8"}}'
HALF = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"id":'
HUGE = (b'{"data":["', b"x" * (30 * 2**20), b'"]}')

TROUBLES = {
    "refused": Trouble("Nothing answered", "run again", "refused", None),
    "cut": Trouble(
        "The answer was cut off", "retry with the same idempotency key", "cut", says(HALF)
    ),
    "html": Trouble(
        "The API has trouble of its own",
        "Try again in a moment",
        "html-answer",
        says(answer(502, HTML, kind="text/html")),
    ),
    "not json": Trouble(
        "The answer is not JSON",
        "check that the base URL leads to the API",
        "not-json",
        says(answer(200, HTML, kind="text/html")),
    ),
    "busy": Trouble(
        "Too many requests",
        "Wait a little, then run again",
        "rate-limited",
        says(answer(429, BUSY, "Retry-After: 7")),
    ),
    "off": Trouble(
        "The API has trouble of its own",
        "Try again in a moment",
        "unavailable",
        says(answer(503, OFF, "Retry-After: 9")),
    ),
    "huge": Trouble(
        "The answer is too large",
        "Ask for less at once",
        "huge-answer",
        says(answer(200, b"".join(HUGE))),
    ),
}


def event(name: str, value: object) -> bytes:
    """One frame of an upstream's stream."""
    return f"event: {name}\ndata: {json.dumps(value)}\n\n".encode()


def delta(text: str) -> bytes:
    return event("chat.completion.delta", {"delta": {"content": text}})


BEGUN = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n",
    delta("The first words "),
    delta("of a reply"),
)
ERROR = event("error", {"error": {"code": "generation_failed", "message": "The model gave up."}})


@pytest.fixture(scope="module")
def rogue() -> Iterator[Rogue]:
    """The upstream of ``astray``."""
    upstream = Rogue()
    upstream.lives()
    try:
        yield upstream
    finally:
        upstream.ends()


@pytest.fixture(scope="module")
def astray(rogue: Rogue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The product, whose live mode leads to the upstream that misbehaves."""
    data = tmp_path_factory.mktemp("astray") / "data"
    running = start_site(data, "--no-sandbox", RIVYA_BASE_URL=rogue.base_url)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def console(astray: Site) -> Console:
    return Console(site=astray.url)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Pages that were left waiting for an answer that never comes."""

    mock: Page
    silent: Page
    stuck: Page
    stream: Page


@pytest.fixture(scope="module")
def waiting(browser: Browser, astray: Site, rogue: Rogue) -> Iterator[Waiting]:
    """Started before everything else, so that the other tests pass the time."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{"
    rogue.plays("/api/v1/credits", says_and_waits())
    rogue.plays("/api/v1/webhooks", says_and_waits(head))
    rogue.plays(STREAM, says_and_waits(*BEGUN))
    with browser.new_context() as context:
        pages = Waiting(*(context.new_page() for _ in range(4)))
        mock = Visitor(pages.mock, astray.url)
        mock.open("credits.retrieve")
        pages.mock.select_option("#scenario", "hang")
        pages.mock.locator("#run").click()
        for page, operation in (
            (pages.silent, "credits.retrieve"),
            (pages.stuck, "webhooks.list"),
            (pages.stream, "chat.stream"),
        ):
            Visitor(page, astray.url, KEY).open(operation)
            page.locator("#run").click()
        expect(pages.stream.locator("[data-stream-text]")).to_contain_text("of a reply")
        yield pages


@pytest.fixture(autouse=True)
def _others_wait(waiting: Waiting) -> None:
    """The pages that wait are opened first."""


def told(page: Page, trouble: Trouble, *, within: float = QUICK) -> None:
    """The sentence is there, and so is what to do."""
    failure = page.locator("#output .notice.failure")
    expect(failure).to_contain_text(trouble.title, timeout=within)
    expect(failure).to_contain_text(trouble.action)
    expect(page.locator("#run")).to_be_enabled()


def until(page: Page, happened: Callable[[], bool], *, seconds: float = 10) -> None:
    """Wait for something outside the browser; the page lives on meanwhile."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        page.wait_for_timeout(50)


def mock_goes_on(page: Page) -> None:
    """In mock mode the same panel still works."""
    page.locator("[data-mode-choice=mock]").click()
    page.select_option("#scenario", "happy")
    page.locator("#run").click()
    line = page.locator("#output .outcome > .status-line").first
    expect(line).to_contain_text(re.compile(r"Answered\s+MOCK\s+HTTP 20[02]"), timeout=ANSWER)


@pytest.mark.parametrize("name", TROUBLES)
def test_live_trouble_is_told_and_the_panel_goes_on(
    page: Page, astray: Site, rogue: Rogue, name: str
) -> None:
    trouble = TROUBLES[name]
    if trouble.script is None:
        rogue.dies()
    else:
        rogue.plays(GENERATIONS, trouble.script)
    try:
        Visitor(page, astray.url, KEY).open("generations.create")
        page.locator("#run").click()
        told(page, trouble)
    finally:
        rogue.lives()
    mock_goes_on(page)


def test_mock_trouble_is_told_and_the_panel_goes_on(page: Page, astray: Site) -> None:
    Visitor(page, astray.url).open("generations.create")
    for trouble in TROUBLES.values():
        page.select_option("#scenario", trouble.scenario)
        page.locator("#run").click()
        told(
            page,
            trouble
            if trouble.scenario != "refused"
            else Trouble(trouble.title, "Choose another, or run again", "", None),
        )
        mock_goes_on(page)


def test_a_wait_that_was_asked_for_is_counted_down(page: Page, astray: Site, rogue: Rogue) -> None:
    rogue.plays(GENERATIONS, says(answer(429, BUSY, "Retry-After: 7")))
    Visitor(page, astray.url, KEY).open("generations.create")
    page.locator("#run").click()
    failure = page.locator("#output .notice.failure")
    expect(failure).to_contain_text("asks to wait 7 seconds", timeout=QUICK)
    expect(failure.locator("[data-countdown]")).to_have_text(re.compile(r"^[0-5]$"))
    expect(failure).to_contain_text("req_7")


@pytest.mark.parametrize(
    ("script", "label", "words"),
    [
        (says(*BEGUN), "Interrupted", "The answer was cut off"),
        (says(*BEGUN, ERROR), "Interrupted|failed", "The model gave up."),
        (says(answer(502, HTML, kind="text/html")), "", "The API has trouble of its own"),
        (says(answer(200, HTML, kind="text/html")), "", "The answer is not an event stream"),
    ],
    ids=["cut", "error", "gateway", "html"],
)
def test_a_live_stream_that_ends_badly_keeps_what_came(
    page: Page, astray: Site, rogue: Rogue, script: Script, label: str, words: str
) -> None:
    rogue.plays(STREAM, script)
    Visitor(page, astray.url, KEY).open("chat.stream")
    page.locator("#run").click()
    expect(page.locator("#output .notice.failure")).to_contain_text(words, timeout=QUICK)
    if label:
        expect(page.locator("#output")).to_contain_text("The first words of a reply")
    expect(page.locator("[data-panel]")).not_to_have_class(re.compile("is-busy"))
    mock_goes_on(page)


@pytest.mark.parametrize("scenario", ["stream-cut", "stream-error"])
def test_a_mock_stream_that_ends_badly_keeps_what_came(
    page: Page, astray: Site, scenario: str
) -> None:
    Visitor(page, astray.url).open("chat.stream")
    page.select_option("#scenario", scenario)
    page.locator("#run").click()
    expect(page.locator("#output .notice.failure")).to_be_visible(timeout=QUICK)
    expect(page.locator("#output")).to_contain_text(re.compile(r"\w+ \w+"))
    mock_goes_on(page)


@pytest.mark.parametrize("leave", ["stop", "reload"])
def test_leaving_a_stream_frees_the_upstream_at_once(
    page: Page, astray: Site, rogue: Rogue, leave: str
) -> None:
    rogue.plays(STREAM, says_and_waits(*BEGUN))
    Visitor(page, astray.url, KEY).open("chat.stream")
    page.locator("#run").click()
    expect(page.locator("[data-stream-text]")).to_contain_text("of a reply", timeout=QUICK)
    before = rogue.left.count(STREAM.encode())
    if leave == "stop":
        page.locator("[data-stream-stop]").click()
        expect(page.locator("#output")).to_contain_text("whether the request was carried out")
        expect(page.locator("[data-stream-text]")).to_contain_text("of a reply")
    else:
        page.reload()
        expect(page.locator("[data-panel]")).to_have_attribute("data-mode", "mock")
    until(page, lambda: rogue.left.count(STREAM.encode()) > before)
    mock_goes_on(page)


def test_silence_ends_within_the_limit_with_a_sentence(waiting: Waiting) -> None:
    timed_out = Trouble("No answer in time", "The request may have been carried out", "", None)
    for page in (waiting.mock, waiting.silent):
        told(page, timed_out, within=SILENCE)
        expect(page.locator("#output .timing").first).to_contain_text(re.compile(r"3[0-4]\.\d s"))
        mock_goes_on(page)
    told(waiting.stuck, timed_out, within=SILENCE)
    mock_goes_on(waiting.stuck)
    told(waiting.stream, timed_out, within=SILENT_STREAM)
    expect(waiting.stream.locator("#output")).to_contain_text("of a reply")
    mock_goes_on(waiting.stream)
