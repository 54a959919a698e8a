"""Database connections that are given back before something slow begins."""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import connections

Asked = ParamSpec("Asked")
Result = TypeVar("Result")


def giving_back(work: Callable[Asked, Result]) -> Callable[Asked, Result]:
    """The same work, which gives its database connection back at once.

    Otherwise the connection stays open until the answer has been sent, and an answer may be a
    stream that lasts for minutes: a few of them would hold the whole pool, or all files that the
    process may have open.
    """

    @functools.wraps(work)
    def done(*args: Asked.args, **kwargs: Asked.kwargs) -> Result:
        try:
            return work(*args, **kwargs)
        finally:
            give_back()

    return done


def give_back() -> None:
    """Close this thread's connections, but for those that are in the middle of a transaction."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


async def flowing(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The same pieces of a long answer; until their end no connection is held.

    Middleware may have opened one after the view had its answer, so it is given back here.
    """
    await sync_to_async(give_back)()
    async with aclosing(pieces):
        async for piece in pieces:
            yield piece


async def in_thread(
    work: Callable[Asked, Result], /, *args: Asked.args, **kwargs: Asked.kwargs
) -> Result:
    """Do what reads or writes rows, for an async view, and give the connection back."""
    return await sync_to_async(giving_back(work))(*args, **kwargs)
