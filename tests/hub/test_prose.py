"""What a reply may bring onto the page, and what it may not."""

from __future__ import annotations

import pytest

from debugger.web.prose import LIMIT, prose


def test_markdown_becomes_markup() -> None:
    html = prose("1. **first**\n2. `code`")
    assert "<strong>first</strong>" in html
    assert "<code>code</code>" in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "a <b onclick=x>b</b>",
        "```\n<script>x</script>\n```",
    ],
)
def test_html_in_a_reply_stays_text(text: str) -> None:
    html = prose(text)
    assert "&lt;" in html
    assert not any(each in html for each in ("<script", "<img", "<b "))


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd"]
)
def test_an_address_that_could_run_is_no_link(target: str) -> None:
    assert "href" not in prose(f"[press]({target})")


def test_a_link_leaves_without_our_address_and_our_window() -> None:
    html = prose("[docs](https://example.com)")
    assert 'rel="noopener noreferrer nofollow"' in html
    assert 'target="_blank"' in html


def test_a_picture_in_a_reply_fetches_nothing() -> None:
    assert "<img" not in prose("![pixel](https://example.com/pixel.png)")


def test_a_heading_in_a_reply_is_below_that_of_the_page() -> None:
    assert "<h2>Plan</h2>" in prose("# Plan")


def test_a_very_long_reply_is_shown_as_it_came() -> None:
    text = "**a** <b> " * LIMIT
    html = prose(text)
    assert "<strong>" not in html
    assert "&lt;b&gt;" in html


def test_no_reply_at_all_is_an_empty_one() -> None:
    assert prose(None) == prose("")
