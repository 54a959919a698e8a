"""From a submission to the client's call: the draft, the two keys and the chosen file."""

from __future__ import annotations

from typing import BinaryIO, cast

from debugger.client.request import Call, Upload
from debugger.panels import preview
from debugger.panels.submission import IDEMPOTENCY_HEADER, Submission


def call_for(submission: Submission, *, key: str | None = None) -> Call:
    """The call to make; ``key`` is the live key, None in mock mode."""
    return preview.call_for(
        submission.operation,
        submission.draft,
        idempotency_key=submission.key,
        key=key,
        upload=_upload(submission),
    )


def idempotency_of(submission: Submission) -> str:
    """The idempotency key that goes out, which a header of the draft may have replaced.

    Of several spellings of the header the last one goes out, so no other may stand for the run.
    """
    headers = {name.lower(): value for name, value in call_for(submission).headers.items()}
    return headers.get(IDEMPOTENCY_HEADER.lower(), "")


def _upload(submission: Submission) -> Upload | None:
    file = submission.upload
    if file is None or file.file is None:
        return None
    return Upload(
        filename=file.name or "file",
        content_type=file.content_type or "application/octet-stream",
        file=cast("BinaryIO", file.file),
        size=file.size or 0,
    )
