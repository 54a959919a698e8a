"""Splitting a pasted command into words as a shell would, without being one.

Nothing is expanded, substituted, opened or run: a variable stays the text that it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

_ENDS: Final = frozenset("|&;<>()")
_BLANKS: Final = frozenset(" \t\r\n")
# A caret before a quote or a line end, where a POSIX shell would not be inside quotes.
_CMD_SIGN: Final = re.compile(
    r"""'[^']*'|"(?:\\.|[^"\\])*"|\\.|(\^(?:"|[ \t]*(?:\r?\n|$)))""", re.DOTALL
)
_SIMPLE_ESCAPES: Final = {
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "E": "\x1b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "?": "?",
}
_NUMBERED: Final = re.compile(
    r"x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})"
)


@dataclass(slots=True)
class Words:
    """The words of the first command, and what stopped the reading before the end."""

    words: list[str] = field(default_factory=list)
    rest: str = ""
    unclosed: str = ""
    substitution: bool = False


def split(command: str) -> Words:
    """The words of a POSIX shell's command, or of one for cmd.exe where its signs are there."""
    is_cmd = any(found[1] for found in _CMD_SIGN.finditer(command))
    return _Cmd(command).read() if is_cmd else _Posix(command).read()


class _Posix:
    """A reader of one command: position in, words out."""

    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n")
        self._at = 0
        self._found = Words()

    def read(self) -> Words:
        while self._at < len(self._text):
            mark = self._text[self._at]
            if self._text.startswith("\\\n", self._at):
                self._at += 2
            elif mark == "\n" and self._found.words:
                self._stop()
            elif mark in _BLANKS:
                self._at += 1
            elif mark == "#":
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            elif mark in _ENDS:
                self._stop()
            else:
                self._found.words.append(self._word())
        return self._found

    def _stop(self) -> None:
        self._found.rest = self._text[self._at :].strip()
        self._at = len(self._text)

    def _word(self) -> str:
        parts: list[str] = []
        while self._at < len(self._text):
            mark = self._text[self._at]
            if mark in _BLANKS or mark in _ENDS:
                break
            parts.append(self._piece(mark))
        return "".join(parts)

    def _piece(self, mark: str) -> str:
        if mark == "'":
            return self._until("'", self._at + 1)
        if self._text.startswith("$'", self._at):
            return self._ansi()
        if mark == '"' or self._text.startswith('$"', self._at):
            self._at += self._text[self._at] == "$"
            return self._double()
        if mark == "\\":
            return self._escaped()
        if mark == "`" or self._text.startswith("$(", self._at):
            self._found.substitution = True
            return self._substitution(mark)
        self._at += 1
        return mark

    def _escaped(self) -> str:
        escaped = self._text[self._at + 1 : self._at + 2]
        self._at += 2
        return "" if escaped == "\n" else escaped

    def _until(self, end: str, start: int) -> str:
        found = self._text.find(end, start)
        if found < 0:
            self._found.unclosed = end
            found = len(self._text)
        self._at = found + 1
        return self._text[start:found]

    def _substitution(self, mark: str) -> str:
        """A command inside the command: kept as its text, brackets and all."""
        start = self._at
        if mark == "`":
            self._until("`", start + 1)
            return self._text[start : self._at]
        depth = 0
        for at in range(start + 1, len(self._text)):
            depth += (self._text[at] == "(") - (self._text[at] == ")")
            if depth == 0:
                self._at = at + 1
                return self._text[start : self._at]
        self._found.unclosed = "$("
        self._at = len(self._text)
        return self._text[start:]

    def _double(self) -> str:
        self._at += 1
        parts: list[str] = []
        while self._at < len(self._text):
            mark = self._text[self._at]
            if mark == '"':
                self._at += 1
                return "".join(parts)
            if mark == "`" or self._text.startswith("$(", self._at):
                self._found.substitution = True
                parts.append(self._substitution(mark))
            elif mark == "\\" and self._text[self._at + 1 : self._at + 2] in tuple('$`"\\\n'):
                parts.append(self._escaped())
            else:
                parts.append(mark)
                self._at += 1
        self._found.unclosed = '"'
        return "".join(parts)

    def _ansi(self) -> str:
        """``$'...'``, in which backslashes are escapes, as browsers copy their requests."""
        self._at += 2
        data = bytearray()
        while self._at < len(self._text):
            mark = self._text[self._at]
            if mark == "'":
                self._at += 1
                return data.decode("utf-8", "replace")
            if mark == "\\":
                data += self._ansi_escape()
            else:
                data += mark.encode("utf-8", "replace")
                self._at += 1
        self._found.unclosed = "$'"
        return data.decode("utf-8", "replace")

    def _ansi_escape(self) -> bytes:
        numbered = _NUMBERED.match(self._text, self._at + 1)
        if numbered is None:
            escaped = self._text[self._at + 1 : self._at + 2]
            self._at += 2
            return _SIMPLE_ESCAPES.get(escaped, "\\" + escaped).encode("utf-8", "replace")
        self._at = numbered.end()
        byte, short, long, octal = numbered.groups()
        if byte or octal:
            # A byte: several of them together may be one character of UTF-8.
            return bytes([(int(byte, 16) if byte else int(octal, 8)) & 0xFF])
        code = int(short or long, 16)
        return chr(code).encode("utf-8", "surrogatepass") if code < 0x110000 else b""


class _Cmd:
    """cmd.exe: carets and quotes first, then the C runtime's rules for words."""

    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n")

    def read(self) -> Words:
        found = Words()
        line, found.rest = self._first_command()
        found.words, open_quote = _runtime_words(line)
        found.unclosed = '"' if open_quote else ""
        return found

    def _first_command(self) -> tuple[str, str]:
        parts: list[str] = []
        quoted, at = False, 0
        while at < len(self._text):
            mark = self._text[at]
            if mark == "^" and not quoted:
                # A caret before a line end joins the lines; the mark after that is plain.
                at += 2 if self._text.startswith("^\n", at) else 1
                parts.append(self._text[at : at + 1])
            elif (mark == "\n" or mark in "&|<>") and not quoted and "".join(parts).strip():
                return "".join(parts), self._text[at:].strip()
            else:
                quoted ^= mark == '"'
                parts.append(mark)
            at += 1
        return "".join(parts), ""


def _runtime_words(line: str) -> tuple[list[str], bool]:
    """Words by the rules of the C runtime: backslashes count only before a quote."""
    words: list[str] = []
    current: list[str] | None = None
    quoted = False
    for piece in _runtime_pieces(line):
        if piece == '"':
            quoted = not quoted
            current = current or []
        elif piece in _BLANKS and not quoted:
            if current is not None:
                words.append("".join(current))
            current = None
        else:
            current = current or []
            current.append(piece.removeprefix("\0"))
    if current is not None:
        words.append("".join(current))
    return words, quoted


def _runtime_pieces(line: str) -> Iterator[str]:
    """Marks one by one; a quote that is meant as itself comes with a NUL before it."""
    for found in re.finditer(r'(\\*)(")|(\\+)|([^\\"])', line, re.DOTALL):
        slashes, quote, plain, mark = found.groups()
        if quote:
            yield from "\\" * (len(slashes) // 2)
            yield '\0"' if len(slashes) % 2 else '"'
        elif plain:
            yield from plain
        else:
            yield mark
