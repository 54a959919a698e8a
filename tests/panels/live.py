"""A team that runs live in tests: stored keys, armed tabs, and upstreams that write down all."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from asgiref.sync import async_to_sync
from django.test import Client
from django.utils import timezone

from debugger.generations.models import Generation
from debugger.keys import vault
from debugger.keys.live import arming
from debugger.keys.models import ApiKey, new_public_id
from debugger.teams.models import Team
from tests.cast import acme, browser_of, place


def stored(team: Team, secret: str, *, base_url: str, **fields: Any) -> ApiKey:
    """A key of the team that opens."""
    public_id = new_public_id()
    return ApiKey.objects.create(
        **{
            "public_id": public_id,
            "team": team,
            "label": "Production",
            "base_url": base_url,
            "last_four": secret[-4:],
            "sealed": vault.seal(team, row=f"{public_id}@{base_url}", value=secret),
            "fingerprint": "0" * 16,
            **fields,
        }
    )


def token(browser: Client, name: str, key_id: str, *, team: Team | None = None) -> str:
    """What arming hands out to this person's browser for one key."""
    session = browser.session.session_key or ""
    return arming.arm(place(name, team or acme()), key_id, session, timezone.now())


@dataclass
class Person:
    """Somebody of Acme at the team's panels, by script or without."""

    name: str
    slug: str = "acme"
    by_script: bool = True
    browser: Client = field(init=False)
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.browser = browser_of(self.name)

    def post(self, path: str, data: dict[str, str]) -> tuple[int, str]:
        """Status and text of one post to a panel of the team."""
        headers = {"hx-request": "true"} if self.by_script else {}
        address = f"/t/{self.slug}/panels/{path}"
        response: Any = self.browser.post(address, data, headers=headers)
        text = (_all_of(response) if response.streaming else response.content).decode()
        self.seen.append(text + str(response.headers))
        return response.status_code, unescape(text)

    def get(self, path: str = "") -> str:
        """The text of one page."""
        response = self.browser.get(f"/t/{self.slug}/panels/{path}")
        assert response.status_code == 200
        self.seen.append(response.content.decode())
        return unescape(self.seen[-1])

    def run(self, operation: str, key: ApiKey | None = None, /, **fields: str) -> str:
        """The fragment of a run: live and armed with a key, in mock mode without one."""
        data = {"mode": "mock", "editor": "form", "nonce": "n" * 16, "last": ""}
        if key is not None:
            armed = token(self.browser, self.name, key.public_id)
            data |= {"mode": "live", "key_choice": key.public_id, "armed": armed}
        status, text = self.post(f"{operation}/run", data | fields)
        assert status == 200, text
        return text

    def watched(self, key: ApiKey) -> str:
        """The status panel's answer for the newest job: there the page itself does the looking."""
        task = Generation.objects.latest("pk").task_id
        return self.run("generations.retrieve", key, **{"path/taskId": task})

    def look(self, card: str, **fields: str) -> tuple[int, str]:
        """One look at the job whose card is given."""
        inside = card[card.index('id="job-state"') :]
        inside = inside[: inside.index("</form>")]
        state = dict(re.findall(r'name="(\w+)" value="([^"]*)"', inside))
        return self.post("generations.create/watch", state | fields)


def _all_of(response: Any) -> bytes:
    """Everything that a streamed answer says."""

    async def whole() -> bytes:
        return b"".join([piece async for piece in response.streaming_content])

    return async_to_sync(whole)()


BOTTLE = {"body/model": "z-image", "body/prompt": "A bottle"}


@dataclass
class Recorder:
    """An upstream that answers with credits and keeps every header that it was sent."""

    base_url: str
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """The Authorization headers that arrived."""
        return [each.get("authorization", "") for each in self.asked]


@contextmanager
def recording() -> Iterator[Recorder]:
    """A recorder on a free port."""
    recorder = Recorder(base_url="")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            recorder.asked.append({name.lower(): value for name, value in self.headers.items()})
            body = b'{"current_credits": 77, "concurrent_generation_limit": 2}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - The library's name.

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recorder.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
