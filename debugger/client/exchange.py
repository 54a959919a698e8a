"""One HTTP exchange as it happens: sending, the trace of the connection, the clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

import httpx

from debugger.client.outcome import Failure, FailureKind, Mode, Outcome, RequestSnapshot, Timings
from debugger.client.redact import Redactor
from debugger.client.request import BrokenUpload, Call, CannotSend, Prepared, Upload, prepare
from debugger.client.snapshots import of_request
from debugger.client.transport import Upstream, transport_of
from debugger.client.troubles import of_exception
from debugger.contract.operations import Operation

_READ: Final = 256 * 1024
_PHASES: Final = {
    "connection.connect_tcp.started": "connect",
    "connection.start_tls.started": "tls",
    "http11.send_request_headers.started": "sent",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one exchange. Times are seconds, sizes are bytes of the decoded body.

    ``read`` is the longest silence; ``total`` covers everything. A body is kept up to ``keep``
    and counted, without being kept, up to ``stop``, where reading is given up.
    """

    connect: float = 5.0
    read: float = 30.0
    write: float = 30.0
    total: float = 60.0
    keep: int = 4 * 1024 * 1024
    stop: int = 64 * 1024 * 1024


class Trace:
    """The clock of one exchange, and how far its connection has come."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._connect_began: float | None = None
        self._connect_ended: float | None = None
        self.first_byte_ms: float | None = None
        self.phase = ""

    def now_ms(self) -> float:
        """Milliseconds since the call began."""
        return (time.perf_counter() - self._began) * 1000

    async def __call__(self, name: str, _info: dict[str, Any]) -> None:
        """Hear one event of the connection (the trace extension of httpx)."""
        self.phase = _PHASES.get(name, self.phase)
        if name == "connection.connect_tcp.started":
            self._connect_began = self.now_ms()
        elif name in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._connect_ended = self.now_ms()

    def timings(self) -> Timings:
        """What is known up to now."""
        began, ended = self._connect_began, self._connect_ended
        return Timings(
            connect_ms=ended - began if began is not None and ended is not None else None,
            first_byte_ms=self.first_byte_ms,
            total_ms=self.now_ms(),
        )


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One call under way. ``prepared`` is None when it cannot be sent."""

    upstream: Upstream
    operation: Operation
    limits: Limits
    redactor: Redactor
    request: RequestSnapshot
    prepared: Prepared | None
    trouble: str = ""
    trace: Trace = field(default_factory=Trace)

    async def open(self) -> httpx.Response:
        """Send, and return once the response's headers are here. Raises what httpx raises.

        The caller closes the response.
        """
        prepared = cast(Prepared, self.prepared)
        request = httpx.Request(
            prepared.method,
            prepared.url,
            headers=_wire_headers(prepared),
            content=_content(prepared),
            extensions={
                "timeout": httpx.Timeout(
                    connect=self.limits.connect,
                    read=self.limits.read,
                    write=self.limits.write,
                    pool=self.limits.connect,
                ).as_dict(),
                "trace": self.trace,
            },
        )
        response = await transport_of(self.upstream).handle_async_request(request)
        self.trace.first_byte_ms = self.trace.now_ms()
        self.trace.phase = "answered"
        return response

    def remaining(self) -> float:
        """Seconds that are left of the total."""
        return max(0.0, self.limits.total - self.trace.now_ms() / 1000)

    def failed(self, trouble: BaseException, *, answered: bool) -> Failure:
        """The Failure for an exception of the transport."""
        return of_exception(
            trouble, url=self.request.url, phase=self.trace.phase, answered=answered
        )

    def ended(self, failure: Failure | None, **parts: Any) -> Outcome:
        """The Outcome, with the clock stopped now and every text of the failure redacted."""
        return Outcome(
            operation_id=self.operation.id,
            mode=self.upstream.mode,
            request=self.request,
            response=parts.get("response"),
            timings=self.trace.timings(),
            failure=None if failure is None else _clean(failure, self.redactor),
            drift=parts.get("drift", ()),
            one_time_secrets=parts.get("one_time_secrets", ()),
        )

    def not_sent(self) -> Outcome:
        """The Outcome of a call that is no possible request."""
        return self.ended(Failure(kind=FailureKind.NOT_SENT, detail=self.trouble))


def begin(upstream: Upstream, call: Call, *, limits: Limits) -> Exchange:
    """Prepare a call and take its snapshot. In mock mode the key stays behind."""
    known = (call.key, *_typed_credentials(call))
    redactor = Redactor(known=known)
    if upstream.mode is Mode.MOCK and call.key is not None:
        call = replace(call, key=None)
    prepared: Prepared | None = None
    trouble = ""
    try:
        prepared = prepare(call, upstream.base_url)
        request = of_request(prepared, redactor)
    except CannotSend as reason:
        trouble = str(reason)
        url = upstream.base_url + call.operation.path
        request = RequestSnapshot(method=call.operation.method, url=redactor.text(url), headers=())
    return Exchange(
        upstream=upstream,
        operation=call.operation,
        limits=limits,
        redactor=redactor,
        request=request,
        prepared=prepared,
        trouble=trouble,
    )


def _typed_credentials(call: Call) -> list[str]:
    """What a caller typed into the Authorization header by hand is a secret of this call too."""
    typed = [value for name, value in call.headers.items() if name.lower() == "authorization"]
    return [value.split(None, 1)[-1] for value in typed if value.strip()]


def _wire_headers(prepared: Prepared) -> list[tuple[bytes, bytes]]:
    pairs = [(name.encode("ascii"), value.encode("latin-1")) for name, value in prepared.headers]
    if not any(name.lower() == b"accept-encoding" for name, _ in pairs):
        # Only what can be inflated within bounds is asked for.
        pairs.append((b"Accept-Encoding", b"gzip, deflate"))
    if prepared.upload is not None:
        pairs.append((b"Content-Length", str(prepared.size).encode()))
    return pairs


def _content(prepared: Prepared) -> bytes | AsyncIterator[bytes] | None:
    if prepared.upload is None:
        return prepared.body
    return _parts(prepared, prepared.upload)


async def _parts(prepared: Prepared, upload: Upload) -> AsyncIterator[bytes]:
    yield prepared.preamble
    left = upload.size
    try:
        await asyncio.to_thread(upload.file.seek, 0)
        while piece := await asyncio.to_thread(upload.file.read, _READ):
            left -= len(piece)
            if left < 0:
                break
            yield piece
    except (OSError, ValueError) as trouble:
        raise BrokenUpload from trouble
    if left:
        # The announced length has gone out already: nothing else can be said on this connection.
        raise BrokenUpload
    yield prepared.epilogue


def _clean(failure: Failure, redactor: Redactor) -> Failure:
    return replace(
        failure,
        code=_clean_text(failure.code, redactor),
        message=_clean_text(failure.message, redactor),
        request_id=_clean_text(failure.request_id, redactor),
        detail=redactor.text(failure.detail),
    )


def _clean_text(text: str | None, redactor: Redactor) -> str | None:
    return None if text is None else redactor.text(text)
