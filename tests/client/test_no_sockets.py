"""In mock mode no socket is opened: every operation runs while sockets are forbidden."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any, NoReturn

import pytest

from debugger.client.api import Call, call, live_upstream, mock_upstream
from debugger.client.emulation import Emulation
from debugger.client.outcome import Outcome
from debugger.contract import operations
from debugger.contract.operations import CATALOG
from debugger.emulator import wire
from debugger.emulator.store import SqliteStore
from tests.client.everything import run_everything


class SocketOpenedError(AssertionError):
    """Something tried to reach a network."""


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whatever leads to a network raises and is noted, so that no handler can hide an attempt.

    The event loop's own pair of sockets exists already and is left alone.
    """
    noted: list[str] = []

    def forbid(owner: Any, name: str) -> None:
        def forbidden(*_arguments: Any, **_named: Any) -> NoReturn:
            noted.append(name)
            raise SocketOpenedError(name)

        monkeypatch.setattr(owner, name, forbidden)

    for name in ("connect", "connect_ex", "bind", "listen", "sendto"):
        forbid(socket.socket, name)
    for name in ("create_connection", "getaddrinfo", "gethostbyname", "create_server"):
        forbid(socket, name)
    for name in ("create_connection", "getaddrinfo", "create_datagram_endpoint", "sock_connect"):
        forbid(asyncio.BaseEventLoop, name)
    return noted


async def _run() -> dict[str, Outcome]:
    emulation = Emulation(SqliteStore())
    account = emulation.new_account()

    async def handle(request: wire.Request) -> wire.Response:
        return emulation.handle(request)

    upstream = mock_upstream(handle, account=account, base_url="http://localhost/mock")
    return await run_everything(upstream)


def test_every_operation_runs_in_mock_mode_with_sockets_forbidden(attempts: list[str]) -> None:
    outcomes = asyncio.run(_run())
    assert attempts == []
    assert sorted(outcomes) == sorted(operation.id for operation in CATALOG)
    troubles = {name: o.failure for name, o in outcomes.items() if o.failure is not None}
    assert troubles == {}
    drifts = {name: outcome.drift for name, outcome in outcomes.items() if outcome.drift}
    assert drifts == {}
    assert json.dumps([o.response.value for o in outcomes.values() if o.response])


def test_the_prohibition_itself_works(attempts: list[str]) -> None:
    upstream = live_upstream("http://127.0.0.1:9")
    request = Call(operation=operations.get("credits.retrieve"))
    # The network library wraps what happens while it connects in a group.
    with pytest.raises((SocketOpenedError, ExceptionGroup)):
        asyncio.run(call(upstream, request))
    assert attempts
