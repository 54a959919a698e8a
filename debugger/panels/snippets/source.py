"""What every snippet is written from: one prepared request, taken apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from debugger.client.api import Prepared
from debugger.contract.operations import Kind, Operation
from debugger.panels.draft import Draft
from debugger.panels.preview import KEY_PLACEHOLDER, text_fields

_OWN: Final = frozenset({"user-agent", "authorization"})
_BEARER: Final = f"Bearer {KEY_PLACEHOLDER}"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """The file of an upload."""

    name: str
    mime: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """``headers`` leave out the key (``with_key`` says that it belongs in) and what every tool
    sets itself. ``body`` is JSON, ``raw`` a text that is not; at most one of them and ``file``
    is there, which ``has_body`` and the others tell.
    """

    operation: Operation
    url: str
    headers: tuple[tuple[str, str], ...]
    with_key: bool
    draft: Draft
    body: Any = None
    raw: str | None = None
    fields: Mapping[str, str]
    file: File | None = None

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.operation.method

    @property
    def has_body(self) -> bool:
        """Whether there is a JSON body."""
        return self.body is not None

    @property
    def streams(self) -> bool:
        """Whether the answer comes bit by bit."""
        return self.operation.kind is Kind.STREAM

    def without(self, *names: str) -> tuple[tuple[str, str], ...]:
        """The headers but for some, named in lower case."""
        return tuple(each for each in self.headers if each[0].lower() not in names)


def source_of(operation: Operation, draft: Draft, prepared: Prepared) -> Source:
    """The parts of a request that was prepared with the placeholder for a key."""
    upload = prepared.upload
    has_key = any(value == _BEARER for _, value in prepared.headers)
    is_json = upload is None and draft.text is None
    return Source(
        operation=operation,
        url=prepared.url,
        headers=tuple(each for each in prepared.headers if _is_shown(each, upload is not None)),
        with_key=has_key,
        draft=draft,
        body=draft.body if is_json else None,
        raw=draft.text if upload is None else None,
        fields=text_fields(draft) if upload is not None else {},
        file=File(name=upload.filename, mime=upload.content_type) if upload is not None else None,
    )


def _is_shown(header: tuple[str, str], is_upload: bool) -> bool:
    name, value = header[0].lower(), header[1]
    if name == "accept" and value == "application/json":
        return False
    return name not in _OWN and not (is_upload and name == "content-type")
