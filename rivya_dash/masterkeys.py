"""The first master key: `rivya-dash up` makes it once, and never where that would hide a loss."""

from __future__ import annotations

import base64
import secrets

from rivya_dash.datafolder import DataFolder
from rivya_dash.ports import RefusedError

FILE_NAME = "master-keys"
_WITHOUT = "Teams cannot store keys until one is made: `manage.py new_master_key --file`."


def ensure_master_keys(folder: DataFolder) -> list[str]:
    """Make a master key where none is configured and nothing needs an older one.

    Gives lines to print about what is wrong; the site starts in spite of it. Raises RefusedError
    for master keys that cannot be read.
    """
    from django.conf import settings
    from django.core.checks import run_checks
    from django.db import connections

    found = run_checks(tags=["master_keys"], databases=["default"])
    connections.close_all()
    unreadable = [message.msg for message in found if message.is_serious()]
    if unreadable:
        raise RefusedError(f"the master keys cannot be used. {' '.join(unreadable)}")
    lines = [
        line for message in found for line in (f"Warning: {message.msg}", message.hint) if line
    ]
    if settings.RIVYA_DASH_MASTER_KEYS or found:
        return lines
    if folder.path / FILE_NAME != settings.MASTER_KEYS_FILE:
        return [f"Warning: {settings.MASTER_KEYS_FILE} holds no master key. {_WITHOUT}"]
    path = folder.ensure_secret(FILE_NAME, content=_first_entry())
    return [] if path.stat().st_size else [f"Warning: {path} is empty. {_WITHOUT}"]


def _first_entry() -> str:
    return f"first:{base64.b64encode(secrets.token_bytes(32)).decode()}\n"
