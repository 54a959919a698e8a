"""The money line: what the API stated, and what it did not."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils.html import strip_tags

from debugger.exchanges.models import Exchange
from debugger.generations.models import Generation
from debugger.generations.telling import money
from debugger.web import moments
from tests.cast import acme, zenith
from tests.generations.jobs import NOON, failed, job, succeeded
from tests.keys.purses import a_key

pytestmark = pytest.mark.django_db


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def shown(generation: Generation, **context: Any) -> str:
    line = money.line(generation)
    html = render_to_string("generations/_money.html", {"money": line, **context})
    return " ".join(strip_tags(html).split())


def priced(**facts: Any) -> Generation:
    amounts = {"estimated": Decimal(20), "reserved": Decimal(20), "final": Decimal(18)}
    return succeeded(acme(), **amounts | facts)


def balanced(**facts: Any) -> Generation:
    """A job with both balances: read a second before it and two after."""
    read: dict[str, Any] = {"balance_before": Decimal(1480), "balance_before_at": after(-1)}
    read |= {"balance_after": Decimal(1462), "balance_after_at": after(14)}
    return priced(**read | facts)


def called(seconds: float, *, took_ms: float = 500, **facts: Any) -> Exchange:
    """A turn of a chat whose answer came at a time."""
    plain = {"team": acme(), "mode": "mock", "operation": "chat.create", "method": "POST"}
    at = after(seconds)
    # Rows of one moment may get the same number by chance, and tests leave nothing to it.
    number = moments.first_id(at) + Exchange.objects.count()
    row = {"id": number, "at": at, "path": "/x", "total_ms": took_ms}
    return Exchange.objects.create(**plain | row | facts)


def test_a_finished_job_shows_estimate_reserved_final_and_what_was_returned() -> None:
    assert "est 20 → reserved 20 → final 18 2 returned" in shown(priced())


def test_what_the_api_does_not_state_is_not_stated_and_never_0() -> None:
    text = shown(failed(acme(), estimated=None, reserved=None, final=None))
    assert "est not known → reserved not stated → final not stated refund not stated" in text


def test_a_stated_0_is_0() -> None:
    text = shown(failed(acme(), reserved=Decimal(0), final=Decimal(0)))
    assert "reserved 0 → final 0 0 returned" in text


def test_the_final_credits_of_a_job_that_runs_are_open_whatever_its_answer_says() -> None:
    text = shown(job(acme(), reserved=Decimal(20), final=Decimal(0)))
    assert "final open" in text
    assert "returned" not in text


def test_a_failed_job_gets_back_what_the_api_says_it_got_back() -> None:
    assert "20 returned" in shown(failed(acme(), reserved=Decimal(20), final=Decimal(0)))


def test_more_than_was_reserved_is_said() -> None:
    assert "2.5 more than reserved" in shown(priced(final=Decimal("22.5")))


def test_balances_stand_with_the_moments_at_which_they_were_read() -> None:
    text = shown(balanced())
    assert "balance 1,480 →then 1,462" in text
    assert "read 11:59:59 and 12:00:14 UTC" in text
    assert "shared" not in text


def test_the_one_line_variant_has_no_balances() -> None:
    assert "balance" not in shown(balanced(), short=True)


def test_a_balance_that_was_read_once_only_says_what_is_missing() -> None:
    assert "1,480 →then not read after" in shown(
        balanced(balance_after=None, balance_after_at=None)
    )


def test_other_jobs_of_the_account_in_the_window_share_the_balance() -> None:
    mine = balanced()
    succeeded(acme(), at=after(-5), seconds=4.5)  # Ended within the window.
    job(acme(), at=after(3))  # Runs on.
    failed(acme(), at=after(-60))  # Over before the first reading.
    job(acme(), at=after(20))  # Sent after the second reading.
    assert money.line(mine).shared == 2
    assert "balance shared with 2 other runs" in shown(mine)


def test_chat_turns_share_the_balance_too() -> None:
    mine = balanced()
    called(5)
    called(60, took_ms=50_000)  # Began within the window.
    called(60, took_ms=1_000)
    called(5, operation="credits.retrieve")  # Costs nothing.
    called(5, operation="generations.create")  # Its job is what counts.
    assert money.line(mine).shared == 2


def test_jobs_of_other_keys_accounts_modes_and_teams_do_not_count() -> None:
    key, other = a_key(acme()), a_key(acme(), label="Other")
    mine = balanced(mode="live", key=key, account="")
    job(acme(), at=after(3), mode="live", key=other, account="")
    job(acme(), at=after(4))
    job(zenith(), at=after(5), by="Charlie")
    called(5, mode="live", key=other)
    assert money.line(mine).shared == 0
    job(acme(), at=after(6), mode="live", key=key, account="")
    called(5, mode="live", key=key)
    assert money.line(mine).shared == 2


def test_a_difference_that_the_run_does_not_explain_is_not_pretended_to_be_its_price() -> None:
    assert "the account was used elsewhere too" in shown(balanced(balance_after=Decimal(1400)))


def test_very_many_other_runs_are_counted_to_a_hundred_only() -> None:
    mine = balanced()
    for _each in range(101):
        called(5)
    assert "balance shared with 100 other runs or more" in shown(mine)


def test_a_line_needs_no_statement_without_balances_and_two_with_them(
    django_assert_num_queries: Any,
) -> None:
    plain, read = priced(at=after(-99)), balanced()
    with django_assert_num_queries(0):
        money.line(plain)
        money.brief(read)
    with django_assert_num_queries(2):
        money.line(read)
