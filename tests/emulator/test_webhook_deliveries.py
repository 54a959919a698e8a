from __future__ import annotations

import json
import time
from datetime import datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from debugger.contract.assumptions import DEFAULTS
from debugger.contract.schemas import validate
from debugger.contract.webhooks import verify
from debugger.emulator.core import Settings
from debugger.emulator.wire import Attempt, DeliveryResult
from tests.emulator.hooks import URL, endpoint, events, job, read, rows
from tests.emulator.sandbox import Answer, Sandbox


def test_a_finished_job_is_delivered_to_every_endpoint_that_wants_it(sandbox: Sandbox) -> None:
    wants = endpoint(sandbox)
    failures = endpoint(sandbox, event_types=["generation.failed"])
    task = job(sandbox)
    assert rows(sandbox, wants) == []
    sandbox.clock.now += 60
    (row,) = rows(sandbox, wants)
    assert (row["status"], row["attempt"], row["response_status"]) == ("succeeded", 1, 200)
    assert "nothing was sent" in row["response_body"]
    assert rows(sandbox, failures) == []
    (event,) = events(sandbox)
    assert event["id"] == row["event_id"]
    assert event["data"] == sandbox.call("GET", f"/generations/{task}").body
    assert read(sandbox, wants)["last_success_at"] == row["delivered_at"]


def test_a_failed_job_has_its_own_event(sandbox: Sandbox) -> None:
    made = endpoint(sandbox, event_types=["generation.failed"])
    job(sandbox, "fails-after-reserve")
    sandbox.clock.now += 60
    assert [row["event_type"] for row in rows(sandbox, made)] == ["generation.failed"]
    assert events(sandbox)[0]["data"]["error"]["code"] == "generation_failed"


def test_events_are_listed_without_any_endpoint(sandbox: Sandbox) -> None:
    job(sandbox)
    sandbox.clock.now += 60
    assert [event["type"] for event in events(sandbox)] == ["generation.succeeded"]


def test_events_come_in_pages_newest_first(sandbox: Sandbox) -> None:
    for _ in range(3):
        job(sandbox)
        sandbox.clock.now += 60
    listed = [event["id"] for event in events(sandbox)]
    page = sandbox.call("GET", "/webhook-events", query="limit=2").body
    assert [event["id"] for event in page["data"]] == listed[:2]
    assert page["has_more"] is True
    query = f"limit=2&starting_after={listed[1]}"
    rest = sandbox.call("GET", "/webhook-events", query=query).body
    assert [event["id"] for event in rest["data"]] == listed[2:]


def test_a_test_event_moves_no_credit_and_says_what_it_is(sandbox: Sandbox) -> None:
    made = endpoint(sandbox)
    before = sandbox.balance
    answer = sandbox.call("POST", f"/webhooks/{made['id']}/test")
    assert answer.status == 200
    assert validate("PublicApiWebhookDelivery", answer.body) == []
    assert answer.body["status"] == "succeeded"
    assert sandbox.balance == before
    told = events(sandbox)[0]["data"]
    assert told["id"].startswith("task_test_")
    assert validate("PublicApiGeneration", told) == []


def test_a_test_event_can_be_of_either_type(sandbox: Sandbox) -> None:
    made = endpoint(sandbox, event_types=["generation.succeeded"])
    address = f"/webhooks/{made['id']}/test"
    answer = sandbox.call("POST", address, {"event_type": "generation.failed"})
    assert answer.body["event_type"] == "generation.failed"
    assert sandbox.call("POST", address, {"event_type": "chat"}).code == "validation_failed"


def test_a_failing_receiver_is_tried_again_on_schedule_and_then_given_up(
    sandbox: Sandbox,
) -> None:
    made = endpoint(sandbox)
    sandbox.call("POST", f"/webhooks/{made['id']}/test", scenario="webhook-failing")
    attempts = []
    for wait in DEFAULTS.webhook_retry_schedule:
        sandbox.clock.now += wait
        (row,) = rows(sandbox, made)
        attempts.append((row["attempt"], row["status"], row["next_attempt_at"] is None))
    assert attempts == [(n, "pending", False) for n in range(1, 7)] + [(7, "failed", True)]
    seen = read(sandbox, made)
    assert seen["failure_count"] == 1
    assert seen["last_failure_at"] is not None
    assert seen["last_success_at"] is None


def test_a_long_leap_of_the_clock_brings_every_attempt_in_order(sandbox: Sandbox) -> None:
    made = endpoint(sandbox)
    job(sandbox, "webhook-failing")
    sandbox.clock.now += 10 * 86_400
    (row,) = rows(sandbox, made)
    assert (row["attempt"], row["status"]) == (7, "failed")
    ended = datetime.fromisoformat(read(sandbox, made)["last_failure_at"])
    took = ended - datetime.fromisoformat(row["created_at"])
    assert took.total_seconds() == pytest.approx(sum(DEFAULTS.webhook_retry_schedule), abs=0.01)


