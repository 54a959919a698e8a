"""The one redactor: secrets are found by the name they stand under and by their shape.

It is applied before an Outcome exists, so that no screen, row or log has to remember to. What
holds no secret comes out identical; previews such as ``whsec_12...abc123`` are no secrets.

Found by shape wherever they stand, also inside addresses, JSON text, percent-encoded, escaped,
hexadecimal and base64 text: Rivya keys, signing secrets, Bearer credentials. A call's own key is
found whatever its shape, because its text is known.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

Headers = tuple[tuple[str, str], ...]

MARK: Final = "[redacted]"
_LONGEST_HELD: Final = 1024  # Characters of a text in pieces that wait for their end.
_SHORTEST: Final = 8  # The shortest that any rule finds is "cookie=x".
_SHORTEST_KNOWN: Final = _SHORTEST  # Shorter ones are ordinary words of answers and addresses.
_SHORTEST_ENCODED: Final = 12  # Bytes; shorter ones look like chance inside base64.
_SECRET_NAMES: Final = frozenset(
    {
        "accesstoken",
        "apikey",
        "apisecret",
        "authorization",
        "authtoken",
        "bearertoken",
        "clientsecret",
        "cookie",
        "credential",
        "credentials",
        "csrftoken",
        "idtoken",
        "passwd",
        "password",
        "privatekey",
        "proxyauthorization",
        "refreshtoken",
        "secret",
        "secretkey",
        "sessiontoken",
        "setcookie",
        "signingsecret",
        "token",
        "webhooksecret",
        "xapikey",
        "xcsrftoken",
    }
)
# Names as they are spelled in text. A bare "token" is left out: a result's address may be signed
# with one, and without it the result could not be shown.
_SPELLED: Final = (
    r"(?:api[_-]?key|x-api-key|api[_-]?secret|access[_-]?token|refresh[_-]?token|auth[_-]?token|"
    r"client[_-]?secret|signing[_-]?secret|webhook[_-]?secret|secret[_-]?key|private[_-]?key|"
    r"password|passwd|authorization|set-cookie|cookie)"
)
_NO_LETTER: Final = re.compile(r"[^a-z]+")
_PREVIEW: Final = re.compile(r"\w{0,16}(?:\.\.\.|…|\*+)\w{0,8}")
_ENDED: Final = re.compile(r"[^A-Za-z0-9._~+/=%\\-]")
_SCHEME: Final = re.compile(r"(?i)(bearer|basic|digest|token)\s+\S")


def _escaped(text: str) -> str:
    """A pattern for text in which any character may be percent-encoded or a JSON escape."""
    return "".join(f"(?:{re.escape(char)}|%{ord(char):02x}|\\\\u{ord(char):04x})" for char in text)


_WORD: Final = (
    r"(?:[A-Za-z0-9_\-]|%(?:3[0-9]|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9a]|2d)"
    r"|\\u00(?:3[0-9]|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9a]|2d))"
)
_BASE64_WORD: Final = rf"(?:{_WORD}|[+/=]|%(?:2b|2f|3d)|\\/|\\u00(?:2b|2f|3d))"


def _images(prefix: str) -> tuple[str, ...]:
    """What a prefix looks like inside base64 text, at each of its three alignments."""
    images = []
    raw = prefix.encode(errors="replace")
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw).decode()
        # Characters that also depend on neighbours of the prefix are left out at both ends.
        first = (shift * 8 + 5) // 6
        images.append(encoded[first : (shift + len(raw)) * 8 // 6])
    return tuple(images)


def _base64_pattern(*prefixes: str) -> re.Pattern[str]:
    images = {image for prefix in prefixes for image in _images(prefix)}
    images |= {image.replace("+", "-").replace("/", "_") for image in images}
    # A match begins where a run of base64 begins: trying each place of a long run anew would take
    # time that grows with the square of its length.
    return re.compile(
        r"(?<![A-Za-z0-9+/_\-])[A-Za-z0-9+/_\-]*?"
        rf"(?:{'|'.join(map(re.escape, sorted(images)))})[A-Za-z0-9+/_\-=]*"
    )


def _hex_pattern(*prefixes: str) -> re.Pattern[str]:
    images = "|".join(prefix.encode().hex() for prefix in prefixes)
    return re.compile(rf"(?i)(?:{images})(?:[0-9a-f]{{2}}){{12,}}")


_KEY: Final = re.compile(rf"(?i){_escaped('rvya_sk_')}{_WORD}{{12,}}")
_SIGNING: Final = re.compile(rf"(?i){_escaped('whsec_')}{_BASE64_WORD}{{16,}}")
_BEARER: Final = re.compile(
    r"(?i)\b(bearer(?:\s|%20|\+)+)(?=[^\s\"']{0,19}[0-9]|[^\s\"']{20})[A-Za-z0-9._~+/=\-]{12,}"
)
_BASIC: Final = re.compile(
    r"(?i)(authorization[\"']?\s*[:=]\s*[\"']?basic\s+)[A-Za-z0-9+/=_\-]{6,}"
)
_BASE64: Final = _base64_pattern("rvya_sk_", "whsec_")
_BASE64_IMAGES: Final = tuple(image for word in ("rvya_sk_", "whsec_") for image in _images(word))
_HEX: Final = _hex_pattern("rvya_sk_", "whsec_")
# The backslashes of JSON inside JSON, six times over, are counted where the name ends: in front of
# it a long row of them would be counted again from each of its places.
_JSON_MEMBER: Final = re.compile(
    rf'(?i)("(?:{_SPELLED}|secret|token)(\\{{0,63}})"\s*:\s*\2")((?:(?!\2")(?:\\.|[^"\\]))+)',
    re.DOTALL,
)
_QUERY_MEMBER: Final = re.compile(rf"(?i)((?:[?&;]|^){_SPELLED}=)([^&#\s\"'<>]+)")
_HEADER_LINE: Final = re.compile(r"(?im)^((?:set-cookie|cookie|proxy-authorization):[ \t]*)(\S.*)$")


class Redactor:
    """Redacts and counts what it removed. ``known`` are secrets of this call, of any shape."""

    def __init__(self, *, known: Iterable[str | None] = ()) -> None:
        self._removed: Counter[str] = Counter()
        self._known = _known_pattern([word for word in known if word])

    @property
    def removed(self) -> tuple[tuple[str, int], ...]:
        """What was removed and how often, such as ("Rivya key", 2), in alphabetical order."""
        return tuple(sorted(self._removed.items()))

    def text(self, text: str) -> str:
        """The text without its secrets; the same text when it has none."""
        if len(text) < _SHORTEST:
            return text
        if self._known is not None:
            text = self._known.sub(self._mark("this call's key"), text)
        for rule in _suspects(text, _RULES):
            text = rule.pattern.sub(self._mark(rule.what), text)
        return text

    def clears(self, text: str) -> bool:
        """True when neither a text nor any JSON value in it can hold a secret. A quick look: where
        it says False there may be none either.
        """
        if "\\" in text or (self._known is not None and self._known.search(text)):
            return False
        letters = _NO_LETTER.sub("", text.lower())
        return not any(sign in letters for sign in _NAME_SIGNS) and not _suspects(text, _RULES)

    def headers(self, headers: Iterable[tuple[str, str]]) -> Headers:
        """Headers without secrets; a scheme such as Bearer stays readable."""
        return tuple((self.text(name), self._named(name, value)) for name, value in headers)

    def value(self, value: Any) -> Any:
        """A JSON value without secrets, as a new value; nesting is bounded by the JSON reader."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {
                self.text(str(name)): self._member(str(name), item) for name, item in value.items()
            }
        return value

    def _member(self, name: str, item: Any) -> Any:
        if is_secret_name(name) and isinstance(item, list):
            return [self._named(name, part) if isinstance(part, str) else part for part in item]
        return self._named(name, item) if isinstance(item, str) else self.value(item)

    def _named(self, name: str, value: str) -> str:
        if not is_secret_name(name) or not value or _PREVIEW.fullmatch(value) or value == MARK:
            return self.text(value)
        self._removed[f"value of {name.lower()}"] += 1
        scheme = _SCHEME.match(value)
        return f"{scheme[1]} {MARK}" if scheme else MARK

    def _mark(self, what: str) -> Callable[[re.Match[str]], str]:
        def mark(found: re.Match[str]) -> str:
            groups = found.groups()
            if groups and _spared(groups[-1]):
                return found[0]
            self._removed[what] += 1
            return (groups[0] if groups else "") + MARK

        return mark


