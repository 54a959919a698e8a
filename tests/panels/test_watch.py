"""Following a job from the page: the card, its clock, its end, and its troubles."""

from __future__ import annotations

import re
import time
from html import unescape
from typing import Any

import pytest
from django.test import Client

from debugger.client.outcome import (
    Failure,
    FailureKind,
    Mode,
    Outcome,
    RequestSnapshot,
    ResponseSnapshot,
    Timings,
)
from debugger.panels import watch
from debugger.panels.watch import Watch

NOW = 1_800_000_000.0


def outcome(value: Any = None, *, failure: Failure | None = None) -> Outcome:
    response = ResponseSnapshot(status=200, headers=(), text="", is_json=True, value=value)
    return Outcome(
        operation_id="generations.retrieve",
        mode=Mode.MOCK,
        request=RequestSnapshot(method="GET", url="https://rivya.ai/", headers=()),
        response=None if failure else response,
        timings=Timings(),
        failure=failure,
    )


def job(**fields: Any) -> dict[str, Any]:
    start = {"id": "task_1", "status": "processing", "model": "z-image", "reserved_credits": 8}
    return start | {"final_credits": 0, "result": None, "error": None} | fields


def watching(**fields: Any) -> Watch:
    start: dict[str, Any] = {"task": "task_1", "mode": Mode.MOCK, "started": NOW - 5}
    return Watch(**(start | fields))


def looked(value: dict[str, Any], state: Watch | None = None) -> watch.Card:
    found = outcome(value)
    return watch.card(watch.polled(state or watching(), found, now=NOW), found, now=NOW)


def test_the_state_of_a_card_survives_its_own_hidden_inputs() -> None:
    state = watch.polled(watching(scenario="happy", estimate="8"), outcome(job()), now=NOW)
    assert watch.read(dict(state.state()), now=NOW) == state


@pytest.mark.parametrize(
    "tampered",
    [
        {"polls": "-5", "started": "nan", "polled": "inf"},
        {"polls": "9" * 400, "started": "x", "estimate": "y" * 999},
        {"status": "succeeded", "reserved": "abc", "final": "1e999"},
    ],
)
def test_tampered_inputs_make_an_ordinary_card(tampered: dict[str, str]) -> None:
    state = watch.read({"task": "task_1"} | tampered, now=NOW)
    assert state is not None
    assert watch.card(state, None, now=NOW).task == "task_1"


def test_without_a_task_there_is_nothing_to_watch() -> None:
    assert watch.read({}, now=NOW) is None


def test_a_running_job_is_looked_at_again() -> None:
    card = looked(job())
    assert card.watching
    assert card.delay_ms > 0
    assert card.polls == 1
    assert card.final == "…"


def test_live_keeps_to_the_schedule_and_mock_is_livelier() -> None:
    mock = looked(job())
    live = looked(job(), watching(mode=Mode.LIVE))
    assert live.delay_ms >= 5000 > mock.delay_ms


def test_a_finished_job_is_not_polled_any_more() -> None:
    for status in ("succeeded", "failed"):
        card = looked(job(status=status))
        assert card.ended
        assert not card.watching


def test_the_money_line_says_what_came_back() -> None:
    card = looked(job(status="failed", final_credits=3))
    assert (card.reserved, card.final, card.money_note) == ("8", "3", "5 returned")


def test_credits_that_the_answer_does_not_state_are_not_stated() -> None:
    value = job(status="succeeded")
    del value["final_credits"]
    assert looked(value).final == "not stated"


def test_an_unknown_status_is_shown_as_it_is_and_watching_goes_on() -> None:
    card = looked(job(status="finalizing"))
    assert card.label == "finalizing"
    assert card.watching
    assert "does not know this status" in card.note


def test_a_failed_job_shows_its_code_its_message_and_advice() -> None:
    error = {"code": "generation_failed", "message": "The generation failed."}
    card = looked(job(status="failed", error=error))
    assert card.error is not None
    assert card.error.code == "generation_failed"
    assert card.error.message == "The generation failed."
    assert card.error.fix


@pytest.mark.parametrize("error", [None, [], "text", {"code": 5}, {"message": {"a": 1}}])
def test_a_failed_job_with_a_strange_error_is_still_a_failed_job(error: Any) -> None:
    card = looked(job(status="failed", error=error))
    assert card.error is not None


