"""Two runs beside each other: their facts, what was sent and what came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from debugger.exchanges import canonical, diff
from debugger.exchanges.diff import Diff
from debugger.exchanges.models import Exchange
from debugger.keys.live.charges import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line of the facts; ``differs`` marks those that are not the same on both sides."""

    label: str
    left: str
    right: str

    @property
    def differs(self) -> bool:
        """Whether the two sides disagree."""
        return self.left != self.right


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the messages; ``note`` says why it cannot be compared as a whole."""

    name: str
    title: str
    found: Diff
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The whole page. ``same`` says that no compared message differs."""

    left: Exchange
    right: Exchange
    facts: tuple[Fact, ...]
    parts: tuple[Part, ...]

    @property
    def same(self) -> bool:
        """Whether what was sent and what came is the same on both sides."""
        return all(part.found.identical for part in self.parts)


def compare(
    left: Exchange, right: Exchange, *, masked: bool = True, everything: bool = False
) -> Comparison:
    """Two runs with their contents loaded. ``masked`` covers what changes from run to run."""
    return Comparison(
        left=left,
        right=right,
        facts=tuple(_facts(left, right)),
        parts=tuple(_parts(left, right, masked=masked, everything=everything)),
    )


def _facts(left: Exchange, right: Exchange) -> Iterator[Fact]:
    rows = (
        (_("Mode"), [each.get_mode_display() for each in (left, right)]),
        (_("Operation"), [each.operation for each in (left, right)]),
        (_("HTTP status"), [str(each.status or _("none")) for each in (left, right)]),
        (_("Error code"), [each.error_code for each in (left, right)]),
        (_("Job status"), [each.job_status for each in (left, right)]),
        (_("Model"), [each.model for each in (left, right)]),
        (_("Scenario"), [each.scenario for each in (left, right)]),
        (_("Key"), [each.key_label for each in (left, right)]),
        (_("Person"), [each.user_name for each in (left, right)]),
        (_("Credits reserved"), [_credits(each.reserved) for each in (left, right)]),
        (_("Credits final"), [_credits(each.final) for each in (left, right)]),
        (_("First byte"), [_time(each.first_byte_ms) for each in (left, right)]),
        (_("Duration"), [_time(each.total_ms) for each in (left, right)]),
        (_("Size of the answer"), [f"{each.response_size:,} B" for each in (left, right)]),
    )
    for label, (one, other) in rows:
        if one or other:
            yield Fact(label=label, left=one or "–", right=other or "–")


def _credits(amount: Decimal | None) -> str:
    return _("not stated") if amount is None else shown(amount)


def _time(ms: float | None) -> str:
    return "" if ms is None else f"{ms:,.0f} ms"


def _parts(left: Exchange, right: Exchange, *, masked: bool, everything: bool) -> Iterator[Part]:
    one, other = left.content, right.content
    no_bodies = "" if one.kept and other.kept else _("Bodies of one of them were not kept.")
    sent_cut = one.request_trimmed or other.request_trimmed
    came_cut = one.response_trimmed or other.response_trimmed
    cut = _("Only the beginning of one of them was kept.")

    def part(name: str, title: str, a: list[str], b: list[str], note: str = "") -> Part:
        found = diff.compare(a, b, everything=everything)
        return Part(name=name, title=title, found=found, note=note)

    def body(text: str | None) -> list[str]:
        return canonical.lines(text, masked=masked)

    def headers(pairs: list[list[str]]) -> list[str]:
        return canonical.header_lines(pairs, masked=masked)

    note = no_bodies or (cut if sent_cut else "")
    sent = body(one.request_text), body(other.request_text)
    yield part("sent", _("Request body"), *sent, note)
    note = no_bodies or (cut if came_cut else "")
    came = body(one.response_text), body(other.response_text)
    yield part("came", _("Response body"), *came, note)
    given = headers(one.request_headers), headers(other.request_headers)
    yield part("sent-headers", _("Request headers"), *given)
    got = headers(one.response_headers), headers(other.response_headers)
    yield part("came-headers", _("Response headers"), *got)
