"""``manage.py runemulator`` as a real process, driven by plain curl with the quickstart's words."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.faces import PNG, free_port

_MANAGE = Path(__file__).resolve().parents[2] / "manage.py"
pytestmark = pytest.mark.process
_CURL = shutil.which("curl") or ""
needs_curl = pytest.mark.skipif(not _CURL, reason="curl is not installed")


@contextmanager
def _running(data: Path, *options: str, port: int | None = None) -> Iterator[str]:
    port = port or free_port()
    command = [sys.executable, str(_MANAGE), "runemulator", "--port", str(port)]
    command += ["--data", str(data), *options]
    environment = os.environ | {
        "RIVYA_DASH_DATA": str(data.parent / "site"),
        "PYTHONUNBUFFERED": "1",
    }
    with subprocess.Popen(  # noqa: S603 -- Our own command.
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        try:
            _wait_for(f"http://127.0.0.1:{port}/healthz", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            output, _ = process.communicate(timeout=20)
    assert "Traceback" not in output, output
    assert f":{port}" in output


def _wait_for(url: str, process: subprocess.Popen[str]) -> None:
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        assert process.poll() is None, process.stdout and process.stdout.read()
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 -- Our own loopback address.
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail("The emulator did not come up.")


def _curl(*arguments: str) -> Any:
    done = subprocess.run(  # noqa: S603 -- Our own arguments.
        [_CURL, "-sS", "--max-time", "20", *arguments],
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def _key(base_url: str) -> str:
    sent = ("-H", "Content-Type: application/json", "-d", '{"name":"Quickstart"}')
    return str(json.loads(_curl("-X", "POST", f"{base_url}/_sandbox/key", *sent))["key"])


@needs_curl
def test_the_quickstart_works_with_plain_curl(tmp_path: Path) -> None:
    with _running(tmp_path / "emulator.sqlite3") as base_url:
        key = ("-H", f"Authorization: Bearer {_key(base_url)}")
        as_json = ("-H", "Content-Type: application/json")
        api = f"{base_url}/api/v1"
        faster = ("-X", "POST", f"{base_url}/_sandbox/clock", *as_json, "-d", '{"speed":10}')
        assert json.loads(_curl(*faster))["clock"]["speed"] == 10

        models = json.loads(_curl(f"{api}/models"))
        assert "z-image" in [model["id"] for model in models["data"]]

        before = json.loads(_curl(f"{api}/credits", *key))["current_credits"]
        prompt = "A clean editorial product image on a soft studio background"
        body = json.dumps({"model": "z-image", "prompt": prompt})
        idempotency = ("-H", "Idempotency-Key: quickstart-001")
        submit = ("-X", "POST", f"{api}/generations", *key, *as_json, *idempotency, "-d", body)
        task = json.loads(_curl(*submit))
        assert task["status"] == "queued"
        assert json.loads(_curl(*submit))["id"] == task["id"]

        task = _poll(f"{api}/generations/{task['id']}", key)
        assert _curl(task["result"]["primary_url"]).startswith(PNG[:8])
        after = json.loads(_curl(f"{api}/credits", *key))["current_credits"]
        assert before - after == task["final_credits"] == 1

        hook = {
            "name": "Production webhook",
            "url": "https://example.com/rivya/webhook",
            "event_types": ["generation.succeeded", "generation.failed"],
        }
        made = json.loads(
            _curl("-X", "POST", f"{api}/webhooks", *key, *as_json, "-d", json.dumps(hook))
        )
        assert made["signing_secret"].startswith("whsec_")

        picture = tmp_path / "reference.png"
        picture.write_bytes(PNG)
        form = ("-F", f"file=@{picture}", "-F", "kind=image", "-F", "model=gpt-image-1-5")
        file = json.loads(_curl("-X", "POST", f"{api}/files", *key, *form))
        assert (file["object"], file["mime_type"]) == ("file", "image/png")

        said: dict[str, Any] = {"model": "gpt-5-2-chat", "message": "Write a short launch plan."}
        turn = _chat(f"{api}/chat/completions", key, said)
        said |= {
            "session_id": json.loads(turn)["session_id"],
            "message": "Shorter, please.",
            "attachments": [{"file_id": file["id"]}],
        }
        stream = _chat(f"{api}/chat/completions/stream", key, said, "-N")
        assert stream.count(b"event: chat.completion.delta") > 5
        assert stream.endswith(b"data: [DONE]\n\n")


def _poll(url: str, key: tuple[str, ...]) -> Any:
    limit = time.monotonic() + 20
    while time.monotonic() < limit:
        task = json.loads(_curl(url, *key))
        if task["status"] in {"succeeded", "failed"}:
            assert task["status"] == "succeeded"
            return task
        time.sleep(0.5)
    return pytest.fail("The job did not end.")


def _chat(url: str, key: tuple[str, ...], body: dict[str, Any], *options: str) -> Any:
    sent = ("-X", "POST", *key, "-H", "Content-Type: application/json", "-d", json.dumps(body))
    return _curl(url, *sent, *options)


def test_it_stops_at_once_and_quietly_while_somebody_waits(tmp_path: Path) -> None:
    with _running(tmp_path / "emulator.sqlite3") as base_url:
        connection = http.client.HTTPConnection(base_url.removeprefix("http://"), timeout=10)
        connection.request("GET", "/api/v1/models", headers={"Rivya-Sandbox-Scenario": "hang"})
    # Leaving the block stopped the process within its patience, which is far below what the
    # scenario waits, and looked for a traceback in what it said.
    connection.close()


@needs_curl
def test_a_restart_loses_nothing(tmp_path: Path) -> None:
    data = tmp_path / "emulator.sqlite3"
    with _running(data) as base_url:
        key = ("-H", f"Authorization: Bearer {_key(base_url)}")
        picture = tmp_path / "a.png"
        picture.write_bytes(PNG)
        form = ("-F", "kind=image", "-F", f"file=@{picture}")
        file = json.loads(_curl("-X", "POST", f"{base_url}/api/v1/files", *key, *form))
    with _running(data) as base_url:
        again = json.loads(_curl(f"{base_url}/api/v1/files/{file['id']}", *key))
        assert again == file


@pytest.mark.parametrize("content", [None, b"This is no database." * 100])
def test_a_file_that_cannot_be_used_is_told_in_a_sentence(
    tmp_path: Path, content: bytes | None
) -> None:
    data = tmp_path / "data"
    if content is None:
        data.mkdir()
    else:
        data.write_bytes(content)
    done = subprocess.run(  # noqa: S603 -- Our own command.
        [sys.executable, str(_MANAGE), "runemulator", "--data", str(data)],
        capture_output=True,
        timeout=60,
        check=False,
        env=os.environ | {"RIVYA_DASH_DATA": str(tmp_path / "site")},
    )
    assert done.returncode != 0
    assert b"cannot be used" in done.stderr
    assert b"Traceback" not in done.stderr
