"""What the browser posted from a panel, read once into plain values.

Everything here comes from outside, hidden inputs included, so every value is checked or bounded.
The live key is never part of a draft, a repr or a template's context.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, QueryDict

from debugger.client.outcome import Mode
from debugger.contract import rules
from debugger.contract.operations import Operation
from debugger.contract.schemas import Problem
from debugger.panels import forms
from debugger.panels.draft import Draft, JsonTrouble, initial, parse_json
from debugger.panels.estimate import fingerprint, idempotency_key
from debugger.web import moments

IDEMPOTENCY_HEADER: Final = "Idempotency-Key"
SNIFFED: Final = 64 * 1024
_NONCE: Final = re.compile(r"^[A-Za-z0-9_-]{8,64}$")


def new_nonce() -> str:
    """What makes the automatic idempotency keys of two runs of one body differ."""
    return secrets.token_urlsafe(12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """The run before: which body, with which key, and which object it made."""

    fingerprint: str = ""
    key: str = ""
    made: str = ""
    reserved: str = ""

    def __str__(self) -> str:
        return "|".join((self.fingerprint, self.key, self.made, self.reserved))

    @classmethod
    def read(cls, text: str) -> Last:
        """The reverse of ``str``; anything else is no run before."""
        parts = text[:800].split("|")
        if len(parts) != 4:
            return cls()
        return cls(fingerprint=parts[0], key=parts[1], made=parts[2], reserved=parts[3])


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One post of a panel.

    ``editor`` says which of the two editors holds the body. ``again`` is "retry" or "new" when
    one of the buttons under an answer was used. ``file_size`` and ``file_type`` are what the
    browser says of a chosen file that it did not send (previews do not upload). ``shown_model`` is
    the model that the page's fields were built for. ``choice`` names a key of the team or is
    arming.PASTE, "" leaves it to the panel. ``armed`` shows that live was armed in this tab,
    ``override`` is the amount that was typed to run above a ceiling. ``origin`` names the stored
    run that the draft was taken from. ``came_back`` says that the page was come back to after a
    run, ``reuse`` that a key of an earlier run is to be sent with another body all the same,
    ``fresh`` that the key which stands in the panel is not to be sent.
    """

    operation: Operation
    draft: Draft
    mode: Mode
    scenario: str = ""
    live_key: str = field(default="", repr=False)
    choice: str = ""
    armed: str = field(default="", repr=False)
    override: str = ""
    nonce: str
    typed_key: str = ""
    editor: str = "form"
    again: str = ""
    anyway: bool = False
    reuse: bool = False
    fresh: bool = False
    came_back: bool = False
    origin: str = ""
    check: bool = False
    last: Last = field(default_factory=Last)
    upload: UploadedFile[Any] | None = None
    file_size: int | None = None
    file_type: str = ""
    shown_model: object = None

    @property
    def model_changed(self) -> bool:
        """Whether another model was chosen than the one whose fields the page shows."""
        body = self.draft.body
        return isinstance(body, dict) and body.get("model") != self.shown_model

    @property
    def trouble(self) -> JsonTrouble | None:
        """Why the JSON editor's text does not parse."""
        return self.draft.trouble()

    @property
    def fingerprint(self) -> str:
        """Names the body that would be sent."""
        return fingerprint(self.operation, self.draft)

    @property
    def key(self) -> str:
        """The idempotency key to send; "" where the operation knows none."""
        if not self.operation.idempotency:
            return ""
        if (self.again == "retry" and self.last.key) or self.replays:
            return self.last.key
        return self.typed_key or self.made_key

    @property
    def made_key(self) -> str:
        """The key that is made from the body where none is typed."""
        return idempotency_key(self.fingerprint, self.nonce)

    @property
    def replays(self) -> bool:
        """Whether a run is the one before once more, because the page was come back to."""
        same = bool(self.last.key) and self.last.fingerprint == self.fingerprint
        return self.came_back and same and not self.typed_key and self.again != "new"

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the draft as far as we can tell without asking the API."""
        found = forms.check(self.operation, self.draft)
        if self.upload is None:
            return found
        return tuple(dict.fromkeys((*found, *_file_problems(self.upload, self.draft.body))))


def opening(operation: Operation, draft: Draft | None = None) -> Submission:
    """A panel that nobody has touched: mock mode, sample values, a key of its own."""
    start = draft or initial(operation)
    return Submission(operation=operation, draft=start, mode=Mode.MOCK, nonce=new_nonce())


def handed(operation: Operation, draft: Draft, data: QueryDict) -> Submission:
    """A panel that opens with a draft from somewhere else, such as a stored run.

    Its mode, scenario, key and idempotency key come along; that live is armed never does.
    """
    return replace(
        opening(operation, draft),
        mode=Mode.LIVE if data.get("mode") == "live" else Mode.MOCK,
        scenario=data.get("scenario", "")[:64],
        choice=data.get("key_choice", "")[:32],
        typed_key=data.get("idempotency_key", "").strip()[:300] if operation.idempotency else "",
        origin=_origin(data),
    )


def _origin(data: QueryDict) -> str:
    """The stored run of which the draft is a copy, "" for none."""
    name = data.get("origin", "")[:24]
    return name if moments.number_of("run", name) is not None else ""


def read(request: HttpRequest, operation: Operation) -> Submission:
    """The post of a panel. Never raises for what a browser, or anybody else, may send."""
    data = request.POST
    nonce = data.get("nonce", "")
    again, fresh = data.get("again", ""), data.get("fresh") == "1"
    if again == "new" or fresh or not _NONCE.match(nonce):
        nonce = new_nonce()
    draft = _draft(operation, data)
    return Submission(
        operation=operation,
        draft=without_key(draft) if fresh else draft,
        mode=Mode.LIVE if data.get("mode") == "live" else Mode.MOCK,
        scenario=data.get("scenario", "")[:64],
        live_key=data.get("live_key", "").strip()[:512],
        choice=data.get("key_choice", "")[:32],
        armed=data.get("armed", "")[:1000],
        override=data.get("override_credits", "").strip()[:20],
        nonce=nonce,
        typed_key="" if fresh else data.get("idempotency_key", "").strip()[:300],
        editor="json" if data.get("editor") == "json" else "form",
        again=again if again in ("retry", "new") else "",
        anyway="1" in (data.get("anyway"), data.get("reuse")),
        reuse=data.get("reuse") == "1",
        fresh=fresh,
        came_back=data.get("came_back") == "1" and not fresh,
        origin=_origin(data),
        check=data.get("check") == "1",
        last=Last.read(data.get("last", "")),
        upload=request.FILES.get("upload"),
        file_size=_size(data.get("file_size", "")),
        file_type=data.get("file_type", "")[:100],
        shown_model=_shown_model(data.get("extras", "")),
    )


def without_key(draft: Draft) -> Draft:
    """The draft without an idempotency key among its headers."""
    name = IDEMPOTENCY_HEADER.lower()
    kept = {each: value for each, value in draft.headers.items() if each.lower() != name}
    return replace(draft, headers=kept)


def _file_problems(file: UploadedFile[Any], body: object) -> list[Problem]:
    """What the file itself breaks: its size, and the type that its first bytes show."""
    given = body if isinstance(body, dict) else {}
    file.seek(0)
    beginning = file.read(SNIFFED)
    file.seek(0)
    return rules.file_problems(
        given.get("kind"),
        size=file.size or 0,
        detected_mime=rules.sniff(beginning),
        model=given.get("model"),
    )


def _draft(operation: Operation, data: QueryDict) -> Draft:
    draft = forms.read(operation, data, initial(operation))
    if data.get("format") == "1" and draft.text is not None and draft.trouble() is None:
        return replace(draft, text=None)
    return draft


def _shown_model(extras: str) -> object:
    found = parse_json(extras)
    draft = found.value if not isinstance(found, JsonTrouble) else None
    body = draft.get("body") if isinstance(draft, dict) else None
    return body.get("model") if isinstance(body, dict) else None


def _size(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
