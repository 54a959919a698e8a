from __future__ import annotations

import stat
from pathlib import Path

import pytest

from rivya_dash.datafolder import DataFolder, InUseError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_is_private_and_has_what_the_parts_need(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "a" / "b")
    folder.open()
    assert mode(folder.path) == 0o700
    assert {"broker", "run"} <= {p.name for p in folder.path.iterdir() if p.is_dir()}
    assert (folder.path / "broker" / "control").is_dir()
    folder.close()


def test_a_second_one_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    first, second = DataFolder(tmp_path), DataFolder(tmp_path)
    first.open()
    with pytest.raises(InUseError, match=r"^\d+$"):
        second.open()
    first.close()
    second.open()
    second.close()


def test_a_clean_end_leaves_no_trace_and_a_kill_does(tmp_path: Path) -> None:
    first = DataFolder(tmp_path)
    first.open()
    first.close()
    second = DataFolder(tmp_path)
    second.open()
    assert not second.left_behind
    second.close()
    (tmp_path / "up.lock").write_text("4711")
    third = DataFolder(tmp_path)
    third.open()
    assert third.left_behind
    third.close()


def test_a_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    path = folder.ensure_secret("secret-key")
    first = path.read_text()
    assert len(first) >= 64
    assert mode(path) == 0o600
    path.chmod(0o644)
    assert folder.ensure_secret("secret-key").read_text() == first
    assert mode(path) == 0o600


def test_marks_of_an_earlier_run_are_gone(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "beat").touch()
    folder = DataFolder(tmp_path)
    folder.open()
    assert list((tmp_path / "run").iterdir()) == []
    folder.close()
