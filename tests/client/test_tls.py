"""A connection that cannot be made safe is a TLS failure, and nothing was sent over it."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from debugger.client.api import Call, Limits, call, live_upstream
from debugger.client.outcome import FailureKind, Outcome
from debugger.contract import operations

KEY = "rvya_sk_" + "t" * 32
OPENSSL = shutil.which("openssl")
CREDITS = Call(operation=operations.get("credits.retrieve"), key=KEY)


@pytest.mark.skipif(OPENSSL is None, reason="openssl makes the certificate")
def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = f"{OPENSSL} req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost".split()
    names = ["-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *names, *files], check=True, capture_output=True)  # noqa: S603 -- Our own words.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    heard: list[bytes] = []

    async def main() -> Outcome:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.read(1000))
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await call(live_upstream(f"https://127.0.0.1:{port}"), CREDITS)

    outcome = asyncio.run(main())
    assert outcome.failure is not None
    assert outcome.failure.kind is FailureKind.TLS
    assert "certificate is not valid" in outcome.failure.detail
    assert b"".join(heard) == b""


def test_a_handshake_that_hangs_is_a_tls_failure() -> None:
    async def main() -> Outcome:
        async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_server(hang, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            upstream = live_upstream(f"https://127.0.0.1:{port}")
            outcome = await call(upstream, CREDITS, limits=Limits(connect=0.3))
            await asyncio.sleep(0.05)
            return outcome

    outcome = asyncio.run(main())
    assert outcome.failure is not None
    assert outcome.failure.kind is FailureKind.TLS
    assert "handshake" in outcome.failure.detail
