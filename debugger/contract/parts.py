"""An address in its parts, in time that grows with its length and no faster."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

LONGEST_HOST: Final = 512
"""Characters between "//" and the path; a name has 253 at most, and a user may stand before it."""
_DROPPED: Final = re.compile(r"[\t\r\n]")
_HOST: Final = re.compile(r"//([^/?#]*)")


def split(url: str) -> SplitResult:
    """What ``urlsplit`` gives; ValueError for what is no address.

    It brings a host into one spelling, and marks of which thousands stand in a row keep that busy
    for minutes, while nothing else in the process goes on.
    """
    if not url.isascii():
        found = _HOST.search(_DROPPED.sub("", url))
        if found is not None and len(found[1]) > LONGEST_HOST:
            raise ValueError("The host is too long.")
    return urlsplit(url)
