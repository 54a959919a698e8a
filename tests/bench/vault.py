"""What sealing and opening a key costs: ``python -m tests.bench.vault``.

Each round times all of these in turn, on a new SQLite database:

bare AESGCM   one encryption or decryption of the same text, bound to as many bytes
Fernet        the library's recipe for the same text; it binds nothing to a row
envelope      our format and binding around AESGCM, without rows
vault         what a page pays: the team's row is read, for sealing in a transaction
vault, cold   the same without the cache: the data key is unwrapped and both subkeys derived anew
unwrapping    what the cache spares: one data key unwrapped, its subkeys derived
row alone     the one read that opening does, and nothing else

The ratio is to the bare call of the same round. What limits the vault is its row, read each time
so that what another process shreds or re-wraps counts at once: beside it the cache spares little.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROUNDS = 15
CALLS = 400
VALUE = "rvya_sk_" + "b" * 40
ROW = "0123456789abcdef"
TEAM = 1

Calls = dict[str, Callable[[], object]]


def set_up(folder: Path) -> None:
    """A database of this run's own, and one master key."""
    os.environ["RIVYA_DASH_DATA"] = str(folder)
    os.environ["DATABASE_URL"] = f"sqlite:///{folder / 'bench.sqlite3'}"
    os.environ["RIVYA_DASH_MASTER_KEYS"] = "bench:" + "A" * 43 + "="
    os.environ["DJANGO_SETTINGS_MODULE"] = "rivya_dash.settings"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)


def without_rows() -> tuple[Calls, Calls]:
    """The floor, the usual rival, and our envelope: for sealing and for opening."""
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from debugger.keys.vault import envelope

    cipher, fernet = AESGCM(AESGCM.generate_key(256)), Fernet(Fernet.generate_key())
    key, plain = envelope.ready(envelope.new_data_key()), VALUE.encode()
    blob = envelope.seal_value(key, VALUE, team=TEAM, row=ROW)
    wrapped = envelope.wrap(cipher, envelope.new_data_key(), team=TEAM)
    token, bound, nonce = fernet.encrypt(plain), b"x" * 42, os.urandom(12)
    sealed = cipher.encrypt(nonce, plain, bound)
    return (
        {
            "bare AESGCM": lambda: cipher.encrypt(os.urandom(12), plain, bound),
            "Fernet": lambda: fernet.encrypt(plain),
            "envelope": lambda: envelope.seal_value(key, VALUE, team=TEAM, row=ROW),
        },
        {
            "bare AESGCM": lambda: cipher.decrypt(nonce, sealed, bound).decode(),
            "Fernet": lambda: fernet.decrypt(token).decode(),
            "envelope": lambda: envelope.open_value(key, blob, team=TEAM, row=ROW),
            "unwrapping": lambda: envelope.ready(envelope.unwrap(cipher, wrapped, team=TEAM)),
        },
    )


def with_rows() -> tuple[Calls, Calls]:
    """The vault as the product calls it: for sealing and for opening."""
    from debugger.keys import vault
    from debugger.keys.models import DataKey
    from debugger.keys.vault.cache import cache
    from debugger.teams.models import Team

    team = Team.objects.create(slug="bench", name="Bench")
    blob = vault.seal(team, row=ROW, value=VALUE)
    columns = ("team_id", "master", "version", "wrapped")

    def seal() -> object:
        return vault.seal(team, row=ROW, value=VALUE)

    def open_one() -> object:
        return vault.open_sealed(team, row=ROW, sealed=blob)

    def row() -> object:
        return DataKey.objects.filter(team_id=team.pk).values_list(*columns).first()

    def cold(call: Callable[[], object]) -> Callable[[], object]:
        def cleared() -> object:
            cache.clear()
            return call()

        return cleared

    return (
        {"vault": seal, "vault, cold": cold(seal)},
        {"vault": open_one, "vault, cold": cold(open_one), "row alone": row},
    )


def measured(call: Callable[[], object]) -> float:
    """Microseconds for one call."""
    began = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - began) / CALLS * 1e6


def report(title: str, calls: Calls) -> None:
    """Time all in turn; print each one's median, spread, and ratio to the bare call."""
    for call in calls.values():
        call()
    rounds = [{name: measured(call) for name, call in calls.items()} for _ in range(ROUNDS)]
    sys.stdout.write(f"{title}, {len(VALUE)} characters, {ROUNDS} rounds of {CALLS}\n")
    for name in calls:
        times = [round_[name] for round_ in rounds]
        ratio = statistics.median(round_[name] / round_["bare AESGCM"] for round_ in rounds)
        sys.stdout.write(
            f"  {name:12} median {statistics.median(times):8.1f} µs "
            f"({min(times):.1f} to {max(times):.1f}), {ratio:6.1f} x bare AESGCM\n"
        )


def main() -> None:
    """Sealing, then opening."""
    folder = Path(tempfile.mkdtemp())
    try:
        set_up(folder)
        sealing, opening = without_rows()
        stored_sealing, stored_opening = with_rows()
        report("Sealing", sealing | stored_sealing)
        report("Opening", opening | stored_opening)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
