"""After everything that can happen to a key, it stands nowhere: rows, logs, pages, exports, files.

Each canary is looked for in clear, base64, hexadecimal, escaped in every way, reversed, split, and
in pieces (tests/canary.py). What is searched are bytes: the SQLite file with its free pages, or
every value of every table on PostgreSQL.
"""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings as configured
from django.test import Client
from django.utils import timezone

from debugger.keys import services, vault
from debugger.keys.models import ApiKey
from debugger.keys.vault import envelope
from debugger.teams.models import AuditEvent, Team
from debugger.web.logs import RedactingFormatter
from tests.canary import canary, find, forms_of, holding
from tests.cast import acme, browser_of
from tests.emulator.faces import Caller, Clock, OverHttp, make_emulator, over_http
from tests.keys.rowbytes import stored_bytes
from tests.panels.live import BOTTLE, Person

KEYS = "/t/acme/keys/"


# -- What searches, finds ------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(forms_of(canary("control"))))
def test_every_form_of_a_secret_is_found_in_the_midst_of_other_bytes(name: str) -> None:
    planted = b"\x00before " + forms_of(canary("control"))[name] + b" after\xff"
    assert find(planted, canary("control"))
    assert find(planted, canary("another")) == []


def test_mixtures_of_escapes_are_found() -> None:
    key = canary("control")
    mixed = "".join(f"%{ord(c):02x}" if n % 2 else f"\\\\u{ord(c):04X}" for n, c in enumerate(key))
    assert find(mixed, key)
    assert find(key.upper(), key)
    assert find(json.dumps(json.dumps([key[:20], key[20:]])), key)


def test_what_may_be_shown_of_a_key_is_not_found() -> None:
    assert find(f"rvya_sk_…{canary('control')[-4:]}", canary("control")) == []


# -- Everything that is stored -------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", sorted(forms_of(canary("planted"))))
def test_a_secret_that_stands_in_a_row_is_found_there(name: str) -> None:
    planted = forms_of(canary("planted"))[name].replace(b"\x00", b"")
    if name != "UTF-16":
        AuditEvent.objects.create(actor_name="x", action="x", changed={"x": [planted.decode()]})
        assert find(stored_bytes(), canary("planted"))


# -- What is said and shown ----------------------------------------------------------------------


async def whole(response: Any) -> bytes:
    """Everything that a streamed answer says."""
    return b"".join([piece async for piece in response])


@dataclass
class Seen:
    """Everything that left the server, and everything that it wrote into its log."""

    said: list[bytes] = field(default_factory=list)
    log: io.StringIO = field(default_factory=io.StringIO)

    def keep(self, response: Any) -> str:
        """Remember an answer with its redirects and cookies; gives its text."""
        hops = [str(hop) for hop in getattr(response, "redirect_chain", [])]
        body = response.content if not response.streaming else async_to_sync(whole)(response)
        head = f"{response.headers} {response.cookies.output()} {hops}"
        self.said += [body, head.encode()]
        return str(body.decode())


@contextmanager
def watched() -> Iterator[Seen]:
    """The log as the product writes it, at its most talkative."""
    seen, root = Seen(), logging.getLogger()
    handler = logging.StreamHandler(seen.log)
    handler.setFormatter(
        RedactingFormatter("{levelname} {name} [{request_id}] {message}", style="{")
    )
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield seen
    finally:
        root.setLevel(before)
        root.removeHandler(handler)


@pytest.fixture(scope="module")
def face() -> Iterator[OverHttp]:
    with over_http(make_emulator(Clock(time.time()))) as running:
        yield running


def form(value: str, **fields: str) -> dict[str, str]:
    base = services.base_urls()[0]
    return {"value": value, "label": "Main", "base_url": base, "scope_choice": "all", **fields}


def add(alice: Client, seen: Seen, value: str, **fields: str) -> str:
    return seen.keep(alice.post(f"{KEYS}new", form(value, **fields), follow=True))


def look_everywhere(alice: Client, seen: Seen) -> None:
    """Every page that speaks of keys."""
    inside = ("", "edit", "rotate", "revoke")
    keys = [f"{key.public_id}/{page}" for key in ApiKey.objects.all() for page in inside]
    pages = [f"{KEYS}{page}" for page in ("", "new", *keys)]
    others = ["", "audit/", "audit.csv", "members/", "settings/", "panels/credits.retrieve/"]
    for address in (*pages, *(f"/t/acme/{page}" for page in others)):
        seen.keep(alice.get(address, follow=True))


@dataclass
class Planted:
    """The canaries of one run, by what happened to each."""

    keys: dict[str, str] = field(default_factory=dict)

    def new(self, name: str) -> str:
        return self.keys.setdefault(name, canary(name))


def store_some(alice: Client, seen: Seen, planted: Planted) -> None:
    """Keys that work, that the API refuses, and that the form refuses."""
    assert "sealed and stored" in add(alice, seen, planted.keys["works"], test="on")
    refused = add(alice, seen, planted.new("refused"), label="Refused", test="on")
    assert "was refused" in refused
    for name, wrong in {
        "wrong base": {"base_url": "https://evil.example"},
        "no label": {"label": ""},
        "old day": {"expires": "2001-01-01"},
    }.items():
        assert "sealed and stored" not in add(alice, seen, planted.new(name), **wrong)
    add(alice, seen, f"{planted.new('with a blank')} x y")
    add(alice, seen, f"{planted.new('twice')},{planted.new('twice over')}")
    for place in ("label", "environment", "base_url", "expires", "scopes"):
        add(alice, seen, "", **{place: planted.new(f"in {place}")})
    add(alice, seen, planted.keys["works"], label="Again")


