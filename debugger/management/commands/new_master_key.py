"""Make a master key."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from debugger.keys.vault import masterfile
from debugger.keys.vault.master import fresh_entry


class Command(BaseCommand):
    """``manage.py new_master_key --file``: the key itself is shown only by ``--print``."""

    help = (
        "Makes a master key and puts it in front of the others in their file. The key is not "
        "shown, unless --print asks for it."
    )
    # What is there may be broken, and this may be the way to mend it.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        where = parser.add_mutually_exclusive_group(required=True)
        where.add_argument(
            "--file",
            nargs="?",
            type=Path,
            const=settings.MASTER_KEYS_FILE,
            metavar="PATH",
            help=f"Write it into this file ({settings.MASTER_KEYS_FILE}).",
        )
        where.add_argument(
            "--print",
            action="store_true",
            dest="to_stdout",
            help="Print it, and nothing else, for a place where secrets are kept.",
        )
        parser.add_argument("--name", help="Its name (today's date).")
        parser.add_argument(
            "--last",
            action="store_true",
            help="Put it behind the others: known to every process before the first one uses it.",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Make it, store or print it, and say what comes next."""
        today = timezone.now().date().isoformat()
        try:
            if options["to_stdout"]:
                taken = settings.RIVYA_DASH_MASTER_KEYS
                name = masterfile.checked_name(
                    options["name"] or masterfile.free_name(today, taken)
                )
                self.stdout.write(fresh_entry(name))
                return
            self._write(options["file"], options["name"], today, last=options["last"])
        except masterfile.FileTroubleError as trouble:
            raise CommandError(str(trouble)) from None

    def _write(self, path: Path, name: str | None, today: str, *, last: bool) -> None:
        used = masterfile.is_read_by_this_site(path)
        name = masterfile.add(path, name=name, otherwise=today, last=last)
        place = "behind the others" if last else "in front"
        self.stdout.write(f'Master key "{name}" stands in {path}, {place}. Back that file up now.')
        if not used:
            self.stderr.write(
                "This site does not read that file: RIVYA_DASH_MASTER_KEYS is set, or "
                "RIVYA_DASH_MASTER_KEYS_FILE names another one."
            )
        self.stdout.write(
            "Next: restart every process of the site"
            + (", move it to the front, restart again" if last else "")
            + ", then run `manage.py rotate_master_key`."
        )
