"""CSV that spreadsheets read as it is meant: UTF-8 they recognise, and no cell that computes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def head(columns: Iterable[str]) -> str:
    """The mark by which spreadsheets know UTF-8, and the names of the columns."""
    return "\N{BYTE ORDER MARK}" + lines([columns])


def lines(rows: Iterable[Iterable[str]]) -> str:
    """Rows of a file, every cell in quotes."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def harmless(cell: str) -> str:
    """The cell, with an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell
