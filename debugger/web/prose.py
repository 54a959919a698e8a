"""Replies of models as markup: Markdown in, safe HTML out.

HTML in a reply stays text, pictures are left out (a reply must not make the page fetch anything),
and links carry neither our address nor our window. Addresses that could run are refused by the
renderer itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

# Beyond this many characters a reply is shown as it came: it is read, not admired.
LIMIT: Final = 16 * 1024


@cache
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "maxNesting": 12})
    reader.disable(["image", "html_block", "html_inline"])
    reader.add_render_rule("link_open", _link_open)
    reader.add_render_rule("heading_open", _heading)
    reader.add_render_rule("heading_close", _heading)
    return reader


def _link_open(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    tokens[index].attrSet("rel", "noopener noreferrer nofollow")
    tokens[index].attrSet("target", "_blank")
    return str(renderer.renderToken(tokens, index, options, env))


def _heading(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    """A reply's headings are below that of the page, whatever it calls them."""
    tokens[index].tag = "h2"
    return str(renderer.renderToken(tokens, index, options, env))


def prose(text: object) -> SafeString:
    """The text as HTML in a ``div.reply``; when it is too long, as it came."""
    plain = "" if text is None else str(text)
    if len(plain) <= LIMIT:
        html = _reader().render(plain)
        # The renderer escapes all text and knows no HTML of the reply's own.
        return mark_safe(f'<div class="reply marked">{html}</div>')  # noqa: S308
    return format_html('<div class="reply">{}</div>', plain)
