"""What `manage.py check` and the start of the site say about master keys."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError

from debugger.keys.vault.master import name_of, ring
from debugger.keys.vault.rewrapping import labels_in_use

TAG: Final = "master_keys"
"""`rivya-dash up` asks for what carries this tag before it makes a first master key."""


@register(Tags.security, TAG)
def master_keys_are_understood(*_: Any, **__: Any) -> list[CheckMessage]:
    """A key that cannot be read stops commands and the start, with the place of the entry."""
    hint = (
        'RIVYA_DASH_MASTER_KEYS, or its file, holds "name:base64 of 32 bytes", separated by commas '
        "or line breaks. `manage.py new_master_key` makes one."
    )
    return [Error(problem, hint=hint, id="rivya_dash.E002") for problem in ring().problems]


@register(Tags.database, TAG)
def data_keys_can_be_opened(
    *_: Any, databases: Sequence[str] | None = None, **__: Any
) -> list[CheckMessage]:
    """A master key that is gone or changed is said where the site starts, not only on pages."""
    if not databases or "default" not in databases:
        return []
    masters = ring()
    try:
        teams, site = labels_in_use(of_site=False), labels_in_use(of_site=True)
    except DatabaseError:  # Before the first migration there is nothing to open.
        return []
    return [
        *(_lost(label, number) for label, number in teams.items() if not masters.labelled(label)),
        *(_lost_of_site(label) for label in site if not masters.labelled(label)),
    ]


def _why(name: str) -> str:
    changed = ring().named(name) is not None
    return "has another value now" if changed else "is not configured"


def _lost_of_site(label: str) -> CheckMessage:
    name = name_of(label)
    return Warning(
        "Authenticator apps and recovery codes cannot be checked, so people sign in with passkeys "
        f"or not at all: the master key “{name}”, which wrapped the site's data key, {_why(name)}.",
        hint=(
            f"Bring it back into RIVYA_DASH_MASTER_KEYS or {settings.MASTER_KEYS_FILE}. Where it "
            "is lost, `manage.py reset_second_factors` lets people set up new ones."
        ),
        id="rivya_dash.W004",
    )


def _lost(label: str, number: int) -> CheckMessage:
    name = name_of(label)
    why = _why(name)
    teams = "1 team" if number == 1 else f"{number} teams"
    return Warning(
        f"The stored keys of {teams} cannot be opened: the master key “{name}”, which wrapped "
        f"them, {why}.",
        hint=(
            f"Bring it back into RIVYA_DASH_MASTER_KEYS or {settings.MASTER_KEYS_FILE}. "
            "Where it is lost, so are those keys: "
            "`manage.py new_master_key` makes another master key, `manage.py shred_team` clears a "
            "team, and its people store their keys again."
        ),
        id="rivya_dash.W003",
    )


@register(Tags.security, deploy=True)
def keys_can_be_stored(*_: Any, **__: Any) -> list[CheckMessage]:
    """Without a master key everything works but storing keys."""
    if settings.DEBUG or settings.RIVYA_DASH_MASTER_KEYS or ring().problems:
        return []
    return [
        Warning(
            "There is no master key, so teams cannot store keys.",
            hint="Set RIVYA_DASH_MASTER_KEYS or RIVYA_DASH_MASTER_KEYS_FILE; "
            "`manage.py new_master_key` makes one.",
            id="rivya_dash.W001",
        )
    ]


@register(Tags.security, deploy=True)
def master_keys_file_is_private(*_: Any, **__: Any) -> list[CheckMessage]:
    """Who reads the file and a copy of the database has every key of every team."""
    path = settings.MASTER_KEYS_FILE
    try:
        mode = path.stat().st_mode
    except OSError:
        return []
    if not mode & (stat.S_IROTH | stat.S_IWOTH):
        return []
    return [
        Warning(
            f"Everybody on this machine may read or change {path}.",
            hint=f"chmod o= {path}",
            id="rivya_dash.W002",
        )
    ]
