"""Secrets are found by name and by shape, in every disguise; everything else is left alone."""

from __future__ import annotations

import base64
import itertools
import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.client.redact import (
    MARK,
    JoinedText,
    Redactor,
    is_secret_name,
    redact_headers,
    redact_text,
    redact_value,
)
from tests.patience import no_hang

CANARY = "rvya_sk_" + "Canary0Canary1Canary2Canary3Abcd"
HOOK = "whsec_" + "C2FuYXJ5Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5"
TAIL = CANARY[-20:]
HOOK_TAIL = HOOK[-20:]


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


DISGUISES = {
    "bare": CANARY,
    "bearer": f"Authorization: Bearer {CANARY}",
    "capitals": CANARY.upper(),
    "in a sentence": f"Your key ({CANARY}) was refused.",
    "query": f"https://rivya.ai/x?key={CANARY}&y=1",
    "path": f"https://rivya.ai/{CANARY}/x",
    "percent": quote(CANARY, safe="").replace("_", "%5F"),
    "all percent": "".join(f"%{ord(char):02X}" for char in CANARY),
    "json": json.dumps({"a": {"b": [CANARY]}}),
    "json in json": json.dumps(json.dumps({"a": CANARY})),
    "json escapes": "".join(f"\\u{ord(char):04x}" for char in CANARY),
    "curl": f"curl -H 'Authorization: Bearer {CANARY}' https://rivya.ai",
    "base64": b64(CANARY),
    "base64 one off": b64("x" + CANARY),
    "base64 two off": b64("xy" + CANARY),
    "basic": f"Authorization: Basic {b64('user:' + CANARY)}",
    "data url": f"data:text/plain;base64,{b64('hello ' + CANARY)}",
    "hex": CANARY.encode().hex(),
    "sse": f"event: delta\ndata: {json.dumps({'delta': {'content': CANARY}})}\n\n",
    "cookie": f"Cookie: session={CANARY}",
    "twice": f"{CANARY} {CANARY}",
}


@pytest.mark.parametrize("text", DISGUISES.values(), ids=DISGUISES.keys())
def test_a_key_is_found_in_every_disguise(text: str) -> None:
    clean = redact_text(text)
    assert MARK in clean
    for form in (
        TAIL,
        TAIL.upper(),
        TAIL.encode().hex(),
        b64(TAIL)[4:16],
        quote(TAIL),
        "".join(f"%{ord(char):02X}" for char in TAIL),
    ):
        assert form not in clean


@pytest.mark.parametrize(
    "text",
    [HOOK, f'{{"signing_secret": "{HOOK}"}}', b64(HOOK), b64("a" + HOOK), quote(HOOK, safe="")],
)
def test_a_signing_secret_is_found(text: str) -> None:
    clean = redact_text(text)
    assert MARK in clean
    assert HOOK_TAIL not in clean


@pytest.mark.parametrize(
    "value",
    [
        "A valid Bearer API key is required.",
        "Bearer authentication",
        "whsec_12...abc123",
        "rvya_sk_…",
        "rvya_sk_",
        "rvya_sk_ab12",
        "$RIVYA_API_KEY",
        "https://media.example/result.png?token=abc&sig=def",
        "The secret of good coffee: patience. password rules apply",
        '{"input_tokens": 1200, "duration_token": "dt_0123456789abcdef0123"}',
        "cookies and cream",
        "100%",
        "\\u0041\\u0042",
        b64("nothing to see here, just a long harmless sentence"),
        "",
        '{"secret_preview": "whsec_12...abc123"}',
    ],
)
def test_what_holds_no_secret_comes_out_identical(value: str) -> None:
    redactor = Redactor()
    assert redactor.text(value) == value
    assert redactor.removed == ()


def test_members_are_redacted_by_their_names() -> None:
    value = {
        "signing_secret": "short",
        "nested": [{"Api-Key": "k", "password": "p", "token": "t"}],
        "secret_preview": "whsec_12...abc123",
        "secret": "whsec_12...abc123",
        "duration_token": "kept",
        "authorization": "Bearer abc",
        "properties": {"signing_secret": {"type": "string"}},
        "cookies": 5,
        "apikey": ["one", 2],
        "empty": "",
        "passwd": "",
    }
    assert redact_value(value) == {
        "signing_secret": MARK,
        "nested": [{"Api-Key": MARK, "password": MARK, "token": MARK}],
        "secret_preview": "whsec_12...abc123",
        "secret": "whsec_12...abc123",
        "duration_token": "kept",
        "authorization": f"Bearer {MARK}",
        "properties": {"signing_secret": {"type": "string"}},
        "cookies": 5,
        "apikey": [MARK, 2],
        "empty": "",
        "passwd": "",
    }


