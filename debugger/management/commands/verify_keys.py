"""Open everything that is stored, and report what does not open."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from debugger.client.redact import redact_text
from debugger.keys.vault.verifying import Verified, verify_all
from debugger.teams.models import Team


class Command(BaseCommand):
    """``manage.py verify_keys``: changes nothing, shows no value, may run while the site serves."""

    help = (
        "Unwraps every data key, of teams and of the site, and opens every sealed value. Ends with "
        "1 when anything does not open."
    )

    def handle(self, *_: Any, **options: Any) -> None:
        """One line for each team, one more for each fault."""
        teams = opened = faults = 0
        for found in verify_all():
            teams, opened, faults = (
                teams + (found.team is not None),
                opened + found.opened,
                faults + len(found.faults),
            )
            self._report(found, quiet=options["verbosity"] < 1)
        summary = f"Teams: {teams}. Values that open: {opened}. Faults: {faults}."
        if faults:
            raise CommandError(summary)
        self.stdout.write(summary)

    def _report(self, found: Verified, *, quiet: bool) -> None:
        name = shown(_name_of(found.team))
        if not quiet or found.faults:
            self.stdout.write(f"{name}: {found.opened} open, {len(found.faults)} do not.")
        for fault in found.faults:
            self.stdout.write(
                f"  {fault.kind} {shown(fault.label)} [{fault.row}]: {shown(fault.detail)}."
            )


def _name_of(team: Team | None) -> str:
    if team is None:
        return "The site itself"
    return f"{team.name} ({team.slug or f'deleted, number {team.pk}'})"


def shown(text: str) -> str:
    """What people typed, made safe for a terminal."""
    return "".join(char if char.isprintable() else "�" for char in redact_text(text))
