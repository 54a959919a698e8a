"""A worker whose leases are short, so that a small run sees them end: as rivya_dash.child."""

from __future__ import annotations

import os
import sys


def main(*arguments: str) -> None:
    """Shorten the leases of this process, and be the part that is asked for."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rivya_dash.settings")
    import django

    django.setup()
    from debugger.generations.engine import claims

    # Before anything else of the engine is imported: others take these values from here.
    vars(claims).update(WAITING=1.0, LOOK_LEASE=3.0, SEND_LEASE=4.0)
    from rivya_dash.child import main as child

    child(*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
