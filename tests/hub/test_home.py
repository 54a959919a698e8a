"""A team's home: its first steps as they are for each person, its keys, people and ceilings."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.test import Client

from debugger.hub import home, steps
from debugger.keys.live.spend import day_of
from debugger.keys.models import ApiKey, SpendDay
from debugger.teams.access import Right
from debugger.teams.models import AuditEvent, Membership, Role, Team
from debugger.teams.progress import Step, reached
from tests.cast import acme, browser_of, person, place
from tests.hub.test_pages import read

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
HOME = "/t/acme/"
SWITCH = "/t/acme/checklist"


def home_of(name: str) -> str:
    """The page as this person of Acme sees it."""
    acme()
    page = browser_of(name).get(HOME)
    assert page.status_code == 200
    return page.content.decode()


def item(name: str, step: Step) -> steps.Item:
    """One step as this person sees it."""
    number = list(Step).index(step)
    return steps.checklist(place(name, acme())).items[number]


def test_the_checklist_tells_every_step_once_and_in_the_order_of_the_quickstart() -> None:
    assert [lesson.step for lesson in steps.LESSONS] == list(Step)


def test_a_new_team_has_nothing_done_and_its_owner_is_led_to_the_first_step() -> None:
    text = home_of("Alice")
    assert "0 of 7" in text
    current = re.findall(r'aria-current="step".*?<h3>([^<]+)', text, re.DOTALL)
    assert current == ["Store an API key"]
    assert len(re.findall(r'class="btn first"', text)) == 1


def test_a_step_that_was_taken_names_who_took_it_and_when() -> None:
    team = acme()
    reached(team, Step.MODELS_LISTED, user_id=person("Bob").pk)
    reached(team, Step.MODELS_LISTED, user_id=person("Vera").pk)
    taken = item("Vera", Step.MODELS_LISTED)
    assert taken.reached_by == "Bob"
    assert taken.reached_at is not None
    text = home_of("Vera")
    assert "1 of 7" in text
    assert f"{taken.reached_at:%Y, %H:%M} UTC" in text


def test_a_step_that_somebody_took_who_has_left_the_site_stays_taken() -> None:
    reached(acme(), Step.MOCK_RUN, user_id=person("Bob").pk)
    person("Bob").delete()
    taken = item("Alice", Step.MOCK_RUN)
    assert taken.reached_by == ""
    assert taken.reached_at is not None


@pytest.mark.parametrize(
    ("name", "step", "able"),
    [
        ("Alice", Step.KEY_STORED, True),
        ("Ada", Step.KEY_STORED, True),
        ("Bob", Step.KEY_STORED, False),
        ("Bob", Step.LIVE_RUN, True),
        ("Vera", Step.LIVE_RUN, False),
        ("Vera", Step.MOCK_RUN, True),
    ],
)
def test_who_cannot_take_a_step_is_told_who_can_and_gets_no_link(
    name: str, step: Step, able: bool
) -> None:
    found = item(name, step)
    assert (found.blocked == "") is able
    if not able:
        assert "Alice" in found.blocked
        assert f'href="{found.url}"><span class="sr">: {found.title}' not in home_of(name)


def test_the_next_step_of_a_viewer_is_one_that_a_viewer_can_take() -> None:
    found = steps.checklist(place("Vera", acme()))
    assert [each.title for each in found.items if each.is_next] == ["List the models"]


def test_many_helpers_are_not_all_named() -> None:
    team = acme()
    for number in range(3):
        Membership.objects.create(team=team, user=person(f"Ad{number}"), role=Role.ADMIN)
    sentence = steps.helpers_for(team, Right.MANAGE_KEYS)
    assert "Alice, Ada, Ad0 or others" in sentence


def test_all_seven_done_is_told_and_nothing_is_next() -> None:
    for step in Step:
        reached(acme(), step)
    text = home_of("Alice")
    assert "7 of 7" in text
    assert "All seven are done" in text
    assert 'aria-current="step"' not in text


@pytest.mark.parametrize("name", ["Alice", "Ada", "Bob"])
def test_the_checklist_is_put_away_for_the_whole_team_and_comes_back(name: str) -> None:
    acme()
    browser = browser_of(name)
    assert browser.post(SWITCH, {"hide": "yes"}).headers["Location"] == HOME
    assert "<ol" not in home_of("Vera")
    assert "Bring them back" in home_of(name)
    browser.post(SWITCH, {"hide": "no"})
    assert "<ol" in home_of("Vera")
    actions = AuditEvent.objects.order_by("pk").values_list("action", "actor_name")
    assert list(actions) == [("checklist.hidden", name), ("checklist.shown", name)]


def test_putting_away_what_is_away_changes_nothing() -> None:
    acme()
    for _ in range(2):
        browser_of("Alice").post(SWITCH, {"hide": "yes"})
    assert AuditEvent.objects.count() == 1


def test_a_viewer_cannot_put_the_checklist_away_and_a_stranger_finds_nothing() -> None:
    acme()
    assert browser_of("Vera").post(SWITCH, {"hide": "yes"}).status_code == 403
    assert browser_of("Charlie").post(SWITCH, {"hide": "yes"}).status_code == 404
    assert browser_of("Charlie").get(HOME).status_code == 404
    assert Client().get(HOME).status_code == 302
    assert Team.objects.get(slug="acme").checklist_hidden_at is None
    assert "Put away" not in home_of("Vera")


def test_the_help_page_brings_a_checklist_back_in_each_team_that_put_it_away() -> None:
    acme()
    bob = browser_of("Bob")
    assert SWITCH not in bob.get("/docs/first-steps/").content.decode()
    bob.post(SWITCH, {"hide": "yes"})
    assert SWITCH in bob.get("/docs/first-steps/").content.decode()
    assert SWITCH not in browser_of("Vera").get("/docs/first-steps/").content.decode()
    assert SWITCH not in Client().get("/docs/first-steps/").content.decode()


def new_key(team: Team, label: str, **fields: object) -> ApiKey:
    """A key's row; what is sealed in it does not open."""
    values = {"base_url": "https://rivya.ai", "last_four": "a1b2", "sealed": b"x", **fields}
    return ApiKey.objects.create(team=team, label=label, **values)


