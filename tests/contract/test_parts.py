"""Addresses in their parts, whatever was put in the place of a host."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from debugger.contract.parts import LONGEST_HOST, split
from debugger.contract.schemas.formats import is_uri
from tests.patience import no_hang

# In the order in which they have to be sorted, one after the other.
MARKS = "\u0315\u0300" * 500_000


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a?b#c",
        "https://bücher.example/straße?q=ä",
        f"https://example.com/{'ü' * 9000}",
        "mailto:a@example.com",
        "/only/a/päth",
        "",
    ],
)
def test_an_address_has_the_parts_that_the_library_finds(url: str) -> None:
    assert split(url) == urlsplit(url)


@pytest.mark.parametrize("begin", ["http://", "//", " http:/\n/", "http:\t//user@", "\u0315//"])
def test_a_million_marks_in_the_place_of_a_host_are_no_address_at_once(begin: str) -> None:
    with no_hang():
        with pytest.raises(ValueError, match="too long"):
            split(begin + MARKS)
        assert not is_uri(f"http://{MARKS}")


def test_a_host_of_unusual_length_is_read_while_it_can_be_one() -> None:
    assert split("http://" + "ä" * LONGEST_HOST).hostname
