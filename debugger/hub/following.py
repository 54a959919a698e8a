"""What the documentation says of history and generations, taken from what the code does."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext as _

from debugger.client.outcome import Mode
from debugger.exchanges.models import HistoryRules
from debugger.generations import schedule
from debugger.generations.schedule import Policy
from debugger.web.lengths import length

_SHOWN: Final = 6
_HOUR: Final = 3600.0


def told() -> dict[str, Any]:
    """The numbers of the page."""
    return {
        "days": HistoryRules.FIRST_DAYS,
        "result_days": HistoryRules._meta.get_field("result_days").default,
        "body_kib": settings.RIVYA_DASH_HISTORY_BODY_KIB,
        "file_mib": settings.RIVYA_DASH_LOCKER_FILE_MIB,
        "team_mib": settings.RIVYA_DASH_LOCKER_TEAM_MIB,
        "at_once": settings.RIVYA_DASH_POLLS_AT_ONCE,
        "per_second": settings.RIVYA_DASH_POLLS_PER_SECOND,
        "resend_minutes": round(schedule.RESEND_FOR / 60),
        "given_up": _plain(schedule.policy().given_up),
        "unknown_every": _plain(schedule.policy().unknown_every),
        "unknown_for": _plain(schedule.policy().unknown_for),
        "rarely_every": _plain(schedule.policy().rarely_every),
        "stray": round(100 * schedule.STRAY),
        "paces": [
            (_("Images"), _pace(schedule.policy("image"))),
            (_("Video"), _pace(schedule.policy("video"))),
            (_("Audio"), _pace(schedule.policy("audio"))),
            (_("Mock mode"), _pace(schedule.policy(mode=Mode.MOCK))),
        ],
    }


def _pace(policy: Policy) -> str:
    """The first waits, and where they stop growing."""
    first = ", ".join(length(seconds) for seconds in policy.waits[:_SHOWN])
    return _("%(first)s and so on, at most %(longest)s") % {
        "first": first,
        "longest": length(policy.longest),
    }


def _plain(seconds: float) -> str:
    """A round length of time without its zeros."""
    if seconds < _HOUR:
        return _("%d minutes") % round(seconds / 60)
    if seconds < 2 * _HOUR:
        return _("hour") if seconds == _HOUR else length(seconds)
    return _("%d hours") % round(seconds / _HOUR)