def test_a_success_clears_the_failures_before_it(sandbox: Sandbox) -> None:
    made = endpoint(sandbox)
    job(sandbox, "webhook-failing")
    sandbox.clock.now += 10 * 86_400
    assert read(sandbox, made)["failure_count"] == 1
    sandbox.call("POST", f"/webhooks/{made['id']}/test")
    assert read(sandbox, made)["failure_count"] == 0


def test_too_many_failures_in_a_row_disable_the_endpoint() -> None:
    impatient = Sandbox(assumptions=DEFAULTS.with_overrides({"webhook_disable_after": 2}))
    made = endpoint(impatient)
    for _ in range(3):
        job(impatient, "webhook-failing")
    impatient.clock.now += 10 * 86_400
    seen = read(impatient, made)
    assert (seen["status"], seen["failure_count"]) == ("disabled", 2)
    assert seen["disabled_at"] is not None
    last = sorted(rows(impatient, made), key=lambda row: int(row["attempt"]))
    assert {row["status"] for row in last} == {"failed"}
    assert impatient.emulator.store.due(impatient.clock() + 1e9) == []


def test_a_late_event_comes_half_a_minute_after_the_job(sandbox: Sandbox) -> None:
    made = endpoint(sandbox)
    job(sandbox, "webhook-late")
    sandbox.clock.now += 20
    assert [row["status"] for row in rows(sandbox, made)] == ["pending"]
    sandbox.clock.now += 20
    assert [row["status"] for row in rows(sandbox, made)] == ["succeeded"]


def test_a_duplicate_is_two_deliveries_of_one_event(sandbox: Sandbox) -> None:
    made = endpoint(sandbox)
    job(sandbox, "webhook-duplicate")
    sandbox.clock.now += 60
    one, two = rows(sandbox, made)
    assert one["event_id"] == two["event_id"]
    assert one["id"] != two["id"]
    assert len(events(sandbox)) == 1


def test_an_event_can_arrive_before_the_status_says_so(sandbox: Sandbox) -> None:
    made = endpoint(sandbox)
    task = job(sandbox, "webhook-before-poll")
    for _ in range(40):
        sandbox.clock.now += 0.5
        if rows(sandbox, made):
            break
    assert sandbox.call("GET", f"/generations/{task}").body["status"] == "processing"
    assert events(sandbox)[0]["data"]["status"] == "succeeded"


def test_pending_attempts_end_with_their_endpoint(sandbox: Sandbox) -> None:
    made = endpoint(sandbox)
    job(sandbox, "webhook-late")
    sandbox.clock.now += 20
    sandbox.call("DELETE", f"/webhooks/{made['id']}")
    sandbox.clock.now += 20
    (row,) = rows(sandbox, made)
    assert (row["status"], row["attempt"]) == ("failed", 0)
    assert "revoked" in row["error"]


def due(sending: Sandbox) -> list[Attempt]:
    return sending.emulator.due_attempts(sending.account)


def report(sending: Sandbox, attempt: Attempt, result: DeliveryResult) -> None:
    sending.emulator.record_attempt(sending.account, attempt.id, result)


def test_a_real_attempt_is_signed_so_that_receivers_accept_it(sending: Sandbox) -> None:
    made = endpoint(sending)
    pending = sending.call("POST", f"/webhooks/{made['id']}/test").body
    assert (pending["status"], pending["attempt"]) == ("pending", 0)
    (attempt,) = due(sending)
    assert attempt.url == URL
    headers = dict(attempt.headers)
    assert headers["content-type"] == "application/json"
    secret = made["signing_secret"]
    verdict = verify(headers=headers, body=attempt.body, secrets=[secret], now=sending.clock())
    assert verdict.ok
    assert headers["webhook-id"] == pending["event_id"] == json.loads(attempt.body)["id"]
    assert made["signing_secret"].encode() not in attempt.body


def test_the_reference_library_accepts_the_signature() -> None:
    now = Sandbox(settings=Settings(real_deliveries=True))
    now.clock.now = time.time()
    made = endpoint(now)
    now.call("POST", f"/webhooks/{made['id']}/test")
    now.call("POST", f"/webhooks/{made['id']}/test", scenario="webhook-bad-signature")
    good, bad = due(now)
    judge = Webhook(made["signing_secret"])
    assert judge.verify(good.body, dict(good.headers))
    with pytest.raises(WebhookVerificationError):
        judge.verify(bad.body, dict(bad.headers))


def test_the_other_scheme_signs_in_one_header() -> None:
    assumed = DEFAULTS.with_overrides({"webhook_scheme": "stripe"})
    other = Sandbox(assumptions=assumed, settings=Settings(real_deliveries=True))
    made = endpoint(other)
    other.call("POST", f"/webhooks/{made['id']}/test")
    (attempt,) = due(other)
    verdict = verify(
        headers=dict(attempt.headers),
        body=attempt.body,
        secrets=[made["signing_secret"]],
        now=other.clock(),
        assumptions=assumed,
    )
    assert verdict.ok
    assert "rivya-signature" in {name.lower() for name, _ in attempt.headers}


