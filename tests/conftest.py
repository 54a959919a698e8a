"""What every test may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.running import Site, start_site

# A run must not depend on chance, nor on what else the machine is doing. Whoever wants other
# examples than last time asks for them: pytest --hypothesis-profile=searching.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("searching", deadline=None)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def running_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The whole product, started by `rivya-dash up` with a data folder of its own."""
    folder: Path = tmp_path_factory.mktemp("running-site")
    site = start_site(folder / "data")
    try:
        yield site
    finally:
        site.stop()
