"""What each action reads like: one table from the action's name to a sentence.

Every action that is recorded anywhere stands here; a test looks for those that do not. One that is
missing all the same, such as an action of a later release, is shown by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as told

from debugger.teams.models import AuditEvent, Role

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Says:
    """A sentence with %(actor)s and %(object)s; the ``brief`` fields are told in brackets."""

    text: Words
    brief: tuple[str, ...] = ()


SENTENCES: Final[Mapping[str, Says]] = {
    "team.created": Says(told("%(actor)s created the team %(object)s")),
    "team.renamed": Says(told("%(actor)s renamed the team to %(object)s"), ("name",)),
    "team.deleted": Says(told("%(actor)s deleted the team %(object)s")),
    "member.invited": Says(told("%(actor)s invited %(object)s"), ("role",)),
    "member.joined": Says(told("%(object)s joined the team"), ("role",)),
    "member.role_changed": Says(told("%(actor)s changed the role of %(object)s"), ("role",)),
    "member.removed": Says(told("%(actor)s removed %(object)s from the team")),
    "member.left": Says(told("%(object)s left the team")),
    "invitation.resent": Says(told("%(actor)s sent the invitation for %(object)s again")),
    "invitation.revoked": Says(told("%(actor)s revoked the invitation for %(object)s")),
    "key.added": Says(told("%(actor)s added the key %(object)s")),
    "key.tested": Says(told("%(actor)s tested the key %(object)s"), ("health",)),
    "key.rotated": Says(told("%(actor)s rotated the key %(object)s"), ("overlap",)),
    "key.rotation_undone": Says(told("%(actor)s took back the rotation of the key %(object)s")),
    "key.edited": Says(told("%(actor)s edited the key %(object)s")),
    "key.viewed": Says(told("%(actor)s viewed the key %(object)s")),
    "key.list_viewed": Says(told("%(actor)s viewed the team's keys")),
    "key.revoked": Says(told("%(actor)s revoked the key %(object)s")),
    "key.restored": Says(told("%(actor)s took back the revocation of the key %(object)s")),
    "key.shredded": Says(told("The key %(object)s was shredded and cannot be opened again")),
    "key.all_shredded": Says(
        told("%(actor)s shredded everything that %(object)s stored"), ("keys",)
    ),
    "master_key.rotated": Says(
        told("%(actor)s put the keys of %(object)s under another master key"), ("master",)
    ),
    "ceiling.changed": Says(told("%(actor)s changed the ceilings of %(object)s")),
    "ceiling.overridden": Says(told("%(actor)s ran above a ceiling with %(object)s")),
    "live.armed": Says(told("%(actor)s armed live mode with %(object)s")),
    "live.disarmed": Says(told("%(actor)s disarmed live mode with %(object)s")),
    "checklist.hidden": Says(told("%(actor)s put the first steps away")),
    "checklist.shown": Says(told("%(actor)s brought the first steps back")),
    "team.slug_changed": Says(told("%(actor)s changed the address of the team %(object)s")),
    "account.created": Says(told("%(actor)s made an account")),
    "account.signed_in": Says(told("%(actor)s signed in"), ("by",)),
    "account.signed_out": Says(told("%(actor)s signed out")),
    "account.sign_in_failed": Says(told("Somebody failed to sign in as %(object)s")),
    "account.sessions_ended": Says(told("%(actor)s signed out %(object)s elsewhere")),
    "account.password_changed": Says(told("%(actor)s changed their password")),
    "account.password_set": Says(told("%(actor)s set a password")),
    "account.password_reset": Says(told("%(actor)s set a new password by e-mail")),
    "account.email_added": Says(told("%(actor)s added the address %(object)s")),
    "account.email_removed": Says(told("%(actor)s removed the address %(object)s")),
    "account.email_verified": Says(told("%(actor)s verified the address %(object)s")),
    "account.email_changed": Says(told("%(actor)s changed their address"), ("email",)),
    "account.second_factor_added": Says(told("%(actor)s added a second factor: %(object)s")),
    "account.second_factor_removed": Says(told("%(actor)s removed a second factor: %(object)s")),
    "account.second_factor_replaced": Says(told("%(actor)s replaced a second factor: %(object)s")),
    "account.second_factor_failed": Says(told("%(actor)s failed at a second factor: %(object)s")),
    "account.recovery_code_used": Says(told("%(actor)s signed in with a recovery code")),
    "account.sign_on_connected": Says(told("%(actor)s connected single sign-on: %(object)s")),
    "account.sign_on_removed": Says(told("%(actor)s disconnected single sign-on: %(object)s")),
    "history.exported": Says(told("%(actor)s exported the history"), ("filter",)),
    "history.rules_changed": Says(
        told("%(actor)s changed how long the history of %(object)s is kept")
    ),
    "history.view_deleted": Says(
        told("%(actor)s deleted the view %(object)s of the history"), ("filter",)
    ),
    "audit.viewed": Says(told("%(actor)s read the audit log")),
    "audit.exported": Says(told("%(actor)s exported the audit log")),
}

FIELDS: Final[Mapping[str, Words]] = {
    "base_url": told("base URL"),
    "bodies": told("bodies are kept"),
    "by": told("by"),
    "credits": told("credits"),
    "day_ceiling": told("ceiling per day"),
    "days": told("days"),
    "email": told("e-mail"),
    "environment": told("environment"),
    "estimated": told("estimated credits"),
    "expires_at": told("expires"),
    "filter": told("filter"),
    "fingerprint": told("fingerprint"),
    "health": told("health"),
    "key_day_ceiling": told("ceiling of the key per day"),
    "key_run_ceiling": told("ceiling of the key per run"),
    "keys": told("keys"),
    "label": told("label"),
    "last_four": told("last four"),
    "master": told("master key"),
    "name": told("name"),
    "overlap": told("overlap"),
    "result_days": told("days of saved results"),
    "role": told("role"),
    "run_ceiling": told("ceiling per run"),
    "scopes": told("scopes"),
    "slug": told("address"),
}

_GROUPS: Final[Mapping[str, Words]] = {
    "account": told("Accounts"),
    "audit": told("Audit log"),
    "ceiling": told("Ceilings"),
    "checklist": told("First steps"),
    "history": told("History"),
    "invitation": told("Invitations"),
    "key": told("Keys"),
    "live": told("Live mode"),
    "master_key": told("Master keys"),
    "member": told("Members"),
    "team": told("Team"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One field's before and after, as text; "" for a side that there is nothing on."""

    name: str
    before: str
    after: str

    def __str__(self) -> str:
        if self.before and self.after:
            return f"{self.name} {self.before} → {self.after}"
        return f"{self.name} {self.after or _('was %(value)s') % {'value': self.before}}"


