"""Log lines that carry the request's id and never a secret."""

from __future__ import annotations

import logging
from contextvars import ContextVar

from debugger.client.redact import redact_text

current_request_id: ContextVar[str] = ContextVar("current_request_id", default="-")


class RedactingFormatter(logging.Formatter):
    """Redacts the finished line, so that arguments and tracebacks are covered too."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, or several with a traceback."""
        record.request_id = current_request_id.get()
        return redact_text(super().format(record))
