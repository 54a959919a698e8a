"""The real product, with a key of every fate: none stands in its files, messages, lines or answers.

The worker is held while keys come and go. So every message that the site would send to it stays in
the broker's folder, where it is searched like everything else below the data folder.
"""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.browser.people import CODE, mails
from tests.canary import canary, find, forms_of, holding
from tests.running import Site

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="the worker is found in /proc"),
]
WHO = {"email": "canary@example.com", "password1": "a boat on the lake 7", "name": "Kim"}
CHAT = json.dumps({"model": "gpt-5-2-chat", "message": "hello"})
BOTTLE = json.dumps({"model": "z-image", "prompt": "a bottle"})


@contextmanager
def held_worker(site: Site) -> Iterator[None]:
    """No message is taken from the broker meanwhile."""
    workers = [pid for pid, line in site.processes().items() if line.split()[-1:] == ["worker"]]
    assert workers
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


@dataclass
class Kim:
    """Somebody with a program in place of a browser, who keeps every answer."""

    site: Site
    http: httpx.Client
    said: list[bytes] = field(default_factory=list)

    def ask(self, path: str, data: dict[str, str] | None = None, *, script: bool = False) -> str:
        """The text of the page behind a GET or, with ``data``, a POST; redirects are followed."""
        headers = {"Origin": self.site.url, "X-CSRFToken": self._csrf()}
        headers |= {"HX-Request": "true"} if script else {}
        method = "GET" if data is None else "POST"
        answer = self.http.request(method, path, data=data, headers=headers)
        for each in (*answer.history, answer):
            self.said += [each.content, str(each.headers.multi_items()).encode()]
            self.said.append(str(each.url).encode())
        return answer.text

    def _csrf(self) -> str:
        return self.http.cookies.get("rivya_dash_csrf") or ""

    def sign_up(self) -> None:
        self.ask("/accounts/signup/")
        page = self.ask("/accounts/signup/", WHO)
        if 'name="code"' in page:  # Somebody else was the first person of this site.
            found = CODE.search(mails(self.site, WHO["email"])[-1])
            assert found
            self.ask("/accounts/confirm-email/", {"code": found[1]})

    def make_team(self) -> str:
        """The address of its pages."""
        self.ask("/teams/new", {"name": "Canary"})
        mine = re.search(r'href="(/t/canary[a-z0-9-]*/)"', self.ask("/teams/"))
        assert mine
        return mine[1]

    def store(self, team: str, label: str, value: str) -> str:
        """The id of a key that was pasted and tested."""
        base = {"base_url": self.site.emulator, "scope_choice": "all", "test": "on"}
        self.ask(f"{team}keys/new", {"value": value, "label": label, **base})
        titled = re.findall(r'/keys/([0-9a-f]{16})/"', self.ask(f"{team}keys/"))
        return str(titled[0])

    def run(self, team: str, operation: str, chosen: str, *, body: str = "", key: str = "") -> str:
        """The answer to a live run, armed for it."""
        armed = self.ask(f"{team}live/arm", {"key": chosen, "confirm": "yes"}, script=True)
        token = re.search(r'data-armed-token="([^"]+)"', armed)
        last = "stream" if operation == "chat.stream" else "run"
        sent = {"mode": "live", "key_choice": chosen, "live_key": key, "anyway": "1"}
        sent |= {"armed": token[1] if token else "", "editor": "json", "json": body}
        return self.ask(f"{team}panels/{operation}/{last}", sent, script=True)


@pytest.fixture
def kim(running_site: Site) -> Iterator[Kim]:
    with httpx.Client(base_url=running_site.url, follow_redirects=True, timeout=30) as http:
        yield Kim(running_site, http)


def live_through_everything(kim: Kim, keys: dict[str, str]) -> None:
    """A team stores, runs, rotates, revokes; some keys are refused, some belong in no form."""
    team = kim.make_team()
    stored = kim.store(team, "Main", keys["stored"])
    assert "LIVE" in kim.run(team, "generations.create", stored, body=BOTTLE)
    assert "event: done" in kim.run(team, "chat.stream", stored, body=CHAT)
    failing = kim.store(team, "Failing", keys["failing"])
    assert "401" in kim.run(team, "credits.retrieve", failing)
    assert "LIVE" in kim.run(team, "credits.retrieve", "paste", key=keys["pasted"])
    assert "401" in kim.run(team, "credits.retrieve", "paste", key=keys["pasted, failing"])
    swapped = {"value": keys["rotated"], "overlap": "1h", "scope_choice": "all"}
    assert "was rotated" in kim.ask(f"{team}keys/{stored}/rotate", swapped)
    swapped["value"] = keys["rotated, failing"]
    kim.ask(f"{team}keys/{failing}/rotate", swapped)
    revoked = kim.store(team, "Old", keys["revoked"])
    kim.ask(f"{team}keys/{revoked}/revoke", {"typed": keys["revoked"][-4:]})
    for name in ("label", "environment", "base_url", "expires"):
        kim.ask(f"{team}keys/new", {"value": keys["astray"], name: keys["astray"]})
    for page in ("", "keys/", f"keys/{stored}/", "audit/", "audit.csv", "live/ceilings"):
        kim.ask(f"{team}{page}")
    assert "Revoked" in kim.ask(f"{team}keys/")


def test_in_real_processes_no_key_of_any_fate_is_kept_or_said(kim: Kim) -> None:
    site = kim.site
    working = ("stored", "pasted", "rotated", "revoked")
    keys = {name: site.new_key() for name in working}
    for name in ("failing", "pasted, failing", "rotated, failing", "astray"):
        keys[name] = canary(f"in processes, {name}")
    kim.sign_up()
    with held_worker(site):
        live_through_everything(kim, keys)
        kept = holding(site.data, *keys.values())
    assert kept == []
    places = {"lines": site.output.encode(), "answers": b"\n".join(kim.said)}
    leaks = {
        (name, place) for name, key in keys.items() for place in places if find(places[place], key)
    }
    assert leaks == set()


def test_a_key_in_a_message_that_waits_would_be_found(running_site: Site) -> None:
    """The search itself is tried, with what lies where messages wait."""
    planted = running_site.data / "broker" / f"planted.{urlsplit(running_site.url).port}.txt"
    planted.write_bytes(forms_of(canary("in a message"))["base64, alignment 1"])
    try:
        assert holding(running_site.data, canary("in a message")) == [str(planted)]
    finally:
        planted.unlink()
