"""An API that repeats the key that it was sent, wherever an answer has room for it."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from debugger.keys.models import ApiKey
from tests.canary import canary, find
from tests.cast import acme, browser_of
from tests.keys.rowbytes import stored_bytes
from tests.keys.test_canary_rows import watched
from tests.panels.live import BOTTLE, Person


def said(key: str, status: int) -> dict[str, Any]:
    """A body that names the key in each member that we read."""
    if status < 400:
        return {
            "id": key,
            "object": "generation",
            "status": "queued",
            "model": key,
            "reserved_credits": 3,
            "credits": {"reserved": 3, "final": 3},
            "current_credits": 5,
            "choices": [{"message": {"role": "assistant", "content": f"You are {key}"}}],
            "result": {"urls": [f"https://example.com/{key}.png"]},
            "hidden": base64.b64encode(key.encode()).decode(),
        }
    words = f"The key {key} is not right"
    return {"error": {"code": key, "type": key, "message": words, "request_id": key, "param": key}}


@contextmanager
def echo(*statuses: int) -> Iterator[str]:
    """Its base address. It gives these statuses in turn, over and over."""
    turns: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            key = self.headers.get("Authorization", "").removeprefix("Bearer ")
            turns.append(statuses[len(turns) % len(statuses)])
            body = json.dumps(said(key, turns[-1])).encode()
            self.send_response(turns[-1])
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            for name in ("X-Request-Id", "Location", "Set-Cookie", "Retry-After", "ETag"):
                self.send_header(name, key)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", [200, 302, 401])
def test_a_key_that_the_api_repeats_is_kept_and_shown_nowhere(status: int, settings: Any) -> None:
    acme()
    secret, other = canary(f"echo {status}"), canary(f"echo pasted {status}")
    with echo(status) as base, watched() as seen:
        settings.RIVYA_BASE_URL = base
        alice, bob = browser_of("Alice"), Person("Bob")
        form = {"value": secret, "label": "Main", "base_url": base, "scope_choice": "all"}
        seen.keep(alice.post("/t/acme/keys/new", form | {"test": "on"}, follow=True))
        key = ApiKey.objects.get()
        for operation in ("credits.retrieve", "generations.create", "chat.create"):
            assert "LIVE" in bob.run(operation, key, anyway="1", **BOTTLE)
        seen.keep(alice.post(f"/t/acme/keys/{key.public_id}/test", follow=True))
        swapped = {"value": other, "overlap": "1h", "scope_choice": "all"}
        seen.keep(alice.post(f"/t/acme/keys/{key.public_id}/rotate", swapped, follow=True))
        bob.post("generations.create/watch", {"task": "t", "mode": "live", "key_id": key.public_id})
        for page in ("", "keys/", f"keys/{key.public_id}/", "audit.csv", "live/ceilings"):
            seen.keep(alice.get(f"/t/acme/{page}"))
    shown = b"\n".join(seen.said) + "\n".join(bob.seen).encode()
    places = {"rows": stored_bytes(), "pages": shown, "log": seen.log.getvalue().encode()}
    leaks = [
        (name, where)
        for name, data in places.items()
        for where in (secret, other)
        if find(data, where)
    ]
    assert leaks == []
