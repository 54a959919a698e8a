from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from rivya_dash.ports import RefusedError, free_port, in_url


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server


def test_a_taken_port_is_one_sentence_that_names_it_and_the_option(taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    with pytest.raises(RefusedError) as refused:
        free_port("127.0.0.1", port, option="--port", patience=0)
    assert str(refused.value) == (
        f"port {port} on 127.0.0.1 is taken by another program. Choose another one with --port."
    )


def test_port_0_gives_a_free_one() -> None:
    port = free_port("127.0.0.1", 0, option="--port", patience=0)
    assert free_port("127.0.0.1", port, option="--port", patience=0) == port


def test_a_port_that_is_about_to_be_given_back_is_waited_for(taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    threading.Timer(0.3, taken.close).start()
    assert free_port("127.0.0.1", port, option="--port", patience=20) == port


def test_a_host_that_is_not_ours_is_refused() -> None:
    with pytest.raises(RefusedError, match="--host"):
        free_port("203.0.113.7", 0, option="--port", patience=0)
    with pytest.raises(RefusedError, match="--host"):
        free_port("not a host", 0, option="--port", patience=0)


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104  # Text, nothing listens there.
        ("::", "[::1]"),
        ("::1", "[::1]"),
        ("dash.local", "dash.local"),
    ],
)
def test_a_host_is_shown_as_a_browser_can_open_it(host: str, shown: str) -> None:
    assert in_url(host) == shown
