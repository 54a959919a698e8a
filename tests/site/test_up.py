"""`rivya-dash up` in real processes: what a person sees, and that nothing is left behind."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.running import ROOT, START, Site, clean_environment, launch, processes_naming, start_site

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are counted in /proc"),
]


def get(url: str, path: str = "/healthz") -> int:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def until(condition: Callable[[], bool], *, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def answers(url: str) -> bool:
    try:
        return get(url) == 200
    except OSError:
        return False


def pids_of(site: Site, part: str) -> list[int]:
    """The processes that run `part`. None for the moment in which a new one has not become it."""
    return [
        pid
        for pid, line in processes_naming(str(site.data)).items()
        if "rivya_dash.child" in line and line.split()[4] == part
    ]


def refused(*options: str, data: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # Our own program.
        [sys.executable, "-c", START, "up", "--data", str(data), *options],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_everything_answers_and_says_where(tmp_path: Path) -> None:
    site = start_site(tmp_path / "data")
    try:
        assert get(site.url) == 200
        assert get(site.emulator) == 200
        assert f"Live mode   {site.emulator} (the local stand-in: no credits)" in site.output
    finally:
        assert site.stop(signal.SIGINT) == 0
    assert site.processes() == {}
    assert "Traceback" not in site.output


# Each start takes seconds, so the two without a stand-in are ended in two other polite ways.
def test_without_a_sandbox_live_mode_is_the_real_service(tmp_path: Path) -> None:
    site = start_site(tmp_path / "data", "--no-sandbox")
    try:
        assert "Live mode   https://rivya.ai (credits are spent)" in site.output
        assert "Stand-in" not in site.output
        assert len(site.processes()) == 4
    finally:
        assert site.stop(signal.SIGTERM) == 0
    assert site.processes() == {}


def test_a_configured_upstream_is_kept_and_named(tmp_path: Path) -> None:
    site = start_site(tmp_path / "data", "--no-sandbox", RIVYA_BASE_URL="https://api.example.com/")
    try:
        assert "Live mode   https://api.example.com (credits are spent)" in site.output
    finally:
        assert site.stop(signal.SIGHUP) == 0
    assert site.processes() == {}


def test_when_it_is_killed_its_parts_end_and_a_new_start_waits_for_their_ports(
    tmp_path: Path,
) -> None:
    first = start_site(tmp_path / "data")
    port = str(urlsplit(first.url).port)
    left = set(first.processes())
    assert len(left) == 5
    first.stop(signal.SIGKILL)
    second = start_site(tmp_path / "data", "--no-sandbox", "--port", port)
    try:
        assert second.url == first.url
        assert get(second.url) == 200
        until(lambda: not left & set(second.processes()))
    finally:
        second.stop()
    assert second.processes() == {}


@pytest.mark.parametrize("part", ["web", "worker", "beat", "emulator"])
def test_a_part_that_is_killed_is_started_again(running_site: Site, part: str) -> None:
    (before,) = pids_of(running_site, part)
    os.kill(before, signal.SIGKILL)
    running_site.wait_for(f"{part} was killed by signal 9; starting it again")
    until(lambda: len(pids_of(running_site, part)) == 1 and pids_of(running_site, part) != [before])
    assert len(running_site.processes()) == 5
    until(lambda: answers(running_site.url) and answers(running_site.emulator))


def test_a_second_one_on_the_same_folder_is_refused(running_site: Site) -> None:
    done = refused("--port", "0", "--emulator-port", "0", data=running_site.data)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"rivya-dash: rivya-dash already runs on the data folder {running_site.data} "
        f"(process {running_site.process.pid}). "
        "Stop it, or choose another folder with --data.\n"
    )


@pytest.mark.parametrize("option", ["--port", "--emulator-port"])
def test_a_taken_port_is_a_sentence_not_a_traceback(tmp_path: Path, option: str) -> None:
    other = {"--port": "--emulator-port", "--emulator-port": "--port"}[option]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = refused(option, port, other, "0", data=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        f"rivya-dash: port {port} on 127.0.0.1 is taken by another program. "
        f"Choose another one with {option}.\n"
    )


@pytest.mark.parametrize("port", ["-1", "65536", "http", "８０", ""])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    done = refused(f"--port={port}", data=tmp_path)
    assert done.returncode == 2
    assert "is no port" in done.stderr


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = refused(data=tmp_path / "file" / "data")
    assert done.returncode == 2
    assert "(Not a directory). Choose another one with --data." in done.stderr


def test_one_port_cannot_serve_both(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    done = refused("--port", port, "--emulator-port", port, data=tmp_path)
    assert done.returncode == 2
    assert f"port {port} cannot serve both" in done.stderr


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("mysql://root:hunter2@x/y", "it must be postgresql:// or sqlite://"),
        ("sqlite:////proc/none.sqlite3", "the database cannot be used: unable to open"),
    ],
)
def test_a_database_that_cannot_be_used_is_a_sentence(
    tmp_path: Path, address: str, sentence: str
) -> None:
    site = launch(tmp_path / "data", "--no-sandbox", DATABASE_URL=address)
    assert site.process.wait(timeout=30) == 2
    until(lambda: sentence in site.output)
    assert "Traceback" not in site.output
    assert "hunter2" not in site.output


def test_secrets_are_private_files_and_never_printed(running_site: Site) -> None:
    secret = (running_site.data / "secret-key").read_text()
    assert secret not in running_site.output
    shared = [
        path
        for path in [running_site.data, *running_site.data.rglob("*")]
        # Collected style sheets and scripts are public, and their folder lies in a private one.
        if running_site.data / "static" not in path.parents
        and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    assert shared == []


def test_style_sheets_are_compressed_and_cached_for_ever(running_site: Site) -> None:
    names = list((running_site.data / "static").rglob("*.css.br"))
    assert names, "nothing was collected"
    address = urlsplit(running_site.url)
    path = "/static/" + str(names[0].relative_to(running_site.data / "static"))[: -len(".br")]
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=5)
    connection.request("GET", path, headers={"Accept-Encoding": "br"})
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.headers["Content-Encoding"] == "br"
    assert answer.headers["Content-Type"].startswith("text/css")
    connection.close()


def test_a_part_that_never_answers_ends_the_start_with_its_name(tmp_path: Path) -> None:
    site = launch(tmp_path / "data", "--no-sandbox", CELERY_BROKER_URL="nonsense://localhost")
    assert site.process.wait(timeout=60) == 1
    until(lambda: "did not answer" in site.output)
    assert "worker" in site.output.split("did not answer: ")[1]
    assert site.processes() == {}
