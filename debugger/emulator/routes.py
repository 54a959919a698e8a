"""Which handler serves which operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from debugger.emulator import catalog, chat, credits, files, generations, webhooks
from debugger.emulator.turn import Turn
from debugger.emulator.wire import Response

Handler = Callable[[Turn], Response]

HANDLERS: Final[Mapping[str, Handler]] = {
    "models.list": catalog.list_models,
    "generations.create": generations.create,
    "generations.retrieve": generations.retrieve,
    "files.create": files.create,
    "files.retrieve": files.retrieve,
    "chat.create": chat.create,
    "chat.stream": chat.stream,
    "chat.sessions.list": chat.list_sessions,
    "chat.sessions.retrieve": chat.retrieve_session,
    "credits.retrieve": credits.retrieve,
    "webhooks.list": webhooks.list_endpoints,
    "webhooks.create": webhooks.create,
    "webhooks.retrieve": webhooks.retrieve,
    "webhooks.update": webhooks.update,
    "webhooks.delete": webhooks.delete,
    "webhooks.rotate_secret": webhooks.rotate_secret,
    "webhooks.deliveries": webhooks.deliveries,
    "webhooks.test": webhooks.test,
    "webhook_events.list": webhooks.list_events,
    "openapi.retrieve": catalog.retrieve_openapi,
}
