"""What a curl command asks for, gathered from its options; nothing is opened or sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote_plus

from django.utils.translation import gettext as _

from debugger.panels.curl_import.options import Option
from debugger.panels.curl_import.values import Dropped, looks_like_key, without_blanks

# What changes nothing about the request, so that there is nothing to say about it.
_SILENT: Final = frozenset(
    (
        "compressed",
        "silent",
        "show-error",
        "verbose",
        "include",
        "fail",
        "fail-with-body",
        "no-buffer",
        "globoff",
        "http1.1",
        "http2",
        "progress-bar",
        "url",
        "ipv4",
        "ipv6",
    )
)


@dataclass(slots=True)
class Gathered:
    """The request so far. ``data`` holds body parts, ``forms`` name and value with a file mark."""

    url: str | None = None
    method: str | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    json: list[str] = field(default_factory=list)
    query: list[str] = field(default_factory=list)
    forms: list[tuple[str, str, bool]] = field(default_factory=list)
    data_in_query: bool = False
    had_data: bool = False
    understood: list[str] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    had_key: bool = False

    def drop(self, what: str, why: str) -> None:
        """Notes what is not taken over; ``what`` never holds a value that may be secret."""
        self.dropped.append(Dropped(what=what, why=why))

    def understand(self, what: str) -> None:
        """Notes what was taken over, once."""
        if what not in self.understood:
            self.understood.append(what)


def gather(options: Iterable[Option]) -> Gathered:
    """Everything that the options say, each either understood or dropped with a reason."""
    found = Gathered()
    for option in options:
        if option.name == "next":
            found.drop("--next", _("Only the first of several requests is read."))
            break
        _take(option, found)
    return found


def _take(option: Option, found: Gathered) -> None:
    handler = _HANDLERS.get(option.name)
    if not option.known:
        found.drop(option.written, _("This is no option of curl that we know."))
    elif handler is None:
        _drop(option, found)
    elif option.value is None and option.name not in ("get", "head"):
        found.drop(option.written, _("Its value is missing."))
    else:
        handler(option, option.value or "", found)


def _drop(option: Option, found: Gathered) -> None:
    if option.name in _SILENT or option.name.removeprefix("no-") in _SILENT:
        return
    reasons = {
        "insecure": _("Certificates are always checked here."),
        "location": _("Redirects are never followed with a key."),
        "location-trusted": _("Redirects are never followed with a key."),
        "output": _("The answer is shown on the page."),
        "remote-name": _("The answer is shown on the page."),
        "cookie-jar": _("Cookies are never kept."),
        "upload-file": _("Files are never opened: choose the file in the panel."),
        "config": _("Files are never opened: paste the command with its options."),
        "netrc": _("Files are never opened, and passwords are no credentials of this API."),
        "proxy": _("Requests go out without a proxy."),
    }
    found.drop(option.written, reasons.get(option.name, _("It has no effect here.")))


def _address(_option: Option, value: str, found: Gathered) -> None:
    if found.url is None:
        found.url = without_blanks(value)
    else:
        found.drop(_("another address"), _("Only the first address is read."))


def _method(option: Option, value: str, found: Gathered) -> None:
    found.method = value.strip().upper()
    found.understand(option.written)


def _head(_option: Option, _value: str, found: Gathered) -> None:
    found.method = "HEAD"


def _get(option: Option, _value: str, found: Gathered) -> None:
    found.data_in_query = True
    found.understand(option.written)


def _header(option: Option, value: str, found: Gathered) -> None:
    """``Name: value``, ``Name;`` for an empty value, ``Name:`` to take curl's own away."""
    name, colon, text = value.partition(":")
    name, text = name.strip(), text.strip()
    if not colon and name.endswith(";"):
        found.headers.append((name.removesuffix(";").strip(), ""))
    elif value.startswith("@"):
        found.drop(f"{option.written} @…", _("Files are never opened: paste the headers."))
    elif not colon or not name:
        found.drop(option.written, _("This header has no name and value."))
    elif text:
        found.headers.append((name, text))


