"""Running the HTTP face with uvicorn, with connections that can be broken on purpose."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from debugger.emulator.asgi import BREAK, App, Receive, Scope, Send

# How long an answer that is under way may go on when the server stops, in seconds.
_PATIENCE: Final = 0.5


class BreakableProtocol(H11Protocol):
    """HTTP/1.1 whose connections the application may close in the middle of anything."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        served = self.app

        async def with_break(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                # Closing writes what is buffered first; aborting would take it back.
                scope.setdefault("extensions", {})[BREAK] = self.transport.close
            await served(scope, receive, send)

        self.app = with_break

    def shutdown(self) -> None:
        """Let what is nearly done end, and close on what would wait for minutes."""
        super().shutdown()
        self.loop.call_later(_PATIENCE, self.transport.close)


def configure(app: App, *, host: str, port: int) -> uvicorn.Config:
    """How the emulator is served: quietly, on one process, without a word about the server."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=BreakableProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        # Nobody stands in front of a stand-in, so nobody is believed about who really called.
        proxy_headers=False,
        timeout_graceful_shutdown=2,
    )


def serve(app: App, *, host: str, port: int) -> None:
    """Serve until a signal says stop."""
    uvicorn.Server(configure(app, host=host, port=port)).run()


@contextmanager
def running(app: App, *, host: str = "127.0.0.1") -> Iterator[str]:
    """Serve on a free port, in a thread of this process; gives the base URL."""
    listener = socket.create_server((host, 0))
    port = listener.getsockname()[1]
    server = uvicorn.Server(configure(app, host=host, port=port))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            thread.join(timeout=0.01)
            if not thread.is_alive():
                raise RuntimeError("The emulator's server did not start.")
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
