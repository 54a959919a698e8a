"""The word of a team in its addresses: made from its name, or chosen, and never a reserved one."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from typing import Final

from django.utils.text import slugify
from django.utils.translation import gettext as _

from debugger.web.errors import Invalid

LONGEST: Final = 40
_SHAPE: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])\Z")
# Words that a person would take for a page of the site, or for its makers.
_RESERVED: Final = (
    "about account accounts admin administrator api app assets audit auth billing blog contact "
    "dash debug debugger docs emulator healthz help home i18n invite invites keys legal live login "
    "logout mail me media members mine mock new null official openapi owner panels privacy public "
    "rivya rivya-dash root sandbox security settings share shares sign-in sign-up signin signup "
    "site sso staff static status support system team teams terms undefined webhook webhooks "
    "www"
)
RESERVED: Final = frozenset(_RESERVED.split())
_FIRST: Final = (
    "amber bold brave bright calm clear clever cosmic crisp early fair fresh gentle golden happy "
    "keen kind light lively lucky merry mild neat noble proud quick quiet ready sharp silver smart "
    "snowy solid sunny swift warm wild wise"
)
_SECOND: Final = (
    "badger beacon birch bridge brook canyon cedar comet coral crane delta ember falcon fern fjord "
    "forest garden harbor heron island lagoon lantern lark maple meadow otter pebble pine prairie "
    "raven reef river robin sparrow summit tiger valley willow"
)


def checked(typed: str) -> str:
    """A slug as it is kept; raises Invalid with a sentence that says what is wrong with it."""
    slug = typed.strip().lower()
    if not _SHAPE.match(slug):
        raise Invalid(
            _("Use 2 to 40 letters a to z, digits and hyphens, with no hyphen at either end.")
        )
    if slug in RESERVED:
        raise Invalid(_("This word is reserved. Choose another one."))
    return slug


def candidates(name: str) -> Iterator[str]:
    """Slugs to try for a name, the best first, without end.

    A name that has no letters of the Latin alphabet gets two words that can be read and said.
    """
    base = slugify(name)[: LONGEST - 4].strip("-_").replace("_", "-")
    fits = _SHAPE.match(base) is not None and base not in RESERVED
    if fits:
        yield base
        yield from (f"{base}-{number}" for number in range(2, 5))
    while True:
        word = (
            base if fits else f"{secrets.choice(_FIRST.split())}-{secrets.choice(_SECOND.split())}"
        )
        tail = secrets.token_hex(2) if fits else str(secrets.randbelow(90) + 10)
        yield f"{word[: LONGEST - 5]}-{tail}"