def plain(event: AuditEvent) -> str:
    """The event in one sentence, as text."""
    return str(_filled(event, lambda value: value))


def marked(event: AuditEvent) -> SafeString:
    """The same as markup: who and what stand out, and everything in it is escaped."""
    bold = _filled(event, lambda value: format_html("<b>{}</b>", value), escape=conditional_escape)
    return mark_safe(bold)  # noqa: S308  # Its parts are escaped one by one.


def _filled(
    event: AuditEvent, emphasis: Callable[[str], str], *, escape: Callable[[Any], str] = str
) -> str:
    says = SENTENCES.get(event.action) or Says(
        told("%(actor)s did “%(action)s”")
        if not event.object_label
        else told("%(actor)s did “%(action)s” on %(object)s")
    )
    sentence = escape(str(says.text)) % {
        "actor": emphasis(event.actor_name),
        "object": emphasis(event.object_label or event.object_id or _("(no name)")),
        "action": escape(event.action),
    }
    brief = "; ".join(str(change) for change in _changes(event, says.brief))
    return f"{sentence} ({escape(brief)})" if brief else sentence


def changes(event: AuditEvent) -> list[Change]:
    """What changed, without the fields that the sentence itself tells."""
    says = SENTENCES.get(event.action)
    told_already = says.brief if says else ()
    return _changes(event, [name for name in _fields(event) if name not in told_already])


def _fields(event: AuditEvent) -> dict[str, Any]:
    return event.changed if isinstance(event.changed, dict) else {}


def _changes(event: AuditEvent, names: Any) -> list[Change]:
    fields = _fields(event)
    found = [_change(name, fields[name]) for name in names if name in fields]
    return [change for change in found if change.before or change.after]


def _change(name: str, values: Any) -> Change:
    sides = [*values, None, None][:2] if isinstance(values, list) else [None, values]
    before, after = (_shown(name, side) for side in sides)
    return Change(field_name(name), before, after)


def _shown(name: str, value: Any) -> str:
    """A value as a person reads it."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(_shown(name, item) for item in value) or _("none")
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_shown(name, item)}" for key, item in value.items())
    if name == "role" and value in Role.values:
        return str(Role(value).label)
    return str(value)


def field_name(name: str) -> str:
    """A field as a person calls it."""
    return str(FIELDS.get(name) or name.replace("_", " "))


def action_groups(actions: Any) -> list[tuple[str, list[tuple[str, str]]]]:
    """Actions for a list to choose from: (group, [(action, what it reads like)])."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for action in sorted(actions):
        first = action.partition(".")[0]
        group = str(_GROUPS.get(first) or first.replace("_", " "))
        groups.setdefault(group, []).append((action, action_name(action)))
    return sorted(groups.items())


def action_name(action: str) -> str:
    """A short name for an action: the words of its sentence without who and what."""
    return action.partition(".")[2].replace("_", " ") or action
