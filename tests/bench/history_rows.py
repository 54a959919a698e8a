"""A million runs to measure the history with: skewed as real ones are."""

from __future__ import annotations

import json
import random
import re
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

BATCH = 5_000
NEWEST = datetime(2026, 11, 21, 12, tzinfo=UTC)
TABLES = ("Exchange", "ExchangeContent", "ExchangeWords")
OPERATIONS = ("generations.create", "generations.retrieve", "chat.completions.create")
CODES = ("rate_limited", "validation_failed", "insufficient_credits", "internal_error")
RARE_CODE = "api_key_revoked"
SYLLABLES = re.findall("..", "kalomiratuvedosiphagristonebuxiquzeomyahe")


def say(line: str) -> None:
    """One line, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


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
    maker, step = Maker([team.pk for team in teams]), timedelta(days=89) / rows
    began = time.perf_counter()
    for start in range(0, rows, BATCH):
        with transaction.atomic():
            numbers = range(start, min(start + BATCH, rows))
            _insert([maker.run(n, NEWEST - timedelta(days=89) + step * n) for n in numbers])
        if start % 100_000 == 0:
            say(f"  {start:>9,} rows after {time.perf_counter() - began:.0f} s")
    if connection.vendor == "postgresql":
        search.put_up(connection)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    say(f"  {rows:>9,} rows after {time.perf_counter() - began:.0f} s, with all indexes")


class Maker:
    """Makes the three rows of each run, as the columns of their tables."""

    def __init__(self, teams: list[int]) -> None:
        from debugger.contract import catalog

        self.chance = random.Random(4)
        self.vocabulary = Vocabulary(self.chance)
        self.models = [each.id for each in catalog.generation_models() + catalog.chat_models()]
        self.teams = teams
        self.templates = [Template(name) for name in TABLES]

    def run(self, number: int, at: datetime) -> tuple[tuple[Any, ...], ...]:
        """One run of a moment."""
        from debugger.web import moments

        facts = self._facts(number)
        facts["id"] = moments.first_id(at) + number % 1024
        prompt = self.vocabulary.prompt()
        sent = {
            "model": facts["model"],
            "prompt": prompt,
            "params": {"aspect_ratio": "16:9"},
        }
        came = {
            "id": facts["made"],
            "status": "queued",
            "model": facts["model"],
            "reserved_credits": 12,
            "error": None,
        }
        content = {
            "exchange_id": facts["id"],
            "request_text": json.dumps(sent),
            "response_text": json.dumps(came),
            "draft": json.dumps({"body": sent}),
            "is_json": True,
        }
        words = {"exchange_id": facts["id"], "words": _words(facts, sent, came)}
        facts |= {"summary": prompt[:200], "at": _as_stored(at)}
        return tuple(
            template.row(**values)
            for template, values in zip(self.templates, (facts, content, words), strict=True)
        )

    def _facts(self, number: int) -> dict[str, Any]:
        chance = self.chance
        failed = chance.random() < 0.01
        code = chance.choice(CODES) if failed else ""
        code = RARE_CODE if number % 20_000 == 7 else code
        part, person = chance.random(), int(chance.expovariate(0.3)) + 1
        key = f"{chance.getrandbits(128):032x}"
        return {
            "team_id": self.teams[0 if part < 0.9 else 1 if part < 0.98 else 2],
            "mode": "live" if chance.random() < 0.3 else "mock",
            "operation": chance.choices(OPERATIONS, weights=(6, 3, 1))[0],
            "user_id": person,
            "user_name": f"Person {person}",
            "method": "POST",
            "path": "/api/v1/generations",
            "status": 429 if code else 200,
            "failed": bool(code),
            "error_code": code,
            "request_id": f"req_{chance.getrandbits(96):024x}",
            "idempotency_key": key,
            "made": f"task_{chance.getrandbits(128):024x}",
            "model": self.models[min(int(chance.expovariate(0.12)), len(self.models) - 1)],
            "fingerprint": key + key,
            "total_ms": chance.random() * 900,
            "starred": number % 2_000 == 0,
        }


def _words(facts: dict[str, Any], sent: object, came: object) -> str:
    from debugger.exchanges import words
    from debugger.web import moments

    names = ("made", "request_id", "idempotency_key", "operation", "model", "error_code")
    texts = [moments.name_of("run", facts["id"]), *(facts[name] for name in names)]
    texts += [facts["user_name"], *words.texts_of(sent), *words.texts_of(came)]
    return words.of_texts(texts, team_id=facts["team_id"])


def _as_stored(at: datetime) -> Any:
    from django.db import connection

    return connection.ops.adapt_datetimefield_value(at)


class Template:
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


def _insert(rows: list[tuple[tuple[Any, ...], ...]]) -> None:
    from django.db import connection

    for position, name in enumerate(TABLES):
        table = Template(name)
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
