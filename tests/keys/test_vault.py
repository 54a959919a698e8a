"""The vault: what goes in comes out for its own row of its own team, and nowhere else."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from unittest.mock import Mock

import pytest
from django.db import connection, connections, transaction
from django.test import override_settings
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from debugger.keys import vault
from debugger.keys.models import ApiKey, DataKey
from debugger.keys.vault import datakeys, envelope, rewrapping
from debugger.keys.vault.cache import Cache, Wrapped, cache
from debugger.keys.vault.rewrapping import rewrap_all
from debugger.teams.models import Team
from tests.cast import acme, new_key, zenith
from tests.keys.rings import NEW, OLD, data_key, entry, opened, stored

ROW = "0123456789abcdef"


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def refusal(ask: Callable[[], object]) -> vault.VaultError:
    with pytest.raises(vault.VaultError) as refused:
        ask()
    return refused.value


# -- The envelope, without a database ------------------------------------------------------------


def fixed_key(filling: int = 7) -> envelope.Opened:
    return envelope.ready(bytes([filling]) * 32)


@given(st.text(st.characters(codec=None), max_size=300))
def test_any_text_comes_back_as_it_was(value: str) -> None:
    sealed = envelope.seal_value(fixed_key(), value, team=3, row=ROW)
    assert envelope.open_value(fixed_key(), sealed, team=3, row=ROW) == value
    assert len(sealed) == envelope.OVERHEAD + len(value.encode(errors="surrogatepass"))


def test_no_flipped_bit_opens() -> None:
    sealed = envelope.seal_value(fixed_key(), new_key(), team=3, row=ROW)
    for place in range(len(sealed)):
        for bit in range(8):
            changed = bytearray(sealed)
            changed[place] ^= 1 << bit
            with pytest.raises(envelope.DoesNotOpenError):
                envelope.open_value(fixed_key(), bytes(changed), team=3, row=ROW)


def test_no_flipped_bit_of_a_wrapped_data_key_opens() -> None:
    cipher = fixed_key(1).cipher
    wrapped = envelope.wrap(cipher, envelope.new_data_key(), team=3)
    for place in range(len(wrapped)):
        for bit in range(8):
            changed = bytearray(wrapped)
            changed[place] ^= 1 << bit
            with pytest.raises(envelope.DoesNotOpenError):
                envelope.unwrap(cipher, bytes(changed), team=3)


@given(st.data())
def test_no_part_and_no_lengthening_opens(data: st.DataObject) -> None:
    sealed = envelope.seal_value(fixed_key(), new_key(), team=3, row=ROW)
    cut = data.draw(st.integers(0, len(sealed) - 1))
    more = data.draw(st.binary(min_size=1, max_size=20))
    for other in (sealed[:cut], sealed[cut + 1 :], sealed + more, more + sealed):
        with pytest.raises(envelope.DoesNotOpenError):
            envelope.open_value(fixed_key(), other, team=3, row=ROW)


@given(st.integers(0, 2**63 - 1), st.text(min_size=1, max_size=40))
def test_nothing_opens_in_another_place(team: int, row: str) -> None:
    sealed = envelope.seal_value(fixed_key(), "value", team=3, row=ROW)
    if (team, row) != (3, ROW):
        with pytest.raises(envelope.DoesNotOpenError):
            envelope.open_value(fixed_key(), sealed, team=team, row=row)


def test_a_value_and_a_data_key_are_not_taken_for_each_other() -> None:
    cipher = fixed_key().cipher
    wrapped = envelope.wrap(cipher, bytes(32), team=3)
    with pytest.raises(envelope.DoesNotOpenError):
        envelope.open_value(fixed_key(), wrapped, team=3, row="")


def test_the_same_value_is_sealed_differently_each_time() -> None:
    made = {envelope.seal_value(fixed_key(), "value", team=3, row=ROW) for _ in range(100)}
    assert len({sealed[1:13] for sealed in made}) == 100


def test_a_format_of_the_future_is_named() -> None:
    sealed = envelope.seal_value(fixed_key(), "value", team=3, row=ROW)
    with pytest.raises(envelope.DoesNotOpenError, match="format 2 is unknown"):
        envelope.open_value(fixed_key(), b"\x02" + sealed[1:], team=3, row=ROW)


# What this version wrote must open for ever: a change of the layout needs a new format byte.
KEPT = "010c0c0c0c0c0c0c0c0c0c0c0c6f73d3db72300f68b95eb3fd5413797261b0ed72"


def test_what_was_sealed_by_the_first_release_still_opens() -> None:
    assert envelope.open_value(fixed_key(), bytes.fromhex(KEPT), team=3, row=ROW) == "kept"


def test_no_repr_shows_a_data_key() -> None:
    assert repr(fixed_key()) == "Opened()"


# -- Rows ----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_key_comes_back_for_its_own_row() -> None:
    key = stored(acme())
    assert opened(key) == new_key()
    assert new_key().encode() not in bytes(ApiKey.objects.get(pk=key.pk).sealed or b"")


@pytest.mark.django_db
def test_bytes_and_memoryviews_are_opened_alike() -> None:
    key = stored(acme())
    raw = bytes(key.sealed or b"")
    for sealed in (raw, memoryview(raw)):
        assert vault.open_sealed(acme(), row=key.sealed_as, sealed=sealed) == new_key()


@pytest.mark.django_db
def test_a_ciphertext_copied_to_another_row_does_not_open() -> None:
    one, two = stored(acme(), filling="1"), stored(acme(), filling="2")
    ApiKey.objects.filter(pk=two.pk).update(sealed=one.sealed)
    assert refusal(lambda: opened(two)).reason is vault.Reason.TAMPERED
    assert opened(one) == new_key("1")


@pytest.mark.django_db
def test_a_ciphertext_copied_to_another_team_does_not_open() -> None:
    ours, theirs = stored(acme()), stored(zenith())
    ApiKey.objects.filter(pk=theirs.pk).update(sealed=ours.sealed)
    assert refusal(lambda: opened(theirs)).reason is vault.Reason.TAMPERED
    found = refusal(
        lambda: vault.open_sealed(zenith(), row=ours.sealed_as, sealed=bytes(ours.sealed or b""))
    )
    assert found.reason is vault.Reason.TAMPERED


@pytest.mark.django_db
def test_a_row_moved_to_another_team_with_its_data_key_does_not_open() -> None:
    ours, theirs = stored(acme()), stored(zenith())
    row = data_key(acme())
    DataKey.objects.filter(team=zenith()).update(wrapped=row.wrapped, master=row.master)
    ApiKey.objects.filter(pk=theirs.pk).update(sealed=ours.sealed)
    found = refusal(lambda: opened(theirs))
    assert found.reason is vault.Reason.TAMPERED
    assert "data key" in found.detail


@pytest.mark.django_db
@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" * 28, b"\x00" * 100])
def test_truncated_and_empty_values_are_reported(sealed: bytes) -> None:
    key = stored(acme())
    ApiKey.objects.filter(pk=key.pk).update(sealed=sealed)
    assert refusal(lambda: opened(key)).reason is vault.Reason.TAMPERED


@pytest.mark.django_db
@pytest.mark.parametrize("wrapped", [b"", b"\x01" * 10, b"\x01" * 61])
def test_a_damaged_data_key_is_reported(wrapped: bytes) -> None:
    key = stored(acme())
    DataKey.objects.filter(team=acme()).update(wrapped=wrapped)
    for ask in (lambda: opened(key), lambda: stored(acme()), lambda: vault.fingerprint(acme(), "")):
        assert refusal(ask).reason is vault.Reason.TAMPERED
    assert bytes(data_key(acme()).wrapped or b"") == wrapped


@pytest.mark.django_db
def test_what_does_not_open_leaves_one_line_without_secrets(
    caplog: pytest.LogCaptureFixture,
) -> None:
    key = stored(acme())
    ApiKey.objects.filter(pk=key.pk).update(sealed=b"\x01" * 50)
    with caplog.at_level(logging.INFO):
        found = refusal(lambda: opened(key))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert f"Row {key.sealed_as} of team {acme().pk} cannot be opened: tampered" in caplog.text
    for text in (caplog.text, str(found), repr(found), found.detail):
        assert new_key() not in text
        assert (b"\x01" * 50).hex() not in text
    assert found.__cause__ is None


@pytest.mark.django_db
def test_a_row_without_a_name_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="named row"):
        vault.seal(acme(), row="", value="x")


@pytest.mark.django_db
def test_other_secrets_get_names_of_their_own() -> None:
    sealed = vault.seal(acme(), row="webhook:1", value="a")
    assert vault.open_sealed(acme(), row="webhook:1", sealed=sealed) == "a"
    assert refusal(lambda: vault.open_sealed(acme(), row="webhook:2", sealed=sealed))


@pytest.mark.django_db
def test_an_unhandled_refusal_is_a_page_with_its_sentence_not_a_crash() -> None:
    key = stored(acme())
    with override_settings(RIVYA_DASH_MASTER_KEYS=""):
        found = refusal(lambda: opened(key))
    assert found.status == 422
    assert "cannot be opened with the configured master keys" in str(found)


# -- Fingerprints --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_fingerprint_tells_sameness_inside_one_team_only() -> None:
    ours = vault.fingerprint(acme(), new_key())
    assert len(ours) == 16
    assert int(ours, 16) >= 0
    assert vault.fingerprint(acme(), new_key()) == ours
    assert vault.fingerprint(acme(), new_key("x")) != ours
    assert vault.fingerprint(zenith(), new_key()) != ours


@pytest.mark.django_db
def test_a_fingerprint_survives_a_new_master_key() -> None:
    with override_settings(RIVYA_DASH_MASTER_KEYS=OLD):
        before = vault.fingerprint(acme(), new_key())
    with override_settings(RIVYA_DASH_MASTER_KEYS=f"{NEW},{OLD}"):
        rewrap_all()
        assert vault.fingerprint(acme(), new_key()) == before


# -- Master keys that are missing, changed or in another order -----------------------------------


@pytest.mark.django_db
def test_the_order_of_master_keys_does_not_matter_for_opening() -> None:
    with override_settings(RIVYA_DASH_MASTER_KEYS=OLD):
        key = stored(acme())
    for order in (f"{OLD},{NEW}", f"{NEW},{OLD}"):
        with override_settings(RIVYA_DASH_MASTER_KEYS=order):
            assert opened(key) == new_key()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("configured", "sentence"),
    [
        ("", "there are none"),
        (NEW, "“old” is not among them"),
        (entry("old", 9), "“old” is now another key"),
        ("broken", "there are none"),
    ],
)
def test_a_lost_or_changed_master_key_is_a_clear_state(configured: str, sentence: str) -> None:
    with override_settings(RIVYA_DASH_MASTER_KEYS=OLD):
        key = stored(acme())
        assert vault.trouble(acme()) is None
    with override_settings(RIVYA_DASH_MASTER_KEYS=configured):
        found = refusal(lambda: opened(key))
        assert found.reason is vault.Reason.NO_MASTER
        assert sentence in str(found)
        assert str(vault.trouble(acme())) == str(found)
        assert refusal(lambda: stored(acme())).reason is vault.Reason.NO_MASTER
        assert vault.sealing_trouble(acme())
    with override_settings(RIVYA_DASH_MASTER_KEYS=OLD):
        assert opened(key) == new_key()


@pytest.mark.django_db
def test_a_master_key_that_is_taken_away_opens_nothing_more_even_when_cached() -> None:
    with override_settings(RIVYA_DASH_MASTER_KEYS=OLD):
        key = stored(acme())
        opened(key)
    with override_settings(RIVYA_DASH_MASTER_KEYS=NEW):
        assert refusal(lambda: opened(key)).reason is vault.Reason.NO_MASTER


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("configured", "sentence"),
    [("", "has no master key"), (f"{OLD},broken", "are misconfigured")],
)
def test_without_a_usable_master_key_storing_says_so_and_makes_nothing(
    configured: str, sentence: str
) -> None:
    with override_settings(RIVYA_DASH_MASTER_KEYS=configured):
        assert sentence in vault.sealing_trouble(acme())
        found = refusal(lambda: stored(acme()))
    assert isinstance(found, vault.CannotSeal)
    assert sentence in str(found)
    assert not DataKey.objects.filter(wrapped__isnull=False).exists()
    assert stored(acme())


@pytest.mark.django_db
def test_the_sentences_are_translated_when_they_are_read() -> None:
    key = stored(acme())
    vault.shred(acme())
    with translation.override("en"):
        assert "shredded" in str(refusal(lambda: opened(key)))


# -- Shredding -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_was_shredded_is_gone_and_says_so() -> None:
    key, other = stored(acme()), stored(zenith())
    copy = bytes(key.sealed or b"")
    opened(key)
    assert vault.shred(acme(), now=timezone.now()) == 1
    key.refresh_from_db()
    assert key.sealed is None
    assert key.shredded_at is not None
    assert data_key(acme()).wrapped is None
    for sealed in (None, copy):
        found = refusal(partial(vault.open_sealed, acme(), row=key.sealed_as, sealed=sealed))
        assert found.reason is vault.Reason.SHREDDED
    assert opened(other) == new_key()
    assert vault.trouble(acme()) is None


@pytest.mark.django_db
def test_after_a_shredding_a_team_stores_under_a_new_data_key() -> None:
    key = stored(acme())
    copy, before = bytes(key.sealed or b""), data_key(acme()).version
    vault.shred(acme())
    again = stored(acme())
    assert opened(again) == new_key()
    assert data_key(acme()).version > before
    assert again.fingerprint != key.fingerprint
    found = refusal(lambda: vault.open_sealed(acme(), row=key.sealed_as, sealed=copy))
    assert found.reason is vault.Reason.TAMPERED


@pytest.mark.django_db
def test_a_deleted_team_stores_nothing_more() -> None:
    team = acme()
    vault.shred(team)
    Team.objects.filter(pk=team.pk).update(deleted_at=timezone.now(), slug=None)
    assert refusal(lambda: stored(team)).reason is vault.Reason.SHREDDED


@pytest.mark.django_db
def test_a_shredding_that_is_rolled_back_shredded_nothing() -> None:
    key = stored(acme())
    with transaction.atomic():
        vault.shred(acme())
        transaction.set_rollback(True)
    assert opened(key) == new_key()


# -- The cache -----------------------------------------------------------------------------------


def wrapped(team: int, *, version: int = 1, blob: bytes = b"x") -> Wrapped:
    return Wrapped(team=team, master="m", version=version, blob=blob)


def test_the_cache_is_bounded_and_the_oldest_go_first() -> None:
    kept = Cache()
    with override_settings(RIVYA_DASH_DATA_KEYS_KEPT=3):
        for team in range(10):
            kept.put(wrapped(team), fixed_key())
    assert len(kept) == 3
    assert kept.get(wrapped(9)) is not None
    assert kept.get(wrapped(6)) is None


@pytest.mark.parametrize("name", ["RIVYA_DASH_DATA_KEYS_KEPT", "RIVYA_DASH_DATA_KEY_SECONDS"])
def test_the_cache_can_be_switched_off(name: str) -> None:
    kept = Cache()
    with override_settings(**{name: 0}):
        kept.put(wrapped(1), fixed_key())
    assert len(kept) == 0


def test_what_was_kept_long_enough_goes_at_the_next_use(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("debugger.keys.vault.cache.time.monotonic", lambda: now)
    kept = Cache()
    with override_settings(RIVYA_DASH_DATA_KEY_SECONDS=60.0):
        kept.put(wrapped(1), fixed_key())
        now = 1059.0
        assert kept.get(wrapped(1)) is not None
        now = 1060.0
        assert kept.get(wrapped(2)) is None
    assert len(kept) == 0


def test_only_the_very_bytes_that_were_unwrapped_are_found_again() -> None:
    kept = Cache()
    kept.put(wrapped(1), fixed_key())
    assert kept.get(wrapped(1)) is not None
    assert kept.get(wrapped(1, version=2)) is None
    assert kept.get(wrapped(1, blob=b"y")) is None


@pytest.mark.django_db
def test_the_data_key_is_unwrapped_once_and_read_each_time(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Callable[..., object]
) -> None:
    team = acme()
    key = stored(team)
    cache.clear()
    unwrap = Mock(wraps=envelope.unwrap)
    monkeypatch.setattr(envelope, "unwrap", unwrap)
    sealed = bytes(key.sealed or b"")
    for _ in range(5):
        with django_assert_num_queries(1):  # type: ignore[attr-defined]
            vault.open_sealed(team, row=key.sealed_as, sealed=sealed)
    assert unwrap.call_count == 1


# -- At the same time ----------------------------------------------------------------------------


def in_threads(*jobs: Callable[[], object]) -> list[object]:
    """Run all at once, each with a connection of its own."""
    gate = threading.Barrier(len(jobs))

    def run(job: Callable[[], object]) -> object:
        try:
            gate.wait(timeout=30)
            return job()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result() for future in [pool.submit(run, job) for job in jobs]]


@pytest.mark.django_db(transaction=True)
def test_first_seals_at_the_same_time_make_one_data_key() -> None:
    team = acme()
    keys = in_threads(*[lambda n=n: stored(team, filling=n) for n in "abcdefgh"])
    assert DataKey.objects.filter(team=team).count() == 1
    cache.clear()
    for key, filling in zip(keys, "abcdefgh", strict=True):
        assert isinstance(key, ApiKey)
        assert opened(key) == new_key(filling)


@pytest.mark.django_db(transaction=True)
def test_nothing_that_is_stored_slips_past_a_shredding() -> None:
    team = acme()
    stored(team)

    def store() -> None:
        with transaction.atomic():
            stored(team)

    in_threads(*[store] * 4, lambda: vault.shred(team), *[store] * 4)
    for key in ApiKey.objects.filter(team=team, sealed__isnull=False):
        assert opened(key) == new_key()


@pytest.mark.django_db(transaction=True)
def test_a_rewrapping_brings_back_nothing_that_is_shredded_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    team = acme()
    with override_settings(RIVYA_DASH_MASTER_KEYS=OLD):
        stored(team)
    real, shreddings = datakeys.raw_key, []

    def shred() -> None:
        vault.shred(team)
        connections.close_all()

    def interfered(found: Wrapped) -> bytes:
        """Somebody shreds between reading the row and writing it; they have to wait."""
        thread = threading.Thread(target=shred)
        thread.start()
        thread.join(timeout=0.3)
        shreddings.append(thread)
        return real(found)

    monkeypatch.setattr(rewrapping, "raw_key", interfered)
    with override_settings(RIVYA_DASH_MASTER_KEYS=f"{NEW},{OLD}"):
        rewrap_all()
    for thread in shreddings:
        thread.join()
    assert len(shreddings) == 1
    assert data_key(team).wrapped is None


@pytest.mark.django_db(transaction=True)
def test_threads_open_and_seal_while_everything_is_rewrapped() -> None:
    team = acme()
    with override_settings(RIVYA_DASH_MASTER_KEYS=OLD):
        key = stored(team)
    over = threading.Event()
    counts = []

    def work() -> None:
        count = 0
        while count < 5 or not over.is_set():
            assert opened(key) == new_key()
            if count % 10 == 0:
                assert opened(stored(team, filling="z")) == new_key("z")
            count += 1
        counts.append(count)

    def rotate() -> None:
        try:
            for first in (f"{NEW},{OLD}", f"{OLD},{NEW}") * 10:
                with override_settings(RIVYA_DASH_MASTER_KEYS=first):
                    assert rewrap_all().count == 1
        finally:
            over.set()

    with override_settings(RIVYA_DASH_MASTER_KEYS=f"{NEW},{OLD}"):
        in_threads(work, work, work, rotate)
    assert len(counts) == 3
    assert data_key(team).version == 21


@pytest.mark.django_db(transaction=True)
def test_a_seal_without_a_transaction_around_it_locks_nothing_for_long() -> None:
    assert not connection.in_atomic_block
    sealed = vault.seal(acme(), row=ROW, value="x")
    assert in_threads(lambda: vault.open_sealed(acme(), row=ROW, sealed=sealed)) == ["x"]
    assert datakeys.for_opening(acme())
