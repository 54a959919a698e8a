"""The readable view of an answer: which template shows it, and the plain values it shows.

Answers come from outside and may have any shape. A reading is chosen by the operation, and given
up for the plain JSON view as soon as the answer is not the shape that the reading needs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from debugger.client.outcome import Outcome
from debugger.contract.operations import get
from debugger.panels.readings import single, tables
from debugger.panels.readings.parts import Cell, Reading, Row, Step, safe_json, text_of, tone
from debugger.panels.readings.steps import job_steps, reference_step

of_completion = single.completion

__all__ = [
    "Cell",
    "Reading",
    "Row",
    "Step",
    "job_steps",
    "of_completion",
    "read",
    "reference_step",
    "safe_json",
    "text_of",
    "tone",
]


def read(outcome: Outcome) -> Reading:
    """How to show what came; total over every value that JSON can hold."""
    response = outcome.response
    if response is None or not response.is_json:
        return Reading(kind="none")
    reader = _READERS.get(get(outcome.operation_id).response or "")
    found = reader(response.value) if reader and outcome.ok else None
    return found or Reading(kind="json", value=response.value)


_READERS: Final[dict[str, Callable[[object], Reading | None]]] = {
    "PublicApiModelList": tables.models,
    "PublicApiGeneration": single.generation,
    "PublicApiFile": single.file,
    "PublicApiChatCompletion": single.completion,
    "PublicApiChatCompletionChunk": single.completion,
    "PublicApiChatSessionList": tables.sessions,
    "PublicApiChatSession": single.session,
    "PublicApiCredits": single.credits,
    "PublicApiWebhookEndpointList": tables.endpoints,
    "PublicApiWebhookEndpoint": single.endpoint,
    "PublicApiWebhookEndpointWithSecret": single.endpoint,
    "PublicApiWebhookDeliveryList": tables.deliveries,
    "PublicApiWebhookDelivery": tables.delivery,
    "PublicApiWebhookEventList": tables.events,
    "OpenApiDocument": tables.document,
}
