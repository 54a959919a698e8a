"""The first master key: made once by `rivya-dash up`, and never where that would hide a loss."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from debugger.keys.vault.master import parse
from rivya_dash.datafolder import DataFolder
from rivya_dash.masterkeys import ensure_master_keys
from rivya_dash.ports import RefusedError
from tests.cast import acme
from tests.keys.rings import OLD, entry, stored
from tests.running import Site, start_site

pytestmark = pytest.mark.django_db


def start(folder: Path, **settings: Any) -> list[str]:
    """What the start says about master keys, as configured here."""
    path = folder / "master-keys"
    told = {
        "MASTER_KEYS_FILE": path,
        "RIVYA_DASH_MASTER_KEYS": path.read_text().strip() if path.exists() else "",
        "MASTER_KEYS_TROUBLE": "",
        **settings,
    }
    with override_settings(**told):
        return ensure_master_keys(DataFolder(folder))


@pytest.fixture(autouse=True)
def _one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The start leaves no connection open, and the test's own is one."""
    monkeypatch.setattr("django.db.connections.close_all", lambda: None)


def test_the_first_start_makes_a_master_key_for_its_owner_alone(tmp_path: Path) -> None:
    assert start(tmp_path) == []
    path = tmp_path / "master-keys"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [key.name for key in parse(path.read_text()).keys] == ["first"]


def test_the_next_start_keeps_it(tmp_path: Path) -> None:
    start(tmp_path)
    before = (tmp_path / "master-keys").read_text()
    assert start(tmp_path) == []
    assert (tmp_path / "master-keys").read_text() == before


def test_one_from_the_environment_makes_no_file(tmp_path: Path) -> None:
    assert start(tmp_path, RIVYA_DASH_MASTER_KEYS=OLD) == []
    assert list(tmp_path.iterdir()) == []


def test_a_lost_file_is_said_and_not_replaced(tmp_path: Path) -> None:
    with override_settings(RIVYA_DASH_MASTER_KEYS=OLD):
        stored(acme())
    said = " ".join(start(tmp_path))
    assert "of 1 team cannot be opened: the master key “old”" in said
    assert "is not configured" in said
    assert "Bring it back" in said
    assert list(tmp_path.iterdir()) == []


def test_a_replaced_master_key_is_said(tmp_path: Path) -> None:
    with override_settings(RIVYA_DASH_MASTER_KEYS=OLD):
        stored(acme())
    said = " ".join(start(tmp_path, RIVYA_DASH_MASTER_KEYS=entry("old", 9)))
    assert "has another value now" in said


def test_a_file_of_ones_own_that_is_missing_or_empty_is_said(tmp_path: Path) -> None:
    said = start(tmp_path, MASTER_KEYS_FILE=tmp_path / "elsewhere")
    assert "elsewhere holds no master key" in said[0]
    (tmp_path / "master-keys").touch()
    assert "is empty" in start(tmp_path)[0]


@pytest.mark.parametrize(
    "settings", [{"RIVYA_DASH_MASTER_KEYS": "broken"}, {"MASTER_KEYS_TROUBLE": "Not readable."}]
)
def test_master_keys_that_cannot_be_read_refuse_the_start(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    with pytest.raises(RefusedError, match="the master keys cannot be used"):
        start(tmp_path, **settings)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.process
def test_the_running_site_has_one_and_never_prints_it(running_site: Site) -> None:
    path = running_site.data / "master-keys"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().strip().partition(":")[2] not in running_site.output
    assert "master key" not in running_site.output


@pytest.mark.process
def test_a_broken_master_key_is_a_sentence_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(AssertionError) as ended:
        start_site(tmp_path / "data", "--no-sandbox", RIVYA_DASH_MASTER_KEYS="main:c2hvcnQ=")
    assert '"main" has 5 bytes, it must have 32' in str(ended.value)
    assert "Traceback" not in str(ended.value)
    assert "c2hvcnQ" not in str(ended.value)
