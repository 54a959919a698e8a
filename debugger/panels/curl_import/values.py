"""The values that an import is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# A shell, cmd or template variable that stands for a key is not a key.
_VARIABLE: Final = re.compile(r"\$\w+|\$\{[^}]*\}|\$\(.*\)|`.*`|%\w+%|\{\{.*\}\}|<[^>]*>|\.\.\.|…")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """Something that was not taken over. ``what`` never holds a secret."""

    what: str
    why: str


def looks_like_key(text: str) -> bool:
    """Whether a credential was really there and not just the name of a variable."""
    bare = re.sub(r"(?i)^(?:bearer|basic|token)\s+", "", text.strip())
    return bool(bare) and _VARIABLE.sub("", bare).strip() != "" and "…" not in bare


def without_blanks(url: str) -> str:
    """An address as curl takes it: line ends that a mail or a chat put in are no part of it."""
    return re.sub(r"[\r\n\t]", "", url).strip()
