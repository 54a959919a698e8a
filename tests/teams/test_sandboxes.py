"""The sandbox that a team shares stays while the team is there."""

from __future__ import annotations

import time

import pytest
from django.utils import timezone

from debugger.sandbox import services
from debugger.sandbox.rows import RowStore
from debugger.teams import sandboxes
from debugger.teams.models import Team
from tests.cast import acme

pytestmark = pytest.mark.django_db


def test_a_teams_sandbox_is_neither_swept_nor_gives_way_to_a_new_one() -> None:
    account = sandboxes.account_of(acme())
    RowStore(account_limit=1).create("another", {})
    services.sweep(now=time.time() + 10 * services.KEPT_FOR)
    assert services.is_open(account)
    assert sandboxes.account_of(acme()) == account


def test_the_sandbox_of_a_deleted_team_goes() -> None:
    account = sandboxes.account_of(acme())
    Team.objects.filter(slug="acme").update(deleted_at=timezone.now())
    services.sweep(now=time.time() + 10 * services.KEPT_FOR)
    assert not services.is_open(account)


def test_a_team_whose_sandbox_is_gone_gets_another() -> None:
    team = acme()
    Team.objects.filter(pk=team.pk).update(sandbox_account="gone")
    team.refresh_from_db()
    account = sandboxes.account_of(team)
    assert account != "gone"
    assert services.is_open(account)
