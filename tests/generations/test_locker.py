"""Copies of results: what is copied, what is not, and that nothing that comes in can harm."""

from __future__ import annotations

import asyncio
import errno
import gzip
import hashlib
import logging
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import connections, transaction

from debugger.client import egress, media
from debugger.emulator.media import render_audio, render_video
from debugger.exchanges.models import HistoryRules
from debugger.generations import locker
from debugger.generations.locker import disk, expiry, fetching, kinds, measures, saving
from debugger.generations.models import Generation, Moment, SavedFile
from debugger.sandbox import services as sandbox
from debugger.teams import audit
from debugger.teams import services as teams
from tests.canary import canary, holding
from tests.cast import acme, place, zenith
from tests.client.servers import Script, Server, answer, says, says_and_waits
from tests.generations.jobs import NOON, succeeded
from tests.generations.sources import bomb, png, upstream

State = SavedFile.State
HTML = b"<!doctype html><script>alert(1)</script>"
SVG = b'<?xml version="1.0"?><!-- a --><svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>'
POLYGLOT = b"GIF89a/*" + b"\0" * 20 + b"*/=1;<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.RIVYA_DASH_LOCKER = tmp_path / "locker"
    settings.RIVYA_DASH_LOCKER_FILE_MIB = 1
    return tmp_path / "locker"


@pytest.fixture
def configured(settings: Any) -> Callable[[Server], None]:
    def configure(server: Server) -> None:
        settings.RIVYA_BASE_URL = server.base_url

    return configure


def expected(*urls: str, base_url: str = "", now: datetime = NOON, **facts: Any) -> Generation:
    """A live job that ended well, whose result names these addresses."""
    job = succeeded(facts.pop("team", None) or acme(), mode="live", base_url=base_url, **facts)
    with transaction.atomic():
        locker.expect(job, urls, now=now)
    return job


def file_of(job: Generation) -> SavedFile:
    return job.files.get()