def accepted_with(sending: Sandbox, attempt: Attempt, secret: str) -> bool:
    headers = dict(attempt.headers)
    return verify(headers=headers, body=attempt.body, secrets=[secret], now=sending.clock()).ok


@pytest.mark.parametrize(("overlap", "old_works"), [(0, False), (3600, True)])
def test_a_rotation_ends_the_old_secret_when_the_overlap_ends(
    overlap: int, old_works: bool
) -> None:
    assumed = DEFAULTS.with_overrides({"webhook_secret_overlap_seconds": overlap})
    sending = Sandbox(assumptions=assumed, settings=Settings(real_deliveries=True))
    old = endpoint(sending)
    new = sending.call("POST", f"/webhooks/{old['id']}/rotate-secret").body
    sending.call("POST", f"/webhooks/{old['id']}/test")
    (attempt,) = due(sending)
    assert accepted_with(sending, attempt, new["signing_secret"])
    assert accepted_with(sending, attempt, old["signing_secret"]) is old_works
    report(sending, attempt, DeliveryResult(status=204))
    sending.clock.now += 3601
    sending.call("POST", f"/webhooks/{old['id']}/test")
    (later,) = due(sending)
    assert not accepted_with(sending, later, old["signing_secret"])


def test_an_attempt_is_claimed_by_one_sender_only(sending: Sandbox) -> None:
    made = endpoint(sending)
    sending.call("POST", f"/webhooks/{made['id']}/test")
    assert len(due(sending)) == 1
    assert due(sending) == []


def test_a_sender_that_died_loses_its_claim(sending: Sandbox) -> None:
    made = endpoint(sending)
    sending.call("POST", f"/webhooks/{made['id']}/test")
    (first,) = due(sending)
    sending.clock.now += 90
    (second,) = due(sending)
    assert second.id == first.id
    report(sending, second, DeliveryResult(status=200, body="ok", duration_ms=7))
    report(sending, first, DeliveryResult(status=500))
    (row,) = rows(sending, made)
    assert (row["status"], row["attempt"], row["response_body"]) == ("succeeded", 1, "ok")
    assert row["duration_ms"] == 7


@pytest.mark.parametrize(
    "result",
    [
        DeliveryResult(status=302),
        DeliveryResult(status=500, body="oh"),
        DeliveryResult(error="timed out"),
    ],
)
def test_whatever_is_not_a_success_is_tried_again(sending: Sandbox, result: DeliveryResult) -> None:
    made = endpoint(sending)
    sending.call("POST", f"/webhooks/{made['id']}/test")
    (attempt,) = due(sending)
    report(sending, attempt, result)
    (row,) = rows(sending, made)
    assert (row["status"], row["attempt"], row["error"]) == ("pending", 1, result.error)
    assert row["response_status"] == result.status
    assert due(sending) == []
    sending.clock.now += 5
    (again,) = due(sending)
    assert again.body == attempt.body
    assert again.id != attempt.id


def test_only_the_beginning_of_a_receivers_answer_is_kept(sending: Sandbox) -> None:
    made = endpoint(sending)
    sending.call("POST", f"/webhooks/{made['id']}/test")
    (attempt,) = due(sending)
    report(sending, attempt, DeliveryResult(status=200, body="\0क" * 5000))
    (row,) = rows(sending, made)
    assert set(row["response_body"]) == {"क"}
    assert len(row["response_body"].encode()) <= 1024


def test_a_receiver_that_must_fail_is_never_called(sending: Sandbox) -> None:
    made = endpoint(sending)
    sending.call("POST", f"/webhooks/{made['id']}/test", scenario="webhook-failing")
    assert due(sending) == []
    (row,) = rows(sending, made)
    assert (row["attempt"], row["response_status"]) == (1, 500)


def test_what_was_sent_before_the_endpoint_was_disabled_is_still_recorded(
    sending: Sandbox,
) -> None:
    made = endpoint(sending)
    sending.call("POST", f"/webhooks/{made['id']}/test")
    (attempt,) = due(sending)
    sending.call("PATCH", f"/webhooks/{made['id']}", {"status": "disabled"})
    report(sending, attempt, DeliveryResult(status=500))
    (row,) = rows(sending, made)
    assert (row["status"], row["attempt"], row["response_status"]) == ("failed", 1, 500)


def test_a_report_about_nothing_changes_nothing(sending: Sandbox) -> None:
    made = endpoint(sending)
    for attempt_id in ("", "whdel_nobody:1", "nonsense"):
        sending.emulator.record_attempt(sending.account, attempt_id, DeliveryResult(status=200))
    assert rows(sending, made) == []


def test_a_waiting_delivery_wakes_its_account(sending: Sandbox) -> None:
    made = endpoint(sending)
    answer: Answer = sending.call("POST", f"/webhooks/{made['id']}/test")
    assert answer.status == 200
    assert sending.store.due(sending.clock() + 0.1) == [sending.account]
    (attempt,) = due(sending)
    report(sending, attempt, DeliveryResult(status=200))
    assert sending.store.due(sending.clock() + 1e9) == []
