"""What this room writes to people: plain text, one link, no pictures, nothing that is tracked."""

from __future__ import annotations

import logging

from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from debugger.teams.models import Invitation

logger = logging.getLogger(__name__)


def link_of(token: str, *, site: str) -> str:
    """Where an invitation is accepted."""
    return site.rstrip("/") + reverse("teams:accept", args=[token])


@sensitive_variables("link", "context", "mail")
def send_invitation(invitation: Invitation, *, link: str) -> bool:
    """Mail a link to the address of its invitation; False when it could not be sent.

    It is sent here and not by a worker: a message to a worker would keep the link in the broker.
    """
    words = {"who": str(invitation.created_by or _("Somebody")), "team": invitation.team.name}
    subject = _("%(who)s invites you to the team %(team)s in rivya-dash") % words
    context = {**words, "invitation": invitation, "link": link}
    mail = EmailMessage(
        # A header is one line, whatever a person or a team is called.
        subject=" ".join(subject.split())[:200],
        body=render_to_string("teams/mail/invitation.txt", context),
        to=[invitation.email],
        # No machine should answer it, and none should open the link.
        headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
    )
    try:
        mail.send()
    except Exception:
        # The link exists and can be handed over by other means, which the page then says.
        logger.exception("An invitation could not be mailed")
        return False
    return True
