"""The screens of the panels. Each view reads a submission, calls one service, renders a fragment.

What spends or waits is asynchronous, so that a browser that goes away cancels the upstream call.
The live key is read from the POST body, handed to the client, and appears in no template.
Every view stands twice: under /panels/ for visitors, and under /t/<slug>/panels/ for a team.
"""

from __future__ import annotations

from debugger.panels.views.mirroring import mirror
from debugger.panels.views.pages import curl, form, index, panel, preview, schema
from debugger.panels.views.running import run, stream
from debugger.panels.views.watching import live_media, mock_media, watch

__all__ = [
    "curl",
    "form",
    "index",
    "live_media",
    "mirror",
    "mock_media",
    "panel",
    "preview",
    "run",
    "schema",
    "stream",
    "watch",
]
