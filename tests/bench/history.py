"""What the history costs at a million rows: ``python -m tests.bench.history [--rows 1000000]``.

It builds a database of its own and deletes it: a SQLite file in a temporary folder, or beside the
PostgreSQL database that DATABASE_URL names. ``--at NAME`` keeps it (a file, or a database) and
measures again what is there. Rows are skewed as real ones are: three teams of 90, 8 and 2 percent,
the catalogue's models, one run in a hundred failed, prompts of words as frequent as in language.

Each line is a page of 50 as the history page asks for it, of the largest team: statements, median,
99th percentile, and the ratio of the median to a ``SELECT 1`` of the same run. Page 1,000 is
reached by walking. Search is for beginnings of words, so "common" also finds longer ones.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from tests.bench.history_rows import RARE_CODE, Vocabulary, build, say

PAGE = 1_000
CALLS = 200
SECONDS = 20.0


# -- A database of its own -----------------------------------------------------------------------


def open_database(url: str, at: str, folder: Path) -> Callable[[], None]:
    """Point the settings at a database of this run's own; gives what removes it."""
    os.environ["RIVYA_DASH_DATA"] = str(folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = "rivya_dash.settings"
    if not url.startswith("postgres"):
        path = Path(at) if at else folder / "bench.sqlite3"
        os.environ["DATABASE_URL"] = f"sqlite:///{path.absolute()}"
        return lambda: None
    import psycopg

    name = at or f"history_bench_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as server:
        there = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if not there:
            server.execute(f'CREATE DATABASE "{name}"')
    os.environ["DATABASE_URL"] = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))

    def remove() -> None:
        from django.db import connection

        connection.close()
        getattr(connection, "close_pool", lambda: None)()
        if not at:
            with psycopg.connect(url, autocommit=True) as again:
                again.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    return remove


def set_up() -> None:
    """Every table."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)


# -- Measuring -----------------------------------------------------------------------------------


def times_of(call: Callable[[], object]) -> list[float]:
    """Milliseconds of many calls, fewer where each takes long."""
    call()
    found: list[float] = []
    began = time.perf_counter()
    while len(found) < CALLS and time.perf_counter() - began < SECONDS:
        start = time.perf_counter()
        call()
        found.append((time.perf_counter() - start) * 1000)
    return sorted(found)


def statements_of(call: Callable[[], object]) -> int:
    """How many statements a call sends."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as sent:
        call()
    return len(sent)


def line(title: str, call: Callable[[], object], *, floor: float) -> None:
    """Measure one call and print it."""
    statements, found = statements_of(call), times_of(call)
    p50, p99 = statistics.median(found), found[min(len(found) - 1, int(len(found) * 0.99))]
    say(
        f"  {title:44} {statements:>2} st. {p50:9.2f} ms {p99:9.2f} ms "
        f"{p50 / floor:8.0f} x   ({len(found)} calls)"
    )


