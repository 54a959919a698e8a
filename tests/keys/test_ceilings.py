from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from debugger.keys import tasks
from debugger.keys.live import ceilings, lost, spend
from debugger.keys.models import ApiKey, Spend
from debugger.teams.models import AuditEvent, Team
from tests.cast import acme, browser_of, person, zenith
from tests.keys import answers
from tests.keys.purses import a_key, team

pytestmark = pytest.mark.django_db
URL = "/t/acme/live/ceilings"
NOON = datetime(2026, 5, 11, 12, tzinfo=UTC)


def run(
    owner: Team, *, name: str = "Bob", credits: int = 20, now: datetime, key: ApiKey | None = None
) -> Spend:
    found = spend.hold(
        team=owner,
        key=key,
        user_id=person(name).pk,
        operation="generations.create",
        estimated=credits,
        now=now,
    )
    assert isinstance(found, Spend)
    return found


def text(name: str = "Vera") -> str:
    answer = browser_of(name).get(URL)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def save(name: str = "Ada", **fields: str) -> tuple[int, str]:
    data = {"team_run": "200", "team_day": "500", **fields}
    answer = browser_of(name).post(URL, data, follow=True)
    return answer.status_code, " ".join(answer.content.decode().split())


def test_a_new_team_begins_with_ceilings_and_the_page_says_so() -> None:
    owner = acme()
    assert (owner.run_ceiling, owner.day_ceiling) == (200, 500)
    assert "New teams start with 200 for a run and 500 for a day" in text()


def test_everybody_in_the_team_reads_who_spent_what_today() -> None:
    owner, now = team(day=100), timezone.now()
    key = a_key(owner)
    spend.settle(
        run(owner, key=key, now=now),
        outcome=answers.job(status="succeeded", final=18),
        now=now,
    )
    run(owner, name="Alice", credits=5, now=now)
    html = text("Vera")
    for part in ("Production", "Alice", "Bob", "<b>18</b>", "of 100 credits", "77 left", "pasted"):
        assert part in html
    assert "Save ceilings" not in html
    assert "Alice, Ada" in html


def test_a_stranger_does_not_learn_that_the_team_exists() -> None:
    acme()
    zenith()
    assert browser_of("Charlie").get(URL).status_code == 404
    assert browser_of("Charlie").post(URL, {"team_day": "1"}).status_code == 404


@pytest.mark.parametrize("name", ["Bob", "Vera"])
def test_members_and_viewers_cannot_set_ceilings(name: str) -> None:
    acme()
    assert browser_of(name).post(URL, {"team_run": "", "team_day": ""}).status_code == 403
    assert Team.objects.get(slug="acme").day_ceiling == 500


def test_setting_ceilings_is_written_down_with_before_and_after() -> None:
    key = a_key(acme())
    save(team_day="1,000", team_run="", **{f"{key.public_id}_day": "50"})
    owner = Team.objects.get(slug="acme")
    key.refresh_from_db()
    assert (owner.run_ceiling, owner.day_ceiling) == (None, 1000)
    assert (key.run_ceiling, key.day_ceiling) == (None, 50)
    events = {each.object_type: each for each in AuditEvent.objects.filter(team_id=owner.pk)}
    assert events["team"].changed == {"run_ceiling": [200, None], "day_ceiling": [500, 1000]}
    assert events["apikey"].changed == {"day_ceiling": [None, 50]}
    assert {each.action for each in events.values()} == {"ceiling.changed"}
    assert {each.actor_name for each in events.values()} == {"Ada"}


def test_saving_what_is_so_already_writes_nothing_down() -> None:
    acme()
    assert "Nothing was changed" in save()[1]
    assert not AuditEvent.objects.filter(action="ceiling.changed").exists()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("-1", "cannot be below 0"),
        ("abc", "whole credits"),
        ("1.5", "whole credits"),
        ("NaN", "whole credits"),
        ("99999999999", "at most 10000000"),
    ],
)
def test_a_wrong_ceiling_is_said_beside_its_field_and_kept_as_typed(typed: str, said: str) -> None:
    acme()
    status, html = save(team_day=typed, team_run="7")
    assert status == 422
    assert said in html
    assert f'value="{typed}"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_team_day_error"' in html
    assert Team.objects.get(slug="acme").run_ceiling == 200


def test_the_keys_of_another_team_cannot_be_reached_through_the_form() -> None:
    acme()
    other = a_key(zenith(), day=9)
    save(**{f"{other.public_id}_day": "1"})
    other.refresh_from_db()
    assert other.day_ceiling == 9


