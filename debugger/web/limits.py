"""A limit on what a request may bring, before anything of it is kept.

Django writes a body to a temporary file as it comes, whatever its length; a body that does not
declare its length would fill the disk.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from debugger.web.middleware import HEADERS

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


class TooLargeError(Exception):
    """More bytes came than were allowed."""


class BodyLimit:
    """An ASGI application that answers 413 for a body of more than ``limit`` bytes."""

    def __init__(self, application: Application, *, limit: int) -> None:
        self._application = application
        self._limit = limit

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Pass on what is small enough."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
        elif _declared(scope) > self._limit:
            await _refuse(send)
        else:
            try:
                await self._application(scope, self._counted(receive), send)
            except TooLargeError:
                await _refuse(send)

    def _counted(self, receive: Receive) -> Receive:
        left = self._limit

        async def counted() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                # Django reads the whole body before it begins an answer, so none has begun.
                raise TooLargeError
            return message

        return counted


def _declared(scope: Message) -> int:
    """The length that the request declares; 0 for none or nonsense, which is counted anyway."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            # Python refuses to read thousands of digits, and no body is that long.
            return int(value[:18]) if value.isdigit() else 0
    return 0


async def _refuse(send: Send) -> None:
    body = b"The request is too large.\n"
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),
        *((name.lower().encode(), value.encode()) for name, value in HEADERS.items()),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
