"""What this room tells the rooms behind it."""

from __future__ import annotations

from typing import Final

from django.dispatch import Signal

# Sent inside the transaction that deletes a team, with ``team`` (still with its slug and rows) and
# ``by`` (an audit.Origin). A receiver that raises keeps the team from being deleted.
team_deleting: Final = Signal()
