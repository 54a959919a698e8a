"""The two public operations: the model list and the contract itself."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from debugger.contract import catalog, openapi
from debugger.emulator.turn import Turn
from debugger.emulator.wire import Response


def list_models(turn: Turn) -> Response:
    """``GET /models``: the whole catalogue, without our own notes."""
    data = [model.public() for model in catalog.models()]
    return turn.reply(200, {"object": "list", "data": data})


def retrieve_openapi(turn: Turn) -> Response:
    """``GET /openapi.json``, with this emulator as its server."""
    return turn.reply(200, _document(turn.request.base_url))


@lru_cache(maxsize=8)
def _document(base_url: str) -> dict[str, Any]:
    return openapi.document(base_url=base_url)
