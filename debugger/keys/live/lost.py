"""Runs whose cost no answer has ever stated."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from debugger.keys.models import Spend

WAITED: Final = {Spend.State.HELD: timedelta(hours=1), Spend.State.RESERVED: timedelta(hours=24)}
"""After this long no answer is expected any more: a call takes minutes, a job hours."""


def note_lost(*, now: datetime, limit: int = 500) -> int:
    """Note the runs that were never settled; how many. They stay counted for their day.

    A later look at the job still settles them, since the API's word beats our note.
    """
    noted = 0
    for state, waited in WAITED.items():
        stale = Spend.objects.filter(state=state, settled_at=None, held_at__lt=now - waited)
        for pk in list(stale.order_by("held_at").values_list("pk", flat=True)[:limit]):
            noted += stale.filter(pk=pk).update(settled_at=now)
    return noted
