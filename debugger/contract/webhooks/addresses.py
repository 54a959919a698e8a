"""Which addresses a webhook may be sent to, as far as the text of the address tells.

What a name resolves to is checked again when a connection is made; that is not done here.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from typing import Final
from urllib.parse import SplitResult, urlsplit

_LONGEST: Final = 2048
_LOCAL_SUFFIXES: Final = (
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "home.arpa",
)
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER: Final = re.compile(r"0x[0-9a-f]*|[0-9]+")
_EMBEDDING: Final = tuple(
    ipaddress.IPv6Network(network)
    for network in ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)
_NOT_LOCAL: Final = "must be a public address, not a local or reserved one"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_public(address: Address) -> bool:
    """True for an address of the public Internet that one host answers at.

    Python's ``is_global`` calls multicast global and looks through no embedded IPv4 address.
    Forms that carry an IPv4 address inside (mapped ones aside, which are judged by it) are
    refused as a whole: nobody hosts a receiver there.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address.scope_id or address.is_site_local:
            return False
        if any(address in network for network in _EMBEDDING):
            return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


def url_problem(url: object, *, allow_local: bool = False) -> str | None:
    """Why a webhook may not be sent to this address, None when it may.

    ``allow_local`` lets plain HTTP and local hosts through, for a receiver under development.
    """
    if not isinstance(url, str) or not url:
        return "must be an address"
    if len(url) > _LONGEST:
        return f"must have at most {_LONGEST} characters"
    if any(character.isspace() or not character.isprintable() for character in url):
        return "must not contain spaces or control characters"
    if "\\" in url:
        return "must not contain a backslash"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "must be a valid address"
    if port == 0:
        return "must be a valid address"
    return _form_problem(url, parts, allow_local) or _host_problem(host or "", allow_local)


def _form_problem(url: str, parts: SplitResult, allow_local: bool) -> str | None:
    schemes = ("https", "http") if allow_local else ("https",)
    if parts.scheme not in schemes:
        return "must begin with https://"
    if "@" in parts.netloc:
        return "must not contain a user name or a password"
    if "#" in url:
        return "must not contain a fragment"
    return None


def _host_problem(host: str, allow_local: bool) -> str | None:
    name = _ascii_host(host)
    if name is None:
        return "must have a valid host name"
    if allow_local:
        return None
    if ":" in name or _numeric(name):
        return _address_problem(name)
    if "." not in name or any(
        name == suffix or name.endswith(f".{suffix}") for suffix in _LOCAL_SUFFIXES
    ):
        return _NOT_LOCAL
    return None


def _ascii_host(host: str) -> str | None:
    """The host as a resolver would see it: full-width digits and dots become plain ones."""
    if ":" in host:
        return host
    plain = unicodedata.normalize("NFKC", host).replace("\u3002", ".").removesuffix(".").lower()
    try:
        name = plain.encode("idna").decode() if not plain.isascii() else plain
    except UnicodeError:
        return None
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    return name


def _numeric(name: str) -> bool:
    """A last label of digits is how an IPv4 address is told from a name, in any of its forms."""
    return bool(_NUMBER.fullmatch(name.rsplit(".", 1)[-1]))


def _address_problem(name: str) -> str | None:
    try:
        address: Address = (
            ipaddress.IPv6Address(name) if ":" in name else ipaddress.IPv4Address(name)
        )
    except ValueError:
        # 127.1, 0x7f000001 and 017700000001 all reach 127.0.0.1 on some systems.
        return "must have a valid host name"
    return None if is_public(address) else _NOT_LOCAL
