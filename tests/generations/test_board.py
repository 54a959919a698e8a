"""The board and the page of a job, asked for as the people of a team and as strangers."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from debugger.exchanges.models import Comment
from debugger.generations.models import Brake, Follower, Generation, Moment, SavedFile
from debugger.generations.pages import listing, notices, wording
from tests.cast import acme, browser_of, zenith
from tests.exchanges.rows import run_row
from tests.generations.jobs import NOON, failed, follower, job, moment, saved, succeeded
from tests.keys.purses import a_key

pytestmark = pytest.mark.django_db
BOARD = "/t/acme/generations/"
State = Generation.State


def page(address: str = BOARD, who: str = "Bob") -> str:
    response = browser_of(who).get(address)
    assert response.status_code == 200
    return str(response.content.decode())


def job_page(row: Generation, who: str = "Bob") -> str:
    return page(f"{BOARD}{row.name}/", who)


def shown_on(text: str) -> list[str]:
    return re.findall(r'name="shown" value="([^"]+)"', text)


def ask(text: str, *, who: str = "Bob") -> Any:
    """What a page that shows this text asks for when it wants to know what changed."""
    found = re.search(r'hx-get="([^"]+changed[^"]*)"', text)
    top = re.search(r'name="top" value="(\w+)"', text)
    assert found
    assert top
    shown = urlencode({"top": top[1], "shown": shown_on(text)}, doseq=True)
    return browser_of(who).get(f"{unescape(found[1])}&{shown}")


def live(row: Generation, text: str, who: str = "Bob") -> Any:
    """What the page of a job that shows this text asks for."""
    parts = re.findall(r'name="part" value="([^"]+)"', text)
    assert len(parts) == 5
    return browser_of(who).get(f"{BOARD}{row.name}/live", {"part": parts})


def told(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


def steer(row: Generation, what: str, who: str = "Bob", **fields: str) -> Any:
    return browser_of(who).post(f"{BOARD}{row.name}/steer", {"what": what, **fields})


def test_what_runs_stands_first_and_the_rest_by_day() -> None:
    now = timezone.now()
    old = succeeded(acme(), at=now - timedelta(days=3))
    running = job(acme(), at=now - timedelta(hours=1))
    ended = failed(acme(), at=now)
    text = page()
    order = sorted((running, ended, old), key=lambda row: text.index(f"tile-{row.name}"))
    assert order == [running, ended, old]
    assert "Today," in text


def test_the_summary_counts_what_runs_what_waits_and_what_ended_today() -> None:
    now = timezone.now()
    job(acme(), at=now)
    job(acme(), at=now, state=State.SUBMITTING, task_id="")
    job(acme(), at=now, state=State.PAUSED, reason="The key was revoked.")
    succeeded(acme(), at=now - timedelta(days=2))
    ended = succeeded(acme(), at=now, ended_at=now, changed_at=now)
    found = notices.top(acme(), now=ended.ended_at or now).summary
    assert found == notices.Summary(running=2, attention=1, ended_today=1)


def test_a_worker_that_stands_still_is_told_once_on_the_board_and_on_the_page_of_a_job() -> None:
    now = timezone.now()
    rows = [job(acme(), at=now, next_poll_at=now - timedelta(seconds=95)) for _ in range(2)]
    job(acme(), at=now, next_poll_at=now - timedelta(seconds=20))
    text = page()
    assert text.count("The worker has not looked for") == 1
    assert "2 jobs wait. Nothing is lost" in text
    assert "waits for the worker" in text
    assert "The worker has not looked for" in job_page(rows[0])


def test_a_job_that_nobody_has_to_look_at_is_no_sign_of_a_worker_that_stands_still() -> None:
    late = timezone.now() - timedelta(minutes=5)
    job(acme(), state=State.PAUSED, next_poll_at=late)
    job(acme(), next_poll_at=timezone.now() - timedelta(seconds=30))
    assert "The worker has not looked" not in page()


def test_the_board_hears_of_a_worker_that_stands_still_and_that_it_runs_again() -> None:
    row = job(acme(), next_poll_at=timezone.now() + timedelta(seconds=30))
    calm = page()
    assert ask(calm).status_code == 204
    Generation.objects.filter(pk=row.pk).update(next_poll_at=timezone.now() - timedelta(minutes=2))
    assert "The worker has not looked for" in told(ask(calm))
    still = page()
    Generation.objects.filter(pk=row.pk).update(next_poll_at=timezone.now() + timedelta(seconds=9))
    assert "The worker has not looked" not in told(ask(still))


def test_while_a_job_is_being_looked_at_no_time_of_a_next_look_is_told() -> None:
    until = timezone.now() + timedelta(seconds=28)
    job(acme(), lease="a" * 32, next_poll_at=until)
    text = page()
    assert "looking" in text
    assert "next in" not in text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("state=running", {"active"}),
        ("state=attention", {"paused"}),
        ("state=ended", {"succeeded", "failed"}),
        ("state=failed", {"failed"}),
        ("mode=live", {"paused"}),
        ("model=kling-2-6", {"succeeded"}),
        ("state=nothing&mode=x&person=%00", {"active", "paused", "succeeded", "failed"}),
    ],
)
def test_the_address_narrows_the_board(query: str, shown: set[str]) -> None:
    rows = {
        "active": job(acme()),
        "paused": job(acme(), state=State.PAUSED, mode="live"),
        "succeeded": succeeded(acme(), model="kling-2-6"),
        "failed": failed(acme()),
    }
    text = page(f"{BOARD}?{query}")
    assert {name for name, row in rows.items() if row.name in text} == shown


def test_the_board_is_narrowed_to_one_person() -> None:
    bobs, adas = job(acme()), job(acme(), by="Ada")
    text = page(f"{BOARD}?person={adas.user_id}")
    assert adas.name in text
    assert bobs.name not in text


def test_an_older_page_begins_behind_the_last_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "ENDED_SHOWN", 2)
    rows = [succeeded(acme(), at=NOON - timedelta(minutes=n)) for n in range(3)]
    first = page()
    assert f"older_than={rows[1].name}" in first
    assert rows[2].name not in first
    second = page(f"{BOARD}?older_than={rows[1].name}")
    assert rows[2].name in second
    assert rows[1].name not in second.replace(f"older_than={rows[1].name}", "")


def test_a_number_of_statements_that_does_not_grow_with_the_jobs() -> None:
    browser, key = browser_of("Bob"), a_key(acme())

    def statements(address: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(address).status_code in (200, 204)
        return len(asked)

    def some() -> None:
        now = timezone.now()
        saved(succeeded(acme(), at=now))
        job(acme(), at=now, mode="live", key=key, key_label="Production")
        job(acme(), at=now, state=State.PAUSED, mode="live", key=key, key_label="Production")

    def addresses() -> list[str]:
        names = "&".join(f"shown={each}" for each in shown_on(page()))
        return [BOARD, f"{BOARD}changed?{names}&since={listing.beginning(timezone.now())}"]

    some()
    browser.get(BOARD)  # The first request of a session writes it down.
    few = [statements(each) for each in addresses()]
    for _ in range(4):
        some()
    assert [statements(each) for each in addresses()] == few
    assert max(few) < 20


# -- What changed ----------------------------------------------------------------------------------


def test_a_board_that_shows_everything_is_told_nothing() -> None:
    job(acme())
    succeeded(acme())
    answer = ask(page())
    assert answer.status_code == 204
    assert answer["Dash-Beat"] == "1500"


def test_a_board_where_nothing_runs_asks_less_often() -> None:
    succeeded(acme())
    assert ask(page())["Dash-Beat"] == "10000"


def test_only_a_card_that_changed_comes_again_and_it_takes_its_own_place() -> None:
    one, other = job(acme()), job(acme())
    text = page()
    Generation.objects.filter(pk=one.pk).update(status="queued", version=2)
    news = told(ask(text))
    assert re.search(rf'id="tile-{one.name}" hx-swap-oob="true"', news)
    assert other.name not in news


def test_changes_at_one_and_the_same_moment_all_arrive() -> None:
    rows = [job(acme()) for _ in range(5)]
    text = page()
    late = NOON - timedelta(minutes=1)  # As if somebody wrote it before the page was made.
    Generation.objects.filter(team=acme()).update(version=9, changed_at=late)
    news = told(ask(text))
    assert all(f'id="tile-{row.name}"' in news for row in rows)


def test_a_look_without_news_moves_the_clock_of_the_card_and_nothing_else() -> None:
    row = job(acme())
    text = page()
    Generation.objects.filter(pk=row.pk).update(polls=7)
    news = told(ask(text))
    assert f'id="look-{row.name}"' in news
    assert f'id="tile-{row.name}"' not in news


def test_a_copy_that_was_saved_changes_the_card() -> None:
    row = succeeded(acme())
    file = saved(row, state=SavedFile.State.WAITING, path="")
    text = page()
    SavedFile.objects.filter(pk=file.pk).update(state=SavedFile.State.SAVED, path="00/00")
    assert f"/results/{file.public_id}" in told(ask(text))


def test_a_new_job_arrives_at_the_top() -> None:
    team = acme()
    text = page()
    row = job(team, at=timezone.now())
    news = told(ask(text))
    assert 'hx-swap-oob="afterbegin:#arrivals"' in news
    assert f'id="tile-{row.name}"' in news


def test_a_job_that_fails_arrives_on_a_board_of_failed_ones() -> None:
    row = job(acme(), at=NOON - timedelta(days=1))
    text = page(f"{BOARD}?state=failed")
    Generation.objects.filter(pk=row.pk).update(
        state=State.FAILED, next_poll_at=None, changed_at=timezone.now()
    )
    assert f'id="tile-{row.name}"' in told(ask(text))


def test_an_older_page_takes_up_no_new_jobs() -> None:
    last = succeeded(acme(), at=NOON)
    succeeded(acme(), at=NOON - timedelta(hours=1))
    text = page(f"{BOARD}?older_than={last.name}")
    job(acme(), at=timezone.now())
    assert "arrivals" not in told(ask(text))


def test_a_board_asks_about_jobs_of_its_own_team_only() -> None:
    acme()
    foreign = job(zenith(), by="Charlie")
    shown = f"{foreign.name}.0000000000.0"

    def answer() -> str:
        asked = {"shown": [shown, "gen_", "x.y.z", ""]}
        return told(browser_of("Bob").get(f"{BOARD}changed", asked))

    text = answer()
    assert "hx-swap-oob" in text
    assert foreign.title not in text
    foreign.delete()
    assert answer() == text, "another team's job is as good as none"


def test_the_tile_of_a_job_that_is_no_more_is_taken_away() -> None:
    row = job(acme(), at=timezone.now(), state=State.SUBMITTING, task_id="")
    text = page()
    Generation.objects.all().delete()
    assert f'<li id="tile-{row.name}" hx-swap-oob="delete">' in told(ask(text))


# -- Notices ---------------------------------------------------------------------------------------


def test_an_upstream_that_is_down_makes_one_notice_for_all_of_its_jobs() -> None:
    now, key = timezone.now(), a_key(acme(), base_url="http://127.0.0.1:8401")
    for _ in range(3):
        job(acme(), mode="live", key=key, base_url=key.base_url)
    job(acme(), mode="live", base_url="https://elsewhere.example")
    for scope in (f"host:{key.base_url}", "host:https://not.ours.example"):
        Brake.objects.create(scope=scope, since=now, until=now + timedelta(seconds=20))
    text = page()
    assert f"127.0.0.1:8401 has not answered since {now:%H:%M} UTC. 3 jobs wait." in text
    assert "not.ours.example" not in text


def test_jobs_that_wait_for_a_key_make_one_notice_that_leads_to_it() -> None:
    key = a_key(acme())
    for _ in range(2):
        job(acme(), state=State.PAUSED, mode="live", key=key, reason="It was <i>revoked</i>.")
    text = page()
    assert text.count("2 jobs are paused. It was &lt;i&gt;revoked&lt;/i&gt;.") == 1
    assert f"/t/acme/keys/{key.public_id}" in text


# -- States ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "word", "note"),
    [
        ({"status": "queued"}, "Queued", ""),
        ({"status": "finalizing <b>"}, "finalizing <b>", "not documented"),
        ({"state": State.SUBMITTING, "task_id": "", "status": ""}, "Sending again", "was lost"),
        (
            {"state": State.SUBMITTING, "task_id": "", "status": "", "lease": "under way"},
            "Sending",
            "on its way",
        ),
        ({"state": State.PAUSED, "reason": "Revoked."}, "Paused", "Revoked."),
        (
            {"state": State.UNKNOWN, "polled_at": NOON},
            "Unknown",
            "last seen processing at 21 Nov 2026, 12:00:00 UTC",
        ),
        ({"state": State.STOPPED}, "Not watched", "no cancel"),
        ({"state": State.LOST, "reason": "No answer."}, "Lost", "No answer."),
        ({"state": State.BY_HAND}, "Processing", "not stored here"),
    ],
)
def test_a_state_is_said_as_what_it_is(facts: dict[str, Any], word: str, note: str) -> None:
    row = job(acme(), **facts)
    assert wording.badge(row).word == word
    assert note in wording.note(row)
    assert escape(word) in page()


def test_a_job_that_failed_under_200_is_shown_as_failed_with_what_came_back() -> None:
    row = failed(acme(), error_message="No <b>people</b>, please.")
    for text in (page(), job_page(row)):
        assert "Failed" in text
        assert "generation_failed" in text
        assert "No &lt;b&gt;people&lt;/b&gt;, please." in text
        assert "1 returned" in text


def test_a_title_that_is_markup_stays_text() -> None:
    row = job(acme(), title='<script>alert(1)</script>"><img src=x onerror=alert(1)>')
    for text in (page(), job_page(row)):
        assert "<script>alert" not in text
        assert "<img src=x" not in text


# -- One job ---------------------------------------------------------------------------------------


def test_strangers_and_other_teams_get_the_same_404() -> None:
    row, foreign = job(acme()), job(zenith(), by="Charlie")
    zenith()
    for who, address in (
        ("Charlie", f"{BOARD}{row.name}/"),
        ("Bob", f"{BOARD}{foreign.name}/"),
        ("Bob", f"{BOARD}{foreign.name}/live"),
        ("Bob", f"{BOARD}{foreign.name}/card"),
        ("Bob", f"{BOARD}gen_0/"),
        ("Bob", f"{BOARD}run_1/"),
    ):
        assert browser_of(who).get(address).status_code == 404, address


def test_a_saved_result_is_shown_from_our_own_copy_with_both_expiries() -> None:
    row = succeeded(acme())
    file = saved(row)
    text = job_page(row)
    assert f'<img src="/t/acme/results/{file.public_id}"' in text
    assert "Rivya link: expiry not stated" in text
    assert "our copy: kept until 21 Dec 2026" in text
    assert "1024 × 768" in text


def test_a_result_that_cannot_be_copied_says_why_and_offers_another_try() -> None:
    row = succeeded(acme())
    saved(row, state=SavedFile.State.REFUSED, reason="It is too large.", path="")
    text = job_page(row)
    assert "Not copied. It is too large." in text
    assert f"/t/acme/results/of/{row.name}/save" in text


def test_an_address_of_a_result_that_is_no_web_address_leads_nowhere() -> None:
    row = succeeded(acme())
    saved(row, state=SavedFile.State.REFUSED, url="javascript:alert(1)", path="")
    assert 'href="javascript' not in job_page(row)


def test_a_result_is_handed_to_a_panel_as_an_input() -> None:
    row = succeeded(acme())
    file = saved(row)
    found = re.search(r'name="handover" value="([^"]+)"', job_page(row))
    assert found
    given = json.loads(unescape(found[1]))
    item = given["body"]["params"]["referenceMediaItems"][0]
    assert item["url"] == file.url
    assert item["kind"] == "image"


def test_a_retry_takes_the_same_key_and_body_along_and_a_new_run_only_the_body() -> None:
    run = run_row(acme(), prompt="A bottle")
    row = succeeded(acme(), exchange=run, request_text="", idempotency_key="dash-1")
    forms = [form for form in job_page(row).split("<form") if 'name="imported"' in form]
    assert ["dash-1" in form for form in forms] == [True, False, False]
    body = json.loads(unescape(re.findall(r'name="imported" value="([^"]+)"', forms[0])[0]))
    assert body["body"] == {"model": "z-image", "prompt": "A bottle"}


def test_a_request_that_was_not_kept_cannot_be_sent_again() -> None:
    row = succeeded(acme(), request_text="")
    text = job_page(row)
    assert "Retry safely" not in text
    assert "cannot be run again" in text


def test_no_page_offers_to_cancel_a_job() -> None:
    text = job_page(job(acme()))
    assert not re.search(r"<button[^>]*>[^<]*[Cc]ancel", text)
    assert "Stop watching" in text


def test_the_page_of_a_job_is_told_nothing_while_nothing_happens() -> None:
    row = job(acme())
    answer = live(row, job_page(row))
    assert answer.status_code == 204
    assert answer["Dash-Beat"] == "1500"


def test_only_the_parts_that_changed_come_again() -> None:
    row = job(acme())
    text = job_page(row)
    Generation.objects.filter(pk=row.pk).update(polls=9)
    news = told(live(row, text))
    assert set(re.findall(r'id="part-(\w+)" hx-swap-oob', news)) == {"status", "story"}


def test_a_page_asks_no_more_when_the_job_ended_a_while_ago() -> None:
    row = succeeded(acme(), at=timezone.now() - timedelta(hours=1))
    text = job_page(row)
    assert "data-beat=" not in text
    assert live(row, text)["Dash-Beat"] == "0"


def test_a_page_asks_on_while_a_copy_is_still_to_come() -> None:
    row = succeeded(acme(), at=timezone.now() - timedelta(hours=1))
    saved(row, state=SavedFile.State.WAITING, path="")
    assert live(row, job_page(row))["Dash-Beat"] == "1500"


def test_the_small_card_comes_again_only_when_it_changed() -> None:
    row = job(acme())
    address = f"{BOARD}{row.name}/card"
    text = page(address)
    assert f'id="generation-{row.name}"' in text
    found = re.search(r'hx-get="([^"]+)"', text)
    assert found
    assert browser_of("Bob").get(found[1]).status_code == 204
    Generation.objects.filter(pk=row.pk).update(version=2)
    assert told(browser_of("Bob").get(found[1]))


def test_every_look_is_listed_with_its_time() -> None:
    row = job(acme(), looks="2100:31:200;7200:45:0;")
    facts = {"offsets": [1000], "took_ms": [20], "http": 200}
    moment(row, Moment.Kind.LOOKED, facts=facts)
    text = job_page(row)
    attempts = text[text.index('id="attempts"') :]
    assert re.findall(r"<td>(\+[^<]+)</td>", attempts) == ["+7.2 s", "+2.1 s", "+1.0 s"]
    assert "no answer" in attempts


# -- Steering and being told -----------------------------------------------------------------------


def test_a_viewer_sees_everything_and_steers_nothing() -> None:
    row = job(acme())
    assert "steer" not in job_page(row, "Vera")
    for what in ("stop", "follow", "look", "notify"):
        assert steer(row, what, "Vera").status_code == 403
    assert browser_of("Vera").post(f"{BOARD}{row.name}/comment", {"text": "x"}).status_code == 403
    assert browser_of("Vera").post(f"{BOARD}ended").status_code == 403


def test_watching_stops_and_begins_again() -> None:
    row = job(acme())
    assert steer(row, "stop").status_code == 302
    row.refresh_from_db()
    assert row.state == State.STOPPED
    steer(row, "follow")
    row.refresh_from_db()
    assert row.state == State.ACTIVE


def test_a_word_that_is_no_deed_is_refused_with_a_sentence() -> None:
    answer = steer(job(acme()), "cancel")
    assert answer.status_code == 422
    assert b"stop, follow, look" in answer.content


def test_a_job_run_with_a_pasted_key_is_followed_with_a_key_of_the_team() -> None:
    key = a_key(acme())
    row = job(acme(), mode="live", state=State.BY_HAND, base_url=key.base_url)
    assert f'<option value="{key.public_id}">' in job_page(row)
    steer(row, "key", key=key.public_id)
    row.refresh_from_db()
    assert (row.state, row.key) == (State.ACTIVE, key)
    assert steer(job(acme()), "key", key="k" * 16).status_code == 422


def test_whoever_asked_is_told_once_and_nobody_else() -> None:
    row = job(acme())
    steer(row, "notify")
    follower(row, "Ada")
    bob = browser_of("Bob")
    assert bob.get(f"{BOARD}ended").json() == {"ended": [], "left": 1}
    assert bob.post(f"{BOARD}ended").json() == {"ended": [], "left": 1}
    done = {"state": State.SUCCEEDED, "next_poll_at": None, "status": "succeeded"}
    Generation.objects.filter(pk=row.pk).update(**done)
    found = bob.post(f"{BOARD}ended").json()
    assert [each["name"] for each in found["ended"]] == [row.name]
    assert found["ended"][0]["url"] == f"{BOARD}{row.name}/"
    assert bob.post(f"{BOARD}ended").json() == {"ended": [], "left": 0}
    assert browser_of("Ada").get(f"{BOARD}ended").json()["left"] == 1


def test_looking_at_what_ended_tells_nobody_yet() -> None:
    follower(succeeded(acme()))
    bob = browser_of("Bob")
    assert bob.get(f"{BOARD}ended").json() == {"ended": [], "left": 1}
    assert Follower.objects.get().told_at is None


def test_a_person_may_think_better_of_being_told() -> None:
    row = job(acme())
    steer(row, "notify")
    assert "You will be told" in job_page(row)
    steer(row, "quiet")
    assert not Follower.objects.exists()


def test_a_comment_stands_under_the_job() -> None:
    row = job(acme())
    answer = browser_of("Bob").post(f"{BOARD}{row.name}/comment", {"text": "Slow <today>"})
    assert answer["Location"].endswith("#comments")
    assert "Slow &lt;today&gt;" in job_page(row)
    empty = browser_of("Bob").post(f"{BOARD}{row.name}/comment", {"text": " "})
    assert empty.status_code == 422
    assert Comment.objects.count() == 1
