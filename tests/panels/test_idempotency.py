"""One request stays one job: double clicks, pages that were come back to, keys of earlier runs."""

from __future__ import annotations

import json
import re

import pytest

from debugger.exchanges.models import Exchange, ExchangeContent, HistoryRules
from debugger.generations.models import Generation
from debugger.panels import submission
from tests.cast import acme, zenith
from tests.panels.live import BOTTLE, Person

pytestmark = pytest.mark.django_db

TYPED = {"idempotency_key": "order-17"}


@pytest.fixture
def bob() -> Person:
    """Bob at Acme's panels."""
    acme()
    return Person("Bob")


def create(who: Person, **fields: str) -> str:
    return who.run("generations.create", **BOTTLE | fields)


def hidden(text: str, name: str) -> str:
    return str(re.findall(rf'name="{name}" id="{name}" value="([^"]*)"', text)[0])


def after(text: str) -> dict[str, str]:
    """What a page posts next after an answer."""
    return {"last": hidden(text, "last"), "nonce": hidden(text, "nonce")}


def preview(who: Person, **fields: str) -> str:
    data = {"mode": "mock", "editor": "form", "nonce": "n" * 16, "last": "", **BOTTLE, **fields}
    return who.post("generations.create/preview", data)[1]


# -- Coming back. --------------------------------------------------------------------------------


def test_a_page_that_was_come_back_to_repeats_its_run_and_says_so(bob: Person) -> None:
    back = after(create(bob)) | {"came_back": "1"}
    shown = preview(bob, **back)
    assert "This request was run before you came back to this page." in shown
    assert 'id="run-anew"' in shown
    again = create(bob, **back)
    assert "Replayed, no new charge" in again
    assert Generation.objects.count() == 1


def test_after_coming_back_run_again_makes_a_new_job(bob: Person) -> None:
    back = after(create(bob)) | {"came_back": "1", "again": "new"}
    assert "Replayed" not in create(bob, **back)
    assert Generation.objects.count() == 2


def test_after_coming_back_another_body_is_a_new_run(bob: Person) -> None:
    back = after(create(bob)) | {"came_back": "1", "body/prompt": "A boat"}
    assert "before you came back" not in preview(bob, **back)
    create(bob, **back)
    assert Generation.objects.count() == 2


def test_the_run_after_an_answer_that_nobody_left_is_a_new_one(bob: Person) -> None:
    create(bob, **after(create(bob)))
    assert Generation.objects.count() == 2


def test_without_script_the_page_of_an_answer_repeats_until_run_again(bob: Person) -> None:
    plain = Person("Bob", by_script=False)
    page = create(plain)
    assert 'name="came_back" value="1"' in page
    assert re.search(r'<noscript><button form="panel-form"[^>]*name="again" value="new"', page)
    assert "formaction" not in page.split('id="again"')[1], "htmx would send a preview there"
    back = after(page) | {"came_back": "1"}
    assert "Replayed, no new charge" in create(plain, **back)
    assert Generation.objects.count() == 1
    create(plain, **back, again="new")
    assert Generation.objects.count() == 2


def test_without_script_a_page_that_was_fetched_anew_repeats_the_persons_own_run(
    bob: Person,
) -> None:
    plain = Person("Bob", by_script=False)
    create(plain)
    assert "Replayed, no new charge" in create(plain, nonce="m" * 16)
    assert Generation.objects.count() == 1
    create(Person("Alice", by_script=False), nonce="a" * 16)
    create(plain, nonce="o" * 16, **{"body/prompt": "A boat"})
    assert Generation.objects.count() == 3
    Exchange.objects.all().delete()
    create(plain, nonce="p" * 16)
    assert Generation.objects.count() == 4, "what the history does not know is new"


def test_a_double_click_is_one_job_in_two_rows(bob: Person) -> None:
    assert "Replayed" not in create(bob)
    assert "Replayed, no new charge" in create(bob)
    assert Exchange.objects.count() == 2
    assert Generation.objects.count() == 1


def test_a_lost_answer_that_is_run_again_stays_one_job(bob: Person) -> None:
    before = after(create(bob, **{"body/prompt": "A boat"}))
    Generation.objects.all().delete()
    lost = create(bob, scenario="cut", **before)
    assert "sent with this body before: a retry is not charged twice" in lost
    create(bob, **after(lost))
    job = Generation.objects.get()
    assert (job.state, bool(job.task_id)) == (Generation.State.ACTIVE, True)


