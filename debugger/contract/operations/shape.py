"""What an operation is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

PREFIX: Final = "/api/v1"


class Kind(StrEnum):
    """How an operation behaves on a screen."""

    CALL = "call"
    JOB = "job"
    STREAM = "stream"
    UPLOAD = "upload"


class Group(StrEnum):
    """The building block that an operation belongs to."""

    MODELS = "Models"
    GENERATIONS = "Generations"
    FILES = "Files"
    CHAT = "Chat"
    CREDITS = "Credits"
    WEBHOOKS = "Webhooks"
    CONTRACT = "Contract"


class Scope(StrEnum):
    """The nine scopes that a key can hold."""

    MODELS_READ = "models:read"
    GENERATIONS_CREATE = "generations:create"
    GENERATIONS_READ = "generations:read"
    FILES_CREATE = "files:create"
    FILES_READ = "files:read"
    CREDITS_READ = "credits:read"
    WEBHOOKS_MANAGE = "webhooks:manage"
    CHAT_CREATE = "chat:create"
    CHAT_READ = "chat:read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A path or query parameter; ``assumed`` names the convention a guess borrows."""

    name: str
    title: str
    help: str
    example: str
    type: str = "string"
    minimum: int | None = None
    maximum: int | None = None
    assumed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method and path. ``request`` and ``response`` name schema components.

    ``assumed`` says what of it no page states, ``inferred`` what follows from stated facts.
    """

    id: str
    method: str
    path: str
    group: Group
    title: str
    summary: str
    help: str
    scope: Scope | None
    kind: Kind = Kind.CALL
    request: str | None = None
    response: str | None = None
    success: int = 200
    success_assumed: bool = False
    spends: bool = False
    idempotency: bool = False
    path_params: tuple[Parameter, ...] = ()
    query_params: tuple[Parameter, ...] = ()
    errors: tuple[str, ...] = ()
    assumed: str | None = None
    inferred: str | None = None
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        literal = re.escape(self.path).replace(r"\{", "{").replace(r"\}", "}")
        expression = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", literal)
        object.__setattr__(self, "pattern", re.compile(rf"{expression}\Z"))
