"""The snippets are run for real, and what arrives is compared with what our client would send."""

from __future__ import annotations

import email.policy
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from debugger.client.api import prepare
from debugger.contract import operations
from debugger.contract.operations import Operation
from debugger.panels.draft import Draft, initial
from debugger.panels.preview import call_for
from debugger.panels.snippets import Snippet, snippets
from debugger.web.quoting import quote_cmd

KEY = "test-key-1"
NASTY = {
    "model": "z-image",
    "prompt": 'it\'s "quoted" \\ $HOME `id` $(id) 5% %PATH% ^!&| <a> नमस्ते 🙂\n2\t\u2028end',
    "params": {"n": 1.5, "flag": True, "none": None, "list": [1, "a", {}], "__proto__": "x"},
    "empty": {},
    "": [],
}


@dataclass(frozen=True, slots=True)
class Arrived:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Echo(ThreadingHTTPServer):
    arrived: list[Arrived]


class Handler(BaseHTTPRequestHandler):
    server: Echo

    def _answer(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(size)
        self.server.arrived.append(Arrived(self.command, self.path, headers, body))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    server = Echo(("127.0.0.1", 0), Handler)
    server.arrived = []
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def complete(operation: Operation) -> Draft:
    """A draft with everything in it that an operation can have."""
    draft = initial(operation)
    path = {each.name: "a/b c?é[1]{2}" for each in operation.path_params}
    query = {each.name: each.example or "x&y=z é" for each in operation.query_params}
    return replace(draft, path=path, query=query, headers={"X-Trace": 'it\'s "7"', "X-No": ""})


def run(snippet: Snippet, folder: Path) -> None:
    env = {**os.environ, "RIVYA_API_KEY": KEY, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    suffix, command = {
        "curl": ("sh", ["bash"]),
        "python": ("py", [sys.executable]),
        "fetch": ("mjs", ["node"]),
    }[snippet.name]
    program = folder / f"snippet.{suffix}"
    program.write_text(snippet.code, encoding="utf-8")
    done = subprocess.run(  # noqa: S603
        [*command, program.name], cwd=folder, env=env, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def named(operation: Operation, draft: Draft, base: str) -> dict[str, Snippet]:
    found = snippets(operation, draft, base_url=base, idempotency_key="key-1")
    return {each.name: each for each in found}


def tools() -> list[str]:
    node = ["fetch"] if shutil.which("node") else []
    return [*(["curl"] if shutil.which("curl") else []), "python", *node]


def send(echo: Echo, name: str, operation: Operation, draft: Draft, folder: Path) -> Arrived:
    base = f"http://127.0.0.1:{echo.server_port}"
    echo.arrived.clear()
    (folder / "reference.png").write_bytes(b"\x89PNG bytes")
    run(named(operation, draft, base)[name], folder)
    (arrived,) = echo.arrived
    return arrived


@pytest.mark.parametrize("name", tools())
@pytest.mark.parametrize("operation", operations.CATALOG, ids=lambda each: each.id)
def test_a_snippet_sends_what_our_client_sends(
    echo: Echo, name: str, operation: Operation, tmp_path: Path
) -> None:
    draft = complete(operation)
    arrived = send(echo, name, operation, draft, tmp_path)
    call = call_for(operation, draft, idempotency_key="key-1", key=KEY if operation.scope else None)
    ours = prepare(call, f"http://127.0.0.1:{echo.server_port}")
    assert arrived.method == ours.method
    assert f"http://127.0.0.1:{echo.server_port}{arrived.target}" == ours.url
    for header, value in ours.headers:
        if header.lower() not in ("user-agent", "accept") and ours.upload is None:
            assert arrived.headers[header.lower()] == value
    assert ("authorization" in arrived.headers) is (operation.scope is not None)
    if ours.upload is not None:
        assert parts(arrived) == {"kind": "image", "file": b"\x89PNG bytes"}
    else:
        assert bool(arrived.body) is (ours.body is not None)
        assert not ours.body or json.loads(arrived.body) == json.loads(ours.body)


def parts(arrived: Arrived) -> dict[str, Any]:
    head = f"Content-Type: {arrived.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=email.policy.HTTP).parsebytes(head + arrived.body)
    found: dict[str, Any] = {}
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        name = str(part.get_param("name", header="content-disposition"))
        found[name] = content if part.get_filename() else content.decode()
    return found


@pytest.mark.parametrize("name", tools())
def test_every_character_arrives_as_it_was(echo: Echo, name: str, tmp_path: Path) -> None:
    operation = operations.get("generations.create")
    arrived = send(echo, name, operation, Draft(body=NASTY), tmp_path)
    assert json.loads(arrived.body) == NASTY


@pytest.mark.parametrize("name", tools())
@pytest.mark.parametrize(
    "body", [{"seed": 2**63 + 1}, {"prompt": "half \ud83d"}, [], {}, 0, False, "text"]
)
def test_odd_bodies_arrive_as_they_were(echo: Echo, name: str, body: Any, tmp_path: Path) -> None:
    operation = operations.get("generations.create")
    arrived = send(echo, name, operation, Draft(body=body), tmp_path)
    assert json.loads(arrived.body) == body
    assert arrived.headers["content-type"] == "application/json"


@pytest.mark.parametrize("name", tools())
def test_a_text_that_is_not_json_is_sent_as_it_is(echo: Echo, name: str, tmp_path: Path) -> None:
    operation = operations.get("generations.create")
    draft = Draft(text='{"a": \'x\\n\n')
    arrived = send(echo, name, operation, draft, tmp_path)
    assert arrived.body.decode() == draft.text


@pytest.mark.parametrize("operation", operations.CATALOG, ids=lambda each: each.id)
def test_every_snippet_is_well_formed_and_holds_no_key(
    operation: Operation, tmp_path: Path
) -> None:
    found = named(
        operation, replace(complete(operation), body=_body(operation)), "https://rivya.ai"
    )
    assert list(found) == ["curl", "curl-cmd", "python", "typescript", "fetch"]
    compile(found["python"].code, "snippet.py", "exec")
    _check(["bash", "-n"], found["curl"].code, tmp_path / "snippet.sh")
    if shutil.which("node"):
        _check(["node", "--check"], found["typescript"].code, tmp_path / "sdk.mjs")
        _check(["node", "--check"], found["fetch"].code, tmp_path / "fetch.mjs")
    assert "Bearer $RIVYA_API_KEY" in found["curl"].code or operation.scope is None
    assert "%RIVYA_API_KEY%" in found["curl-cmd"].code or operation.scope is None


def _body(operation: Operation) -> Any:
    if operation.id == "files.create":
        return {"kind": "image", "file": 'it\'s "a".png', "client_request_id": "a;b"}
    return NASTY if operation.request else None


def _check(command: list[str], code: str, file: Path) -> None:
    file.write_text(code, encoding="utf-8")
    done = subprocess.run(  # noqa: S603
        [*command, str(file)], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_a_draft_header_cannot_bring_a_key_into_a_snippet() -> None:
    operation = operations.get("credits.retrieve")
    draft = Draft(headers={"Authorization": "Bearer secret-of-mine", "Cookie": "secret-of-mine"})
    for snippet in snippets(operation, draft, base_url="https://rivya.ai"):
        assert "secret-of-mine" not in snippet.code


def test_a_missing_idempotency_key_has_a_placeholder() -> None:
    operation = operations.get("generations.create")
    for snippet in snippets(operation, initial(operation), base_url="https://rivya.ai"):
        assert "your-idempotency-key" in snippet.code


@pytest.mark.parametrize(
    ("operation_id", "is_marked"),
    [
        ("models.list", False),
        ("generations.create", False),
        ("generations.retrieve", False),
        ("chat.create", True),
        ("files.create", True),
        ("webhooks.rotate_secret", True),
    ],
)
def test_an_sdk_method_that_no_page_shows_is_marked(operation_id: str, *, is_marked: bool) -> None:
    operation = operations.get(operation_id)
    found = {
        each.name: each
        for each in snippets(operation, initial(operation), base_url="https://rivya.ai")
    }
    assert ("Assumed" in found["typescript"].code) is is_marked


def test_a_request_that_cannot_be_sent_has_no_snippets() -> None:
    operation = operations.get("credits.retrieve")
    assert snippets(operation, Draft(headers={"X": "a\nb"}), base_url="https://rivya.ai") == ()
    assert snippets(operation, Draft(), base_url="ftp://rivya.ai") == ()


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("plain", "plain"),
        ("a b", '^"a b^"'),
        ('say "hi"', '^"say \\^"hi\\^"^"'),
        ("C:\\dir\\", '^"C:\\dir\\\\^"'),
        ("50%off", '^"50^%^off^"'),
        ("a&b", '^"a^&b^"'),
    ],
)
def test_words_for_the_windows_prompt_are_quoted_twice(text: str, quoted: str) -> None:
    assert quote_cmd(text) == quoted
