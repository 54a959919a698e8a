"""How long ago, and how long from now, in the words of a person."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def ago(at: datetime, *, now: datetime) -> str:
    """The age of something: "just now", "4 min ago", "3 h ago", "12 days ago"."""
    minutes = int((now - at).total_seconds() // 60)
    if minutes < 1:
        return _("just now")
    if minutes < 60:
        return _("%(count)d min ago") % {"count": minutes}
    if minutes < 24 * 60:
        return _("%(count)d h ago") % {"count": minutes // 60}
    days = minutes // (24 * 60)
    return ngettext("%(count)d day ago", "%(count)d days ago", days) % {"count": days}


def left(until: datetime, *, now: datetime) -> str:
    """What remains, rounded up so that nothing ends before it says: "9 min", "23 h", "4 days"."""
    rest = max(until - now, timedelta())
    minutes = -int(-rest.total_seconds() // 60)
    if minutes < 60:
        return _("%(count)d min") % {"count": max(minutes, 1)}
    hours = -(-minutes // 60)
    if hours <= 48:
        return _("%(count)d h") % {"count": hours}
    days = -(-hours // 24)
    return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}
