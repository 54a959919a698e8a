"""The page of what live runs cost."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from django.utils.html import strip_tags

from debugger.keys.live import spending
from debugger.keys.live.columns import Amounts, chart
from debugger.keys.models import ApiKey, Spend
from debugger.teams.models import Team
from tests.cast import acme, browser_of, person, zenith
from tests.keys.purses import a_key

pytestmark = pytest.mark.django_db
URL = "/t/acme/live/spend"
TODAY = date(2026, 11, 21)
WEEK = spending.Period(first=date(2026, 11, 15), last=TODAY, choice=7)


def ran(
    credits: int,
    *,
    day: date = TODAY,
    who: str = "Bob",
    state: str = "final",
    model: str = "z-image",
    key: ApiKey | None = None,
    team: Team | None = None,
    **facts: Any,
) -> Spend:
    """One live run of a day."""
    return Spend.objects.create(
        team=team or acme(),
        key=key,
        user_id=person(who).pk,
        operation="generations.create",
        model=model,
        day=day,
        held_at=datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
        estimated=Decimal(credits),
        credits=Decimal(credits),
        state=state,
        **facts,
    )


def rows(page: spending.Page, of: str) -> list[tuple[str, int, int]]:
    table = next(each for each in page.tables if each.of == of)
    return [(row.name, int(row.amounts.total), row.amounts.runs) for row in table.rows]


def html(query: str = "", name: str = "Vera") -> str:
    acme()
    answer = browser_of(name).get(URL + query)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "style=" not in text
    return " ".join(text.split())


def words(query: str = "") -> str:
    return " ".join(strip_tags(html(query)).split())


def test_credits_are_added_up_by_person_model_and_key() -> None:
    key = a_key(acme())
    ran(20, key=key)
    ran(5, key=key, who="Ada", model="suno-music")
    ran(1, who="Ada")
    page = spending.page(acme(), WEEK)
    assert (page.total.total, page.total.runs) == (Decimal(26), 3)
    assert rows(page, "person") == [("Bob", 20, 1), ("Ada", 6, 2)]
    assert rows(page, "model") == [("z-image", 21, 2), ("suno-music", 5, 1)]
    assert rows(page, "key") == [
        ("Production", 25, 2),
        ("Pasted keys, and keys that are gone", 1, 1),
    ]


def test_final_reserved_and_held_stay_apart_and_what_was_released_is_not_there() -> None:
    ran(18)
    ran(20, state="reserved")
    ran(8, state="held")
    ran(0, state="released")
    total = spending.page(acme(), WEEK).total
    assert (total.final, total.reserved, total.held) == (Decimal(18), Decimal(20), Decimal(8))
    assert total.runs == 3


def test_a_run_above_a_ceiling_is_counted_where_it_was() -> None:
    ran(20, overridden_by=1)
    ran(20)
    page = spending.page(acme(), WEEK)
    assert page.total.above == 1
    assert page.days[0].amounts.above == 1


def test_days_outside_of_the_period_and_other_teams_do_not_count() -> None:
    ran(1, day=date(2026, 11, 15))
    ran(2, day=date(2026, 11, 14))
    ran(4, day=date(2026, 11, 22))
    ran(8, team=zenith(), who="Charlie")
    assert spending.page(acme(), WEEK).total.total == Decimal(1)


@pytest.mark.parametrize(
    ("query", "first", "last", "choice"),
    [
        ({}, "2026-10-23", "2026-11-21", 30),
        ({"days": "7"}, "2026-11-15", "2026-11-21", 7),
        ({"days": "90"}, "2026-08-24", "2026-11-21", 90),
        ({"days": "8"}, "2026-10-23", "2026-11-21", 30),
        ({"since": "2026-11-01", "until": "2026-11-03"}, "2026-11-01", "2026-11-03", 0),
        ({"since": "2026-11-20"}, "2026-11-20", "2026-11-21", 0),
        ({"until": "2026-11-03"}, "2026-10-05", "2026-11-03", 0),
        (
            {"since": "2026-11-01", "until": "2026-11-03", "days": "7"},
            "2026-11-01",
            "2026-11-03",
            0,
        ),
    ],
)
def test_a_period_is_a_choice_or_two_dates(
    query: dict[str, str], first: str, last: str, choice: int
) -> None:
    found = spending.period(query, today=TODAY)
    assert (str(found.first), str(found.last), found.choice) == (first, last, choice)
    assert not found.wrong


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ({"since": "yesterday"}, "since", "Write a day"),
        ({"until": "2026-02-31"}, "until", "Write a day"),
        ({"since": "0001-01-01"}, "since", "nothing to spend"),
        ({"until": "9999-12-31"}, "until", "nothing to spend"),
        ({"since": "2026-11-03", "until": "2026-11-01"}, "until", "before the first one"),
        ({"since": "2024-01-01", "until": "2026-11-01"}, "since", "up to 366 days"),
    ],
)
def test_a_wrong_date_is_told_next_to_its_field(
    query: dict[str, str], field: str, said: str
) -> None:
    found = spending.period(query, today=TODAY)
    assert said in found.wrong[field]
    assert 0 <= (found.last - found.first).days < 366


def test_a_wrong_date_leaves_a_page_that_can_be_used() -> None:
    text = html("?since=x%00y&until=%F0%9F%8D%8C")
    assert "Write a day as 2026-11-21." in text
    assert 'aria-describedby="f-since-wrong"' in text


def test_everybody_in_the_team_sees_the_page_and_a_stranger_does_not() -> None:
    ran(20, day=timezone.now().date())
    assert "credits in 1 run" in words()
    assert browser_of("Charlie").get(URL).status_code == 404


def test_a_team_that_spent_nothing_is_told_what_will_stand_here() -> None:
    assert "Nothing was spent in these days" in words()


def test_the_page_names_its_zone() -> None:
    ran(20, day=timezone.now().date())
    text = words()
    assert "A day is a day in UTC" in text
    assert "Day (UTC)" in text


def test_rows_lead_to_their_runs_in_the_history() -> None:
    today = timezone.now().date()
    ran(20, day=today)
    since = today - timedelta(days=6)
    days = f"since={since}&amp;until={today}&amp;tz=UTC"
    text = html("?days=7")
    assert f"/t/acme/history/?mode=live&amp;person={person('Bob').pk}&amp;{days}" in text
    assert f"/t/acme/history/?mode=live&amp;model=z-image&amp;{days}" in text
    assert f"/t/acme/history/?mode=live&amp;since={today}&amp;until={today}&amp;tz=UTC" in text


def test_each_table_ends_with_what_it_comes_to() -> None:
    for _each in range(3):
        ran(7, day=timezone.now().date())
    text = html()
    assert text.count("<tfoot>") == 4
    assert text.count('data-label="Credits"><b>21</b>') == 8


def test_a_name_that_looks_like_markup_is_text() -> None:
    ran(7, day=timezone.now().date(), model="<b>x</b>")
    assert "<b>x</b>" not in html()
    assert "&lt;b&gt;x&lt;/b&gt;" in html()


def test_people_who_are_gone_keep_their_row() -> None:
    spend = ran(7)
    Spend.objects.filter(pk=spend.pk).update(user_id=987654)
    assert rows(spending.page(acme(), WEEK), "person") == [("Somebody who is gone", 7, 1)]


def test_the_number_of_statements_does_not_grow_with_the_runs(
    django_assert_num_queries: Any,
) -> None:
    team = acme()
    for number in range(40):
        key = a_key(acme(), label=f"Key {number}")
        ran(1, model=f"model-{number}", key=key, day=TODAY - timedelta(days=number % 7))
    with django_assert_num_queries(6):
        spending.page(team, WEEK)


def test_the_chart_is_made_of_places_that_svg_takes_and_says_what_it_shows() -> None:
    days = [(TODAY - timedelta(days=back), Amounts()) for back in range(89, 0, -1)]
    last = Amounts(final=Decimal(18), reserved=Decimal(20), held=Decimal("0.5"), runs=3)
    drawn = chart([*days, (TODAY, last)])
    assert [piece.look for piece in drawn.columns[0].pieces] == ["final", "reserved", "held"]
    assert drawn.columns[0].words == (
        "21 Nov 2026: 38.5 credits in 3 runs, 20 of them reserved, 0.5 of them held"
    )
    assert [label.text for label in drawn.lines] == ["0", "10", "20", "30", "40"]
    assert drawn.days[-1].text == "21 Nov"
    assert len(drawn.days) <= 5
    for column in drawn.columns:
        assert re.fullmatch(r"\d+\.\d+%", column.x)
        assert all(float(piece.y) >= 0 for piece in column.pieces)


@pytest.mark.parametrize("credits", ["0.01", "1", "4", "5", "9999999", "99999999999.99"])
def test_any_amount_fits_into_the_chart(credits: str) -> None:
    drawn = chart([(TODAY, Amounts(final=Decimal(credits), runs=1))])
    assert 1 <= len(drawn.lines) <= 6
    assert all(float(piece.y) >= 0 for piece in drawn.columns[0].pieces)


def test_a_chart_of_nothing_is_empty() -> None:
    assert chart([]).columns == ()
    assert chart([(TODAY, Amounts())]).columns == ()
