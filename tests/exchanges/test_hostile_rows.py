"""Stored texts and links that were made to break the pages and files which show them."""

from __future__ import annotations

import json

import pytest

from debugger.exchanges import canonical
from debugger.exchanges.exports import document, har, lists
from debugger.exchanges.models import Exchange
from debugger.exchanges.narrowing import narrowed
from tests.cast import acme, browser_of, person
from tests.exchanges.rows import run_row
from tests.exchanges.screens import HOME

BASE = "https://rivya.ai"
HALF = '{"model":"\\ud83d","note":"\\u0000"}'
DEEP = "[" * 900 + "]" * 900
TYPED = (
    *(
        "²",
        "9" * 300,
        "-1",
        "\0",
        "\u202e",
        "😀 \ud7ff",
        "'",
        '"*',
        "&|!():*<->",
        "task_*\\",
        "a.b." * 99,
    ),
    *("../../etc/passwd", "Europe", "0001-01-01T00:00:00+14:00", "9999-12-31", "2026-W01-1"),
    *("gen_7zzzzzzzzzzzz", "run_zzzzzzzzzzzzz", "x" * 100_000, "NEAR(a b)", "{a b}:c", "^a - b"),
)
HOSTILE = (HALF, DEEP, "1" * 5000, '{"a":1e999}', "[NaN]")


def hostile(text: str) -> Exchange:
    row = run_row(acme(), prompt=None, request_text=text, response_text=text, draft=text)
    return Exchange.objects.get(pk=row.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("text", HOSTILE)
def test_runs_whose_json_no_page_can_hold_are_compared_all_the_same(text: str) -> None:
    row = hostile(text)
    for more in ("", "&masked=0&all=1"):
        address = f"{HOME}compare?a={row.name}&b={row.name}{more}"
        assert browser_of("Alice").get(address).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("text", HOSTILE)
def test_runs_whose_json_no_file_can_hold_leave_as_json_all_the_same(text: str) -> None:
    row = hostile(text)
    written = (lists.as_lines([row]), json.dumps(har([row], base_url=BASE)))
    for each in (*written, json.dumps(document(row), ensure_ascii=False)):
        json.loads(each.encode(), parse_constant=pytest.fail)


def test_lines_that_are_not_compared_are_not_written() -> None:
    # Written whole, with the spaces before each line, this would take fifty million characters.
    wide = "[" * 90 + ",".join("1" * 260_000) + "]" * 90
    assert len(canonical.lines(wide, masked=True)) == canonical.MOST
    assert len(canonical.lines("a\n" * 260_000, masked=True)) == canonical.MOST


@pytest.mark.django_db
def test_a_table_of_many_runs_reads_no_bodies() -> None:
    hostile(HALF)
    found = lists.batch(acme(), narrowed({}), before=None)
    assert not any("content" in row._state.fields_cache for row in found)
    assert HALF not in lists.as_table(found)


@pytest.mark.django_db
@pytest.mark.parametrize("number", ["²", "१२", "9" * 300, "-1", "1e5"])
def test_a_person_that_nobody_can_be_is_no_error_of_the_page(number: str) -> None:
    run_row(acme(), prompt="a fox")
    person("Alice")
    assert browser_of("Alice").get(HOME, {"person": number}).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("address", [HOME, "/t/acme/generations/", "/t/acme/errors/"])
def test_whatever_is_typed_into_a_link_the_pages_stand(address: str) -> None:
    run_row(acme(), prompt="a fox")
    alice = browser_of("Alice")
    names = ("q", "code", "model", "key", "since", "until", "tz", "person", "state", "window")
    for text in TYPED:
        for given in (dict.fromkeys(names, text), {"older_than": text}, {"newer_than": text}):
            assert alice.get(address, given).status_code in (200, 422), text[:40]
