"""Workers die and the broker forgets, and every job still ends once.

    python -m tests.generations.chaos --jobs 1000 --kills 10 --wipes 2

Starts a stand-in for the API, a beat and two workers as the product starts them, submits jobs as a
panel does (some answers are lost), kills workers with SIGKILL at random moments and empties the
broker, waits for the last job, and compares every row with what the stand-in counted. SQLite
and the broker in a folder, unless DATABASE_URL (an empty database) and CELERY_BROKER_URL say other.
``--short-leases`` lets a small run end in seconds. The exit code is 1 when anything is amiss.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent.parent
WORKERS = 2


@dataclass
class Processes:
    """A beat and the workers, which this run starts, kills and starts again."""

    data: Path
    child: str
    pipe: tuple[int, int] = field(default_factory=os.pipe)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    others: list[subprocess.Popen[bytes]] = field(default_factory=list)
    killed: int = 0

    def start(self) -> None:
        """Start everything."""
        self.workers = [self._start("worker") for _ in range(WORKERS)]
        self.others = [self._start("beat", str(self.data / "beat-mark"))]

    def kill_one(self, chance: random.Random) -> None:
        """Kill a worker as the kernel would, and start another in its place."""
        number = chance.randrange(len(self.workers))
        self.workers[number].kill()
        self.workers[number].wait()
        self.workers[number] = self._start("worker")
        self.killed += 1

    def stop(self) -> None:
        """End what is left of them."""
        for process in [*self.workers, *self.others]:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for end in self.pipe:
            os.close(end)

    def _start(self, *part: str) -> subprocess.Popen[bytes]:
        log = (self.data / f"{part[0]}.log").open("ab")
        with log:
            return subprocess.Popen(  # noqa: S603  # Our own module, our own arguments.
                [sys.executable, "-m", self.child, str(self.pipe[0]), *part],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(self.pipe[0],),
                start_new_session=True,
            )


@contextlib.contextmanager
def stand_in() -> Iterator[str]:
    """The API's stand-in in a process of its own; gives its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.generations.upstream"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def asked(base_url: str) -> dict[str, Any]:
    """What the stand-in counted."""
    connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=30)
    try:
        connection.request("GET", "/_report")
        found: dict[str, Any] = json.loads(connection.getresponse().read())
        return found
    finally:
        connection.close()


def wipe(data: Path) -> None:
    """Let the broker forget every message."""
    url = os.environ.get("CELERY_BROKER_URL", "")
    if url.startswith("redis"):
        import redis

        with redis.Redis.from_url(url) as connection:
            connection.flushdb()
        return
    for message in (data / "broker").glob("*.msg"):
        message.unlink(missing_ok=True)


def set_up(data: Path, base_url: str) -> None:
    """The environment of all processes, and the database."""
    (data / "broker" / "control").mkdir(parents=True)
    os.environ.update(
        RIVYA_DASH_DATA=str(data),
        RIVYA_DASH_SECRET_KEY="only-for-chaos-" + "0123456789" * 5,
        RIVYA_DASH_MASTER_KEYS="chaos:" + "A" * 43 + "=",
        RIVYA_BASE_URL=base_url,
        DJANGO_SETTINGS_MODULE="rivya_dash.settings",
    )
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)


def trouble(processes: Processes, options: argparse.Namespace) -> int:
    """Kill and wipe at random moments of the window; gives the number of wipes."""
    from tests.generations.chaos_rows import claimed

    chance = random.Random(options.seed)
    acts = ["kill"] * options.kills + ["wipe"] * options.wipes
    chance.shuffle(acts)
    moments = sorted(chance.uniform(0.05, 1.0) * options.window for _ in acts)
    began, wiped = time.monotonic(), 0
    for act, moment in zip(acts, moments, strict=True):
        time.sleep(max(0.0, began + moment - time.monotonic()))
        if act == "kill":
            # The worst moment is one at which somebody looks; the first may be any other.
            if processes.killed:
                wait_until(claimed, seconds=5)
            processes.kill_one(chance)
        else:
            wipe(processes.data)
            wiped += 1
    return wiped


def wait_until(reached: Callable[[], bool], *, seconds: float) -> None:
    """Until something is so, or for so long."""
    deadline = time.monotonic() + seconds
    while not reached() and time.monotonic() < deadline:
        time.sleep(0.05)


def run(options: argparse.Namespace, data: Path, base_url: str) -> list[str]:
    """The whole run; gives what is amiss, each as a sentence."""
    set_up(data, base_url)
    from tests.generations.chaos_rows import Submitting, amiss, unfinished

    processes = Processes(data=data, child=options.child)
    began = time.monotonic()
    processes.start()
    wiped: list[int] = []
    troubling = threading.Thread(
        target=lambda: wiped.append(trouble(processes, options)), daemon=True
    )
    try:
        troubling.start()
        with Submitting(base_url, seed=options.seed, longest=options.longest) as submitting:
            submitting.submit(options.jobs)
        submitted = time.monotonic() - began
        troubling.join()
        wait_until(lambda: not unfinished(), seconds=options.patience)
        left = unfinished()
        took = time.monotonic() - began
    finally:
        processes.stop()
    say(f"{options.jobs} jobs submitted in {submitted:.1f} s, the last ended after {took:.1f} s")
    say(f"{processes.killed} workers killed, the broker wiped {sum(wiped)} times, {left} jobs left")
    found, facts = amiss(asked(base_url), jobs=options.jobs)
    for fact in facts:
        say(fact)
    return found


def say(text: str) -> None:
    """One line of the report."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run it and report; 1 when anything is amiss."""
    parser = argparse.ArgumentParser(description="Jobs end once, whatever dies meanwhile.")
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--wipes", type=int, default=2)
    parser.add_argument("--window", type=float, default=60.0, help="seconds in which they happen")
    parser.add_argument("--longest", type=float, default=60.0, help="seconds of the longest job")
    parser.add_argument("--patience", type=float, default=300.0, help="seconds to wait at the end")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--short-leases",
        dest="child",
        action="store_const",
        const="tests.generations.hasty",
        default="rivya_dash.child",
    )
    options = parser.parse_args()
    data = Path(tempfile.mkdtemp(prefix="rivya-dash-chaos-"))
    try:
        with stand_in() as base_url:
            found = run(options, data, base_url)
    finally:
        tail(data, "worker.log")
        shutil.rmtree(data, ignore_errors=True)
    for sentence in found[:50]:
        say(f"AMISS: {sentence}")
    say(f"{len(found)} things are amiss" if found else "Each job ended exactly once.")
    return 1 if found else 0


def tail(data: Path, name: str) -> None:
    """What the workers said that was worse than usual."""
    with contextlib.suppress(OSError):
        lines = (data / name).read_text(errors="replace").splitlines()
        for line in [line for line in lines if line.startswith(("ERROR", "CRITICAL"))][:20]:
            say(f"log: {line[:300]}")


if __name__ == "__main__":
    sys.exit(main())