def test_headers_are_redacted_by_their_names_and_keep_their_order() -> None:
    headers = (
        ("Accept", "application/json"),
        ("Authorization", "Bearer anything"),
        ("X-API-Key", "anything"),
        ("Cookie", "a=b"),
        ("Set-Cookie", "a=b"),
        ("X-Note", f"see {CANARY}"),
    )
    assert redact_headers(headers) == (
        ("Accept", "application/json"),
        ("Authorization", f"Bearer {MARK}"),
        ("X-API-Key", MARK),
        ("Cookie", MARK),
        ("Set-Cookie", MARK),
        ("X-Note", f"see {MARK}"),
    )


@pytest.mark.parametrize(
    "text",
    [
        '{"password": "hunter2hunter2"}',
        '{"api_key":"a\\"b"}',
        '"{\\"signing_secret\\": \\"abcdef\\"}"',
        "https://example.com/?api_key=abcdef",
        "client_secret=abcdef&x=1",
        "proxy-authorization: Basic abcdef",
    ],
)
def test_names_are_found_in_text_too(text: str) -> None:
    clean = redact_text(text)
    assert MARK in clean
    for secret in ("hunter2", "abcdef", 'a\\"b'):
        assert secret not in clean


@pytest.mark.parametrize("shape", ["plain-secret", "ключ-секрет", "with/slash+and=more", "x" * 12])
def test_a_known_secret_is_found_whatever_its_shape(shape: str) -> None:
    redactor = Redactor(known=[shape])
    texts = [
        f"refused: {shape}",
        quote(shape, safe=""),
        shape.encode().hex(),
        b64(shape),
        b64("x" + shape),
        b64("xy" + shape + "tail"),
    ]
    for text in texts:
        assert MARK in redactor.text(text)
        assert shape not in redactor.text(text)


def test_it_tells_what_it_removed() -> None:
    redactor = Redactor()
    redactor.headers([("Authorization", f"Bearer {CANARY}")])
    redactor.text(f"{CANARY} {CANARY}")
    redactor.value({"signing_secret": HOOK})
    assert redactor.removed == (
        ("Rivya key", 2),
        ("value of authorization", 1),
        ("value of signing_secret", 1),
    )


def test_redacting_twice_changes_nothing_more() -> None:
    for text in DISGUISES.values():
        once = redact_text(text)
        assert redact_text(once) == once


def test_names_of_secrets_are_known_in_any_spelling() -> None:
    for name in ("Authorization", "API_KEY", "apiKey", "X-Api-Key", "signingSecret", "Set-Cookie"):
        assert is_secret_name(name)
    for name in ("duration_token", "input_tokens", "secret_preview", "idempotency-key", "keynote"):
        assert not is_secret_name(name)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


@given(value=_JSON, prefix=st.text(max_size=5), suffix=st.text(max_size=5))
def test_wherever_a_key_is_planted_it_is_gone(value: Any, prefix: str, suffix: str) -> None:
    planted = {"a": [value, f"{prefix}{CANARY}{suffix}"], f"{prefix}{CANARY}": value}
    assert CANARY not in json.dumps(redact_value(planted))
    assert CANARY not in redact_text(json.dumps(planted))


def test_a_large_harmless_text_is_quick() -> None:
    text = json.dumps([{"text": "Grüße 100% \\u00e9 a=b "} for _ in range(60_000)])
    assert len(text) > 2_000_000
    with no_hang():
        assert redact_text(text) == text


