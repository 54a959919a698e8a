"""Run the stand-in for the Rivya API over HTTP."""

from __future__ import annotations

import sqlite3
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from debugger.emulator import accounts, serving
from debugger.emulator.asgi import create_app
from debugger.emulator.core import Emulator, Settings
from debugger.emulator.nearby import deliver_nearby
from debugger.emulator.store import SqliteStore


class Command(BaseCommand):
    """``manage.py runemulator``: needs no database of the site."""

    help = "Runs a stand-in for the Rivya API over HTTP, with a page of its own for sandbox keys."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--host", default="127.0.0.1", help="Address to listen on.")
        parser.add_argument("--port", type=int, default=8001, help="Port to listen on.")
        parser.add_argument(
            "--data", type=Path, metavar="FILE", help="Keep everything in this file."
        )
        parser.add_argument(
            "--local-webhooks",
            action="store_true",
            help="Allow webhook endpoints on this machine, over plain HTTP too, and really "
            "deliver to them.",
        )
        parser.add_argument(
            "--allow-host",
            action="append",
            default=[],
            metavar="HOST[:PORT]",
            help="A name, beside those of this machine, under which the page for keys may be used.",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Serve until a signal says stop."""
        data, local = options["data"], options["local_webhooks"]
        try:
            store = SqliteStore(data or ":memory:")
        except (OSError, sqlite3.Error) as trouble:
            why = getattr(trouble, "strerror", None) or trouble
            raise CommandError(f"The file {data} cannot be used: {why}.") from trouble
        if not store.accounts():
            accounts.create(store, now=time.time())
        settings = Settings(local_webhooks=local, real_deliveries=local, wordmark="SANDBOX")
        emulator = Emulator(store, settings=settings)
        timeout = emulator.assumptions.webhook_timeout_seconds
        app = create_app(
            emulator,
            deliver=deliver_nearby(timeout=timeout) if local else None,
            allow_hosts=tuple(options["allow_host"]),
        )
        address = f"http://{options['host']}:{options['port']}"
        kept = f"kept in {data}" if data else "gone when this ends"
        self.stdout.write(f"Rivya API stand-in at {address} ({kept}). Ctrl-C stops it.")
        self.stdout.flush()
        try:
            serving.serve(app, host=options["host"], port=options["port"])
        finally:
            store.close()