def _data(option: Option, value: str, found: Gathered) -> None:
    found.had_data = True
    if value.startswith("@") and option.name != "data-raw":
        why = _("Files are never opened: paste the body, or type it into the JSON editor.")
        found.drop(f"{option.written} {value[:80]}", why)
        return
    found.data.append(value)
    found.understand(option.written)


def _encoded(option: Option, value: str, found: Gathered) -> None:
    found.had_data = True
    name, equals, content = value.partition("=")
    if "@" in value and (not equals or "@" in name):
        found.drop(option.written, _("Files are never opened: paste the body."))
        return
    encoded = quote_plus(content if equals else value)
    found.data.append(f"{name}={encoded}" if equals and name else encoded)
    found.understand(option.written)


def _json(option: Option, value: str, found: Gathered) -> None:
    found.had_data = True
    if value.startswith("@"):
        why = _("Files are never opened: paste the body, or type it into the JSON editor.")
        found.drop(f"{option.written} {value[:80]}", why)
        return
    found.json.append(value)
    found.understand(option.written)


def _query(option: Option, value: str, found: Gathered) -> None:
    name, equals, content = value.partition("=")
    if value.startswith("@") or "@" in name:
        found.drop(option.written, _("Files are never opened: type the query into its fields."))
        return
    plain = value[1:] if value.startswith("+") else None
    found.query.append(plain or (f"{name}={quote_plus(content)}" if equals else quote_plus(value)))
    found.understand(option.written)


def _form(option: Option, value: str, found: Gathered) -> None:
    name, equals, content = value.partition("=")
    if not equals or not name:
        found.drop(option.written, _("A form field is written name=value."))
        return
    found.understand(option.written)
    if option.name == "form-string":
        found.forms.append((name, content, False))
        return
    is_file = content[:1] in ("@", "<")
    found.forms.append((name, _form_value(content[is_file:]), is_file))


_QUOTED: Final = re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL)


def _form_value(content: str) -> str:
    """The value or file name before ``;type=`` and the like; quotes around it belong to curl."""
    quoted = _QUOTED.match(content)
    if quoted is not None:
        return re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL)
    return re.split(r";\s*(?:type|filename|headers|encoder)=", content, maxsplit=1)[0]


def _cookie(option: Option, _value: str, found: Gathered) -> None:
    found.drop(option.written, _("Cookies are no credentials of this API and are never kept."))


def _user(option: Option, value: str, found: Gathered) -> None:
    found.secrets.extend(part for part in value.split(":", 1) if looks_like_key(part))
    found.had_key = found.had_key or bool(value)
    found.drop(option.written, _("A user name and password are no credentials of this API."))


def _bearer(option: Option, value: str, found: Gathered) -> None:
    found.secrets.append(value)
    found.had_key = found.had_key or looks_like_key(value)
    found.drop(option.written, _("The key has its own field and is never taken from a command."))


def _named_header(name: str) -> Callable[[Option, str, Gathered], None]:
    def take(option: Option, value: str, found: Gathered) -> None:
        found.headers.append((name, value))
        found.understand(option.written)

    return take


_HANDLERS: Final[dict[str, Callable[[Option, str, Gathered], None]]] = {
    "": _address,
    "url": _address,
    "request": _method,
    "head": _head,
    "get": _get,
    "header": _header,
    "data": _data,
    "data-ascii": _data,
    "data-binary": _data,
    "data-raw": _data,
    "data-urlencode": _encoded,
    "json": _json,
    "url-query": _query,
    "form": _form,
    "form-string": _form,
    "cookie": _cookie,
    "user": _user,
    "proxy-user": _user,
    "oauth2-bearer": _bearer,
    "user-agent": _named_header("User-Agent"),
    "referer": _named_header("Referer"),
}
