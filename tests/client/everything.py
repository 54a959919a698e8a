"""One journey through all twenty operations, for tests that compare ways to make it."""

from __future__ import annotations

import io
from typing import Any

from debugger.client.api import Call, Finished, Upload, Upstream, call, stream
from debugger.client.outcome import Outcome
from debugger.contract import operations
from debugger.contract.operations import CATALOG, Kind

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8"
    "cfc0f01f0005000201ff5d3c2bd30000000049454e44ae426082"
)
BODIES: dict[str, Any] = {
    "generations.create": {"model": "z-image", "prompt": "A lamp"},
    "chat.create": {"model": "gpt-5-2-chat", "message": "Hello"},
    "chat.stream": {"model": "gpt-5-2-chat", "message": "Hello"},
    "webhooks.create": {"url": "https://hooks.example.com/rivya"},
    "webhooks.update": {"name": "Renamed"},
    "webhooks.test": {},
}
# Each needs what an earlier one answered with; deleting comes last.
ORDER = sorted(CATALOG, key=lambda operation: operation.id == "webhooks.delete")
MADE_BY = {
    "taskId": ("generations.create", "id"),
    "fileId": ("files.create", "id"),
    "sessionId": ("chat.create", "session_id"),
    "endpointId": ("webhooks.create", "id"),
}


async def run_everything(upstream: Upstream, *, key: str | None = None) -> dict[str, Outcome]:
    """Every operation once, by its id."""
    outcomes: dict[str, Outcome] = {}
    answers: dict[str, Any] = {}
    for operation in ORDER:
        request = _call(operation.id, answers, key=key)
        if operation.kind is Kind.STREAM:
            async for event in stream(upstream, request):
                if isinstance(event, Finished):
                    outcomes[operation.id] = event.outcome
        else:
            outcomes[operation.id] = await call(upstream, request)
        response = outcomes[operation.id].response
        answers[operation.id] = response.value if response else None
    return outcomes


def _call(operation_id: str, answers: dict[str, Any], *, key: str | None) -> Call:
    operation = operations.get(operation_id)
    path = {}
    for parameter in operation.path_params:
        made_by, name = MADE_BY[parameter.name]
        path[parameter.name] = answers[made_by][name]
    upload = None
    if operation.kind is Kind.UPLOAD:
        upload = Upload(
            filename="dot.png",
            content_type="image/png",
            file=io.BytesIO(PNG),
            size=len(PNG),
            fields={"kind": "image"},
        )
    body = BODIES.get(operation_id)
    return Call(operation=operation, path=path, body=body, upload=upload, key=key)
