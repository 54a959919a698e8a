"""The clock that a person reads by: UTC, or the zone that their browser named in the address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import gettext as _

UTC_NAME: Final = "UTC"


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone by its name, "Asia/Kolkata"; days begin and end by it."""

    name: str = UTC_NAME

    @property
    def info(self) -> tzinfo:
        """What Python reckons with."""
        return UTC if self.name == UTC_NAME else ZoneInfo(self.name)

    @property
    def is_utc(self) -> bool:
        """Whether a second time beside it would say the same."""
        return self.name == UTC_NAME

    @property
    def city(self) -> str:
        """The zone as a person calls it: "Kolkata"."""
        return self.name.rpartition("/")[2].replace("_", " ")

    def local(self, moment: datetime) -> datetime:
        """The same moment, read by this clock."""
        return moment.astimezone(self.info)

    def day_of(self, moment: datetime) -> date:
        """The day that it was there."""
        return self.local(moment).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """One moment as it is written: here, and in UTC to the millisecond."""

    iso: str
    clock: str
    day: str
    utc: str
    zone: str

    @property
    def both(self) -> str:
        """The two lines of a title: by this clock, and in UTC."""
        return f"{self.day}, {self.clock} {self.zone} · {self.utc}"


def zone_of(name: object) -> Zone:
    """The zone of an address; UTC for a name that nobody knows."""
    text = str(name or "")[:64]
    try:
        return Zone(ZoneInfo(text).key) if text else Zone()
    except (ValueError, OSError, LookupError):
        return Zone()


def time_of(moment: datetime, zone: Zone) -> Time:
    """A moment as this zone's people read it."""
    local, plain = zone.local(moment), moment.astimezone(UTC)
    return Time(
        iso=plain.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        clock=f"{local:%H:%M:%S}",
        day=formats.date_format(local, "j M Y"),
        utc=f"{plain:%Y-%m-%d %H:%M:%S}.{plain.microsecond // 1000:03d} UTC",
        zone=_letters(local.tzname()) or zone.city,
    )


def _letters(name: str | None) -> str:
    """A zone's short name; "" for one like "+0545", which says less than the city."""
    return name if name and name.isalpha() else ""


def day_name(day: date, today: date) -> str:
    """The head above a day's rows."""
    if day == today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    pattern = "l, j F" if day.year == today.year else "l, j F Y"
    return formats.date_format(day, pattern)
