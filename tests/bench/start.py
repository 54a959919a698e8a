"""How long `rivya-dash up` takes until everything answers: ``python -m tests.bench.start``.

The baseline, in turn with it, is a process that only sets Django up and ends. The ratio is what
can be compared between machines; the seconds are this machine's. What limits it is importing:
four processes import Django or Celery at once, so cores count for more than the disk.
"""

from __future__ import annotations

import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.running import ROOT, clean_environment, start_site

ROUNDS = 5
SETUP = "import django; django.setup()"


def baseline() -> float:
    """Seconds for a process that sets Django up."""
    began = time.perf_counter()
    environment = clean_environment(DJANGO_SETTINGS_MODULE="rivya_dash.settings")
    subprocess.run([sys.executable, "-c", SETUP], cwd=ROOT, env=environment, check=True)  # noqa: S603  # Our own program.
    return time.perf_counter() - began


def up(data: Path) -> float:
    """Seconds until web, worker, beat and emulator have answered."""
    began = time.perf_counter()
    site = start_site(data)
    took = time.perf_counter() - began
    site.stop(signal.SIGINT)
    return took


def main() -> None:
    """Print medians of the three, and the ratios to the baseline."""
    folder = Path(tempfile.mkdtemp())
    rows: dict[str, list[float]] = {"django.setup()": [], "up, new data": [], "up, again": []}
    try:
        for number in range(ROUNDS):
            rows["django.setup()"].append(baseline())
            rows["up, new data"].append(up(folder / str(number)))
            rows["up, again"].append(up(folder / str(number)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    base = statistics.median(rows["django.setup()"])
    for name, seconds in rows.items():
        middle = statistics.median(seconds)
        spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
        sys.stdout.write(
            f"{name:16} median {middle:6.2f} s ({spread}), {middle / base:5.1f} x the baseline\n"
        )


if __name__ == "__main__":
    main()
