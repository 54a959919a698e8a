"""The panels' pages and fragments, through the site's own middleware."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from debugger.contract.operations import CATALOG, get

HOST = "testserver"


@pytest.fixture
def browser() -> Client:
    return Client()


def text_of(response: Any) -> str:
    return unescape(response.content.decode())


def form(**values: str) -> dict[str, str]:
    return {"mode": "mock", "editor": "form", "nonce": "n" * 16, "last": ""} | values


@pytest.mark.parametrize("operation", CATALOG, ids=lambda operation: operation.id)
def test_every_operation_has_a_page_of_its_own(browser: Client, operation: Any) -> None:
    response = browser.get(f"/panels/{operation.id}/")
    page = text_of(response)
    assert response.status_code == 200
    assert operation.title in page
    assert operation.path in page
    if operation.scope:
        assert operation.scope.value in page


def test_the_index_links_all_20_operations(browser: Client) -> None:
    page = text_of(browser.get("/panels/"))
    linked = set(re.findall(r'href="/panels/([a-z_.]+)/"', page))
    assert {operation.id for operation in CATALOG} <= linked


def test_an_operation_that_does_not_exist_is_not_found(browser: Client) -> None:
    assert browser.get("/panels/generations.cancel/").status_code == 404
    assert browser.post("/panels/generations.cancel/run", form()).status_code == 404


def test_opening_a_page_never_arms_live(browser: Client) -> None:
    page = text_of(browser.get("/panels/generations.create/?mode=live&live_key=abc"))
    assert 'name="mode" value="mock"' in page
    assert 'data-mode-choice="live" aria-pressed="false"' in page
    assert "abc" not in re.findall(r'<input[^>]*id="live-key"[^>]*>', page)[0]


def test_the_key_field_is_a_password_that_no_browser_keeps(browser: Client) -> None:
    page = text_of(browser.get("/panels/credits.retrieve/"))
    field = re.findall(r'<input[^>]*id="live-key"[^>]*>', page)[0]
    assert 'type="password"' in field
    assert 'autocomplete="off"' in field
    assert "value=" not in field


def test_a_public_operation_asks_for_no_key(browser: Client) -> None:
    assert 'id="live-key"' not in text_of(browser.get("/panels/models.list/"))


def test_the_page_says_where_live_goes(browser: Client, settings: Any) -> None:
    settings.RIVYA_BASE_URL = "https://api.example.com"
    assert "api.example.com" in text_of(browser.get("/panels/credits.retrieve/"))
    settings.RIVYA_BASE_URL = "http://127.0.0.1:9999"
    assert "a local stand-in" in text_of(browser.get("/panels/credits.retrieve/"))


def test_an_id_from_the_address_fills_its_field(browser: Client) -> None:
    page = text_of(browser.get("/panels/generations.retrieve/?taskId=task_from_a_link"))
    assert 'value="task_from_a_link"' in page


def test_a_changed_model_brings_its_own_parameters(browser: Client) -> None:
    data = form(**{"body/model": "nano-banana-pro", "body/prompt": "A bottle"})
    fragment = text_of(browser.post("/panels/generations.create/form", data))
    assert 'name="body/params/resolution"' in fragment
    assert "A bottle" in fragment
    assert '"nano-banana-pro"' in fragment


def test_a_preview_of_another_model_brings_its_fields_as_well(browser: Client) -> None:
    extras = json.dumps({"body": {"model": "z-image", "prompt": "A bottle"}})
    data = form(extras=extras, **{"body/model": "seedream-4-0", "body/prompt": "A bottle"})
    fragment = text_of(browser.post("/panels/generations.create/preview", data))
    assert 'name="body/params/max_images"' in fragment
    again = form(extras=extras, **{"body/model": "z-image", "body/prompt": "A bottle"})
    assert 'id="fields"' not in text_of(browser.post("/panels/generations.create/preview", again))


def test_a_preview_shows_the_request_the_snippets_and_the_json(browser: Client) -> None:
    extras = json.dumps({"body": {"model": "z-image"}})
    data = form(extras=extras, **{"body/model": "z-image", "body/prompt": "Seven kites"})
    fragment = text_of(browser.post("/panels/generations.create/preview", data))
    assert "$RIVYA_API_KEY" in fragment
    assert "Idempotency-Key" in fragment
    assert fragment.count("Seven kites") >= 5
    assert 'id="fields"' not in fragment, "what is being typed in is left alone"


def test_json_that_does_not_parse_is_told_with_its_place_and_kept(browser: Client) -> None:
    data = form(editor="json", json='{"model": "z-image",\n "prompt": }')
    fragment = text_of(browser.post("/panels/generations.create/preview", data))
    assert "Line 2, column 12" in fragment
    assert "inert" in fragment
    assert 'id="json-editor"' not in fragment, "the text being typed is left alone"


def test_edited_json_changes_the_form_and_keeps_unknown_keys(browser: Client) -> None:
    body = {"model": "z-image", "prompt": "From JSON", "surprise": 1}
    data = form(editor="json", json=json.dumps(body))
    fragment = text_of(browser.post("/panels/generations.create/preview", data))
    assert "From JSON</textarea>" in fragment
    assert "1 extra field kept" in fragment


def test_problems_stand_at_their_fields_and_in_a_summary_with_links(browser: Client) -> None:
    data = form(check="1", **{"body/model": "z-image", "body/prompt": ""})
    fragment = text_of(browser.post("/panels/generations.create/preview", data))
    assert 'href="#field-body-prompt"' in fragment
    assert re.search(r'id="field-body-prompt-errors"[^>]*><li>', fragment)


def test_problems_are_not_told_while_a_field_is_still_typed_in(browser: Client) -> None:
    data = form(check="", **{"body/model": "z-image", "body/prompt": ""})
    fragment = text_of(browser.post("/panels/generations.create/preview", data))
    assert "things to look at" not in fragment
    assert 'id="problems"' not in fragment


@pytest.mark.parametrize(
    "values",
    [
        {"editor": "json", "json": "[" * 5000},
        {"editor": "json", "json": '"\\ud800"'},
        {"editor": "json", "json": "1e999"},
        {"body/prompt": "\x00\u2028<script>"},
        {"extras": "not json", "last": "|||||", "nonce": "<"},
        {"extras": '{"body": [1, 2], "path": 3}'},
        {"body/params/aspect_ratio": "x" * 10_000},
        {"header-name": "\r\nX: y", "header-value": "\r\n"},
        {"scenario": "no-such-scenario", "idempotency_key": "é" * 400},
    ],
)
def test_no_post_makes_a_panel_fail(browser: Client, values: dict[str, str]) -> None:
    for action in ("form", "preview"):
        response = browser.post(f"/panels/generations.create/{action}", form(**values))
        assert response.status_code == 200


def test_what_is_typed_can_never_become_markup(browser: Client) -> None:
    evil = "<img src=x onerror=alert(1)>"
    data = form(**{"body/model": "z-image", "body/prompt": evil})
    raw = browser.post("/panels/generations.create/form", data).content.decode()
    assert "<img" not in raw


def test_a_live_key_sent_to_a_preview_comes_back_nowhere(browser: Client) -> None:
    key = "rvya_sk_" + "c" * 32
    data = form(live_key=key, mode="live", **{"body/prompt": "x"})
    for action in ("form", "preview"):
        response = browser.post(f"/panels/generations.create/{action}", data)
        assert key not in response.content.decode()


def test_a_draft_is_handed_over_with_the_models_own_defaults(browser: Client) -> None:
    item = {"url": "https://media.example/a.png", "kind": "image"}
    body = {"model": "nano-banana", "params": {"referenceMediaItems": [item]}}
    data = {"handover": json.dumps({"body": body})}
    page = text_of(browser.post("/panels/generations.create/", data))
    assert 'value="https://media.example/a.png"' in page
    assert "imageSize" in page


def test_a_pasted_command_says_what_it_means_and_fills_the_panel(browser: Client) -> None:
    command = (
        "curl https://rivya.ai/api/v1/generations -H 'Authorization: Bearer "
        + ("rvya_sk_" + "d" * 32)
        + """' --json '{"model":"z-image","prompt":"From curl"}'"""
    )
    raw = browser.post("/panels/curl", {"command": command}).content.decode()
    assert "Create a generation" in raw
    assert "The command held a key" in raw
    assert "rvya_sk_" not in raw
    draft = unescape(re.findall(r'name="imported" value="([^"]*)"', raw)[0])
    page = text_of(browser.post("/panels/generations.create/", {"imported": draft}))
    assert "From curl" in page


