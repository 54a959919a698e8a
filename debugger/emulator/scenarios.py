"""Named ways in which the emulator behaves, chosen per request or per account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from debugger.contract.operations import CATALOG

HEADER: Final = "rivya-sandbox-scenario"
DEFAULT: Final = "happy"


class ScenarioGroup(StrEnum):
    """The groups of the mock picker."""

    HAPPY = "Happy"
    SLOW = "Slow"
    FAILING = "Failing"
    MONEY = "Money"
    STREAM = "Stream"
    WEBHOOK = "Webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One script. ``applies`` holds operation ids; elsewhere the scenario changes nothing.

    ``illustrative`` marks what the public documentation does not describe.
    """

    name: str
    group: ScenarioGroup
    title: str
    description: str
    end_state: str
    applies: frozenset[str]
    illustrative: bool = False


_EVERY: Final = frozenset(operation.id for operation in CATALOG)
_KEYED: Final = frozenset(operation.id for operation in CATALOG if operation.scope is not None)
_SPENDS: Final = frozenset(operation.id for operation in CATALOG if operation.spends)
_JOB: Final = frozenset({"generations.create"})
_JOB_STATUS: Final = frozenset({"generations.create", "generations.retrieve"})
_STREAM: Final = frozenset({"chat.stream"})
_EVENT: Final = frozenset({"generations.create", "webhooks.test"})
_JSON: Final = _EVERY - _STREAM

