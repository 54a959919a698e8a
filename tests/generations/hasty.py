"""A worker whose leases are short, so that a small run sees them end: as rivya_dash.child."""

from __future__ import annotations

import os
import sys


def main(*arguments: str) -> None:
    """Shorten the leases of this process, and be the part that is asked for."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rivya_dash.settings")
    import django

    django.setup()
    from debugger.generations.engine import claims, looking

    # A look that is begun late may still take as long as the stand-in needs, many times over.
    vars(looking).update(WAITING=1.0)
    vars(claims).update(LOOK_LEASE=5.0, SEND_LEASE=5.0)
    from rivya_dash.child import main as child

    child(*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
