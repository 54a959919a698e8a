"""Which uploads are accepted: the kind, the size and the type that the bytes show."""

from __future__ import annotations

from collections.abc import Iterator

from debugger.contract import catalog
from debugger.contract.assumptions import DEFAULTS, Assumptions
from debugger.contract.catalog import DEFAULT_LIMITS, Model
from debugger.contract.schemas import Problem, validate
from debugger.contract.schemas.problems import choices


def file_problems(
    kind: object,
    *,
    size: int,
    detected_mime: str | None,
    model: object = None,
    client_request_id: object = None,
    assumptions: Assumptions = DEFAULTS,
) -> list[Problem]:
    """What is wrong with an upload; ``detected_mime`` is what ``sniff`` says of its bytes.

    ``size`` is in bytes. ``kind``, ``model`` and ``client_request_id`` are the form's fields, None
    where they were not sent. Pointers name the form's fields: "/file", "/kind", "/model".
    """
    form: dict[str, object] = {"file": "", "kind": kind, "model": model}
    form["client_request_id"] = client_request_id
    sent = {name: value for name, value in form.items() if value is not None}
    found = set(validate("PublicApiFileCreate", sent))
    chosen = catalog.get(model)
    found.update(_model_problems(model, chosen, kind))
    if isinstance(kind, str) and kind in DEFAULT_LIMITS:
        found.update(_content_problems(kind, size, detected_mime, chosen, assumptions.megabyte))
    return sorted(found)


def _model_problems(model: object, chosen: Model | None, kind: object) -> Iterator[Problem]:
    if chosen is None:
        if isinstance(model, str) and model:
            yield Problem("/model", "is not a known model")
        return
    if not chosen.file_kinds:
        yield Problem("/model", "takes no files")
    elif isinstance(kind, str) and kind in DEFAULT_LIMITS and kind not in chosen.file_kinds:
        yield Problem("/kind", f"{choices(chosen.file_kinds)} for this model")


def _content_problems(
    kind: str, size: int, detected_mime: str | None, chosen: Model | None, megabyte: int
) -> Iterator[Problem]:
    limit = chosen.limit(kind) if chosen else DEFAULT_LIMITS[kind]
    if size == 0:
        yield Problem("/file", "must not be empty")
        return
    if size > limit.max_mb * megabyte:
        yield Problem("/file", f"must have at most {limit.max_mb} MB")
    if detected_mime is None:
        yield Problem("/file", f"is of no known type; its bytes {_allowed(limit.mime)}")
    elif detected_mime not in limit.mime:
        yield Problem("/file", f"is {detected_mime} by its bytes; it {_allowed(limit.mime)}")


def _allowed(mime: tuple[str, ...]) -> str:
    return choices(mime)
