"""``rivya-dash up``: the whole product from one command, without a server of any kind."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import http.client
import importlib.metadata
import os
import secrets
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from rivya_dash.datafolder import DataFolder, InUseError
from rivya_dash.masterkeys import ensure_master_keys
from rivya_dash.ports import RefusedError, free_port, in_url, is_loopback
from rivya_dash.supervisor import Part, Printer, Supervisor

READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What was asked for, with the ports that were found free."""

    host: str
    port: int
    emulator_port: int | None
    data: Path

    @property
    def address(self) -> str:
        """Where a browser on this machine finds the site."""
        return f"http://{in_url(self.host)}:{self.port}"

    @property
    def emulator_address(self) -> str:
        """Where the stand-in for the API answers; "" without one."""
        return f"http://127.0.0.1:{self.emulator_port}" if self.emulator_port else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line; 0 after a clean end, 1 when a part failed, 2 for a refusal."""
    options = _parser().parse_args(arguments)
    try:
        return _up(options)
    except RefusedError as refusal:
        sys.stderr.write(f"rivya-dash: {refusal}\n")
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rivya-dash", description="Debugger for the Rivya API.")
    commands = parser.add_subparsers(required=True, metavar="up")
    up = commands.add_parser("up", help="start everything and keep it running")
    up.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    up.add_argument("--port", type=_port, default=8000, help="port of the site (8000)")
    up.add_argument("--data", type=Path, help="data folder ($RIVYA_DASH_DATA or ./data)")
    up.add_argument(
        "--no-sandbox", action="store_true", help="without the local stand-in for the Rivya API"
    )
    up.add_argument(
        "--emulator-port", type=_port, default=8001, help="port of the local stand-in (8001)"
    )
    return parser


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; give a number from 0 to 65535")
    return port


def _up(options: argparse.Namespace) -> int:
    began = time.monotonic()
    os.umask(0o077)  # Whatever is written from here on is for this person alone.
    folder = _open(options.data)
    try:
        plan = _plan(options, folder)
        _set_environment(plan, folder)
        return _serve(plan, folder, began)
    finally:
        folder.close()


def _open(chosen: Path | None) -> DataFolder:
    """The data folder, locked. Settings know where it is when nobody chose one."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rivya_dash.settings")
    if chosen is not None:
        os.environ["RIVYA_DASH_DATA"] = str(chosen.resolve())
    from django.conf import settings

    try:
        folder = DataFolder(settings.RIVYA_DASH_DATA)
        folder.open()
    except InUseError as owner:
        raise RefusedError(
            f"rivya-dash already runs on the data folder {settings.RIVYA_DASH_DATA} "
            f"(process {owner}). "
            "Stop it, or choose another folder with --data."
        ) from None
    except ValueError as error:  # The settings do not understand what was configured.
        raise RefusedError(f"{error}") from None
    except OSError as error:
        raise RefusedError(
            f"the data folder cannot be used: {error.filename} ({error.strerror}). "
            "Choose another one with --data."
        ) from None
    return folder


def _plan(options: argparse.Namespace, folder: DataFolder) -> Plan:
    # What a killed predecessor left behind notices that within moments.
    patience = 8.0 if folder.left_behind else 0.0
    port = free_port(options.host, options.port, option="--port", patience=patience)
    emulator_port = None if options.no_sandbox else port
    if options.emulator_port == port and not options.no_sandbox:
        raise RefusedError(
            f"port {port} cannot serve both; choose another one with --emulator-port."
        )
    while emulator_port == port:  # Two free ports that were asked for one by one may be the same.
        emulator_port = free_port(
            "127.0.0.1", options.emulator_port, option="--emulator-port", patience=patience
        )
    return Plan(host=options.host, port=port, emulator_port=emulator_port, data=folder.path)


def _set_environment(plan: Plan, folder: DataFolder) -> None:
    """Tell the parts, in the words of settings.py, what is particular to this start.

    What a person configured stays as it is.
    """
    from django.conf import settings

    given = bool(os.environ.get("RIVYA_BASE_URL"))
    origins = dict.fromkeys(
        f"http://{host}:{plan.port}" for host in ("127.0.0.1", "localhost", in_url(plan.host))
    )
    folder.ensure_secret("secret-key")
    os.environ["RIVYA_DASH_DATA"] = str(plan.data)
    os.environ.setdefault("RIVYA_DASH_ORIGINS", ",".join(origins))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rivya_dash.settings")
    os.environ["PYTHONUNBUFFERED"] = "1"
    os.environ.setdefault("RIVYA_DASH_VISITORS_MAY_PASTE_KEYS", "yes")
    if is_loopback(plan.host):  # Whoever asks is at this machine, and may fill their own disk.
        os.environ.setdefault("RIVYA_DASH_SANDBOXES_PER_HOUR", "1000")
    os.environ.setdefault("RIVYA_DASH_EMAIL_FOLDER", str(plan.data / "mail"))
    if plan.emulator_address:
        os.environ.setdefault("RIVYA_DASH_SANDBOX_BASE", plan.emulator_address)
    os.environ["RIVYA_BASE_URL"] = (
        settings.RIVYA_BASE_URL if given else plan.emulator_address or settings.RIVYA_BASE_URL
    )


