"""Mails as files, for a machine without a mail server: private, and each named in one line."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

logger = logging.getLogger(__name__)


class Files(BaseEmailBackend):
    """Writes every mail into RIVYA_DASH_EMAIL_FOLDER, for the owner of the folder alone.

    The log gets the file's path and nothing that stands in the mail.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the mails; gives their number."""
        for message in email_messages:
            logger.info("A mail was written to %s", _write(message))
        return len(email_messages)


def _write(message: EmailMessage) -> Path:
    folder = Path(settings.RIVYA_DASH_EMAIL_FOLDER)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    # No address in the name: lists of files go where the files do not.
    path = folder / f"{moment}-{secrets.token_hex(4)}.eml"
    content = message.message().as_bytes()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    return path
