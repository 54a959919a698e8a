"""Keeps a handful of processes alive, shows what they print, and leaves none behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 30.0
GRACE_SECONDS = 6.0
HOPELESS_RESTARTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One process to keep: its name in the logs, its arguments, and how to see that it works."""

    name: str
    arguments: Sequence[str]
    answers: Callable[[], bool]


class Printer:
    """Whole lines on standard output, from several threads, with a coloured name in front."""

    def __init__(self, *, redact: Callable[[str], str]) -> None:
        self._lock = threading.Lock()
        self._redact = redact
        self._colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._names: list[str] = []

    def line(self, name: str, text: str) -> None:
        """Print one line; a terminal that went away is no reason to stop."""
        prefix = f"{name:<8} | "
        if self._colours:
            prefix = f"\033[{self._colour(name)}m{prefix}\033[0m"
        with self._lock:
            try:
                sys.stdout.write(f"{prefix}{self._redact(text)}\n")
                sys.stdout.flush()
            except (OSError, ValueError):
                return

    def _colour(self, name: str) -> int:
        if name not in self._names:
            self._names.append(name)
        return 31 + (self._names.index(name) + 4) % 6


class Child:
    """One part and the process that runs it now, if any."""

    def __init__(self, part: Part, *, environment: Mapping[str, str], printer: Printer) -> None:
        self.part = part
        self.restarts = 0
        self._environment = dict(environment)
        self._printer = printer
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._start_at = 0.0
        self._pause = FIRST_PAUSE

    @property
    def pid(self) -> int | None:
        """The id of the running process."""
        return self._process.pid if self._process else None

    def start(self, pipe: int) -> None:
        """Start the process in a session of its own, so that Ctrl-C reaches only the parent."""
        command = [sys.executable, "-m", "rivya_dash.child", str(pipe), self.part.name]
        self._process = subprocess.Popen(  # noqa: S603  # Our own module, our own arguments.
            [*command, *self.part.arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environment,
            pass_fds=(pipe,),
            start_new_session=True,
        )
        self._started = time.monotonic()
        threading.Thread(target=self._forward, args=(self._process,), daemon=True).start()

    def _forward(self, process: subprocess.Popen[bytes]) -> None:
        stream = process.stdout
        while stream and (line := stream.readline(65536)):
            self._printer.line(self.part.name, line.decode("utf-8", "replace").rstrip())

    def look(self, pipe: int) -> None:
        """Start the process again when it ended, after a pause that grows with each failure."""
        now = time.monotonic()
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return
            self._bury(code, now)
        elif now >= self._start_at:
            self.restarts += 1
            self.start(pipe)

    def _bury(self, code: int, now: float) -> None:
        self.kill()
        self._process = None
        if now - self._started > STEADY_SECONDS:
            self._pause = FIRST_PAUSE
        self._start_at = now + self._pause
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        self._printer.line("up", f"{self.part.name} {how}; starting it again in {self._pause:g} s.")
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def terminate(self) -> None:
        """Ask the process to end."""
        if self._process and self._process.poll() is None:
            self._process.terminate()

    def ended(self) -> bool:
        """True when no process runs."""
        return self._process is None or self._process.poll() is not None

    def kill(self) -> None:
        """End the process and everything it started."""
        if self._process is None:
            return
        # An error says that the whole group is gone, which is what we want.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


class Supervisor:
    """All the parts, from their start to their end."""

    def __init__(
        self, parts: Sequence[Part], *, environment: Mapping[str, str], printer: Printer
    ) -> None:
        self._printer = printer
        self._children = [Child(p, environment=environment, printer=printer) for p in parts]
        self._pipe, self._held_end = os.pipe()
        self.stop_requests = 0

    def request_stop(self) -> None:
        """Ask for the end; asking twice means at once. Safe inside a signal handler."""
        self.stop_requests += 1

    def start(self, *, timeout: float) -> list[str]:
        """Start every part and wait; gives the names of those that do not answer.

        It gives up at the timeout (seconds), and when a part died three times.
        """
        for child in self._children:
            child.start(self._pipe)
        waiting = list(self._children)
        deadline = time.monotonic() + timeout
        while waiting and not self.stop_requests and time.monotonic() < deadline:
            if any(child.restarts >= HOPELESS_RESTARTS for child in waiting):
                break
            self._look()
            waiting = [child for child in waiting if not child.part.answers()]
            time.sleep(0.05)
        return [child.part.name for child in waiting]

    def run(self) -> None:
        """Keep every part alive until the end is asked for."""
        while not self.stop_requests:
            self._look()
            time.sleep(0.1)

    def _look(self) -> None:
        for child in self._children:
            child.look(self._pipe)

    def stop(self) -> None:
        """End every part: politely, then by force; afterwards no process is left."""
        for child in self._children:
            child.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < deadline and self.stop_requests < 2:
            if all(child.ended() for child in self._children):
                break
            time.sleep(0.05)
        for child in self._children:
            child.kill()
        os.close(self._held_end)
        os.close(self._pipe)
