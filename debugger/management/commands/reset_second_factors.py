"""Let people set up a second step again, when theirs cannot be read any more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from debugger.keys import second_factors
from debugger.management.commands.verify_keys import shown
from debugger.teams import audit


class Command(BaseCommand):
    """``manage.py reset_second_factors``: for a master key that is lost for good."""

    help = (
        "Removes the authenticator apps and recovery codes that cannot be opened, as when the "
        "master key is lost. What opens stays, and so do passkeys. Those people sign in with their "
        "password alone until they set up a second step again."
    )

    def add_arguments(self, parser: Any) -> None:
        """Declare the option."""
        parser.add_argument("--yes", action="store_true", help="Do not ask.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Count, ask, remove, say whose they were."""
        count = len(second_factors.unreadable())
        if count and not options["yes"]:
            self._ask(count)
        people = second_factors.reset(replace(audit.SYSTEM, place="reset_second_factors"))
        self.stdout.write(f"Removed: {count}.")
        for email in people:
            self.stdout.write(f"  {shown(email)} signs in with the password alone. Say so to them.")

    def _ask(self, count: int) -> None:
        self.stdout.write(f"{count} do not open and will be removed for good.")
        try:
            typed = input("Type reset to go on: ")
        except EOFError:
            raise CommandError("Nobody answered. With --yes nobody is asked.") from None
        if typed.strip() != "reset":
            raise CommandError("Nothing was changed.")
