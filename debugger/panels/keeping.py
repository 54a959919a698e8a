"""What a team keeps of a run: its row in the history, and the job that it made, to be followed.

    begun = keeping.begin(passed, call, upstream=…, sent=Sent(submission=…), now=now)
    kept = keeping.remember(passed, outcome, sent=Sent(submission=…), now=now)

The call was made and may be paid for: whatever cannot be stored, its answer is shown, and the page
says that the run is not in the history.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from debugger.client import api
from debugger.client.jsontext import visible_text
from debugger.client.outcome import Mode, Outcome
from debugger.client.redact import redact_text, redact_value
from debugger.exchanges import services as exchanges
from debugger.exchanges.models import Exchange
from debugger.exchanges.recording import Run, stored_text
from debugger.generations import services as generations
from debugger.generations.balances import Reading
from debugger.generations.models import Generation
from debugger.generations.started import Started
from debugger.panels import gate, handover
from debugger.panels.draft import Draft, model_of
from debugger.panels.estimate import estimate
from debugger.panels.gate import Pass
from debugger.panels.jsontext import write_json
from debugger.panels.known import kept_key
from debugger.panels.submission import Submission
from debugger.teams.models import Team
from debugger.web.errors import NotFound

logger = logging.getLogger(__name__)
CREATE: Final = "generations.create"
_SUMMARY: Final = 200
_WORDS: Final = ("prompt", "message", "file", "name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What was sent: the panel's post, and the balance before it.

    ``account`` is the sandbox in mock mode, ``served`` its address on this site. ``begun`` is the
    row of its job that was written before.
    """

    submission: Submission
    account: str = ""
    served: str = ""
    before: Reading | None = None
    begun: Generation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is stored of a run. ``lost`` says that it should be and could not be.

    ``follows`` says that the job is followed without the page, which shows the job's own card.
    """

    run: Exchange | None = None
    job: Generation | None = None
    lost: bool = False
    follows: bool = False

    @property
    def asked_again(self) -> bool:
        """Whether the answer was lost and is asked for once more."""
        return self.job is not None and self.job.state == Generation.State.SUBMITTING


NOTHING: Final = Kept()


def begin(
    passed: Pass, call: api.Call, *, upstream: api.Upstream, sent: Sent, now: datetime
) -> Generation | None:
    """The row of a job before its submission goes out, which outlives this process.

    None where there is nothing to be followed, and where it cannot be written: then the run is as
    safe as its answer.
    """
    if passed.seat.team is None or passed.operation.id != CREATE:
        return None
    try:
        unsent = api.unsent(upstream, call)
        if unsent is None:
            return None
        return generations.begin(_started(passed.seat.team, passed, unsent, sent=sent, now=now))
    except Exception:
        logger.exception("A job could not be written down before it was sent")
        return None


def remember(
    passed: Pass, outcome: Outcome, *, sent: Sent, now: datetime, said: object = None
) -> Kept:
    """Everything that is remembered of a run: credits, key, progress, history and job."""
    gate.told(passed, outcome, now=now, said=said)
    team = passed.seat.team
    if team is None:
        return NOTHING
    try:
        run = exchanges.record(_run(team, passed, outcome, sent=sent, now=now, said=said))
    except Exception:
        logger.exception("A run could not be stored")
        _close(team, passed, outcome, sent=sent, now=now)
        return Kept(lost=True)
    try:
        job = _job(team, passed, outcome, run=run, sent=sent, now=now)
    except Exception:
        logger.exception("The job of a run could not be stored")
        return Kept(run=run, lost=True)
    by_itself = outcome.mode is Mode.MOCK or passed.key is not None
    follows = job is not None and outcome.operation_id == CREATE and by_itself
    return Kept(run=run, job=job, follows=follows)


def _close(team: Team, passed: Pass, outcome: Outcome, *, sent: Sent, now: datetime) -> None:
    """Let the row that was begun have its answer without the run, or it would be sent again."""
    if sent.begun is None:
        return
    try:
        generations.track(_started(team, passed, outcome, sent=sent, now=now))
    except Exception:
        logger.exception("The job of a run could not be stored")


def looked(passed: Pass, outcome: Outcome, *, account: str, now: datetime) -> None:
    """What a look at a job from a page has shown, for the job's own row in a team."""
    gate.told(passed, outcome, now=now)
    if passed.seat.team is None:
        return
    try:
        _seen(passed.seat.team, passed, outcome, account=account, now=now)
    except Exception:
        logger.exception("A look at a job could not be stored")


