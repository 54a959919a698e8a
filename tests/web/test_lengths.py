"""A length of time is short to read, whatever it is of."""

from __future__ import annotations

import pytest

from debugger.web.lengths import length


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0 ms"),
        (0.412, "412 ms"),
        (3.21, "3.2 s"),
        (65, "65.0 s"),
        (125, "2 min 05 s"),
        (3 * 3600 + 7 * 60, "3 h 07 min"),
        (4 * 86400, "4 d"),
    ],
)
def test_a_length_is_said_in_the_unit_that_fits(seconds: float, words: str) -> None:
    assert length(seconds) == words
