"""A call before it is sent: what the caller asks for, and the exact HTTP request that makes of it.

``prepare`` is pure. The panels use it for previews and snippets, and ``call`` and ``stream`` send
what it returns, so a preview cannot differ from what goes out.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final
from urllib.parse import quote, urlsplit

from debugger.contract.operations import Kind, Operation

Headers = tuple[tuple[str, str], ...]

USER_AGENT: Final = "rivya-dash/0.1.0"
MAX_URL: Final = 8192
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE: Final = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
# The connection derives these itself; a second opinion would smuggle a request or break it.
_CONNECTION_HEADERS: Final = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


class CannotSend(ValueError):  # noqa: N818 -- the name says what happened.
    """The call is not a possible HTTP request; the text says why and never quotes a secret."""


class BrokenUpload(Exception):  # noqa: N818 -- the name says what happened.
    """The file has another length than was announced, or cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file for a multipart request, and the text fields beside it. ``size`` is in bytes.

    The file is read from its beginning, in pieces, and is not closed.
    """

    filename: str
    content_type: str
    file: BinaryIO = field(repr=False)
    size: int
    fields: Mapping[str, str] = field(default_factory=dict)
    name: str = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One operation with everything that the caller chose.

    ``body`` is any JSON value but null; ``raw_body`` is sent as it is, to try invalid JSON on
    purpose. At most one of ``body``, ``raw_body`` and ``upload`` is given. ``key`` goes into the
    Authorization header, unless ``headers`` names one, and is ignored in mock mode.
    """

    operation: Operation
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Any = None
    raw_body: bytes | None = None
    upload: Upload | None = None
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The request to send. ``body`` is None for none and for an upload, whose parts are framed by
    ``preamble`` and ``epilogue`` around the file's own bytes. ``headers`` are in sending order.
    """

    method: str
    url: str
    headers: Headers = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    upload: Upload | None = None
    preamble: bytes = field(default=b"", repr=False)
    epilogue: bytes = field(default=b"", repr=False)

    @property
    def size(self) -> int:
        """How many bytes of body go out."""
        if self.upload is not None:
            return len(self.preamble) + self.upload.size + len(self.epilogue)
        return len(self.body or b"")


def prepare(call: Call, base_url: str, *, boundary: str | None = None) -> Prepared:
    """The HTTP request for a call; raises CannotSend when there is none.

    ``base_url`` is the upstream's address, with or without a path, without a trailing slash
    needed. ``boundary`` fixes the multipart boundary, which is random otherwise.
    """
    url = _url(call, base_url)
    preamble = epilogue = b""
    body: bytes | None = None
    content_type: str | None = None
    if sum(part is not None for part in (call.body, call.raw_body, call.upload)) > 1:
        raise CannotSend("A call has one body: JSON, raw bytes or an upload.")
    if call.upload is not None:
        boundary = boundary or f"rivya-dash-{secrets.token_hex(12)}"
        preamble, epilogue = _multipart(call.upload, boundary)
        content_type = f"multipart/form-data; boundary={boundary}"
    elif call.raw_body is not None or call.body is not None:
        body = call.raw_body if call.raw_body is not None else _json(call.body)
        content_type = "application/json"
    return Prepared(
        method=call.operation.method,
        url=url,
        headers=_headers(call, content_type),
        body=body,
        upload=call.upload,
        preamble=preamble,
        epilogue=epilogue,
    )


def _url(call: Call, base_url: str) -> str:
    path = call.operation.path
    for parameter in call.operation.path_params:
        value = call.path.get(parameter.name, "")
        path = path.replace("{" + parameter.name + "}", _segment(parameter.name, value))
    pairs = (f"{_component(name)}={_component(value)}" for name, value in call.query.items())
    query = "&".join(pairs)
    url = _base(base_url) + path + ("?" + query if query else "")
    if len(url) > MAX_URL:
        raise CannotSend(f"The address is {len(url)} characters long; {MAX_URL} are sent at most.")
    return url


def _base(base_url: str) -> str:
    base = base_url.rstrip("/")
    try:
        parts = urlsplit(base)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        usable = False
    if not usable or not base.isascii() or re.search(r"[\s\\?#@]", base):
        raise CannotSend(
            "The upstream's base address must be http:// or https:// with a host name, and "
            "without user name, query and fragment."
        )
    return base


def _segment(name: str, value: str) -> str:
    """One path segment: whatever the id is, it cannot leave its place in the path."""
    if not value:
        raise CannotSend(f"{name} is missing: it is part of the address.")
    if value in (".", ".."):
        raise CannotSend(f"{name} cannot be “{value}”: it would change the address.")
    return _component(value)


def _component(value: str) -> str:
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        raise CannotSend("The address holds half of a surrogate pair.") from None


def _json(value: Any) -> bytes:
    try:
        compact = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        try:
            return compact.encode()
        except UnicodeEncodeError:
            # A lone surrogate has no UTF-8 form, but it has a JSON escape.
            return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError):
        raise CannotSend("The body cannot be written as JSON.") from None


def _headers(call: Call, content_type: str | None) -> Headers:
    accept = "text/event-stream" if call.operation.kind is Kind.STREAM else "application/json"
    headers: dict[str, tuple[str, str]] = {
        "accept": ("Accept", accept),
        "user-agent": ("User-Agent", USER_AGENT),
    }
    if call.key:
        headers["authorization"] = ("Authorization", f"Bearer {call.key}")
    if content_type:
        headers["content-type"] = ("Content-Type", content_type)
    for name, value in call.headers.items():
        if call.upload is not None and name.lower() == "content-type":
            raise CannotSend("An upload's Content-Type carries its boundary and cannot be set.")
        headers[name.lower()] = (name, value)
    for name, value in headers.values():
        _check_header(name, value)
    return tuple(headers.values())


def _check_header(name: str, value: str) -> None:
    """Refuse what would end the header early, or what no server could read."""
    if not _TOKEN.fullmatch(name):
        raise CannotSend("A header's name may hold letters, digits and !#$%&'*+-.^_`|~ only.")
    if name.lower() in _CONNECTION_HEADERS:
        raise CannotSend(f"The header {name} is set by the connection and cannot be chosen.")
    if "\r" in value or "\n" in value:
        raise CannotSend(f"The header {name} holds a line break.")
    if not _FIELD_VALUE.fullmatch(value):
        raise CannotSend(f"The header {name} holds a character that HTTP headers cannot carry.")
    if value != value.strip(" \t"):
        raise CannotSend(f"The header {name} begins or ends with a space.")


def _multipart(upload: Upload, boundary: str) -> tuple[bytes, bytes]:
    """What stands before and after the file's bytes (RFC 7578, names quoted as browsers do)."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n{value}\r\n'
        for name, value in upload.fields.items()
    ]
    _check_header("Content-Type", upload.content_type)
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(upload.name)}"; '
        f'filename="{_quoted(upload.filename)}"\r\nContent-Type: {upload.content_type}\r\n\r\n'
    )
    try:
        preamble = "".join(parts).encode()
    except UnicodeEncodeError:
        raise CannotSend("A field of the upload holds half of a surrogate pair.") from None
    return preamble, f"\r\n--{boundary}--\r\n".encode()


def _quoted(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
