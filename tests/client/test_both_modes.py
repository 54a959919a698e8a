"""Mock and live differ in the transport and nowhere else: the same journey over both."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from debugger.client.api import live_upstream, mock_upstream
from debugger.client.media import Media, fetch_media
from debugger.client.outcome import Mode, Outcome
from debugger.contract.operations import CATALOG
from debugger.emulator import accounts, wire
from debugger.emulator.core import Emulator
from debugger.emulator.store import SqliteStore
from tests.client.everything import PNG, run_everything
from tests.emulator.faces import over_http


def seen(outcome: Outcome) -> tuple[Any, ...]:
    """What must not depend on the transport; ids, times and texts differ from run to run."""
    assert outcome.response is not None
    value = outcome.response.value
    answer = sorted(value) if isinstance(value, dict) else None
    kind = dict(outcome.response.headers).get("content-type")
    return (
        outcome.response.status,
        kind,
        outcome.response.is_json,
        answer,
        outcome.failure,
        outcome.drift,
        [secret.pointer for secret in outcome.one_time_secrets],
    )


def test_every_operation_has_the_same_outcome_in_mock_and_over_a_real_socket() -> None:
    emulator = Emulator(SqliteStore())
    now = time.time()
    mock_account = accounts.create(emulator.store, now=now)
    live_account = accounts.create(emulator.store, now=now)
    key = accounts.create_key(emulator.store, live_account, now=now).secret

    async def handle(request: wire.Request) -> wire.Response:
        return emulator.handle(request)

    async def main(base_url: str) -> tuple[dict[str, Outcome], dict[str, Outcome], bytes]:
        mock = mock_upstream(handle, account=mock_account, base_url=base_url)
        mocked = await run_everything(mock)
        lived = await run_everything(live_upstream(base_url), key=key)
        uploaded = lived["files.create"].response
        assert uploaded is not None
        medium = await fetch_media(uploaded.value["url"], allowed_origin=base_url)
        assert isinstance(medium, Media)
        return mocked, lived, b"".join([piece async for piece in medium.body])

    with over_http(emulator) as face:
        mocked, lived, fetched = asyncio.run(main(face.base_url))
    assert {outcome.mode for outcome in mocked.values()} == {Mode.MOCK}
    assert {outcome.mode for outcome in lived.values()} == {Mode.LIVE}
    for operation in CATALOG:
        assert seen(mocked[operation.id]) == seen(lived[operation.id]), operation.id
        assert lived[operation.id].ok, lived[operation.id].failure
    assert fetched == PNG
    assert key not in repr(lived)
