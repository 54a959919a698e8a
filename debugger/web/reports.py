"""What an error report may show."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from debugger.client.redact import redact_text


class SecretsFilter(SafeExceptionReporterFilter):
    """Hides by name, as Django does but with our names, and by shape wherever a key may stand."""

    hidden_settings = re.compile(
        r"api|token|key|secret|pass|signature|cookie|authorization|database|broker|session", re.I
    )

    def cleanse_setting(self, key: Any, value: Any) -> Any:
        """One setting, local variable or header, made safe."""
        cleansed = super().cleanse_setting(key, value)
        return redact_text(cleansed) if isinstance(cleansed, str) else cleansed

    def is_active(self, request: HttpRequest | None) -> bool:  # noqa: ARG002  # Django's signature.
        """Always, with DEBUG too: whoever debugs this site types real keys into it."""
        return True

    def get_post_parameters(self, request: HttpRequest | None) -> Any:
        """The form without its values: a pasted key may stand in any of them."""
        if request is None:
            return {}
        return MultiValueDict({name: [self.cleansed_substitute] for name in request.POST})

    def get_traceback_frame_variables(self, request: Any, tb_frame: Any) -> Any:  # noqa: ARG002
        """The local variables of one frame, by name only."""
        return [(name, self.cleansed_substitute) for name in tb_frame.f_locals]


class RedactedReport(ExceptionReporter):
    """Redacts the finished report: an address or an exception's own text may carry a key."""

    def get_traceback_data(self) -> dict[str, Any]:
        """What the report shows; without the request where that is what cannot be read."""
        try:
            return super().get_traceback_data()
        except BadRequest:
            self.request = None
            return super().get_traceback_data()

    def get_traceback_html(self) -> SafeString:
        """The debug page."""
        return SafeString(redact_text(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        """The same for programs and mails."""
        return SafeString(redact_text(super().get_traceback_text()))
