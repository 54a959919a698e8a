from __future__ import annotations

import threading

import pytest

from tests.emulator.faces import Answer, Caller, Clock

KEY = {"Idempotency-Key": "quickstart-001"}


def test_the_same_key_and_body_is_answered_again_without_a_second_charge(alice: Caller) -> None:
    first, second = alice.submit(headers=KEY), alice.submit(headers=KEY)
    assert second.status == first.status
    assert second.json == first.json
    assert alice.credits() == 999


def test_a_replay_shows_the_current_status(alice: Caller, clock: Clock) -> None:
    first = alice.submit(headers=KEY)
    clock.pass_(60)
    again = alice.submit(headers=KEY)
    assert again.json["id"] == first.json["id"]
    assert again.json["status"] == "succeeded"


def test_the_order_of_keys_in_the_body_does_not_matter(alice: Caller) -> None:
    one = {"model": "z-image", "prompt": "A", "params": {"aspect_ratio": "1:1"}}
    two = {"params": {"aspect_ratio": "1:1"}, "prompt": "A", "model": "z-image"}
    first = alice.call("POST", "/generations", one, headers=KEY)
    assert alice.call("POST", "/generations", two, headers=KEY).json["id"] == first.json["id"]


def test_the_same_key_with_another_body_conflicts(alice: Caller) -> None:
    alice.submit(headers=KEY)
    answer = alice.submit(headers=KEY, prompt="Another lake")
    assert (answer.status, answer.code) == (409, "idempotency_conflict")
    assert alice.credits() == 999


def test_a_validation_failure_does_not_burn_the_key(alice: Caller) -> None:
    assert alice.submit(headers=KEY, model="unheard-of").status == 400
    assert alice.submit(headers=KEY).status == 202


def test_missing_credits_do_not_burn_the_key(alice: Caller) -> None:
    assert alice.submit(headers=KEY, scenario="no-credits").status == 402
    assert alice.submit(headers=KEY).status == 202


def test_a_key_belongs_to_one_account_and_one_operation(alice: Caller, charlie: Caller) -> None:
    first, other = alice.submit(headers=KEY), charlie.submit(headers=KEY)
    assert first.json["id"] != other.json["id"]
    body = {"model": "gpt-5-2-chat", "message": "Hello"}
    assert alice.call("POST", "/chat/completions", body, headers=KEY).status == 200


def test_a_key_is_forgotten_after_a_day(alice: Caller, clock: Clock) -> None:
    first = alice.submit(headers=KEY)
    clock.pass_(24 * 3600 - 1)
    assert alice.submit(headers=KEY).json["id"] == first.json["id"]
    clock.pass_(1)
    fresh = alice.submit(headers=KEY)
    assert fresh.json["id"] != first.json["id"]
    assert alice.submit(headers=KEY).json["id"] == fresh.json["id"]


@pytest.mark.parametrize("key", ["", "x" * 256, "snow☃", "tab\there"])
def test_a_key_that_is_not_printable_ascii_is_refused(alice: Caller, key: str) -> None:
    answer = alice.submit(headers={"Idempotency-Key": key})
    assert (answer.status, answer.code) == (400, "validation_failed")


def test_a_lost_answer_can_be_asked_for_again(alice: Caller) -> None:
    lost = alice.submit(headers=KEY, scenario="cut")
    assert lost.end == "cut"
    found = alice.submit(headers=KEY)
    assert found.status == 202
    assert alice.credits() == 999


def test_a_key_whose_first_answer_is_on_its_way_conflicts(alice: Caller, clock: Clock) -> None:
    alice.submit(headers=KEY, scenario="slow-first-byte")
    answer = alice.submit(headers=KEY)
    assert (answer.status, answer.code) == (409, "idempotency_conflict")
    assert "still being handled" in answer.message
    clock.pass_(9)
    assert alice.submit(headers=KEY).status == 202
    assert alice.credits() == 999


def test_parallel_requests_with_one_key_make_one_task(alice: Caller) -> None:
    answers: list[Answer] = []
    gate = threading.Barrier(6)

    def submit() -> None:
        gate.wait()
        answers.append(alice.submit(headers=KEY))

    threads = [threading.Thread(target=submit) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(answers) == 6
    assert {answer.status for answer in answers} <= {202, 409}
    tasks = {answer.json["id"] for answer in answers if answer.status == 202}
    assert len(tasks) == 1
    assert alice.credits() == 999
