"""The words by which an exchange is found: one tokenizer for what is stored and what is asked.

Text is folded (NFKC, case) and cut into runs of letters, digits, marks and "_". Runs that an id
or an address joins ("task_abc-1", "gpt-5.4", a UUID) become one word from each of their parts
to the end, so that each stretch of them is the beginning of a word; every word that is asked for
is one. Scripts without spaces become overlapping pairs of characters. Pictures are words too.

A stored word begins with its team ("12_bottle"): a search never meets another team's words. Words
hold no sign that a query language knows, so both databases take them as they are (search.py).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from typing import Any, Final

LONGEST: Final = 64
MOST: Final = 2_000
MOST_ASKED: Final = 40
_LONGEST_TEXT: Final = 256 * 1024  # Characters of one text that are looked at.
_PARTS: Final = 12  # Of an id, that one word joins.
_CHUNKS: Final = 8  # Of LONGEST characters, of one run without a border.
_STAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_ESCAPING: Final = re.compile(r"\s*(?:[{\[\"]|(?:data|event|id|retry)?:)")
# Han, kana, bopomofo, Thai, Lao, Myanmar, Khmer, and the Han of the other planes.
_UNSPACED: Final = (
    "\u3005-\u3007\u3021-\u3029\u3040-\u30ff\u3100-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\U00020000-\U0003ffff"
)
_UNSPACED_RUN: Final = re.compile(f"[{_UNSPACED}]+")
_JOINED: Final = re.compile(r"[^\s\-._:/@+~]+(?:[\-._:/@+~]{1,3}[^\s\-._:/@+~]+)*")
_BORDER: Final = re.compile(r"[\-._:/@+~]+")
# Putting marks in their order takes time that grows with the square of how many stand in a row. So
# text is folded in pieces, which end at a space wherever there is one.
_PIECE: Final = re.compile(r".{1,1024}(?:(?<=\s)|\Z)|.{1,1024}", re.DOTALL)


def of_texts(texts: Iterable[str], *, team_id: int) -> str:
    """The words of some texts as they are stored, without repetition, the first texts first."""
    found = dict.fromkeys(islice(_distinct(texts), MOST))
    return " ".join(f"{team_id}_{word}" for word in found)


def asked(text: str) -> tuple[str, ...]:
    """The words of a query, each of which a found row has, or one that begins with it."""
    words = dict.fromkeys(word for unit in _units(_folded(text)) for word in _asked_of(unit))
    return tuple(islice(words, MOST_ASKED))


def texts_of(value: Any) -> Iterator[str]:
    """Every name, text and number in a JSON value, in its order; nesting is bounded by its reader.

    Moments are left out: each would be a word of its own, and the history is narrowed by time.
    """
    if isinstance(value, str):
        if not _STAMP.fullmatch(value):
            yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield str(name)
            yield from texts_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_of(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def unescaped(text: str) -> str:
    """Text, with the escapes of JSON undone where it is broken JSON or a stream of events."""
    if not _ESCAPING.match(text):
        return text
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else " ", text)


def _distinct(texts: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for text in texts:
        for unit in _units(_folded(text[:_LONGEST_TEXT])):
            for word in _stored_of(unit):
                if word not in seen:
                    seen.add(word)
                    yield word


def _folded(text: str) -> str:
    """Text in one spelling: without case, joiners and variants, each other sign a space."""
    if text.isascii():
        return text.casefold()
    whole, length = [], 0
    for found in _PIECE.finditer(text):
        whole.append(_of_piece(found[0]))
        length += len(whole[-1])
        if length >= _LONGEST_TEXT:
            break
    return "".join(whole)


def _of_piece(text: str) -> str:
    whole = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return whole if whole.isascii() else "".join(map(_kept, whole))


def _kept(char: str) -> str:
    """The character; "" for what only shapes its neighbours; with spaces around a picture."""
    if char.isascii():
        return char
    kind = unicodedata.category(char)
    if kind == "Cf" or "\ufe00" <= char <= "\ufe0f" or kind == "Sk":
        return ""
    if kind[0] in "LMN":
        return char
    return f" {char} " if kind == "So" else " "


def _units(folded: str) -> Iterator[list[str]]:
    """The parts of each id or address; one part for an ordinary word."""
    for found in _JOINED.finditer(_ASCII_SIGNS.sub(" ", folded)):
        yield _BORDER.split(found[0])


# Every ASCII sign that neither belongs to a word nor joins two.
_ASCII_SIGNS: Final = re.compile(r"[\x00-\x1f!\"#$%&'()*,;<=>?\[\\\]^`{|}\x7f]")


def _stored_of(parts: list[str]) -> Iterator[str]:
    if any(_UNSPACED_RUN.search(part) for part in parts):
        for part in parts:
            yield from _mixed(part, stored=True)
        return
    for number, part in enumerate(parts):
        yield "_".join(parts[number : number + _PARTS])[:LONGEST]
        yield from _rest(part)


def _asked_of(parts: list[str]) -> Iterator[str]:
    if any(_UNSPACED_RUN.search(part) for part in parts):
        for part in parts:
            yield from _mixed(part, stored=False)
        return
    whole = "_".join(parts[:_PARTS])
    yield whole[:LONGEST]
    if len(whole) > LONGEST or len(parts) > _PARTS:
        for part in parts:
            yield part[:LONGEST]
            yield from _rest(part)


def _rest(part: str) -> Iterator[str]:
    """What follows the first word of a run that is longer than a word may be."""
    for start in range(LONGEST, min(len(part), LONGEST * _CHUNKS), LONGEST):
        yield part[start : start + LONGEST]


def _mixed(part: str, *, stored: bool) -> Iterator[str]:
    """A run in which characters of unspaced scripts stand: those in pairs, the others as words."""
    end = 0
    for run in _UNSPACED_RUN.finditer(part):
        yield from _plain(part[end : run.start()])
        yield from _pairs(run[0], stored=stored)
        end = run.end()
    yield from _plain(part[end:])


def _plain(part: str) -> Iterator[str]:
    if part:
        yield part[:LONGEST]
        yield from _rest(part)


def _pairs(run: str, *, stored: bool) -> Iterator[str]:
    for first, second in pairwise(run):
        yield first + second
    # The last one begins no pair; a query of two or more characters says it in its last pair.
    if stored or len(run) == 1:
        yield run[-1]
