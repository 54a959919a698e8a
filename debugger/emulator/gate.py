"""What every call passes before its handler: disabled, key, scope, rate, body syntax."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qsl, unquote

from debugger.emulator import bodies
from debugger.emulator.accounts import Identity
from debugger.emulator.store import Record
from debugger.emulator.turn import Turn
from debugger.emulator.wire import Response

Headers = tuple[tuple[str, str], ...]

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_BODY_OPTIONAL: Final = frozenset({"webhooks.test"})
_KEY_SCENARIOS: Final = {
    "key-missing": "api_key_missing",
    "key-invalid": "api_key_invalid",
    "key-revoked": "api_key_revoked",
    "key-expired": "api_key_expired",
}
_KEY_MESSAGES: Final = {
    "api_key_missing": "A valid Bearer API key is required.",
    "api_key_invalid": "The API key cannot be verified.",
    "api_key_revoked": "The API key was revoked.",
    "api_key_expired": "The API key has expired.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A turn with its body read, or the answer that refuses it; ``headers`` go on both."""

    turn: Turn
    refusal: Response | None = None
    headers: Headers = ()


def admit(turn: Turn, identity: Identity) -> Admission:
    """Check in the assumed order: disabled, key, scope, rate, body syntax."""
    if turn.scenario.name == "unavailable":
        wait = str(turn.assumptions.unavailable_retry_after_seconds)
        refusal = turn.error("public_api_disabled", headers=(("retry-after", wait),))
        return Admission(turn=turn, refusal=refusal)
    if turn.operation.scope is not None and (refused := _check_key(turn, identity)):
        return Admission(turn=turn, refusal=refused)
    limited, headers = _count(turn, identity)
    if limited is not None:
        return Admission(turn=turn, refusal=limited, headers=headers)
    try:
        return Admission(turn=_read(turn), headers=headers)
    except bodies.BodyError as trouble:
        refusal = turn.error("validation_failed", str(trouble), trouble.status)
        return Admission(turn=turn, refusal=refusal, headers=headers)


def _check_key(turn: Turn, identity: Identity) -> Response | None:
    trouble = _KEY_SCENARIOS.get(turn.scenario.name, identity.trouble)
    if trouble is not None:
        challenge = (("www-authenticate", 'Bearer realm="Rivya API"'),)
        return turn.error(trouble, _KEY_MESSAGES[trouble], headers=challenge)
    scope = turn.operation.scope
    if scope not in identity.scopes or turn.scenario.name == "scope-denied":
        return turn.error("api_scope_denied", f"The API key lacks the scope {scope}.")
    return None


def _count(turn: Turn, identity: Identity) -> tuple[Response | None, Headers]:
    """Count this request in its window; windows follow the machine's clock, not the account's."""
    assumed = turn.assumptions
    window = int(turn.real_now // assumed.rate_window_seconds)
    reset = (window + 1) * assumed.rate_window_seconds
    who = identity.principal if identity.account else f"peer {turn.request.peer}"
    counted = _counters(turn, who, window)
    counters = [("requests", assumed.requests_per_window)]
    if not identity.account:
        counters = [("requests", assumed.public_requests_per_window)]
    elif turn.operation.id == "generations.create":
        counters.append(("submits", assumed.submits_per_window))
    over = any(counted[name] >= limit for name, limit in counters)
    for name, _ in counters:
        counted[name] += 0 if over else 1
    turn.unit.put("rate", who, counted)
    name, limit = min(counters, key=lambda pair: pair[1] - counted[pair[0]])
    refused = over or turn.scenario.name == "rate-limited"
    left = 0 if refused else limit - counted[name]
    headers: Headers = ()
    if assumed.rate_headers:
        headers = (
            ("x-ratelimit-limit", str(limit)),
            ("x-ratelimit-remaining", str(left)),
            ("x-ratelimit-reset", str(reset)),
        )
    if not refused:
        return None, headers
    wait = str(max(1, math.ceil(reset - turn.real_now)))
    return turn.error("rate_limited"), (*headers, ("retry-after", wait))


def _counters(turn: Turn, who: str, window: int) -> Record:
    """This window's counters; those of callers who have not come back are thrown away."""
    found = turn.unit.get("rate", who)
    if found is not None and found["window"] == window:
        return found
    for record in turn.unit.list("rate", limit=200, newest_first=False):
        if record["window"] != window:
            turn.unit.delete("rate", record["who"])
    return {"who": who, "window": window, "requests": 0, "submits": 0}


def _read(turn: Turn) -> Turn:
    """The turn with its query and body; an id that cannot exist is emptied and finds nothing."""
    path = {name: unquote(value) for name, value in turn.path.items()}
    path = {name: value if _ID.fullmatch(value) else "" for name, value in path.items()}
    query = dict(parse_qsl(turn.request.query, keep_blank_values=True, max_num_fields=None))
    turn = replace(turn, path=path, query=query)
    request, operation = turn.request, turn.operation
    if operation.id == "files.create":
        form = bodies.read_form(request.body, request.headers, assumptions=turn.assumptions)
        return replace(turn, form=form)
    if operation.request is None:
        return turn
    body = bodies.read_json(
        request.body,
        request.headers,
        assumptions=turn.assumptions,
        optional=operation.id in _BODY_OPTIONAL,
    )
    return replace(turn, body=body)