_TRAPS = {
    "one long base64 run": "cnZ5YV9za1 " + "a" * 400_000,
    "a row of backslashes": '"' + "\\" * 400_000,
    "bearers without a credential": "bearer+!" * 50_000,
    "backslashes around a member": '"secret' + "\\" * 63 + '":' + "\\" * 63 + '"' + "\\" * 400_000,
    "a member that never ends": '"secret":"' + "\\" * 400_000,
    "whitespace after a name": '"secret"' + " " * 400_000 + "authorization" + " " * 400_000,
    "beginnings of keys": "rvya_sk_" * 50_000 + "whsec_" * 50_000 + "%72" * 100_000,
    "marks of everything": 'cookie:\n"secret" ?api_key= basic bearer \\u0072 727679615f736b5f '
    * 6_000,
}


@pytest.mark.parametrize("trap", _TRAPS)
def test_no_text_makes_the_redactor_slow(trap: str) -> None:
    # Each of these took minutes, or would, when a pattern began anew at every character.
    with no_hang():
        redact_text(_TRAPS[trap])


def test_a_key_in_json_inside_json_inside_json_is_found_by_its_name() -> None:
    text = json.dumps({"api_key": "correct horse battery", "kept": "me"})
    for _ in range(6):
        text = json.dumps({"inner": text, "note": "back\\slash"})
        clean = redact_text(text)
        assert "correct horse" not in clean
        assert "kept" in clean
        assert "note" in clean


def test_a_key_at_the_end_of_a_long_base64_text_is_found() -> None:
    encoded = base64.b64encode(b"x" * 9_000 + CANARY.encode()).decode()
    assert CANARY not in _decoded(redact_text(f"data:text/plain;base64,{encoded}"))


def _decoded(text: str) -> str:
    return base64.b64decode(text.rpartition(",")[2] + "==", validate=False).decode(errors="ignore")


@given(
    text=st.text(max_size=20),
    after=st.text(max_size=20),
    cuts=st.lists(st.integers(min_value=0, max_value=90), max_size=12),
)
def test_a_key_that_arrives_in_pieces_is_gone_and_nothing_else(
    text: str, after: str, cuts: list[int]
) -> None:
    whole = f"{text} {CANARY} {after}"
    ends = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    joined = JoinedText()
    said = [joined.feed(whole[a:b]) for a, b in itertools.pairwise(ends)]
    assert "".join([*said, joined.close()]) == redact_text(whole)


def test_a_known_key_of_any_shape_is_gone_when_it_arrives_letter_by_letter() -> None:
    joined = JoinedText(known=("correct-horse/battery", None))
    said = [joined.feed(letter) for letter in "It is correct-horse/battery, or correct-hors."]
    assert "".join([*said, joined.close()]) == f"It is {MARK}, or correct-hors."


def test_ordinary_text_in_pieces_is_not_held_up() -> None:
    joined = JoinedText(known=(CANARY,))
    assert joined.feed("The quick brown") == "The quick brown"
    assert joined.feed(" fox, a river and a") == " fox, a river and a"
    assert joined.feed(" door") == " doo"
    assert joined.feed(" closes") == "r closes"
    assert joined.close() == ""


def test_pieces_without_an_end_are_quick() -> None:
    joined = JoinedText(known=(CANARY,))
    with no_hang():
        for _ in range(2_000):
            joined.feed("rvya_sk_" * 20)
        joined.close()


@pytest.mark.parametrize("text", DISGUISES.values(), ids=DISGUISES.keys())
def test_a_quick_look_clears_no_disguise_of_a_key(text: str) -> None:
    assert not Redactor().clears(f"data: {text}\n\n")


@given(
    st.dictionaries(
        st.sampled_from(["to-ken", "Set_Cookie", "x.api.key", "Credential", "pass wd", "content"]),
        st.sampled_from(["", "plain", "a\nb", CANARY, f"Bearer {CANARY}", "correct-horse/battery"]),
        max_size=3,
    )
)
def test_what_a_quick_look_clears_is_not_changed_by_a_long_one(value: dict[str, str]) -> None:
    redactor = Redactor(known=("correct-horse/battery",))
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False).replace("/", "\\/")):
        if redactor.clears(text):
            assert redactor.text(text) == text
            assert redactor.value(value) == value


def test_a_quick_look_clears_an_ordinary_delta() -> None:
    frame = '{"id":"chatcmpl_x","delta":{"role":"assistant","content":" and some words"}}'
    assert Redactor(known=(CANARY,)).clears(frame)
    assert not Redactor(known=("and some words",)).clears(frame)
