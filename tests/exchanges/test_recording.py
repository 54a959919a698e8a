"""Every run becomes rows that hold what happened, no secret, and nothing a database refuses."""

from __future__ import annotations

import base64
import json
import random
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from pytest_django import DjangoAssertNumQueries

from debugger.client.outcome import Failure, FailureKind, Mode
from debugger.exchanges import services
from debugger.exchanges.models import Exchange, ExchangeContent, ExchangeWords, HistoryRules
from debugger.exchanges.recording import trimmed
from debugger.keys.models import ApiKey
from debugger.web import moments
from tests.canary import canary, find
from tests.cast import acme
from tests.exchanges.runs import BODY, JOB, NOON, outcome, request, response, run
from tests.patience import no_hang

pytestmark = pytest.mark.django_db


def kept(row: Exchange) -> tuple[Exchange, ExchangeContent, str]:
    """The three rows, read from the database."""
    found = Exchange.objects.select_related("content", "found_by").get(pk=row.pk)
    return found, found.content, found.found_by.words


# -- What is kept --------------------------------------------------------------------------------


def test_a_run_is_kept_with_everything_that_it_said() -> None:
    row, content, words = kept(services.record(run(acme(), idempotency_key="dash-1")))
    assert (row.operation, row.mode, row.method) == ("generations.create", "mock", "POST")
    assert (row.path, row.status, row.failed) == ("/api/v1/generations", 202, False)
    assert (row.made, row.job_status, row.model) == ("task_8Hn2kQ", "queued", "z-image")
    assert (row.user_name, row.scenario, row.idempotency_key) == ("Bob", "happy", "dash-1")
    assert (row.first_byte_ms, row.total_ms, row.request_size) == (40.0, 42.0, len(BODY))
    assert (content.request_text, content.intact, content.kept) == (BODY, True, True)
    assert content.response_text == json.dumps(JOB)
    assert content.draft == '{"body":{"model":"z-image"}}'
    assert (content.http_version, content.connect_ms) == ("HTTP/1.1", 1.5)
    assert row.summary == "A red bottle on a table"
    assert "bottle" in words


def test_the_number_of_a_run_tells_when_it_was() -> None:
    row = services.record(run(acme()))
    assert moments.moment_of(row.pk) == NOON == row.at
    assert services.find(acme(), row.name) == row


