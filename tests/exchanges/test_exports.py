"""Runs taken along: one as a command, HAR or JSON, many as JSON lines or a table."""

from __future__ import annotations

import csv
import io
import json
import shlex
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.http import StreamingHttpResponse
from django.test import AsyncClient

from debugger.exchanges.exports import command, document, har, lists
from debugger.exchanges.exports.curl import note
from debugger.exchanges.models import Exchange
from debugger.panels import curl_import
from debugger.teams.models import AuditEvent
from tests.cast import acme, browser_of, person, zenith
from tests.exchanges.rows import NOON, run_row

pytestmark = pytest.mark.django_db
BASE = "https://rivya.ai"
NASTY = 'it\'s "quoted" \\ $HOME `id` 5% ^!&|\nनमस्ते 🙂 \u2028 end'


def took(address: str, *, name: str = "Bob") -> tuple[Any, str]:
    """A streamed file as a real server would send it."""

    async def read() -> tuple[Any, str]:
        client = AsyncClient()
        await client.aforce_login(await _person(name))
        answer = await client.get(address)
        if not isinstance(answer, StreamingHttpResponse):
            return answer, answer.content.decode()
        pieces = [piece async for piece in answer]
        return answer, b"".join(pieces).decode()

    return async_to_sync(read)()


async def _person(name: str) -> Any:
    from asgiref.sync import sync_to_async

    return await sync_to_async(person)(name)


def test_a_command_is_understood_by_our_own_importer_as_the_same_request() -> None:
    run = run_row(acme(), prompt=NASTY, request_headers=[["Idempotency-Key", "nightly 7"]])
    found = curl_import.read(command(run, base_url=BASE), own_hosts=("rivya.ai",))
    assert found.operation_id == "generations.create"
    assert found.draft is not None
    assert found.draft.body == {"model": "z-image", "prompt": NASTY}
    assert found.draft.headers.get("Idempotency-Key") == "nightly 7"


def test_a_command_carries_a_placeholder_and_no_key() -> None:
    text = command(run_row(acme(), prompt="a fox"), base_url=BASE)
    assert "Bearer $RIVYA_API_KEY" in text
    assert "[hidden]" not in text


def test_a_run_of_an_operation_that_is_gone_can_still_be_taken_along() -> None:
    run = run_row(acme(), prompt="a fox")
    run.operation = "generations.paint"
    assert "Bearer $RIVYA_API_KEY" in command(run, base_url=BASE)
    assert note(run) == ""


def test_a_mock_run_is_exported_as_the_live_request_that_it_stands_for() -> None:
    run = run_row(acme(), prompt="a fox", url="http://127.0.0.1:8000/mock/api/v1/generations")
    assert shlex.split(command(run, base_url=BASE))[3] == f"{BASE}/api/v1/generations"


def test_an_upload_is_a_form_with_the_name_of_its_file() -> None:
    draft = json.dumps({"body": {"kind": "image", "file": 'a "b".png'}})
    run = run_row(acme(), operation="files.create", draft=draft, request_text="--x\r\n(9 bytes)")
    words = shlex.split(command(run, base_url=BASE))
    assert "kind=image" in words
    assert 'file=@"a \\"b\\".png"' in words
    assert "put its path behind the @" in note(run)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"kept": False, "request_text": None}, "keeps no bodies"),
        ({"request_trimmed": True, "intact": False}, "beginning"),
        ({"intact": False}, "secret was removed"),
        ({}, ""),
    ],
)
def test_a_command_that_is_not_the_whole_request_says_so(facts: dict[str, Any], said: str) -> None:
    found = note(run_row(acme(), prompt="a fox", **facts))
    assert said in found
    assert bool(found) is bool(said)


def test_har_has_what_the_format_asks_for() -> None:
    run = run_row(acme(), prompt=NASTY, at=NOON, url=f"{BASE}/api/v1/generations?a=1&b=")
    log = har([run], base_url=BASE)["log"]
    assert (log["version"], log["creator"]["name"]) == ("1.2", "rivya-dash")
    (entry,) = log["entries"]
    for name in ("startedDateTime", "time", "request", "response", "cache", "timings"):
        assert name in entry
    for name in ("method", "url", "httpVersion", "cookies", "headers", "queryString"):
        assert name in entry["request"]
    for name in ("status", "statusText", "httpVersion", "content", "redirectURL", "bodySize"):
        assert name in entry["response"]
    assert json.loads(entry["request"]["postData"]["text"])["prompt"] == NASTY
    times = entry["timings"]
    assert sum(part for part in times.values() if part > 0) == pytest.approx(entry["time"])
    assert "MOCK" in entry["comment"]