class JoinedText:
    """Redacts a text that arrives in pieces, where a secret may be spread over several of them.

    What may be the beginning of a secret waits for the rest of it, so the pieces that come out,
    joined, hold none. ``known`` are secrets of this call, of any shape.
    """

    def __init__(self, *, known: Iterable[str | None] = ()) -> None:
        words = [word for word in known if word and len(word) >= _SHORTEST_KNOWN]
        self._redactor = Redactor(known=words)
        self._starts = (*(word.lower() for word in words), "rvya_sk_", "whsec_", "bearer ")
        self._held = ""

    def feed(self, piece: str) -> str:
        """What can be said now; "" while everything waits."""
        text = self._held + piece
        cut = self._cut(text)
        self._held = text[cut:]
        return self._redactor.text(text[:cut])

    def close(self) -> str:
        """What was still waiting."""
        text, self._held = self._held, ""
        return self._redactor.text(text)

    def _cut(self, text: str) -> int:
        """Where the end of the text begins that may be, or become, a secret."""
        first = max(0, len(text) - _LONGEST_HELD)
        tail = text[first:].lower()
        places = [at for start in self._starts if (at := _begun(tail, start)) is not None]
        return first + min(places) if places else len(text)


def _begun(tail: str, start: str) -> int | None:
    """The place at which ``start`` stands and is still being continued, or begins at the end."""
    at = tail.rfind(start)
    if at >= 0 and not _ENDED.search(tail, at + len(start)):
        return at
    lengths = range(min(len(start) - 1, len(tail)), 0, -1)
    return next((len(tail) - n for n in lengths if tail.endswith(start[:n])), None)


