"""Why something cannot be sealed or opened: a reason, a sentence for people, a line for logs."""

from __future__ import annotations

from enum import StrEnum

from django.utils.functional import Promise

from debugger.web.errors import Invalid


class Reason(StrEnum):
    """What stands in the way."""

    NO_MASTER = "no master"
    """No configured master key opens the team's data key."""
    TAMPERED = "tampered"
    """What is stored is not what was sealed for this row of this team."""
    SHREDDED = "shredded"
    """It was destroyed on purpose."""


class VaultError(Invalid):
    """The base of both. As a service error it becomes a page with its sentence where nobody
    catches it, never a crash. ``detail`` is for logs and operators: English, without secrets.
    """

    def __init__(self, reason: Reason, sentence: str | Promise, *, detail: str) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return str(self.args[0])


class CannotOpen(VaultError):  # noqa: N818  # Said by services as a word.
    """What is stored does not open."""


class CannotSeal(VaultError):  # noqa: N818  # Said by services as a word.
    """Nothing can be sealed for this team, so nothing may be stored."""
