from __future__ import annotations

import threading

import pytest

from debugger.contract import catalog, schemas
from debugger.emulator import accounts, credits
from debugger.emulator.core import Emulator
from tests.emulator.faces import PNG, Answer, Caller, Clock, mp4


def _status(alice: Caller, task: Answer) -> str:
    return str(alice.call("GET", f"/generations/{task.json['id']}").json["status"])


def test_a_new_job_is_queued_and_has_reserved_its_credits(alice: Caller) -> None:
    task = alice.submit(model="ideogram-v3")
    assert task.status == 202
    assert task.json["status"] == "queued"
    assert (task.json["reserved_credits"], task.json["final_credits"]) == (7, 0)
    assert (task.json["result"], task.json["error"]) == (None, None)
    assert task.json["created_at"] == task.json["updated_at"]
    assert alice.credits() == 993


def test_a_job_goes_from_queued_over_processing_to_succeeded(alice: Caller, clock: Clock) -> None:
    task = alice.submit()
    seen = [_status(alice, task)]
    for _ in range(20):
        clock.pass_(0.25)
        if (status := _status(alice, task)) != seen[-1]:
            seen.append(status)
    assert seen == ["queued", "processing", "succeeded"]
    ended = alice.call("GET", f"/generations/{task.json['id']}").json
    assert ended["final_credits"] == 1
    assert ended["result"]["urls"] == [ended["result"]["primary_url"]]
    assert ended["updated_at"] > ended["created_at"]
    assert schemas.validate("PublicApiGeneration", ended) == []
    assert alice.credits() == 999


def test_a_failed_job_gives_its_credits_back(alice: Caller, clock: Clock) -> None:
    task = alice.submit(scenario="fails-after-reserve")
    assert alice.credits() == 999
    clock.pass_(60)
    ended = alice.call("GET", f"/generations/{task.json['id']}").json
    assert ended["status"] == "failed"
    assert (ended["reserved_credits"], ended["final_credits"]) == (1, 0)
    assert ended["result"] is None
    assert ended["error"] == {"code": "generation_failed", "message": "The generation failed."}
    assert alice.credits() == 1000


def test_a_stuck_job_never_ends_and_keeps_its_reservation(alice: Caller, clock: Clock) -> None:
    task = alice.submit(scenario="stuck")
    clock.pass_(30 * 86400)
    assert _status(alice, task) == "processing"
    assert alice.credits() == 999


def test_a_slow_job_takes_a_minute_or_more(alice: Caller, clock: Clock) -> None:
    task = alice.submit(scenario="happy-slow")
    clock.pass_(40)
    assert _status(alice, task) == "processing"
    clock.pass_(60)
    assert _status(alice, task) == "succeeded"


def test_an_unknown_status_comes_on_the_way(alice: Caller, clock: Clock) -> None:
    task = alice.submit(scenario="unknown-status")
    clock.pass_(2.6)
    assert _status(alice, task) == "finalizing"
    clock.pass_(5)
    assert _status(alice, task) == "succeeded"


def test_several_results_have_addresses_of_their_own(alice: Caller, clock: Clock) -> None:
    task = alice.submit(scenario="several-results")
    clock.pass_(60)
    result = alice.call("GET", f"/generations/{task.json['id']}").json["result"]
    assert len(set(result["urls"])) == 4
    assert result["primary_url"] == result["urls"][0]


@pytest.mark.parametrize(
    ("body", "endings"),
    [
        ({"model": "seedream-4-0", "params": {"max_images": 3}}, ["png"] * 3),
        ({"model": "nano-banana", "params": {"output_format": "jpeg"}}, ["jpg"]),
        ({"model": "flux-kontext-pro"}, ["jpg"]),
        ({"model": "suno-music"}, ["wav"]),
        ({"model": "seedance-2", "params": {"return_last_frame": "true"}}, ["webm", "png"]),
    ],
)
def test_params_decide_how_many_results_of_which_type(
    alice: Caller, clock: Clock, body: dict[str, object], endings: list[str]
) -> None:
    task = alice.submit(**body)
    clock.pass_(60)
    urls = alice.call("GET", f"/generations/{task.json['id']}").json["result"]["urls"]
    assert [url.rpartition(".")[2] for url in urls] == endings


