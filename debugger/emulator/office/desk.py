"""Who may use the office, and which answer they get: a page, a redirect or JSON."""

from __future__ import annotations

import json
import logging
import re
import secrets
import threading
import time
from collections.abc import Mapping
from importlib import resources
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, quote

from debugger.emulator.core import Emulator
from debugger.emulator.office import actions, page
from debugger.emulator.turn import json_response, mint
from debugger.emulator.wire import Chunk, Request, Response

_PREFIX: Final = "/_sandbox/"
_LOCAL: Final = re.compile(r"(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
_FILES: Final = {"page.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}
_BODY_MAX: Final = 64 * 1024
# How long a new key waits for the page that shows it, in seconds.
_SHOWN_WITHIN: Final = 120.0
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    ("cache-control", "no-store"),
    ("content-security-policy", _POLICY),
    ("cross-origin-opener-policy", "same-origin"),
    ("referrer-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
)

_logger = logging.getLogger(__name__)


class Office:
    """Serves ``/``, ``/healthz`` and ``/_sandbox/``; every other path is none of its business."""

    def __init__(self, emulator: Emulator, *, allow_hosts: tuple[str, ...] = ()) -> None:
        self._emulator = emulator
        self._allow_hosts = frozenset(name.lower() for name in allow_hosts)
        self._fresh: dict[str, tuple[float, dict[str, Any]]] = {}
        self._lock = threading.Lock()

    def handle(self, request: Request) -> Response | None:
        """The answer, or None when the request is for the API. Never raises."""
        try:
            return self._handle(request)
        except Exception:
            _logger.exception("The office failed at %s", request.path[:200])
            return _json(500, {"error": {"message": "Something went wrong in the stand-in."}})

    def _handle(self, request: Request) -> Response | None:
        if request.path == "/healthz":
            return _json(200, {"status": "ok"})
        if request.path != "/" and not request.path.startswith(_PREFIX):
            return None
        if (refusal := self._refusal(request)) is not None:
            return _json(403, {"error": {"message": refusal}})
        if request.method in {"GET", "HEAD"}:
            return self._read(request)
        if request.method == "POST" and request.path.startswith(_PREFIX):
            return self._act(request)
        return _json(405, {"error": {"message": "Use GET or POST."}})

    def _refusal(self, request: Request) -> str | None:
        """Another site must not reach this page through a visitor's browser.

        The name in Host stops a foreign name that was made to point at this machine, and Origin
        stops a foreign page that posts here.
        """
        host = request.headers.get("host", "").lower()
        if not _LOCAL.fullmatch(host) and host not in self._allow_hosts:
            return "This page answers under the names of this machine only."
        if request.method in {"GET", "HEAD"}:
            return None
        origin = request.headers.get("origin")
        if origin is not None and origin.lower() not in {f"http://{host}", f"https://{host}"}:
            return "This form was posted from another site."
        if request.headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
            return "This form was posted from another site."
        return None

    def _read(self, request: Request) -> Response:
        name = request.path.removeprefix(_PREFIX)
        if request.path == "/":
            return self._page(request)
        if name in _FILES:
            data = resources.files(__package__).joinpath(name).read_bytes()
            return _whole(200, data, _FILES[name])
        if name == "accounts":
            owners = self._emulator.store.accounts()
            return _json(200, {"accounts": [actions.facts(self._emulator, one) for one in owners]})
        return _json(404, {"error": {"message": "There is nothing here."}})

    def _page(self, request: Request, *, trouble: str | None = None) -> Response:
        asked = dict(parse_qsl(request.query))
        owners = self._emulator.store.accounts()
        owner = asked.get("account") if asked.get("account") in owners else None
        view = page.View(
            accounts=tuple(owners),
            facts=actions.facts(self._emulator, owner or owners[0]) if owners else None,
            base_url=request.base_url,
            fresh_key=self._take(asked.get("new", "")),
            done=asked.get("done", ""),
            trouble=trouble,
            real_deliveries=self._emulator.settings.real_deliveries,
        )
        return _whole(
            422 if trouble else 200, page.render(view).encode(), "text/html; charset=utf-8"
        )

    def _act(self, request: Request) -> Response:
        name = request.path.removeprefix(_PREFIX)
        action = actions.ACTIONS.get(name)
        if action is None:
            return _json(404, {"error": {"message": "There is no such action."}})
        wants_json = "json" in request.headers.get("content-type", "")
        try:
            result = action(self._emulator, _fields(request, as_json=wants_json))
        except actions.RefusedError as trouble:
            if wants_json:
                return _json(400, {"error": {"message": str(trouble)}})
            return self._page(request, trouble=str(trouble))
        if wants_json:
            return _json(200, result)
        return self._back(name, result)

    def _back(self, name: str, result: dict[str, Any]) -> Response:
        """After a form the browser reads the page anew, so that reloading repeats nothing."""
        target = f"/?account={quote(result['account'])}&done={name}"
        if name == "key":
            target += f"&new={self._lay_out(result)}"
        return Response(status=303, headers=(("location", target), ("content-length", "0")))

    def _lay_out(self, result: dict[str, Any]) -> str:
        """Keep a new key until the next page has shown it."""
        ticket = secrets.token_urlsafe(16)
        with self._lock:
            for old in [
                name for name, (until, _) in self._fresh.items() if until < time.monotonic()
            ]:
                del self._fresh[old]
            self._fresh[ticket] = (time.monotonic() + _SHOWN_WITHIN, result)
        return ticket

    def _take(self, ticket: str) -> str | None:
        with self._lock:
            until, result = self._fresh.pop(ticket, (0.0, {}))
        return result.get("key") if until >= time.monotonic() else None


def _fields(request: Request, *, as_json: bool) -> Mapping[str, Any]:
    if len(request.body) > _BODY_MAX:
        raise actions.RefusedError("The body is too large.")
    try:
        if as_json:
            found = json.loads(request.body or b"{}")
            if not isinstance(found, dict):
                raise actions.RefusedError("The body must be a JSON object.")
            return found
        parsed = parse_qs(request.body.decode("utf-8"), keep_blank_values=True)
    except (ValueError, RecursionError) as trouble:
        if isinstance(trouble, actions.RefusedError):
            raise
        raise actions.RefusedError("The body cannot be read.") from None
    fields: dict[str, Any] = {name: values[-1] for name, values in parsed.items()}
    if "with_scopes" in fields:
        fields["scopes"] = parsed.get("scopes", [])
    return fields


def _json(status: int, body: Any) -> Response:
    return json_response(status, body, request_id=mint("req_"))


def _whole(status: int, data: bytes, content_type: str) -> Response:
    headers = (("content-type", content_type), ("content-length", str(len(data))), *_HEADERS)
    return Response(status=status, headers=headers, chunks=(Chunk(data),))
