"""What a panel's templates show, computed from one submission. No view and no request below.

context = panel_context(request, "generations.create")
{% include "panels/_panel.html" %}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from debugger.client.outcome import Mode
from debugger.contract import catalog
from debugger.contract.operations import Kind, Operation, get
from debugger.panels import curl_import, estimate, forms, handover
from debugger.panels.draft import Draft, JsonTrouble, initial
from debugger.panels.highlight import coloured
from debugger.panels.jsontext import write_json
from debugger.panels.picker import Option, scenario_groups
from debugger.panels.preview import preview
from debugger.panels.snippets import snippets
from debugger.panels.submission import Submission, opening

OWN_HOSTS: Final = frozenset({"rivya.ai"})
# Writing megabytes in six languages at every keystroke takes seconds of everybody's time.
SNIPPETS_UP_TO: Final = 128 * 1024
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Snippet:
    """One tab under Snippets; ``html`` is coloured and escaped."""

    name: str
    title: str
    html: SafeString
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A line of the summary: where, what, and the id of the field to go to ("" for none)."""

    place: str
    message: str
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """The two buttons under an answer. ``changed`` disables the safe retry, ``note`` says why."""

    changed: bool
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Everything that the templates of one panel name as ``panel``."""

    operation: Operation
    submission: Submission
    form: forms.Form
    estimate: estimate.Estimate
    key: str
    key_state: str
    json_text: str
    trouble: JsonTrouble | None
    http_text: SafeString | str
    preview_trouble: str
    snippets: tuple[Snippet, ...]
    summary: tuple[Trouble, ...]
    scenarios: tuple[tuple[str, tuple[Option, ...]], ...]
    again: Again | None = None
    foreign_host: str = ""
    base_url: str = ""
    sandbox_page: str = ""

    @property
    def draft(self) -> Draft:
        """What would be sent."""
        return self.submission.draft

    @property
    def nonce(self) -> str:
        """What tells two runs of one body apart."""
        return self.submission.nonce

    @property
    def last(self) -> str:
        """The run before, as its hidden input holds it."""
        return str(self.submission.last)

    @property
    def typed_key(self) -> str:
        """The idempotency key that was typed, "" for an automatic one."""
        return self.submission.typed_key

    @property
    def host(self) -> str:
        """Where live goes."""
        return urlsplit(self.base_url).netloc

    @property
    def local(self) -> bool:
        """Whether live goes to a stand-in on this machine."""
        return urlsplit(self.base_url).hostname in LOOPBACK

    @property
    def has_body(self) -> bool:
        """Whether there is anything for a JSON editor to hold."""
        return self.operation.request is not None and not self.uploads

    @property
    def streams(self) -> bool:
        """Whether the answer is a stream."""
        return self.operation.kind is Kind.STREAM

    @property
    def uploads(self) -> bool:
        """Whether a file is sent."""
        return self.operation.kind is Kind.UPLOAD

    @property
    def main_fields(self) -> tuple[forms.Field, ...]:
        """The body's fields that every model shares."""
        return tuple(field for field in self.form.body if field.group != "params")

    @property
    def param_fields(self) -> tuple[forms.Field, ...]:
        """The chosen model's own parameters."""
        return tuple(field for field in self.form.body if field.group == "params")

    @property
    def all_fields(self) -> tuple[forms.Field, ...]:
        """Every field, rows of lists included."""
        return tuple(self.form.fields())

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to fill in."""
        return not self.all_fields

    @property
    def header_rows(self) -> tuple[forms.HeaderRow, ...]:
        """The extra headers, and one empty row for the next."""
        return (*self.form.headers, forms.HeaderRow(name="", value=""))

    @property
    def scenario_note(self) -> str:
        """What the scenario that is chosen at the beginning does."""
        return self.scenarios[0][1][0].note if self.scenarios else ""

    @property
    def file_size(self) -> str:
        """The chosen file's size, as the browser says, for the preview."""
        return "" if self.submission.file_size is None else str(self.submission.file_size)

    @property
    def file_type(self) -> str:
        """The chosen file's type, as the browser says, for the preview."""
        return self.submission.file_type

    @property
    def _limit(self) -> catalog.KindLimit | None:
        return file_limit(self.draft)

    @property
    def accept(self) -> str:
        """The types that the chosen kind and model take, for the file input."""
        return ",".join(self._limit.mime) if self._limit else ""

    @property
    def max_bytes(self) -> str:
        """The largest file that the chosen kind and model take."""
        return str(int(self._limit.max_mb * 2**20)) if self._limit and self._limit.max_mb else ""

    @property
    def file_rule(self) -> str:
        """The same in words."""
        limit = self._limit
        if limit is None:
            return _("The chosen model does not take this kind of file.")
        return _("Up to %(size)s MB: %(types)s.") % {
            "size": f"{limit.max_mb:g}" if limit.max_mb else "?",
            "types": ", ".join(limit.mime),
        }