def _spared(value: str | None) -> bool:
    """A preview or an earlier mark needs no second one."""
    return bool(value) and (str(value).startswith(MARK) or bool(_PREVIEW.fullmatch(str(value))))


def is_secret_name(name: str) -> bool:
    """Whether what stands under this header or member name is a secret."""
    return _NO_LETTER.sub("", name.lower()) in _SECRET_NAMES


def _known_pattern(words: list[str]) -> re.Pattern[str] | None:
    forms: set[str] = set()
    for word in words:
        if len(word) < _SHORTEST_KNOWN:
            continue
        raw = word.encode(errors="replace")
        forms |= {word, quote(word, safe=""), raw.hex(), raw.hex().upper()}
        forms.add(word.replace("/", "\\/"))
        if len(raw) >= _SHORTEST_ENCODED:
            forms |= set(_images(word))
            forms |= {i.replace("+", "-").replace("/", "_") for i in _images(word)}
    if not forms:
        return None
    return re.compile("|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)))


@dataclass(frozen=True, slots=True)
class _Rule:
    """What to look for, and its signs: text in which none of them stands, folded to lower case,
    holds none of it. Looking for signs spares harmless text, which is nearly all, the slow pattern.
    """

    pattern: re.Pattern[str]
    what: str
    signs: tuple[str, ...]


# Each name of a secret, spelled in any way, holds one of these.
_NAME_SIGNS: Final = (
    "key",
    "secret",
    "token",
    "passw",
    "authorization",
    "cookie",
    "credential",
)
_SHAPES: Final = (
    _Rule(_KEY, "Rivya key", ("_sk_", "%", "\\u")),
    _Rule(_SIGNING, "signing secret", ("whsec", "%", "\\u")),
    _Rule(_BASE64, "base64 of a secret", tuple(image.lower() for image in _BASE64_IMAGES)),
    _Rule(_HEX, "hexadecimal of a secret", ("727679615f736b5f", "77687365635f")),
)
_RULES: Final = (
    *_SHAPES[:2],
    _Rule(_BEARER, "Bearer credential", ("bearer",)),
    _Rule(_BASIC, "Basic credential", ("basic",)),
    *_SHAPES[2:],
    _Rule(_JSON_MEMBER, "value of a secret member", _NAME_SIGNS),
    _Rule(_QUERY_MEMBER, "value of a secret parameter", _NAME_SIGNS),
    _Rule(_HEADER_LINE, "header line", ("cookie:", "proxy-authorization:")),
)


def _suspects(text: str, rules: tuple[_Rule, ...]) -> list[_Rule]:
    """The rules whose signs stand in the text."""
    folded = text.lower()
    found = []
    for rule in rules:
        for sign in rule.signs:
            if sign in folded:
                found.append(rule)
                break
    return found


def without_keys(text: str) -> str:
    """The text without what has the shape of a key; what only has a secret's name stays."""
    for rule in _suspects(text, _SHAPES):
        text = rule.pattern.sub(MARK, text)
    return text


def redact_text(text: str) -> str:
    """The text without its secrets."""
    return Redactor().text(text)


def redact_headers(headers: Iterable[tuple[str, str]]) -> Headers:
    """Headers without their secrets."""
    return Redactor().headers(headers)


def redact_value(value: Any) -> Any:
    """A JSON value without its secrets."""
    return Redactor().value(value)
