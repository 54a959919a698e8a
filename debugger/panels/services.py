"""What a panel's templates show, computed from one submission. No view and no request below.

context = panel_context(request, "generations.create")
{% include "panels/_panel.html" %}
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from debugger.client.outcome import Mode
from debugger.contract.operations import Operation, get
from debugger.keys import services as keys
from debugger.keys.live import arming
from debugger.panels import curl_import, estimate, forms, handover
from debugger.panels.draft import Draft, initial
from debugger.panels.jsontext import write_json
from debugger.panels.keybar import KeyBar, key_bar
from debugger.panels.known import Known
from debugger.panels.panel import Again, Panel, Snippet, Trouble
from debugger.panels.picker import scenario_groups
from debugger.panels.preview import preview
from debugger.panels.seat import Seat, seat_of
from debugger.panels.snippets import snippets
from debugger.panels.submission import Submission, opening
from debugger.web.highlight import coloured

OWN_HOSTS: Final = frozenset({"rivya.ai"})
# Writing megabytes in six languages at every keystroke takes seconds of everybody's time.
SNIPPETS_UP_TO: Final = 128 * 1024


def panel_context(
    request: HttpRequest,
    operation_id: str,
    *,
    draft: Draft | None = None,
    foreign_host: str = "",
    back: Submission | None = None,
    handed: Submission | None = None,
) -> dict[str, Any]:
    """The context of ``panels/_panel.html`` for a page that is being opened, in mock mode.

    Two pages open in live mode: ``back``, the post of a browser without script that comes from
    arming live, and ``handed``, a stored run that was live, for whoever may run live. The second
    one is yet to be armed. KeyError for an operation that does not exist.
    """
    submission, seat = handed or opening(get(operation_id), draft), seat_of(request)
    now = timezone.now()
    if seat.team is None or seat.live_denial or foreign_host:
        submission = replace(submission, mode=Mode.MOCK)
    if back is not None and _is_armed(seat, back, now=now):
        submission = replace(submission, mode=Mode.LIVE, choice=back.choice, armed=back.armed)
    bar = key_bar(seat, submission.operation, chosen=submission.choice, now=now)
    panel = panel_of(submission, seat=seat, bar=bar, foreign_host=foreign_host)
    return {"panel": panel, "csrf_token": get_token(request)}


def _is_armed(seat: Seat, back: Submission, *, now: datetime) -> bool:
    if seat.member is None or back.mode is not Mode.LIVE:
        return False
    return arming.armed(back.armed, seat.member, back.choice, seat.session_key, now) is not None


def panel_of(
    submission: Submission,
    *,
    seat: Seat,
    bar: KeyBar,
    check: bool = False,
    sending: bool = False,
    foreign_host: str = "",
    known: Known | None = None,
) -> Panel:
    """The panel that a submission makes; ``check`` puts the problems at their fields.

    ``sending`` adds what matters only now that it is to be sent: previews carry no live key.
    ``known`` is what the team ran before with the same idempotency key.
    """
    operation, draft = submission.operation, submission.draft
    check = check or sending
    problems = submission.problems() if check else ()
    form = forms.build(operation, draft, problems=problems)
    summary = _summary(form) if check else ()
    if sending:
        summary = (*_key_troubles(submission, seat, bar), *summary)
    shown = preview(operation, draft, base_url=bar.base_url, idempotency_key=submission.key)
    return Panel(
        operation=operation,
        submission=submission,
        form=form,
        estimate=estimate.estimate(operation, draft),
        key=submission.key,
        key_state=_key_state(submission, known),
        json_text=draft.pretty(),
        trouble=submission.trouble,
        http_text=coloured(shown.text, "http"),
        preview_trouble=shown.trouble,
        snippets=_snippets(submission, bar.base_url, too_long=len(shown.text) > SNIPPETS_UP_TO),
        summary=summary,
        seat=seat,
        bar=bar,
        scenarios=scenario_groups(operation.id),
        again=again(submission),
        foreign_host=foreign_host,
        sandbox_page=settings.RIVYA_DASH_SANDBOX_BASE,
    )


def _snippets(submission: Submission, base_url: str, *, too_long: bool) -> tuple[Snippet, ...]:
    """One for each tab, always the same tabs, so that a swap finds every one of them."""
    operation, key = submission.operation, submission.key
    found = (
        ()
        if too_long
        else snippets(operation, submission.draft, base_url=base_url, idempotency_key=key)
    )
    if not found:
        nothing = _("There is no request to show: see under Request.")
        if too_long:
            nothing = _("The body is too long for a snippet: it is under Request.")
        tabs = snippets(operation, initial(operation), base_url=base_url)
        return tuple(Snippet(each.name, each.title, SafeString(), nothing) for each in tabs)
    return tuple(
        Snippet(each.name, each.title, coloured(each.code, each.language), each.note)
        for each in found
    )


def _summary(form: forms.Form) -> tuple[Trouble, ...]:
    return tuple(
        Trouble(
            place=field.name if field else "",
            message=message,
            target=field.id if field else "",
        )
        for field, message in form.problems
    )


def refusal(submission: Submission) -> str | None:
    """Why a run makes no sense at all; None when it may be sent, however wrong."""
    if submission.again != "retry":
        return None
    if not submission.last.key:
        return _("There is no run to retry.")
    if submission.fingerprint != submission.last.fingerprint:
        return _(
            "The body has changed since that run, so the same idempotency key does not fit "
            "it any more. Run again, or change the body back."
        )
    return None


def _key_troubles(submission: Submission, seat: Seat, bar: KeyBar) -> tuple[Trouble, ...]:
    """What is wrong with the two keys of a run: the live one and the idempotency key."""
    found = []
    needs_key = submission.operation.scope is not None and not seat.live_denial
    live = submission.mode is Mode.LIVE and needs_key
    if live and bar.denial and bar.offer is not None:
        label = bar.offer.choice.label
        found.append(Trouble(place=label, message=bar.denial, target="key-choice"))
    if live and bar.pastes and not submission.live_key:
        message = _("is empty: a live call of this operation needs one.")
        found.append(Trouble(place=_("API key"), message=message, target="live-key"))
    last = submission.last
    reused = submission.typed_key and submission.typed_key == last.key and seat.team is None
    if reused and submission.fingerprint != last.fingerprint:
        message = _("was used for another body: the API would answer with a conflict.")
        found.append(Trouble(place="Idempotency-Key", message=message, target="idempotency-key"))
    return tuple(found)


def _key_state(submission: Submission, known: Known | None) -> str:
    """Whether a run with this key would be a new one, a replay or a conflict."""
    last, key = submission.last, submission.key
    if not key:
        return ""
    if known is not None:
        return _known_state(known)
    if key != last.key:
        return _("new for this body")
    if submission.fingerprint == last.fingerprint and not last.made:
        return _("sent with this body before: a retry is not charged twice")
    if submission.fingerprint == last.fingerprint:
        return _("used for this body: the first answer comes again, without a new charge")
    return _("used for another body: the API answers with a conflict")


def _known_state(known: Known) -> str:
    run = {"run": known.run.name}
    if not known.same:
        return _("used for another body by %(run)s: the API answers with a conflict") % run
    if not known.run.made:
        return _("sent with this body before, by %(run)s: a retry is not charged twice") % run
    return _("used for this body by %(run)s: its answer comes again, without a new charge") % run


def again(submission: Submission) -> Again | None:
    """The buttons under the answer of an operation that spends; None before the first run."""
    last = submission.last
    if not last.key or not submission.operation.idempotency:
        return None
    changed = submission.fingerprint != last.fingerprint
    note = (
        _("Retry safely is off: the body has changed since that run.")
        if changed
        else _("Retry safely keeps the idempotency key, so nothing is charged twice.")
    )
    return Again(changed=changed, note=note)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedView:
    """A pasted command as its dialog shows it; ``draft_json`` is what fills the panel."""

    operation: Operation | None
    draft_json: str
    found: curl_import.Imported


def imported(command: str) -> ImportedView:
    """What a pasted command means."""
    own = {*map(keys.host_of, keys.base_urls()), *OWN_HOSTS}
    found = curl_import.read(command, own_hosts=own)
    operation = get(found.operation_id) if found.operation_id else None
    draft = write_json(handover.as_json(found.draft), indent=None) if found.draft else ""
    return ImportedView(operation=operation, draft_json=draft, found=found)


def groups() -> list[tuple[str, list[Operation]]]:
    """Every operation under its group's name, for the index."""
    from debugger.contract.operations import grouped

    return [(group.value, operations) for group, operations in grouped().items()]
