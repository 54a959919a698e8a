"""Lengths of time as a person reads them; one way of writing for every room."""

from __future__ import annotations


def length(seconds: float) -> str:
    """A length of time in few characters: 412 ms, 3.2 s, 2 min 05 s, 3 h 07 min, 4 d."""
    if seconds < 1:
        return f"{max(0.0, seconds) * 1000:.0f} ms"
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 100:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours < 48 else f"{hours // 24} d"
