"""The settings as a fresh process reads them from its environment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as loaded

from tests.running import ROOT, clean_environment

READ = """
import json, sys
from rivya_dash import settings
print(json.dumps({name: getattr(settings, name) for name in sys.argv[1:]}, default=str))
"""
PRODUCTION = {
    "RIVYA_DASH_ORIGINS": "https://dash.example.com",
    "RIVYA_DASH_SECRET_KEY": "".join(map(chr, range(48, 123))),
    "RIVYA_DASH_MASTER_KEYS": "tests:" + "A" * 43 + "=",
}


def read(*names: str, data: Path, **environment: str) -> dict[str, Any]:
    environment = clean_environment(RIVYA_DASH_DATA=str(data), **environment)
    done = subprocess.run(  # noqa: S603  # Our own program.
        [sys.executable, "-c", READ, *names],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def manage(*arguments: str, data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    environment = clean_environment(RIVYA_DASH_DATA=str(data), **environment)
    return subprocess.run(  # noqa: S603  # Our own program.
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_configuration_only_loopback_is_served_and_debug_is_off(tmp_path: Path) -> None:
    found = read("DEBUG", "ALLOWED_HOSTS", "RIVYA_BASE_URL", "HTTPS", data=tmp_path)
    assert found == {
        "DEBUG": False,
        "ALLOWED_HOSTS": ["127.0.0.1", "localhost"],
        "RIVYA_BASE_URL": "https://rivya.ai",
        "HTTPS": False,
    }


def test_an_https_origin_turns_on_everything_that_https_allows(tmp_path: Path) -> None:
    names = ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT"]
    found = read(*names, "SECURE_HSTS_SECONDS", "ALLOWED_HOSTS", data=tmp_path, **PRODUCTION)
    assert all(found[name] for name in names)
    assert found["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert found["ALLOWED_HOSTS"] == ["dash.example.com"]


def test_further_hosts_are_allowed_by_name(tmp_path: Path) -> None:
    found = read("ALLOWED_HOSTS", data=tmp_path, RIVYA_DASH_ALLOWED_HOSTS="a.test, b.test")
    assert found["ALLOWED_HOSTS"] == ["127.0.0.1", "a.test", "b.test", "localhost"]


def test_the_secret_key_comes_from_the_environment_or_from_its_file(tmp_path: Path) -> None:
    given = read("SECRET_KEY", data=tmp_path, RIVYA_DASH_SECRET_KEY="given")
    assert given["SECRET_KEY"] == "given"
    (tmp_path / "elsewhere").write_text("from a file\n")
    place = str(tmp_path / "elsewhere")
    found = read("SECRET_KEY", data=tmp_path, RIVYA_DASH_SECRET_KEY_FILE=place)
    assert found["SECRET_KEY"] == "from a file"


def test_without_a_key_every_process_makes_its_own_and_no_server_starts(tmp_path: Path) -> None:
    one, two = (read("SECRET_KEY", data=tmp_path)["SECRET_KEY"] for _ in range(2))
    assert one != two
    started = subprocess.run(  # Our own program.
        [sys.executable, "-c", "import rivya_dash.asgi"],
        cwd=ROOT,
        env=clean_environment(RIVYA_DASH_DATA=str(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode != 0
    assert "There is no secret key" in started.stderr


def test_a_production_environment_passes_the_deploy_check(tmp_path: Path) -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", data=tmp_path, **PRODUCTION)
    assert done.returncode == 0, done.stderr


def test_the_deploy_check_misses_a_lasting_key_and_https(tmp_path: Path) -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", data=tmp_path)
    assert done.returncode != 0
    assert "rivya_dash.E001" in done.stderr
    assert "security.W004" in done.stderr


def test_no_migration_is_missing(tmp_path: Path) -> None:
    done = manage("makemigrations", "--check", "--dry-run", data=tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("address", "option"),
    [("folder://localhost", "data_folder_in"), ("redis://127.0.0.1/0", "unacked_restore_interval")],
)
def test_the_broker_has_the_options_of_its_kind(tmp_path: Path, address: str, option: str) -> None:
    name = "CELERY_BROKER_TRANSPORT_OPTIONS"
    assert option in read(name, data=tmp_path, CELERY_BROKER_URL=address)[name]


def test_no_environment_variable_of_ours_is_read_outside_the_settings() -> None:
    reading = ("os.environ.get(", "os.getenv(")
    for folder in ("debugger", "rivya_dash"):
        for path in (ROOT / folder).rglob("*.py"):
            if path.name not in {"settings.py", "up.py"}:
                text = path.read_text("utf-8")
                assert not any(way in text for way in reading), path


def test_the_tests_never_touch_a_real_data_folder() -> None:
    assert "rivya-dash-tests-" in str(loaded.RIVYA_DASH_DATA)
