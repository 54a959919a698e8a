"""What `rivya-dash up` starts: one part of the site, in a process that ends when its parent does.

``python -m rivya_dash.child <descriptor> web|worker|beat|emulator <arguments>``

The descriptor is the reading end of a pipe whose writing end only the parent holds. However the
parent dies, kill -9 included, the pipe ends, and the process takes itself down with all it started.
That works wherever there are pipes, which a "parent died" signal does not.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path

GRACE_SECONDS = 5.0


def stop_with_parent(pipe: int) -> None:
    """Watch the pipe from a thread; at its end stop this process group, politely first."""

    def watch() -> None:
        os.read(pipe, 1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_SECONDS)
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def web(host: str, port: str) -> None:
    """Serve the site with uvicorn; open streams get a moment to end."""
    import uvicorn
    from django.conf import settings

    # Plain http comes from browsers themselves, and no header may then say who else it was.
    proxied = settings.HTTPS or "FORWARDED_ALLOW_IPS" in os.environ
    uvicorn.run(
        "rivya_dash.asgi:application",
        host=host,
        port=int(port),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        proxy_headers=proxied,
        timeout_graceful_shutdown=2,
    )


def worker() -> None:
    """Do background work. Threads, because tasks wait for the network and nothing else."""
    from celery.exceptions import SecurityWarning

    from rivya_dash.celery import app

    # Messages are JSON in a private folder, so a worker of the superuser runs nothing foreign.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    alone = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    threads = ["--pool=threads", "--concurrency=4"]
    app.worker_main(["--quiet", "--skip-checks", "worker", "--loglevel=INFO", *threads, *alone])


def beat(mark: str) -> None:
    """Say what is due. Leaves a mark once it keeps time."""
    from celery.signals import beat_init

    from rivya_dash.celery import app

    beat_init.connect(lambda **_: Path(mark).touch(), weak=False)
    app.start(["--quiet", "--skip-checks", "beat", "--pidfile=", "--loglevel=INFO"])


def emulator(*arguments: str) -> None:
    """Stand in for the Rivya API over HTTP."""
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", "runemulator", *arguments])


PARTS: dict[str, Callable[..., None]] = {
    "web": web,
    "worker": worker,
    "beat": beat,
    "emulator": emulator,
}


def main(pipe: str, part: str, *arguments: str) -> None:
    """Run one part until it ends or is told to."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rivya_dash.settings")
    stop_with_parent(int(pipe))
    PARTS[part](*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
