"""The request in the languages that people call an API from, with a placeholder for the key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from debugger.client.api import CannotSend
from debugger.contract.operations import Operation
from debugger.panels.draft import Draft
from debugger.panels.preview import prepare_placeholder, with_examples
from debugger.panels.snippets import javascript, python, shell
from debugger.panels.snippets.source import Source, source_of

__all__ = ["IDEMPOTENCY_PLACEHOLDER", "Snippet", "snippets"]

IDEMPOTENCY_PLACEHOLDER: Final = "your-idempotency-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """``name`` is short and stable, ``language`` what a highlighter calls it."""

    name: str
    title: str
    language: str
    code: str
    note: str = ""


def snippets(
    operation: Operation, draft: Draft, *, base_url: str, idempotency_key: str = ""
) -> tuple[Snippet, ...]:
    """Every snippet, or none where the draft is not a request (``preview`` says why).

    An example stands for a missing id, a placeholder for a missing ``idempotency_key``.
    """
    complete, _missing = with_examples(operation, draft)
    try:
        prepared = prepare_placeholder(
            operation,
            complete,
            base_url=base_url,
            idempotency_key=idempotency_key or IDEMPOTENCY_PLACEHOLDER,
        )
    except CannotSend:
        return ()
    source = source_of(operation, complete, prepared)
    return tuple(
        Snippet(name=name, title=title, language=language, code=write(source), note=note)
        for name, title, language, write, note in _writers(operation)
    )


def _writers(
    operation: Operation,
) -> tuple[tuple[str, str, str, Callable[[Source], str], str], ...]:
    """Name, title, language, writer and note of each snippet, in the order of the tabs."""
    key = _("The key is read from the environment variable RIVYA_API_KEY.")
    open_ = _("No key is needed.")
    note = key if operation.scope is not None else open_
    return (
        ("curl", "cURL", "bash", shell.posix, note),
        ("curl-cmd", _("cURL for Windows"), "batch", shell.cmd, note),
        ("python", "Python", "python", python.python, note),
        ("typescript", "TypeScript SDK", "typescript", javascript.sdk, note),
        ("fetch", "fetch", "javascript", javascript.fetch, note),
    )
