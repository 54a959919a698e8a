"""The history is narrowed by what a link or a form says, and what makes no sense is said there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from debugger.exchanges import services
from debugger.exchanges.models import Exchange
from debugger.exchanges.narrowing import NAMES
from debugger.keys.models import ApiKey
from debugger.teams.models import Team
from debugger.web.errors import Invalid, NotFound
from tests.cast import acme, person, zenith
from tests.exchanges.rows import NOON, run_row

KOLKATA = timezone(timedelta(hours=5, minutes=30))


def found(team: Team, **asked: str) -> list[Exchange]:
    """The first page."""
    return list(services.page(team, services.narrowed(asked), cursor={}).rows)


# -- Reading -------------------------------------------------------------------------------------


def test_nothing_said_narrows_nothing() -> None:
    wanted = services.narrowed({})
    assert not wanted.anything
    assert (wanted.query, wanted.wrong) == ("", {})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("operation", "generations.destroy"),
        ("mode", "both"),
        ("result", "perhaps"),
        ("person", "Bob"),
        ("person", "٣"),
        ("starred", "maybe"),
        ("since", "yesterday"),
        ("until", "2026-13-01"),
        ("since", "2026-11-21T25:00"),
        ("until", "9999-12-31"),
        ("since", "0001-01-01"),
        ("tz", "Mars/Phobos"),
        ("tz", "../../etc/passwd"),
        ("q", "!?"),
    ],
)
def test_what_is_not_understood_is_said_next_to_its_field(name: str, text: str) -> None:
    wanted = services.narrowed({name: text}, zone=KOLKATA)
    if text not in ("9999-12-31", "0001-01-01"):
        assert wanted.wrong.get(name)
        assert not wanted.anything
    assert wanted.typed[name] == text


def test_an_end_before_the_beginning_is_said_and_left_out() -> None:
    wanted = services.narrowed({"since": "2026-11-21", "until": "2026-11-20"})
    assert list(wanted.wrong) == ["until"]
    assert (wanted.since is not None, wanted.until) == (True, None)


def test_what_was_typed_stands_in_the_address_again() -> None:
    given_ = {"q": "a b&c", "mode": "live", "since": "2026-11-21T00:00:00+05:30"}
    wanted = services.narrowed(given_)
    assert dict(parse_qsl(wanted.query)) == given_
    assert services.narrowed(dict(parse_qsl(wanted.query))) == wanted
    assert wanted.as_change() == {"filter": [None, given_]}


def test_a_query_of_a_request_is_read_too() -> None:
    assert services.narrowed(QueryDict("q=bottle&mode=live&mode=mock")).mode == "mock"


@given(
    st.dictionaries(
        st.sampled_from(NAMES),
        st.text(max_size=400)
        | st.sampled_from(["2026-11-21", "9999-12-31T23:59:59.999999-23:59", "0001-01-01T00:00Z"]),
    )
)
def test_reading_never_fails(data: dict[str, Any]) -> None:
    wanted = services.narrowed(data, zone=KOLKATA)
    assert services.narrowed(dict(parse_qsl(wanted.query)), zone=KOLKATA).typed == wanted.typed


# -- Each field ----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_only_the_teams_own_runs_are_found() -> None:
    run_row(zenith(), by="Charlie", prompt="Bottle")
    assert found(acme()) == []
    assert found(acme(), q="bottle") == []
    with pytest.raises(NotFound):
        services.find(acme(), Exchange.objects.get().name)


@pytest.mark.django_db
def test_each_field_narrows() -> None:
    team = acme()
    key = ApiKey.objects.create(
        team=team, public_id="k1", label="x", base_url="https://x", sealed=b"x"
    )
    one = run_row(
        team,
        mode="live",
        operation="credits.retrieve",
        model="veo-3",
        by="Ada",
        key=key,
        starred=True,
        error_code="rate_limited",
        failed=True,
        status=429,
    )
    run_row(team, prompt="another")
    asked = {
        "mode": "live",
        "operation": "credits.retrieve",
        "model": "veo-3",
        "person": str(person("Ada").pk),
        "key": "k1",
        "starred": "1",
        "code": "rate_limited",
    }
    for name, text in asked.items():
        assert found(team, **{name: text}) == [one], name
    assert found(team, **asked) == [one]
    assert found(team, **asked | {"model": "z-image"}) == []
    assert found(zenith(), key="k1") == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("result", "count"),
    [
        ("ok", 1),
        ("failed", 5),
        ("2xx", 2),
        ("3xx", 1),
        ("4xx", 1),
        ("5xx", 1),
        ("none", 1),
        ("job_failed", 1),
    ],
)
def test_results_are_told_apart(result: str, count: int) -> None:
    for status in (302, 404, 502, None):
        run_row(acme(), status=status, failed=True)
    run_row(acme(), status=200, failed=True, job_status="failed")
    run_row(acme(), status=202, job_status="queued")
    assert len(found(acme(), result=result)) == count


@pytest.mark.django_db
def test_days_are_whole_days_of_the_readers_zone_and_both_included() -> None:
    first = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)  # Midnight of the 21st in Kolkata.
    last = datetime(2026, 11, 21, 18, 29, 59, 999_999, tzinfo=UTC)
    inside = [run_row(acme(), at=at) for at in (last, first)]
    for at in (first - timedelta(microseconds=1), last + timedelta(microseconds=1)):
        run_row(acme(), at=at)
    day = {"since": "2026-11-21", "until": "2026-11-21"}
    assert found(acme(), **day, tz="Asia/Kolkata") == inside
    wanted = services.narrowed(day, zone=KOLKATA)
    assert list(services.page(acme(), wanted, cursor={}).rows) == inside
    assert found(acme(), **day) != inside


@pytest.mark.django_db
@pytest.mark.parametrize("plus", ["+", " "])
def test_an_instant_with_its_offset_is_exact(plus: str) -> None:
    row = run_row(acme(), at=NOON)
    run_row(acme(), at=NOON - timedelta(microseconds=1))
    run_row(acme(), at=NOON + timedelta(microseconds=1))
    text = f"2026-11-21T17:30:00{plus}05:30"
    assert found(acme(), since=text, until=text) == [row]


# -- Pages ---------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("asked", [{}, {"q": "bottle"}])
def test_pages_lead_on_and_back_and_stay_while_runs_arrive(asked: dict[str, str]) -> None:
    rows = [run_row(acme(), at=NOON + timedelta(seconds=n), prompt="Bottle").pk for n in range(12)]
    rows.reverse()
    wanted = services.narrowed(asked)

    def page(cursor: dict[str, str]) -> Any:
        return services.page(acme(), wanted, cursor=cursor, size=5)

    first = page({})
    second = page({"older_than": first.older})
    third = page({"older_than": second.older})
    shown = [[row.pk for row in each.rows] for each in (first, second, third)]
    assert shown == [rows[:5], rows[5:10], rows[10:]]
    assert (first.newer, third.older) == ("", "")
    run_row(acme(), at=NOON + timedelta(minutes=1), prompt="Bottle")
    assert [row.pk for row in page({"older_than": first.older}).rows] == rows[5:10]
    assert [row.pk for row in page({"newer_than": third.newer}).rows] == rows[5:10]
    assert len(page({"newer_than": second.newer}).rows) == 5


@pytest.mark.django_db
@pytest.mark.parametrize("cursor", ["x", "9" * 30, "-1", "١٢", str(2**63)])
def test_a_link_that_was_cut_off_is_said(cursor: str) -> None:
    with pytest.raises(Invalid):
        services.page(acme(), services.narrowed({}), cursor={"older_than": cursor})


@pytest.mark.django_db
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"q": "bottle"},
        {"model": "m", "person": "1", "key": "k"},
        {"q": "gen_1", "mode": "live"},
    ],
)
def test_a_page_costs_few_statements_however_many_runs_there_are(
    asked: dict[str, str], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    team, wanted = acme(), services.narrowed(asked)
    for count in (1, 60):
        for number in range(count):
            run_row(team, at=NOON + timedelta(seconds=count + number), prompt="Bottle", model="m")
        with django_assert_max_num_queries(3 if "q" in asked else 1):
            services.page(team, wanted, cursor={})
        with django_assert_max_num_queries(3 if "q" in asked else 1):
            services.some_total(team, wanted)


@pytest.mark.django_db
def test_counting_stops_at_some_number() -> None:
    for number in range(4):
        run_row(acme(), at=NOON + timedelta(seconds=number))
    wanted = services.narrowed({})
    assert services.some_total(acme(), wanted, 3) == (3, True)
    assert services.some_total(acme(), wanted, 4) == (4, False)


@pytest.mark.django_db
def test_all_runs_are_walked_through_in_parts() -> None:
    rows = [run_row(acme(), at=NOON - timedelta(seconds=n)) for n in range(5)]
    wanted = services.narrowed({})
    walked: list[Exchange] = []
    while part := services.behind(acme(), wanted, number=walked[-1].pk if walked else None, size=2):
        walked += part
    assert walked == rows
