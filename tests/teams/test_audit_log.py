"""The page of the audit log: narrowed, in pages, taken along as CSV, and itself audited."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

from debugger.teams import audit, audit_log
from debugger.teams.models import AuditEvent, Team
from debugger.web import pages
from debugger.web.errors import Invalid
from tests.cast import acme, browser_of, new_key, person, zenith

pytestmark = pytest.mark.django_db
NOON = datetime(2024, 11, 20, 12, 0, tzinfo=UTC)
LOG, CSV = "/t/acme/audit/", "/t/acme/audit.csv"


def happened(
    action: str = "key.rotated",
    *,
    team: Team | None = None,
    name: str = "Ada",
    label: str = "Prod",
    at: datetime = NOON,
    **parts: Any,
) -> AuditEvent:
    """Something that was done at a moment of the past, which ``record`` cannot write."""
    actor = None if name == "System" else person(name).pk
    return AuditEvent.objects.create(
        team_id=(team or acme()).pk,
        actor_id=actor,
        actor_name=name,
        action=action,
        object_label=label,
        at=at,
        **parts,
    )


def sentences(page: str) -> list[str]:
    found = re.findall(r'<td class="what".*?<p>(.*?)</p>', page, re.DOTALL)
    return [unescape(re.sub(r"<[^>]+>", "", each)) for each in found]


@pytest.fixture
def ada() -> Client:
    acme()
    visitor = browser_of("Ada")
    visitor.get(LOG)  # Her reading of it stands in the log from here on, and only once.
    return visitor


def read(visitor: Client, query: str = "") -> list[str]:
    answer = visitor.get(LOG + query)
    assert answer.status_code == 200
    return [each for each in sentences(answer.content.decode()) if "read the audit log" not in each]


# -- What is shown -------------------------------------------------------------------------------


def test_the_newest_is_told_first_with_time_actor_object_address_and_place(ada: Client) -> None:
    happened("key.added", at=NOON)
    happened(
        at=NOON + timedelta(hours=1),
        changed={"overlap": [None, "1 h"], "fingerprint": ["0011", "2233"]},
        ip="192.0.2.7",
        place="Keys",
    )
    page = ada.get(LOG).content.decode()
    assert sentences(page)[1:] == [
        "Ada rotated the key Prod (overlap 1 h)",
        "Ada added the key Prod",
    ]
    assert 'datetime="2024-11-20T13:00:00+00:00" title="2024-11-20 13:00:00 UTC"' in page
    assert "<code>192.0.2.7</code>" in page
    assert ">Keys</td>" in page
    assert "<del>0011</del>" in page
    assert "<ins>2233</ins>" in page


def test_another_teams_events_are_not_in_it(ada: Client) -> None:
    happened(team=zenith(), name="Charlie")
    AuditEvent.objects.create(actor_name="X", action="account.signed_in", team_id=None)
    assert read(ada) == []


@pytest.mark.parametrize("name", ["Bob", "Vera"])
def test_members_and_viewers_may_neither_read_nor_export(name: str) -> None:
    acme()
    assert browser_of(name).get(LOG).status_code == 403
    assert browser_of(name).get(CSV).status_code == 403
    assert not AuditEvent.objects.exists()


def test_what_a_row_holds_is_text_not_markup(ada: Client) -> None:
    happened(label="<script>x</script>", ip="<b>", place="<i>", changed={"<u>": ["<s>", "<q>"]})
    page = ada.get(LOG).content.decode()
    for tag in ("<script>x", "<b>0", "<i></", "<u>", "<s>", "<q>"):
        assert tag not in page


# -- Narrowing -----------------------------------------------------------------------------------


@pytest.fixture
def a_busy_team(ada: Client) -> Client:
    happened("key.added", name="Ada", label="Prod", at=NOON - timedelta(days=2), object_id="k1")
    happened("key.rotated", name="Bob", label="Staging", at=NOON - timedelta(days=1))
    happened("key.revoked", name="Ada", label="100%_done", at=NOON)
    happened("key.shredded", name="System", label="Prod", at=NOON + timedelta(hours=11, minutes=59))
    return ada


def actions(visitor: Client, query: str) -> list[str]:
    page = visitor.get(f"{LOG}?{query}").content.decode()
    found = re.findall(r"<code>([a-z_]+\.[a-z_]+)</code>", page)
    return [action.removeprefix("key.") for action in found if action != "audit.viewed"]


def test_by_actor(a_busy_team: Client) -> None:
    assert actions(a_busy_team, f"actor={person('Bob').pk}") == ["rotated"]
    assert actions(a_busy_team, "actor=system") == ["shredded"]


def test_by_action(a_busy_team: Client) -> None:
    assert actions(a_busy_team, "action=key.revoked") == ["revoked"]
    assert actions(a_busy_team, "action=no.such") == []


def test_by_part_of_an_objects_name_or_its_id(a_busy_team: Client) -> None:
    assert actions(a_busy_team, "object=prod") == ["shredded", "added"]
    assert actions(a_busy_team, "object=k1") == ["added"]
    assert actions(a_busy_team, "object=0%25_D") == ["revoked"]
    assert actions(a_busy_team, "object=%25") == ["revoked"]


def test_by_whole_days_in_utc_both_included(a_busy_team: Client) -> None:
    assert actions(a_busy_team, "since=2024-11-20") == ["shredded", "revoked"]
    assert actions(a_busy_team, "until=2024-11-19") == ["rotated", "added"]
    assert actions(a_busy_team, "since=2024-11-20&until=2024-11-20") == ["shredded", "revoked"]
    assert actions(a_busy_team, "until=9999-12-31") == ["shredded", "revoked", "rotated", "added"]


def test_who_left_long_ago_can_still_be_chosen(
    a_busy_team: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "LATELY", 1)
    gone = str(person("Gone").pk)
    happened(name="Gone", at=NOON - timedelta(days=900))
    assert gone not in dict(audit_log.actors(acme()))
    assert dict(audit_log.actors(acme(), gone))[gone] == "Gone"
    assert actions(a_busy_team, f"actor={gone}") == ["rotated"]


def test_all_of_them_at_once(a_busy_team: Client) -> None:
    query = f"actor={person('Ada').pk}&action=key.added&object=Pro&since=2024-11-01"
    assert actions(a_busy_team, query) == ["added"]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("since=yesterday", "Write a day as 2026-11-21."),
        ("until=2024-02-30", "Write a day as 2026-11-21."),
        ("since=2024-11-21&until=2024-11-20", "The last day is before the first one."),
        ("actor=Robert%27);", "Choose a person from the list."),
        ("actor=99999999999999999999", "Choose a person from the list."),
    ],
)
def test_nonsense_is_told_beside_its_field_and_kept(
    a_busy_team: Client, query: str, told: str
) -> None:
    page = unescape(a_busy_team.get(f"{LOG}?{query}").content.decode())
    assert told in page
    assert 'aria-invalid="true"' in page
    for values in parse_qs(query).values():
        assert values[0] in page or "actor" in query


@pytest.mark.parametrize(
    "text", ["' OR 1=1 --", "%' OR '1'='1", "\\", "\0", "x" * 5000, '"><script>', "%", "_"]
)
def test_no_filter_reaches_beyond_the_team(a_busy_team: Client, text: str) -> None:
    happened("key.edited", team=zenith(), name="Charlie", label="' OR 1=1 --")
    for name in ("actor", "action", "object", "since", "until"):
        answer = a_busy_team.get(LOG, {name: text})
        assert answer.status_code == 200
        assert b"<code>key.edited" not in answer.content
        assert b'"><script>' not in answer.content


def test_a_filter_without_results_offers_the_way_back(a_busy_team: Client) -> None:
    page = a_busy_team.get(f"{LOG}?object=nothing").content.decode()
    assert "Nothing matches" in page
    assert f'href="{LOG}"' in page


# -- Pages ---------------------------------------------------------------------------------------


def pages_of(visitor: Client, query: str) -> list[list[str]]:
    found, link = [], f"{LOG}?{query}"
    while link:
        page = visitor.get(link).content.decode()
        found.append(re.findall(r'id="event-(\d+)"', page))
        older = re.search(r'rel="next" href="([^"]+)"', page)
        link = LOG + unescape(older[1]) if older else ""
        assert len(found) < 20
    return found


def test_pages_go_on_where_the_last_one_ended_even_within_one_moment(ada: Client) -> None:
    made = [happened(at=NOON) for _ in range(60)] + [happened(at=NOON - timedelta(seconds=1))]
    ids = [pk for page in pages_of(ada, "action=key.rotated") for pk in page]
    assert ids == [str(event.pk) for event in (*reversed(made[:60]), made[60])]
    assert [len(page) for page in pages_of(ada, "action=key.rotated")] == [50, 11]


def test_a_link_to_a_page_shows_the_same_rows_while_new_ones_arrive(ada: Client) -> None:
    for _ in range(60):
        happened()
    first, second = pages_of(ada, "action=key.rotated")
    page = ada.get(f"{LOG}?action=key.rotated").content.decode()
    link = LOG + unescape(re.findall(r'rel="next" href="([^"]+)"', page)[0])
    happened(at=NOON + timedelta(hours=1))
    assert re.findall(r'id="event-(\d+)"', ada.get(link).content.decode()) == second
    [position] = parse_qs(urlsplit(link).query)["older_than"]
    assert position == f"2024-11-20T12:00:00.000000Z_{first[-1]}"


def test_newer_leads_back_to_the_page_before(ada: Client) -> None:
    for _ in range(120):
        happened()
    first, second, third = pages_of(ada, "action=key.rotated")
    rows = AuditEvent.objects.filter(action="key.rotated")

    def shown(**cursor: str) -> pages.Page[AuditEvent]:
        return pages.page_of(rows, ordered_by="at", cursor=cursor, size=50)

    def ids(page: pages.Page[AuditEvent]) -> list[str]:
        return [str(row.pk) for row in page.rows]

    last = shown(older_than=shown(older_than=shown().older).older)
    assert (ids(last), last.older) == (third, "")
    middle = shown(newer_than=last.newer)
    assert ids(middle) == second
    again = shown(newer_than=middle.newer)
    assert (ids(again), again.newer) == (first, "")


@pytest.mark.parametrize(
    "position",
    [
        "x",
        "2024-11-20T12:00:00Z",
        "2024-13-20T12:00:00Z_1",
        "2024-11-20T12:00:00Z_" + "9" * 30,
        "2024-11-20T12:00:00Z_1' OR 1=1",
        "\N{ARABIC-INDIC DIGIT TWO}026-11-20T12:00:00Z_1",
    ],
)
def test_a_link_that_was_cut_off_is_told(ada: Client, position: str) -> None:
    with pytest.raises(Invalid):
        pages.Position.read(position)
    for name in ("older_than", "newer_than"):
        assert ada.get(LOG, {name: position}).status_code == 422


def test_a_page_costs_the_same_however_far_back_it_is(
    ada: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(55):
        happened()
    with django_assert_max_num_queries(20):
        ada.get(LOG)


# -- The log about itself ------------------------------------------------------------------------


def views() -> int:
    return AuditEvent.objects.filter(action="audit.viewed").count()


def test_reading_is_recorded_once_an_hour_for_each_person(ada: Client) -> None:
    for query in ("", "?object=x", "?action=key.added"):
        ada.get(LOG + query)
    assert views() == 1
    browser_of("Alice").get(LOG)
    assert views() == 2
    by = audit.Origin(actor_id=person("Ada").pk, actor_name="Ada")
    audit_log.viewed(by, acme(), now=datetime.now(UTC) + timedelta(minutes=59))
    assert views() == 2
    audit_log.viewed(by, acme(), now=datetime.now(UTC) + timedelta(minutes=61))
    assert views() == 3


def test_every_export_is_recorded_with_its_filter(ada: Client) -> None:
    exported("object=Prod&since=2024-11-01")
    exported("")
    found = AuditEvent.objects.filter(action="audit.exported").order_by("pk")
    assert [event.changed for event in found] == [
        {"filter": [None, {"object": "Prod", "since": "2024-11-01"}]},
        {},
    ]
    assert [event.actor_name for event in found] == ["Ada", "Ada"]


# -- Export --------------------------------------------------------------------------------------


def exported(query: str = "", *, name: str = "Ada") -> tuple[Any, list[list[str]]]:
    visitor = AsyncClient()

    async def ask() -> tuple[Any, bytes]:
        await visitor.aforce_login(who)
        answer: Any = await visitor.get(f"{CSV}?{query}")
        return answer, b"".join([piece async for piece in answer.streaming_content])

    who = person(name)
    answer, body = async_to_sync(ask)()
    assert body.startswith(b"\xef\xbb\xbf")
    return answer, list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def column(rows: Sequence[Sequence[str]], name: str) -> list[str]:
    at = rows[0].index(name)
    return [row[at] for row in rows[1:] if not row[3].startswith("audit.")]


def test_an_export_is_a_csv_file_with_a_name_of_its_own(ada: Client) -> None:
    answer, rows = exported()
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="acme-audit-\d{8}T\d{6}Z\.csv"', answer["Content-Disposition"]
    )
    assert answer["Cache-Control"] == "private, no-store"
    assert answer.streaming
    assert rows[0] == list(audit_log.COLUMNS)


def test_it_holds_what_the_page_shows_with_times_that_name_their_offset(
    a_busy_team: Client,
) -> None:
    _, rows = exported("object=prod")
    assert column(rows, "action") == ["key.shredded", "key.added"]
    assert column(rows, "time") == [
        "2024-11-20T23:59:00.000+00:00",
        "2024-11-18T12:00:00.000+00:00",
    ]
    assert column(rows, "sentence")[1] == "Ada added the key Prod"


def test_it_is_read_in_batches_and_none_is_lost_or_told_twice(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(25):
        happened(label=f"Key {number}")
    sizes = []
    real: Any = audit_log.exported_rows

    def counted(*args: Any, **kwargs: Any) -> list[AuditEvent]:
        rows: list[AuditEvent] = real(*args, **kwargs, size=10)
        sizes.append(len(rows))
        return rows

    monkeypatch.setattr(audit_log, "exported_rows", counted)
    _, rows = exported("action=key.rotated")
    assert column(rows, "object") == [f"Key {number}" for number in range(24, -1, -1)]
    assert sizes == [10, 10, 5, 0]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "  =", "＝", "－"])
def test_nothing_in_it_is_a_formula(ada: Client, start: str) -> None:
    happened(label=f'{start}HYPERLINK("https://evil.example","x")', ip="-1", place="@sum")
    _, rows = exported("action=key.rotated")
    assert all(cell.startswith("'") for cell in column(rows, "object"))
    assert column(rows, "source_ip") == ["'-1"]
    assert column(rows, "place") == ["'@sum"]


def test_commas_quotes_lines_and_letters_of_all_scripts_come_back(ada: Client) -> None:
    happened(label='a,"b"\r\nc ü हिन्दी 한국어')
    _, rows = exported("action=key.rotated")
    assert column(rows, "object") == ['a,"b"\r\nc ü हिन्दी 한국어']


def test_a_filter_that_is_not_understood_exports_nothing_instead_of_everything(ada: Client) -> None:
    assert ada.get(f"{CSV}?since=yesterday").status_code == 422
    assert not AuditEvent.objects.filter(action="audit.exported").exists()


def test_no_key_is_in_an_export(ada: Client) -> None:
    secret = new_key()
    by = audit.Origin(actor_id=None, actor_name=secret)
    audit.record(by, acme(), "key.edited", label=secret, changed={"x": [secret, secret]})
    _, rows = exported()
    assert secret not in str(rows)
    assert secret not in ada.get(LOG).content.decode()
