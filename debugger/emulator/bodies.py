"""Reading request bodies: JSON and multipart, both from senders that mean no good."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from typing import Any, Final

from multipart import MultipartError, MultipartParser, parse_options_header

from debugger.contract.assumptions import Assumptions
from debugger.emulator.turn import Form, Upload

_DEEPEST: Final = 64
_TEXT_FIELD_MAX: Final = 64 * 1024
_PARTS_MAX: Final = 32


class BodyError(ValueError):
    """A body that cannot be read; ``status`` is the HTTP status that says so."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def read_json(
    data: bytes, headers: Mapping[str, str], *, assumptions: Assumptions, optional: bool = False
) -> dict[str, Any]:
    """The JSON object of a request; BodyError says what is wrong with it."""
    if not data and optional:
        return {}
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise BodyError("The Content-Type header must be application/json.")
    if len(data) > assumptions.json_body_max_bytes:
        raise BodyError("The body is too large.", status=assumptions.oversized_body_status)
    value = _parse(data)
    if not isinstance(value, dict):
        raise BodyError("The body must be a JSON object.")
    _refuse_unstorable(value)
    return value


def _parse(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_no_constant, parse_float=_finite)
    except UnicodeDecodeError:
        raise BodyError("The body must be JSON in UTF-8.") from None
    except RecursionError:
        raise BodyError("The body is nested too deeply.") from None
    except BodyError:
        raise
    except ValueError:
        raise BodyError("The body must be valid JSON.") from None


def _no_constant(word: str) -> float:
    raise BodyError(f"The body must be valid JSON: {word} is not.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise BodyError("The body holds a number that is too large.")
    return number


def _refuse_unstorable(value: object) -> None:
    """Depth, NUL and lone surrogates parse, and then a database or a schema chokes on them."""
    level: list[object] = [value]
    for _ in range(_DEEPEST):
        following: list[object] = []
        for item in level:
            if isinstance(item, dict):
                following += [*item.keys(), *item.values()]
            elif isinstance(item, list):
                following += item
            elif isinstance(item, str):
                _refuse_bad_text(item)
        if not following:
            return
        level = following
    raise BodyError("The body is nested too deeply.")


def _refuse_bad_text(text: str) -> None:
    if "\0" in text:
        raise BodyError("Text must not contain NUL characters.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise BodyError("Text must be valid Unicode.") from None


def read_form(data: bytes, headers: Mapping[str, str], *, assumptions: Assumptions) -> Form:
    """The parts of a multipart upload; BodyError says what is wrong with it."""
    media_type, options = _content_type(headers.get("content-type", ""))
    if media_type != "multipart/form-data" or not options.get("boundary"):
        raise BodyError("The Content-Type header must be multipart/form-data with a boundary.")
    if len(data) > assumptions.upload_body_max_bytes:
        raise BodyError("The body is too large.", status=assumptions.oversized_body_status)
    try:
        return _collect(data, options["boundary"])
    except BodyError:
        raise
    except (MultipartError, ValueError):
        raise BodyError("The body must be valid multipart/form-data.") from None


def _content_type(header: str) -> tuple[str, dict[str, str]]:
    try:
        name, options = parse_options_header(header)
    except (MultipartError, ValueError):
        return "", {}
    return str(name).strip().lower(), dict(options)


def _collect(data: bytes, boundary: str) -> Form:
    parser = MultipartParser(
        io.BytesIO(data),
        boundary,
        content_length=len(data),
        memory_limit=len(data) + 1,
        memfile_limit=len(data) + 1,
        disk_limit=0,
        part_limit=_PARTS_MAX,
        strict=True,
    )
    fields: dict[str, str] = {}
    upload: Upload | None = None
    for part in parser:
        if part.name in fields or (part.name == "file" and upload is not None):
            raise BodyError(f"The part {part.name[:40]} is there twice.")
        if part.name == "file":
            if not part.filename:
                raise BodyError("The part file must carry a file name.")
            _refuse_bad_text(part.filename)
            upload = Upload(filename=part.filename, content_type=part.content_type, data=part.raw)
        elif part.size > _TEXT_FIELD_MAX:
            raise BodyError(f"The part {part.name[:40]} is too long.")
        else:
            fields[part.name] = _text(part.raw)
    return Form(fields=fields, file=upload)


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise BodyError("Text parts must be UTF-8.") from None
    _refuse_bad_text(text)
    return text
