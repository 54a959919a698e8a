"""The list of the history, asked for as browsers of each role would, and as an attacker would."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from debugger.exchanges import services
from tests.canary import canary, find
from tests.cast import acme, browser_of, place, zenith
from tests.exchanges.rows import NOON, run_row
from tests.exchanges.screens import HOME, HOSTILE, at, days_of, page, plain, rows_of, text_of

pytestmark = pytest.mark.django_db


# -- Who sees what ---------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["Alice", "Ada", "Bob", "Vera"])
def test_everybody_in_the_team_reads_the_list_and_every_run(who: str) -> None:
    row = run_row(acme(), prompt="a boat")
    assert rows_of(page(who=who)) == [row.name]
    assert "a boat" in plain(page(at(row), who=who))


def test_a_run_is_nowhere_for_strangers_nor_in_another_team() -> None:
    row = run_row(acme(), prompt="a boat")
    zenith()
    assert browser_of("Charlie").get(HOME).status_code == 404
    assert browser_of("Charlie").get(at(row)).status_code == 404
    for end in ("", "request", "response"):
        assert browser_of("Charlie").get(f"/t/zenith/history/{row.name}/{end}").status_code == 404
    assert browser_of("Charlie").post(f"/t/zenith/history/{row.name}/star").status_code == 404
    assert rows_of(page("/t/zenith/history/", who="Charlie")) == []


def test_a_viewer_is_offered_nothing_that_only_members_may_do() -> None:
    row = run_row(acme(), prompt="a boat")
    seen = page(f"{HOME}?result=ok", who="Vera") + page(at(row), who="Vera")
    for name in ("star", "comment"):
        assert f"/{row.name}/{name}" not in seen
        assert browser_of("Vera").post(at(row) + name, {"text": "x"}).status_code == 403
    assert "Save this view" not in seen
    assert "export.csv" not in seen
    assert browser_of("Vera").post(f"{HOME}views", {"action": "save"}).status_code == 403


@pytest.mark.parametrize("name", ["run_0", "run_zzzzzzzzzzzzzzz", "nonsense", "gen_1", "run_%00"])
def test_a_name_of_no_run_is_not_found(name: str) -> None:
    acme()
    assert browser_of("Alice").get(f"{HOME}{name}/").status_code == 404


# -- The list --------------------------------------------------------------------------------------


def test_filters_in_the_address_survive_paging_there_and_back() -> None:
    team = acme()
    for minutes in range(60):
        moment = NOON - timedelta(minutes=minutes)
        run_row(team, at=moment, failed=True, failure_kind="rejected", status=400, prompt="boat")
        run_row(team, at=moment, prompt="boat")
    first = page(f"{HOME}?result=failed&q=boat")
    assert "60 runs match" in plain(first)
    assert len(rows_of(first)) == 50
    older = html.unescape(re.findall(r'rel="next" href="([^"]+)"', first)[0])
    assert parse_qs(urlsplit(older).query).keys() == {"result", "q", "older_than"}
    second = page(HOME + older)
    assert len(rows_of(second)) == 10
    newer = html.unescape(re.findall(r'rel="prev" href="([^"]+)"', second)[0])
    assert parse_qs(urlsplit(newer).query)["result"] == ["failed"]
    assert rows_of(page(HOME + newer)) == rows_of(first)


def test_a_star_leads_back_to_the_same_filter_and_page() -> None:
    row = run_row(acme(), prompt="boat")
    address = f"{HOME}?q=boat&tz=Asia%2FKolkata"
    assert html.escape(address) in page(address)
    answer = browser_of("Bob").post(at(row) + "star", {"on": "1", "next": address})
    assert (answer.status_code, answer["Location"]) == (302, address)
    row.refresh_from_db()
    assert row.starred
    assert rows_of(page(f"{HOME}?starred=1")) == [row.name]


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "javascript:x", ""])
def test_a_star_leads_to_no_other_site(address: str) -> None:
    row = run_row(acme())
    answer = browser_of("Bob").post(at(row) + "star", {"on": "1", "next": address})
    assert answer["Location"] == at(row)


def test_by_script_only_the_star_is_answered() -> None:
    row = run_row(acme())
    answer = browser_of("Bob").post(at(row) + "star", {"on": "1"}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert 'aria-pressed="true"' in text_of(answer)
    assert "<html" not in text_of(answer)


def test_days_begin_at_midnight_of_the_zone_in_the_address() -> None:
    team = acme()
    late = run_row(team, at=datetime(2024, 3, 9, 20, 0, tzinfo=UTC), prompt="late")
    early = run_row(team, at=datetime(2024, 3, 9, 10, 0, tzinfo=UTC), prompt="early")
    assert days_of(page()) == ["Saturday, 9 March 2024 2024-03-09, UTC"]
    assert "20:00:00" in page()
    there = page(f"{HOME}?tz=Asia/Kolkata")
    assert [day[:18] for day in days_of(there)] == ["Sunday, 10 March 2", "Saturday, 9 March "]
    assert "01:30:00" in there
    only = page(f"{HOME}?tz=Asia/Kolkata&since=2024-03-10&until=2024-03-10")
    assert rows_of(only) == [late.name]
    assert "Asia/Kolkata" in plain(only)
    assert rows_of(page(f"{HOME}?since=2024-03-09&until=2024-03-09")) == [late.name, early.name]
    assert rows_of(page(f"{HOME}?since=2024-03-10")) == []


def test_today_and_yesterday_are_called_so() -> None:
    now = timezone.now()
    for days in (0, 1, 2):
        run_row(acme(), at=now - timedelta(days=days))
    names = [day.split(" 20")[0] for day in days_of(page())]
    assert names[:2] == ["Today", "Yesterday"]
    assert names[2] not in ("Today", "Yesterday")


def test_a_zone_that_nobody_knows_is_told_and_times_stay_in_utc() -> None:
    run_row(acme())
    seen = page(f"{HOME}?tz=Mars/Base")
    assert "No time zone has this name" in plain(seen)
    assert "12:00:00" in seen


def test_without_a_run_the_page_says_how_to_get_the_first_one() -> None:
    acme()
    seen = page()
    assert "No run yet" in seen
    assert 'href="/t/acme/panels/generations.create/"' in seen


def test_when_nothing_matches_the_filters_can_be_cleared() -> None:
    run_row(acme(), prompt="boat")
    seen = page(f"{HOME}?q=aeroplane&mode=live")
    assert "Nothing matches" in seen
    assert "Clear filters" in seen
    assert "0 runs match" in plain(seen)


def test_when_the_database_gives_up_the_page_says_so_and_stays_usable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    acme()

    def too_slow(*_: object, **__: object) -> object:
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr(services, "page", too_slow)
    seen = page(f"{HOME}?q=boat")
    assert "could not be loaded" in seen
    assert "Try again" in seen
    assert 'value="boat"' in seen


def test_a_job_that_failed_under_a_200_is_shown_as_failed() -> None:
    row = run_row(acme(), status=200, job_status="failed", failed=True, prompt="boat")
    for seen in (page(), page(at(row))):
        assert re.search(r'chip state bad">.*?Failed', seen, re.DOTALL)
        assert "200 OK" in plain(seen)
        assert "Succeeded</span>" not in seen
    assert "the job in that answer failed" in plain(page(at(row)))


def test_a_job_status_that_nobody_knows_is_shown_as_it_is() -> None:
    row = run_row(acme(), job_status="waiting_for_gpu", prompt="boat")
    for seen in (page(), page(at(row))):
        assert "<code>waiting_for_gpu</code>" in seen


@pytest.mark.parametrize("mode", ["mock", "live"])
def test_every_row_and_every_run_says_its_mode(mode: str) -> None:
    row = run_row(acme(), mode=mode)
    badge = f'<span class="mode-tag tag-{mode}">{mode.upper()}</span>'
    assert badge in page()
    assert badge in page(at(row))


@pytest.mark.parametrize(
    "prompt",
    [
        HOSTILE,
        "नीली साड़ी में एक महिला",
        "\N{FAMILY} boat \N{RAINBOW}",
        "\N{RIGHT-TO-LEFT OVERRIDE}tac",
    ],
)
def test_any_prompt_is_text_on_every_page(prompt: str) -> None:
    row = run_row(acme(), prompt=prompt, user_name=prompt, key_label=prompt[:50], mode="live")
    services.comment(place("Bob", acme()), row.name, prompt, now=NOON)
    for seen in (page(), page(at(row))):
        assert prompt in html.unescape(seen)
        assert "<script>alert" not in seen
        assert "<img src=x" not in seen


def test_what_is_typed_into_the_filter_is_text_too() -> None:
    acme()
    for name in ("q", "code", "model", "person", "tz", "since", "older_than", "key"):
        answer = browser_of("Alice").get(HOME, {name: HOSTILE})
        assert answer.status_code in (200, 422)
        assert "<script>alert" not in text_of(answer)


def test_a_key_that_somebody_searches_for_stands_nowhere_on_the_page() -> None:
    run_row(acme(), prompt="boat")
    secret = canary("typed into the search")
    answer = browser_of("Alice").get(HOME, {"q": f"boat {secret}", "model": secret})
    assert "looks like a key" in plain(text_of(answer))
    assert find(answer.content, secret) == []


def test_what_is_set_stands_in_chips_that_take_it_away() -> None:
    run_row(acme(), prompt="boat", model="z-image")
    seen = page(f"{HOME}?q=boat&model=z-image&operation=generations.create")
    chips = re.search(r'<ul class="set".*?</ul>', seen, re.DOTALL)
    assert chips is not None
    assert "Create a generation" in plain(chips[0])
    links = [html.unescape(each) for each in re.findall(r'href="([^"]+)"', chips[0])]
    assert [sorted(parse_qs(urlsplit(each).query)) for each in links] == [
        ["model", "operation"],
        ["model", "q"],
        ["operation", "q"],
    ]
    assert "+1" in plain(seen)
    assert ">Clear<" in seen
    assert ">Clear<" not in page()


def test_credits_are_those_that_the_api_stated_and_guesses_are_marked() -> None:
    run_row(acme(), estimated=Decimal(20), reserved=Decimal(20), final=Decimal(18))
    run_row(acme(), estimated=Decimal(8))
    cells = re.findall(r'<span class="c-credits r">(.*?)</small>', page(), re.DOTALL)
    assert sorted(plain(cell) for cell in cells) == ["18 credits", "~8 credits"]


def test_the_page_asks_the_database_as_often_for_many_rows_as_for_few() -> None:
    team = acme()
    browser = browser_of("Bob")
    browser.get(HOME)
    counts = []
    for number in (2, 48):
        for minutes in range(number):
            run_row(team, at=NOON - timedelta(minutes=minutes), prompt="boat", by="Ada")
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(HOME).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert counts[1] <= 14


def test_nobody_reads_history_without_an_account() -> None:
    row = run_row(acme())
    answer = Client().get(at(row))
    assert answer.status_code == 302
    assert "/accounts/login/" in answer["Location"]
