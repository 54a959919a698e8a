"""Saved copies as answers: whose they are, in parts, and never as anything that can act."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from debugger.generations import locker
from debugger.generations.locker import disk, kinds, serving
from debugger.generations.models import Generation, SavedFile
from debugger.teams.models import Membership, Team
from tests.cast import acme, browser_of, person, zenith
from tests.generations.jobs import saved, succeeded
from tests.generations.sources import png

State = SavedFile.State
BODY = b"0123456789"
TOTAL = len(BODY)


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.RIVYA_DASH_LOCKER = tmp_path / "locker"
    return tmp_path / "locker"


def kept(
    body: bytes = BODY, mime: str = "video/webm", team: Team | None = None, **facts: Any
) -> SavedFile:
    """A copy with its bytes on the disk."""
    job = succeeded(team or acme(), task_id="task_8Hn2/kQ", **facts)
    draft = disk.new_draft("draft")
    draft.write(body)
    draft.finish()
    name = disk.settle(draft, job.team_id)
    sha256 = hashlib.sha256(body).hexdigest()
    kind = kinds.family_of(mime)
    return saved(job, path=name, mime=mime, kind=kind, size=len(body), sha256=sha256, number=1)


def address(row: SavedFile, slug: str = "acme") -> str:
    return f"/t/{slug}/results/{row.public_id}"


def body_of(response: Any) -> bytes:
    if not response.streaming:
        return bytes(response.content)

    async def whole() -> bytes:
        return b"".join([piece async for piece in response.streaming_content])

    return async_to_sync(whole)()


def ask(row: SavedFile, *, query: str = "", by: str = "Vera", **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return browser_of(by).get(address(row) + query, headers=named)


# -- Ranges -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("", None),
        ("bytes=0-0", (0, 1)),
        ("bytes=0-", (0, 10)),
        ("bytes=3-5", (3, 6)),
        ("bytes=3-99", (3, 10)),
        ("bytes=9-9", (9, 10)),
        ("bytes=9-", (9, 10)),
        ("bytes=-1", (9, 10)),
        ("bytes=-10", (0, 10)),
        ("bytes=-99", (0, 10)),
        ("Bytes=0-1", (0, 2)),
        ("bytes=0-9999999999999999999", (0, 10)),
        ("bytes=10-", ()),
        ("bytes=10-12", ()),
        ("bytes=9999999999999999999-", ()),
        ("bytes=-0", ()),
        ("bytes=5-3", None),
        ("bytes=-", None),
        ("bytes=", None),
        ("bytes=a-b", None),
        ("bytes=0-1,3-4", None),
        ("bytes=0-1,", None),
        ("bytes 0-1", None),
        ("lines=0-1", None),
        ("bytes=+1-2", None),
        ("bytes=0x1-2", None),
        ("bytes=\u0661-\u0662", None),
        ("bytes=0-" + "9" * 400, None),
        ("bytes=0--1", None),
    ],
)
def test_a_range_means_what_the_standard_says(header: str, span: object) -> None:
    assert serving.span_of(header, TOTAL) == span


@given(start=st.integers(0, 30), end=st.integers(0, 30), total=st.integers(1, 20))
def test_a_range_never_leads_out_of_the_file(start: int, end: int, total: int) -> None:
    span = serving.span_of(f"bytes={start}-{end}", total)
    if span:
        assert 0 <= span[0] < span[1] <= total
        assert span[1] - span[0] <= end - start + 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("header", "status", "body", "content_range"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=0-1,3-4", 200, BODY, None),
        ("nonsense", 200, BODY, None),
    ],
)
def test_the_part_that_is_asked_for_is_sent(
    header: str, status: int, body: bytes, content_range: str | None
) -> None:
    response = ask(kept(), range=header)
    assert (response.status_code, body_of(response)) == (status, body)
    assert response.get("Content-Range") == content_range
    assert status == 416 or response["Content-Length"] == str(len(body))
    assert response["Accept-Ranges"] == "bytes"


@pytest.mark.django_db
def test_a_range_is_of_the_bytes_that_are_meant_or_it_is_everything() -> None:
    row = kept()
    same = ask(row, range="bytes=0-1", if_range=f'"{row.sha256}"')
    other = ask(row, range="bytes=0-1", if_range='"another"')
    weak = ask(row, range="bytes=0-1", if_range=f'W/"{row.sha256}"')
    date = ask(row, range="bytes=0-1", if_range="Sat, 21 Nov 2026 12:00:00 GMT")
    assert [r.status_code for r in (same, other, weak, date)] == [206, 200, 200, 200]
    assert [body_of(r) for r in (same, other, weak, date)] == [b"01", BODY, BODY, BODY]


@pytest.mark.django_db
def test_a_head_says_how_much_there_is_and_sends_nothing() -> None:
    row = kept()
    response = browser_of("Vera").head(address(row), headers={"range": "bytes=0-1"})
    assert (response.status_code, response["Content-Length"], response.content) == (200, "10", b"")


@pytest.mark.django_db
@pytest.mark.parametrize("known", ['"{}"', 'W/"{}"', '"x", "{}"', "*"])
def test_what_a_browser_has_is_not_sent_again(known: str) -> None:
    row = kept()
    response = ask(row, if_none_match=known.format(row.sha256), range="bytes=0-1")
    assert (response.status_code, body_of(response)) == (304, b"")
    assert response["ETag"] == f'"{row.sha256}"'


@pytest.mark.django_db(transaction=True)
def test_a_long_copy_comes_whole_and_holds_no_connection() -> None:
    body = hashlib.shake_256(b"long").digest(700_000)
    response = ask(kept(body))
    pieces = response.streaming_content

    async def first_and_rest() -> tuple[int, bytes]:
        first = await anext(pieces)
        assert await sync_to_async(lambda: connection.connection)() is None
        rest = b"".join([piece async for piece in pieces])
        return len(first), first + rest

    size, found = async_to_sync(first_and_rest)()
    assert size < len(body)
    assert found == body


# -- What it may do -----------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "mime",
    ["text/html", "image/svg+xml", "application/octet-stream", "application/pdf", "image/bmp", ""],
)
def test_what_could_act_is_a_download_of_no_type(mime: str) -> None:
    response = ask(kept(b"<svg onload=alert(1)>", mime))
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment")
    body_of(response)


@pytest.mark.django_db
@pytest.mark.parametrize("mime", ["image/png", "video/webm", "audio/wav"])
def test_every_copy_is_isolated_and_for_one_person(mime: str) -> None:
    response = ask(kept(mime=mime))
    assert response["Content-Type"] == mime
    assert response["Content-Disposition"].startswith("inline")
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response["Cache-Control"] == "private, no-cache"
    body_of(response)


@pytest.mark.django_db
def test_a_download_has_a_name_that_no_shell_and_no_header_trips_over() -> None:
    row = kept(png(), "image/png", model="../z image\r\nX: y")
    response = ask(row, query="?download=1")
    name = 'attachment; filename="z-image-x-y-task_8hn2kq-1.png"'
    assert response["Content-Disposition"] == name
    body_of(response)


@pytest.mark.django_db
def test_a_page_that_was_saved_is_downloaded_under_a_name_that_nothing_opens() -> None:
    response = ask(kept(b"<!doctype html>", "text/html"), query="?download=1")
    assert response["Content-Disposition"].endswith('.bin"')
    body_of(response)


# -- Whose it is --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_another_teams_copy_is_not_found_under_any_address() -> None:
    row, theirs = kept(), kept(team=zenith(), by="Charlie")
    assert browser_of("Charlie").get(address(row, "zenith")).status_code == 404
    assert browser_of("Charlie").get(address(row)).status_code == 404
    assert browser_of("Alice").get(address(theirs)).status_code == 404
    assert Client().get(address(row)).status_code == 302


@pytest.mark.django_db
def test_who_left_the_team_sees_its_copies_no_more() -> None:
    row, browser = kept(), browser_of("Bob")
    first = browser.get(address(row))
    body_of(first)
    Membership.objects.filter(user=person("Bob")).delete()
    again = browser.get(address(row), headers={"if-none-match": first["ETag"]})
    assert (first.status_code, again.status_code) == (200, 404)


# -- What is not there --------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.WAITING, "still being saved"),
        (State.REFUSED, "was not saved. It was &lt;too&gt; large."),
        (State.EXPIRED, "was deleted. It was &lt;too&gt; large."),
    ],
)
def test_a_copy_that_is_not_there_says_why(state: str, words: str) -> None:
    row = saved(succeeded(acme()), state=state, path="", reason="It was <too> large.")
    response = ask(row)
    assert response.status_code == 404
    assert words in response.content.decode()


@pytest.mark.django_db
def test_a_file_that_is_gone_from_the_disk_is_said_on_the_page_and_in_its_row() -> None:
    row = kept()
    before = row.generation.version
    disk.path_of(row.path).unlink()
    response = ask(row)
    assert response.status_code == 404
    assert "no longer on this site" in response.content.decode()
    row.refresh_from_db()
    assert (row.state, row.path) == (State.EXPIRED, "")
    assert "disk" in row.reason
    assert Generation.objects.get().version == before + 1


# -- Asking again, and what pages are told ------------------------------------------------------


@pytest.mark.django_db
def test_members_ask_for_another_try_and_viewers_do_not() -> None:
    job = succeeded(acme(), mode="live")
    row = saved(job, state=State.REFUSED, path="", reason="503", tries=5)
    url = f"/t/acme/results/of/{job.name}/save"
    headers = {"hx-request": "true"}
    assert browser_of("Vera").post(url, headers=headers).status_code == 403
    assert browser_of("Bob").get(url).status_code == 405
    assert browser_of("Charlie").post(url, headers=headers).status_code == 404
    response = browser_of("Bob").post(url, headers=headers)
    assert (response.status_code, response["HX-Trigger"]) == (204, "results-asked-for")
    row.refresh_from_db()
    assert (row.state, row.tries, row.reason) == (State.WAITING, 0, "")
    assert row.next_try_at is not None


@pytest.mark.django_db
def test_without_a_script_asking_again_leads_back_to_the_job() -> None:
    job = succeeded(acme(), mode="live")
    response = browser_of("Bob").post(f"/t/acme/results/of/{job.name}/save")
    assert response.headers["Location"] == f"/t/acme/generations/{job.name}/"


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["gen_1", "run_1", "nothing", "gen_" + "z" * 13])
def test_asking_for_a_job_that_is_not_there_is_not_found(name: str) -> None:
    assert browser_of("Bob").post(f"/t/acme/results/of/{name}/save").status_code == 404


@pytest.mark.django_db
def test_a_page_is_told_what_it_may_say_about_a_file() -> None:
    row = kept(png(), "image/png")
    SavedFile.objects.update(
        url="https://m.example/a.png?X-Amz-Date=20261121T120000Z&X-Amz-Expires=60", seconds=None
    )
    (view,) = locker.files_of(Generation.objects.select_related("team").get())
    assert view.address == address(row)
    assert view.download == f"{address(row)}?download=1"
    assert (view.is_saved, view.is_shown, view.kind) == (True, True, "image")
    assert (view.width, view.height) == (1024, 768)
    assert view.size_text == f"{len(png())}\xa0bytes"
    assert view.upstream_expires_by == "X-Amz-Expires"
    assert view.expires_at == row.expires_at


@pytest.mark.django_db
def test_a_page_links_to_no_copy_that_is_not_there() -> None:
    saved(succeeded(acme()), state=State.EXPIRED, path="", reason="It made room.")
    (view,) = locker.files_of(Generation.objects.select_related("team").get())
    assert (view.address, view.download, view.is_shown) == ("", "", False)
    assert (view.expires_at, view.gone_at is not None) == (None, True)
    assert view.state_text == "Deleted"
