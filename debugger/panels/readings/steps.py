"""Where an answer leads: the next panel, with what it needs already filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from debugger.contract import catalog
from debugger.panels.readings.parts import Step


def job_steps(task: str) -> tuple[Step, ...]:
    """Where a job can be looked at by its id."""
    path = {"taskId": task}
    return (Step(operation_id="generations.retrieve", label=_("Open its status"), path=path),)


def model_steps(item: Mapping[str, Any]) -> tuple[Step, ...]:
    """A run with this model, when it can be called."""
    name = item.get("id")
    if item.get("api_status") != "available" or not isinstance(name, str):
        return ()
    target = "chat.create" if item.get("category") == "chat" else "generations.create"
    return (Step(operation_id=target, label=_("Use this model"), body={"model": name}),)


def file_steps(value: Mapping[str, Any]) -> tuple[Step, ...]:
    """What an uploaded file is good for."""
    steps: list[Step] = []
    if isinstance(value.get("url"), str):
        steps.append(reference_step(value))
    if value.get("kind") == "image":
        body = {"attachments": [{"file_id": value["id"]}]}
        steps.append(Step(operation_id="chat.create", label=_("Attach to a chat turn"), body=body))
    steps.append(
        Step(
            operation_id="files.retrieve",
            label=_("Read its metadata"),
            path={"fileId": str(value["id"])},
        )
    )
    return tuple(steps)


def reference_step(value: Mapping[str, Any]) -> Step:
    """Hand a file or a result over to a generation that takes it as a reference."""
    body = {
        "model": _reference_model(str(value.get("kind"))),
        "params": {"referenceMediaItems": [reference_item(value)]},
    }
    return Step(operation_id="generations.create", label=_("Use in a generation"), body=body)


def reference_item(value: Mapping[str, Any]) -> dict[str, Any]:
    """An uploaded file as ``params.referenceMediaItems`` wants it."""
    item = {"url": value.get("url"), "kind": value.get("kind")}
    pairs = (
        ("name", "file_name"),
        ("mimeType", "mime_type"),
        ("durationSeconds", "duration_seconds"),
        ("durationToken", "duration_token"),
    )
    extra = {ours: value[theirs] for ours, theirs in pairs if value.get(theirs) is not None}
    return item | extra


def _reference_model(kind: str) -> str:
    """The cheapest available model that takes a reference of this kind."""
    fitting = [
        model
        for model in catalog.generation_models()
        if model.api_status == "available"
        and not model.synthetic
        and model.references is not None
        and kind in model.references.kinds
    ]
    cheapest = min(fitting, key=lambda model: model.base_credits, default=None)
    return cheapest.id if cheapest else "nano-banana"


def chat_steps(value: Mapping[str, Any]) -> tuple[Step, ...]:
    """How to go on with a session: another turn, plain or streamed, or a look at it."""
    session, model = value.get("session_id"), value.get("model")
    if not isinstance(session, str):
        return ()
    body = {"model": model, "message": "", "session_id": session}
    return (
        Step(operation_id="chat.create", label=_("Go on"), body=body),
        Step(operation_id="chat.stream", label=_("Go on, streamed"), body=body),
        Step(
            operation_id="chat.sessions.retrieve",
            label=_("Read the session"),
            path={"sessionId": session},
        ),
    )


def endpoint_steps(item: Mapping[str, Any]) -> tuple[Step, ...]:
    """What can be done with a webhook endpoint."""
    name = item.get("id")
    if not isinstance(name, str):
        return ()
    labels = (
        ("webhooks.test", _("Test")),
        ("webhooks.deliveries", _("Deliveries")),
        ("webhooks.rotate_secret", _("Rotate secret")),
    )
    path = {"endpointId": name}
    return tuple(Step(operation_id=target, label=label, path=path) for target, label in labels)
