"""Both faces of the emulator behind one small interface, and the cast that calls them."""

from __future__ import annotations

import http.client
import json
import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from debugger.contract.assumptions import DEFAULTS, Assumptions
from debugger.emulator import accounts
from debugger.emulator.asgi import create_app
from debugger.emulator.core import Emulator, Settings
from debugger.emulator.serving import running
from debugger.emulator.store import SqliteStore
from debugger.emulator.wire import Request, Response

NOON = 1_800_000_000.0
JSON = "application/json"


@dataclass
class Clock:
    """Time by argument: it stands still until a test moves it."""

    now: float = NOON

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a caller has in hand at the end; ``end`` is whole, cut or refused."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    end: str = "whole"

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])

    @property
    def message(self) -> str:
        return str(self.json["error"]["message"])


class Face(Protocol):
    """Sends one request."""

    emulator: Emulator
    base_url: str

    def send(
        self, method: str, target: str, *, headers: Mapping[str, str], body: bytes
    ) -> Answer: ...


@dataclass
class InProcess:
    """Calls ``handle`` and reads the chunks, as the client's mock transport does."""

    emulator: Emulator
    base_url: str = "http://emulator.test"

    def send(self, method: str, target: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        path, _, query = target.partition("?")
        request = Request(
            method=method,
            path=path,
            query=query,
            headers={name.lower(): value for name, value in headers.items()},
            body=body,
            base_url=self.base_url,
            peer="127.0.0.1",
        )
        return collect(self.emulator.handle(request))


def collect(response: Response) -> Answer:
    """Read a response to its end, without waiting."""
    if response.refuse:
        return Answer(status=0, headers={}, body=b"", end="refused")
    blocks, end = [], "whole"
    for chunk in response.chunks:
        blocks.append(chunk.data)
        if chunk.cut:
            end = "cut"
            break
    return Answer(
        status=response.status, headers=dict(response.headers), body=b"".join(blocks), end=end
    )


@dataclass
class OverHttp:
    """Calls the same emulator over a real socket."""

    emulator: Emulator
    base_url: str

    def send(self, method: str, target: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        parts = urlsplit(self.base_url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=20)
        try:
            connection.request(method, target, body or None, dict(headers))
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            try:
                data, end = response.read(), "whole"
            except http.client.IncompleteRead as broken:
                data, end = broken.partial, "cut"
            return Answer(status=response.status, headers=found, body=data, end=end)
        except (http.client.RemoteDisconnected, ConnectionResetError):
            return Answer(status=0, headers={}, body=b"", end="refused")
        finally:
            connection.close()


def make_emulator(
    clock: Clock,
    *,
    assumptions: Assumptions = DEFAULTS,
    settings: Settings = Settings(),  # noqa: B008 -- A frozen value is safe to share.
) -> Emulator:
    return Emulator(SqliteStore(), clock=clock, assumptions=assumptions, settings=settings)


@contextmanager
def over_http(emulator: Emulator, *, pace: float = 0.0) -> Iterator[OverHttp]:
    with running(create_app(emulator, pace=pace)) as base_url:
        yield OverHttp(emulator=emulator, base_url=base_url)


@dataclass
class Caller:
    """Somebody with an account and a key, at one of the faces."""

    face: Face
    account: str
    key: str = field(repr=False)

    @classmethod
    def arrive(cls, face: Face, *, credits: int = 1000, **key: Any) -> Caller:
        emulator = face.emulator
        now = emulator.clock()
        account = accounts.create(emulator.store, now=now, credits=credits)
        made = accounts.create_key(emulator.store, account, now=now, **key)
        return cls(face=face, account=account, key=made.secret)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        scenario: str | None = None,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        sent = {"Authorization": f"Bearer {self.key}"}
        data = raw or b""
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = JSON
        if scenario is not None:
            sent["Rivya-Sandbox-Scenario"] = scenario
        target = path if path.startswith("/media/") else f"/api/v1{path}"
        return self.face.send(method, target, headers=sent | dict(headers or {}), body=data)

    def submit(self, **body: Any) -> Answer:
        scenario = body.pop("scenario", None)
        headers = body.pop("headers", None)
        wanted = {"model": "z-image", "prompt": "A quiet lake"} | body
        return self.call("POST", "/generations", wanted, scenario=scenario, headers=headers)

    def upload(self, data: bytes, kind: str = "image", **fields: str) -> Answer:
        scenario = fields.pop("scenario", None)
        name = fields.pop("name", "reference.bin")
        body, content_type = multipart({"kind": kind, **fields}, name=name, data=data)
        headers = {"Content-Type": content_type}
        return self.call("POST", "/files", raw=body, headers=headers, scenario=scenario)

    def credits(self) -> int:
        return int(self.call("GET", "/credits").json["current_credits"])


def multipart(fields: Mapping[str, str], *, name: str, data: bytes) -> tuple[bytes, str]:
    """A multipart body with its content type."""
    border = "border-of-the-test"
    parts = [
        f'--{border}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    head = (
        f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    whole = b"".join(parts) + head.encode() + data + f"\r\n--{border}--\r\n".encode()
    return whole, f"multipart/form-data; boundary={border}"


def wav(seconds: float, *, rate: int = 8000) -> bytes:
    """Silence as an 8-bit mono WAV file."""
    data = b"\x80" * round(seconds * rate)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate, 1, 8)
    rest = b"WAVE" + form + struct.pack("<4sI", b"data", len(data)) + data
    return struct.pack("<4sI", b"RIFF", len(rest)) + rest


def mp4(seconds: float) -> bytes:
    """The boxes of an MP4 video that say what it is and how long, and nothing to see."""

    def box(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I4s", 8 + len(content), name) + content

    header = struct.pack(">IIIII", 0, 0, 0, 1000, round(seconds * 1000)) + b"\0" * 80
    return box(b"ftyp", b"isom\0\0\2\0isommp41") + box(b"moov", box(b"mvhd", header))


PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 64
WEBM = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm" + b"\0" * 32


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
