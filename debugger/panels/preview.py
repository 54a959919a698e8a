"""The request as it would be sent now, with a placeholder where the key goes."""

from __future__ import annotations

import io
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from debugger.client.api import Call, CannotSend, Prepared, Upload, prepare
from debugger.contract.operations import Kind, Operation
from debugger.panels.draft import Draft
from debugger.panels.forms import SECRET_HEADERS
from debugger.panels.jsontext import write_json

KEY_PLACEHOLDER: Final = "$RIVYA_API_KEY"
IDEMPOTENCY_HEADER: Final = "Idempotency-Key"
SAMPLE_FILES: Final = {"image": "reference.png", "video": "reference.mp4", "audio": "reference.mp3"}
_BOUNDARY: Final = "boundary"
_UNKNOWN_TYPE: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """``text`` is the HTTP message for people: its JSON is indented. ``trouble`` says what is not
    as it would be sent (an example stands for a missing id), or why there is no request at all.
    """

    text: str = ""
    trouble: str = ""
    prepared: Prepared | None = None


def call_for(
    operation: Operation,
    draft: Draft,
    *,
    idempotency_key: str = "",
    key: str | None = None,
    upload: Upload | None = None,
) -> Call:
    """The call that a draft means; the one way from a draft to the client.

    ``idempotency_key`` is added where the operation takes one and no header of the draft names
    one. A text that does not parse is sent as it is. ``upload`` is the file of an upload without
    its fields, which come from the draft. The key comes from nowhere but ``key``.
    """
    headers = {
        name: value for name, value in draft.headers.items() if name.lower() not in SECRET_HEADERS
    }
    has_one = any(name.lower() == IDEMPOTENCY_HEADER.lower() for name in headers)
    if operation.idempotency and idempotency_key and not has_one:
        headers[IDEMPOTENCY_HEADER] = idempotency_key
    call = Call(operation=operation, path=draft.path, query=draft.query, headers=headers, key=key)
    if operation.kind is Kind.UPLOAD:
        return replace(call, upload=replace(upload or stand_in(draft), fields=text_fields(draft)))
    if draft.text is not None:
        return replace(call, raw_body=draft.text.encode("utf-8", "backslashreplace"))
    return replace(call, body=draft.body)


def text_fields(draft: Draft) -> dict[str, str]:
    """The text fields of an upload's form; what is not text is sent as JSON."""
    body = draft.body if isinstance(draft.body, Mapping) else {}
    return {
        name: value if isinstance(value, str) else write_json(value, indent=None)
        for name, value in body.items()
        if name != "file"
    }


def stand_in(draft: Draft) -> Upload:
    """An empty file under the chosen file's name, for a request that is only shown."""
    name = file_name(draft)
    return Upload(filename=name, content_type=type_of(name), file=io.BytesIO(), size=0)


def file_name(draft: Draft) -> str:
    """The chosen file's name, or a sample one of the chosen kind."""
    body: Mapping[str, Any] = draft.body if isinstance(draft.body, Mapping) else {}
    chosen, kind = body.get("file"), body.get("kind")
    if isinstance(chosen, str) and chosen:
        return chosen
    return SAMPLE_FILES.get(kind if isinstance(kind, str) else "image", SAMPLE_FILES["image"])


def type_of(name: str) -> str:
    """The type that a file's name suggests."""
    return mimetypes.guess_type(name)[0] or _UNKNOWN_TYPE


def preview(
    operation: Operation, draft: Draft, *, base_url: str, idempotency_key: str = ""
) -> Preview:
    """The HTTP message for a draft; never raises."""
    complete, missing = with_examples(operation, draft)
    try:
        prepared = prepare_placeholder(
            operation, complete, base_url=base_url, idempotency_key=idempotency_key
        )
    except CannotSend as trouble:
        return Preview(trouble=_(str(trouble)))
    return Preview(text=_message(prepared, complete), trouble=missing, prepared=prepared)


def prepare_placeholder(
    operation: Operation, draft: Draft, *, base_url: str, idempotency_key: str = ""
) -> Prepared:
    """What the client would send with the placeholder for a key; raises CannotSend."""
    key = KEY_PLACEHOLDER if operation.scope is not None else None
    call = call_for(operation, draft, idempotency_key=idempotency_key, key=key)
    return prepare(call, base_url, boundary=_BOUNDARY)


def with_examples(operation: Operation, draft: Draft) -> tuple[Draft, str]:
    """The draft with the documented example for every missing id, and a sentence that says so."""
    missing = {
        each.name: each.example
        for each in operation.path_params
        if not draft.path.get(each.name, "")
    }
    if not missing:
        return draft, ""
    sentence = _("%(names)s is still empty: the example stands in its place here.")
    return (
        replace(draft, path={**draft.path, **missing}),
        sentence % {"names": ", ".join(missing)},
    )


def _message(prepared: Prepared, draft: Draft) -> str:
    parts = urlsplit(prepared.url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"{prepared.method} {target} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in prepared.headers]
    body = _body(prepared, draft)
    return "\n".join([*lines, "", body]) if body else "\n".join(lines) + "\n"


def _body(prepared: Prepared, draft: Draft) -> str:
    if prepared.upload is not None:
        words = _("(the bytes of %(name)s)") % {"name": prepared.upload.filename}
        framed = prepared.preamble + words.encode() + prepared.epilogue
        return framed.decode("utf-8", "replace").replace("\r\n", "\n").rstrip("\n")
    return "" if prepared.body is None else draft.pretty()