def change_them(alice: Client, seen: Seen, planted: Planted) -> None:
    """Rotated, with and without a test, revoked, brought back."""
    main = f"{KEYS}{ApiKey.objects.get(label='Main').public_id}"
    other = f"{KEYS}{ApiKey.objects.get(label='Refused').public_id}"
    for name, fields in {
        "rotated and refused": {},
        "rotated untested": {"how": "untested"},
    }.items():
        sent = {"value": planted.new(name), "overlap": "1h", "scope_choice": "all", **fields}
        seen.keep(alice.post(f"{other}/rotate", sent, follow=True))
    sent = {"value": planted.keys["rotated"], "overlap": "0", "scope_choice": "all"}
    assert "was rotated" in seen.keep(alice.post(f"{main}/rotate", sent, follow=True))
    seen.keep(alice.post(f"{main}/test", follow=True))
    newest = ApiKey.objects.get(label="Main", replaced_by=None)
    there = f"{KEYS}{newest.public_id}"
    for what in ("test", "revoke", "undo", "revoke", "test"):
        confirmed = {"confirm": newest.last_four, "ending": newest.last_four}
        seen.keep(alice.post(f"{there}/{what}", confirmed, follow=True))


def run_them(seen: Seen, planted: Planted) -> None:
    """Live runs: stored and pasted, working and refused, of every kind."""
    bob = Person("Bob")
    for key in ApiKey.objects.filter(sealed__isnull=False, replaced_by=None, revoked_at=None):
        for operation, fields in {"credits.retrieve": {}, "generations.create": BOTTLE}.items():
            bob.run(operation, key, **fields)
    for value in (planted.keys["pasted"], planted.new("pasted and refused")):
        pasted = {"mode": "live", "key_choice": "paste", "live_key": value, "editor": "form"}
        bob.post("credits.retrieve/run", pasted | {"nonce": "n" * 16, "anyway": "1"})
        bob.post("credits.retrieve/preview", pasted)
    seen.said += [text.encode() for text in bob.seen]


def break_something(
    alice: Client, seen: Seen, planted: Planted, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """The error page, and Django's debug page, while a key is being stored."""

    def broken(*_: Any, pasted: Any, **__: Any) -> None:
        raise RuntimeError(f"broken with {pasted.value}")

    alice.raise_request_exception = False
    with monkeypatch.context() as patched:
        patched.setattr(services, "add", broken)
        for debug in (False, True):
            settings.DEBUG = debug
            response = alice.post(f"{KEYS}new", form(planted.new(f"crash {debug}")))
            assert response.status_code == 500
            seen.keep(response)
    settings.DEBUG = False
    key = ApiKey.objects.filter(sealed__isnull=False).first()
    assert key is not None
    ApiKey.objects.filter(pk=key.pk).update(sealed=b"\x01" * 60)
    look_everywhere(alice, seen)


def assert_nowhere(seen: Seen, planted: Planted) -> None:
    places = {
        "rows": stored_bytes(),
        "pages": b"\n".join(seen.said),
        "log": seen.log.getvalue().encode(),
    }
    leaks = {
        f"{name}, in {place}": found
        for place, data in places.items()
        for name, secret in planted.keys.items()
        if (found := find(data, secret))
    }
    assert leaks == {}
    assert holding(configured.RIVYA_DASH_DATA, *planted.keys.values()) == []


@pytest.mark.django_db(transaction=True)
def test_after_all_that_can_happen_to_a_key_it_stands_nowhere(
    face: OverHttp, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RIVYA_BASE_URL = face.base_url
    acme()
    real = ("works", "rotated", "pasted")
    planted = Planted({name: Caller.arrive(face).key for name in real})
    with watched() as seen:
        alice = browser_of("Alice")
        store_some(alice, seen, planted)
        look_everywhere(alice, seen)
        run_them(seen, planted)
        change_them(alice, seen, planted)
        look_everywhere(alice, seen)
        break_something(alice, seen, planted, monkeypatch, settings)
        services.shred_due(now=timezone.now() + timedelta(days=2))
        vault.shred(Team.objects.get(slug="acme"))
        look_everywhere(alice, seen)
    assert len(planted.keys) >= 17
    assert len(seen.said) > 100
    assert "cannot be opened: tampered" in seen.log.getvalue()
    assert_nowhere(seen, planted)


@pytest.mark.django_db(transaction=True)
def test_a_vault_that_sealed_nothing_would_be_noticed(
    face: OverHttp, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search itself is tried: the same flow, with sealing replaced by base64."""
    import base64

    settings.RIVYA_BASE_URL = face.base_url
    acme()
    planted = Planted({"works": Caller.arrive(face).key})
    monkeypatch.setattr(
        envelope, "seal_value", lambda _, value, **__: base64.b64encode(b"x" + value.encode())
    )
    with watched() as seen:
        add(browser_of("Alice"), seen, planted.keys["works"])
    with pytest.raises(AssertionError, match="works, in rows"):
        assert_nowhere(seen, planted)
