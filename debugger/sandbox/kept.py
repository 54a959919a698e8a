"""Accounts that no sweep takes: other rooms say which, since the sandbox knows nobody of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.db.models import QuerySet

from debugger.sandbox.models import SandboxAccount

Names = Callable[[], QuerySet[Any, Any]]
_ASKED: Final[list[Names]] = []


def keep(names: Names) -> None:
    """Ask this at every sweep for a query of ids, such as ``.values("sandbox_account")``."""
    if names not in _ASKED:
        _ASKED.append(names)


def sweepable(rows: QuerySet[SandboxAccount]) -> QuerySet[SandboxAccount]:
    """The accounts among these that nobody keeps."""
    for names in _ASKED:
        rows = rows.exclude(pk__in=names())
    return rows
