"""Where a team outgrows the embedded default: PostgreSQL, Redis, RabbitMQ, by environment alone."""

from __future__ import annotations

import importlib.util
import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from kombu import Connection

from tests.needs import missing
from tests.running import start_site

pytestmark = [pytest.mark.services, pytest.mark.process]

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432")
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/15")
RABBITMQ = os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")


def reach(url: str, *, package: str) -> None:
    address = urlsplit(url)
    if importlib.util.find_spec(package) is None:
        missing("services", f"the package {package} is not installed")
    try:
        socket.create_connection((address.hostname or "", address.port or 0), timeout=2).close()
    except OSError as error:
        missing("services", f"{address.scheme} does not answer: {error}")


@pytest.fixture
def database() -> Iterator[str]:
    """A PostgreSQL database of this test's own."""
    reach(POSTGRES, package="psycopg")
    import psycopg

    name = f"rivya_dash_{secrets.token_hex(6)}"
    with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{POSTGRES}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=[(REDIS, "redis"), (RABBITMQ, "amqp")], ids=["redis", "rabbitmq"])
def broker(request: pytest.FixtureRequest) -> Iterator[str]:
    """A broker whose queue is empty before and after."""
    address, package = request.param
    reach(address, package=package)

    def empty() -> None:
        with Connection(address) as connection:
            connection.SimpleQueue("celery").clear()

    empty()
    yield address
    empty()


def test_web_worker_and_beat_work_on_postgresql_and_a_broker(
    tmp_path: Path, database: str, broker: str
) -> None:
    import psycopg

    # Being ready means that the site read its database and that a task went through the broker.
    site = start_site(
        tmp_path / "data", "--no-sandbox", DATABASE_URL=database, CELERY_BROKER_URL=broker
    )
    try:
        with psycopg.connect(database) as connection:
            applied = connection.execute("SELECT count(*) FROM django_migrations").fetchone()
        assert applied
        assert applied[0] > 5
        assert not list((site.data / "broker").glob("*.msg"))
        assert not (site.data / "rivya-dash.sqlite3").exists()
    finally:
        assert site.stop() == 0
    assert site.processes() == {}
