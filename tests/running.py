"""Starts the real product in processes of its own, as a person would."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
START = "import sys; from rivya_dash.up import main; sys.exit(main())"


def clean_environment(**extra: str) -> dict[str, str]:
    """This process's environment without what the tests or a person configured."""
    names = ("RIVYA_", "DJANGO_", "CELERY_", "DATABASE_URL", "PYTHONWARNINGS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(names)}
    return {**kept, **extra}


@dataclass
class Site:
    """A running `rivya-dash up`: where it answers and what it printed."""

    process: subprocess.Popen[str]
    data: Path
    lines: list[str] = field(default_factory=list)

    @property
    def output(self) -> str:
        """Everything printed so far."""
        return "\n".join(self.lines)

    @property
    def url(self) -> str:
        """The site's address, without a slash at the end."""
        return self._address("Open")

    @property
    def emulator(self) -> str:
        """The stand-in's address, without a slash at the end."""
        return self._address("Stand-in")

    def _address(self, label: str) -> str:
        found = re.search(rf"{label} +(http://\S+)", self.output)
        assert found, f"no address for {label} in:\n{self.output}"
        return found[1]

    def wait_for(self, text: str, *, seconds: float = 30) -> None:
        """Until a printed line contains the text; fails with the whole output after a while."""
        deadline = time.monotonic() + seconds
        while not any(text in line for line in list(self.lines)):
            assert self.process.poll() is None, f"ended without {text!r}:\n{self.output}"
            assert time.monotonic() < deadline, f"no {text!r} in:\n{self.output}"
            time.sleep(0.02)

    def new_key(self, **fields: object) -> str:
        """A key of the stand-in with every scope, or with ``scopes=[...]``; its whole text."""
        address = urlsplit(self.emulator)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
        try:
            sent = json.dumps({"name": "test", **fields})
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/_sandbox/key", sent, headers)
            answer = connection.getresponse()
            made = json.loads(answer.read())
            assert answer.status == 200, made
            return str(made["key"])
        finally:
            connection.close()

    def processes(self) -> dict[int, str]:
        """Every process that works on this data folder, by its command line."""
        return processes_naming(str(self.data))

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send a signal and wait for the end; gives the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(timeout=20)
        finally:
            self.process.kill()
            self.process.wait()


def processes_naming(text: str) -> dict[int, str]:
    """Processes whose environment or arguments contain a text (Linux)."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            arguments = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if text.encode() in (folder / "environ").read_bytes() or text in arguments:
                found[int(folder.name)] = arguments
    found.pop(os.getpid(), None)
    return found


def start_site(data: Path, *options: str, **environment: str) -> Site:
    """Start `rivya-dash up` on free ports and wait until it says that it is ready."""
    site = launch(data, *options, **environment)
    try:
        site.wait_for("Stop        Ctrl-C", seconds=60)
    except BaseException:
        site.stop(signal.SIGKILL)
        raise
    return site


def launch(data: Path, *options: str, **environment: str) -> Site:
    """Start `rivya-dash up` on free ports, without waiting."""
    ports = ["--port", "0", "--emulator-port", "0"]
    process = subprocess.Popen(  # noqa: S603  # Our own program.
        [sys.executable, "-c", START, "up", "--data", str(data), *ports, *options],
        cwd=ROOT,
        env=clean_environment(**environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    site = Site(process=process, data=data)
    threading.Thread(target=_read, args=(site,), daemon=True).start()
    return site


def _read(site: Site) -> None:
    assert site.process.stdout
    with site.process.stdout as stream:
        for line in stream:
            site.lines.append(line.rstrip())
