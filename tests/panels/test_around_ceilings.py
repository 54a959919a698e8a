"""Ways around a ceiling that somebody would try who may run live, but not without end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from debugger.keys.models import ApiKey, Spend
from debugger.teams.models import Team
from tests.cast import acme
from tests.emulator.faces import Caller, Clock, OverHttp, make_emulator, over_http
from tests.panels.live import BOTTLE, Person, stored

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def face() -> Iterator[OverHttp]:
    """The emulator over a real socket."""
    with over_http(make_emulator(Clock(time.time()))) as found:
        yield found


@pytest.fixture
def key(face: OverHttp, settings: Any) -> ApiKey:
    """A key of Acme that works, in a team that may spend ten credits a day."""
    settings.RIVYA_BASE_URL = face.base_url
    team = acme()
    Team.objects.filter(pk=team.pk).update(run_ceiling=None, day_ceiling=10)
    return stored(team, Caller.arrive(face).key, base_url=face.base_url)


def counted() -> Decimal:
    return sum((each.credits for each in Spend.objects.all()), Decimal(0))


def jobs() -> set[str]:
    return set(Spend.objects.exclude(made="").values_list("made", flat=True))


def test_the_idempotency_key_that_counts_is_the_one_that_goes_out(key: ApiKey) -> None:
    """Two spellings of one header: the last goes out, so the first must not stand for the run."""
    Team.objects.update(day_ceiling=1)
    bob = Person("Bob")
    answers = []
    for number in range(2):
        headers = {"Idempotency-Key": "always-the-same", "idempotency-key": f"another-{number}"}
        draft = {"headers": headers, "body": {"model": "z-image", "prompt": "A bottle"}}
        extras = json.dumps(draft)
        answers.append(bob.run("generations.create", key, extras=extras, anyway="1", **BOTTLE))
    assert "Not sent" not in answers[0]
    assert "Not sent" in answers[1]
    assert counted() == 1
    assert len(jobs()) == 1
