"""What goes out is exactly what prepare says, and cannot be bent out of shape."""

from __future__ import annotations

import asyncio
import io
import json
import tomllib
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

import pytest

from debugger.client.api import Call, CannotSend, Upload, call, live_upstream, prepare
from debugger.client.outcome import FailureKind, Outcome
from debugger.client.request import USER_AGENT
from debugger.contract import operations
from tests.client.servers import answer, says_and_waits, serving

CREDITS = operations.get("credits.retrieve")
STATUS = operations.get("generations.retrieve")
CREATE = operations.get("generations.create")
SESSIONS = operations.get("chat.sessions.list")
FILES = operations.get("files.create")
STREAM = operations.get("chat.stream")
BASE = "https://rivya.example"
KEY = "rvya_sk_" + "p" * 32


def test_a_call_becomes_a_request() -> None:
    body = {"model": "z-image", "prompt": "ख़बर"}
    prepared = prepare(
        Call(operation=CREATE, body=body, headers={"Idempotency-Key": "k1"}, key="$KEY"), BASE
    )
    assert (prepared.method, prepared.url) == ("POST", f"{BASE}/api/v1/generations")
    assert dict(prepared.headers) == {
        "Accept": "application/json",
        "User-Agent": "rivya-dash/0.1.0",
        "Authorization": "Bearer $KEY",
        "Content-Type": "application/json",
        "Idempotency-Key": "k1",
    }
    assert prepared.body == '{"model":"z-image","prompt":"ख़बर"}'.encode()
    assert prepared.size == len(prepared.body)


def test_a_stream_asks_for_events() -> None:
    prepared = prepare(Call(operation=STREAM, body={}), BASE)
    assert dict(prepared.headers)["Accept"] == "text/event-stream"


@pytest.mark.parametrize(
    ("task", "path"),
    [
        ("task_1", "task_1"),
        ("a/b", "a%2Fb"),
        ("../../admin", "..%2F..%2Fadmin"),
        ("a?b#c", "a%3Fb%23c"),
        ("a%2Fb", "a%252Fb"),
        ("ü", "%C3%BC"),
        ("a b\r\nX: y\0", "a%20b%0D%0AX%3A%20y%00"),
        ("...", "..."),
    ],
)
def test_an_id_cannot_leave_its_place_in_the_path(task: str, path: str) -> None:
    url = prepare(Call(operation=STATUS, path={"taskId": task}), BASE).url
    assert url == f"{BASE}/api/v1/generations/{path}"


def _sent(request: Call, *, base_path: str = "") -> tuple[Outcome, bytes, bytes]:
    bodies: list[bytes] = []

    async def script(
        head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                bodies.append(await reader.readexactly(int(line.split(b":")[1])))
        writer.write(answer(200, b"{}"))

    async def main() -> tuple[Outcome, bytes, bytes]:
        async with serving(script) as server:
            outcome = await call(live_upstream(server.base_url + base_path), request)
            return outcome, server.requests[0], b"".join(bodies)

    return asyncio.run(main())


@pytest.mark.parametrize("task", ["a/b", "../../admin", "a?b#c", "a%2Fb", "ü", "a\r\nX: y\0", "…"])
def test_the_path_on_the_wire_is_the_prepared_one(task: str) -> None:
    request = Call(operation=STATUS, path={"taskId": task}, query={"q": "a b&c=ü/?#"})
    path = prepare(request, "http://x").url.removeprefix("http://x")
    _, head, _ = _sent(request)
    assert head.startswith(f"GET {path} HTTP/1.1\r\n".encode())


def test_a_base_address_may_have_a_path() -> None:
    _, head, _ = _sent(Call(operation=CREDITS), base_path="/prefix/")
    assert head.startswith(b"GET /prefix/api/v1/credits HTTP/1.1\r\n")


def test_a_body_arrives_as_prepared_once() -> None:
    _, head, body = _sent(Call(operation=CREATE, body={"a": "ü\ud800"}))
    assert json.loads(body) == {"a": "ü\ud800"}
    assert head.lower().count(b"content-type:") == 1
    assert head.lower().count(b"host:") == 1


def test_raw_bytes_are_sent_as_they_are() -> None:
    raw = b'{"broken": \xff'
    outcome, head, body = _sent(Call(operation=CREATE, raw_body=raw))
    assert body == raw
    assert b"application/json" in head
    assert outcome.request.body == '{"broken": \ufffd'


def test_a_typed_header_wins_over_ours() -> None:
    headers = {"authorization": "Token mine-own-secret", "accept": "*/*"}
    outcome, head, _ = _sent(Call(operation=CREDITS, headers=headers, key=KEY))
    assert b"authorization: Token mine-own-secret" in head
    assert KEY.encode() not in head
    assert head.lower().count(b"accept:") == 1
    assert "mine-own-secret" not in repr(outcome)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"operation": STATUS}, "taskId is missing"),
        ({"operation": STATUS, "path": {"taskId": ""}}, "taskId is missing"),
        ({"operation": STATUS, "path": {"taskId": ".."}}, "taskId"),
        ({"operation": STATUS, "path": {"taskId": "."}}, "taskId"),
        ({"operation": STATUS, "path": {"taskId": "\ud800"}}, "surrogate"),
        ({"operation": STATUS, "path": {"taskId": "x" * 9000}}, "long"),
        ({"headers": {"X-A": "a\r\nX-B: b"}}, "line break"),
        ({"headers": {"X-A": "a\nb"}}, "line break"),
        ({"headers": {"X-A": "a\0b"}}, "cannot carry"),
        ({"headers": {"X-A": "뉴스"}}, "cannot carry"),
        ({"headers": {"X-A": " a"}}, "space"),
        ({"headers": {"X A": "a"}}, "name"),
        ({"headers": {"": "a"}}, "name"),
        ({"headers": {"X-A:": "a"}}, "name"),
        ({"headers": {"Host": "evil.example"}}, "Host"),
        ({"headers": {"Content-Length": "5"}}, "Content-Length"),
        ({"headers": {"transfer-encoding": "chunked"}}, "transfer-encoding"),
        ({"key": "two\r\nlines"}, "line break"),
        ({"key": "ключ"}, "cannot carry"),
        ({"body": {}, "raw_body": b""}, "one body"),
        ({"body": float("nan")}, "JSON"),
        ({"body": object()}, "JSON"),
    ],
)
def test_an_impossible_request_is_not_sent_and_says_why(changes: dict[str, Any], word: str) -> None:
    request = Call(**({"operation": CREDITS} | changes))
    with pytest.raises(CannotSend, match=word):
        prepare(request, BASE)
    outcome = asyncio.run(call(live_upstream(BASE), request))
    assert outcome.failure is not None
    assert outcome.failure.kind is FailureKind.NOT_SENT
    assert word in outcome.failure.detail
    assert outcome.response is None
    assert "ключ" not in repr(outcome)


