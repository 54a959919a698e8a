"""Webhook deliveries to receivers on this machine; everybody else's answer is made up.

A stand-in that sends to addresses somewhere on the network could be used to knock on doors that
only this machine reaches, so it sends to this machine and nowhere else.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import ipaddress
import socket
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import urlsplit

from debugger.contract.parts import split
from debugger.emulator.asgi import AT_ONCE, Deliver
from debugger.emulator.wire import DeliveryResult

_KEPT: Final = 4096
_SIMULATED: Final = "Answered by the emulator: only receivers on this machine are called."


def deliver_nearby(*, timeout: float) -> Deliver:
    """A ``deliver`` for ``create_app``; a receiver has ``timeout`` seconds for its whole answer."""
    # Threads of their own: receivers that hang must not take those that answer requests.
    threads = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="delivery")

    async def deliver(url: str, headers: Mapping[str, str], body: bytes) -> DeliveryResult:
        if not is_nearby(url):
            return DeliveryResult(status=200, body=_SIMULATED, duration_ms=1)
        post = _Post(timeout)
        sent = asyncio.get_running_loop().run_in_executor(threads, post.send, url, headers, body)
        try:
            async with asyncio.timeout(timeout):
                return await sent
        except TimeoutError:
            return post.late()
        finally:
            post.hang_up()

    return deliver


def is_nearby(url: str) -> bool:
    """Whether a URL names this machine, without asking any name server."""
    try:
        host = split(url).hostname or ""
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Post:
    """One POST, without following redirects; trouble is an outcome, not an exception."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._started = time.monotonic()
        self._socket: socket.socket | None = None
        self._over = False

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> DeliveryResult:
        """Send it and read the beginning of the answer; for a thread that may wait."""
        connection: http.client.HTTPConnection | None = None
        try:
            connection, target, host = self._open(url)
            connection.request("POST", target, body, {"host": host, **headers})
            answer = connection.getresponse()
            text = answer.read(_KEPT).decode("utf-8", "replace")
            return DeliveryResult(status=answer.status, body=text, duration_ms=self._spent())
        except TimeoutError:
            return self.late()
        except (OSError, http.client.HTTPException, ValueError) as trouble:
            words = f"The receiver could not be reached ({type(trouble).__name__})."
            return DeliveryResult(error=words, duration_ms=self._spent())
        finally:
            if connection is not None:
                connection.close()

    def _open(self, url: str) -> tuple[http.client.HTTPConnection, str, str]:
        """A connection, the target of the request, and the Host header."""
        parts = urlsplit(url)
        # Names below localhost mean this machine, whatever a name server makes of them.
        host = "127.0.0.1" if (parts.hostname or "").endswith("localhost") else parts.hostname
        secure = parts.scheme == "https"
        make = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = make(host or "", parts.port, timeout=self._timeout)
        connection.connect()
        self._socket = connection.sock
        if self._over:
            connection.close()
            raise TimeoutError
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return connection, target, parts.netloc

    def late(self) -> DeliveryResult:
        """The outcome of a receiver that took too long."""
        words = "The receiver did not answer in time."
        return DeliveryResult(error=words, duration_ms=self._spent())

    def hang_up(self) -> None:
        """Wake the thread if it still waits for a receiver that says little by little."""
        self._over = True
        if self._socket is not None:
            # An error says that the connection is closed already.
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _spent(self) -> int:
        return round((time.monotonic() - self._started) * 1000)
