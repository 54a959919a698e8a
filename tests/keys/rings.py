"""Master keys for tests, and stored keys that need no service."""

from __future__ import annotations

import base64

from debugger.keys import vault
from debugger.keys.models import ApiKey, DataKey
from debugger.teams.models import Team
from tests.cast import new_key


def entry(name: str, filling: int) -> str:
    """A master key that is the same at each run."""
    return f"{name}:{base64.b64encode(bytes([filling]) * 32).decode()}"


OLD = entry("old", 1)
NEW = entry("new", 2)


def stored(team: Team, *, filling: str = "k", label: str = "Production") -> ApiKey:
    """A key in the vault, as the service for keys stores it."""
    key = ApiKey(team=team, label=label, base_url="https://rivya.ai", last_four=filling * 4)
    value = new_key(filling)
    key.fingerprint = vault.fingerprint(team, value)
    key.sealed = vault.seal(team, row=key.sealed_as, value=value)
    key.save()
    return key


def opened(key: ApiKey) -> str:
    """What the vault gives back, read anew from the database."""
    fresh = ApiKey.objects.select_related("team").get(pk=key.pk)
    return vault.open_sealed(fresh.team, row=fresh.sealed_as, sealed=fresh.sealed)


def data_key(team: Team) -> DataKey:
    """The team's data key as its row has it."""
    return DataKey.objects.get(team=team)
