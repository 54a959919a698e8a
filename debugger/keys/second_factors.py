"""Secrets of authenticator apps and seeds of recovery codes, sealed with the site's data key.

Each is bound to its person and to what it is, so it opens neither for somebody else nor in place
of another one. An older secret of the same person and kind, put back into the database, opens: the
vault knows no order in time.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from allauth.core import context
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from debugger.keys import vault
from debugger.keys.vault.places import Place, SealedRow, register
from debugger.keys.vault.shredding import shred_site_key
from debugger.teams import audit
from debugger.teams.accounts.adapters import SecondFactorAdapter
from debugger.teams.accounts.factors import APP, CODES, Whose, whose
from debugger.teams.models import Team

_SEALED: Final = "sealed:"
_APP_SECRET: Final = re.compile("[A-Z2-7]{32}")
_FIELDS: Final = {APP: "secret", CODES: "seed"}


class SealedFactorsAdapter(SecondFactorAdapter):
    """What allauth asks of this site about second factors, their secrets among it."""

    @sensitive_variables()
    def encrypt(self, text: str) -> str:
        """The secret as it may be stored. Raises CannotSeal: in clear it never is."""
        row = _row(whose() or _of_request(APP if _APP_SECRET.fullmatch(text) else CODES))
        sealed = vault.seal(None, row=row, value=text)
        return _SEALED + base64.urlsafe_b64encode(sealed).decode()

    @sensitive_variables()
    def decrypt(self, encrypted_text: str) -> str:
        """The secret. Raises CannotOpen, also for one that was never sealed."""
        row = _row(whose() or _of_request(CODES))
        try:
            return vault.open_sealed(None, row=row, sealed=_blob(encrypted_text))
        except vault.CannotOpen as why:
            sentence = _("What belongs to your second step cannot be read. %(why)s")
            told = sentence % {"why": why}
            raise vault.CannotOpen(why.reason, told, detail=why.detail) from None

    def storing_trouble(self) -> str:
        """Why no second factor can be added now; "" when one can."""
        return vault.sealing_trouble(None)


def unreadable() -> list[Authenticator]:
    """Apps and recovery codes that do not open, of everybody."""
    return [each for each in _stored() if not _opens(each)]


def reset(by: audit.Origin) -> list[str]:
    """Remove what does not open, and a data key of the site that does not; gives whose it was.

    Those people sign in with their password alone until they set up a second step again.
    """
    with transaction.atomic():
        lost = unreadable()
        for each in lost:
            kind = "authenticator app" if each.type == APP else "recovery codes"
            audit.record(by, None, "account.second_factor_removed", obj=each.user, label=kind)
            each.delete()
        if vault.trouble(None) is not None:
            shred_site_key()
    return sorted({str(each.user.email) for each in lost})


def _stored() -> Iterator[Authenticator]:
    found = Authenticator.objects.filter(type__in=list(_FIELDS)).select_related("user")
    yield from found.order_by("pk").iterator()


def _opens(each: Authenticator) -> bool:
    row = _row(Whose(person=each.user_id, kind=each.type))
    try:
        vault.open_sealed(None, row=row, sealed=_blob(each.data.get(_FIELDS[each.type])))
    except vault.CannotOpen:
        return False
    return True


def _of_request(kind: str) -> Whose:
    """The person who is signed in: outside of the forms allauth asks for nobody else."""
    request = context.request
    person = None if request is None else request.user.pk
    if person is None:
        raise RuntimeError("nobody said whose second factor this is")
    return Whose(person=person, kind=kind)


def _row(of: Whose) -> str:
    return f"factor:{of.person}:{of.kind}"


def _blob(text: object) -> bytes:
    """The sealed bytes; none for what is not sealed, which opens as little as what was cut off."""
    if not isinstance(text, str) or not text.startswith(_SEALED):
        return b""
    try:
        return base64.b64decode(text.removeprefix(_SEALED), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def _rows(team: Team | None, row: str | None) -> Iterator[SealedRow]:
    if team is not None:
        return
    for each in _stored():
        name = _row(Whose(person=each.user_id, kind=each.type))
        if row in (None, name):
            sealed = _blob(each.data.get(_FIELDS[each.type]))
            yield SealedRow(row=name, label=f"{each.type} of {each.user}", sealed=sealed)


def _shred(team: Team, now: datetime) -> int:  # noqa: ARG001 - A place's signature.
    return 0  # Nothing of this is a team's.


register(Place(kind="second factor", rows=_rows, shred=_shred))
