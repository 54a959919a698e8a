"""Master keys: how they are written, and what is said of those that cannot be used."""

from __future__ import annotations

import base64
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import connections
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from debugger.keys.vault import masterfile
from debugger.keys.vault.master import fresh_entry, name_of, parse, ring
from tests.cast import acme
from tests.keys.rings import NEW, OLD, data_key, entry, stored


def found(*, deploy: bool = False, database: bool = False) -> dict[str, str]:
    """What the checks of the site say about master keys."""
    databases = ["default"] if database else None
    messages = run_checks(include_deployment_checks=deploy, databases=databases)
    return {m.id: m.msg for m in messages if m.id and m.id.startswith("rivya_dash.")}


def test_entries_stand_behind_commas_or_on_lines_of_their_own() -> None:
    assert [key.name for key in parse(f"{OLD}, {NEW}").keys] == ["old", "new"]
    assert [key.name for key in parse(f"\n # first\n{NEW}\r\n{OLD},\n").keys] == ["new", "old"]
    first = parse(f"{NEW}\n{OLD}").first
    assert first is not None
    assert first.name == "new"


def test_base64_may_be_of_either_alphabet_and_without_padding() -> None:
    raw = bytes(range(224, 256))
    texts = [
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
        base64.b64encode(raw).decode().rstrip("="),
    ]
    assert len({parse(f"a:{text}").keys[0].label for text in texts}) == 1


def test_a_label_tells_another_key_under_the_same_name_apart() -> None:
    first, second = parse(entry("main", 1)).keys[0], parse(entry("main", 2)).keys[0]
    assert name_of(first.label) == name_of(second.label) == "main"
    assert first.label != second.label
    assert len(first.label) <= 40
    assert len(parse(entry("n" * 31, 1)).keys[0].label) == 40


SECRET = base64.b64encode(b"canary" * 5 + b"12").decode()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (SECRET, 'Entry 1: it must be "name:base64 of 32 bytes".'),
        (f"Main:{SECRET}", "Entry 1: its name must be 1 to 31 of a-z"),
        (f":{SECRET}", "Entry 1: its name must be"),
        (f"{'n' * 32}:{SECRET}", "Entry 1: its name must be"),
        (f"{SECRET}:main", "Entry 1: its name must be"),
        ("main:§§§", 'Entry 1: what stands behind "main:" is no base64.'),
        (f"main:{SECRET[:20]}", 'Entry 1: "main" has 15 bytes, it must have 32.'),
        (f"main:{SECRET[:-1]}AAA", 'Entry 1: "main" has '),
        (f"{OLD},{entry('old', 3)}", 'Entry 2: there are two master keys named "old".'),
        (f"{OLD},{entry('again', 1)}", 'Entry 2: "again" is the same key as "old".'),
    ],
)
def test_what_cannot_be_used_is_named_by_its_place_and_never_repeated(
    text: str, sentence: str
) -> None:
    result = parse(text)
    assert len(result.problems) == 1
    assert sentence in result.problems[0]
    assert SECRET[:12] not in "".join(result.problems)
    assert result.first is None


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    result = parse(text)
    assert all(key.name for key in result.keys)


def test_beside_a_broken_entry_the_good_ones_open_but_none_wraps() -> None:
    result = parse(f"broken,{OLD}")
    assert [key.name for key in result.keys] == ["old"]
    assert result.first is None


def test_no_repr_shows_a_master_key() -> None:
    result = parse(OLD)
    assert "AQEB" not in repr(result)
    assert "\\x01" not in repr(result)


def test_a_file_that_cannot_be_read_is_a_problem_of_the_ring() -> None:
    with override_settings(RIVYA_DASH_MASTER_KEYS="", MASTER_KEYS_TROUBLE="It cannot be read."):
        assert ring().problems == ("It cannot be read.",)
        assert found()["rivya_dash.E002"] == "It cannot be read."


