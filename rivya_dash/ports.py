"""Ports of this machine: whether one is free, and how to say that it is not."""

from __future__ import annotations

import errno
import ipaddress
import socket
import time


class RefusedError(Exception):
    """A reason not to start, as one sentence for the person at the terminal."""


def free_port(host: str, port: int, *, option: str, patience: float) -> int:
    """The port, once it was seen to be free; any free one for 0. Raises RefusedError."""
    deadline = time.monotonic() + patience
    while True:
        try:
            family, kind, _, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
                probe.listen()
                return int(probe.getsockname()[1])
        except socket.gaierror:
            raise RefusedError(f"{host!r} is no address of this machine; check --host.") from None
        except OSError as error:
            if time.monotonic() >= deadline:
                raise RefusedError(_why_not(host, port, option, error)) from None
        time.sleep(0.1)


def _why_not(host: str, port: int, option: str, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return f"port {port} needs special rights here. Choose one above 1023 with {option}."
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {host} is taken by another program. Choose another one with {option}."
        )
    return f"cannot listen on {host} port {port} ({error.strerror}). Check --host and {option}."


def in_url(host: str) -> str:
    """The host as it stands in an address that a browser on this machine can open."""
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # Not bound here.
    return f"[{local}]" if ":" in local else local


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there; false for names but localhost."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
