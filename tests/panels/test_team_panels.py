"""A team's panels: its own addresses, its own sandbox, and live runs with its stored keys."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from debugger.client.outcome import Mode
from debugger.contract.operations import CATALOG
from debugger.keys.models import ApiKey, KeyUse, Spend
from debugger.panels import media
from debugger.sandbox import services as sandbox
from debugger.sandbox.models import SandboxAccount
from debugger.teams import sandboxes
from debugger.teams.models import AuditEvent, Membership, Team
from debugger.teams.progress import Step, steps_of
from tests.cast import acme, browser_of, new_key, person, place, zenith
from tests.emulator.faces import Caller, Clock, OverHttp, make_emulator, over_http
from tests.panels.live import BOTTLE, Person, recording, stored, token

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def face() -> Iterator[OverHttp]:
    """The emulator over a real socket, with a clock of the real world."""
    with over_http(make_emulator(Clock(time.time()))) as found:
        yield found


@pytest.fixture
def rivya(face: OverHttp, settings: Any) -> OverHttp:
    """The same emulator as what live mode calls."""
    settings.RIVYA_BASE_URL = face.base_url
    return face


@pytest.fixture
def account(rivya: OverHttp) -> Caller:
    """An account at the API with a key of every scope."""
    return Caller.arrive(rivya)


@pytest.fixture
def key(account: Caller, rivya: OverHttp) -> ApiKey:
    """The same key, stored by Acme."""
    return stored(acme(), account.key, base_url=rivya.base_url)


# -- Addresses. ----------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", CATALOG, ids=lambda operation: operation.id)
def test_every_panel_of_a_team_leads_nowhere_but_to_the_teams_panels(operation: Any) -> None:
    acme()
    page = Person("Bob").get(f"{operation.id}/")
    inside = page[page.index("<main") :]
    assert f"/t/acme/panels/{operation.id}/run" in page or operation.kind.value == "stream"
    assert not re.findall(r'"/panels/[^"]*"', inside)


def test_what_was_pasted_or_handed_over_stays_in_the_team() -> None:
    acme()
    bob = Person("Bob")
    command = "curl https://rivya.ai/api/v1/credits"
    assert 'action="/t/acme/panels/credits.retrieve/"' in bob.post("curl", {"command": command})[1]
    answer = bob.run("models.list")
    assert 'action="/t/acme/panels/generations.create/"' in answer
    assert 'action="/panels/' not in answer


@pytest.mark.parametrize("path", ["", "credits.retrieve/", "generations.create/schema"])
def test_a_stranger_finds_no_panels_of_a_team(path: str) -> None:
    acme()
    assert browser_of("Charlie").get(f"/t/acme/panels/{path}").status_code == 404
    assert Client().get(f"/t/acme/panels/{path}").status_code == 302


def test_a_person_with_a_team_is_offered_the_teams_panel_with_the_draft() -> None:
    acme()
    page = browser_of("Bob").get("/panels/generations.create/").content.decode()
    assert 'formaction="/t/acme/panels/generations.create/"' in page
    assert "Open in Acme" in page
    assert "Open in Acme" not in Client().get("/panels/generations.create/").content.decode()
    moved = Person("Bob").post("generations.create/", {"editor": "form", **BOTTLE})[1]
    assert "A bottle" in moved


# -- The sandbox of a team. ----------------------------------------------------------------------


def test_a_team_shares_one_sandbox_and_a_visitor_keeps_another() -> None:
    team = acme()
    Person("Bob").run("generations.create", **BOTTLE)
    team.refresh_from_db()
    first = team.sandbox_account
    assert first
    text = Person("Alice").run("credits.retrieve")
    team.refresh_from_db()
    assert team.sandbox_account == first
    assert SandboxAccount.objects.count() == 1
    assert "MOCK" in text
    zenith()
    Person("Charlie", slug="zenith").run("credits.retrieve")
    assert SandboxAccount.objects.count() == 2


def test_the_sandbox_of_a_team_is_never_swept_while_the_team_is_there() -> None:
    team = acme()
    account = sandboxes.account_of(team)
    later = time.time() + 30 * 24 * 3600
    assert sandbox.sweep_all(now=later) == 0
    Team.objects.filter(pk=team.pk).update(deleted_at="2026-01-01T00:00:00Z", slug=None)
    assert sandbox.sweep_all(now=later) == 1
    assert not sandbox.is_open(account)


def test_a_sandbox_that_is_gone_is_opened_anew_and_stale_rows_agree_on_one() -> None:
    team = acme()
    stale = Team.objects.get(pk=team.pk)
    first = sandboxes.account_of(team)
    assert sandboxes.account_of(stale) == first
    SandboxAccount.objects.all().delete()
    assert sandboxes.account_of(Team.objects.get(pk=team.pk)) not in ("", first)


# -- Live with a stored key. ---------------------------------------------------------------------


def test_a_member_runs_live_with_a_key_that_nobody_sees(key: ApiKey, account: Caller) -> None:
    bob = Person("Bob")
    page = bob.get("credits.retrieve/")
    assert key.public_id in page
    answer = bob.run("credits.retrieve", key)
    assert "LIVE" in answer
    assert "1000" in answer
    key.refresh_from_db()
    assert key.last_used_by_id == person("Bob").pk
    assert key.balance == Decimal(1000)
    assert KeyUse.objects.get().operation == "credits.retrieve"
    assert not [each for each in bob.seen if account.key in each]


def test_a_key_is_sent_to_its_own_base_url_and_never_to_another(settings: Any) -> None:
    with recording() as default, recording() as other:
        settings.RIVYA_BASE_URL = default.base_url
        settings.RIVYA_DASH_MORE_BASE_URLS = [other.base_url]
        secret = new_key("b")
        bound = stored(acme(), secret, base_url=other.base_url)
        bob = Person("Bob")
        assert other.base_url.removeprefix("http://") in bob.get("credits.retrieve/")
        assert "77" in bob.run("credits.retrieve", bound)
        assert (default.asked, other.keys) == ([], [f"Bearer {secret}"])
        settings.RIVYA_DASH_MORE_BASE_URLS = []
        text = bob.run("credits.retrieve", bound)
        assert "not configured any more" in text
        assert (len(default.asked), len(other.asked)) == (0, 1)


def test_a_preview_shows_the_address_of_the_chosen_key(settings: Any) -> None:
    settings.RIVYA_DASH_MORE_BASE_URLS = ["https://second.example"]
    bound = stored(acme(), new_key(), base_url="https://second.example")
    data = {"mode": "live", "editor": "form", "key_choice": bound.public_id}
    text = Person("Bob").post("credits.retrieve/preview", data)[1]
    assert "Host: second.example" in text
    strange = Person("Bob").post("credits.retrieve/preview", data | {"key_choice": "f" * 16})[1]
    assert "Host: rivya.ai" in strange


def held(text: str, sentence: str) -> None:
    assert "Not sent" in text
    assert sentence in text
    assert "HTTP " not in text


def test_a_viewer_runs_mock_only_and_is_told_why(key: ApiKey) -> None:
    vera = Person("Vera")
    assert "MOCK" in vera.run("credits.retrieve")
    assert "runs panels in mock mode only" in vera.get("credits.retrieve/")
    assert key.public_id not in vera.get("credits.retrieve/")
    data = {"mode": "live", "key_choice": key.public_id, "anyway": "1", "armed": "x"}
    held(vera.run("credits.retrieve", **data), "runs panels in mock mode only")
    pasted = {"mode": "live", "key_choice": "paste", "live_key": new_key("v"), "anyway": "1"}
    held(vera.run("credits.retrieve", **pasted), "runs panels in mock mode only")


def test_the_key_of_another_team_is_no_key_here(rivya: OverHttp) -> None:
    foreign = stored(zenith(), new_key("z"), base_url=rivya.base_url)
    acme()
    bob = Person("Bob")
    data = {"mode": "live", "key_choice": foreign.public_id, "anyway": "1"}
    data["armed"] = token(bob.browser, "Bob", foreign.public_id)
    held(bob.run("credits.retrieve", None, **data), "no such key in this team")


@pytest.mark.parametrize("forged", ["", "x", "another key", "another person", "another session"])
def test_live_needs_a_tab_that_was_armed_for_this_key(key: ApiKey, forged: str) -> None:
    bob, ada = Person("Bob"), Person("Ada")
    tokens = {
        "another key": token(bob.browser, "Bob", "0" * 16),
        "another person": token(ada.browser, "Ada", key.public_id),
        "another session": token(browser_of("Bob"), "Bob", key.public_id),
    }
    text = bob.run("credits.retrieve", key, armed=tokens.get(forged, forged))
    held(text, "live is not armed in this tab")
    assert f"/t/acme/live/arm?key={key.public_id}" in text
    assert KeyUse.objects.count() == 0


def test_a_tampered_ciphertext_is_said_and_never_sent(key: ApiKey) -> None:
    sealed = bytearray(bytes(key.sealed or b""))
    sealed[-1] ^= 1
    ApiKey.objects.update(sealed=bytes(sealed))
    bob = Person("Bob")
    held(bob.run("credits.retrieve", key), "cannot be used")
    assert "cannot be used" in bob.get("credits.retrieve/")


def test_without_the_master_key_a_live_run_says_so_and_mock_goes_on(
    key: ApiKey, settings: Any
) -> None:
    settings.RIVYA_DASH_MASTER_KEYS = ""
    bob = Person("Bob")
    assert "cannot be used" in bob.get("credits.retrieve/")
    held(bob.run("credits.retrieve", key), "cannot be used")
    assert "MOCK" in bob.run("credits.retrieve")


def test_a_pasted_key_is_used_once_and_kept_nowhere(account: Caller) -> None:
    acme()
    bob = Person("Bob")
    armed = token(bob.browser, "Bob", "paste")
    data = {"mode": "live", "key_choice": "paste", "live_key": account.key, "armed": armed}
    assert "1000" in bob.run("credits.retrieve", None, **data)
    assert ApiKey.objects.count() == 0
    assert not [each for each in bob.seen if account.key in each]
    empty = bob.run("credits.retrieve", None, **(data | {"live_key": ""}))
    held(empty, "a live call of this operation needs one")


# -- A refusal that is known beforehand. ---------------------------------------------------------


def test_a_predicted_refusal_is_said_before_sending_and_can_be_tried_all_the_same(
    rivya: OverHttp,
) -> None:
    caller = Caller.arrive(rivya, scopes=["models:read"])
    key = stored(acme(), caller.key, base_url=rivya.base_url, scopes=["models:read"])
    bob = Person("Bob")
    page = bob.get("credits.retrieve/")
    assert "lacks credits:read" in page
    assert "no key has it" in bob.get()
    text = bob.run("credits.retrieve", key)
    held(text, "This key was stored without credits:read")
    assert 'id="send-anyway"' in text
    sent = bob.run("credits.retrieve", key, anyway="1")
    assert "HTTP 403" in sent
    key.refresh_from_db()
    assert key.seen == {"credits:read": "denied"}
    assert "credits:read was refused" in sent


# -- Ceilings. -----------------------------------------------------------------------------------


def test_a_live_run_is_counted_once_and_settled_by_what_the_api_says(
    key: ApiKey, rivya: OverHttp
) -> None:
    bob = Person("Bob")
    bob.run("generations.create", key, **BOTTLE)
    spend = Spend.objects.get()
    assert (spend.state, spend.user_id) == (Spend.State.RESERVED, person("Bob").pk)
    again = bob.run("generations.create", key, **BOTTLE)
    assert Spend.objects.count() == 1, "the same idempotency key is held once"
    assert spend.made in again
    rivya.emulator.clock.pass_(3600)  # type: ignore[attr-defined]
    end = bob.watched(key)
    assert "Succeeded" in end
    spend.refresh_from_db()
    assert spend.state == Spend.State.FINAL
    assert "/t/acme/panels/media/" in end
    assert Step.POLLED in steps_of(acme())


def test_a_run_above_a_ceiling_is_held_and_needs_the_amount_from_who_may(key: ApiKey) -> None:
    Team.objects.update(run_ceiling=0)
    text = Person("Bob").run("generations.create", key, **BOTTLE)
    held(text, "the team allows 0 for a run")
    assert "override_credits" not in text
    assert "Alice" in text
    refused = Person("Bob").run("generations.create", key, override_credits="8", **BOTTLE)
    assert "Not sent" in refused
    ada = Person("Ada")
    asked = ada.run("generations.create", key, **BOTTLE)
    amount = re.findall(r"Type ([\d.]+) to run it", asked)[0]
    mistyped = ada.run("generations.create", key, override_credits="99", **BOTTLE)
    held(mistyped, "That is not the amount")
    assert Spend.objects.count() == 0
    sent = ada.run("generations.create", key, override_credits=amount, **BOTTLE)
    assert "LIVE" in sent
    assert Spend.objects.get().overridden_by == person("Ada").pk
    assert AuditEvent.objects.filter(action="ceiling.overridden").count() == 1


def test_a_run_that_the_api_refuses_is_given_back(key: ApiKey) -> None:
    Person("Bob").run("generations.create", key, anyway="1", **BOTTLE | {"body/model": "none"})
    assert Spend.objects.get().state == Spend.State.RELEASED


# -- Following a job. ----------------------------------------------------------------------------


def test_a_person_who_is_removed_in_the_middle_of_a_watch_is_told(key: ApiKey) -> None:
    bob = Person("Bob")
    bob.run("generations.create", key, **BOTTLE)
    card = bob.watched(key)
    assert bob.look(card)[0] == 200
    Membership.objects.filter(user=person("Bob")).delete()
    status, text = bob.look(card)
    assert status == 404
    assert "Watching has stopped." in text
    assert "Acme" not in text
    assert Person("Charlie").look(card)[1] == text, "the same as for any stranger"


def test_a_key_that_is_revoked_in_the_middle_ends_the_watch_with_a_sentence(key: ApiKey) -> None:
    bob = Person("Bob")
    bob.run("generations.create", key, **BOTTLE)
    card = bob.watched(key)
    ApiKey.objects.update(revoked_at="2026-01-01T00:00:00Z")
    status, text = bob.look(card)
    assert status == 200
    assert "Watching has stopped: “Production” was revoked." in text
    assert "hx-trigger" not in text.split('id="job-state"')[0]


def test_who_becomes_a_viewer_in_the_middle_watches_no_more(key: ApiKey) -> None:
    bob = Person("Bob")
    bob.run("generations.create", key, **BOTTLE)
    card = bob.watched(key)
    Membership.objects.filter(user=person("Bob")).update(role="viewer")
    assert "Watching has stopped" in bob.look(card)[1]


def test_a_watch_cannot_be_turned_to_another_teams_key(key: ApiKey, rivya: OverHttp) -> None:
    foreign = stored(zenith(), new_key("z"), base_url=rivya.base_url)
    bob = Person("Bob")
    bob.run("generations.create", key, **BOTTLE)
    card = bob.watched(key)
    assert "no such key in this team" in bob.look(card, key_id=foreign.public_id)[1]


# -- Streams. ------------------------------------------------------------------------------------


def test_a_streamed_turn_runs_live_with_a_stored_key_and_is_settled(
    key: ApiKey, account: Caller
) -> None:
    bob = Person("Bob")
    data = {
        "mode": "live",
        "editor": "form",
        "nonce": "n" * 16,
        "key_choice": key.public_id,
        "armed": token(bob.browser, "Bob", key.public_id),
        "body/model": "gpt-5-2-chat",
        "body/message": "Say hello",
    }
    status, events = bob.post("chat.stream/stream", data)
    assert status == 200
    assert 'event: done\ndata: {"state": "complete"' in events
    assert Spend.objects.get().state == Spend.State.FINAL
    assert Step.LIVE_RUN in steps_of(acme())
    assert account.key not in "".join(bob.seen)
    unarmed = bob.post("chat.stream/stream", data | {"armed": ""})[1]
    assert "live is not armed" in unarmed


# -- Visitors. -----------------------------------------------------------------------------------


def test_live_without_an_account_can_be_closed_and_leads_to_the_sign_in(settings: Any) -> None:
    settings.RIVYA_DASH_VISITORS_MAY_PASTE_KEYS = False
    visitor = Client(headers={"hx-request": "true"})
    page = visitor.get("/panels/credits.retrieve/").content.decode()
    assert "Sign in to run live." in page
    assert "?next=/panels/credits.retrieve/" in page
    assert 'id="live-key"' not in page
    with recording() as upstream:
        settings.RIVYA_BASE_URL = upstream.base_url
        data = {"mode": "live", "live_key": new_key("v"), "anyway": "1"}
        answer = visitor.post("/panels/credits.retrieve/run", data)
        held(answer.content.decode(), "Sign in to run live")
        look = {"task": "task_1", "mode": "live", "live_key": new_key("v")}
        card = visitor.post("/panels/generations.create/watch", look).content.decode()
        assert "Watching has stopped: Sign in to run live." in card
        assert upstream.asked == []
        settings.RIVYA_DASH_VISITORS_MAY_PASTE_KEYS = True
        assert "77" in visitor.post("/panels/credits.retrieve/run", data).content.decode()


def test_somebody_with_an_account_may_paste_a_key_without_a_team(settings: Any) -> None:
    settings.RIVYA_DASH_VISITORS_MAY_PASTE_KEYS = False
    acme()
    browser = browser_of("Bob")
    assert 'id="live-key"' in browser.get("/panels/credits.retrieve/").content.decode()


def test_a_browser_without_script_is_told_on_a_whole_page(key: ApiKey) -> None:
    bob = Person("Bob", by_script=False)
    text = bob.run("credits.retrieve", key, armed="")
    assert "<html" in text
    assert "live is not armed in this tab" in text
    shown = bob.run("credits.retrieve", key)
    assert "<html" in shown
    assert "1000" in shown


def test_a_page_opens_in_live_mode_only_on_the_way_back_from_arming(key: ApiKey) -> None:
    bob = Person("Bob", by_script=False)
    data = {"mode": "live", "editor": "form", "key_choice": key.public_id}
    armed = data | {"armed": token(bob.browser, "Bob", key.public_id)}
    assert 'data-mode="live"' in bob.post("credits.retrieve/", armed)[1]
    assert 'data-mode="mock"' in bob.post("credits.retrieve/", data)[1]
    assert 'data-mode="mock"' in bob.post("credits.retrieve/", data | {"armed": "x"})[1]


# -- Steps, media, and the canary. ---------------------------------------------------------------


def test_the_steps_of_the_quickstart_are_ticked_by_answers(key: ApiKey) -> None:
    bob = Person("Bob")
    assert steps_of(acme()) == frozenset()
    bob.run("models.list")
    assert steps_of(acme()) == {Step.MODELS_LISTED}
    bob.run("generations.create", **BOTTLE)
    bob.run("credits.retrieve", scenario="unauthorized")
    assert steps_of(acme()) == {Step.MODELS_LISTED, Step.MOCK_RUN}
    bob.run("credits.retrieve", key)
    assert Step.CREDITS_CHECKED in steps_of(acme())


def test_media_of_a_team_are_shown_to_the_team_alone() -> None:
    team = acme()
    source = media.Source(slug="acme", team_id=team.pk, base_url="http://127.0.0.1:1")
    result = {"result": {"urls": ["http://127.0.0.1:1/a.png"]}}
    (medium,) = media.of_result(
        result, mode=Mode.LIVE, category="image", site="http://x", source=source
    )
    assert medium.src.startswith("/t/acme/panels/media/")
    name = medium.src.rsplit("/", 1)[1]
    assert Client().get(f"/panels/media/{name}").status_code == 404
    zenith()
    assert browser_of("Charlie").get(f"/t/zenith/panels/media/{name}").status_code == 404
    assert browser_of("Vera").get(medium.src).status_code == 502, "an inner address, not configured"


def test_no_answer_of_the_room_holds_a_stored_key(key: ApiKey, account: Caller) -> None:
    bob = Person("Bob")
    for operation in CATALOG:
        bob.get(f"{operation.id}/")
        if not operation.path_params and operation.kind.value != "stream":
            bob.run(operation.id, key, anyway="1", live_key=account.key, **BOTTLE)
    data = {"mode": "live", "key_choice": key.public_id, "live_key": account.key}
    for action in ("form", "preview"):
        bob.post(f"generations.create/{action}", data)
    bob.post("curl", {"command": f"curl -H 'Authorization: Bearer {account.key}' https://rivya.ai"})
    assert len(bob.seen) > 30
    assert not [each for each in bob.seen if account.key in each]
    assert place("Bob", acme()).role == "member"