# -- A key that was used before. -----------------------------------------------------------------


def test_a_known_key_with_the_same_body_is_said_to_be_replayed(bob: Person) -> None:
    create(bob, **TYPED)
    run = Exchange.objects.get()
    assert f"used for this body by {run.name}: its answer comes again" in preview(bob, **TYPED)
    assert "Replayed, no new charge" in create(Person("Alice"), **TYPED)
    assert Generation.objects.count() == 1


def test_a_known_key_with_another_body_is_held_until_somebody_chooses(bob: Person) -> None:
    create(bob, **TYPED)
    run = Exchange.objects.get()
    other = TYPED | {"body/prompt": "A red boat"}
    assert f"used for another body by {run.name}" in preview(bob, **other)
    held = create(Person("Alice"), **other)
    assert "Not sent: this idempotency key belongs to another body." in held
    assert f"Bob sent it in <code>{run.name}</code>" in held
    assert re.search(r'class="line then">-\s+"prompt": "A bottle"', held)
    assert re.search(r'class="line now">\+\s+"prompt": "A red boat"', held)
    assert 'id="use-new-key"' in held
    assert 'id="send-conflict"' in held
    assert Exchange.objects.count() == 1, "nothing was sent"


def test_a_new_key_takes_the_place_of_the_typed_one(bob: Person) -> None:
    create(bob, **TYPED)
    text = create(bob, **TYPED, **{"body/prompt": "A red boat", "fresh": "1"})
    assert "HTTP 202" in text
    assert Exchange.objects.latest("pk").idempotency_key.startswith("dash-")
    assert re.search(r'id="idempotency-key" name="idempotency_key" value=""', text)
    assert Generation.objects.count() == 2


def test_a_new_key_takes_the_place_of_one_in_a_header_too(bob: Person) -> None:
    header = {"header-name": "idempotency-key", "header-value": "order-17"}
    create(bob, **header)
    other = header | {"body/prompt": "A red boat"}
    assert "belongs to another body" in create(bob, **other)
    assert "HTTP 202" in create(bob, **other, fresh="1")
    assert Exchange.objects.latest("pk").idempotency_key.startswith("dash-")


def test_a_conflict_can_be_sent_to_see_it(bob: Person) -> None:
    create(bob, **TYPED)
    text = create(bob, **TYPED, **{"body/prompt": "A red boat", "reuse": "1"})
    assert "HTTP 409" in text
    assert "idempotency_conflict" in text
    assert Generation.objects.count() == 1


def test_a_key_of_the_other_mode_or_operation_or_of_a_refused_run_is_free(bob: Person) -> None:
    create(bob, **TYPED, scenario="rate-limited")
    assert "HTTP 202" in create(bob, **TYPED, **{"body/prompt": "A red boat"})
    chat = {"body/model": "gpt-5-2-chat", "body/message": "Hello"}
    assert "HTTP 200" in bob.run("chat.create", **chat, **TYPED)
    Exchange.objects.update(mode="live")
    assert "new for this body" in preview(bob, **TYPED)


def test_a_body_that_is_not_kept_is_not_compared(bob: Person) -> None:
    HistoryRules.objects.create(team=acme(), bodies=False)
    create(bob, **TYPED)
    held = create(bob, **TYPED, **{"body/prompt": "A red boat"})
    assert "is not kept, so the two cannot be compared" in held


def test_the_difference_of_two_huge_bodies_is_short(bob: Person) -> None:
    create(bob, **TYPED)
    huge = json.dumps({f"member-{number}": number for number in range(5000)}, indent=2)
    ExchangeContent.objects.update(request_text=huge)
    held = create(bob, **TYPED, **{"body/prompt": "A red boat"})
    assert held.count('class="line') < 90


def test_another_teams_keys_are_not_known(bob: Person) -> None:
    create(bob, **TYPED)
    Exchange.objects.update(team=zenith())
    assert "HTTP" in create(bob, **TYPED, **{"body/prompt": "A red boat"})


def test_an_answer_with_another_price_is_no_replay(bob: Person) -> None:
    create(bob, **TYPED)
    Exchange.objects.update(reserved=99)
    assert "Replayed" not in create(bob, **TYPED)


def test_what_a_browser_says_of_the_run_before_is_only_text() -> None:
    for text in ("", "|||", "a|b|c|d|e", "x" * 5000):
        assert isinstance(submission.Last.read(text), submission.Last)