def test_a_poll_that_fails_for_a_while_is_told_and_tried_again() -> None:
    trouble = Failure(kind=FailureKind.RATE_LIMITED, retry_after=20.0)
    found = outcome(failure=trouble)
    card = watch.card(watch.polled(watching(), found, now=NOW), found, now=NOW)
    assert card.watching
    assert card.delay_ms >= 20_000
    assert card.poll_failure is not None


def test_a_poll_that_cannot_succeed_ends_the_watching() -> None:
    found = outcome(failure=Failure(kind=FailureKind.REFUSED))
    assert not watch.card(watching(), found, now=NOW).watching


def test_a_job_that_never_ends_is_given_up_and_can_be_looked_at_by_hand() -> None:
    card = looked(job(), watching(started=NOW - 3600))
    assert not card.watching
    assert not card.ended
    assert "by hand" in card.note


def test_the_jobs_own_times_say_how_long_it_took() -> None:
    times = {"created_at": "2026-05-10T00:00:00.000Z", "updated_at": "2026-05-10T00:01:05.000Z"}
    assert looked(job(status="succeeded", **times)).took == "65.0 s"
    odd = {"created_at": 5, "updated_at": "yesterday"}
    assert looked(job(status="succeeded", **odd)).took == ""


def test_a_begun_watch_needs_an_id() -> None:
    strange: tuple[Any, ...] = (None, [], {"id": 5}, {"id": None})
    for value in strange:
        assert watch.begin(outcome(value), scenario="", estimate="", now=NOW) is None


def form(**values: str) -> dict[str, str]:
    return {"mode": "mock", "editor": "form", "nonce": "n" * 16, "last": ""} | values


def started(browser: Client, scenario: str = "happy") -> str:
    data = form(scenario=scenario, **{"body/model": "z-image", "body/prompt": "A bottle"})
    return unescape(browser.post("/panels/generations.create/run", data).content.decode())


def state_of(card: str) -> dict[str, str]:
    inside = card[card.index('id="job-state"') :]
    inside = inside[: inside.index("</form>")]
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', inside))


def look(browser: Client, card: str, **extra: str) -> str:
    response = browser.post("/panels/generations.create/watch", state_of(card) | extra)
    assert response.status_code == 200
    return unescape(response.content.decode())


@pytest.mark.django_db
def test_a_job_is_followed_to_its_result_on_the_page() -> None:
    browser = Client(headers={"hx-request": "true"})
    card = started(browser)
    deadline = time.monotonic() + 20
    while "load delay" in card and time.monotonic() < deadline:
        time.sleep(0.3)
        card = look(browser, card)
    assert 'class="chip ok" role="status">Succeeded' in card
    source = re.findall(r'<img src="(/mock/media/[^"]+)"', card)[0]
    media = browser.get(source)
    assert media["Content-Type"] in ("image/png", "image/jpeg")
    assert "final <b>1</b>" in card


@pytest.mark.django_db
def test_a_job_that_fails_is_a_failure_although_the_call_succeeded() -> None:
    browser = Client(headers={"hx-request": "true"})
    card = started(browser, "fails-after-reserve")
    deadline = time.monotonic() + 20
    while "load delay" in card and time.monotonic() < deadline:
        time.sleep(0.3)
        card = look(browser, card)
    assert "The job failed." in card
    assert "generation_failed" in card
    assert "1 returned" in card


@pytest.mark.django_db
def test_stopping_the_watch_asks_nobody_and_can_be_undone() -> None:
    browser = Client(headers={"hx-request": "true"})
    card = look(browser, started(browser), stop="1")
    assert "load delay" not in card
    assert "no way to cancel" in card
    assert 'id="watch-on"' in card
    assert "polled once" in look(browser, card)


@pytest.mark.django_db
def test_a_watch_without_a_task_is_told_so() -> None:
    assert (
        Client(headers={"hx-request": "true"})
        .post("/panels/generations.create/watch", {})
        .status_code
        == 422
    )


@pytest.mark.django_db
def test_a_live_poll_takes_the_key_from_the_page_and_gives_it_to_no_page(settings: Any) -> None:
    settings.RIVYA_BASE_URL = "http://127.0.0.1:9"
    key = "rvya_sk_" + "g" * 32
    data = {"task": "task_1", "mode": "live", "live_key": key}
    response = Client(headers={"hx-request": "true"}).post("/panels/generations.create/watch", data)
    assert response.status_code == 200
    assert "Nothing answered" in response.content.decode()
    assert key not in response.content.decode()
