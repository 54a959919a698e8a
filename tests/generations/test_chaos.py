"""Workers are killed and the broker is wiped, and each job still ends exactly once.

The full size is ``python -m tests.generations.chaos``; see there for what is checked.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.running import ROOT, clean_environment
from tests.site.test_services import POSTGRES, REDIS, reach

pytestmark = pytest.mark.process
SMALL = (
    *("--jobs", "40", "--kills", "3", "--wipes", "1"),
    *("--window", "6", "--longest", "4", "--patience", "120", "--short-leases"),
)


def chaos(**environment: str) -> str:
    """A small run; its report. Fails with the report when anything is amiss."""
    done = subprocess.run(  # noqa: S603  # Our own program.
        [sys.executable, "-m", "tests.generations.chaos", *SMALL],
        cwd=ROOT,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check(report: str) -> None:
    assert "3 workers killed, the broker wiped 1 times, 0 jobs left" in report
    assert "Each job ended exactly once." in report


def test_each_job_ends_once_whatever_dies_on_sqlite() -> None:
    check(chaos())


@pytest.fixture
def database() -> Iterator[str]:
    """A PostgreSQL database of this test's own."""
    reach(POSTGRES, package="psycopg")
    import psycopg

    name = f"rivya_dash_chaos_{secrets.token_hex(6)}"
    with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{POSTGRES}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.services
def test_each_job_ends_once_whatever_dies_on_postgresql_and_redis(database: str) -> None:
    reach(REDIS, package="redis")
    # A number of its own, because a wipe takes everything that is there.
    broker = urlsplit(REDIS)._replace(path="/13").geturl()
    check(chaos(DATABASE_URL=database, CELERY_BROKER_URL=broker))
