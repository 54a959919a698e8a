"""Two texts, line beside line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Final

MOST: Final = 2_000
"""Lines of one side that are compared. What follows is said to be there, and no more."""
LONGEST: Final = 400
NEARBY: Final = 3
# Looking for the best match of very different texts takes time that grows with their square.
CAREFUL: Final = 160_000


class Kind(StrEnum):
    """What a row says of its two sides."""

    SAME = "same"
    CHANGED = "changed"
    REMOVED = "removed"
    ADDED = "added"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """One side of a row. ``changed`` is the part that differs, between two that do not."""

    number: int
    before: str = ""
    changed: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line on each side, None where there is none. ``count`` is how many equal ones it hides."""

    kind: Kind
    left: Half | None = None
    right: Half | None = None
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """All rows. ``differing`` counts those that are not the same, ``cut`` says more follows."""

    rows: tuple[Row, ...]
    differing: int
    cut: bool = False

    @property
    def identical(self) -> bool:
        """Whether both sides say the same, as far as they were compared."""
        return self.differing == 0


def compare(left: Sequence[str], right: Sequence[str], *, everything: bool = False) -> Diff:
    """The rows of a comparison; long stretches of equal lines fold unless ``everything``."""
    cut = len(left) > MOST or len(right) > MOST
    left, right = left[:MOST], right[:MOST]
    rows = tuple(_rows(left, right))
    differing = sum(row.kind is not Kind.SAME for row in rows)
    shown = rows if everything else tuple(_folded(rows))
    return Diff(rows=shown, differing=differing, cut=cut)


def _rows(left: Sequence[str], right: Sequence[str]) -> Iterator[Row]:
    for tag, a, a_end, b, b_end in _steps(left, right):
        if tag == "equal":
            for offset in range(a_end - a):
                half = _plain(left[a + offset], a + offset)
                yield Row(kind=Kind.SAME, left=half, right=_plain(right[b + offset], b + offset))
            continue
        shared = min(a_end - a, b_end - b)
        for offset in range(shared):
            one, other = _pair(left[a + offset], right[b + offset], a + offset, b + offset)
            yield Row(kind=Kind.CHANGED, left=one, right=other)
        for place in range(a + shared, a_end):
            yield Row(kind=Kind.REMOVED, left=_plain(left[place], place))
        for place in range(b + shared, b_end):
            yield Row(kind=Kind.ADDED, right=_plain(right[place], place))


def _steps(left: Sequence[str], right: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """What difflib says, with what both begin and end with taken off first."""
    begin = _shared(left, right)
    rest = min(len(left), len(right)) - begin
    end = min(_shared(left[::-1], right[::-1]), rest)
    if begin:
        yield ("equal", 0, begin, 0, begin)
    one, other = left[begin : len(left) - end], right[begin : len(right) - end]
    if len(one) * len(other) > CAREFUL:
        yield ("replace", begin, len(left) - end, begin, len(right) - end)
    elif one or other:
        for tag, a, a_end, b, b_end in SequenceMatcher(None, one, other, False).get_opcodes():
            yield (tag, a + begin, a_end + begin, b + begin, b_end + begin)
    if end:
        yield ("equal", len(left) - end, len(left), len(right) - end, len(right))


def _shared(left: Sequence[str], right: Sequence[str]) -> int:
    """How many items both begin with."""
    for place, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return place
    return min(len(left), len(right))


def _plain(text: str, place: int) -> Half:
    return Half(number=place + 1, before=_short(text))


def _pair(one: str, other: str, a: int, b: int) -> tuple[Half, Half]:
    """Two lines that stand for each other; the part that differs is marked where most is shared."""
    one, other = _short(one), _short(other)
    begin = _shared(one, other)
    rest = min(len(one), len(other)) - begin
    end = min(_shared(one[::-1], other[::-1]), rest)
    indent = len(one) - len(one.lstrip())
    if 2 * (begin + end - indent) < min(len(one.strip()), len(other.strip())):
        return _plain(one, a), _plain(other, b)
    return _half(one, a, begin, end), _half(other, b, begin, end)


def _half(text: str, place: int, begin: int, end: int) -> Half:
    until = len(text) - end
    return Half(
        number=place + 1, before=text[:begin], changed=text[begin:until], after=text[until:]
    )


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _folded(rows: Sequence[Row]) -> Iterator[Row]:
    """The rows near a difference, and how many lie between."""
    near = [False] * len(rows)
    for place, row in enumerate(rows):
        if row.kind is not Kind.SAME:
            for close in range(max(0, place - NEARBY), min(len(rows), place + NEARBY + 1)):
                near[close] = True
    hidden = 0
    for row, shown in zip(rows, near, strict=True):
        if shown:
            if hidden:
                yield Row(kind=Kind.SKIPPED, count=hidden)
            hidden = 0
            yield row
        else:
            hidden += 1
    if hidden:
        yield Row(kind=Kind.SKIPPED, count=hidden)
