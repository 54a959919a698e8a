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
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

BATCH = 5_000
PAGE = 1_000
CALLS = 200
SECONDS = 20.0
NEWEST = datetime(2026, 11, 21, 12, tzinfo=UTC)
OPERATIONS = ("generations.create", "generations.retrieve", "chat.completions.create")
CODES = ("rate_limited", "validation_failed", "insufficient_credits", "internal_error")
RARE_CODE = "api_key_revoked"
SYLLABLES = re.findall("..", "kalomiratuvedosiphagristonebuxiquzeomyahe")


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


# -- Rows ----------------------------------------------------------------------------------------


@dataclass
class Vocabulary:
    """Words as frequent as in language: the n-th is n times rarer than the first."""

    chance: random.Random
    words: list[str] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        made: dict[str, None] = {}
        while len(made) < 20_000:
            made["".join(self.chance.choices(SYLLABLES, k=self.chance.randint(2, 5)))] = None
        self.words = list(made)
        total = 0.0
        for number in range(len(self.words)):
            total += 1 / (number + 3)
            self.weights.append(total)

    def prompt(self) -> str:
        """Eight to thirty words."""
        count = self.chance.randint(8, 30)
        return " ".join(self.chance.choices(self.words, cum_weights=self.weights, k=count))


def build(rows: int) -> None:
    """Three teams and so many runs, newest last."""
    from django.db import connection, transaction

    from debugger.exchanges import search
    from debugger.teams.models import Team

    teams = [Team.objects.create(slug=f"bench-{n}", name=f"Bench {n}") for n in range(3)]
    if connection.vendor == "postgresql":
        search.take_down(connection)
    made = run_rows(rows, [team.pk for team in teams])
    began = time.perf_counter()
    for start in range(0, rows, BATCH):
        with transaction.atomic():
            _insert([next(made) for _ in range(min(BATCH, rows - start))])
        if start % 100_000 == 0:
            say(f"  {start:>9,} rows after {time.perf_counter() - began:.0f} s")
    if connection.vendor == "postgresql":
        search.put_up(connection)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    say(f"  {rows:>9,} rows after {time.perf_counter() - began:.0f} s, with all indexes")


def run_rows(rows: int, teams: list[int]) -> Iterator[tuple[tuple[Any, ...], ...]]:
    """The three rows of each run, as the columns of their tables."""
    from debugger.contract import catalog

    chance = random.Random(4)
    vocabulary = Vocabulary(chance)
    models = [model.id for model in catalog.generation_models() + catalog.chat_models()]
    template = [_Template(name) for name in ("Exchange", "ExchangeContent", "ExchangeWords")]
    step = timedelta(days=89) / rows
    for number in range(rows):
        at = NEWEST - timedelta(days=89) + step * number
        yield _one(number, at, template, chance, vocabulary, models, teams)


class _Template:
    """The columns of a table with what a new row has in each, as the database takes it."""

    def __init__(self, name: str) -> None:
        from django.db import connection

        from debugger.exchanges import models

        model: Any = getattr(models, name)
        fields = model._meta.concrete_fields
        self.table = model._meta.db_table
        self.columns = [each.column for each in fields]
        empty = model()
        self.values = {
            each.column: each.get_db_prep_save(each.pre_save(empty, True), connection)
            for each in fields
        }

    def row(self, **values: Any) -> tuple[Any, ...]:
        """One row."""
        return tuple((self.values | values)[column] for column in self.columns)


_TABLES: dict[int, tuple[str, int]] = {}


def _one(
    number: int,
    at: datetime,
    template: list[_Template],
    chance: random.Random,
    vocabulary: Vocabulary,
    models: list[str],
    teams: list[int],
) -> tuple[tuple[Any, ...], ...]:
    from django.db import connection

    from debugger.exchanges import words
    from debugger.web import moments

    row_id = moments.first_id(at) + number % 1024
    team = teams[0 if (part := chance.random()) < 0.9 else 1 if part < 0.98 else 2]
    model = models[min(int(chance.expovariate(0.12)), len(models) - 1)]
    failed = chance.random() < 0.01
    code = (RARE_CODE if number % 5000 == 7 else chance.choice(CODES)) if failed else ""
    code = RARE_CODE if number % 20_000 == 7 else code
    task, key = f"task_{chance.getrandbits(128):024x}", f"{chance.getrandbits(128):032x}"
    request_id, prompt = f"req_{chance.getrandbits(96):024x}", vocabulary.prompt()
    person = int(chance.expovariate(0.3)) + 1
    sent = {"model": model, "prompt": prompt, "params": {"aspect_ratio": "16:9"}}
    came = {"id": task, "status": "queued", "model": model, "reserved_credits": 12, "error": None}
    texts = [moments.name_of("run", row_id), task, request_id, key, OPERATIONS[0], model, code]
    texts += [f"Person {person}", prompt, *words.texts_of(sent), *words.texts_of(came)]
    facts = {
        "id": row_id,
        "team_id": team,
        "at": connection.ops.adapt_datetimefield_value(at),
        "mode": "live" if chance.random() < 0.3 else "mock",
        "operation": chance.choices(OPERATIONS, weights=(6, 3, 1))[0],
        "user_id": person,
        "user_name": f"Person {person}",
        "method": "POST",
        "path": "/api/v1/generations",
        "status": 429 if code else 200,
        "failed": bool(code),
        "error_code": code,
        "request_id": request_id,
        "idempotency_key": key,
        "made": task,
        "model": model,
        "fingerprint": key + key,
        "summary": prompt[:200],
        "total_ms": chance.random() * 900,
        "starred": number % 2_000 == 0,
    }
    content = {"exchange_id": row_id, "request_text": json.dumps(sent), "is_json": True}
    content |= {"response_text": json.dumps(came), "draft": json.dumps({"body": sent})}
    found_by = words.of_texts(texts, team_id=team)
    return (
        template[0].row(**facts),
        template[1].row(**content),
        template[2].row(exchange_id=row_id, words=found_by),
    )


def _insert(rows: list[tuple[tuple[Any, ...], ...]]) -> None:
    from django.db import connection

    for position, name in enumerate(("Exchange", "ExchangeContent", "ExchangeWords")):
        table = _Template(name)
        part = [row[position] for row in rows]
        columns = ", ".join(table.columns)
        if connection.vendor == "postgresql":
            into = f"COPY {table.table} ({columns}) FROM STDIN"
            with connection.cursor() as cursor, cursor.copy(into) as copy:
                for row in part:
                    copy.write_row(row)
            continue
        marks = ", ".join(["%s"] * len(table.columns))
        with connection.cursor() as cursor:
            into = f"INSERT INTO {table.table} ({columns})"
            cursor.executemany(f"{into} VALUES ({marks})", part)


# -- Measuring -----------------------------------------------------------------------------------


def say(line: str) -> None:
    """One line, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


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
        line(name, lambda wanted=wanted: services.page(team, wanted, cursor={}), floor=floor)  # type: ignore[misc]
        counted = lambda wanted=wanted: services.some_total(team, wanted)  # noqa: E731
        line("  count up to 1,000", counted, floor=floor)
        if deep := _walked(team, wanted):
            cursor = {pages.OLDER: deep}
            line(
                f"  page {PAGE:,}",
                lambda wanted=wanted, cursor=cursor: services.page(team, wanted, cursor=cursor),  # type: ignore[misc]
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
