"""The commands of the vault, as somebody types them."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

from debugger.keys.models import ApiKey, DataKey
from debugger.keys.vault import rewrapping
from debugger.keys.vault.cache import cache
from debugger.keys.vault.master import name_of, parse
from debugger.teams.models import AuditEvent
from tests.cast import acme, new_key, zenith
from tests.keys.rings import NEW, OLD, data_key, entry, opened, stored
from tests.running import ROOT, clean_environment

BOTH = f"{NEW},{OLD}"


def run(command: str, /, *arguments: str, **options: Any) -> str:
    """What a command prints. It must hold no secret, whatever happens."""
    out = io.StringIO()
    try:
        call_command(command, *arguments, stdout=out, stderr=out, **options)
    except CommandError as error:
        out.write(str(error))
        raise CommandError(out.getvalue()) from None
    finally:
        printed = out.getvalue()
        assert "rvya_sk_" not in printed
        assert OLD.partition(":")[2] not in printed
    return printed


def fails(name: str, *arguments: str) -> str:
    with pytest.raises(CommandError) as error:
        run(name, *arguments)
    return str(error.value)


# -- rotate_master_key ---------------------------------------------------------------------------


@pytest.mark.django_db
def test_every_data_key_goes_under_the_first_master_key() -> None:
    with override_settings(RIVYA_DASH_MASTER_KEYS=OLD):
        keys = [stored(acme()), stored(zenith())]
        before = [bytes(key.sealed or b"") for key in keys]
    with override_settings(RIVYA_DASH_MASTER_KEYS=BOTH):
        printed = run("rotate_master_key")
    assert "Re-wrapped: 2." in printed
    assert '"old" wraps nothing in this database and can be removed' in printed
    with override_settings(RIVYA_DASH_MASTER_KEYS=NEW):
        assert [opened(key) for key in keys] == [new_key()] * 2
    assert [bytes(key.sealed or b"") for key in ApiKey.objects.order_by("pk")] == before


@pytest.mark.django_db
def test_each_team_finds_the_new_wrapping_in_its_audit_log() -> None:
    with override_settings(RIVYA_DASH_MASTER_KEYS=OLD):
        stored(acme())
    with override_settings(RIVYA_DASH_MASTER_KEYS=BOTH):
        run("rotate_master_key")
    event = AuditEvent.objects.get(action="master_key.rotated")
    assert event.team_id == acme().pk
    assert (event.actor_id, event.actor_name) == (None, "System")
    assert event.changed == {"master": ["old", "new"]}
    assert event.place == "rotate_master_key"


@pytest.mark.django_db
def test_a_second_run_finds_nothing_to_do() -> None:
    with override_settings(RIVYA_DASH_MASTER_KEYS=OLD):
        stored(acme())
    with override_settings(RIVYA_DASH_MASTER_KEYS=BOTH):
        run("rotate_master_key")
        version = data_key(acme()).version
        assert "Re-wrapped: 0." in run("rotate_master_key")
    assert data_key(acme()).version == version


@pytest.mark.django_db
def test_a_dry_run_counts_and_changes_nothing() -> None:
    with override_settings(RIVYA_DASH_MASTER_KEYS=OLD):
        stored(acme())
    with override_settings(RIVYA_DASH_MASTER_KEYS=BOTH):
        printed = run("rotate_master_key", "--dry-run")
    assert 'Under "old", an older one: 1.' in printed
    assert name_of(data_key(acme()).master) == "old"


@pytest.mark.django_db
def test_what_no_master_key_opens_stays_and_ends_the_command_with_an_error() -> None:
    with override_settings(RIVYA_DASH_MASTER_KEYS=entry("lost", 5)):
        lost = stored(zenith())
    with override_settings(RIVYA_DASH_MASTER_KEYS=OLD):
        stored(acme())
    with override_settings(RIVYA_DASH_MASTER_KEYS=BOTH):
        said = fails("rotate_master_key")
    assert "Re-wrapped: 1." in said
    assert f"Team {zenith().pk}:" in said
    assert 'Under "lost", an older one: 1.' in said
    assert '"old" wraps nothing' in said
    with override_settings(RIVYA_DASH_MASTER_KEYS=entry("lost", 5)):
        assert opened(lost) == new_key()


@pytest.mark.django_db
def test_an_interrupted_run_is_finished_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    with override_settings(RIVYA_DASH_MASTER_KEYS=OLD):
        keys = [stored(acme()), stored(zenith())]
    real, calls = rewrapping._rewrap, 0

    def interrupted(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return real(*arguments)

    with override_settings(RIVYA_DASH_MASTER_KEYS=BOTH):
        monkeypatch.setattr(rewrapping, "_rewrap", interrupted)
        with pytest.raises(SystemExit) as ended:
            run("rotate_master_key")
        assert ended.value.code == 130
        assert [opened(key) for key in keys] == [new_key()] * 2
        assert sorted(name_of(row.master) for row in DataKey.objects.all()) == ["new", "old"]
        assert "Re-wrapped: 1." in run("rotate_master_key")


@pytest.mark.django_db
def test_many_teams_are_done_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewrapping, "BATCH", 1)
    with override_settings(RIVYA_DASH_MASTER_KEYS=OLD):
        stored(acme())
        stored(zenith())
    with override_settings(RIVYA_DASH_MASTER_KEYS=BOTH):
        printed = run("rotate_master_key")
    assert "1 of 2 ..." in printed
    assert "2 of 2 ..." in printed


@pytest.mark.django_db
@pytest.mark.parametrize("configured", ["", "broken"])
def test_without_a_first_master_key_there_is_nothing_to_rotate_to(configured: str) -> None:
    with override_settings(RIVYA_DASH_MASTER_KEYS=configured):
        assert "master key" in fails("rotate_master_key")


# -- verify_keys ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_when_everything_opens_the_numbers_are_said() -> None:
    stored(acme())
    stored(acme())
    stored(zenith())
    printed = run("verify_keys")
    assert "Acme (acme): 2 open, 0 do not." in printed
    assert "Teams: 2. Values that open: 3. Faults: 0." in printed


@pytest.mark.django_db
def test_an_empty_vault_verifies() -> None:
    acme()
    assert "Teams: 0." in run("verify_keys")


@pytest.mark.django_db
def test_what_does_not_open_is_named_with_its_team_and_its_reason() -> None:
    one, two = stored(acme(), label="Production"), stored(acme(), label="Staging")
    stored(zenith())
    ApiKey.objects.filter(pk=two.pk).update(sealed=one.sealed)
    said = fails("verify_keys")
    assert "Acme (acme): 1 open, 1 do not." in said
    assert f"API key Staging [{two.sealed_as}]: it was changed, or sealed in another place." in said
    assert "Zenith (zenith): 1 open, 0 do not." in said
    assert "Faults: 1." in said


@pytest.mark.django_db
def test_a_lost_master_key_is_the_reason_that_is_given() -> None:
    with override_settings(RIVYA_DASH_MASTER_KEYS=OLD):
        stored(acme())
    with override_settings(RIVYA_DASH_MASTER_KEYS=NEW):
        said = fails("verify_keys")
    assert "data key Acme" in said
    assert "is not configured" in said


@pytest.mark.django_db
def test_a_shredded_key_is_no_fault() -> None:
    stored(acme())
    run("shred_team", "acme", "--yes")
    assert "Faults: 0." in run("verify_keys")


@pytest.mark.django_db
def test_what_people_typed_cannot_speak_to_the_terminal() -> None:
    key = stored(acme(), label=f"\x1b[31m{new_key('q')}")
    ApiKey.objects.filter(pk=key.pk).update(sealed=b"")
    said = fails("verify_keys")
    assert "\x1b" not in said
    assert "qqqq" not in said


# -- shred_team ----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_team_is_shredded_after_its_name_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    key, other = stored(acme()), stored(zenith())
    monkeypatch.setattr("builtins.input", lambda _: "acme")
    assert "Stored keys destroyed: 1." in run("shred_team", "acme")
    assert ApiKey.objects.get(pk=key.pk).sealed is None
    assert opened(other) == new_key()
    event = AuditEvent.objects.get(action="key.all_shredded")
    assert (event.team_id, event.actor_name) == (acme().pk, "System")
    assert event.changed == {"keys": [1, 0]}


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["", "yes", "zenith"])
def test_another_word_shreds_nothing(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    key = stored(acme())
    monkeypatch.setattr("builtins.input", lambda _: typed)
    assert "Nothing was changed." in fails("shred_team", "acme")
    assert opened(key) == new_key()


@pytest.mark.django_db
def test_without_anybody_to_ask_and_without_the_team_it_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nobody(_: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    acme()
    assert "--yes" in fails("shred_team", "acme")
    assert 'no team "nobody"' in fails("shred_team", "nobody", "--yes")


# -- new_master_key ------------------------------------------------------------------------------


def test_a_new_master_key_goes_into_the_file_and_not_onto_the_screen(tmp_path: Path) -> None:
    path = tmp_path / "master-keys"
    path.write_text(OLD)
    with override_settings(MASTER_KEYS_FILE=path, RIVYA_DASH_MASTER_KEYS=OLD):
        printed = run("new_master_key", file=path, name="second")
    keys = parse(path.read_text()).keys
    assert [key.name for key in keys] == ["second", "old"]
    assert 'Master key "second" stands in' in printed
    assert "is set" not in printed
    for line in path.read_text().splitlines():
        assert line.partition(":")[2] not in printed


def test_whoever_writes_a_file_that_is_not_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "other"
    assert "does not read that file" in run("new_master_key", file=path)


def test_only_an_explicit_wish_prints_the_key() -> None:
    printed = run("new_master_key", "--print", "--name", "third")
    assert [key.name for key in parse(printed).keys] == ["third"]
    assert len(printed.splitlines()) == 1
    assert "--file" in fails("new_master_key")


def test_trouble_with_the_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("half a key")
    with pytest.raises(CommandError, match="left as it is"):
        run("new_master_key", file=tmp_path / "keys")
    assert "name must be" in fails("new_master_key", "--print", "--name", "No Name")


# -- While others serve --------------------------------------------------------------------------

SERVE = """
import json, sys
from pathlib import Path
import django
django.setup()
from debugger.keys import vault
from debugger.keys.models import ApiKey
from debugger.teams.models import Team
from tests.cast import new_key