@pytest.mark.parametrize(("name", "uses"), [("Bob", True), ("Vera", False)])
def test_a_key_shows_its_label_where_it_goes_and_that_it_cannot_be_opened(
    name: str, uses: bool
) -> None:
    key = new_key(acme(), "Production", environment="prod")
    text = home_of(name)
    assert "Production" in text
    assert "rivya.ai" in text
    assert "Cannot be used" in text
    assert "No key is stored yet" not in text
    # Its end, and the page of its uses, are for those who may use it.
    assert ("<code>rvya_sk_…a1b2</code>" in text) is uses
    assert (f'href="/t/acme/keys/{key.public_id}/"' in text) is uses


def test_only_the_first_keys_are_listed_and_the_rest_are_counted() -> None:
    for number in range(home.KEYS_SHOWN + 2):
        new_key(acme(), f"Key {number}")
    found = home.home(place("Alice", acme()), now=NOW)
    assert (len(found.keys), found.more_keys) == (home.KEYS_SHOWN, 2)


def test_without_a_key_a_member_is_told_who_can_add_one() -> None:
    text = home_of("Bob")
    assert "No key is stored yet" in text
    assert "Can be done by: Alice, Ada." in text


def test_people_stand_by_role_and_the_rest_are_counted() -> None:
    team = acme()
    for number in range(4):
        Membership.objects.create(team=team, user=person(f"V{number}"), role=Role.VIEWER)
    found = home.people(team)
    assert [str(each.user) for each in found.first[:4]] == ["Alice", "Ada", "Bob", "Vera"]
    assert (found.count, found.more) == (8, 2)


def test_what_was_spent_today_stands_beside_the_ceiling() -> None:
    team = acme()
    team.day_ceiling, team.run_ceiling = 200, 50
    team.save()
    SpendDay.objects.create(team=team, day=day_of(NOW), credits=Decimal("50.5"))
    found = home.spent_today(team, now=NOW)
    assert (found.credits, found.ceiling, found.run, found.percent) == ("50.5", "200", "50", 25)
    SpendDay.objects.update(credits=Decimal(900))
    assert home.spent_today(team, now=NOW).percent == 100


@pytest.mark.parametrize("ceiling", [None, 0])
def test_no_ceiling_and_a_ceiling_of_nothing_are_told_apart(ceiling: int | None) -> None:
    team = acme()
    team.day_ceiling = ceiling
    found = home.spent_today(team, now=NOW)
    assert found.ceiling == (None if ceiling is None else "0")


def test_the_home_of_a_team_has_no_id_twice_and_nothing_inline() -> None:
    new_key(acme(), "Production")
    markup = read(home_of("Alice"))
    assert markup.inline == markup.foreign == []
    assert len(markup.ids) == len(set(markup.ids))


def test_a_name_of_a_team_is_text_and_not_markup() -> None:
    team = acme()
    team.name = "<b>Acme</b>"
    team.save()
    assert "<b>Acme</b>" not in home_of("Alice")
