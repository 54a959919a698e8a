"""Answers that are one object; None for a value that is no such object."""

from __future__ import annotations

from debugger.panels.readings.parts import Reading, cell_of
from debugger.panels.readings.steps import chat_steps, endpoint_steps, file_steps
from debugger.panels.readings.tables import SESSION_SHAPE


def generation(value: object) -> Reading | None:
    """A job."""
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        return None
    return Reading(kind="generation", value=value)


def file(value: object) -> Reading | None:
    """An uploaded file."""
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        return None
    facts = tuple(
        (key, cell_of(value, key, kind))
        for key, kind in (
            ("id", "mono"),
            ("file_name", "text"),
            ("mime_type", "mono"),
            ("size_bytes", "size"),
            ("duration_seconds", "number"),
            ("duration_token", "mono"),
            ("created_at", "time"),
            ("expires_at", "time"),
        )
        if value.get(key) is not None
    )
    return Reading(kind="file", value=value, facts=facts, steps=file_steps(value))


def completion(value: object) -> Reading | None:
    """A whole chat completion; None when the value is none."""
    message = value.get("message") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(message, dict):
        return None
    content = message.get("content")
    if not isinstance(content, str):
        return None
    return Reading(kind="chat", value=value, steps=chat_steps(value))


def session(value: object) -> Reading | None:
    """A chat session with its messages."""
    messages = value.get("messages") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(messages, list):
        return None
    if not all(isinstance(each, dict) for each in messages):
        return None
    steps = chat_steps(value | {"session_id": value.get("id")})[:2]
    return Reading(kind="session", value=value, steps=steps, assumed=SESSION_SHAPE)


def credits(value: object) -> Reading | None:
    """The balance."""
    if not isinstance(value, dict) or not isinstance(value.get("current_credits"), int | float):
        return None
    return Reading(kind="credits", value=value)


def endpoint(value: object) -> Reading | None:
    """One webhook endpoint."""
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        return None
    keys = (
        ("id", "mono"),
        ("url", "mono"),
        ("event_types", "mono"),
        ("secret_preview", "mono"),
        ("failure_count", "number"),
        ("last_success_at", "time"),
        ("last_failure_at", "time"),
        ("created_at", "time"),
        ("disabled_at", "time"),
        ("revoked_at", "time"),
    )
    facts = tuple(
        (key, cell_of(value, key, kind)) for key, kind in keys if value.get(key) is not None
    )
    return Reading(kind="endpoint", value=value, facts=facts, steps=endpoint_steps(value))
