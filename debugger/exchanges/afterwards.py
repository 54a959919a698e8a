"""What later answers tell of a run: the job that it made, how that ended, and what it has cost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.db.models import F, Value
from django.db.models.functions import Concat

from debugger.contract.jobs import JobStatus
from debugger.exchanges import words
from debugger.exchanges.models import Exchange, ExchangeWords
from debugger.exchanges.recording import stored_text

_MOST: Final = {
    field.name: field.max_length
    for field in Exchange._meta.concrete_fields
    if field.max_length is not None
}
_OF_JOBS: Final = ("made", "job_status", "error_code", "error_message")
# Every run that made a job has a status: that is no word to look for.
_FOUND_BY: Final = ("made", "error_code", "error_message")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The job of a run as it is known by now; "" is "not said"."""

    made: str = ""
    job_status: str = ""
    error_code: str = ""
    error_message: str = ""

    def columns(self) -> dict[str, str | bool]:
        """What is said, as the columns of a run hold it.

        A run whose job failed has failed too, though the answer to it was HTTP 200.
        """
        texts = {name: getattr(self, name) for name in _OF_JOBS}
        told = {name: stored_text(text, most=_MOST[name]) for name, text in texts.items() if text}
        return {**told, "failed": True} if self.job_status == JobStatus.FAILED else {**told}


def settle(
    exchange_id: int, *, reserved: Decimal | None, final: Decimal | None, job: Job | None = None
) -> None:
    """Note what became of a run's job and what it has cost. What is not stated stays."""
    amounts = {"reserved": reserved, "final": final}
    stated = {name: amount for name, amount in amounts.items() if amount is not None}
    told = job.columns() if job is not None else {}
    if stated or told:
        Exchange.objects.filter(pk=exchange_id).update(**stated, **told)
    new_words = [str(told[name]) for name in _FOUND_BY if name in told]
    if new_words:
        _let_find(exchange_id, new_words)


def tell_replays(
    first: int | None, *, team_id: int, idempotency_key: str, made: str, job: Job
) -> None:
    """Note what became of a job in the runs that only repeated the one of the number ``first``.

    They were answered with the same job under the same idempotency key. What it has cost is noted
    in the first run alone, so that nobody counts it twice.
    """
    if not (idempotency_key and made):
        return
    kept = stored_text(idempotency_key, most=_MOST["idempotency_key"])
    same = Exchange.objects.filter(team_id=team_id, idempotency_key=kept, made=made)
    others = same if first is None else same.exclude(pk=first)
    others.update(**job.columns())


def _let_find(exchange_id: int, texts: list[str]) -> None:
    """Let a search find the run by these words as well."""
    run = Exchange.objects.filter(pk=exchange_id).values_list("team_id", flat=True).first()
    found_by = words.of_texts(texts, team_id=run) if run is not None else ""
    if found_by:
        more = Concat(F("words"), Value(f" {found_by}"))
        ExchangeWords.objects.filter(exchange_id=exchange_id).update(words=more)
