"""One request on its way through a handler, and the words every handler answers with."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from debugger.contract.assumptions import DEFAULTS, Assumptions
from debugger.contract.errors import explain
from debugger.contract.operations import Operation
from debugger.emulator.scenarios import Scenario
from debugger.emulator.store import Record, Unit
from debugger.emulator.wire import Chunk, Request, Response

_ALPHABET: Final = string.digits + string.ascii_letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """The file part of a multipart body."""

    filename: str
    content_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A multipart body: text fields by name, and the part named ``file``."""

    fields: Mapping[str, str]
    file: Upload | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one emulator is run, as opposed to what is assumed of the API.

    ``local_webhooks`` allows endpoints on plain HTTP and on this machine. ``real_deliveries``
    says that somebody takes the attempts from ``webhooks.due_attempts`` and sends them; without
    it every delivery is answered by the emulator itself. ``wordmark`` is set into every picture
    and film that it makes.
    """

    local_webhooks: bool = False
    real_deliveries: bool = False
    wordmark: str = "MOCK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Everything a handler needs. The unit's transaction is open until the handler returns.

    ``now`` is the account's own time and ``real_now`` the machine's, both POSIX seconds: they
    differ once the account's clock was stepped or sped up. Chunks of a returned response are read
    after the transaction has ended, so a lazy iterable must not touch ``unit``.
    """

    request: Request
    operation: Operation
    unit: Unit
    scenario: Scenario
    now: float
    real_now: float
    request_id: str
    profile: Record
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    form: Form | None = None
    assumptions: Assumptions = DEFAULTS
    settings: Settings = Settings()

    def reply(self, status: int, body: Any, headers: tuple[tuple[str, str], ...] = ()) -> Response:
        """A whole JSON answer."""
        return json_response(status, body, request_id=self.request_id, headers=headers)

    def error(
        self,
        code: str,
        message: str | None = None,
        status: int | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Response:
        """An error answer; message and status default to those of the public error list."""
        return error_response(code, message, status, request_id=self.request_id, headers=headers)

    def mint(self, prefix: str) -> str:
        """A new id, such as ``task_`` and 24 random letters and digits."""
        return mint(prefix, length=self.assumptions.id_length)

    def stamp(self, at: float | None = None) -> str:
        """A moment of the account's time as the API writes it; now when none is given."""
        return stamp(self.now if at is None else at)


def mint(prefix: str, *, length: int = 24) -> str:
    """A random id in the style of the API."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length))


def stamp(at: float) -> str:
    """POSIX seconds as ISO 8601 in UTC with milliseconds: ``2026-05-11T00:00:00.000Z``."""
    moment = datetime.fromtimestamp(at, tz=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def json_response(
    status: int,
    body: Any,
    *,
    request_id: str,
    headers: tuple[tuple[str, str], ...] = (),
) -> Response:
    """A JSON answer in one chunk, with its length."""
    data = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    own = (
        ("content-type", "application/json"),
        ("content-length", str(len(data))),
        ("cache-control", "no-store"),
        ("x-request-id", request_id),
    )
    return Response(status=status, headers=own + headers, chunks=(Chunk(data),))


def error_response(
    code: str,
    message: str | None = None,
    status: int | None = None,
    *,
    request_id: str,
    headers: tuple[tuple[str, str], ...] = (),
) -> Response:
    """The API's error object; ``explain`` knows the usual status and words of every code."""
    known = explain(code)
    body = {"error": {"code": code, "message": message or known.meaning, "requestId": request_id}}
    return json_response(
        status or known.status or 500, body, request_id=request_id, headers=headers
    )
