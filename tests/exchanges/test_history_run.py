"""The page of one run: all that is known of it, what it leads to, and what people say."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta
from decimal import Decimal

import pytest

from debugger.exchanges.models import Comment, Exchange
from debugger.generations.models import Generation
from debugger.web import moments
from tests.cast import acme, browser_of
from tests.exchanges.rows import NOON, run_row
from tests.exchanges.screens import HOME, HOSTILE, at, page, plain, text_of

pytestmark = pytest.mark.django_db


# -- One run ---------------------------------------------------------------------------------------


def test_a_run_tells_its_failure_in_the_words_of_the_api_and_of_the_contract() -> None:
    row = run_row(
        acme(),
        status=402,
        failed=True,
        failure_kind="rejected",
        error_code="insufficient_credits",
        error_message="Your wallet holds <3> credits.",
        retry_after=12.0,
        drift=["/error/hint: is not in the contract"],
        request_id="req_1",
        idempotency_key="idem-1",
    )
    seen = plain(page(at(row)))
    for words in (
        "insufficient_credits",
        "Your wallet holds <3> credits.",
        "The wallet does not hold enough credits.",
        "Add credits",
        "wait 12 seconds",
        "differs from the contract in 1 place",
        "/error/hint: is not in the contract",
        "req_1",
        "idem-1",
        "402 Payment Required",
    ):
        assert words in seen


def test_an_error_code_that_nobody_knows_is_explained_by_its_status() -> None:
    row = run_row(acme(), status=418, failed=True, failure_kind="rejected", error_code="teapot")
    assert "This code is not in the documentation." in plain(page(at(row)))


def test_a_run_without_an_answer_says_so() -> None:
    row = run_row(
        acme(),
        status=None,
        failed=True,
        failure_kind="timed_out",
        response_text=None,
        first_byte_ms=None,
    )
    seen = plain(page(at(row)))
    assert "Timed out" in seen
    assert "No answer arrived." in seen
    assert "may have been carried out" in seen


def test_a_long_body_is_folded_until_it_is_asked_for() -> None:
    text = "नमस्ते " * 20_000 + "the very end"
    row = run_row(acme(), response_text=text, is_json=False)
    assert "the very end" not in page(at(row))
    assert "Show all" in page(at(row))
    assert "the very end" in page(f"{at(row)}?whole=response")


def test_a_body_is_saved_as_plain_text_whatever_it_is() -> None:
    row = run_row(acme(), response_text=f"<html>{HOSTILE}", is_json=False)
    answer = browser_of("Vera").get(at(row) + "response")
    assert text_of(answer) == f"<html>{HOSTILE}"
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Content-Disposition"].startswith("attachment;")
    assert browser_of("Vera").get(at(row) + "request").status_code == 404


def test_hostile_json_is_shown_as_it_came() -> None:
    for text in ("[" * 90_000, '{"a":' + "9" * 5_000 + "}", '{"a":1,"a":2}', '{"a":"\\ud800"}'):
        row = run_row(acme(), response_text=text)
        assert html.escape(text[:40]) in page(at(row)).replace("&#34;", "&quot;")


def test_what_was_not_kept_is_said() -> None:
    row = run_row(acme(), kept=False, request_text=None, response_text=None, draft="")
    assert plain(page(at(row))).count("The bodies of this run were not kept.") == 2
    cut = run_row(acme(), prompt="boat", response_trimmed=True, response_size=9_000_000)
    assert "The first part of 8.6 MB" in plain(page(at(cut))).replace("\xa0", " ")
    heads = run_row(acme(), response_headers=[["X-Odd", "[not kept]"], ["Date", "today"]])
    assert "X-Odd not kept" in plain(page(at(heads)))


def test_a_run_is_forked_and_run_again_by_handing_its_draft_to_the_panel() -> None:
    row = run_row(acme(), prompt=HOSTILE, mode="live", scenario="", estimated=Decimal(20))
    seen = page(at(row), who="Bob")
    forms = re.findall(
        r'<form method="post" action="(/t/acme/panels/[^"]+)">(.*?)</form>', seen, re.DOTALL
    )
    assert [address.partition("#")[0] for address, _form in forms] == [
        "/t/acme/panels/generations.create/"
    ] * 2
    fields = [dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)) for _address, form in forms]
    for given in fields:
        draft = json.loads(html.unescape(given["imported"]))
        assert draft["body"]["prompt"] == HOSTILE
        assert given["origin"] == row.name
    assert [given.get("mode") for given in fields] == [None, "live"]
    assert "~20 credits" in plain(forms[1][1])
    imported = {name: html.unescape(text) for name, text in fields[0].items()}
    opened = browser_of("Bob").post("/t/acme/panels/generations.create/", imported)
    assert opened.status_code == 200
    assert html.escape(HOSTILE)[:30] in text_of(opened)
    assert Exchange.objects.count() == 1


def test_a_run_without_a_draft_cannot_be_run_again() -> None:
    row = run_row(acme(), draft="")
    assert page(at(row)).count('disabled title="The draft of this run was not kept."') == 2


def test_a_run_of_an_operation_that_is_gone_is_still_shown() -> None:
    row = run_row(acme(), prompt="boat")
    Exchange.objects.filter(pk=row.pk).update(operation="gone.operation")
    assert "gone.operation" in page()
    assert "gone.operation" in page(at(row))


def test_a_run_leads_to_its_job_and_to_the_runs_it_can_be_compared_with() -> None:
    team = acme()
    before = run_row(team, at=NOON - timedelta(hours=1), prompt="boat")
    live = run_row(team, at=NOON - timedelta(hours=2), prompt="boat", mode="live")
    run_row(team, at=NOON - timedelta(hours=3), prompt="another")
    row = run_row(team, prompt="boat", made="task_1", origin=before)
    job = Generation.objects.create(team=team, mode="mock", task_id="task_1")
    seen = html.unescape(page(at(row)))
    assert f"/t/acme/generations/{job.name}/" in seen
    assert f"?a={before.name}&b={row.name}" in seen
    assert f"?a={row.name}&b={live.name}" in seen
    assert f"?a={row.name}&b={live.name}" in html.unescape(page(at(live)))


def test_a_run_is_found_by_its_name_in_capitals_too() -> None:
    row = run_row(acme())
    number = moments.number_of("run", row.name)
    assert number == row.pk
    assert browser_of("Vera").get(f"{HOME}{row.name.upper()}/").status_code == 200


def test_a_run_leads_back_to_the_list_as_it_was_narrowed_and_to_no_other_page() -> None:
    row = run_row(acme())
    came = {
        f"http://testserver{HOME}?result=ok&q=%3Cb%3E": f'{HOME}?result=ok&amp;q=%3Cb%3E"',
        "http://testserver/t/zenith/history/?result=ok": f'href="{HOME}">History</a></p>',
        f"http://evil.example{HOME}?result=ok": f'href="{HOME}">History</a></p>',
    }
    for referer, wanted in came.items():
        answer = browser_of("Bob").get(at(row), headers={"Referer": referer})
        assert wanted in text_of(answer)


# -- Comments --------------------------------------------------------------------------------------


def test_a_comment_is_added_by_a_member_and_deleted_only_by_who_wrote_it() -> None:
    row = run_row(acme())
    answer = browser_of("Bob").post(at(row) + "comment", {"text": "Slow today\nसब ठीक है"})
    assert answer["Location"] == at(row) + "#comments"
    seen = page(at(row), who="Bob")
    assert "सब ठीक है" in seen
    said = Comment.objects.get()
    assert browser_of("Alice").post(at(row) + "comment", {"delete": said.pk}).status_code == 404
    assert 'name="delete"' not in page(at(row), who="Alice")
    assert 'name="delete"' in seen
    assert browser_of("Bob").post(at(row) + "comment", {"delete": said.pk}).status_code == 302
    assert not Comment.objects.exists()


@pytest.mark.parametrize("text", ["", "   ", "x" * 4_001])
def test_a_comment_that_cannot_be_kept_is_a_sentence_and_stays_typed(text: str) -> None:
    row = run_row(acme())
    answer = browser_of("Bob").post(at(row) + "comment", {"text": text})
    assert answer.status_code == 422
    assert 'id="comment-wrong"' in text_of(answer)
    assert text.strip() in text_of(answer)