def test_three_rows_are_written_in_one_transaction(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    team = acme()
    with django_assert_num_queries(6):  # The rules, three rows, and a savepoint around them.
        services.record(run(team))


def test_a_run_whose_words_cannot_be_written_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(self: ExchangeWords, **_how: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr(ExchangeWords, "save", broken)
    with pytest.raises(DatabaseError):
        services.record(run(acme()))
    assert not Exchange.objects.exists()
    assert not ExchangeContent.objects.exists()


def test_two_runs_of_one_moment_never_share_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = iter([5, 5, 5, 6])
    monkeypatch.setattr("secrets.randbelow", lambda _most: next(chance))
    first, second = services.record(run(acme())), services.record(run(acme()))
    assert (first.pk % 1024, second.pk % 1024) == (5, 6)
    assert kept(second)[1].exchange_id == second.pk


def test_a_key_is_kept_by_its_label_when_it_is_gone() -> None:
    key = ApiKey.objects.create(
        team=acme(), public_id="k1", label="Production", base_url="https://x", sealed=b"x"
    )
    row = services.record(run(acme(), outcome(mode=Mode.LIVE), key=key, base_url="https://x"))
    key.delete()
    row.refresh_from_db()
    assert (row.mode, row.key, row.key_label, row.base_url) == (
        "live",
        None,
        "Production",
        "https://x",
    )


def test_a_run_again_remembers_what_it_repeats() -> None:
    first = services.record(run(acme()))
    assert services.record(run(acme(), origin=first)).origin == first


# -- How it ended --------------------------------------------------------------------------------


def test_a_refusal_is_kept_with_the_words_of_the_api() -> None:
    error = {"error": {"code": "rate_limited", "message": "Slow down", "requestId": "req_1"}}
    failure = Failure(
        kind=FailureKind.RATE_LIMITED,
        code="rate_limited",
        message="Slow down",
        request_id="req_1",
        retry_after=3.0,
        detail="ours",
    )
    came = response(error, status=429)
    row, content, _words = kept(services.record(run(acme(), outcome(failure=failure, came=came))))
    assert (row.status, row.failed, row.failure_kind) == (429, True, "rate_limited")
    assert (row.error_code, row.error_message) == ("rate_limited", "Slow down")
    assert (row.request_id, row.made) == ("req_1", "")
    assert (content.failure_detail, content.retry_after) == ("ours", 3.0)


def test_no_answer_at_all_is_kept_too() -> None:
    failure = Failure(kind=FailureKind.TIMED_OUT, detail="Nothing came.")
    row, content, _words = kept(services.record(run(acme(), outcome(failure=failure))))
    assert (row.status, row.failed, row.response_size) == (None, True, 0)
    assert content.response_text is None
    assert content.request_text == BODY


def test_a_job_that_failed_under_a_200_is_a_failure_with_its_code() -> None:
    value = JOB | {"status": "failed", "error": {"code": "generation_failed", "message": "No"}}
    row = services.record(run(acme(), outcome(came=response(value, status=200))))
    assert (row.status, row.failed, row.job_status) == (200, True, "failed")
    assert (row.error_code, row.error_message, row.failure_kind) == ("generation_failed", "No", "")


@pytest.mark.parametrize("name", ["X-Request-Id", "request-id"])
def test_a_request_id_is_read_from_a_header_where_the_body_has_none(name: str) -> None:
    came = response(headers=((name, "req_header"),))
    assert services.record(run(acme(), outcome(came=came))).request_id == "req_header"


def test_credits_are_kept_as_they_are_stated() -> None:
    queued = services.record(run(acme(), estimated=3))
    assert (queued.estimated, queued.reserved, queued.final) == (Decimal(3), Decimal(1), None)
    ended = JOB | {"status": "succeeded", "final_credits": 0.5}
    row = services.record(run(acme(), outcome(came=response(ended))))
    assert (row.reserved, row.final) == (Decimal(1), Decimal("0.5"))


def test_the_credits_of_a_turn_stand_in_its_own_shape() -> None:
    turn = {"id": "chatcmpl_1", "model": "gpt", "credits": {"reserved": 4, "final": 3}}
    ended = outcome(operation_id="chat.completions.create", came=response(turn))
    row = services.record(run(acme(), ended))
    assert (row.reserved, row.final, row.made, row.job_status) == (
        Decimal(4),
        Decimal(3),
        "chatcmpl_1",
        "",
    )


def test_later_answers_settle_what_a_job_cost() -> None:
    row = services.record(run(acme()))
    services.settle(row.pk, reserved=None, final=Decimal(1))
    row.refresh_from_db()
    assert (row.reserved, row.final) == (Decimal(1), Decimal(1))
    services.settle(row.pk, reserved=None, final=None)
    services.settle(-1, reserved=None, final=Decimal(1))


# -- Streams -------------------------------------------------------------------------------------

TURN = {"id": "chatcmpl_9", "content": "The reply", "credits": {"reserved": 2, "final": 2}}


def test_a_streamed_turn_keeps_its_text_and_reads_its_completion() -> None:
    came = response(None, text="data: {}\n\n", is_json=False)
    streamed = outcome(operation_id="chat.completions.stream", came=came)
    row, content, words = kept(services.record(run(acme(), streamed, said=TURN)))
    assert (row.made, row.final) == ("chatcmpl_9", Decimal(2))
    assert (content.response_text, content.is_json) == ("data: {}\n\n", False)
    assert "reply" in words


def test_a_completion_stands_for_a_stream_that_left_no_text() -> None:
    came = response(None, text=None, is_json=False)
    streamed = outcome(operation_id="chat.completions.stream", came=came)
    _row, content, _words = kept(services.record(run(acme(), streamed, said=TURN)))
    assert (json.loads(content.response_text or ""), content.is_json) == (TURN, True)


# -- Bodies --------------------------------------------------------------------------------------


@override_settings(RIVYA_DASH_HISTORY_BODY_KIB=1)
def test_a_long_body_is_trimmed_at_the_border_of_a_character() -> None:
    body = "é" * 1000
    came = response(text="x" + "語" * 1000, size=3001)
    ended = outcome(sent=request(body), came=came)
    row, content, _words = kept(services.record(run(acme(), ended)))
    assert (content.request_text, content.request_trimmed) == ("é" * 512, True)
    assert (content.response_text, content.response_trimmed) == ("x" + "語" * 341, True)
    assert (row.request_size, row.response_size) == (2000, 3001)
    assert not content.intact


@given(st.text(max_size=600), st.integers(1, 2))
def test_a_trimmed_text_is_the_beginning_and_fits(text: str, kib: int) -> None:
    kept_text, cut = trimmed(text * 4, kib=kib)
    assert (text * 4).startswith(kept_text)
    assert len(kept_text.encode()) <= kib * 1024
    assert cut == (kept_text != text * 4)


def test_an_answer_that_was_cut_on_its_way_is_said_to_be_a_part() -> None:
    row = services.record(run(acme(), outcome(came=response(truncated=True))))
    assert kept(row)[1].response_trimmed


def test_a_body_that_was_not_sent_like_this_is_not_intact() -> None:
    row = services.record(run(acme(), outcome(sent=request(intact=False))))
    assert not kept(row)[1].intact


def test_a_team_that_keeps_no_bodies_keeps_ids_and_facts_only() -> None:
    HistoryRules.objects.create(team=acme(), bodies=False)
    row, content, words = kept(services.record(run(acme(), idempotency_key="dash-1")))
    assert (content.kept, content.request_text, content.response_text) == (False, None, None)
    assert (content.draft, row.summary, content.intact) == ("", "", False)
    assert (row.made, row.request_size) == ("task_8Hn2kQ", len(BODY))
    assert "bottle" not in words
    assert "dash_1" in words


# -- Headers -------------------------------------------------------------------------------------


def test_values_of_headers_are_kept_by_a_list_and_of_others_the_name() -> None:
    headers = (
        ("Content-Type", "application/json"),
        ("X-RateLimit-Remaining", "3"),
        ("Authorization", "Bearer anything"),
        ("Cookie", "a=b"),
        ("X-Internal-Host", "node-7"),
    )
    _row, content, _words = kept(
        services.record(run(acme(), outcome(sent=request(headers=headers))))
    )
    assert content.request_headers == [
        ["Content-Type", "application/json"],
        ["X-RateLimit-Remaining", "3"],
        ["Authorization", "[not kept]"],
        ["Cookie", "[not kept]"],
        ["X-Internal-Host", "[not kept]"],
    ]


def test_hundreds_of_headers_are_counted() -> None:
    headers = tuple((f"x-{number}", "v") for number in range(300))
    _row, content, _words = kept(
        services.record(run(acme(), outcome(came=response(headers=headers))))
    )
    assert len(content.response_headers) == 81
    assert content.response_headers[-1] == ["(220 more)", "[not kept]"]


# -- Secrets -------------------------------------------------------------------------------------


def test_no_planted_key_stands_in_any_column() -> None:
    keys = {name: canary(name) for name in ("header", "body", "query", "nested", "base64")}
    keys |= {name: canary(name) for name in ("error", "draft", "summary", "idempotency", "said")}
    hidden = base64.b64encode(f"x{keys['base64']}".encode()).decode()
    body = json.dumps({"prompt": keys["body"], "image": hidden, "a": [{"b": keys["nested"]}]})
    value = {"id": "task_1", "error": {"message": keys["nested"]}, "data": hidden}
    failure = Failure(
        kind=FailureKind.REJECTED, code="x", message=f"bad {keys['error']}", detail=keys["error"]
    )
    sent = request(
        body,
        url=f"https://rivya.ai/api/v1/x?api_key={keys['query']}",
        headers=(("Authorization", f"Bearer {keys['header']}"), ("Accept", keys["header"])),
    )
    ended = outcome(
        sent=sent,
        came=response(value, status=400, headers=(("x-request-id", keys["header"]),)),
        failure=failure,
        drift=(f"data: {keys['error']}",),
    )
    row = services.record(
        run(
            acme(),
            ended,
            draft=json.dumps({"body": keys["draft"], "headers": {"Authorization": keys["draft"]}}),
            summary=f"With {keys['summary']}",
            idempotency_key=keys["idempotency"],
            said={"content": keys["said"], "api_key": "of any shape"},
        )
    )
    columns = all_columns(row)
    assert "of any shape" not in columns
    assert {name: find(columns, key) for name, key in keys.items() if find(columns, key)} == {}


def all_columns(row: Exchange) -> str:
    """Everything that stands in the three rows."""
    models = (Exchange, ExchangeContent, ExchangeWords)
    return repr([list(model._default_manager.filter(pk=row.pk).values()) for model in models])


# -- Hostile values ------------------------------------------------------------------------------

ODD = "a\0b\ud800c\udfffd"


def test_what_no_database_can_hold_becomes_visible() -> None:
    value = {"id": ODD, "status": ODD, "model": ODD, "error": {"code": ODD}}
    failure = Failure(kind=FailureKind.REJECTED, code=ODD, message=ODD, request_id=ODD, detail=ODD)
    ended = outcome(
        sent=request(ODD, url=f"https://[{ODD}/{ODD}", headers=((ODD, ODD), ("accept", ODD))),
        came=response(value, text=ODD, http_version=ODD, headers=(("server", ODD),)),
        failure=failure,
        drift=(ODD,),
    )
    parts = dict.fromkeys(("user_name", "summary", "idempotency_key", "model", "scenario"), ODD)
    row, content, _words = kept(
        services.record(run(acme(), ended, draft=json.dumps({"a": ODD}), **parts))
    )
    assert row.made == "a\\u0000b\\ud800c\\udfffd"
    assert content.request_text == "a\\u0000b\\ud800c\\udfffd"


def test_what_is_too_long_is_cut() -> None:
    long = "é" * 70_000
    failure = Failure(kind=FailureKind.REJECTED, code=long, message=long, request_id=long)
    value = {"id": long, "status": long, "model": long, "error": {}}
    ended = outcome(
        sent=request(url=f"https://x/{long}", method="PATCH"),
        came=response(value, http_version=long, headers=(("server", long),)),
        failure=failure,
        drift=(long,) * 50,
    )
    names = ("user_name", "summary", "idempotency_key", "model", "scenario", "base_url")
    row = services.record(run(acme(), ended, draft=long, **dict.fromkeys(names, long)))
    for field in Exchange._meta.concrete_fields:
        most = field.max_length
        assert most is None or len(getattr(row, field.attname) or "") <= most, field.name


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -1.0, 1e300])
def test_impossible_numbers_are_not_believed(odd: float) -> None:
    value = JOB | {"reserved_credits": odd, "final_credits": odd, "status": "succeeded"}
    failure = Failure(kind=FailureKind.RATE_LIMITED, retry_after=odd)
    row = services.record(run(acme(), outcome(came=response(value))))
    assert (row.reserved, row.final) == (None, None)
    row = services.record(run(acme(), outcome(failure=failure)))
    assert kept(row)[1].retry_after is None


def test_a_body_of_noise_is_kept_in_bounded_time() -> None:
    chance = random.Random(1)
    noise = "".join(chance.choices('ab \\u{}[]",:._-/語é', k=400_000))
    with no_hang():
        row = services.record(run(acme(), outcome(sent=request(noise))))
    words = kept(row)[2].split(" ")
    assert len(words) <= 2_000
    assert max(len(word) for word in words) < 80


TEXTS = st.text(max_size=40) | st.sampled_from([ODD, "'", '"', "\\", "%s", "{}", ":*"])
VALUES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers() | st.floats(),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(TEXTS, part, max_size=3),
    max_leaves=8,
)


class Anything(TestCase):
    """Whatever comes, keeping it does not fail."""

    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(value=VALUES, text=TEXTS, status=st.integers(-5, 99_999))
    def test_any_run_is_kept(self, value: Any, text: str, status: int) -> None:
        answer = {"id": value, "status": value, "model": value, "credits": value, "error": value}
        came = response(answer, text=text, status=status, headers=((text, text),))
        ended = outcome(sent=request(text, url=text, method="POST"), came=came)
        row = services.record(run(acme(), ended, summary=text, draft=text, said=value))
        assert services.find(acme(), row.name).pk == row.pk