def test_har_of_a_run_without_an_answer_says_that_nothing_came() -> None:
    run = run_row(acme(), prompt="a fox", status=None, response_text=None, failed=True)
    response = har([run], base_url=BASE)["log"]["entries"][0]["response"]
    assert (response["status"], response["bodySize"], response["statusText"]) == (0, -1, "")


def test_json_of_a_run_has_its_bodies_as_values_and_says_what_is_not_stated() -> None:
    run = run_row(acme(), prompt="a fox", reserved="1.00")
    found = document(Exchange.objects.get(pk=run.pk))
    assert found["request"]["body"] == {"model": "z-image", "prompt": "a fox"}
    assert found["response"]["body"]["status"] == "processing"
    assert found["credits"] == {"estimated": None, "reserved": 1, "final": None}
    assert found["at"].endswith("Z")


def test_one_run_is_taken_by_who_may_see_it_and_by_nobody_else() -> None:
    run = run_row(acme(), prompt="a fox")
    zenith()
    address = f"/t/acme/history/{run.name}/export.har"
    answer = browser_of("Vera").get(address)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"
    assert run.name in answer["Content-Disposition"]
    assert browser_of("Charlie").get(address).status_code == 404
    assert browser_of("Charlie").get(address.replace("acme", "zenith")).status_code == 404
    assert browser_of("Vera").get(address.replace("har", "exe")).status_code == 404


def test_a_list_leaves_as_lines_in_the_order_of_the_page_however_many_pieces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [run_row(acme(), prompt=f"fox {n}", at=NOON - timedelta(minutes=n)) for n in range(5)]
    run_row(zenith(), by="Charlie", prompt="not theirs")
    whole = lists.batch
    sizes = []

    def small(*given: Any, **named: Any) -> list[Exchange]:
        found = whole(*given, **{**named, "size": 2})
        sizes.append(len(found))
        return found

    monkeypatch.setattr(lists, "batch", small)
    _answer, text = took("/t/acme/history/export.jsonl")
    assert [json.loads(line)["run"] for line in text.splitlines()] == [row.name for row in rows]
    assert sizes == [2, 2, 1, 0]


def test_a_table_holds_no_formula_and_every_script() -> None:
    run_row(acme(), prompt='=HYPERLINK("http://x")', summary='=HYPERLINK("http://x")')
    run_row(acme(), prompt="नमस्ते 🙂", summary="नमस्ते 🙂", at=NOON - timedelta(minutes=1))
    answer, text = took("/t/acme/history/export.csv")
    assert answer["Content-Type"].startswith("text/csv")
    table = list(csv.DictReader(io.StringIO(text.removeprefix("\N{BYTE ORDER MARK}"))))
    assert [row["summary"] for row in table] == ['\'=HYPERLINK("http://x")', "नमस्ते 🙂"]
    assert [*table[0]] == [*lists.COLUMNS]


def test_only_what_the_filter_shows_leaves_and_the_log_remembers_which() -> None:
    run_row(acme(), prompt="a fox", mode="live", scenario="")
    run_row(acme(), prompt="a dog")
    _answer, text = took("/t/acme/history/export.jsonl?mode=live")
    assert [json.loads(line)["summary"] for line in text.splitlines()] == ["a fox"]
    event = AuditEvent.objects.get(action="history.exported")
    assert event.changed == {"filter": [None, {"mode": "live"}]}


def test_a_filter_that_is_not_understood_lets_nothing_leave() -> None:
    run_row(acme(), prompt="a fox")
    answer, _text = took("/t/acme/history/export.csv?since=yesterday")
    assert answer.status_code == 422
    assert not AuditEvent.objects.filter(action="history.exported").exists()


def test_a_viewer_reads_but_takes_no_list_along() -> None:
    run_row(acme(), prompt="a fox")
    answer, _text = took("/t/acme/history/export.csv", name="Vera")
    assert answer.status_code == 403