def select_one() -> None:
    """The least that a round trip costs."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()


def cases() -> dict[str, dict[str, str]]:
    """What is asked for, by a name for the table."""
    from debugger.exchanges.models import Exchange
    from debugger.web import moments

    words = Vocabulary(random.Random(4)).words
    some = Exchange.objects.filter(team__slug="bench-0").order_by("pk")[100]
    return {
        "all": {},
        "one model": {"model": "z-image"},
        "one model, hardly used": {"model": _hardly_used()},
        "one person": {"person": "3"},
        "failed": {"result": "failed"},
        "a rare error code": {"code": RARE_CODE},
        "an error code that nobody had": {"code": "never_seen"},
        "starred": {"starred": "1"},
        "live, one model, one person": {"mode": "live", "model": "z-image", "person": "3"},
        "two days a month ago": {"since": "2026-10-20", "until": "2026-10-21"},
        "search: a rare word": {"q": words[-1]},
        "search: a common word": {"q": words[0]},
        "search: a common word, a rare person": {"q": words[0], "person": "30"},
        "search: two common words": {"q": f"{words[0]} {words[1]}"},
        "search: a common and a rare word": {"q": f"{words[0]} {words[-5]}"},
        "search: a word that every run has": {"q": "prompt"},
        "search: a beginning of many words": {"q": words[0][:3]},
        "search: one letter": {"q": "k"},
        "search: a word that no run has": {"q": "neverseen"},
        "search: a task's id": {"q": some.made},
        "search: a run's name": {"q": moments.name_of("run", some.pk)},
        "search: an idempotency key": {"q": some.idempotency_key},
        "search: a common word, two days": {
            "q": words[0],
            "since": "2026-10-20",
            "until": "2026-10-21",
        },
    }


def _hardly_used() -> str:
    from django.db.models import Count

    from debugger.exchanges.models import Exchange

    counted = Exchange.objects.values("model").annotate(count=Count("pk")).order_by("count")
    return str(counted[0]["model"])


def measure(only: str) -> None:
    """Every case: its first page, its page 1,000 where it has one, and its count."""
    from debugger.exchanges import services
    from debugger.teams.models import Team
    from debugger.web import pages

    team = Team.objects.get(slug="bench-0")
    floor = statistics.median(times_of(select_one))
    say(f"\n  {'':44} {'':6} {'p50':>9}    {'p99':>9}    {'SELECT 1':>9}")
    line("SELECT 1", select_one, floor=floor)
    for name, asked in cases().items():
        if only and only not in name:
            continue
        wanted = services.narrowed(asked)
        line(name, partial(services.page, team, wanted, cursor={}), floor=floor)
        line("  count up to 1,000", partial(services.some_total, team, wanted), floor=floor)
        if deep := _walked(team, wanted):
            cursor = {pages.OLDER: deep}
            line(
                f"  page {PAGE:,}",
                partial(services.page, team, wanted, cursor=cursor),
                floor=floor,
            )


def _walked(team: Any, wanted: Any) -> str:
    """Where page 1,000 begins, by walking from page to page; "" where there is none."""
    from debugger.exchanges import services

    older = services.page(team, wanted, cursor={}).older
    began = time.perf_counter()
    for _number in range(PAGE - 2):
        if not older:
            return ""
        if time.perf_counter() - began > 60:
            return older  # Not quite page 1,000, but too slow to go on.
        older = services.page(team, wanted, cursor={"older_than": older}).older
    return older


def measure_record() -> None:
    """What keeping one run costs."""
    from django.utils import timezone

    from debugger.client.outcome import Mode, Outcome, RequestSnapshot, ResponseSnapshot, Timings
    from debugger.exchanges import services
    from debugger.teams.models import Team

    team, vocabulary = Team.objects.get(slug="bench-1"), Vocabulary(random.Random(5))

    def keep() -> None:
        sent = json.dumps({"model": "z-image", "prompt": vocabulary.prompt()})
        came = {"id": f"task_{random.getrandbits(96):024x}", "status": "queued"}
        outcome = Outcome(
            operation_id="generations.create",
            mode=Mode.MOCK,
            request=RequestSnapshot(
                method="POST", url="http://x/api/v1/generations", headers=(), body=sent
            ),
            response=ResponseSnapshot(
                status=200, headers=(), text=json.dumps(came), is_json=True, value=came
            ),
            timings=Timings(total_ms=1.0),
        )
        run = services.Run(
            team=team, user_id=1, user_name="Person 1", outcome=outcome, now=timezone.now()
        )
        services.record(run)

    line("record a run", keep, floor=statistics.median(times_of(select_one)))


def main() -> None:
    """Build, then measure."""
    parser = argparse.ArgumentParser(description="The history at a million rows.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--at", default="", help="keep the database here and use it again")
    parser.add_argument("--only", default="", help="measure the cases whose name holds this")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    remove = open_database(os.environ.get("DATABASE_URL", ""), given.at, folder)
    try:
        set_up()
        from django.db import connection

        from debugger.exchanges.models import Exchange

        if not Exchange.objects.exists():
            say(f"{connection.vendor}: {given.rows:,} rows")
            build(given.rows)
        measure(given.only)
        measure_record()
    finally:
        remove()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
