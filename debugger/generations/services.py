"""What other rooms ask of generations.

generation = track(Started(exchange=…, outcome=…, team=…, …))     after generations.create
generation = seen(team, outcome, mode=…, base_url=…, account=…)   after a person's own look
"""

from __future__ import annotations

from debugger.generations.rows import find
from debugger.generations.steering import follow, look_now, stop, with_key
from debugger.generations.tracking import Started, seen, track

__all__ = ["Started", "find", "follow", "look_now", "seen", "stop", "track", "with_key"]
