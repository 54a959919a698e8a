"""One word of a command line, quoted so that a shell gives it on as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:=@%+,-]+")
_CMD_PLAIN: Final = re.compile(r"[A-Za-z0-9 _./:=+,~'?;*\\-]")


def quote_posix(text: str) -> str:
    """One word for a POSIX shell."""
    if _PLAIN.fullmatch(text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"


def quote_cmd(text: str) -> str:
    """One word for cmd.exe and the C runtime's splitting behind it.

    The quotes are escaped for cmd, so that it never is inside quotes and every caret counts. A
    per cent sign is kept from naming a variable by a caret behind it.
    """
    if _PLAIN.fullmatch(text) and "%" not in text:
        return text
    argument = re.sub(r'(\\*)"', r'\1\1\\"', text.replace("\r\n", "\n"))
    argument = re.sub(r"(\\+)$", r"\1\1", argument)
    return '^"' + "".join(_careted(argument)) + '^"'


def _careted(argument: str) -> Iterator[str]:
    before = ""
    for mark in argument:
        if mark == "\n":
            yield "^\n\n"
        elif not _CMD_PLAIN.match(mark) or (before == "%" and mark != "%"):
            yield "^" + mark
        else:
            yield mark
        before = mark
