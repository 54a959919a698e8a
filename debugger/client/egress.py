"""The guard for every address that a user, a payload or a result names.

An address passes when it is plainly written, and when everything that its name resolves to is
public. The connection then goes to the very address that was checked, so that a second answer of
the name server changes nothing. Redirects are followed here only, and each hop is checked anew.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import idna

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]

RESOLVE_SECONDS: Final = 5.0
LONGEST_URL: Final = 8192
_PORTS: Final = {"http": 80, "https": 443}
_WRITTEN: Final = re.compile(r"[!$-;=?-\[\]_a-z~\x80-\U0010ffff]+")
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER: Final = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)")
_INNER_NAMES: Final = (
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "home.arpa",
    "in-addr.arpa",
    "ip6.arpa",
    "onion",
    "test",
    "invalid",
)
# What "is_global" of several Python versions gets wrong, or what leads inward by a detour.
_REFUSED: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # The inner services of a large host, on a public address.
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
)
# Everything outside is local, mapped, translated (NAT64) or not given to anybody.
_UNICAST: Final = ipaddress.ip_network("2000::/3")


class Forbidden(ValueError):  # noqa: N818 -- the name says what happened.
    """The address may not be opened; the text says why in one sentence."""


class Unknown(Forbidden):
    """The host's name leads nowhere, which may be different in a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A checked address. ``host`` is in ASCII and lower case; an IPv6 one has no brackets.

    ``trusted`` says that it is ours by configuration and may therefore be an inner one.
    """

    url: str
    scheme: str
    host: str
    port: int
    trusted: bool = False

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet. Anything else is False."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and (
        found.scope_id is not None or found not in _UNICAST
    ):
        return False
    if any(found.version == net.version and found in net for net in _REFUSED):
        return False
    return found.is_global and not found.is_multicast


def check_url(url: str, *, allow_hosts: Collection[str] = ()) -> Target:
    """The parts of an address that may be opened, as far as its text tells; raises Forbidden.

    ``allow_hosts`` are host names or addresses, in lower case, that are ours by configuration.
    No name is resolved here: ``resolve`` does that.
    """
    if not url or len(url) > LONGEST_URL:
        raise Forbidden("The address is empty or too long.")
    if not _WRITTEN.fullmatch(url.lower().replace("%", "-").replace("#", "-")):
        raise Forbidden("The address holds a space, a backslash or another sign it cannot hold.")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname or ""
    except ValueError:
        raise Forbidden("The address cannot be read.") from None
    if parts.scheme not in _PORTS:
        raise Forbidden("The address does not begin with http:// or https://.")
    if "@" in parts.netloc:
        raise Forbidden("The address holds a user name.")
    if port == 0:
        raise Forbidden("The address names port 0.")
    name = _host(host, bracketed="[" in parts.netloc)
    target = Target(url=url, scheme=parts.scheme, host=name, port=port or _PORTS[parts.scheme])
    if name in allow_hosts:
        return Target(url=url, scheme=target.scheme, host=name, port=target.port, trusted=True)
    _check_host(name)
    return target


def _host(host: str, *, bracketed: bool) -> str:
    """The host in the one spelling that is compared, checked and connected to."""
    if bracketed:
        try:
            return str(ipaddress.IPv6Address(host))
        except ValueError:
            raise Forbidden("The address holds a host that cannot be read.") from None
    name = host.lower().removesuffix(".")
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True, std3_rules=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            raise Forbidden("The host's name cannot be read.") from None
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Forbidden("The host's name cannot be read.")
    if _NUMBER.fullmatch(labels[-1]) and not _dotted(name):
        # Browsers and C libraries read 0x7f.1, 017700000001 and 127.1 as addresses.
        raise Forbidden("The host is an oddly written number.")
    return name


def _dotted(name: str) -> bool:
    try:
        return str(ipaddress.IPv4Address(name)) == name
    except ValueError:
        return False


def _check_host(name: str) -> None:
    if ":" in name or _dotted(name):
        if not is_public(name):
            raise Forbidden("The address is not a public one.")
        return
    if "." not in name:
        raise Forbidden("The host's name is one of a local network.")
    if any(name == inner or name.endswith("." + inner) for inner in _INNER_NAMES):
        raise Forbidden("The host's name is one of a local network.")


async def resolve(target: Target, *, resolver: Resolve | None = None) -> tuple[str, ...]:
    """The IP addresses that may be connected to, best first, at least one.

    Raises Forbidden when any address that the name has is not public, Unknown when it has none.
    """
    found = await _lookup(target, resolver or system_resolver)
    if not found:
        raise Unknown("The host's name is not known.")
    if not target.trusted and not all(is_public(address) for address in found):
        raise Forbidden("The host's name leads to an address that is not public.")
    return tuple(found)


async def _lookup(target: Target, resolver: Resolve) -> list[str]:
    if ":" in target.host or _dotted(target.host):
        return [target.host]
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            return await resolver(target.host, target.port)
    except (OSError, TimeoutError, UnicodeError):
        return []


async def system_resolver(host: str, port: int) -> list[str]:
    """Every address that this machine's name service gives, in its order."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
