"""What a User-Agent header says, in the words of a person."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

# In this order: nearly every browser also claims to be the ones below it.
_BROWSERS: Final = (
    ("Edge", r"Edg(?:e|A|iOS)?/(\d+)"),
    ("Opera", r"OPR/(\d+)"),
    ("Samsung Internet", r"SamsungBrowser/(\d+)"),
    ("Firefox", r"(?:Firefox|FxiOS)/(\d+)"),
    ("Chrome", r"(?:HeadlessChrome|Chrome|CriOS)/(\d+)"),
    ("Safari", r"Version/(\d+)[\d.]* .*Safari/"),
    ("curl", r"curl/(\d+)"),
)
_SYSTEMS: Final = (
    ("Android", r"Android"),
    ("iOS", r"iPhone|iPad"),
    ("Windows", r"Windows"),
    ("macOS", r"Mac OS X|Macintosh"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux"),
)


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser and the system under it; "" for what was not recognised."""

    name: str
    system: str

    def __str__(self) -> str:
        if not self.name and not self.system:
            return _("An unknown browser")
        if not self.system:
            return self.name
        return _("%(browser)s on %(system)s") % {
            "browser": self.name or _("A browser"),
            "system": self.system,
        }


def read(user_agent: str) -> Browser:
    """Name the browser; anything may stand in the header, and then it is an unknown one."""
    name = next(
        (
            f"{name} {found[1]}"
            for name, rule in _BROWSERS
            if (found := re.search(rule, user_agent))
        ),
        "",
    )
    system = next((name for name, rule in _SYSTEMS if re.search(rule, user_agent)), "")
    return Browser(name=name, system=system)
