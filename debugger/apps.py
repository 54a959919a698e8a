"""The app's registration with Django."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DebuggerConfig(AppConfig):
    """One Django app, one migration history."""

    name = "debugger"
    verbose_name = _("Debugger for the Rivya API")

    def ready(self) -> None:
        """Register the checks of the deployment, and listen to what happens to accounts."""
        from debugger.generations import (
            links,  # noqa: F401  # Importing registers where runs lead.
        )
        from debugger.generations import receivers as jobs_receivers  # noqa: F401  # And this.
        from debugger.generations.locker import (
            receivers as locker,  # noqa: F401  # Importing connects it.
        )
        from debugger.keys import checks as keys_checks  # noqa: F401  # Importing registers them.
        from debugger.keys import (
            receivers,  # noqa: F401  # Importing connects it.
            second_factors,  # noqa: F401  # Importing registers a place.
        )
        from debugger.teams import sandboxes  # noqa: F401  # So does this.
        from debugger.teams.accounts import audit  # noqa: F401  # And this.
        from debugger.web import checks  # noqa: F401