def test_the_check_of_the_site_says_what_is_wrong() -> None:
    assert "rivya_dash.E002" not in found()
    with override_settings(RIVYA_DASH_MASTER_KEYS="nothing good"):
        assert found()["rivya_dash.E002"].startswith("Entry 1")
    with override_settings(RIVYA_DASH_MASTER_KEYS=""):
        assert "rivya_dash.E002" not in found()


def test_a_deployment_without_master_keys_is_warned() -> None:
    assert "rivya_dash.W001" not in found(deploy=True)
    with override_settings(RIVYA_DASH_MASTER_KEYS=""):
        assert "rivya_dash.W001" in found(deploy=True)
        assert "rivya_dash.W001" not in found()


def test_a_deployment_whose_file_others_may_read_is_warned(tmp_path: Path) -> None:
    path = tmp_path / "master-keys"
    with override_settings(MASTER_KEYS_FILE=path):
        assert "rivya_dash.W002" not in found(deploy=True)
        path.write_text(OLD)
        path.chmod(0o640)
        assert "rivya_dash.W002" not in found(deploy=True)
        path.chmod(0o644)
        assert str(path) in found(deploy=True)["rivya_dash.W002"]


@pytest.mark.django_db
def test_data_keys_whose_master_is_gone_or_changed_are_said_at_the_start() -> None:
    with override_settings(RIVYA_DASH_MASTER_KEYS=OLD):
        stored(acme())
        assert found(database=True) == {}
    with override_settings(RIVYA_DASH_MASTER_KEYS=NEW):
        said = found(database=True)["rivya_dash.W003"]
        assert "of 1 team cannot be opened" in said
        assert "“old”" in said
        assert "is not configured" in said
    with override_settings(RIVYA_DASH_MASTER_KEYS=entry("old", 9)):
        assert "has another value now" in found(database=True)["rivya_dash.W003"]
    assert "rivya_dash.W003" not in found()
    assert name_of(data_key(acme()).master) == "old"


def test_before_the_first_migration_there_is_nothing_to_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import DatabaseError

    from debugger.keys import checks

    def fails(**_: object) -> dict[str, int]:
        raise DatabaseError

    monkeypatch.setattr(checks, "labels_in_use", fails)
    assert checks.data_keys_can_be_opened(databases=list(connections)) == []


def add(path: Path, **options: Any) -> str:
    given: dict[str, Any] = {"name": None, "otherwise": "today", "last": False, **options}
    return masterfile.add(path, **given)


def test_a_new_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    assert add(path) == "today"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [key.name for key in parse(path.read_text()).keys] == ["today"]
    assert [p.name for p in tmp_path.iterdir()] == ["keys"]


def test_a_new_key_stands_in_front_or_behind_and_the_rest_stays(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# ours\n{OLD}\n")
    path.chmod(0o644)
    add(path, name="front")
    add(path, name="behind", last=True)
    assert [key.name for key in parse(path.read_text()).keys] == ["front", "old", "behind"]
    assert f"# ours\n{OLD}\n" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_name_that_is_taken_gets_a_number_unless_it_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    assert [add(path) for _ in range(3)] == ["today", "today-2", "today-3"]
    with pytest.raises(masterfile.FileTroubleError, match='named "today" already'):
        add(path, name="today")
    with pytest.raises(masterfile.FileTroubleError, match="name must be"):
        add(path, name="No")


def test_a_file_that_is_not_understood_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("half a key")
    with pytest.raises(masterfile.FileTroubleError, match="left as it is"):
        add(path)
    assert path.read_text() == "half a key"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(masterfile.FileTroubleError, match="not text"):
        add(path)
    with pytest.raises(masterfile.FileTroubleError, match="cannot be changed"):
        add(tmp_path / "none" / "keys")


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text(OLD)
    (tmp_path / "link").symlink_to("real")
    add(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert len(parse((tmp_path / "real").read_text()).keys) == 2


def test_two_fresh_entries_are_different_keys() -> None:
    assert not parse(f"{fresh_entry('a')},{fresh_entry('b')}").problems