@pytest.mark.parametrize(
    "base",
    [
        "",
        "rivya.ai",
        "ftp://rivya.ai",
        "https://",
        "https://u:p@rivya.ai",
        "https://a b",
        "http://[",
    ],
)
def test_a_base_address_that_is_none_is_refused(base: str) -> None:
    with pytest.raises(CannotSend):
        prepare(Call(operation=CREDITS), base)


def test_an_upload_is_multipart_with_its_length() -> None:
    data = bytes(range(256)) * 4000
    upload = Upload(
        filename='a "quoted"\r\nname.png',
        content_type="image/png",
        file=io.BytesIO(data),
        size=len(data),
        fields={"kind": "image", "model": "gpt-image-2"},
    )
    upload.file.seek(77)
    outcome, head, body = _sent(Call(operation=FILES, upload=upload))
    assert outcome.ok
    assert f"Content-Length: {len(body)}".encode() in head
    kind = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-type"))
    message = BytesParser(policy=HTTP).parsebytes(kind + b"\r\n\r\n" + body)
    parts = [part.get_payload(decode=True) for part in message.iter_parts()]
    assert parts == [b"image", b"gpt-image-2", data]
    assert b'filename="a %22quoted%22%0D%0Aname.png"' in body
    assert outcome.request.body_size == len(body)
    assert f"({len(data)} bytes of the file)" in (outcome.request.body or "")


@pytest.mark.parametrize("said", [3, 100_000])
def test_a_file_of_another_length_than_it_said_is_not_sent(said: int) -> None:
    upload = Upload(filename="a", content_type="image/png", file=io.BytesIO(b"x" * 50), size=said)

    async def main() -> Outcome:
        async with serving(says_and_waits()) as server:
            return await call(live_upstream(server.base_url), Call(operation=FILES, upload=upload))

    outcome = asyncio.run(main())
    assert outcome.failure is not None
    assert outcome.failure.kind is FailureKind.NOT_SENT
    assert "file" in outcome.failure.detail


def test_a_file_that_was_closed_is_not_sent() -> None:
    upload = Upload(filename="a", content_type="image/png", file=io.BytesIO(b"x"), size=1)
    upload.file.close()
    outcome, _, _ = _sent(Call(operation=FILES, upload=upload))
    assert outcome.failure is not None
    assert outcome.failure.kind is FailureKind.NOT_SENT


def test_a_call_does_not_show_its_key() -> None:
    request = Call(operation=CREDITS, key=KEY, headers={"Authorization": KEY})
    assert KEY not in repr(request)
    assert KEY not in repr(prepare(request, BASE))


def test_the_user_agent_names_the_version_of_the_package() -> None:
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert f"rivya-dash/{tomllib.loads(text)['project']['version']}" == USER_AGENT
