"""What goes into the emulator and what comes out: the same for both of its faces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request. Header names are lower case; ``path`` is percent-encoded, without query.

    ``account`` is set by an in-process caller that has already decided whose sandbox this is: it
    stands in for a key that holds every scope. An Authorization header, when sent, wins over it.
    ``base_url`` is the address under which the caller can fetch media (no trailing slash).
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    base_url: str = ""
    account: str | None = None
    peer: str = "local"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes that leave after ``delay`` seconds; ``cut`` breaks the connection instead."""

    data: bytes = b""
    delay: float = 0.0
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """A status, headers, and chunks with their pace; ``delay`` is the wait for the first byte.

    ``refuse`` closes the connection before any byte of the response.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    chunks: Iterable[Chunk] = ()
    delay: float = 0.0
    refuse: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One webhook delivery that is due: what to send where, and its id for the record."""

    id: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryResult:
    """What came of an attempt: a status with the beginning of the body, or an error."""

    status: int | None = None
    body: str = ""
    error: str | None = None
    duration_ms: int = 0
