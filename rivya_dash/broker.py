"""Celery's broker in a folder, as kombu ships it, with messages that appear whole or not at all.

kombu writes a message under its final name. A worker that looks at the wrong moment reads half of
it, and dies of that.
"""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

LOOK_SECONDS = 0.2


class Channel(filesystem.Channel):
    """Writes beside the queue and renames into it."""

    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]
        folder = Path(self.data_folder_out)
        # The name decides the order, across restarts of the machine too.
        name = f"{time.time_ns():020d}_{uuid.uuid4()}.{queue}.msg"
        draft = folder / f"{name}.draft"
        draft.write_text(dumps(payload), encoding="utf-8")
        os.replace(draft, folder / name)


class Transport(filesystem.Transport):
    """The transport behind ``folder://``."""

    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None, **_: Any) -> None:
        """Look for messages, and come back often: a worker asks whether to stop only in between."""
        patience = None if timeout is None else min(timeout, LOOK_SECONDS)
        super().drain_events(connection, timeout=patience)


def register() -> None:
    """Let kombu find this transport by its scheme."""
    TRANSPORT_ALIASES["folder"] = f"{__name__}:Transport"
