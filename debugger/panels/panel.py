"""What the templates of one panel name as ``panel``."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from debugger.client.outcome import Mode
from debugger.contract import catalog
from debugger.contract.operations import Kind, Operation
from debugger.keys import services as keys
from debugger.panels import estimate, forms
from debugger.panels.draft import Draft, JsonTrouble
from debugger.panels.keybar import KeyBar, goes_to
from debugger.panels.picker import Option
from debugger.panels.seat import Seat
from debugger.panels.submission import Submission
from debugger.teams.access import Right, may


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
    seat: Seat
    bar: KeyBar
    scenarios: tuple[tuple[str, tuple[Option, ...]], ...]
    again: Again | None = None
    foreign_host: str = ""
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
    def base_url(self) -> str:
        """The address that live calls: the chosen key's, where one was chosen."""
        return self.bar.base_url

    @property
    def live(self) -> bool:
        """Whether the page stands in live mode, as it does after a run without script."""
        return self.submission.mode is Mode.LIVE

    @property
    def takes_key(self) -> bool:
        """Whether the page has a field for a pasted key."""
        return self.operation.scope is not None and not self.seat.live_denial

    @property
    def manages_keys(self) -> bool:
        """Whether the person can add a key to the team."""
        member = self.seat.member
        return member is not None and may(member, Right.MANAGE_KEYS)

    @property
    def goes(self) -> str:
        """Where live goes with the chosen key, in a sentence."""
        return goes_to(self.base_url)

    @property
    def paste_goes(self) -> str:
        """Where a pasted key goes."""
        return goes_to(settings.RIVYA_BASE_URL)

    @property
    def local(self) -> bool:
        """Whether live goes to a stand-in on this machine."""
        return keys.is_local(self.base_url)

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
        found = [each for _group, options in self.scenarios for each in options]
        chosen = (each.note for each in found if each.name == self.submission.scenario)
        return next(chosen, found[0].note if found else "")

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