def _serve(plan: Plan, folder: DataFolder, began: float) -> int:
    import django

    from debugger.client.redact import redact_text

    django.setup()
    printer = Printer(redact=redact_text)
    printer.line("up", f"Preparing {plan.data} ...")
    _prepare(plan)
    for line in ensure_master_keys(folder):
        printer.line("up", line)
    welcome = _welcome(plan)
    supervisor = Supervisor(_parts(plan), environment=os.environ, printer=printer)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: supervisor.request_stop())
    try:
        silent = supervisor.start(timeout=READY_SECONDS)
        if silent and not supervisor.stop_requests:
            printer.line("up", f"These did not answer: {', '.join(silent)}. See their lines above.")
            return 1
        if not supervisor.stop_requests:
            _announce(plan, printer, seconds=time.monotonic() - began, welcome=welcome)
        supervisor.run()
    finally:
        printer.line("up", "Stopping ...")
        supervisor.stop()
    printer.line("up", "Stopped.")
    return 0


def _prepare(plan: Plan) -> None:
    """Bring the database and the collected static files up to date."""
    from django.core.management import call_command
    from django.db import DatabaseError, connections

    try:
        call_command("migrate", interactive=False, verbosity=0)
    except DatabaseError as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "no reason given"
        raise RefusedError(f"the database cannot be used: {reason}") from None
    connections.close_all()
    mark = plan.data / "static.fingerprint"
    fingerprint = _static_fingerprint()
    if not mark.exists() or mark.read_text(encoding="ascii") != fingerprint:
        mark.unlink(missing_ok=True)
        call_command("collectstatic", interactive=False, verbosity=0, clear=True)
        mark.write_text(fingerprint, encoding="ascii")


def _static_fingerprint() -> str:
    """Changes whenever a static file or what collects them does."""
    from django.contrib.staticfiles.finders import get_finders

    digest = hashlib.sha256(importlib.metadata.version("whitenoise").encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            found = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{found.st_size}\0{found.st_mtime_ns}\0".encode())
    return digest.hexdigest()


def _parts(plan: Plan) -> list[Part]:
    run = plan.data / "run"
    site = _Http(in_url(plan.host).strip("[]"), plan.port, "/healthz", _own_name())
    parts = [
        Part(name="web", arguments=[plan.host, str(plan.port)], answers=site),
        Part(name="worker", arguments=[], answers=_Ping(run)),
        Part(name="beat", arguments=[str(run / "beat")], answers=(run / "beat").exists),
    ]
    if plan.emulator_port:
        arguments = ["--host", "127.0.0.1", "--port", str(plan.emulator_port)]
        arguments += ["--data", str(plan.data / "emulator.sqlite3"), "--local-webhooks"]
        answers = _Http("127.0.0.1", plan.emulator_port, "/healthz", None)
        parts.insert(0, Part(name="emulator", arguments=arguments, answers=answers))
    return parts


def _own_name() -> str:
    """The Host header under which the site answers."""
    return urlsplit(os.environ["RIVYA_DASH_ORIGINS"].split(",")[0].strip()).netloc


@dataclass(frozen=True, slots=True)
class _Http:
    """Whether an address answers 200."""

    host: str
    port: int
    path: str
    name: str | None

    def __call__(self) -> bool:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=2)
        try:
            connection.request("GET", self.path, headers={"Host": self.name} if self.name else {})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


class _Ping:
    """Whether a task that goes into the broker comes out at a worker."""

    def __init__(self, folder: Path) -> None:
        self._token = secrets.token_hex(8)
        self._mark = folder / f"ping-{self._token}"
        self._next = 0.0

    def __call__(self) -> bool:
        from debugger.web.tasks import ping

        if self._mark.exists():
            return True
        if time.monotonic() >= self._next:
            # Again and again, because a worker that dies takes what it held with it.
            self._next = time.monotonic() + 5
            with contextlib.suppress(Exception):  # The broker may not be up yet; we ask again.
                ping.apply_async((self._token,), retry=False)
        return False


def _welcome(plan: Plan) -> str:
    """Where the first person makes their account; "" once somebody has one.

    On loopback the address that they give counts as theirs at once: who can open the page there
    can read the mails in the data folder too.
    """
    from django.contrib.auth import get_user_model
    from django.db import connections

    nobody = not get_user_model()._default_manager.exists()
    connections.close_all()
    hosts = [plan.host, *(urlsplit(origin).hostname or "" for origin in _origins())]
    if nobody and all(is_loopback(host) for host in hosts):
        os.environ.setdefault("RIVYA_DASH_FIRST_PERSON_IS_TRUSTED", "yes")
    first_origin = _origins()[0] if _origins() else plan.address
    return f"{first_origin}/accounts/signup/" if nobody else ""


def _origins() -> list[str]:
    """Where browsers find the site, as the parts will read it."""
    given = os.environ["RIVYA_DASH_ORIGINS"].split(",")
    return [origin.strip() for origin in given if origin.strip()]


def _announce(plan: Plan, printer: Printer, *, seconds: float, welcome: str) -> None:
    live = os.environ["RIVYA_BASE_URL"]
    meaning = (
        "the local stand-in: no credits" if live == plan.emulator_address else "credits are spent"
    )
    lines = [
        f"Ready after {seconds:.1f} s.",
        f"  Open        {plan.address}",
        *([f"  First       {welcome} (create the owner account)"] if welcome else []),
        f"  Live mode   {live} ({meaning})",
    ]
    if plan.emulator_address:
        lines.append(f"  Stand-in    {plan.emulator_address} (sandbox keys are made there)")
    lines += [f"  Data        {plan.data}", "  Stop        Ctrl-C"]
    for line in lines:
        printer.line("up", line)
