"""What is written into the audit log, and that every action has a sentence."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import RequestFactory

from debugger.teams import audit, audit_sentences
from debugger.teams.models import AuditEvent, Role
from tests.cast import acme, new_key, person, place

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parent.parent.parent / "debugger"
ROOMS = "|".join({action.partition(".")[0] for action in audit_sentences.SENTENCES})
ACTION = re.compile(rf"(?:{ROOMS})\.[a-z_]+")


def by(name: str = "Ada") -> audit.Origin:
    return audit.Origin(
        actor_id=person(name).pk, actor_name=name, ip="192.0.2.7", place="Keys", request_id="r" * 32
    )


def event(action: str, **parts: Any) -> AuditEvent:
    return audit.record(by(), acme(), action, **parts)


def test_an_event_says_who_what_when_and_from_where() -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="2001:db8::7")
    request.user = person("Ada")
    request.request_id = "a" * 32  # type: ignore[attr-defined]
    found = audit.record(audit.origin(request, place="Keys"), acme(), "team.created", obj=acme())
    found.refresh_from_db()
    assert (found.actor_id, found.actor_name) == (person("Ada").pk, "Ada")
    assert (found.ip, found.place, found.request_id) == ("2001:db8::7", "Keys", "a" * 32)
    assert (found.object_type, found.object_id, found.object_label) == (
        "team",
        str(acme().pk),
        "Acme",
    )
    assert abs(datetime.now(UTC) - found.at) < timedelta(minutes=1)


def test_a_forged_header_is_not_where_it_came_from() -> None:
    forged = {"X-Forwarded-For": "198.51.100.1", "X-Real-IP": "198.51.100.1"}
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7", headers=forged)
    request.user = person("Ada")
    assert audit.origin(request, place="Keys").ip == "192.0.2.7"


def test_no_secret_is_written_whatever_is_handed_over() -> None:
    secret = new_key()
    found = event(
        "key.edited",
        label=f"Prod {secret}",
        changed={"label": ["Prod", secret], "note": [None, {"deep": [f"Bearer {secret}"]}]},
    )
    found.refresh_from_db()
    assert secret not in str(vars(found))
    assert "Prod" in found.object_label


def test_text_that_no_database_takes_is_mended_not_refused() -> None:
    found = event("team.renamed", label="a\0b\ud800c", changed={"na\0me": ["\udfff", "x" * 2000]})
    found.refresh_from_db()
    assert found.object_label == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"
    [(name, (before, after))] = found.changed.items()
    assert (name, before) == ("na\N{REPLACEMENT CHARACTER}me", "\N{REPLACEMENT CHARACTER}")
    assert len(after) == 500


def test_values_that_json_does_not_know_are_written_out() -> None:
    moment = datetime(2026, 11, 21, 10, 0, tzinfo=timezone(timedelta(hours=2)))
    found = event(
        "ceiling.changed",
        changed={
            "expires_at": (None, moment),
            "credits": [Decimal("1.50"), 2],
            "role": [Role.OWNER, Role.ADMIN],
            "odd": [float("nan"), {1}],
        },
    )
    found.refresh_from_db()
    assert found.changed == {
        "expires_at": [None, "2026-11-21T08:00:00+00:00"],
        "credits": ["1.50", 2],
        "role": ["owner", "admin"],
        "odd": ["nan", [1]],
    }


def test_a_long_name_fits() -> None:
    assert len(event("team.created", label="x" * 5000).object_label) == 200


# -- Sentences -----------------------------------------------------------------------------------


def written() -> Iterator[tuple[str, ast.expr]]:
    """The action of every audit.record( in the source."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "record"
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "audit"
            ):
                action = [word.value for word in node.keywords if word.arg == "action"]
                yield f"{path.name}:{node.lineno}", (action or node.args[2:3])[0]


def named() -> Iterator[tuple[str, str]]:
    """Every text of the app that has the shape of an action, wherever it stands."""
    for path in sorted(ROOT.rglob("*.py")):
        text = path.read_text("utf-8")
        if "audit" not in text or path.name == "audit_sentences.py":
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and ACTION.fullmatch(str(node.value)):
                yield f"{path.name}:{node.lineno}", str(node.value)


