"""Reading what was pasted as a key: what may stand around it, and what is no key at all."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from django.utils.translation import gettext as _

from debugger.keys.choosing import KEY_START
from debugger.web.errors import Invalid

LONGEST: Final = 500
# Not documented by Rivya; common practice. What differs is stored, with a remark.
USUAL_LENGTHS: Final = range(32, 49)
_USUAL: Final = re.compile(r"[A-Za-z0-9_-]+")
# So short a key that its last four characters would give away much of it.
_TOO_SHORT_TO_SHOW: Final = 16
_SENDABLE: Final = re.compile(r"[\x21-\x7e]+")
_PREVIEW: Final = re.compile("[…*•]|\\.\\.\\.")
_BLANK: Final = " \t\r\n\v\f\u00a0\u200b\u200c\u200d\u2060\ufeff"
_AROUND: Final = (
    re.compile(r"^(?:export|set|setx|\$env:)\s*(?=[A-Za-z_])"),
    re.compile(r"^[A-Za-z][A-Za-z0-9_]*\s*=\s*"),
    re.compile(r"^authorization\s*:\s*", re.IGNORECASE),
    re.compile(r"^bearer\s+", re.IGNORECASE),
    re.compile(r"^[\"'`“”‘’]+|[\"'`“”‘’;,]+$"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pasted:
    """A key as it will be sealed. ``notes`` are sentences for the person who pasted it."""

    value: str = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def last_four(self) -> str:
        """What recognises the key later; "" where four characters would be too much of it."""
        rest = self.value.removeprefix(KEY_START)
        return rest[-4:] if len(rest) >= _TOO_SHORT_TO_SHOW else ""


def read(text: str) -> Pasted:
    """The key in a pasted text; raises Invalid with a sentence that never quotes what was pasted.

    Only the beginning of a key is documented, so only that is demanded.
    """
    if len(text) > 4 * LONGEST:
        raise Invalid(_("That is far longer than a key. Paste the key alone."))
    value = _alone(text)
    if trouble := _trouble(value):
        raise Invalid(trouble)
    notes = [] if value == text else [_trimmed(text, value)]
    if remark := _unusual(value.removeprefix(KEY_START)):
        notes.append(remark)
    return Pasted(value=value, notes=tuple(notes))


def _alone(text: str) -> str:
    """The text without what copying brings along: blanks, quotes, Bearer, a variable's name."""
    before, value = "", text.strip(_BLANK)
    while value != before:
        before = value
        for around in _AROUND:
            value = around.sub("", value).strip(_BLANK)
            if value.startswith(KEY_START):
                break
    return value.rstrip("\"'`“”‘’;,")


def _trimmed(text: str, value: str) -> str:
    if text.strip(_BLANK) == value:
        return _("Blanks around the key were left out.")
    return _("What stood around the key (such as “Bearer” or quotes) was left out.")


def _trouble(value: str) -> str:
    """Why this cannot be a key of Rivya; "" when it can."""
    if not value:
        return _("Paste the key.")
    if not value.startswith(KEY_START):
        if KEY_START in value:
            return _("There is more here than a key. Paste the key alone.")
        if value.startswith("whsec_"):
            return _("This is the signing secret of a webhook, not an API key.")
        return _("Rivya's keys begin with rvya_sk_, and this does not. Nothing was stored.")
    if _PREVIEW.search(value):
        return _("This is a shortened preview. Rivya shows the whole key once, when it is made.")
    if value == KEY_START:
        return _("This is only the beginning that all keys share.")
    if value.count(KEY_START) > 1:
        return _("These are several keys. Paste one.")
    if not _SENDABLE.fullmatch(value):
        return _("There is a blank or a character inside the key that no key can have.")
    if len(value) > LONGEST:
        return _("That is far longer than a key. Paste the key alone.")
    return ""


def _unusual(rest: str) -> str:
    """A remark on a length or characters that are not what is assumed; "" for none."""
    if len(rest) not in USUAL_LENGTHS:
        return _(
            "It has %(count)d characters after rvya_sk_, where %(least)d to %(most)d are assumed. "
            "If the test fails, look whether the whole key was copied."
        ) % {"count": len(rest), "least": USUAL_LENGTHS[0], "most": USUAL_LENGTHS[-1]}
    if not _USUAL.fullmatch(rest):
        return _(
            "It has other characters than letters, digits, - and _, which are assumed. "
            "If the test fails, look whether the whole key was copied."
        )
    return ""