over, mark = Path(sys.argv[1]), Path(sys.argv[2])
count = sealed = 0
while count < 20 or not over.exists():
    for key in ApiKey.objects.select_related("team"):
        assert vault.open_sealed(key.team, row=key.sealed_as, sealed=key.sealed) == new_key()
    team = Team.objects.get(slug="acme")
    assert vault.open_sealed(team, row="x", sealed=vault.seal(team, row="x", value="y")) == "y"
    count += 1
    mark.touch()
print(json.dumps(count))
"""


def database_address() -> str:
    """The address of the tests' own database, for other processes."""
    told = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{told['NAME']}"
    host = f"{told['USER'] or 'postgres'}@{told['HOST'] or '127.0.0.1'}:{told['PORT'] or 5432}"
    return f"postgresql://{host}/{told['NAME']}"


def serve(order: str, *, over: Path, mark: Path) -> subprocess.Popen[str]:
    """Another process of the site, with its own order of master keys."""
    environment = clean_environment(
        DJANGO_SETTINGS_MODULE="rivya_dash.settings",
        DATABASE_URL=database_address(),
        RIVYA_DASH_DATA=str(over.parent),
        RIVYA_DASH_MASTER_KEYS=order,
    )
    return subprocess.Popen(  # noqa: S603  # Our own program.
        [sys.executable, "-c", SERVE, str(over), str(mark)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.django_db(transaction=True)
def test_other_processes_serve_while_the_master_key_is_rotated_to_and_fro(tmp_path: Path) -> None:
    with override_settings(RIVYA_DASH_MASTER_KEYS=OLD):
        stored(acme())
        stored(zenith())
    cache.clear()
    over = tmp_path / "over"
    orders = (f"{OLD},{NEW}", f"{NEW},{OLD}")
    marks = [tmp_path / str(number) for number in range(2)]
    others = [serve(order, over=over, mark=mark) for order, mark in zip(orders, marks, strict=True)]
    try:
        while not all(mark.exists() for mark in marks):
            assert all(other.poll() is None for other in others), "one ended before its time"
            time.sleep(0.02)
        for order in (f"{NEW},{OLD}", f"{OLD},{NEW}") * 5:
            with override_settings(RIVYA_DASH_MASTER_KEYS=order):
                assert "Re-wrapped: 2." in run("rotate_master_key")
                assert "Faults: 0." in run("verify_keys")
    finally:
        over.touch()
        ends = [other.communicate(timeout=60) for other in others]
    assert [error for _, error in ends] == ["", ""]
    assert all(json.loads(printed) >= 20 for printed, _ in ends)
