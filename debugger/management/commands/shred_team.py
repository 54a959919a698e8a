"""Destroy everything that a team stored in the vault."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from debugger.keys.lifecycle import shred_all
from debugger.teams import audit
from debugger.teams.models import Team


class Command(BaseCommand):
    """``manage.py shred_team acme``: asks for the name once more, unless told not to."""

    help = "Destroys a team's data key and all its stored keys. This cannot be undone."

    def add_arguments(self, parser: Any) -> None:
        """Declare the arguments."""
        parser.add_argument("slug", help="The team's name in addresses: /t/<slug>/.")
        parser.add_argument("--yes", action="store_true", help="Do not ask.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Ask, destroy, write it into the team's audit log."""
        slug = options["slug"]
        team = Team.objects.filter(slug=slug).first()
        if team is None:
            raise CommandError(f'There is no team "{slug}".')
        if not options["yes"]:
            self._ask(slug)
        with transaction.atomic():
            by = replace(audit.SYSTEM, place="shred_team")
            count = shred_all(team, by=by)
            audit.record(by, team, "key.all_shredded", obj=team, changed={"keys": [count, 0]})
        self.stdout.write(f"Shredded. Stored keys destroyed: {count}.")
        if count:
            self.stdout.write("At Rivya they work until they are revoked there.")

    def _ask(self, slug: str) -> None:
        self.stdout.write(f'This destroys every stored key of team "{slug}" for good.')
        try:
            typed = input(f"Type {slug} to go on: ")
        except EOFError:
            raise CommandError("Nobody answered. With --yes nobody is asked.") from None
        if typed.strip() != slug:
            raise CommandError("Nothing was changed.")