def test_a_command_for_another_host_fills_a_panel_that_refuses_live(browser: Client) -> None:
    command = "curl https://elsewhere.example/api/v1/credits"
    fragment = text_of(browser.post("/panels/curl", {"command": command}))
    assert "elsewhere.example" in fragment
    data = {"imported": "{}", "foreign": "elsewhere.example"}
    page = text_of(browser.post("/panels/credits.retrieve/", data))
    assert re.search(r'data-mode-choice="live"[^>]*disabled', page)


def test_the_schema_of_a_body_opens_as_json(browser: Client) -> None:
    response = browser.get("/panels/generations.create/schema")
    assert response.json()["type"] == "object"
    assert browser.get("/panels/credits.retrieve/schema").status_code == 404


def test_the_picker_offers_only_scenarios_that_change_something(browser: Client) -> None:
    chat = text_of(browser.get("/panels/chat.stream/"))
    credits = text_of(browser.get("/panels/credits.retrieve/"))
    assert 'value="stream-cut"' in chat
    assert 'value="stream-cut"' not in credits
    assert "illustrative" in credits


def test_fragments_are_posted_and_need_their_proof_of_origin() -> None:
    strict = Client(enforce_csrf_checks=True)
    response: HttpResponse = strict.post("/panels/credits.retrieve/run", form())  # type: ignore[assignment]
    assert response.status_code == 403
    assert strict.get("/panels/credits.retrieve/run").status_code == 405
    assert get("credits.retrieve").scope is not None
