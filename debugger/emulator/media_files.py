"""Addresses of media: results, drawn when they are first asked for, and uploads."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from debugger.contract import catalog
from debugger.contract.catalog import Category
from debugger.emulator import accounts, files, generations, media
from debugger.emulator.store import Record, Store, Unit
from debugger.emulator.turn import error_response
from debugger.emulator.wire import Chunk, Request, Response

_PATH: Final = re.compile(
    r"/media/(?P<account>[A-Za-z0-9_-]{1,64})/"
    r"(?:files/(?P<file>[A-Za-z0-9_-]{1,64})|(?P<task>[A-Za-z0-9_-]{1,64})/(?P<name>[0-9]\.[a-z0-9]{2,4}))"
)
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_BLOCK: Final = 64 * 1024
_ASPECT_KEYS: Final = ("aspect_ratio", "aspectRatio", "image_size", "imageSize", "size")


@dataclass(frozen=True, slots=True)
class _Media:
    mime: str
    data: bytes


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Everything that a drawing depends on, so that the same drawing is made once."""

    category: Category
    ending: str
    prompt: str
    model: str
    aspect: str
    seed: str
    label: str


def serve(
    store: Store, request: Request, *, request_id: str, real_now: float, mark: str
) -> Response:
    """``GET`` and ``HEAD`` of one medium, with ranges; there is no key, the address is one."""
    if request.method != "GET":
        headers = (("allow", "GET, HEAD"),)
        message = "Media are only read."
        return error_response(
            "method_not_allowed", message, 405, request_id=request_id, headers=headers
        )
    found = _find(store, request.path, real_now=real_now, mark=mark)
    if found is None:
        return error_response("not_found", "There is no such medium.", request_id=request_id)
    return _send(found, request)


def _find(store: Store, path: str, *, real_now: float, mark: str) -> _Media | None:
    parts = _PATH.fullmatch(path)
    if parts is None:
        return None
    try:
        with store.reading(parts["account"]) as unit:
            now = accounts.account_time(accounts.profile(unit), real=real_now)
            if parts["file"]:
                return _upload(unit, parts["file"], now=now)
            wanted = _result(unit, parts["task"], parts["name"], now=now)
    except KeyError:
        return None
    # Drawing takes a while, so it happens when the store is free again.
    return None if wanted is None else _drawn(wanted, mark)


def _upload(unit: Unit, file_id: str, *, now: float) -> _Media | None:
    record = files.kept(unit, file_id, now=now)
    data = unit.get_blob(file_id)
    return None if record is None or data is None else _Media(record["mime_type"], data)


def _result(unit: Unit, task: str, name: str, *, now: float) -> _Wanted | None:
    record = unit.get(generations.KIND, task)
    if (
        record is None
        or name not in record["results"]
        or not generations.has_result(record, now=now)
    ):
        return None
    model = catalog.get(record["model"])
    if model is None:
        return None
    return _Wanted(
        category=Category.IMAGE if name.endswith((".png", ".jpg")) else model.category,
        ending=name.rpartition(".")[2],
        prompt=_prompt(record),
        model=model.display_name,
        aspect=_aspect(record, model),
        seed=f"{task}/{name}",
        label=_label(record, name),
    )


def _label(record: Record, name: str) -> str:
    count = len(record["results"])
    return f"{record['results'].index(name) + 1} of {count}" if count > 1 else ""


def _prompt(record: Record) -> str:
    """The prompt, or the spoken lines where a model has them instead."""
    if record["prompt"]:
        return str(record["prompt"])
    lines = record["params"].get("dialogue") or []
    return " ".join(str(line.get("text", "")) for line in lines if isinstance(line, dict))


def _aspect(record: Record, model: catalog.Model) -> str:
    for key in _ASPECT_KEYS:
        known = model.param(key)
        if known is not None:
            return str(record["params"].get(key) or known.default)
    return "16:9" if model.category is Category.VIDEO else "1:1"


@lru_cache(maxsize=48)
def _drawn(wanted: _Wanted, mark: str) -> _Media:
    if wanted.category is Category.AUDIO:
        made = media.render_audio(prompt=wanted.prompt, model=wanted.model, seed=wanted.seed)
    elif wanted.category is Category.VIDEO:
        made = media.render_video(
            prompt=wanted.prompt,
            model=wanted.model,
            aspect=wanted.aspect,
            seed=wanted.seed,
            mark=mark,
        )
    else:
        made = media.render_image(
            prompt=wanted.prompt,
            model=wanted.model,
            aspect=wanted.aspect,
            seed=wanted.seed,
            label=wanted.label,
            format=wanted.ending,
            mark=mark,
        )
    return _Media(made.mime, made.data)


def _send(found: _Media, request: Request) -> Response:
    tag = f'"{hashlib.sha256(found.data).hexdigest()[:24]}"'
    headers = [
        ("content-type", found.mime),
        ("accept-ranges", "bytes"),
        ("etag", tag),
        ("cache-control", "private, max-age=3600"),
        ("x-content-type-options", "nosniff"),
        # Uploads come from anybody: should a browser open one as a page, nothing in it may run.
        ("content-security-policy", "default-src 'none'; sandbox"),
    ]
    if tag in request.headers.get("if-none-match", ""):
        return Response(status=304, headers=tuple(headers))
    total = len(found.data)
    span = _span(request, total, tag)
    if span == ():
        refused = (*headers[1:], ("content-range", f"bytes */{total}"), ("content-length", "0"))
        return Response(status=416, headers=refused)
    start, end = span or (0, total)
    if span:
        headers.append(("content-range", f"bytes {start}-{end - 1}/{total}"))
    headers.append(("content-length", str(end - start)))
    blocks = tuple(
        Chunk(found.data[at : min(at + _BLOCK, end)]) for at in range(start, end, _BLOCK)
    )
    return Response(status=206 if span else 200, headers=tuple(headers), chunks=blocks)


def _span(request: Request, total: int, tag: str) -> tuple[int, int] | tuple[()] | None:
    """Start and end of the one range asked for; () when it cannot be met, None for everything.

    Several ranges, and a range on an older version, are answered with everything, which is
    always allowed.
    """
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None or request.headers.get("if-range", tag) != tag or asked[1] == asked[2] == "":
        return None
    if asked[1] == "":
        length = min(int(asked[2]), total)
        return (total - length, total) if length else ()
    start = int(asked[1])
    end = min(int(asked[2]) + 1, total) if asked[2] else total
    if asked[2] and int(asked[2]) < start:
        return None
    return (start, end) if start < end else ()
