"""Colour for code on a page: text in, escaped markup out, with the three classes of the look."""

from __future__ import annotations

from typing import Any, Final

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Number, String, Token

# Beyond this many characters colour costs more than it helps, and the text is shown plain.
LIMIT: Final = 48 * 1024
# The grammars of languages look for the end of an open string or word again and again: on text
# that somebody made for it their time grows with the square of its length. That of JSON does not.
LANGUAGE_LIMIT: Final = 8 * 1024
LINE_LIMIT: Final = 2 * 1024
_CLASSES: Final[tuple[tuple[Any, str], ...]] = (
    (Keyword, "k"),
    (Name.Tag, "k"),
    (Name.Builtin, "k"),
    (String, "s"),
    (Number, "n"),
    (Comment, "c"),
)


def coloured(text: str, language: str) -> SafeString:
    """The text escaped, with its words, strings and numbers marked; never anything unescaped.

    ``language`` is a Pygments name such as json, bash, python, typescript, javascript or http.
    """
    if len(text) > LIMIT or (language != "json" and _is_long(text)):
        return escape(text)
    lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    pieces = (_piece(kind, value) for kind, value in lexer.get_tokens(text))
    return mark_safe("".join(pieces))  # noqa: S308 - Every piece was escaped just above.


def _is_long(text: str) -> bool:
    return len(text) > LANGUAGE_LIMIT or max(map(len, text.split("\n"))) > LINE_LIMIT


def _piece(kind: Any, value: str) -> str:
    safe = str(escape(value))
    if kind in Token.Text or not value.strip():
        return safe
    for family, name in _CLASSES:
        if kind in family:
            return f'<span class="{name}">{safe}</span>'
    return safe
