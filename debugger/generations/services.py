"""What other rooms ask of generations.

begun = begin(Started(outcome=api.unsent(…), team=…, …))          before generations.create
generation = track(Started(exchange=…, outcome=…, begun=begun, …)) after it
generation = seen(team, outcome, mode=…, base_url=…, account=…)   after a person's own look
"""

from __future__ import annotations

from debugger.generations.rows import find
from debugger.generations.started import Started
from debugger.generations.steering import follow, look_now, stop, with_key
from debugger.generations.tracking import begin, seen, track

__all__ = ["Started", "begin", "find", "follow", "look_now", "seen", "stop", "track", "with_key"]
