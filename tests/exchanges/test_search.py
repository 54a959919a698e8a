"""Search finds ids and words, keeps up with the rows, and takes no query for a command."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from debugger.exchanges import search, services
from debugger.exchanges.models import Exchange, ExchangeWords
from debugger.teams.models import Team
from tests.cast import acme, zenith
from tests.exchanges.runs import BODY, JOB, NOON, outcome, request, response, run
from tests.generations.jobs import job

UUID = "550e8400-e29b-41d4-a716-446655440000"


def found(q: str, team: Team | None = None, **asked: str) -> list[Exchange]:
    """The first page of a search."""
    wanted = services.narrowed({"q": q, **asked})
    return list(services.page(team or acme(), wanted, cursor={}).rows)


@pytest.fixture
def row(db: None) -> Exchange:
    """A run beside many that share its words, but not its ids."""
    for number in range(3):
        other = JOB | {"id": f"task_other{number}"}
        services.record(
            run(acme(), outcome(came=response(other)), idempotency_key=f"dash-{number}")
        )
    came = response(
        JOB | {"note": "Verstärkung 模型 हिन्दी"}, headers=(("x-request-id", "req_9x-Y"),)
    )
    sent = request(BODY.replace("red", "crimson"))
    return services.record(run(acme(), outcome(sent=sent, came=came), idempotency_key=UUID))


@pytest.mark.parametrize(
    "query",
    [
        "task_8Hn2kQ",
        "TASK_8hn2kq",
        "req_9x-Y",
        UUID,
        UUID[:20],
        "crimson",
        "bottle crimson",
        "crim",
        "verstärkung",
        "VERSTÄRK",
        "模型",
        "हिन्दी",
        '"crimson"',
        "prompt: crimson!",
    ],
)
def test_a_run_is_found_by_what_it_holds(row: Exchange, query: str) -> None:
    assert found(query) == [row]


def test_a_run_is_found_by_its_name(row: Exchange) -> None:
    assert found(row.name) == [row]
    assert found(row.name.upper()) == [row]
    assert found(f" {row.name} ") == [row]


def test_a_run_is_found_by_the_name_of_its_job(row: Exchange) -> None:
    generation = job(acme(), exchange=row)
    job(zenith(), by="Charlie")
    assert found(generation.name) == [row]
    assert found("gen_1") == []


def test_all_words_must_be_there(row: Exchange) -> None:
    assert found("crimson neverseen") == []
    assert len(found("bottle")) == 4


def test_a_search_is_narrowed_like_a_list(row: Exchange) -> None:
    assert len(found("bottle", mode="mock", result="ok")) == 4
    assert found("bottle", mode="live") == []
    assert found("bottle", until="2026-11-20") == []


def test_other_teams_words_are_not_found(row: Exchange) -> None:
    mine = services.record(run(zenith()))
    assert found("bottle", zenith()) == [mine]
    assert found("crimson", zenith()) == []


def test_what_changes_is_found_as_it_is(row: Exchange) -> None:
    ExchangeWords.objects.filter(pk=row.pk).update(words=f"{acme().pk}_new")
    assert found("crimson") == []
    assert found("new") == [row]
    row.delete()
    assert found("new") == []


@pytest.mark.django_db
def test_the_newest_run_comes_first() -> None:
    rows = [services.record(run(acme(), now=NOON + timedelta(days=n))) for n in (2, 0, 1)]
    assert found("bottle") == [rows[0], rows[2], rows[1]]


@pytest.mark.django_db
@pytest.mark.parametrize("size", [1, 2, 5])
def test_words_are_found_in_order_however_often_they_stand(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few rows stand for many: the sample and the walk are shorter than the history."""
    for name, number in (("_SAMPLE", 3), ("_WALKED", 4), ("_WALKED_FOR_EACH", 1)):
        monkeypatch.setattr(search, name, number)
    monkeypatch.setattr(search, "_WALKED_FOR_COUNT", 4)
    team = acme()
    for number in range(24):
        names = "all " + " ".join(f"every{n}" for n in (2, 3, 11) if number % n == 0)
        at = NOON + timedelta(minutes=number)
        services.record(run(team, outcome(sent=request(f"{names} last" * (number < 5))), now=at))
    for q in ("all", "every", "every2", "every3", "every11", "every2 every3", "last", "neverseen"):
        wanted = services.narrowed({"q": q})
        there = list(services.rows(team, wanted).order_by("-pk"))
        assert walked(team, wanted, size) == there, q
        assert services.some_total(team, wanted) == (len(there), False)
        most = max(0, len(there) - 1)
        assert services.some_total(team, wanted, most) == (most, bool(there))
        assert upwards(team, wanted, size) == there[:-1] or len(there) <= size + 1


