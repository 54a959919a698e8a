"""Every operation and every scenario through both faces: what a caller sees must be the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from debugger.contract import operations, schemas
from debugger.contract.operations import CATALOG
from debugger.emulator import accounts
from debugger.emulator.scenarios import SCENARIOS
from tests.emulator.faces import (
    PNG,
    Answer,
    Caller,
    Clock,
    Face,
    InProcess,
    OverHttp,
    make_emulator,
    over_http,
    wav,
)

_MASKS = (
    (re.compile(r"whsec_[A-Za-z0-9+/=.]+"), "<secret>"),
    (re.compile(r"dtok_[A-Za-z0-9_-]+"), "<token>"),
    (re.compile(r"\b(task_test|[a-z]{2,8})_[A-Za-z0-9]{24}\b"), r"<\1>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<time>"),
    (re.compile(r"http://[a-z0-9.]+(:\d+)?/media/"), "<base>/media/"),
    (re.compile(r'"duration_ms":\d+'), '"duration_ms":0'),
    # What a cut has left of an id or a time at the very end.
    (re.compile(r"\b([a-z]{2,8})_[A-Za-z0-9]{1,23}$"), r"<\1>"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]*$"), "<time>"),
)
# What a connection adds for itself.
_OF_THE_CONNECTION = {"date", "transfer-encoding", "connection"}
# Thirty megabytes once per face are enough.
_BRIEF = {"huge-answer"}


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def http_face(clock: Clock) -> Iterator[OverHttp]:
    with over_http(make_emulator(clock)) as face:
        yield face


@pytest.fixture(scope="module")
def process_face(clock: Clock, http_face: OverHttp) -> InProcess:
    return InProcess(make_emulator(clock), base_url=http_face.base_url)


class Journey:
    """One caller walks through all 20 operations, whatever the answers are."""

    def __init__(self, face: Face, clock: Clock, scenario: str) -> None:
        self.caller = Caller.arrive(face)
        self.clock = clock
        self.scenario = scenario
        self.seen: list[tuple[str, Any]] = []
        self.answers: list[tuple[str, Answer]] = []

    def see(self, operation: str, answer: Answer) -> Answer:
        self.seen.append((operation, view(answer)))
        self.answers.append((operation, answer))
        return answer

    def call(self, operation: str, path: str, body: Any = None, **rest: Any) -> Answer:
        method = next(item.method for item in CATALOG if item.id == operation)
        answer = self.caller.call(method, path, body, scenario=self.scenario, **rest)
        return self.see(operation, answer)

    def walk(self) -> list[tuple[str, Any]]:
        self.call("models.list", "/models")
        if self.scenario in _BRIEF:
            return self.seen
        self._make()
        self._talk()
        self._tell()
        self.call("credits.retrieve", "/credits")
        self.call("openapi.retrieve", "/openapi.json")
        return self.seen

    def _make(self) -> None:
        upload = self.caller.upload(PNG, scenario=self.scenario)
        self.see("files.create", upload)
        self.call("files.retrieve", f"/files/{_id(upload)}")
        self.see("files.create", self.caller.upload(wav(1.0), "audio", scenario=self.scenario))
        hook = {"url": "https://example.com/hook"}
        self.call("webhooks.create", "/webhooks", hook)
        body = {"model": "z-image", "prompt": "A lake", "params": {"aspect_ratio": "16:9"}}
        key = {"Idempotency-Key": "journey-001"}
        task = self.call("generations.create", "/generations", body, headers=key)
        self.call("generations.create", "/generations", body, headers=key)
        self.call("generations.create", "/generations", body | {"prompt": "B"}, headers=key)
        for seconds in (0, 1.3, 1.3, 20, 200):
            self.clock.pass_(seconds)
            self.call("generations.retrieve", f"/generations/{_id(task)}")

    def _talk(self) -> None:
        body = {"model": "gpt-5-2-chat", "message": "What is a good name for a lake?"}
        turn = self.call("chat.create", "/chat/completions", body)
        session = _read(turn).get("session_id", "chat_unknown")
        again = body | {"session_id": session, "message": "And for a river?"}
        self.call("chat.stream", "/chat/completions/stream", again)
        self.clock.pass_(120)
        self.call("chat.sessions.list", "/chat/sessions?limit=5")
        self.call("chat.sessions.retrieve", f"/chat/sessions/{session}")

    def _tell(self) -> None:
        made = self.call("webhooks.create", "/webhooks", {"url": "https://example.com/two"})
        place = f"/webhooks/{_id(made)}"
        self.call("webhooks.list", "/webhooks?limit=1")
        self.call("webhooks.retrieve", place)
        self.call("webhooks.update", place, {"name": "Renamed"})
        self.call("webhooks.rotate_secret", f"{place}/rotate-secret")
        self.call("webhooks.test", f"{place}/test", {})
        self.clock.pass_(60)
        self.call("webhooks.deliveries", f"{place}/deliveries")
        self.call("webhook_events.list", "/webhook-events")
        self.call("webhooks.delete", place)


def _read(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _id(answer: Answer) -> str:
    return str(_read(answer).get("id", "unknown"))


def view(answer: Answer) -> dict[str, Any]:
    """What matters of an answer, with ids and times masked."""
    headers = {
        name: mask(value)
        for name, value in answer.headers.items()
        if name not in _OF_THE_CONNECTION
    }
    if answer.end == "whole" and "content-length" in headers:
        # A made-up duration of two or three digits may move the length, so it is checked here.
        assert int(headers.pop("content-length")) == len(answer.body)
    if len(answer.body) > 1_000_000:
        return {"status": answer.status, "headers": headers, "size": len(answer.body)}
    return {
        "status": answer.status,
        "headers": headers,
        "body": mask(answer.body.decode("utf-8", "replace")),
        "end": answer.end,
    }


def mask(text: str) -> str:
    for pattern, put in _MASKS:
        text = pattern.sub(put, text)
    return text


@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
def test_both_faces_answer_alike(
    scenario: str, http_face: OverHttp, process_face: InProcess, clock: Clock
) -> None:
    begin = clock.now = clock.now + 3600
    over_wire = Journey(http_face, clock, scenario).walk()
    clock.now = begin
    in_process = Journey(process_face, clock, scenario).walk()
    for (operation, wire), (_, local) in zip(over_wire, in_process, strict=True):
        assert (operation, wire) == (operation, local)


def test_the_journey_visits_every_operation(process_face: InProcess, clock: Clock) -> None:
    seen = Journey(process_face, clock, "happy").walk()
    assert {operation for operation, _ in seen} == {item.id for item in CATALOG}
    accepted = {operation for operation, what in seen if what["status"] < 300}
    assert accepted == {item.id for item in CATALOG}


@pytest.mark.parametrize("scenario", ["happy", "several-results", "extra-fields", "rate-limited"])
def test_every_answer_of_the_journey_is_as_the_contract_says(
    process_face: InProcess, clock: Clock, scenario: str
) -> None:
    journey = Journey(process_face, clock, scenario)
    journey.walk()
    for operation_id, answer in journey.answers:
        component = operations.get(operation_id).response or ""
        if answer.status >= 400:
            component = "PublicApiError"
        elif operation_id == "chat.stream":
            assert answer.body.endswith(b"data: [DONE]\n\n")
            continue
        assert schemas.validate(component, answer.json) == [], operation_id


def test_an_account_s_scenario_counts_in_both_faces(
    http_face: OverHttp, process_face: InProcess
) -> None:
    for face in (http_face, process_face):
        caller = Caller.arrive(face)
        with face.emulator.store.transaction(caller.account) as unit:
            accounts.set_scenario(unit, "scope-denied")
        assert caller.call("GET", "/credits").code == "api_scope_denied"
        assert caller.call("GET", "/credits", scenario="happy").status == 200
