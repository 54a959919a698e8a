"""One run as its page shows it: plain values for the template, bounded and escaped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final

from django.template.defaultfilters import filesizeformat
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from debugger.client import jsontext
from debugger.contract import operations
from debugger.exchanges import advice, links, states, zones
from debugger.exchanges.models import Exchange, ExchangeContent
from debugger.web.highlight import coloured

FOLDED: Final = 64 * 1024
"""Characters of a body that stand on the page until somebody asks for all of it."""
REQUEST: Final = "request"
RESPONSE: Final = "response"
_WIDTH: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A message's text on the page. ``note`` says why it is not all there, or not there at all.

    ``pretty`` is "" where the text is no JSON; ``more`` is how many characters are folded away.
    """

    side: str
    raw: str = ""
    pretty: SafeString | str = ""
    note: str = ""
    more: int = 0
    filename: str = ""

    @property
    def there(self) -> bool:
        """Whether any text was kept."""
        return bool(self.filename)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A part of a call's time, and where its bar stands on a line of a thousand."""

    name: str
    ms: float
    x: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Credits as the API stated them; None is "not stated"."""

    estimated: Decimal | None
    reserved: Decimal | None
    final: Decimal | None

    @property
    def returned(self) -> Decimal | None:
        """What came back, where both amounts are stated and anything did."""
        if self.reserved is None or self.final is None or self.final >= self.reserved:
            return None
        return self.reserved - self.final


class Reading:
    """A run and everything that its page says about it. Asks for rows only when it is made."""

    def __init__(self, row: Exchange, *, zone: zones.Zone, whole: str = "") -> None:
        self.row = row
        self.content: ExchangeContent | None = getattr(row, "content", None)
        self.state = states.state_of(row)
        self.at = zones.time_of(row.at, zone)
        self.zone = zone
        self.links = links.links_of(row)
        self._whole = whole

    @property
    def operation(self) -> operations.Operation | None:
        """What was called, None for an operation that is no longer in the catalog."""
        try:
            return operations.get(self.row.operation)
        except KeyError:
            return None

    @property
    def title(self) -> str:
        """The operation by its name."""
        return _(self.operation.title) if self.operation else self.row.operation

    @property
    def money(self) -> Money | None:
        """The line of credits; None for what costs nothing and states nothing."""
        row = self.row
        spends = self.operation is not None and self.operation.spends
        if not spends and row.reserved is None and row.final is None:
            return None
        return Money(estimated=row.estimated, reserved=row.reserved, final=row.final)

    @cached_property
    def advice(self) -> advice.Advice | None:
        """Why it failed and what helps."""
        content = self.content
        detail = content.failure_detail if content else ""
        wait = content.retry_after if content else None
        return advice.advice_on(self.row, detail=detail, retry_after=wait)

    @cached_property
    def request(self) -> Body:
        """What was sent."""
        content = self.content
        if content is None or not content.kept:
            return Body(side=REQUEST, note=_("The bodies of this run were not kept."))
        if content.request_text is None:
            size = self.row.request_size
            note = _binary(size) if size else _("This request has no body.")
            return Body(side=REQUEST, note=note)
        return self._body(REQUEST, content.request_text, trimmed=content.request_trimmed)

    @cached_property
    def response(self) -> Body:
        """What came back."""
        content, row = self.content, self.row
        if row.status is None:
            return Body(side=RESPONSE, note=_("No answer arrived."))
        if content is None or not content.kept:
            return Body(side=RESPONSE, note=_("The bodies of this run were not kept."))
        if content.response_text is None:
            note = _binary(row.response_size) if row.response_size else _("The answer has no body.")
            return Body(side=RESPONSE, note=note)
        return self._body(RESPONSE, content.response_text, trimmed=content.response_trimmed)

    def _body(self, side: str, text: str, *, trimmed: bool) -> Body:
        whole = self._whole == side
        pretty = "" if trimmed else pretty_json(text)
        most = max(len(text), len(pretty)) if whole else FOLDED
        size = self.row.request_size if side == REQUEST else self.row.response_size
        note = _("The first part of %s: the rest was not kept.") % filesizeformat(size)
        return Body(
            side=side,
            raw=text[:most],
            pretty=coloured(pretty[:most], "json") if pretty else "",
            note=note if trimmed else "",
            more=max(0, len(text) - most),
            filename=file_name(self.row, side, text),
        )

    @property
    def phases(self) -> list[Phase]:
        """Connecting, waiting and receiving, as far as they were measured."""
        return list(_phases(self.row, self.content))

    @property
    def draft(self) -> str:
        """The panel's draft, as its page reads it; "" when it was not kept."""
        return self.content.draft if self.content else ""


def pretty_json(text: str) -> str:
    """The same JSON with line breaks; "" for what is no JSON, or none that can be read here."""
    found = jsontext.read_json(text.encode(errors="replace"))
    if isinstance(found, jsontext.NotJson):
        return ""
    return json.dumps(found.value, indent=2, ensure_ascii=False)


def file_name(row: Exchange, side: str, text: str) -> str:
    """What a body is called as a file."""
    return f"{row.name}-{side}.{'json' if text.lstrip()[:1] in ('{', '[') else 'txt'}"


def _binary(size: int) -> str:
    return _("%s of binary data, which is not kept.") % filesizeformat(size)


def _phases(row: Exchange, content: ExchangeContent | None) -> Iterator[Phase]:
    total = max(row.total_ms, 0.001)
    connect = min(content.connect_ms or 0.0 if content else 0.0, total)
    first = min(max(row.first_byte_ms or connect, connect), total)
    parts = [(_("Connecting"), 0.0, connect)]
    if row.first_byte_ms is None:
        parts.append((_("Waiting"), connect, total))
    else:
        parts += [(_("Waiting for the first byte"), connect, first), (_("Receiving"), first, total)]
    for name, start, end in parts:
        if end > start:
            width = max((end - start) / total * _WIDTH, 2)
            x = min(start / total * _WIDTH, _WIDTH - width)
            yield Phase(name=name, ms=end - start, x=round(x, 1), width=round(width, 1))


def lately_like(row: Exchange) -> tuple[Exchange | None, Exchange | None]:
    """The run of the same body before this one, and the newest one in the other mode."""
    if not row.fingerprint:
        return None, None
    same = Exchange.objects.filter(
        team_id=row.team_id, fingerprint=row.fingerprint, operation=row.operation
    )
    before = same.filter(mode=row.mode, id__lt=row.id).order_by("-id").first()
    other = same.exclude(mode=row.mode).order_by("-id").first()
    return before, other
