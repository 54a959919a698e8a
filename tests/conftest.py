"""What every test may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction
from django.db.backends.base.operations import BaseDatabaseOperations
from hypothesis import settings

from debugger.teams import append_only
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


@pytest.fixture(autouse=True, scope="session")
def the_audit_log_can_be_emptied_between_tests() -> Iterator[None]:
    """Django empties every table after a test with real transactions; triggers refuse that.

    So they are taken down and put up again around it, here and nowhere in the product.
    """
    empty = BaseDatabaseOperations.execute_sql_flush

    def around(self: BaseDatabaseOperations, sql_list: list[str]) -> None:
        with transaction.atomic(using=self.connection.alias):
            append_only.take_down(self.connection)
            empty(self, sql_list)
            append_only.put_up(self.connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", around)
        yield
