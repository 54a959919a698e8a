"""Text that was made to be slow to read, in the editor and on the page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from debugger.contract import operations
from debugger.panels import curl_import, services, submission
from debugger.panels.jsontext import JsonTrouble, Parsed, parse_json
from debugger.panels.keybar import KeyBar
from debugger.panels.panel import Panel
from debugger.panels.seat import Seat
from debugger.web.highlight import coloured
from tests.patience import no_hang

_TEXTS = {
    "a string that is never closed": '"' + '\\"' * 400_000,
    "a string that ends in a backslash": '"' + '\\"' * 400_000 + "\\",
    "a row of backslashes": '"' + "\\" * 800_000,
    "brackets": "[" * 800_000,
    "digits": "[" + "1" * 800_000,
}
_CODE = {
    "one long word": "a" * 40_000,
    "open strings": 'x = "' + '\\"' * 20_000,
    "open strings on many lines": '\\"\n' * 13_000,
    "open comments": "/*" * 20_000,
    "open expressions": "${`" * 13_000,
    "short words without end": ("a" * 2_000 + "\n") * 20,
}


@pytest.mark.parametrize("name", _TEXTS)
def test_no_text_makes_the_json_editor_slow(name: str) -> None:
    with no_hang():
        assert isinstance(parse_json(_TEXTS[name]), JsonTrouble)


@pytest.mark.parametrize("language", ["http", "bash", "python", "typescript", "javascript", "json"])
@pytest.mark.parametrize("name", _CODE)
def test_no_text_makes_colouring_slow(name: str, language: str) -> None:
    with no_hang():
        coloured(_CODE[name], language)


def test_code_of_an_ordinary_length_is_still_coloured() -> None:
    assert 'class="s"' in coloured('print("hello")\n' * 100, "python")
    assert 'class="s"' in coloured('{"a": "' + "b" * 20_000 + '"}', "json")


def test_a_pasted_command_with_an_open_json_string_is_read_at_once() -> None:
    command = "curl https://rivya.ai/api/v1/generations --json '\"" + '\\"' * 90_000 + "'"
    with no_hang():
        curl_import.read(command, own_hosts={"rivya.ai"})


def test_a_name_that_is_written_in_two_ways_is_still_told_to_be_twice_there() -> None:
    assert isinstance(parse_json('{"a": 1, "\\u0061": 2}'), JsonTrouble)
    assert parse_json('{"a": "\\"}"}') == Parsed({"a": '"}'})


def panel_of(sent: submission.Submission) -> Panel:
    bar = KeyBar(base_url="https://rivya.ai")
    return services.panel_of(sent, seat=Seat(), bar=bar)


def test_a_body_of_many_kilobytes_is_shown_without_snippets() -> None:
    start = submission.opening(operations.get("generations.create"))
    body = {"model": "z-image", "prompt": "A lamp", "extra": ["x" * 20] * 10_000}
    long = replace(start, draft=replace(start.draft, body=body))
    shown = panel_of(long)
    assert [each.name for each in shown.snippets] == [
        each.name for each in panel_of(start).snippets
    ]
    assert not any(each.html for each in shown.snippets)
    assert all("too long" in each.note for each in shown.snippets)
    assert "A lamp" in shown.http_text
