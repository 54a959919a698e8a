"""One account of one emulator, called in process, with the pace of its answers kept in sight."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from debugger.contract.assumptions import DEFAULTS, Assumptions
from debugger.emulator import accounts
from debugger.emulator.core import Settings
from debugger.emulator.wire import Request, Response
from tests.emulator.faces import JSON, Clock, make_emulator


@dataclass
class Answer:
    """An answer read to its end; ``response`` still has the chunks with their delays."""

    status: int
    body: Any
    response: Response
    raw: bytes

    @property
    def code(self) -> str:
        return str(self.body["error"]["code"])


@dataclass
class Sandbox:
    """Calls with an account instead of a key, as the mock mode of the site does."""

    assumptions: Assumptions = DEFAULTS
    settings: Settings = field(default_factory=Settings)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        roomy = {"requests_per_window": 100_000, "submits_per_window": 100_000}
        self.assumptions = self.assumptions.with_overrides(roomy)
        self.emulator = make_emulator(
            self.clock, assumptions=self.assumptions, settings=self.settings
        )
        self.store = self.emulator.store
        self.account = accounts.create(self.store, now=self.clock())

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: str = "",
        scenario: str | None = None,
        key: str | None = None,
        account: str | None = None,
        raw: bytes = b"",
        content_type: str = JSON,
    ) -> Answer:
        headers = {"content-type": content_type}
        headers |= {"rivya-sandbox-scenario": scenario} if scenario else {}
        headers |= {"idempotency-key": key} if key else {}
        response = self.emulator.handle(
            Request(
                method=method,
                path=f"/api/v1{path}",
                query=query,
                headers=headers,
                body=raw if body is None else json.dumps(body).encode(),
                base_url="http://sandbox.test",
                account=account or self.account,
            )
        )
        sent = b"".join(chunk.data for chunk in response.chunks)
        whole = dict(response.headers).get("content-type") == JSON
        return Answer(response.status, json.loads(sent) if whole else None, response, sent)

    @property
    def balance(self) -> int:
        return int(self.call("GET", "/credits").body["current_credits"])
