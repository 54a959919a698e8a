"""What was made to break the pages of jobs, and a step that could make one request two jobs."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from debugger.generations import services
from debugger.generations.advance import advanced
from debugger.generations.models import Generation, Moment
from debugger.web.errors import Invalid
from tests.cast import acme, browser_of, place
from tests.generations.jobs import NOON, job, moment, saved, succeeded
from tests.generations.said import due, look, retrieved
from tests.keys.deeds import added
from tests.patience import no_hang

pytestmark = pytest.mark.django_db
State = Generation.State
HOME = "/t/acme/generations/"
MARKUP = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7|add:"1" }}\' hx-get="/x"'
SCRIPT = "javascript:alert(3)"
HALF = '{"id":"task_1","status":"\\ud83d","result":{"urls":["\\ud83d"]}}'
DEEP = "[" * 900 + "]" * 900
# Facts that are numbers wherever they stand; every other one is text, which may be anything.
NUMBERS: dict[str, Any] = {
    "took_ms": 5,
    "offsets": [1, 2],
    "http": 200,
    "try": 1,
    "size": 5,
    "reserved": "1",
    "final": "1",
    "credits": "3",
}
WORDS = (
    *("status", "code", "before", "after", "by", "reason", "key", "method", "path"),
    *("idempotency", "file", "mime", "when"),
)


def markup_of(row: Generation) -> str:
    """Every page and part that shows the job."""
    parts = ("", "live?part=x", "card")
    asked = f"{HOME}changed?since=gen_1&shown={row.name}.x.0&top=x"
    found = ""
    for address in (HOME, asked, *(f"{HOME}{row.name}/{part}" for part in parts)):
        answer = browser_of("Bob").get(address)
        assert answer.status_code == 200, address
        found += answer.content.decode()
    return found


def hostile_job() -> Generation:
    answer = {"id": MARKUP, "status": MARKUP, "result": {"urls": [MARKUP, SCRIPT]}}
    texts: dict[str, Any] = {
        field.name: MARKUP[: field.max_length]
        for field in Generation._meta.concrete_fields
        if field.name in ("title", "model", "status", "key_label", "user_name", "scenario")
        or field.name in ("reason", "error_code", "error_message", "task_id", "base_url")
    }
    row = job(acme(), state=State.PAUSED, answer=json.dumps(answer), **texts)
    saved(row, url=SCRIPT, mime="text/html", kind="other", number=1)
    saved(row, url=MARKUP, mime="image/svg+xml", state="refused", reason=MARKUP, number=2)
    for kind in Moment.Kind.values:
        took = {"took_ms": [5, 6]} if kind == Moment.Kind.LOOKED else {}
        facts = dict.fromkeys(WORDS, MARKUP) | NUMBERS | took
        moment(row, kind, facts=facts, payload=MARKUP)
    return row


def test_a_request_whose_answer_is_missing_is_never_sent_with_another_key() -> None:
    bob, key, other = place("Bob", acme()), added(), added("o", label="Other")
    facts: dict[str, Any] = {"mode": "live", "account": "", "task_id": ""}
    facts |= {"base_url": key.base_url, "key": key}
    for state in (State.PAUSED, State.SUBMITTING):
        row = job(acme(), state=state, **facts)
        with pytest.raises(Invalid, match="could make a second"):
            services.with_key(bob, row, other, now=NOON)
        row.refresh_from_db()
        assert (row.state, row.key_id) == (state, key.pk)
        assert services.with_key(bob, row, key, now=NOON).state == State.SUBMITTING


@pytest.mark.parametrize("text", [HALF, DEEP, "1" * 5000, '{"result":{"urls":[1e999]}}'])
def test_answers_that_no_page_can_hold_are_shown_all_the_same(text: str) -> None:
    row = succeeded(acme(), answer=text, request_text="")
    for kind in Moment.Kind.values:
        moment(row, kind, payload=text)
    assert row.name in markup_of(row)


def test_hostile_text_of_a_job_stays_text_on_every_page_and_part() -> None:
    html = markup_of(hostile_job())
    assert "&lt;script&gt;alert" in html
    for harm in ("<script>alert", "<img src=x", 'hx-get="/x"'):
        assert harm not in html
    assert not re.search(r'(?:href|src|action|poster)="\s*javascript:', html)


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Date=20261121T000000Z&X-Amz-Expires=0000000000019999999999999",
        "X-Amz-Date=20261121T000000Z&X-Amz-Expires=" + "0" * 13 + "9" * 4000,
        "X-Amz-Date=99991231T000000Z&X-Amz-Expires=99999999",
        "sig=1&se=0001-01-01T00:00:00%2B14:00",
        "sig=1&se=9999-12-31T23:00:00-14:00",
        "Signature=1&Expires=99999999999",
        "sig=%ff%00\ud83d",
    ],
)
def test_a_job_ends_whatever_its_results_address_says_of_its_own_end(query: str) -> None:
    row = job(acme(), task_id="task_1", lease="mine")
    urls = {"urls": [f"https://media.example/a.png?{query}", "https://[/", "//", "http://a b/\0"]}
    advanced(due(row), look(retrieved(status="succeeded", result=urls)), now=NOON)
    row.refresh_from_db()
    assert row.state == State.SUCCEEDED
    assert row.files.count() == 4


@pytest.mark.parametrize(
    "url", ["https://[/", "https://[::1", "http://" + "\u0315\u0300" * 500_000]
)
def test_a_result_whose_address_is_none_is_shown_all_the_same(url: str) -> None:
    result = {"primary_url": url, "urls": [url, f"{url}/2.png"]}
    row = succeeded(acme(), answer=json.dumps({"id": "task_1", "result": result}))
    with no_hang():
        assert row.name in markup_of(row)