def walked(team: Team, wanted: services.Narrowed, size: int) -> list[Exchange]:
    """All runs, page after page."""
    found: list[Exchange] = []
    older = None
    while older != "":
        page = services.page(team, wanted, cursor={"older_than": older or ""}, size=size)
        found += page.rows
        older = page.older
    return found


def upwards(team: Team, wanted: services.Narrowed, size: int) -> list[Exchange]:
    """All runs above the oldest one, page before page."""
    oldest = services.rows(team, wanted).order_by("pk").first()
    found: list[Exchange] = []
    newer = str(oldest.pk) if oldest else ""
    while newer:
        page = services.page(team, wanted, cursor={"newer_than": newer}, size=size)
        found = [*(row for row in page.rows if row not in found), *found]
        newer = page.newer
    return found


HOSTILE = [
    "'; DROP TABLE debugger_exchange; --",
    '" OR 1=1 --',
    "words:bottle",
    "bottle NEAR/2 red",
    "NOT bottle",
    "bottle OR crimson",
    "^bottle",
    "bottle*",
    "-bottle",
    "{words}: x",
    "a + b",
    ":* & ! | <-> ()",
    "\\' \\\\ '' ''",
    "%s %(x)s %% {}",
    "rebuild delete-all integrity-check",
    "$1 ?1 :name @x",
    "\0\ud800",
]


@pytest.mark.django_db
@pytest.mark.parametrize("query", HOSTILE)
def test_a_hostile_query_is_only_words(query: str) -> None:
    row = services.record(run(acme(), outcome(sent=request(f"the prompt {query}"))))
    assert found(query) == [row]
    assert Exchange.objects.count() == 1


def test_quoting_does_not_depend_on_the_tokenizer() -> None:
    odd = ["a'b", 'a"b', "a\\b"]
    assert search.match_of(odd) == '"a\'b"* AND "a""b"* AND "a\\b"*'
    assert search.tsquery_of(odd) == "'a''b':* & 'a\"b':* & 'a\\\\b':*"


class Anything(TestCase):
    """Whatever is asked is answered."""

    @settings(max_examples=40, suppress_health_check=list(HealthCheck))
    @given(st.text(max_size=60) | st.text(alphabet="aß語ा_-.:/'\" &|!()*%s\0👍", max_size=60))
    def test_a_run_with_any_text_is_found_by_it(self, text: str) -> None:
        row = services.record(run(acme(), outcome(sent=request(f"> {text}"))))
        try:
            assert row in found(text)
        finally:
            row.delete()


@pytest.mark.django_db(transaction=True)
def test_words_are_forgotten_when_all_tables_are_emptied() -> None:
    services.record(run(acme()))
    call_command("flush", interactive=False, verbosity=0)
    assert found("bottle", acme()) == []
    row = services.record(run(acme(), now=NOON + timedelta(seconds=1)))
    assert found("bottle") == [row]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:  # It raises where the words and their index differ.
            into = f"INSERT INTO {search.FOUND}({search.FOUND})"
            cursor.execute(f"{into} VALUES ('integrity-check')")


@pytest.mark.django_db(transaction=True)
def test_putting_the_search_up_again_finds_what_is_there() -> None:
    row = services.record(run(acme()))
    search.take_down(connection)
    search.put_up(connection)
    search.put_up(connection)
    assert found("bottle") == [row]


@pytest.mark.django_db
def test_no_migration_has_lost_what_keeps_the_search_up_to_date() -> None:
    """SQLite drops the triggers of a table that a migration rebuilds: then put_up must follow."""
    services.record(run(acme()))
    ExchangeWords.objects.update(words=f"{acme().pk}_changed")
    assert len(found("changed")) == 1
    ExchangeWords.objects.all().delete()
    assert found("changed") == []
