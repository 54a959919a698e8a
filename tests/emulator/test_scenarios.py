from __future__ import annotations

import json

import pytest

from debugger.contract import schemas
from debugger.contract.operations import CATALOG
from debugger.emulator import scenarios
from debugger.emulator.core import Emulator
from debugger.emulator.misbehave import FOR_EVER, LATE
from debugger.emulator.scenarios import SCENARIOS, ScenarioGroup
from debugger.emulator.wire import Request
from tests.emulator.faces import Caller, Clock, collect

_IDS = {operation.id for operation in CATALOG}


def test_every_group_of_the_picker_has_scenarios_that_explain_themselves() -> None:
    assert set(scenarios.grouped()) == set(ScenarioGroup)
    for group, rows in scenarios.grouped().items():
        assert rows, group
        for row in rows:
            assert row.title
            assert row.description.endswith(".")
            assert row.end_state
            assert row.applies
            assert row.applies <= _IDS


def test_the_picker_of_an_operation_shows_what_changes_something() -> None:
    names = {row.name for row in scenarios.for_operation("chat.stream")}
    assert {"happy", "stream-cut", "rate-limited", "no-credits"} <= names
    assert "stuck" not in names
    assert "key-missing" not in {row.name for row in scenarios.for_operation("models.list")}


def test_codes_that_the_documentation_lacks_are_marked_illustrative() -> None:
    for name in ("server-error", "html-answer", "hang", "unknown-status", "extra-fields"):
        assert SCENARIOS[name].illustrative
    for name in ("happy", "key-revoked", "rate-limited", "fails-after-reserve", "unavailable"):
        assert not SCENARIOS[name].illustrative


def test_an_unknown_scenario_is_refused_with_the_choices(alice: Caller) -> None:
    answer = alice.call("GET", "/credits", scenario="unheard-of")
    assert (answer.status, answer.code) == (400, "validation_failed")
    assert "stream-cut" in answer.message


def test_a_scenario_that_does_not_apply_changes_nothing(alice: Caller) -> None:
    assert alice.call("GET", "/credits", scenario="stream-cut").status == 200


@pytest.mark.parametrize(
    ("scenario", "status", "code"),
    [
        ("key-missing", 401, "api_key_missing"),
        ("key-invalid", 401, "api_key_invalid"),
        ("key-revoked", 401, "api_key_revoked"),
        ("key-expired", 401, "api_key_expired"),
        ("scope-denied", 403, "api_scope_denied"),
        ("rate-limited", 429, "rate_limited"),
        ("no-credits", 402, "insufficient_credits"),
        ("idempotency-conflict", 409, "idempotency_conflict"),
        ("server-error", 500, "internal_error"),
        ("unavailable", 503, "public_api_disabled"),
    ],
)
def test_a_scenario_answers_with_its_code_and_charges_nothing(
    alice: Caller, scenario: str, status: int, code: str
) -> None:
    for path, body in (
        ("/generations", {"model": "z-image", "prompt": "A lake"}),
        ("/chat/completions", {"model": "gpt-5-2-chat", "message": "Hello"}),
        ("/chat/completions/stream", {"model": "gpt-5-2-chat", "message": "Hello"}),
    ):
        answer = alice.call("POST", path, body, scenario=scenario)
        assert (answer.status, answer.code) == (status, code)
        assert schemas.validate("PublicApiError", answer.json) == []
    assert alice.credits() == 1000


@pytest.mark.parametrize("scenario", ["rate-limited", "unavailable"])
def test_what_passes_says_when_to_come_back(alice: Caller, scenario: str) -> None:
    answer = alice.call("GET", "/credits", scenario=scenario)
    assert 1 <= int(answer.headers["retry-after"]) <= 60


def test_flaky_answers_at_the_third_try(alice: Caller) -> None:
    statuses = [alice.call("GET", "/credits", scenario="flaky").status for _ in range(6)]
    assert statuses == [500, 502, 200, 500, 502, 200]


def test_a_proxy_s_page_is_html_and_broken_json_is_not_json(alice: Caller) -> None:
    page = alice.call("GET", "/credits", scenario="html-answer")
    assert (page.status, page.headers["content-type"]) == (502, "text/html; charset=utf-8")
    broken = alice.call("GET", "/credits", scenario="not-json")
    assert broken.headers["content-type"] == "application/json"
    with pytest.raises(json.JSONDecodeError):
        broken.json  # noqa: B018 -- Reading it is the test.


def test_a_redirect_points_to_another_host(alice: Caller) -> None:
    answer = alice.call("GET", "/credits", scenario="redirect")
    assert answer.status == 307
    assert answer.headers["location"].startswith("https://elsewhere.example/")


def test_a_huge_answer_is_thirty_megabytes_of_valid_json(alice: Caller) -> None:
    answer = alice.call("GET", "/models", scenario="huge-answer")
    assert len(answer.body) == int(answer.headers["content-length"])
    assert len(answer.body) >= 30 * 2**20
    assert answer.body.startswith(b'{"object":"list"')
    assert answer.body.endswith(b'"]}')


def test_what_hangs_and_what_is_late_says_so_in_its_pace(emulator: Emulator, alice: Caller) -> None:
    def respond(scenario: str) -> tuple[float, bool]:
        headers = {"authorization": f"Bearer {alice.key}", scenarios.HEADER: scenario}
        request = Request(method="GET", path="/api/v1/credits", headers=headers)
        response = emulator.handle(request)
        return response.delay, response.refuse

    assert respond("hang") == (FOR_EVER, True)
    assert respond("refused") == (0.0, True)
    assert respond("slow-first-byte") == (LATE, False)
    assert respond("happy") == (0.0, False)


@pytest.mark.parametrize("scenario", ["hang", "refused", "server-error", "html-answer", "redirect"])
def test_a_request_that_was_not_handled_did_nothing(alice: Caller, scenario: str) -> None:
    alice.submit(scenario=scenario)
    assert alice.credits() == 1000


def test_a_cut_answer_was_handled(alice: Caller) -> None:
    answer = alice.submit(scenario="cut")
    assert answer.end == "cut"
    assert 0 < len(answer.body) < int(answer.headers["content-length"])
    assert alice.credits() == 999


def test_new_fields_are_additive(alice: Caller, clock: Clock) -> None:
    task = alice.submit(scenario="extra-fields")
    assert task.json["region"] == "eu-central"
    assert schemas.validate("PublicApiGeneration", task.json) == []
    models = alice.call("GET", "/models", scenario="extra-fields").json
    assert models["data"][0]["region"] == "eu-central"
    assert schemas.validate("PublicApiModelList", models) == []


def test_a_stranger_meets_scenarios_too(emulator: Emulator) -> None:
    headers = {scenarios.HEADER: "flaky"}
    request = Request(method="GET", path="/api/v1/models", headers=headers)
    statuses = [collect(emulator.handle(request)).status for _ in range(3)]
    assert statuses == [500, 502, 200]
