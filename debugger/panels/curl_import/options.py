"""Curl's options: which take a value, and what each means for a request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# One letter for each option that takes a value, with its long name.
SHORT: Final = {
    "A": "user-agent",
    "b": "cookie",
    "c": "cookie-jar",
    "C": "continue-at",
    "d": "data",
    "D": "dump-header",
    "e": "referer",
    "E": "cert",
    "F": "form",
    "H": "header",
    "K": "config",
    "m": "max-time",
    "o": "output",
    "P": "ftp-port",
    "Q": "quote",
    "r": "range",
    "t": "telnet-option",
    "T": "upload-file",
    "u": "user",
    "U": "proxy-user",
    "w": "write-out",
    "x": "proxy",
    "X": "request",
    "y": "speed-time",
    "Y": "speed-limit",
    "z": "time-cond",
}
SHORT_FLAGS: Final = {
    "0": "http1.0",
    "G": "get",
    "I": "head",
    "L": "location",
    "N": "no-buffer",
    "O": "remote-name",
    "S": "show-error",
    "f": "fail",
    "g": "globoff",
    "i": "include",
    "k": "insecure",
    "s": "silent",
    "v": "verbose",
    "4": "ipv4",
    "6": "ipv6",
    "#": "progress-bar",
}
_LONG_WITH_VALUE: Final = """
abstract-unix-socket alt-svc aws-sigv4 cacert capath cert-type ciphers connect-timeout
connect-to create-file-mode crlfile curves data-ascii data-binary data-raw data-urlencode
delegation dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url egd-file engine
etag-compare etag-save expect100-timeout form-string ftp-account ftp-alternative-to-user
ftp-method happy-eyeballs-timeout-ms haproxy-clientip hostpubmd5 hostpubsha256 hsts interface
ipfs-gateway json keepalive-time key key-type krb libcurl limit-rate local-port login-options
mail-auth mail-from mail-rcpt max-filesize max-redirs netrc-file noproxy oauth2-bearer
output-dir parallel-max pass pinnedpubkey preproxy proto proto-default proto-redir proxy-cacert
proxy-capath proxy-cert proxy-ciphers proxy-header proxy-key proxy-pass proxy1.0 pubkey
random-file rate request-target resolve retry retry-delay retry-max-time service-name socks4
socks4a socks5 socks5-hostname stderr tls-max tls13-ciphers tlsauthtype tlspassword tlsuser
trace trace-ascii trace-config unix-socket url url-query variable
"""
WITH_VALUE: Final = frozenset(SHORT.values()) | frozenset(_LONG_WITH_VALUE.split())
_LONG_FLAGS: Final = """
anyauth basic compressed compressed-ssh create-dirs digest disable fail-early fail-with-body
http1.1 http2 http2-prior-knowledge http3 http3-only location-trusted negotiate netrc next ntlm
parallel path-as-is post301 post302 post303 raw remote-header-name remote-name-all
retry-all-errors retry-connrefused ssl-no-revoke styled-output tcp-fastopen tcp-nodelay tlsv1
tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3 tr-encoding trace-ids trace-time
"""
FLAGS: Final = frozenset(SHORT_FLAGS.values()) | frozenset(_LONG_FLAGS.split())


@dataclass(frozen=True, slots=True)
class Option:
    """One option as it was written; ``name`` is the long one, "" for an address.

    ``value`` is None for a flag, and for an option whose value is missing.
    """

    written: str
    name: str
    value: str | None = None
    known: bool = True


def options(words: list[str]) -> Iterator[Option]:
    """The options and addresses behind the word curl."""
    rest = iter(words)
    for word in rest:
        if word == "--":
            yield from (Option(written, "", written) for written in rest)
        elif word.startswith("--"):
            yield _long(word, rest)
        elif word.startswith("-") and len(word) > 1:
            yield from _short(word, rest)
        else:
            yield Option(word, "", word)


def _long(word: str, rest: Iterator[str]) -> Option:
    name, equals, attached = word[2:].partition("=")
    if name in WITH_VALUE:
        return Option(f"--{name}", name, attached if equals else next(rest, None))
    known = name in FLAGS or (name.startswith("no-") and name[3:] in FLAGS)
    return Option(f"--{name}", name, known=known)


def _short(word: str, rest: Iterator[str]) -> Iterator[Option]:
    for at, letter in enumerate(word[1:], start=2):
        if letter in SHORT:
            attached = word[at:]
            yield Option(f"-{letter}", SHORT[letter], attached or next(rest, None))
            return
        name = SHORT_FLAGS.get(letter)
        yield Option(f"-{letter}", name or letter, known=name is not None)