def _run(
    team: Team, passed: Pass, outcome: Outcome, *, sent: Sent, now: datetime, said: object
) -> Run:
    submission = sent.submission
    draft = submission.draft
    return Run(
        team=team,
        user_id=passed.seat.user_id,
        user_name=passed.seat.name,
        outcome=outcome,
        draft=draft_text(draft),
        fingerprint=submission.fingerprint,
        idempotency_key=kept_key(submission),
        model=redact_text(model_of(draft)),
        summary=summary_of(draft),
        estimated=_estimated(submission),
        key=passed.key,
        base_url=passed.base_url,
        scenario=submission.scenario if outcome.mode is Mode.MOCK else "",
        origin=_origin(team, submission),
        said=said,
        now=now,
    )


def draft_text(draft: Draft) -> str:
    """A draft as JSON for the history, without its secrets; of a file its name alone."""
    return write_json(redact_value(handover.as_json(draft)), indent=None)


def summary_of(draft: Draft) -> str:
    """The first words of what was asked, in one line."""
    body: Mapping[str, Any] = draft.body if isinstance(draft.body, dict) else {}
    found = (body.get(name) for name in _WORDS)
    text = next((each for each in found if isinstance(each, str) and each.strip()), "")
    words = " ".join(visible_text(text[: 20 * _SUMMARY]).split())
    return redact_text(words)[:_SUMMARY]


def _estimated(submission: Submission) -> Decimal | None:
    if not submission.operation.spends or submission.draft.text is not None:
        return None
    credits = estimate(submission.operation, submission.draft).credits
    return None if credits is None else Decimal(credits)


def _origin(team: Team, submission: Submission) -> Exchange | None:
    try:
        return exchanges.find(team, submission.origin) if submission.origin else None
    except NotFound:
        return None


def _job(
    team: Team, passed: Pass, outcome: Outcome, *, run: Exchange, sent: Sent, now: datetime
) -> Generation | None:
    if outcome.operation_id == gate.STATUS:
        return _seen(team, passed, outcome, account=sent.account, now=now)
    if outcome.operation_id != CREATE:
        return None
    return generations.track(_started(team, passed, outcome, run=run, sent=sent, now=now))


def _started(
    team: Team,
    passed: Pass,
    outcome: Outcome,
    *,
    run: Exchange | None = None,
    sent: Sent,
    now: datetime,
) -> Started:
    submission, before = sent.submission, sent.before
    mock = outcome.mode is Mode.MOCK
    bodies = exchanges.rules_of(team).bodies
    return Started(
        exchange=run,
        begun=sent.begun,
        outcome=outcome,
        team=team,
        user_id=passed.seat.user_id,
        user_name=passed.seat.name,
        key=passed.key,
        base_url=passed.base_url or sent.served,
        account=sent.account,
        spend=passed.held,
        scenario=stored_text(submission.scenario, most=64) if mock else "",
        model=stored_text(model_of(submission.draft), most=100),
        title=stored_text(summary_of(submission.draft), most=200) if bodies else "",
        estimated=_estimated(submission),
        balance_before=before.credits if before is not None else None,
        balance_before_at=before.at if before is not None else None,
        pasted=not mock and passed.key is None,
        bodies=bodies,
        now=now,
    )


def _seen(
    team: Team, passed: Pass, outcome: Outcome, *, account: str, now: datetime
) -> Generation | None:
    return generations.seen(
        team, outcome, mode=outcome.mode, base_url=passed.base_url, account=account, now=now
    )
