"""From the words of a command to an operation and a draft."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, unquote

from django.utils.translation import gettext as _

from debugger.client.redact import Redactor, is_secret_name
from debugger.contract import operations
from debugger.contract.operations import PREFIX, Kind, Operation
from debugger.contract.parts import split
from debugger.panels.curl_import import words
from debugger.panels.curl_import.options import options
from debugger.panels.curl_import.request import Gathered, gather
from debugger.panels.curl_import.values import Dropped, looks_like_key
from debugger.panels.draft import Draft
from debugger.panels.snippets import IDEMPOTENCY_PLACEHOLDER

MAX_COMMAND: Final = 1_000_000
OWN_HOSTS: Final = ("rivya.ai",)
_CURL: Final = re.compile(r"(?:.*[/\\])?curl(?:\.exe)?$", re.IGNORECASE)
_JSON_TYPE: Final = re.compile(r"application/json\s*(;\s*charset=utf-8)?\s*$", re.IGNORECASE)
# Set by the connection or by the client, whatever a command says.
_OURS: Final = frozenset(
    ["host", "content-length", "connection", "transfer-encoding", "accept-encoding", "te", "expect"]
)
_DEFAULT_ACCEPT: Final = frozenset({"*/*", "application/json", "application/json, */*"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What a command means. ``operation_id`` and ``draft`` are None when it is no call of ours.

    ``host`` is where the command would have gone, "" when it does not say; ``foreign`` that this
    is none of our own. ``had_key`` says that a key was in the command; it is kept nowhere.
    """

    operation_id: str | None = None
    draft: Draft | None = None
    understood: tuple[str, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    host: str = ""
    foreign: bool = False
    had_key: bool = False


def read(command: str, *, own_hosts: Collection[str] = OWN_HOSTS) -> Imported:
    """What the command means; never raises and never does anything.

    ``own_hosts`` are the hosts (with a port where there is one) of our own upstreams.
    """
    if len(command) > MAX_COMMAND:
        return _nothing(_("the command"), _("It is longer than a million characters."))
    split = words.split(command)
    start = next((at for at, word in enumerate(split.words) if _CURL.match(word)), None)
    if start is None:
        return _nothing(_("the text"), _("There is no curl command in it."))
    found = gather(options(split.words[start + 1 :]))
    _note_shell(split, found)
    return _Reader(found, own_hosts).read()


def _nothing(what: str, why: str) -> Imported:
    return Imported(dropped=(Dropped(what=what, why=why),))


def _note_shell(split: words.Words, found: Gathered) -> None:
    if split.unclosed:
        found.drop(split.unclosed, _("This quote is not closed: the command may be cut off."))
    if split.rest:
        found.drop(split.rest[:1], _("What comes after the first command was not read."))
    if split.substitution:
        found.drop("$(…)", _("Commands inside the command are never run: their text stays."))


class _Reader:
    """Turns what was gathered into an import, keys first."""

    def __init__(self, found: Gathered, own_hosts: Collection[str]) -> None:
        self._found = found
        self._own_hosts = {host.lower() for host in own_hosts}
        self._url = _address(found.url or "")

    def read(self) -> Imported:
        headers = self._headers()
        pairs = self._query()
        redactor = Redactor(known=self._found.secrets)
        operation, path = self._operation(self._method())
        if operation is None:
            return self._import(None, None, redactor)
        draft = Draft(path=path, query=dict(pairs), headers=self._extra(operation, headers))
        draft = self._body(operation, draft, headers)
        clean = _cleaned(draft, redactor)
        if redactor.removed:
            self._found.had_key = True
            self._found.drop(_("a key"), _("A key stood in a value and was taken out."))
        return self._import(operation, clean, redactor)

    def _import(
        self, operation: Operation | None, draft: Draft | None, redactor: Redactor
    ) -> Imported:
        host = (self._url.netloc.rpartition("@")[2]).lower() if self._url else ""
        return Imported(
            operation_id=operation.id if operation else None,
            draft=draft,
            understood=tuple(self._found.understood),
            dropped=tuple(
                Dropped(what=redactor.text(each.what), why=each.why) for each in self._found.dropped
            ),
            host=redactor.text(host),
            foreign=bool(host) and host not in self._own_hosts,
            had_key=self._found.had_key,
        )

    def _headers(self) -> list[tuple[str, str]]:
        """The headers without those that carry a credential; these are remembered as secrets."""
        kept = []
        for name, value in self._found.headers:
            if not is_secret_name(name):
                kept.append((name, value))
                continue
            bare = re.sub(r"(?i)^(?:bearer|basic|token)\s+", "", value)
            if looks_like_key(value):
                self._found.had_key = True
                self._found.secrets.append(bare)
            why = _("The key has its own field and is never taken from a command.")
            self._found.drop(name, why)
        return kept

    def _method(self) -> str:
        found = self._found
        if found.method:
            return found.method
        has_data = found.had_data and not found.data_in_query
        return "POST" if has_data or found.forms else "GET"

    def _query(self) -> list[tuple[str, str]]:
        text = [self._url.query] if self._url else []
        text += self._found.query
        if self._found.data_in_query:
            text += self._found.data
        pairs: dict[str, str] = {}
        for name, value in parse_qsl("&".join(text), keep_blank_values=True):
            if is_secret_name(name):
                self._found.had_key = True
                self._found.secrets.append(value)
                why = _("A key never belongs in an address: it was dropped.")
                self._found.drop(f"?{name}", why)
                continue
            if name in pairs:
                self._found.drop(f"?{name}", _("It is there more than once: the last one counts."))
            pairs[name] = value
        return list(pairs.items())

    def _operation(self, method: str) -> tuple[Operation | None, dict[str, str]]:
        found = self._found
        if self._url is None:
            found.drop(_("the address"), _("The command names no address that can be read."))
            return None, {}
        if "@" in self._url.netloc:
            found.had_key = True
            found.drop("user@", _("A user name and password are no credentials of this API."))
        if self._url.fragment:
            found.drop("#", _("What follows a # is never sent."))
        start = self._url.path.find(PREFIX + "/")
        path = self._url.path[max(start, 0) :].rstrip("/")
        matched = operations.match(method, path)
        if matched is None:
            self._explain(path)
            return None, {}
        operation, values = matched
        found.understand(f"{operation.method} {operation.path}")
        return operation, {name: unquote(value) for name, value in values.items()}

    def _explain(self, path: str) -> None:
        others = [each.method for each in operations.CATALOG if each.pattern.match(path)]
        if others:
            why = _("At this address the API knows %(methods)s only.")
            self._found.drop("-X", why % {"methods": ", ".join(others)})
        else:
            self._found.drop(_("the address"), _("The API has no operation at this address."))

    def _extra(self, operation: Operation, headers: list[tuple[str, str]]) -> dict[str, str]:
        """The headers that are worth keeping: what the client sets by itself is left out."""
        return {name: value for name, value in headers if self._is_extra(operation, name, value)}

    def _is_extra(self, operation: Operation, name: str, value: str) -> bool:
        lower = name.lower()
        if lower in _OURS:
            self._found.drop(name, _("The connection sets this header itself."))
            return False
        if lower == "accept":
            is_stream = operation.kind is Kind.STREAM
            return value != "text/event-stream" if is_stream else value not in _DEFAULT_ACCEPT
        if lower == "content-type":
            return not _JSON_TYPE.match(value) and operation.kind is not Kind.UPLOAD
        if lower == "idempotency-key" and not looks_like_key(value):
            # A variable's name would be the same key for every run.
            self._found.drop(name, _("It is a variable: the panel makes a key of its own."))
            return False
        return not (lower == "idempotency-key" and value == IDEMPOTENCY_PLACEHOLDER)

    def _body(self, operation: Operation, draft: Draft, headers: list[tuple[str, str]]) -> Draft:
        found = self._found
        if found.forms:
            return self._form(operation, draft)
        data = [] if found.data_in_query else found.data
        if not data and not found.json:
            return draft
        draft = draft.with_text("&".join(data) + "".join(found.json))
        named = {name.lower(): value for name, value in headers}.get("content-type", "")
        if draft.trouble() is not None:
            found.drop(_("the body"), _("It is not JSON: it stands in the JSON editor as text."))
        elif not found.json and not _JSON_TYPE.match(named):
            why = _("curl would have called the body a form: it is sent as JSON here.")
            found.drop("Content-Type", why)
        return draft

    def _form(self, operation: Operation, draft: Draft) -> Draft:
        found = self._found
        if operation.kind is not Kind.UPLOAD:
            found.drop("-F", _("This operation takes JSON and no form."))
            return draft
        body: dict[str, Any] = {}
        for name, value, is_file in found.forms:
            if is_file and name != "file":
                found.drop(f"-F {name}=@…", _("Files are never opened: type the value instead."))
                continue
            if is_file:
                why = _("The file itself is never opened: choose it in the panel.")
                found.drop("-F file=@…", why)
            body[name] = value.replace("\\", "/").rsplit("/", 1)[-1] if is_file else value
        return replace(draft, body=body)


def _address(text: str) -> SplitResult | None:
    """The address in parts; a variable in the place of scheme and host is passed over."""
    before, prefix, after = text.partition(PREFIX)
    if prefix and re.match(r"[$%{<]", before) and "://" not in before:
        text = prefix + after
    elif text and "://" not in text:
        text = f"http://{text}"
    try:
        parts = split(text)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.netloc or parts.path.startswith(PREFIX) else None


def _cleaned(draft: Draft, redactor: Redactor) -> Draft:
    """The draft without anything that has the shape of a key."""

    def pairs(values: dict[str, str]) -> dict[str, str]:
        return {redactor.text(name): redactor.text(value) for name, value in values.items()}

    body, text = _without_keys(draft.body, redactor), draft.text
    return replace(
        draft,
        path=pairs(draft.path),
        query=pairs(draft.query),
        headers=pairs(draft.headers),
        body=body,
        text=None if text is None else redactor.text(text),
    )


def _without_keys(value: Any, redactor: Redactor) -> Any:
    """Every string of a JSON value without keys; names decide nothing, shapes do."""
    if isinstance(value, str):
        return redactor.text(value)
    if isinstance(value, list):
        return [_without_keys(each, redactor) for each in value]
    if isinstance(value, dict):
        return {redactor.text(key): _without_keys(each, redactor) for key, each in value.items()}
    return value