def test_a_page_that_was_open_takes_no_ceiling_away_from_what_it_did_not_show() -> None:
    owner, ada = acme(), browser_of("Ada")
    later = a_key(owner, run=3, day=9)
    assert ada.post(URL, {"team_day": "60"}).status_code == 302
    owner.refresh_from_db()
    later.refresh_from_db()
    assert (owner.run_ceiling, owner.day_ceiling) == (200, 60)
    assert (later.run_ceiling, later.day_ceiling) == (3, 9)
    assert ada.post(URL, {"team_run": "", f"{later.public_id}_day": ""}).status_code == 302
    owner.refresh_from_db()
    later.refresh_from_db()
    assert (owner.run_ceiling, owner.day_ceiling) == (None, 60)
    assert (later.run_ceiling, later.day_ceiling) == (3, None)


def test_lowering_a_ceiling_below_what_is_spent_is_allowed_and_explained() -> None:
    owner, now = acme(), timezone.now()
    run(owner, credits=60, now=now)
    html = save(team_day="50")[1]
    assert "60 credits count already for the team, and the ceiling is 50" in html
    assert "nothing left" in html


def test_fourteen_days_are_shown_each_with_who_spent() -> None:
    owner = team()
    run(owner, now=NOON - timedelta(days=13))
    run(owner, now=NOON - timedelta(days=14), credits=999)
    run(owner, name="Alice", now=NOON, credits=30)
    spend.settle(run(owner, now=NOON, credits=9), outcome=answers.refused(402), now=NOON)
    page = ceilings.page(owner, now=NOON)
    assert len(page.days) == 14
    assert [row.bar.total for row in page.days if row.runs] == [Decimal(30), Decimal(20)]
    assert [(each.name, int(each.credits)) for each in page.spenders] == [
        ("Alice", 30),
        ("Bob", 20),
    ]


def test_what_was_released_is_seen_among_the_runs_and_counts_nothing() -> None:
    owner = team(day=50)
    spend.settle(run(owner, now=NOON), outcome=answers.refused(402), now=NOON)
    page = ceilings.page(owner, now=NOON)
    assert page.today.total == 0
    assert page.today.left == 50
    assert [each.note for each in page.runs] == ["Nothing was charged: it was refused or not sent."]


def test_a_bar_is_never_wider_than_its_frame() -> None:
    for final, held, most in ((0, 0, 0), (70, 70, 100), (1, 0, 100_000), (5, 5, None)):
        bar = ceilings.Bar(final=Decimal(final), held=Decimal(held), most=most)
        for _name, x, width in bar.parts:
            assert 0 <= x <= x + width <= 1000


def test_many_runs_of_a_day_are_cut_and_counted() -> None:
    owner = team()
    for _ in range(ceilings.RUNS + 2):
        run(owner, credits=1, now=NOON)
    page = ceilings.page(owner, now=NOON)
    assert (len(page.runs), page.more_runs) == (ceilings.RUNS, 2)


def test_a_hold_that_was_never_answered_is_noted_and_stays_counted() -> None:
    owner = team()
    old = run(owner, now=NOON - timedelta(hours=2))
    young = run(owner, now=NOON - timedelta(minutes=30))
    assert lost.note_lost(now=NOON) == 1
    assert lost.note_lost(now=NOON) == 0
    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.settled_at, young.settled_at) == (NOON, None)
    assert ceilings.page(owner, now=NOON).today.held == 40
    assert "may have been charged" in ceilings.noted(old)


def test_a_late_look_at_a_job_still_settles_what_was_noted() -> None:
    owner = team()
    early = NOON - timedelta(hours=30)
    spend.settle(run(owner, now=early), outcome=answers.job("t"), now=early)
    assert lost.note_lost(now=NOON) == 1
    done = answers.job("t", status="succeeded", final=4)
    found = spend.settle_made(owner, made="t", outcome=done, now=NOON)
    assert found is not None
    assert (found.state, found.credits == 4) == ("final", True)


def test_the_page_costs_the_same_few_queries_for_many_runs(
    django_assert_max_num_queries: object,
) -> None:
    owner = team()
    for number in range(20):
        run(owner, credits=1, now=NOON, key=a_key(owner, label=f"Key {number}"))
    with django_assert_max_num_queries(6):  # type: ignore[operator]
        ceilings.page(owner, now=NOON)


def test_the_worker_notes_what_was_never_answered() -> None:
    run(team(), now=timezone.now() - timedelta(hours=2))
    assert tasks.note_lost() == 1