def test_another_account_does_not_see_a_job(alice: Caller, charlie: Caller) -> None:
    task = alice.submit()
    answer = charlie.call("GET", f"/generations/{task.json['id']}")
    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize("model", [item.id for item in catalog.generation_models()])
def test_every_available_model_takes_its_documented_sample(
    alice: Caller, clock: Clock, model: str
) -> None:
    known = catalog.get(model)
    assert known is not None
    params: dict[str, object] = {
        param.key: param.default for param in known.params if param.required and param.default
    }
    if model == "elevenlabs-dialogue-v3":
        params["dialogue"] = [{"voice": "Adam", "text": "Hello."}]
    if model == "sandbox-url-input":
        params["image_url"] = "https://media.example/reference.png"
    if known.requires_files_api:
        file = alice.upload(PNG).json
        params["referenceMediaItems"] = [{"url": file["url"], "kind": "image"}]
    answer = alice.submit(model=model, params=params)
    if not known.available:
        assert answer.code == "validation_failed"
        return
    assert answer.status == 202, answer.body
    clock.pass_(60)
    assert _status(alice, answer) == "succeeded"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"model": "unheard-of"}, "model"),
        ({"model": "gpt-5-2-chat"}, "chat model"),
        ({"model": 5}, "model"),
        ({"prompt": "x" * 1001}, "1000 characters"),
        ({"prompt": None}, "prompt"),
        ({"params": {"aspect_ratio": "7:1"}}, "params.aspect_ratio"),
        ({"params": {"unknown": "x"}}, "params.unknown"),
        ({"params": []}, "params"),
        ({"client_request_id": "x" * 129}, "client_request_id"),
    ],
)
def test_a_request_that_breaks_a_rule_names_its_field_and_costs_nothing(
    alice: Caller, body: dict[str, object], words: str
) -> None:
    answer = alice.submit(**body)
    assert (answer.status, answer.code) == (400, "validation_failed")
    assert words in answer.message
    assert alice.credits() == 1000


def test_the_prompt_limit_counts_characters_not_bytes(alice: Caller) -> None:
    assert alice.submit(prompt="झ" * 1000).status == 202
    assert alice.submit(prompt="झ" * 1001).status == 400


def _reference(file: Answer, **more: object) -> dict[str, object]:
    item = {"url": file.json["url"], "kind": file.json["kind"], **more}
    return {"referenceMediaItems": [item]}


def test_an_uploaded_image_is_a_reference(alice: Caller) -> None:
    file = alice.upload(PNG)
    assert alice.submit(model="gpt-image-2", params=_reference(file)).status == 202


def test_a_file_of_another_account_is_no_reference(alice: Caller, charlie: Caller) -> None:
    file = charlie.upload(PNG)
    stolen = file.json["url"].replace(charlie.account, alice.account)
    params = {"referenceMediaItems": [{"url": stolen, "kind": "image"}]}
    answer = alice.submit(model="gpt-image-2", params=params)
    assert (answer.status, answer.code) == (400, "validation_failed")
    assert "referenceMediaItems.0.url" in answer.message


def test_the_kind_of_a_reference_is_that_of_its_upload(alice: Caller) -> None:
    file = alice.upload(PNG)
    item = {"url": file.json["url"], "kind": "video", "durationToken": "any"}
    answer = alice.submit(model="wan-2-6", params={"referenceMediaItems": [item]})
    assert "kind must be image" in answer.message