def files_in(folder: Path) -> list[str]:
    """The names of all copies and drafts, without the locks."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return sorted(str(path.relative_to(folder)) for path in found)


def came_of(script: Script, settings: Any, **facts: Any) -> SavedFile:
    """What became of a result at such a server, after one round."""
    with upstream(script) as server:
        settings.RIVYA_BASE_URL = server.base_url
        job = expected(f"{server.base_url}/a.png", base_url=server.base_url, **facts)
        assert locker.save_due(NOON) == 1
    return file_of(job)


# -- What is expected ---------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_result_is_expected_once_and_with_twelve_files_at_most() -> None:
    urls = [f"https://media.example.com/{number}.png" for number in range(20)]
    job = expected(*urls, urls[0])
    with transaction.atomic():
        assert locker.expect(job, urls, now=NOON) == []
    assert list(job.files.order_by("number").values_list("url", flat=True)) == urls[:12]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://169.254.169.254/latest/meta-data", "public"),
        ("http://localhost:8000/a.png", "local network"),
        ("file:///etc/passwd", "http"),
        ("javascript:alert(1)", "http"),
        ("data:image/png;base64,AAAA", "http"),
        ("https://a:b@media.example.com/a.png", "user name"),
        ("https://media.example.com/a b.png", "space"),
        ("https://media.example.com/" + "a" * 9000, "too long"),
        ("https://media.example.com/\ud800.png", "not kept as it came"),
        ("https://media.example.com/\0.png", "not kept as it came"),
    ],
)
def test_an_address_that_nobody_may_open_is_refused_at_once(url: str, word: str) -> None:
    job = expected(url)
    row = file_of(job)
    assert (row.state, row.next_try_at) == (State.REFUSED, None)
    assert word in row.reason
    assert job.moments.get().kind == Moment.Kind.FILE_REFUSED
    assert locker.save_due(NOON) == 0


@pytest.mark.django_db
def test_the_upstreams_own_inner_address_is_refused_once_it_is_not_configured() -> None:
    row = file_of(expected("http://127.0.0.1:9/a.png", base_url="http://127.0.0.1:9"))
    assert row.state == State.REFUSED


@pytest.mark.django_db
def test_a_key_in_a_results_address_is_kept_nowhere(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key = canary("locker")
    with caplog.at_level(logging.DEBUG):
        row = file_of(expected(f"https://media.example.com/{key}.png?api_key={key}"))
        locker.save_due(NOON)
    assert row.state == State.REFUSED
    assert key not in f"{row.url} {row.reason} {row.path} {caplog.text}"
    assert holding(folder, key) == []


# -- What is saved ------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_picture_is_saved_with_its_hash_its_size_and_its_pixels(
    settings: Any, folder: Path
) -> None:
    row = came_of(says(answer(200, png(30, 20), kind="image/png")), settings)
    assert (row.state, row.reason, row.lease) == (State.SAVED, "", "")
    assert (row.mime, row.kind, row.width, row.height) == ("image/png", "image", 30, 20)
    assert row.size == len(png(30, 20))
    assert row.sha256 == hashlib.sha256(png(30, 20)).hexdigest()
    assert disk.path_of(row.path).read_bytes() == png(30, 20)
    assert files_in(folder) == [row.path]
    assert row.saved_at is not None
    assert row.expires_at == row.saved_at + timedelta(days=30)


@pytest.mark.django_db
def test_a_saved_file_is_told_on_the_timeline_and_to_the_boards(settings: Any) -> None:
    row = came_of(says(answer(200, png(), kind="image/png")), settings)
    job = row.generation
    facts = {"file": row.public_id, "size": len(png()), "mime": "image/png"}
    assert job.moments.get().facts == facts
    job.refresh_from_db()
    assert job.version == 4
    assert job.changed_at >= NOON


@pytest.mark.django_db
def test_nobody_else_on_the_machine_may_read_a_copy(settings: Any, folder: Path) -> None:
    row = came_of(says(answer(200, png(), kind="image/png")), settings)
    path = disk.path_of(row.path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for each in (path.parent, path.parent.parent, folder, folder / "drafts"):
        assert stat.S_IMODE(each.stat().st_mode) == 0o700


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "mime", "kind"),
    [
        (HTML, "text/html", "other"),
        (SVG, "image/svg+xml", "other"),
        (b"  \n<!-- a --><HTML>", "text/html", "other"),
        (gzip.compress(png(), mtime=0), "application/gzip", "other"),
        (b"MZ\x90\0" + b"\0" * 60, "application/octet-stream", "other"),
        (POLYGLOT, "image/gif", "image"),
    ],
)
def test_a_file_is_what_its_bytes_show_and_not_what_it_is_called(
    settings: Any, body: bytes, mime: str, kind: str
) -> None:
    row = came_of(says(answer(200, body, kind="image/png")), settings)
    assert (row.state, row.mime, row.kind) == (State.SAVED, mime, kind)
    assert "image/png" in row.reason


@pytest.mark.django_db
def test_a_picture_of_too_many_pixels_is_kept_and_never_decoded(settings: Any) -> None:
    row = came_of(says(answer(200, bomb(), kind="image/png")), settings)
    assert (row.state, row.mime, row.width) == (State.SAVED, "image/png", None)


@pytest.mark.django_db
def test_a_body_that_was_compressed_on_the_way_is_kept_as_it_was(settings: Any) -> None:
    packed = answer(200, gzip.compress(png()), "Content-Encoding: gzip", kind="image/png")
    assert came_of(says(packed), settings).sha256 == hashlib.sha256(png()).hexdigest()


@pytest.mark.django_db(transaction=True)
def test_a_mock_result_is_saved_without_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_socket(*_: object, **__: object) -> None:
        raise AssertionError("A mock result opened a connection.")

    monkeypatch.setattr(media, "network_transport", no_socket)
    asked: list[str] = []
    real = sandbox.handle

    async def handle(request: Any) -> Any:
        asked.append(request.path)
        return await real(request)

    monkeypatch.setattr(sandbox, "handle", handle)
    job = succeeded(acme())
    with transaction.atomic():
        urls = ["http://site.example/mock/media/acct_1/task_1/0.png", "http://10.0.0.1/a.png"]
        locker.expect(job, urls, now=NOON)
    assert locker.save_due(NOON) == 2
    assert asked == ["/media/acct_1/task_1/0.png"]
    reasons = list(job.files.order_by("number").values_list("reason", flat=True))
    assert "404" in reasons[0]
    assert "sandbox" in reasons[1]


# -- What hostile servers do --------------------------------------------------------------------


@pytest.mark.django_db
def test_a_file_that_is_announced_as_huge_is_not_begun(settings: Any, folder: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 10737418240\r\n\r\n"
    row = came_of(says_and_waits(head), settings)
    assert row.state == State.REFUSED
    assert "10.0\xa0GB" in row.reason
    assert "1.0\xa0MB" in row.reason
    assert files_in(folder) == []


@pytest.mark.django_db
def test_a_body_without_end_is_given_up_at_the_limit(settings: Any, folder: Path) -> None:
    async def endless(
        _head: bytes, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    row = came_of(endless, settings)
    assert row.state == State.REFUSED
    assert "more than" in row.reason
    assert files_in(folder) == []


@pytest.mark.django_db
def test_a_compressed_bomb_is_given_up_at_the_limit(settings: Any) -> None:
    packed = gzip.compress(b"\0" * (64 * 2**20))
    row = came_of(says(answer(200, packed, "Content-Encoding: gzip", kind="video/mp4")), settings)
    assert row.state == State.REFUSED
    assert "more than" in row.reason


@pytest.mark.django_db
@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:1/a.png",
        "http://[::ffff:127.0.0.1]/a",
        "file:///etc/passwd",
    ],
)
def test_a_redirect_inward_is_refused(settings: Any, location: str) -> None:
    row = came_of(says(answer(302, b"", f"Location: {location}")), settings)
    assert row.state == State.REFUSED
    assert row.generation.moments.get().kind == Moment.Kind.FILE_REFUSED


@pytest.mark.django_db
def test_a_name_that_leads_inward_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def inward(_host: str, _port: int) -> list[str]:
        return ["93.184.216.34", "10.0.0.7"]

    monkeypatch.setattr(egress, "system_resolver", inward)
    job = expected("https://media.example.com/a.png")
    locker.save_due(NOON)
    assert file_of(job).state == State.REFUSED
    assert "not public" in file_of(job).reason


@pytest.mark.django_db
def test_a_name_that_turns_inward_later_is_asked_once_and_connected_where_it_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = [["93.184.216.34"], ["127.0.0.1"], ["127.0.0.1"]]
    hosts: list[str] = []

    async def turning(_host: str, _port: int) -> list[str]:
        return answers.pop(0)

    def redirect(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        return httpx.Response(302, headers={"location": "https://media.example.com/again"})

    monkeypatch.setattr(egress, "system_resolver", turning)
    transport = httpx.MockTransport(redirect)
    monkeypatch.setattr(media, "network_transport", lambda **_: transport)
    job = expected("https://media.example.com/a.png")
    locker.save_due(NOON)
    assert hosts == ["93.184.216.34"]
    assert (file_of(job).state, len(answers)) == (State.REFUSED, 1)
    assert "not public" in file_of(job).reason


# -- Trying again -------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "message",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 99\r\n\r\nbeginning",
        answer(503, b""),
        answer(404, b""),
        answer(429, b""),
        answer(200, b"", kind="image/png"),
        b"",
        b"no HTTP at all\r\n\r\n",
    ],
)
def test_trouble_that_may_pass_leads_to_another_try(
    settings: Any, folder: Path, message: bytes
) -> None:
    row = came_of(says(message), settings)
    assert (row.state, row.tries, row.lease) == (State.WAITING, 1, "")
    assert row.reason != ""
    assert row.next_try_at is not None
    assert row.next_try_at > NOON + timedelta(seconds=10)
    assert not row.generation.moments.exists()
    assert files_in(folder) == []


@pytest.mark.django_db
def test_a_full_disk_and_a_mistake_of_ours_are_said_and_tried_again(
    settings: Any, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    troubles = [OSError(errno.ENOSPC, "No space left on device"), ValueError("a secret address")]

    def full(self: disk.Draft, piece: bytes) -> None:
        raise troubles[0]

    monkeypatch.setattr(disk.Draft, "write", full)
    row = came_of(says(answer(200, png(), kind="image/png")), settings)
    assert "No space left on device" in row.reason
    troubles.pop(0)
    SavedFile.objects.all().delete()
    Generation.objects.all().delete()
    row = came_of(says(answer(200, png(), kind="image/png")), settings)
    assert "mistake on this side" in row.reason
    assert (row.state, files_in(folder)) == (State.WAITING, [])


@pytest.mark.django_db
def test_after_five_tries_in_about_an_hour_it_says_why_it_gave_up(
    settings: Any,
) -> None:
    now = NOON
    with upstream(says(answer(503, b""))) as server:
        settings.RIVYA_BASE_URL = server.base_url
        job = expected(f"{server.base_url}/a.png", base_url=server.base_url)
        for _try in range(5):
            assert locker.save_due(now) == 1
            assert locker.save_due(now) == 0
            now = file_of(job).next_try_at or now
        assert locker.save_due(now + timedelta(days=1)) == 0
        assert len(server.requests) == 5
    row = file_of(job)
    assert (row.state, row.tries) == (State.REFUSED, 5)
    assert "503" in row.reason
    assert timedelta(minutes=40) < now - NOON < timedelta(minutes=75)
    assert job.moments.get().facts["reason"] == row.reason


@pytest.mark.django_db
def test_a_key_that_is_refused_is_not_tried_again(settings: Any) -> None:
    assert came_of(says(answer(403, b"")), settings).state == State.REFUSED


@pytest.mark.django_db
def test_the_next_try_comes_before_the_address_ends(settings: Any) -> None:
    # The pause before the third try is a minute and a half, longer than this address lives.
    with upstream(says(answer(503, b""))) as server:
        settings.RIVYA_BASE_URL = server.base_url
        end = int((NOON + timedelta(minutes=1)).timestamp())
        url = f"{server.base_url}/a.png?Expires={end}&Signature=x"
        job = expected(url, base_url=server.base_url)
        SavedFile.objects.update(tries=1)
        locker.save_due(NOON)
    row = file_of(job)
    assert row.upstream_expires_at == NOON + timedelta(minutes=1)
    assert row.next_try_at is not None
    assert row.next_try_at < row.upstream_expires_at


@pytest.mark.django_db
def test_what_was_refused_is_copied_when_somebody_asks_again(settings: Any) -> None:
    row = came_of(says(answer(403, b"")), settings)
    with upstream(says(answer(200, png(), kind="image/png"))) as server:
        settings.RIVYA_BASE_URL = server.base_url
        Generation.objects.update(base_url=server.base_url, answer="")
        SavedFile.objects.update(url=f"{server.base_url}/a.png")
        assert locker.again(row.generation, now=NOON) == 1
        assert locker.save_due(NOON) == 1
    row.refresh_from_db()
    assert (row.state, row.tries, row.reason) == (State.SAVED, 1, "")


@pytest.mark.django_db
def test_asking_again_reads_the_addresses_of_a_job_that_never_had_rows() -> None:
    job = succeeded(acme(), mode="live")
    assert locker.again(job, now=NOON) == 1
    assert file_of(job).url == "https://media.example/result.png"


@pytest.mark.django_db
def test_asking_again_leaves_what_can_never_be_copied() -> None:
    job = expected("file:///etc/passwd", answer="")
    assert locker.again(job, now=NOON) == 0
    assert file_of(job).state == State.REFUSED


# -- Workers that die, and two at once ----------------------------------------------------------


@pytest.mark.django_db
def test_a_claim_is_one_workers_until_it_runs_out() -> None:
    expected("https://media.example.com/a.png")
    (mine,) = saving.claim(5, now=NOON)
    assert saving.claim(5, now=NOON + timedelta(seconds=80)) == []
    (theirs,) = saving.claim(5, now=NOON + saving.CLAIMED_FOR)
    assert (mine.tries, theirs.tries) == (1, 2)
    assert mine.lease != theirs.lease


@pytest.mark.django_db
def test_a_claim_that_is_renewed_does_not_run_out_and_a_lost_one_is_not_renewed() -> None:
    expected("https://media.example.com/a.png")
    (mine,) = saving.claim(5, now=NOON)
    saving.renew([mine], now=NOON + timedelta(seconds=80))
    assert saving.claim(5, now=NOON + saving.CLAIMED_FOR) == []
    (theirs,) = saving.claim(5, now=NOON + timedelta(seconds=200))
    saving.renew([mine], now=NOON + timedelta(days=1))
    assert saving.claim(5, now=NOON + timedelta(seconds=200) + saving.CLAIMED_FOR)
    assert theirs.tries == 2


@pytest.mark.django_db
def test_a_file_that_ends_every_worker_is_given_up() -> None:
    job = expected("https://media.example.com/a.png")
    SavedFile.objects.update(tries=saving.MOST_TRIES)
    locker.save_due(NOON)
    row = file_of(job)
    assert (row.state, row.next_try_at) == (State.REFUSED, None)
    assert "given up" in row.reason


@pytest.mark.django_db
def test_who_lost_the_claim_writes_nothing(folder: Path) -> None:
    job = expected("https://media.example.com/a.png")
    (mine,) = saving.claim(5, now=NOON)
    (theirs,) = saving.claim(5, now=NOON + saving.CLAIMED_FOR)
    saving.write(mine, finished(mine.lease, png()), now=NOON)
    assert file_of(job).state == State.WAITING
    saving.write(theirs, finished(theirs.lease, png()), now=NOON)
    saving.write(mine, finished(mine.lease + "x", png()), now=NOON)
    assert file_of(job).state == State.SAVED
    assert job.moments.count() == 1


def finished(name: str, body: bytes) -> fetching.Copied:
    draft = disk.new_draft(name)
    draft.write(body)
    draft.finish()
    mime = kinds.type_of(body)
    return fetching.Copied(draft=draft, mime=mime, measures=measures.Measures(), said=mime)


@pytest.mark.django_db
def test_a_worker_that_dies_between_the_file_and_its_row_is_made_up_for(
    settings: Any, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    with upstream(says(answer(200, png(), kind="image/png"))) as server:
        settings.RIVYA_BASE_URL = server.base_url
        job = expected(f"{server.base_url}/a.png", base_url=server.base_url)
        with monkeypatch.context() as patch:
            patch.setattr(saving, "kept_until", dying)
            assert locker.save_due(NOON) == 1
        assert len(files_in(folder)) == 1
        assert file_of(job).state == State.WAITING
        assert locker.save_due(NOON) == 0
        over = file_of(job).next_try_at
        assert over is not None
        assert locker.save_due(over) == 1
    row = file_of(job)
    assert row.state == State.SAVED
    assert files_in(folder) == [row.path]
    assert job.moments.count() == 1


def dying(*_: object) -> None:
    raise RuntimeError("killed here")


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_never_copy_the_same_file(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Workers of one machine take turns; without that they stand for two machines.
    monkeypatch.setattr(disk, "alone", lambda: nullcontext(True))
    counts: list[int] = []

    def work() -> None:
        try:
            counts.append(locker.save_due(NOON))
        finally:
            connections.close_all()

    with upstream(says(answer(200, png(), kind="image/png"))) as server:
        settings.RIVYA_BASE_URL = server.base_url
        urls = [f"{server.base_url}/{number}.png" for number in range(12)]
        job = expected(*urls, base_url=server.base_url)
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(server.requests) == 12
    assert sum(counts) == 12
    assert set(job.files.values_list("state", "tries")) == {(State.SAVED, 1)}
    assert sorted(job.moments.values_list("number", flat=True)) == list(range(1, 13))


@pytest.mark.django_db
def test_one_machine_makes_one_round_at_a_time() -> None:
    expected("file:///etc/passwd")
    with disk.alone() as first, disk.alone() as second:
        assert (first, second) == (True, False)
        assert locker.save_due(NOON) == 0
    with disk.alone() as again:
        assert again


# -- Space --------------------------------------------------------------------------------------


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    """Serves a picture of another size at /small and another number at /<number>."""

    async def pictures(
        head: bytes, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        number = int(head.split()[1].strip(b"/"))
        noise = hashlib.shake_256(b"%d" % number).digest(300_000)
        writer.write(answer(200, png() + noise, kind="image/png"))

    with upstream(pictures) as running:
        settings.RIVYA_BASE_URL = running.base_url
        yield running


def save(server: Server, number: int, **facts: Any) -> SavedFile:
    """Save picture number so and so, a minute after the one before."""
    now = NOON + timedelta(minutes=SavedFile.objects.count())
    url = f"{server.base_url}/{number}"
    job = expected(url, base_url=server.base_url, now=now, at=now, **facts)
    assert locker.save_due(now) == 1
    return file_of(job)


@pytest.mark.django_db
def test_a_full_team_lets_its_oldest_copies_go_and_never_the_newest(
    settings: Any, server: Server, folder: Path
) -> None:
    settings.RIVYA_DASH_LOCKER_TEAM_MIB = 1
    rows = [save(server, number) for number in range(5)]
    for row in rows:
        row.refresh_from_db()
    assert [row.state for row in rows] == [State.EXPIRED] * 2 + [State.SAVED] * 3
    assert "made room" in rows[0].reason
    assert files_in(folder) == sorted(row.path for row in rows[2:])
    assert rows[0].generation.version == 5


@pytest.mark.django_db
def test_one_teams_copies_are_not_the_others(settings: Any, server: Server, folder: Path) -> None:
    settings.RIVYA_DASH_LOCKER_TEAM_MIB = 1
    theirs = save(server, 0, team=zenith(), by="Charlie")
    for number in range(4):
        save(server, number)
    theirs.refresh_from_db()
    assert theirs.state == State.SAVED
    assert len(files_in(folder)) == 4


@pytest.mark.django_db
def test_a_file_that_alone_is_too_large_for_a_team_drives_nothing_out(
    settings: Any, server: Server
) -> None:
    first = save(server, 0)
    settings.RIVYA_DASH_LOCKER_TEAM_MIB = 0
    second = save(server, 1)
    first.refresh_from_db()
    assert (first.state, second.state) == (State.SAVED, State.REFUSED)


@pytest.mark.django_db
def test_equal_files_of_a_team_are_one_file_until_the_last_row_lets_go(
    server: Server, folder: Path
) -> None:
    first, second = save(server, 7), save(server, 7)
    assert first.path == second.path
    assert len(files_in(folder)) == 1
    SavedFile.objects.filter(pk=first.pk).update(expires_at=NOON)
    assert locker.sweep(NOON) == 1
    assert disk.path_of(second.path).exists()
    locker.sweep(NOON + timedelta(days=40))
    assert files_in(folder) == []


# -- Time that is over --------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_copy_is_deleted_when_its_days_are_over(server: Server, folder: Path) -> None:
    row = save(server, 1)
    assert locker.sweep(NOON + timedelta(days=29)) == 0
    assert locker.sweep(NOON + timedelta(days=30, minutes=1)) == 1
    row.refresh_from_db()
    assert (row.state, row.path) == (State.EXPIRED, "")
    assert "30 days" in row.reason
    assert files_in(folder) == []


@pytest.mark.django_db
def test_other_rules_are_for_the_copies_that_are_there_too(server: Server) -> None:
    row = save(server, 1)
    assert row.saved_at is not None
    rules = HistoryRules.objects.create(team=row.team, result_days=7)
    row.refresh_from_db()
    assert row.expires_at == row.saved_at + timedelta(days=7)
    rules.result_days = None
    rules.save()
    row.refresh_from_db()
    assert row.expires_at is None
    assert locker.sweep(NOON + timedelta(days=4000)) == 0
    HistoryRules.objects.update(result_days=1)
    assert locker.sweep(NOON + timedelta(days=2)) == 1


@pytest.mark.django_db
def test_a_copy_that_no_row_names_goes_after_a_day(server: Server, folder: Path) -> None:
    row = save(server, 1)
    row.generation.delete()
    disk.new_draft("of a dead worker").file.close()
    assert len(files_in(folder)) == 2
    locker.sweep(datetime.now(UTC))
    assert len(files_in(folder)) == 2
    locker.sweep(datetime.now(UTC) + timedelta(days=1, minutes=1))
    assert files_in(folder) == []


@pytest.mark.django_db(transaction=True)
def test_a_team_that_is_deleted_takes_its_copies_along(server: Server, folder: Path) -> None:
    save(server, 1)
    theirs = save(server, 2, team=zenith(), by="Charlie")
    teams.delete(place("Alice", acme()), typed="Acme", by=audit.SYSTEM, now=NOON)
    assert files_in(folder) == [theirs.path]
    assert list(SavedFile.objects.all()) == [theirs]


@pytest.mark.django_db
def test_a_locker_that_was_never_used_has_nothing_to_sweep(folder: Path) -> None:
    assert locker.sweep(NOON) == 0
    with suppress(FileNotFoundError):
        assert files_in(folder) == []


# -- What addresses state, and what headers measure ---------------------------------------------


@pytest.mark.parametrize(
    ("query", "seconds", "by"),
    [
        ("X-Amz-Date=20261121T120000Z&X-Amz-Expires=3600&X-Amz-Signature=a", 3600, "X-Amz-Expires"),
        ("x-goog-date=20261121T120000Z&x-goog-expires=60", 60, "x-goog-expires"),
        ("X-Tos-Date=20261121T120000Z&X-Tos-Expires=86400", 86_400, "X-Tos-Expires"),
        ("Expires=1795262460&Signature=a&Key-Pair-Id=b", 60, "Expires"),
        ("sv=2024&se=2026-11-21T12%3A01%3A00Z&sig=a", 60, "se"),
        ("se=2026-11-21T14%3A01%3A00%2B02%3A00&sig=a", 60, "se"),
        ("q-sign-time=1795262400;1795262460&q-signature=a", 60, "q-sign-time"),
    ],
)
def test_an_address_that_states_its_end_is_believed(query: str, seconds: int, by: str) -> None:
    stated = expiry.stated(f"https://media.example.com/a.png?{query}")
    assert stated == expiry.Stated(NOON + timedelta(seconds=seconds), by)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "Expires=soon&Signature=a",
        "Expires=1795262460",
        "X-Amz-Expires=60",
        "X-Amz-Date=yesterday&X-Amz-Expires=60",
        "X-Amz-Date=20261121T120000Z&X-Amz-Expires=" + "9" * 400,
        "X-Amz-Date=20261121T120000Z&X-Amz-Expires=-5",
        "se=tomorrow&sig=a",
        "q-sign-time=1",
        "&".join(["a=b"] * 500),
    ],
)
def test_an_address_that_states_nothing_is_not_guessed_at(query: str) -> None:
    assert expiry.stated(f"https://media.example.com/a.png?{query}") is None


@pytest.mark.parametrize(
    "mime", ["video/mp4", "video/webm", "audio/wav", "image/png", "image/avif"]
)
@pytest.mark.parametrize("body", [b"", b"\0" * 200, b"\xff" * 200, b"\x1a\x45\xdf\xa3" * 50])
def test_a_header_that_makes_no_sense_measures_nothing(
    mime: str, body: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(body)
    assert measures.measure(path, mime) == measures.Measures()


def test_what_the_stand_in_makes_is_measured(tmp_path: Path) -> None:
    film = render_video(prompt="A boat", model="m", aspect="16:9", seed="s", mark="")
    sound = render_audio(prompt="A boat", model="m", seed="s")
    for made in (film, sound):
        (tmp_path / "file").write_bytes(made.data)
        assert kinds.type_of(made.data[: kinds.HEAD]) == made.mime
        found = measures.measure(tmp_path / "file", made.mime)
        assert found.seconds == pytest.approx(3.0, abs=0.1)
        assert (found.width is None) == (made is sound)


def box(name: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4) + name + content


def test_a_films_length_and_size_are_read_from_its_header(tmp_path: Path) -> None:
    track = bytes(76) + (1280 << 16).to_bytes(4) + (720 << 16).to_bytes(4)
    length = bytes(12) + (1000).to_bytes(4) + (5250).to_bytes(4)
    film = box(b"ftyp", b"isom") + box(b"mdat", b"x" * 9)
    film += box(b"moov", box(b"mvhd", length) + box(b"trak", box(b"tkhd", track)))
    path = tmp_path / "film"
    path.write_bytes(film)
    found = measures.measure(path, "video/mp4")
    assert found == measures.Measures(width=1280, height=720, seconds=5.25)
