"""One look at one job, as plain values: what was asked, and what was seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from debugger.client.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A claimed row, as far as a look needs it. ``lease`` is the claimer's own mark."""

    id: int
    team_id: int
    mode: str
    base_url: str
    account: str
    key_id: int | None
    task_id: str
    state: str
    status: str
    category: str
    submitted_at: datetime
    due_at: datetime
    polls: int
    failures: int
    digest: str
    lease: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look saw.

    ``same`` says that the answer is byte for byte the last one, which was not read again; then
    ``outcome`` is None. ``status`` is the HTTP status, None where nothing answered, and ``digest``
    stands for the answer's bytes, "" where there was none that can be compared.
    """

    at: datetime
    took_ms: float
    status: int | None
    same: bool = False
    digest: str = ""
    outcome: Outcome | None = None