def test_every_action_that_is_recorded_has_a_sentence() -> None:
    unsaid = [
        (at, word.value)
        for at, action in written()
        for word in ast.walk(action)
        if isinstance(action, ast.Constant | ast.IfExp)
        and isinstance(word, ast.Constant)
        and word.value not in audit_sentences.SENTENCES
    ]
    assert unsaid == [], "say them in teams/audit_sentences.py"
    assert len(list(written())) > 20


def test_so_has_every_action_that_is_only_named_somewhere() -> None:
    unsaid = [(at, a) for at, a in named() if a not in audit_sentences.SENTENCES]
    assert unsaid == [], "say them in teams/audit_sentences.py"


def test_no_sentence_waits_for_an_action_that_nobody_records() -> None:
    recorded = {action for _, action in named()}
    assert sorted(set(audit_sentences.SENTENCES) - recorded) == []


@pytest.mark.parametrize("action", sorted(audit_sentences.SENTENCES))
def test_every_sentence_can_be_said(action: str) -> None:
    said = audit_sentences.plain(event(action, label="Prod"))
    assert "%" not in said
    assert "Ada" in said or "Prod" in said


def test_a_rotation_reads_as_it_would_be_told() -> None:
    rotated = event("key.rotated", label="Prod", changed={"overlap": [None, "1 h"]})
    assert audit_sentences.plain(rotated) == "Ada rotated the key Prod (overlap 1 h)"
    assert audit_sentences.marked(rotated) == (
        "<b>Ada</b> rotated the key <b>Prod</b> (overlap 1 h)"
    )


def test_a_change_of_role_names_both() -> None:
    bob = place("Bob", acme())
    changed = event(
        "member.role_changed", obj=bob, label="Bob", changed={"role": ["member", "admin"]}
    )
    assert audit_sentences.plain(changed) == ("Ada changed the role of Bob (role Member → Admin)")
    assert audit_sentences.changes(changed) == []


def test_before_and_after_are_shown_for_what_the_sentence_leaves_out() -> None:
    edited = event(
        "key.edited",
        label="Prod",
        changed={
            "label": ["Old", "Prod"],
            "scopes": [["chat"], []],
            "fingerprint": [None, "0123456789abcdef"],
            "run_ceiling": [100, None],
        },
    )
    assert [str(change) for change in audit_sentences.changes(edited)] == [
        "label Old → Prod",
        "scopes chat → none",
        "fingerprint 0123456789abcdef",
        "ceiling per run was 100",
    ]


def test_an_action_of_a_later_release_is_shown_by_its_name() -> None:
    later = event("share.opened", label="Link 12", changed={"what_else": ["a", "b"]})
    assert audit_sentences.plain(later) == "Ada did “share.opened” on Link 12"
    assert [str(change) for change in audit_sentences.changes(later)] == ["what else a → b"]
    assert audit_sentences.plain(event("odd")) == "Ada did “odd”"


def test_a_row_that_another_program_wrote_is_shown_all_the_same() -> None:
    odd = AuditEvent(action="key.rotated", actor_name="%(x)s", changed=["no", "fields"])
    assert audit_sentences.plain(odd) == "%(x)s rotated the key (no name)"
    assert audit_sentences.changes(odd) == []
    odder = AuditEvent(action="key.edited", actor_name="A", changed={"a": 1, "b": [], "c": [2]})
    assert [str(each) for each in audit_sentences.changes(odder)] == ["a 1", "c was 2"]


def test_markup_in_a_name_is_text() -> None:
    found = AuditEvent(
        action="key.rotated",
        actor_name="<script>x</script>",
        object_label='"><img src=x>',
        changed={"overlap": [None, "<i>1 h</i>"]},
    )
    said = audit_sentences.marked(found)
    assert re.sub(r"</?b>", "", said).count("<") == 0
    assert "&lt;script&gt;" in said
