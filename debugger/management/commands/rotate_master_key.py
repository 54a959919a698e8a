"""Put every data key under the first master key, while the site serves."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from debugger.keys.vault import CannotSeal
from debugger.keys.vault.master import name_of
from debugger.keys.vault.rewrapping import Rewrapped, Standing, rewrap_all, standing


class Command(BaseCommand):
    """``manage.py rotate_master_key``: may be interrupted and repeated at any moment."""

    help = (
        "Wraps every data key, of teams and of the site, with the first of RIVYA_DASH_MASTER_KEYS. "
        "The site goes on serving, as long as all its processes know both master keys."
    )

    def add_arguments(self, parser: Any) -> None:
        """Declare the options."""
        parser.add_argument(
            "--dry-run", action="store_true", help="Only say which master key wraps how much."
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Re-wrap, then say what is left."""
        try:
            before = standing()
            self._say(f'First master key: "{before.first.name}".')
            if options["dry_run"]:
                self._stand(before)
                return
            total = sum(before.remaining.values())
            done = rewrap_all(progress=lambda n: self._say(f"  {n} of {total} ..."))
            after = standing()
        except CannotSeal as trouble:
            raise CommandError(str(trouble)) from None
        except KeyboardInterrupt:
            self._say("Stopped. Everything still opens; run it again to go on.")
            sys.exit(130)
        self._end(done, after)

    def _end(self, done: Rewrapped, after: Standing) -> None:
        self._say(f"Re-wrapped: {done.count}.")
        for stuck in done.stuck:
            whose = "The site" if stuck.team is None else f"Team {stuck.team}"
            self.stderr.write(f"{whose}: {stuck.detail}")
        self._stand(after)
        if after.remaining:
            raise CommandError("Not everything is under the first master key.")

    def _stand(self, now: Standing) -> None:
        for label, number in now.wrapped.items():
            place = "the first" if label == now.first.label else "an older one"
            self._say(f'Under "{name_of(label)}", {place}: {number}.')
        for name in now.removable:
            self._say(
                f'"{name}" wraps nothing in this database and can be removed from '
                "RIVYA_DASH_MASTER_KEYS. Backups that were made before now still need it."
            )

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
