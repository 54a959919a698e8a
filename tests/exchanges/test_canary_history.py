"""An API repeats its key, people write one down: the history and the jobs hold none."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as site
from django.utils import timezone

from debugger.exchanges.models import Exchange
from debugger.generations import engine
from debugger.generations.locker import saving
from debugger.generations.models import Generation
from debugger.keys.models import ApiKey
from tests.canary import canary, find, holding
from tests.cast import acme, browser_of
from tests.keys.rowbytes import stored_bytes
from tests.keys.test_canary_echo import echo
from tests.keys.test_canary_rows import watched
from tests.panels.live import BOTTLE, Person

HISTORY, JOBS = "/t/acme/history/", "/t/acme/generations/"


def run_with_canaries(bob: Person, key: ApiKey, typed: str) -> None:
    """Runs of a person who writes a key into everything that can be filled in."""
    spelled = base64.b64encode(typed.encode()).decode()
    fields = {"idempotency_key": typed, "scenario": typed, "anyway": "1", "origin": typed}
    bob.run("generations.create", key, **BOTTLE, anyway="1", nonce="a" * 16)
    prompt = f"{typed} {spelled} {quote(typed, safe='')} {typed.encode().hex()}"
    bob.run("generations.create", key, **fields, **{**BOTTLE, "body/prompt": prompt})
    body = {
        "model": typed,
        "prompt": prompt,
        "params": {"a": [typed[:11], typed]},
        "api_key": typed,
    }
    draft = json.dumps({"body": body})
    bob.run(
        "generations.create", key, editor="json", json=json.dumps(body), draft=draft, anyway="1"
    )
    bob.run("generations.retrieve", key, **{"path/taskId": typed})


def addresses() -> list[str]:
    """Every page and file of the history and of the jobs."""
    runs = [f"{HISTORY}{run.name}/" for run in Exchange.objects.all()]
    files = [f"{run}export.{form}" for run in runs for form in ("curl", "har", "json")]
    sides = [f"{run}{side}" for run in runs for side in ("request", "response")]
    two = [run.name for run in Exchange.objects.all()[:2]]
    jobs = [f"{JOBS}{job.name}/" for job in Generation.objects.all()]
    parts = [f"{job}{part}" for job in jobs for part in ("", "live", "card")]
    others = [f"{HISTORY}compare?a={two[0]}&b={two[1]}&masked=0&all=1", "/t/acme/errors/"]
    return [HISTORY, *runs, *files, *sides, JOBS, *parts, *others, "/t/acme/live/spend", "/t/acme/"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", [200, 401, 503])
def test_no_key_stays_in_the_history_in_a_job_or_on_their_pages(status: int, settings: Any) -> None:
    acme()
    secret, typed = canary(f"history {status}"), canary(f"typed {status}")
    with echo(status) as base, watched() as seen:
        settings.RIVYA_BASE_URL = base
        alice, bob = browser_of("Alice"), Person("Bob")
        form = {"value": secret, "label": "Main", "base_url": base, "scope_choice": "all"}
        alice.post("/t/acme/keys/new", form)
        run_with_canaries(bob, ApiKey.objects.get(), typed)
        engine.round(timezone.now())
        saving.save_due(timezone.now())
        for run in Exchange.objects.all():
            alice.post(f"{HISTORY}{run.name}/comment", {"text": f"It was {typed}"})
        alice.post(f"{HISTORY}views", {"action": "save", "name": typed, "query": f"q={typed}"})
        for job in Generation.objects.all():
            alice.post(f"{JOBS}{job.name}/comment", {"text": f"It was {typed}"})
            alice.post(f"{JOBS}{job.name}/steer", {"what": "notify", "key": typed})
        for address in addresses():
            seen.keep(alice.get(address))
    shown = b"\n".join(seen.said)
    places = {"rows": stored_bytes(), "pages": shown, "log": seen.log.getvalue().encode()}
    leaks = [
        (name, where, forms)
        for name, data in places.items()
        for where, value in (("key", secret), ("typed", typed))
        if (forms := find(data, value))
    ]
    assert leaks == []
    # A panel shows a person what they wrote, and nothing of the key.
    assert find("\n".join(bob.seen), secret) == []
    assert holding(site.RIVYA_DASH_LOCKER, secret, typed) == []
    assert not Generation.objects.filter(request_text__contains=typed).exists()
