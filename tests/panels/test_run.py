"""Running a panel: what is sent, what is shown, and what never is."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from debugger.client import scenarios
from debugger.contract.operations import CATALOG

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    return Client(headers={"hx-request": "true"})


def form(**values: str) -> dict[str, str]:
    return {"mode": "mock", "editor": "form", "nonce": "n" * 16, "last": ""} | values


def generation(**values: str) -> dict[str, str]:
    return form(**{"body/model": "z-image", "body/prompt": "A bottle"} | values)


def run(browser: Client, operation: str, data: dict[str, Any]) -> str:
    response = browser.post(f"/panels/{operation}/run", data)
    assert response.status_code == 200
    return unescape(response.content.decode())


def hidden(fragment: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', fragment)
    assert found, name
    return found[1]


SIMPLE = (
    "models.list",
    "generations.create",
    "chat.create",
    "chat.sessions.list",
    "credits.retrieve",
    "webhooks.list",
    "webhooks.create",
    "webhook_events.list",
    "openapi.retrieve",
)


@pytest.mark.parametrize("operation", SIMPLE)
def test_an_operation_runs_in_mock_mode_without_a_key(browser: Client, operation: str) -> None:
    page = browser.get(f"/panels/{operation}/").content.decode()
    extras = unescape(re.findall(r'name="extras" value="([^"]*)"', page)[0])
    fragment = run(browser, operation, form(extras=extras))
    assert 'class="chip ok">Answered' in fragment
    assert "MOCK" in fragment
    assert re.search(r"HTTP 20[0-2]", fragment)


def test_the_first_run_opens_a_sandbox_and_the_next_one_is_the_same_visitors(
    browser: Client,
) -> None:
    assert not browser.cookies
    run(browser, "generations.create", generation())
    assert browser.cookies["rivya_dash_sandbox"]["httponly"]
    first = run(browser, "credits.retrieve", form())
    stranger = run(Client(headers={"hx-request": "true"}), "credits.retrieve", form())
    assert re.findall(r"<b>(\d+)</b>", first) != re.findall(r"<b>(\d+)</b>", stranger)


def test_a_request_that_would_be_refused_is_held_back_and_can_be_sent_anyway(
    browser: Client,
) -> None:
    data = generation(**{"body/prompt": ""})
    held = run(browser, "generations.create", data)
    assert "Not sent." in held
    assert 'href="#field-body-prompt"' in held
    sent = run(browser, "generations.create", data | {"anyway": "1"})
    assert "HTTP 400" in sent
    assert "validation_failed" in sent


def test_json_that_does_not_parse_can_be_sent_as_it_is(browser: Client) -> None:
    data = form(editor="json", json='{"model": ')
    assert "Not sent." in run(browser, "generations.create", data)
    sent = run(browser, "generations.create", data | {"anyway": "1"})
    assert "HTTP 400" in sent


def test_live_without_a_key_is_held_back(browser: Client) -> None:
    held = run(browser, "credits.retrieve", form(mode="live"))
    assert "Not sent." in held
    assert 'href="#live-key"' in held


def test_a_live_key_reaches_the_upstream_and_no_answer(browser: Client, settings: Any) -> None:
    settings.RIVYA_BASE_URL = "http://127.0.0.1:9"
    key = "rvya_sk_" + "e" * 32
    fragment = run(browser, "credits.retrieve", form(mode="live", live_key=key))
    assert "Nothing answered" in fragment
    assert key not in fragment


def test_a_mock_run_ignores_a_key(browser: Client) -> None:
    key = "rvya_sk_" + "f" * 32
    fragment = run(browser, "credits.retrieve", form(live_key=key))
    assert "HTTP 200" in fragment
    assert key not in fragment


FAILURES = {
    "rate-limited": "Too many requests",
    "key-revoked": "The key was not accepted",
    "scope-denied": "The key may not do this",
    "server-error": "The API has trouble of its own",
    "unavailable": "The API has trouble of its own",
    "html-answer": "The API has trouble of its own",
    "not-json": "The answer is not JSON",
    "redirect": "Redirected, and not followed",
    "cut": "The answer was cut off",
    "refused": "Nothing answered",
    "huge-answer": "The answer is too large",
}


@pytest.mark.parametrize(("scenario", "sentence"), FAILURES.items())
def test_every_failure_says_what_happened(browser: Client, scenario: str, sentence: str) -> None:
    assert scenario in scenarios.SCENARIOS
    fragment = run(browser, "credits.retrieve", form(scenario=scenario))
    assert sentence in fragment
    assert 'role="alert"' in fragment


def test_the_apis_own_words_are_shown_verbatim_with_the_request_id(browser: Client) -> None:
    fragment = run(browser, "credits.retrieve", form(scenario="rate-limited"))
    assert "<code>rate_limited</code>" in fragment
    assert re.search(r'id="request-id">req_\w+<', fragment)
    assert re.search(r'data-countdown="\d+"', fragment)


def test_a_huge_answer_shows_its_beginning_only(browser: Client) -> None:
    fragment = run(browser, "credits.retrieve", form(scenario="huge-answer"))
    assert len(fragment) < 1_500_000


def test_unknown_fields_are_no_trouble(browser: Client) -> None:
    fragment = run(browser, "credits.retrieve", form(scenario="extra-fields"))
    assert 'class="chip ok">Answered' in fragment


def test_the_signing_secret_is_shown_once_and_is_not_in_raw(browser: Client) -> None:
    data = form(**{"body/url": "https://example.com/hook"})
    fragment = run(browser, "webhooks.create", data)
    secret = re.findall(r'id="secret-1">([^<]+)<', fragment)[0]
    assert secret.startswith("whsec_")
    assert fragment.count(secret) == 1
    assert "it is not shown again" in fragment
    assert secret not in run(browser, "webhooks.list", form())


def test_the_openapi_documents_examples_are_no_secrets(browser: Client) -> None:
    assert 'id="secret-1"' not in run(browser, "openapi.retrieve", form())


def test_running_again_without_a_new_answer_uses_the_same_idempotency_key(
    browser: Client,
) -> None:
    lost = run(browser, "generations.create", generation(scenario="cut"))
    assert "The answer was cut off" in lost
    assert hidden(lost, "nonce") == "n" * 16
    last = hidden(lost, "last")
    fragment = run(browser, "generations.create", generation(last=last))
    assert "HTTP 202" in fragment
    balance = re.findall(r"<b>(\d+)</b>", run(browser, "credits.retrieve", form()))[0]
    fresh = re.findall(
        r"<b>(\d+)</b>", run(Client(headers={"hx-request": "true"}), "credits.retrieve", form())
    )[0]
    assert int(fresh) - int(balance) == 1, "one job, one charge"


def test_a_double_click_makes_one_job(browser: Client) -> None:
    first, second = (run(browser, "generations.create", generation()) for _ in range(2))
    task = re.findall(r'name="task" value="(\w+)"', first)
    assert task == re.findall(r'name="task" value="(\w+)"', second)


def test_retry_safely_replays_and_run_again_is_a_new_job(browser: Client) -> None:
    first = run(browser, "generations.create", generation())
    after = {"last": hidden(first, "last"), "nonce": hidden(first, "nonce")}
    assert after["nonce"] != "n" * 16
    retried = run(browser, "generations.create", generation(again="retry", **after))
    assert "Replayed, no new charge" in retried
    anew = run(browser, "generations.create", generation(again="new", **after))
    assert "Replayed" not in anew
    tasks = [re.findall(r'name="task" value="(\w+)"', each)[0] for each in (first, retried, anew)]
    assert tasks[0] == tasks[1] != tasks[2]


def test_after_a_failure_the_key_is_not_said_to_hold_an_answer(browser: Client) -> None:
    failed = run(browser, "generations.create", generation(scenario="rate-limited"))
    again = generation(last=hidden(failed, "last"), nonce=hidden(failed, "nonce"))
    preview = browser.post("/panels/generations.create/preview", again).content.decode()
    assert "sent with this body before: a retry is not charged twice" in preview
    assert "the first answer comes again" not in preview


def test_retry_safely_is_refused_once_the_body_has_changed(browser: Client) -> None:
    first = run(browser, "generations.create", generation())
    changed = generation(last=hidden(first, "last"), **{"body/prompt": "Another"})
    refused = run(browser, "generations.create", changed | {"again": "retry"})
    assert "The body has changed since that run" in refused
    fragment = unescape(
        browser.post("/panels/generations.create/preview", changed).content.decode()
    )
    assert re.search(r'id="again-state" hidden data-of="[^"]+" data-changed="1"', fragment)


def test_a_typed_key_that_was_used_for_another_body_is_told_before_it_conflicts(
    browser: Client,
) -> None:
    typed = {"idempotency_key": "mine-001"}
    first = run(browser, "generations.create", generation(**typed))
    changed = generation(last=hidden(first, "last"), **typed, **{"body/prompt": "Another"})
    held = run(browser, "generations.create", changed)
    assert "was used for another body" in held
    sent = run(browser, "generations.create", changed | {"anyway": "1"})
    assert "idempotency_conflict" in sent


def test_a_session_goes_on_in_one_click(browser: Client) -> None:
    data = form(**{"body/model": "gpt-5-2-chat", "body/message": "Hello"})
    raw = browser.post("/panels/chat.create/run", data).content.decode()
    handed = unescape(re.findall(r'name="handover" value="([^"]*)"', raw)[0])
    body = json.loads(handed)["body"]
    page = unescape(browser.post("/panels/chat.create/", {"handover": handed}).content.decode())
    assert body["session_id"] in page
    again = data | {"body/session_id": body["session_id"], "include/session_id": "on"}
    assert body["session_id"] in run(browser, "chat.create", again)


def test_answers_can_never_become_markup(browser: Client) -> None:
    evil = "<img src=x onerror=alert(1)>"
    data = form(**{"body/model": "gpt-5-2-chat", "body/message": evil})
    response = browser.post("/panels/chat.create/run", data)
    assert b"<img" not in response.content
    assert b"&lt;img" in response.content


def test_an_unknown_scenario_is_the_apis_own_error(browser: Client) -> None:
    fragment = run(browser, "credits.retrieve", form(scenario="no-such-thing"))
    assert "HTTP 400" in fragment


def test_every_operation_has_a_reading_or_shows_its_json(browser: Client) -> None:
    for operation in CATALOG:
        if operation.kind.value in ("upload", "stream"):
            continue
        data = form(anyway="1", **{f"path/{each.name}": "x" for each in operation.path_params})
        assert 'id="outcome"' in run(browser, operation.id, data)


def test_a_browser_without_script_gets_a_page_with_the_answer() -> None:
    page = run(Client(), "credits.retrieve", form())
    assert "<!doctype html>" in page
    assert "HTTP 200" in page
    assert 'class="big-number"' in page


def test_a_browser_without_script_is_told_on_a_page_what_was_held_back() -> None:
    page = run(Client(), "generations.create", generation(**{"body/prompt": ""}))
    assert "<!doctype html>" in page
    assert 'href="#field-body-prompt"' in page
