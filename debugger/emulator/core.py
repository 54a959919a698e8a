"""The emulator itself: one request in, one response out, whatever the request is."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from debugger.contract import operations
from debugger.contract.assumptions import DEFAULTS, Assumptions
from debugger.contract.operations import PREFIX, Operation
from debugger.emulator import (
    accounts,
    gate,
    generations,
    media_files,
    misbehave,
    scenarios,
    webhooks,
)
from debugger.emulator.accounts import Identity
from debugger.emulator.routes import HANDLERS
from debugger.emulator.store import Record, SqliteStore, Store, Unit
from debugger.emulator.turn import Settings, Turn, error_response, mint
from debugger.emulator.wire import Attempt, DeliveryResult, Request, Response

__all__ = ["Emulator", "Settings", "Turn"]

_PUBLIC: Final = "public"
_logger = logging.getLogger(__name__)


class Emulator:
    """The Rivya API v1 over a store of accounts, for as many threads as like to call it.

    Both faces, in process and over HTTP, are thin shells around ``handle``.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], float] = time.time,
        assumptions: Assumptions = DEFAULTS,
        settings: Settings = Settings(),  # noqa: B008 -- A frozen value is safe to share.
    ) -> None:
        self.store = store
        self.clock = clock
        self.assumptions = assumptions
        self.settings = settings
        # Callers without an account are counted too, and may meet scenarios.
        self._strangers = SqliteStore()
        self._strangers.create(_PUBLIC, accounts.new_profile(_PUBLIC, now=clock(), credits=0))

    def handle(self, request: Request) -> Response:
        """Answer one request. Never raises; trouble of our own is a 500 with its request id."""
        request_id = mint("req_")
        try:
            response = self._answer(request, request_id)
        except Exception:
            _logger.exception("The emulator failed at request %s", request_id)
            response = error_response("internal_error", request_id=request_id)
        if request.method.upper() == "HEAD":
            response = replace(response, chunks=())
        return response

    def advance(self, account: str) -> None:
        """Settle what the passing of time has brought to an account, and set its next wake."""
        with self.store.transaction(account) as unit:
            self._settle(unit, real_now=self.clock())
            self._schedule(unit)

    def due(self) -> list[str]:
        """Accounts in which something is due by now."""
        return self.store.due(self.clock())

    def rest(self, account: str, *, seconds: float) -> None:
        """Leave an account alone for a while, after it could not be advanced."""
        with self.store.transaction(account) as unit:
            unit.wake(self.clock() + seconds)

    def _answer(self, request: Request, request_id: str) -> Response:
        method = "GET" if request.method.upper() == "HEAD" else request.method.upper()
        if len(request.body) > self.assumptions.upload_body_max_bytes:
            return too_large(self.assumptions)
        if request.path.startswith("/media/"):
            return media_files.serve(
                self.store,
                replace(request, method=method),
                request_id=request_id,
                real_now=self.clock(),
                mark=self.settings.wordmark,
            )
        found = operations.match(method, request.path)
        if found is None:
            return _no_operation(request, request_id)
        real_now = self.clock()
        with ExitStack() as stack:
            identity, unit = self._enter(stack, request, real_now=real_now)
            if identity.account is not None:
                self._settle(unit, real_now=real_now)
            turn = self._turn(
                request, found=found, unit=unit, request_id=request_id, real_now=real_now
            )
            response = self._run(turn, identity)
            if identity.account is not None:
                self._schedule(unit)
            return response

    def _enter(
        self, stack: ExitStack, request: Request, *, real_now: float
    ) -> tuple[Identity, Unit]:
        """Open the transaction of the caller's account, or that of all strangers."""
        identity = accounts.identify(self.store, request, real_now=real_now)
        if identity.trouble is None and identity.account is not None:
            try:
                return identity, stack.enter_context(self.store.transaction(identity.account))
            except KeyError:
                # The account was removed while somebody still held its key.
                identity = Identity(trouble="api_key_invalid")
        stranger = replace(identity, account=None)
        return stranger, stack.enter_context(self._strangers.transaction(_PUBLIC))

    def _turn(
        self,
        request: Request,
        *,
        found: tuple[Operation, dict[str, str]],
        unit: Unit,
        request_id: str,
        real_now: float,
    ) -> Turn:
        """The request with all that a handler needs, its body not read yet."""
        operation, path = found
        profile = accounts.profile(unit)
        chosen = scenarios.SCENARIOS.get(_wanted(request, profile), scenarios.get("happy"))
        return Turn(
            request=request,
            operation=operation,
            unit=unit,
            scenario=scenarios.effective(chosen, operation.id),
            now=accounts.account_time(profile, real=real_now),
            real_now=real_now,
            request_id=request_id,
            profile=profile,
            path=path,
            assumptions=self.assumptions,
            settings=self.settings,
        )

    def _run(self, turn: Turn, identity: Identity) -> Response:
        if _wanted(turn.request, turn.profile) not in scenarios.SCENARIOS:
            message = f"There is no such scenario; choose one of: {scenarios.choices()}."
            return turn.error("validation_failed", message)
        if (broken := misbehave.instead(turn)) is not None:
            return broken
        admission = gate.admit(turn, identity)
        response = admission.refusal or HANDLERS[turn.operation.id](admission.turn)
        response = replace(response, headers=response.headers + admission.headers)
        return misbehave.afterwards(turn, response)

    def _settle(self, unit: Unit, *, real_now: float) -> None:
        """Let everything happen that the account's clock has passed."""
        now = accounts.account_time(accounts.profile(unit), real=real_now)
        generations.advance(unit, now=now, assumptions=self.assumptions)
        if not self.settings.real_deliveries:
            webhooks.settle(unit, now=now, assumptions=self.assumptions)

    def _schedule(self, unit: Unit) -> None:
        """Set the moment at which something happens next, in real time."""
        moments = (generations.next_end(unit), webhooks.next_attempt(unit))
        known = [moment for moment in moments if moment is not None]
        profile = accounts.profile(unit)
        unit.wake(accounts.real_time(profile, account=min(known)) if known else None)

    def due_attempts(self, account: str) -> list[Attempt]:
        """Claim the webhook deliveries that are due now, for somebody who really sends them."""
        with self.store.transaction(account) as unit:
            real_now = self.clock()
            self._settle(unit, real_now=real_now)
            now = accounts.account_time(accounts.profile(unit), real=real_now)
            claimed = webhooks.due_attempts(
                unit, now=now, real_now=real_now, assumptions=self.assumptions
            )
            self._schedule(unit)
            return claimed

    def record_attempt(self, account: str, attempt_id: str, result: DeliveryResult) -> None:
        """Write down what came of a claimed delivery."""
        with self.store.transaction(account) as unit:
            now = accounts.account_time(accounts.profile(unit), real=self.clock())
            webhooks.record_attempt(unit, attempt_id, result, now=now, assumptions=self.assumptions)
            self._schedule(unit)


def too_large(assumptions: Assumptions) -> Response:
    """The answer to a body that is larger than anything the API takes."""
    return error_response(
        "validation_failed",
        "The body is too large.",
        assumptions.oversized_body_status,
        request_id=mint("req_"),
        headers=(("connection", "close"),),
    )


def _no_operation(request: Request, request_id: str) -> Response:
    """404 for an unknown path, 405 for a known path with another method."""
    allowed = sorted(
        {item.method for item in operations.CATALOG if item.pattern.match(request.path)}
    )
    if not allowed:
        message = f"There is nothing at this path; every operation is below {PREFIX}."
        return error_response("not_found", message, request_id=request_id)
    return error_response(
        "method_not_allowed",
        f"This path answers to {', '.join(allowed)} only.",
        405,
        request_id=request_id,
        headers=(("allow", ", ".join(allowed)),),
    )


def _wanted(request: Request, profile: Record) -> str:
    """The name of the scenario that the request, or else its account, has chosen."""
    return request.headers.get(scenarios.HEADER) or str(profile["scenario"])
