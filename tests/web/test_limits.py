from __future__ import annotations

from typing import Any

from asgiref.sync import async_to_sync

from debugger.web.limits import BodyLimit, Message, Receive, Send

LIMIT = 1_000


async def count(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    total, more = 0, True
    while more:
        message = await receive()
        total += len(message.get("body", b""))
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(total).encode()})


def ask(*parts: bytes, declared: bytes | None = None) -> tuple[int, bytes, int]:
    """The status and body of the answer, and how many parts of the request were taken."""
    sent: list[Message] = []
    waiting: list[Message] = [
        {"type": "http.request", "body": part, "more_body": number < len(parts)}
        for number, part in enumerate(parts, start=1)
    ]
    headers = [(b"content-length", declared)] if declared is not None else []

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "http", "headers": headers}
    async_to_sync(BodyLimit(count, limit=LIMIT))(scope, receive, send)
    return sent[0]["status"], sent[1]["body"], len(parts) - len(waiting)


def test_a_body_up_to_the_limit_arrives() -> None:
    assert ask(b"a" * 600, b"b" * 400) == (200, b"1000", 2)
    assert ask(b"") == (200, b"0", 1)


def test_a_body_that_declares_too_much_is_not_read_at_all() -> None:
    status, _, taken = ask(b"a", declared=b"1001")
    assert (status, taken) == (413, 0)


def test_a_body_that_grows_too_large_is_not_read_to_its_end() -> None:
    status, _, taken = ask(b"a" * 600, b"b" * 600, b"c" * 600)
    assert (status, taken) == (413, 2)


def test_a_length_that_is_nonsense_is_counted_instead() -> None:
    assert ask(b"a" * 600, declared=b"-5") == (200, b"600", 1)
    assert ask(b"a" * 1001, declared=b"many")[0] == 413


def test_other_connections_pass() -> None:
    seen: list[str] = []

    async def note(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def receive() -> Message:
        return {}

    async def send(message: Message) -> None:
        del message

    async_to_sync(BodyLimit(note, limit=1))({"type": "lifespan"}, receive, send)
    assert seen == ["lifespan"]


def test_a_length_of_thousands_of_digits_is_too_large() -> None:
    assert ask(declared=b"9" * 5000)[0] == 413


def test_the_refusal_carries_the_headers_of_every_other_answer() -> None:
    sent: list[Message] = []

    async def nobody(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        raise AssertionError

    async def receive() -> Message:
        return {}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "headers": [(b"content-length", b"2000")]}
    async_to_sync(BodyLimit(nobody, limit=1000))(scope, receive, send)
    headers = dict(sent[0]["headers"])
    assert headers[b"content-security-policy"].startswith(b"default-src 'none'")
    assert headers[b"x-frame-options"] == b"DENY"