def test_credits_are_never_negative_under_parallel_submits(
    emulator: Emulator, alice: Caller
) -> None:
    with emulator.store.transaction(alice.account) as unit:
        credits.set_balance(unit, 5)
    answers: list[int] = []
    gate = threading.Barrier(8)

    def submit() -> None:
        gate.wait()
        answers.append(alice.submit().status)

    threads = [threading.Thread(target=submit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(answers) == [202] * 5 + [402] * 3
    assert alice.credits() == 0


def test_what_is_reserved_and_what_is_left_always_add_up(
    emulator: Emulator, alice: Caller, clock: Clock
) -> None:
    for scenario in ("happy", "fails-after-reserve", "stuck"):
        alice.submit(scenario=scenario, model="4o-image")
        with emulator.store.reading(alice.account) as unit:
            purse = credits.wallet(unit)
        assert purse["balance"] + sum(purse["reserved"].values()) == 1000
    clock.pass_(60)
    assert alice.credits() == 1000 - 3 - 3
    with emulator.store.reading(alice.account) as unit:
        assert list(credits.wallet(unit)["reserved"].values()) == [3]


def test_no_credits_answers_402_and_reserves_nothing(alice: Caller) -> None:
    answer = alice.submit(scenario="no-credits")
    assert (answer.status, answer.code) == (402, "insufficient_credits")
    assert alice.credits() == 1000


def test_settling_takes_no_more_than_there_is(emulator: Emulator, alice: Caller) -> None:
    with emulator.store.transaction(alice.account) as unit:
        credits.set_balance(unit, 5)
        assert credits.reserve(unit, "r", 3)
        assert credits.settle(unit, "r", 100) == 5
        assert credits.settle(unit, "r", 100) == 0
        assert credits.current(unit) == 0
        assert not credits.reserve(unit, "s", 1)


def test_an_account_s_clock_can_run_faster_stop_and_step(
    emulator: Emulator, alice: Caller, clock: Clock
) -> None:
    def turn(**change: float) -> None:
        with emulator.store.transaction(alice.account) as unit:
            accounts.set_clock(unit, real=clock.now, **change)

    turn(speed=0)
    task = alice.submit()
    clock.pass_(3600)
    assert _status(alice, task) == "queued"
    turn(step=1.5)
    assert _status(alice, task) == "processing"
    turn(speed=10)
    clock.pass_(0.5)
    assert _status(alice, task) == "succeeded"
    with pytest.raises(ValueError, match="forward"):
        turn(step=-1)


def test_an_account_is_due_when_its_job_ends(
    emulator: Emulator, alice: Caller, clock: Clock
) -> None:
    assert emulator.due() == []
    task = alice.submit()
    clock.pass_(30)
    assert emulator.due() == [alice.account]
    emulator.advance(alice.account)
    assert emulator.due() == []
    assert _status(alice, task) == "succeeded"


def test_a_job_that_ended_unseen_has_told_its_webhooks(
    emulator: Emulator, alice: Caller, clock: Clock
) -> None:
    alice.call("POST", "/webhooks", {"url": "https://example.com/hook"})
    task = alice.submit()
    clock.pass_(30)
    emulator.advance(alice.account)
    [event] = alice.call("GET", "/webhook-events").json["data"]
    assert event["type"] == "generation.succeeded"
    assert event["data"]["id"] == task.json["id"]
    assert event["data"]["status"] == "succeeded"


def test_the_event_can_come_before_the_poll_sees_the_end(alice: Caller, clock: Clock) -> None:
    task = alice.submit(scenario="webhook-before-poll")
    clock.pass_(5)
    assert _status(alice, task) == "processing"
    [event] = alice.call("GET", "/webhook-events").json["data"]
    assert event["data"]["status"] == "succeeded"
    clock.pass_(6)
    assert _status(alice, task) == "succeeded"


def test_a_video_reference_needs_the_token_of_its_upload(alice: Caller, clock: Clock) -> None:
    file = alice.upload(mp4(4.5), "video")
    assert file.json["duration_seconds"] == 4.5
    token = file.json["duration_token"]
    other = alice.upload(mp4(4.5), "video").json["duration_token"]

    def submit(**more: object) -> Answer:
        return alice.submit(model="wan-2-6", params=_reference(file, **more))

    assert "durationToken" in submit().message
    assert "durationToken" in submit(durationToken="invented").message
    assert "durationToken" in submit(durationToken=token[:-2] + "AA").message
    assert "durationToken" in submit(durationToken=other).message
    wrong = submit(durationToken=token, durationSeconds=60)
    assert "durationSeconds" in wrong.message
    assert "durationSeconds" in submit(durationToken=token, durationSeconds=10**400).message
    assert submit(durationToken=token, durationSeconds=4.5).status == 202
    clock.pass_(24 * 3600)
    assert "durationToken" in submit(durationToken=token).message


def test_a_duration_token_opens_nothing_in_another_account(alice: Caller, charlie: Caller) -> None:
    token = alice.upload(mp4(4.5), "video").json["duration_token"]
    file = charlie.upload(mp4(4.5), "video")
    answer = charlie.submit(model="wan-2-6", params=_reference(file, durationToken=token))
    assert "durationToken" in answer.message
