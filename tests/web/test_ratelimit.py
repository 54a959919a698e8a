"""Mock mode is open to everybody, and nobody can have all of it."""

from __future__ import annotations

import logging
import secrets
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache, caches
from django.http import HttpRequest
from django.test import Client, RequestFactory

from debugger.sandbox import services as sandbox
from debugger.sandbox.models import SandboxAccount
from debugger.web.errors import TooMany
from debugger.web.ratelimit import RUNS, SANDBOXES, Limit, asker_of, network_of, take
from rivya_dash.database import cache_from_url
from tests.cast import acme, browser_of, person
from tests.exchanges.rows import run_row
from tests.generations.jobs import job as running
from tests.site.test_services import REDIS, reach

pytestmark = pytest.mark.django_db
RUN = "/panels/credits.retrieve/run"
FORM = {"mode": "mock", "editor": "form", "nonce": "n" * 16, "last": ""}
HTMX = {"HX-Request": "true", "HX-Target": "output"}


@pytest.fixture(autouse=True)
def forgotten() -> None:
    """Counters that no other test has touched."""
    cache.clear()


@pytest.fixture
def three(settings: Any) -> Limit:
    """Three runs a minute."""
    settings.RIVYA_DASH_RUNS_PER_MINUTE = 3
    return RUNS


def waits(limit: Limit, asker: str, *moments: float) -> list[int]:
    """For each moment 0 when it was let through, otherwise the seconds to wait."""
    found = []
    for moment in moments:
        try:
            take(limit, asker, now=moment)
            found.append(0)
        except TooMany as refused:
            found.append(refused.seconds)
    return found


# -- The count -----------------------------------------------------------------------------------


def test_so_many_are_let_through_and_the_next_is_told_how_long_to_wait(three: Limit) -> None:
    assert waits(three, "a", 600, 610, 620)[:3] == [0, 0, 0]
    [wait] = waits(three, "a", 630)
    assert 0 < wait <= 60
    assert waits(three, "a", 630 + wait) == [0]


def test_what_was_refused_is_not_counted(three: Limit) -> None:
    waits(three, "a", 600, 600, 600)
    before = waits(three, "a", 630)
    waits(three, "a", *[630] * 50)
    assert waits(three, "a", 630) == before


def test_nobody_gets_twice_as_much_around_the_turn_of_a_minute(three: Limit) -> None:
    assert waits(three, "a", 659, 659, 659) == [0, 0, 0]
    assert all(waits(three, "a", 661, 661, 661))


def test_half_a_window_later_half_of_it_is_free_again(settings: Any) -> None:
    settings.RIVYA_DASH_RUNS_PER_MINUTE = 10
    waits(RUNS, "a", *[600] * 10)
    assert waits(RUNS, "a", *[690] * 6).count(0) == 5


def test_after_two_windows_everything_is_forgotten(three: Limit) -> None:
    waits(three, "a", 600, 600, 600)
    assert waits(three, "a", 720, 720, 720) == [0, 0, 0]


def test_everybody_has_a_count_of_their_own(three: Limit) -> None:
    waits(three, "a", 600, 600, 600)
    assert waits(three, "b", 600, 600, 600) == [0, 0, 0]


def test_without_a_number_there_is_no_limit(settings: Any) -> None:
    settings.RIVYA_DASH_RUNS_PER_MINUTE = 0
    assert not any(waits(RUNS, "a", *[600] * 500))


def test_the_wait_is_never_too_short_by_more_than_a_second(settings: Any) -> None:
    settings.RIVYA_DASH_RUNS_PER_MINUTE = 7
    moment, let_in = 600.0, 0
    for _ in range(60):
        [wait] = waits(RUNS, "a", moment)
        let_in += wait == 0
        moment += wait or 0.25
    # Who waits as told is never refused twice in a row.
    assert let_in >= 30


