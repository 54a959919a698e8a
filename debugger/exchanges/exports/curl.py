"""A stored run as a curl command, with a placeholder where its key was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from django.utils.translation import gettext as _

from debugger.client.jsontext import Parsed, read_json
from debugger.contract import operations
from debugger.contract.operations import Kind
from debugger.exchanges.models import Exchange
from debugger.web.quoting import quote_posix

API: Final = "/api/v1"
_KEY: Final = '-H "Authorization: Bearer $RIVYA_API_KEY"'
# What curl sets by itself, and what the key's placeholder stands for.
_LEFT_OUT: Final = frozenset({"user-agent", "authorization", "content-length", "host"})


def command(exchange: Exchange, *, base_url: str) -> str:
    """The command for a POSIX shell. ``base_url`` is where a run in mock mode would go live."""
    return " \\\n  ".join(_words(exchange, base_url=base_url))


def note(exchange: Exchange) -> str:
    """What of the run the command cannot say; "" when it says everything."""
    content = exchange.content
    if not content.kept:
        return _("This team keeps no bodies, so the command has none.")
    if _kind(exchange) is Kind.UPLOAD:
        return _("The file itself is not kept: put its path behind the @.")
    if content.request_trimmed:
        return _("Only the beginning of the body was kept, so the command is not whole.")
    if content.request_text is not None and not content.intact:
        return _("A secret was removed from the body, so it is not what was sent.")
    return ""


def address(exchange: Exchange, *, base_url: str) -> str:
    """Where the request went, or for one in mock mode where it would go live."""
    url = exchange.content.url
    if exchange.mode == Exchange.Mode.LIVE or API not in url:
        return url
    return base_url + url[url.index(API) :]


def _words(exchange: Exchange, *, base_url: str) -> Iterator[str]:
    content = exchange.content
    has_body = content.request_text is not None
    method = "" if exchange.method == "GET" and not has_body else f" -X {exchange.method}"
    url = address(exchange, base_url=base_url)
    brackets = " --globoff" if set(url) & set("[]{}") else ""
    yield f"curl{method}{brackets} {quote_posix(url)}"
    kind = _kind(exchange)
    if kind is Kind.STREAM:
        yield "-N"
    if _takes_key(exchange):
        yield _KEY
    uploads = kind is Kind.UPLOAD
    for name, value in content.request_headers:
        if name.lower() not in _LEFT_OUT and not (uploads and name.lower() == "content-type"):
            yield "-H " + quote_posix(f"{name}: {value}" if value else f"{name};")
    if uploads:
        yield from _form(content.draft)
    elif has_body:
        yield "--data-raw " + quote_posix(content.request_text or "")


def _kind(exchange: Exchange) -> Kind | None:
    """What kind of call it was; None for an operation that the contract no longer has."""
    try:
        return operations.get(exchange.operation).kind
    except KeyError:
        return None


def _takes_key(exchange: Exchange) -> bool:
    try:
        return operations.get(exchange.operation).scope is not None
    except KeyError:
        return True


def _form(draft: str) -> Iterator[str]:
    """The fields of an upload, of which only the draft tells."""
    body = _body_of(draft)
    for name, value in body.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if name != "file":
            yield "--form-string " + quote_posix(f"{name}={text}")
    given = str(body.get("file") or "file")
    quoted = given.replace("\\", "\\\\").replace('"', '\\"')
    yield "-F " + quote_posix(f'file=@"{quoted}"')


def _body_of(draft: str) -> dict[str, Any]:
    found = read_json(draft.encode(errors="replace"))
    value = found.value if isinstance(found, Parsed) else None
    body = value.get("body") if isinstance(value, dict) else None
    return body if isinstance(body, dict) else {}