_ROWS: Final = (
    Scenario(
        name="happy",
        group=ScenarioGroup.HAPPY,
        title="Happy",
        description="Everything works, at a lively pace.",
        end_state="Succeeded within seconds",
        applies=_EVERY,
    ),
    Scenario(
        name="several-results",
        group=ScenarioGroup.HAPPY,
        title="Several results",
        description="One job answers with four results.",
        end_state="Succeeded with four addresses in result.urls",
        applies=_JOB,
    ),
    Scenario(
        name="extra-fields",
        group=ScenarioGroup.HAPPY,
        title="New fields",
        description="Answers carry fields that the documentation does not know yet.",
        end_state="Succeeded; unknown fields are ignored",
        applies=_JSON - {"openapi.retrieve"},
        illustrative=True,
    ),
    Scenario(
        name="happy-slow",
        group=ScenarioGroup.SLOW,
        title="Happy but slow",
        description="The job waits in the queue, then takes a minute or more.",
        end_state="Succeeded after a minute or more",
        applies=_JOB,
    ),
    Scenario(
        name="stuck",
        group=ScenarioGroup.SLOW,
        title="Stuck",
        description="The job starts and never ends.",
        end_state="Processing for ever, credits stay reserved",
        applies=_JOB,
        illustrative=True,
    ),
    Scenario(
        name="unknown-status",
        group=ScenarioGroup.SLOW,
        title="Unknown status",
        description="On its way the job reports a status that the documentation does not know.",
        end_state="Succeeded after a status named finalizing",
        applies=_JOB,
        illustrative=True,
    ),
    Scenario(
        name="slow-first-byte",
        group=ScenarioGroup.SLOW,
        title="Slow first byte",
        description="The request is handled, and the answer begins eight seconds later.",
        end_state="The usual answer, late",
        applies=_EVERY,
        illustrative=True,
    ),
    Scenario(
        name="hang",
        group=ScenarioGroup.SLOW,
        title="No answer",
        description="The connection opens, and not one byte comes back.",
        end_state="Timed out; nothing was done",
        applies=_EVERY,
        illustrative=True,
    ),
    Scenario(
        name="fails-after-reserve",
        group=ScenarioGroup.FAILING,
        title="Fails after the reservation",
        description="The job is accepted, reserves its credits, fails, and gives them back.",
        end_state="Failed with generation_failed, credits refunded",
        applies=_JOB,
    ),
    Scenario(
        name="file-rejected",
        group=ScenarioGroup.FAILING,
        title="Upload rejected",
        description="The file does not fit the rules of the model.",
        end_state="400 validation_failed",
        applies=frozenset({"files.create"}),
    ),
    Scenario(
        name="key-missing",
        group=ScenarioGroup.FAILING,
        title="Key missing",
        description="The request is treated as if it had no key.",
        end_state="401 api_key_missing",
        applies=_KEYED,
    ),
    Scenario(
        name="key-invalid",
        group=ScenarioGroup.FAILING,
        title="Key invalid",
        description="The key cannot be verified.",
        end_state="401 api_key_invalid",
        applies=_KEYED,
    ),
    Scenario(
        name="key-revoked",
        group=ScenarioGroup.FAILING,
        title="Key revoked",
        description="The key was revoked in Settings.",
        end_state="401 api_key_revoked",
        applies=_KEYED,
    ),
    Scenario(
        name="key-expired",
        group=ScenarioGroup.FAILING,
        title="Key expired",
        description="The key is past its end.",
        end_state="401 api_key_expired",
        applies=_KEYED,
    ),
    Scenario(
        name="scope-denied",
        group=ScenarioGroup.FAILING,
        title="Scope missing",
        description="The key lacks the scope of this operation.",
        end_state="403 api_scope_denied",
        applies=_KEYED,
    ),
    Scenario(
        name="rate-limited",
        group=ScenarioGroup.FAILING,
        title="Rate limited",
        description="Too many requests in the window, with Retry-After.",
        end_state="429 rate_limited",
        applies=_EVERY,
    ),
    Scenario(
        name="idempotency-conflict",
        group=ScenarioGroup.FAILING,
        title="Idempotency conflict",
        description="The Idempotency-Key was used before for another body.",
        end_state="409 idempotency_conflict",
        applies=_SPENDS,
    ),
    Scenario(
        name="server-error",
        group=ScenarioGroup.FAILING,
        title="Server error",
        description="The server fails every time.",
        end_state="500 internal_error",
        applies=_EVERY,
        illustrative=True,
    ),
    Scenario(
        name="flaky",
        group=ScenarioGroup.FAILING,
        title="Flaky",
        description="Two requests in a row fail with 500 and 502, the third is answered.",
        end_state="The usual answer at the third try",
        applies=_EVERY,
        illustrative=True,
    ),
    Scenario(
        name="unavailable",
        group=ScenarioGroup.FAILING,
        title="Switched off",
        description="The public API is switched off for now, with Retry-After.",
        end_state="503 public_api_disabled",
        applies=_EVERY,
    ),
    Scenario(
        name="html-answer",
        group=ScenarioGroup.FAILING,
        title="HTML instead of JSON",
        description="A proxy in between answers with its own error page.",
        end_state="502 with an HTML page",
        applies=_EVERY,
        illustrative=True,
    ),
    Scenario(
        name="not-json",
        group=ScenarioGroup.FAILING,
        title="Broken JSON",
        description="The answer says that it is JSON and cannot be parsed.",
        end_state="200 with a body that is not JSON",
        applies=_EVERY,
        illustrative=True,
    ),
    Scenario(
        name="huge-answer",
        group=ScenarioGroup.FAILING,
        title="Huge answer",
        description="The answer is 30 MB long.",
        end_state="200 with more than anybody should load",
        applies=_EVERY,
        illustrative=True,
    ),
    Scenario(
        name="redirect",
        group=ScenarioGroup.FAILING,
        title="Redirect",
        description="The answer points to another host, which must not be given the key.",
        end_state="307 to another host",
        applies=_EVERY,
        illustrative=True,
    ),
    Scenario(
        name="cut",
        group=ScenarioGroup.FAILING,
        title="Cut off",
        description="The request is handled, and the connection breaks within the answer.",
        end_state="Half an answer; safe to send again with the same Idempotency-Key",
        applies=_EVERY,
        illustrative=True,
    ),
    Scenario(
        name="refused",
        group=ScenarioGroup.FAILING,
        title="Connection closed",
        description="The connection is closed before any byte of an answer.",
        end_state="No answer; nothing was done",
        applies=_EVERY,
        illustrative=True,
    ),
    Scenario(
        name="no-credits",
        group=ScenarioGroup.MONEY,
        title="Not enough credits",
        description="The wallet does not hold what the request would reserve.",
        end_state="402 insufficient_credits, nothing charged",
        applies=_SPENDS,
    ),
    Scenario(
        name="stream-slow",
        group=ScenarioGroup.STREAM,
        title="Slow stream",
        description="The reply arrives a few words per second.",
        end_state="Complete, slowly",
        applies=_STREAM,
        illustrative=True,
    ),
    Scenario(
        name="stream-silent",
        group=ScenarioGroup.STREAM,
        title="Silent for 30 seconds",
        description="In the middle of the reply nothing but heartbeats comes for 30 seconds.",
        end_state="Complete, after a long gap",
        applies=_STREAM,
        illustrative=True,
    ),
    Scenario(
        name="stream-cut",
        group=ScenarioGroup.STREAM,
        title="Stream cut off",
        description="The connection breaks in the middle of the reply.",
        end_state="Interrupted without an end marker",
        applies=_STREAM,
        illustrative=True,
    ),
    Scenario(
        name="stream-error",
        group=ScenarioGroup.STREAM,
        title="Error inside the stream",
        description="In the middle of the reply an error event comes, and the stream ends.",
        end_state="Failed, credits refunded",
        applies=_STREAM,
        illustrative=True,
    ),
    Scenario(
        name="webhook-late",
        group=ScenarioGroup.WEBHOOK,
        title="Event late",
        description="The event is sent long after the job has ended.",
        end_state="Delivered half a minute late",
        applies=_EVENT,
        illustrative=True,
    ),
    Scenario(
        name="webhook-duplicate",
        group=ScenarioGroup.WEBHOOK,
        title="Event twice",
        description="The same event is delivered two times.",
        end_state="Two deliveries with one event id",
        applies=_EVENT,
    ),
    Scenario(
        name="webhook-bad-signature",
        group=ScenarioGroup.WEBHOOK,
        title="Bad signature",
        description="The delivery carries a signature that does not fit its body.",
        end_state="Delivered; a careful receiver refuses it",
        applies=_EVENT,
        illustrative=True,
    ),
    Scenario(
        name="webhook-before-poll",
        group=ScenarioGroup.WEBHOOK,
        title="Event before the poll",
        description="The event arrives while the status still says processing.",
        end_state="Delivered first, succeeded seconds later",
        applies=_JOB,
        illustrative=True,
    ),
    Scenario(
        name="webhook-failing",
        group=ScenarioGroup.WEBHOOK,
        title="Receiver fails",
        description="Every attempt is answered with 500, so it is tried again on schedule.",
        end_state="Retried, failed in the end",
        applies=_EVENT,
        illustrative=True,
    ),
)

SCENARIOS: Final[Mapping[str, Scenario]] = {row.name: row for row in _ROWS}


def get(name: str) -> Scenario:
    """The scenario of this name; KeyError when there is none."""
    return SCENARIOS[name]


def effective(scenario: Scenario, operation_id: str) -> Scenario:
    """The scenario itself where it applies, the happy one everywhere else."""
    return scenario if operation_id in scenario.applies else SCENARIOS[DEFAULT]


def for_operation(operation_id: str) -> tuple[Scenario, ...]:
    """The scenarios that change something for this operation, in the order of the picker."""
    return tuple(row for row in _ROWS if operation_id in row.applies)


def grouped() -> dict[ScenarioGroup, list[Scenario]]:
    """Every scenario under its group, both in the order of the picker."""
    groups: dict[ScenarioGroup, list[Scenario]] = {group: [] for group in ScenarioGroup}
    for row in _ROWS:
        groups[row.group].append(row)
    return groups


def choices() -> str:
    """All names in one line, for an error message."""
    return ", ".join(SCENARIOS)
