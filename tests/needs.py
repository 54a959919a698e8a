"""What some tests need from the machine. Missing, they are skipped; in CI that is a failure."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

REQUIRED = frozenset(os.environ.get("RIVYA_DASH_REQUIRE", "").split(","))


def missing(what: str, reason: str) -> NoReturn:
    """Skip the test, or fail it where ``what`` (services, browser) is required."""
    if what in REQUIRED:
        pytest.fail(f"{what} are required here: {reason}")
    pytest.skip(reason)