def panel_context(
    request: HttpRequest,
    operation_id: str,
    *,
    draft: Draft | None = None,
    foreign_host: str = "",
) -> dict[str, Any]:
    """The context of ``panels/_panel.html`` for a page that is being opened, always in mock mode.

    KeyError for an operation that does not exist.
    """
    submission = opening(get(operation_id), draft)
    panel = panel_of(submission, foreign_host=foreign_host)
    return {"panel": panel, "csrf_token": get_token(request)}


def panel_of(
    submission: Submission, *, check: bool = False, sending: bool = False, foreign_host: str = ""
) -> Panel:
    """The panel that a submission makes; ``check`` puts the problems at their fields.

    ``sending`` adds what matters only now that it is to be sent: previews carry no live key.
    """
    operation, draft = submission.operation, submission.draft
    check = check or sending
    problems = submission.problems() if check else ()
    form = forms.build(operation, draft, problems=problems)
    summary = _summary(form) if check else ()
    if sending:
        summary = (*_key_troubles(submission), *summary)
    shown = preview(
        operation, draft, base_url=settings.RIVYA_BASE_URL, idempotency_key=submission.key
    )
    return Panel(
        operation=operation,
        submission=submission,
        form=form,
        estimate=estimate.estimate(operation, draft),
        key=submission.key,
        key_state=_key_state(submission),
        json_text=draft.pretty(),
        trouble=submission.trouble,
        http_text=coloured(shown.text, "http"),
        preview_trouble=shown.trouble,
        snippets=_snippets(submission, too_long=len(shown.text) > SNIPPETS_UP_TO),
        summary=summary,
        scenarios=scenario_groups(operation.id),
        again=again(submission),
        foreign_host=foreign_host,
        base_url=settings.RIVYA_BASE_URL,
        sandbox_page=settings.RIVYA_DASH_SANDBOX_BASE,
    )


def _snippets(submission: Submission, *, too_long: bool) -> tuple[Snippet, ...]:
    """One for each tab, always the same tabs, so that a swap finds every one of them."""
    operation, base_url = submission.operation, settings.RIVYA_BASE_URL
    key = submission.key
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


def _key_troubles(submission: Submission) -> tuple[Trouble, ...]:
    """What is wrong with the two keys of a run: the live one and the idempotency key."""
    found = []
    live = submission.mode is Mode.LIVE and submission.operation.scope is not None
    if live and not submission.live_key:
        message = _("is empty: a live call of this operation needs one.")
        found.append(Trouble(place=_("API key"), message=message, target="live-key"))
    last = submission.last
    reused = submission.typed_key and submission.typed_key == last.key
    if reused and submission.fingerprint != last.fingerprint:
        message = _("was used for another body: the API would answer with a conflict.")
        found.append(Trouble(place="Idempotency-Key", message=message, target="idempotency-key"))
    return tuple(found)


def _key_state(submission: Submission) -> str:
    """Whether a run with this key would be a new one, a replay or a conflict."""
    last, key = submission.last, submission.key
    if not key:
        return ""
    if key != last.key:
        return _("new for this body")
    if submission.fingerprint == last.fingerprint and not last.made:
        return _("sent with this body before: a retry is not charged twice")
    if submission.fingerprint == last.fingerprint:
        return _("used for this body: the first answer comes again, without a new charge")
    return _("used for another body: the API answers with a conflict")


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


def file_limit(draft: Draft) -> catalog.KindLimit | None:
    """What the chosen model, or the general rule, allows for the chosen kind of file.

    None when the model does not take that kind.
    """
    body = draft.body if isinstance(draft.body, dict) else {}
    kind, model = body.get("kind"), catalog.get(body.get("model"))
    if kind not in catalog.DEFAULT_LIMITS:
        return None
    if model is None:
        return catalog.DEFAULT_LIMITS[str(kind)]
    return model.limit(str(kind)) if kind in model.file_kinds else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedView:
    """A pasted command as its dialog shows it; ``draft_json`` is what fills the panel."""

    operation: Operation | None
    draft_json: str
    found: curl_import.Imported


def imported(command: str) -> ImportedView:
    """What a pasted command means."""
    own = {urlsplit(settings.RIVYA_BASE_URL).netloc, *OWN_HOSTS}
    found = curl_import.read(command, own_hosts=own)
    operation = get(found.operation_id) if found.operation_id else None
    draft = write_json(handover.as_json(found.draft), indent=None) if found.draft else ""
    return ImportedView(operation=operation, draft_json=draft, found=found)


def groups() -> list[tuple[str, list[Operation]]]:
    """Every operation under its group's name, for the index."""
    from debugger.contract.operations import grouped

    return [(group.value, operations) for group, operations in grouped().items()]