def test_a_cache_that_is_down_does_not_take_the_site_down(
    three: Limit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ConnectionError("refused")

    monkeypatch.setattr(cache, "add", broken)
    with caplog.at_level(logging.ERROR):
        assert waits(three, "a", *[600] * 10) == [0] * 10
    assert "limit on runs could not be counted" in caplog.text


# -- Who is counted ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("2001:db8:1:2::9", "2001:0db8:0001:0002"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80:0000:0000:0000"),
        ("", "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_an_address_is_counted_by_what_one_machine_has(address: str, network: str) -> None:
    assert network_of(address) == network


def request_from(address: str, **headers: str) -> HttpRequest:
    request = RequestFactory().get("/", REMOTE_ADDR=address, headers=headers)
    request.user = AnonymousUser()
    return request


def test_a_forged_header_changes_nothing() -> None:
    forged = {
        "X-Forwarded-For": "198.51.100.1",
        "X-Real-IP": "::1",
        "Forwarded": "for=198.51.100.1",
    }
    assert asker_of(request_from("192.0.2.7", **forged)) == "address-192.0.2.7"


def test_a_person_is_counted_wherever_they_sit() -> None:
    request = request_from("192.0.2.7")
    request.user = person("Bob")
    assert asker_of(request) == f"person-{person('Bob').pk}"
    assert asker_of(request_from("192.0.2.7"), user=person("Bob")) == asker_of(request)


# -- Through the site ----------------------------------------------------------------------------


def test_a_burst_of_runs_ends_in_a_fragment_that_keeps_everything_else(three: Limit) -> None:
    visitor = Client()
    assert [visitor.post(RUN, FORM, headers=HTMX).status_code for _ in range(3)] == [200] * 3
    refused = visitor.post(RUN, FORM, headers=HTMX)
    page = refused.content.decode()
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 120
    assert refused["Cache-Control"] == "no-store"
    assert "That was a lot in a short time." in page
    assert "what you typed is still here" in page
    assert f'data-countdown="{refused["Retry-After"]}"' in page
    assert "<html" not in page
    assert "HX-Reswap" not in refused


def test_without_script_it_is_a_page(three: Limit) -> None:
    visitor = Client()
    for _ in range(3):
        visitor.post(RUN, FORM)
    refused = visitor.post(RUN, FORM)
    assert refused.status_code == 429
    assert "A little slower, please" in refused.content.decode()
    assert "<html" in refused.content.decode()


def test_a_stream_is_a_run_and_is_refused_with_a_fragment(three: Limit) -> None:
    visitor = Client()
    for _ in range(3):
        visitor.post(RUN, FORM)
    asked = {"Accept": "text/event-stream"}
    refused = visitor.post("/panels/chat.stream/stream", FORM, headers=asked)
    assert refused.status_code == 429
    assert "<html" not in refused.content.decode()


def test_forged_headers_and_new_cookies_help_nobody(three: Limit) -> None:
    answers = [
        Client().post(RUN, FORM, headers={**HTMX, "X-Forwarded-For": f"198.51.100.{number}"})
        for number in range(5)
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]


def test_another_address_is_not_held_up(three: Limit) -> None:
    for _ in range(4):
        Client().post(RUN, FORM)
    assert Client(REMOTE_ADDR="192.0.2.9").post(RUN, FORM).status_code == 200


def test_colleagues_at_one_address_each_have_a_limit_of_their_own(three: Limit) -> None:
    acme()
    for name in ("Ada", "Bob"):
        visitor = browser_of(name)
        statuses = [visitor.post(f"/t/acme{RUN}", FORM).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]


def test_reading_pages_and_previews_is_not_limited(three: Limit) -> None:
    visitor = Client()
    for _ in range(5):
        assert visitor.get("/panels/credits.retrieve/").status_code == 200
        assert visitor.post("/panels/credits.retrieve/preview", FORM).status_code == 200


def test_a_job_is_looked_at_ten_times_as_often_and_its_card_stays(settings: Any) -> None:
    settings.RIVYA_DASH_RUNS_PER_MINUTE = 1
    visitor = Client()
    watch = "/panels/generations.create/watch"
    card = {"HX-Request": "true", "HX-Target": "job"}
    data = {"task": "task_none", "mode": "mock", "stop": "1"}
    answers = [visitor.post(watch, data, headers=card) for _ in range(11)]
    assert [answer.status_code for answer in answers[:10]].count(429) == 0
    refused = answers[10]
    assert refused.status_code == 429
    assert refused["HX-Reswap"] == "beforeend"
    page = refused.content.decode()
    assert f'hx-trigger="load delay:{refused["Retry-After"]}s"' in page
    assert f'hx-post="{watch}"' in page


# -- New sandboxes -------------------------------------------------------------------------------


@pytest.fixture
def two_sandboxes(settings: Any) -> None:
    settings.RIVYA_DASH_SANDBOXES_PER_HOUR = 2


def test_who_brings_no_cookie_opens_only_so_many_sandboxes(two_sandboxes: None) -> None:
    statuses = [Client().post(RUN, FORM).status_code for _ in range(6)]
    assert statuses == [200, 200, 429, 429, 429, 429]
    assert SandboxAccount.objects.count() == 2


def test_the_answer_says_why_and_for_how_long(two_sandboxes: None) -> None:
    for _ in range(2):
        Client().post(RUN, FORM)
    refused = Client().post(RUN, FORM, headers=HTMX)
    assert "many new mock sandboxes were opened lately" in refused.content.decode()
    assert "minutes" in refused.content.decode()
    assert int(refused["Retry-After"]) > 60


def test_who_has_one_goes_on_with_it(two_sandboxes: None) -> None:
    visitor = Client()
    visitor.post(RUN, FORM)
    for _ in range(3):
        Client().post(RUN, FORM)
    assert visitor.post(RUN, FORM).status_code == 200


def test_a_forged_cookie_opens_no_more_than_none(two_sandboxes: None) -> None:
    statuses = []
    for number in range(4):
        visitor = Client()
        visitor.cookies[sandbox.COOKIE_NAME] = f"acct_{number}:forged"
        statuses.append(visitor.post(RUN, FORM).status_code)
    assert statuses == [200, 200, 429, 429]


def test_sandboxes_are_counted_apart_from_runs(two_sandboxes: None, settings: Any) -> None:
    assert waits(SANDBOXES, "a", 600, 600) == [0, 0]
    settings.RIVYA_DASH_RUNS_PER_MINUTE = 1
    assert waits(RUNS, "a", 600) == [0]


# -- Where it is counted -------------------------------------------------------------------------


def test_the_counters_are_in_redis_or_in_memory() -> None:
    assert cache_from_url("")["BACKEND"].endswith("LocMemCache")
    assert cache_from_url("redis://:pw@127.0.0.1:6379/3")["BACKEND"].endswith("RedisCache")
    with pytest.raises(ValueError, match="must be redis") as refused:
        cache_from_url("memcached://:hunter2@127.0.0.1")
    assert "hunter2" not in str(refused.value)


@pytest.mark.services
def test_in_redis_they_are_shared_and_counted_the_same(settings: Any) -> None:
    reach(REDIS, package="redis")
    shared = {**cache_from_url(REDIS), "KEY_PREFIX": f"test-{secrets.token_hex(6)}"}
    settings.CACHES = {"default": shared, "other process": shared}
    settings.RIVYA_DASH_RUNS_PER_MINUTE = 3
    assert waits(RUNS, "a", 600, 600, 600) == [0, 0, 0]
    assert waits(RUNS, "a", 600)[0] > 0
    assert waits(RUNS, "b", 600) == [0]
    assert caches["other process"].get("limit:runs:a:10") == 3
    assert waits(RUNS, "a", 720) == [0]
    for name in ("a:10", "a:12", "b:10"):
        cache.delete(f"limit:runs:{name}")


def test_steering_comments_and_exports_of_a_team_are_limited(settings: Any) -> None:
    settings.RIVYA_DASH_RUNS_PER_MINUTE = 1
    run, job = run_row(acme(), prompt="a fox"), running(acme())
    posts = (f"history/{run.name}/comment", f"generations/{job.name}/comment")
    for name, path in zip(("Alice", "Ada"), posts, strict=True):
        answers = [browser_of(name).post(f"/t/acme/{path}", {"text": "Yes"}) for _ in range(3)]
        assert answers[-1].status_code == 429
    steered = [
        browser_of("Bob").post(f"/t/acme/generations/{job.name}/steer", {"what": "look"})
        for _ in range(3)
    ]
    assert steered[-1].status_code == 429
    assert browser_of("Bob").get("/t/acme/history/export.csv").status_code == 429
