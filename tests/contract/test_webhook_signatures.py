"""Signing and verifying, against the reference library and against everything malformed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import warnings
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from debugger.contract import webhooks
from debugger.contract.assumptions import with_overrides
from debugger.contract.webhooks import Step, Verdict, new_secret, preview, sign, verify

NOW = 1_778_457_600
BODY = '{"id":"evt_1","type":"generation.succeeded","data":{"prompt":"गुलाब"}}'.encode()
SECRET = new_secret()


def signed(**changes: Any) -> dict[str, str]:
    values: dict[str, Any] = {
        "secret": SECRET,
        "message_id": "evt_1",
        "timestamp": NOW,
        "body": BODY,
    }
    return sign(**{**values, **changes})


def judged(headers: Any, **changes: Any) -> Verdict:
    values: dict[str, Any] = {"body": BODY, "secrets": [SECRET], "now": float(NOW)}
    return verify(headers=headers, **{**values, **changes})


def test_what_is_signed_is_accepted() -> None:
    verdict = judged(signed())
    assert (verdict.ok, verdict.step, verdict.age) == (True, Step.ACCEPTED, 0.0)
    assert verdict.message_id == "evt_1"


def test_the_reference_library_accepts_what_is_signed_here() -> None:
    now = int(datetime.now(UTC).timestamp())
    Webhook(SECRET).verify(BODY, signed(timestamp=now))


@given(value=st.dictionaries(st.text(), st.text() | st.integers() | st.none(), max_size=4))
def test_the_reference_library_accepts_any_signed_json(value: dict[str, Any]) -> None:
    body = json.dumps(value, ensure_ascii=False).encode()
    now = int(datetime.now(UTC).timestamp())
    assert Webhook(SECRET).verify(body, signed(timestamp=now, body=body)) == value


def test_what_the_reference_library_signs_is_accepted_here() -> None:
    moment = datetime.fromtimestamp(NOW, UTC)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signature = Webhook(SECRET).sign("evt_1", moment, BODY.decode())
    headers = {
        "Webhook-Id": "evt_1",
        "Webhook-Timestamp": str(NOW),
        "Webhook-Signature": signature,
    }
    assert judged(headers).ok


def test_the_standard_signature_is_that_of_its_text() -> None:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    digest = hmac.new(key, b"evt_1." + str(NOW).encode() + b"." + BODY, hashlib.sha256).digest()
    assert signed()["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def test_the_stripe_like_form_is_one_header_over_time_and_body() -> None:
    headers = signed(scheme="stripe")
    text = str(NOW).encode() + b"." + BODY
    digest = hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()
    assert headers == {"Rivya-Signature": f"t={NOW},v1={digest}"}
    assert judged(headers, scheme="stripe").ok
    assert judged(headers).step is Step.HEADERS


def test_names_scheme_and_decoding_are_settings() -> None:
    assumptions = with_overrides(
        {
            "webhook_id_header": "X-Id",
            "webhook_timestamp_header": "X-Time",
            "webhook_signature_header": "X-Signature",
            "webhook_key_decoding": "text",
        }
    )
    headers = signed(secret="no base64 at all!", assumptions=assumptions)
    assert set(headers) == {"X-Id", "X-Time", "X-Signature"}
    assert judged(headers, secrets=["no base64 at all!"], assumptions=assumptions).ok
    other = with_overrides({"webhook_scheme": "stripe", "webhook_combined_header": "X-Both"})
    headers = signed(assumptions=other)
    assert set(headers) == {"X-Both"}
    assert judged(headers, assumptions=other).ok


@pytest.mark.parametrize("scheme", ["standard", "stripe"])
def test_a_rotation_signs_with_both_secrets(scheme: str) -> None:
    older = new_secret()
    headers = signed(scheme=scheme, older_secrets=[older])
    assert judged(headers, scheme=scheme).ok
    assert judged(headers, scheme=scheme, secrets=[older]).ok
    assert not judged(headers, scheme=scheme, secrets=[new_secret()]).ok


def test_any_of_several_secrets_may_fit_and_an_unreadable_one_is_passed_over() -> None:
    assert judged(signed(), secrets=["%%%", new_secret(), SECRET]).ok


@pytest.mark.parametrize("scheme", ["standard", "stripe"])
def test_a_changed_body_is_refused(scheme: str) -> None:
    headers = signed(scheme=scheme)
    assert judged(headers, scheme=scheme, body=BODY + b" ").step is Step.SIGNATURE


def test_a_changed_id_or_time_is_refused() -> None:
    headers = signed()
    assert judged({**headers, "webhook-id": "evt_2"}).step is Step.SIGNATURE
    assert judged({**headers, "webhook-timestamp": str(NOW - 1)}).step is Step.SIGNATURE


@pytest.mark.parametrize(
    ("seconds", "ok"), [(300, True), (301, False), (-300, True), (-301, False)]
)
def test_the_age_is_limited_in_both_directions(seconds: int, ok: bool) -> None:
    verdict = judged(signed(), now=NOW + seconds)
    assert verdict.ok is ok
    assert verdict.age == seconds
    assert ok or verdict.step is Step.AGE


def test_the_tolerance_can_be_widened() -> None:
    assert judged(signed(), now=NOW + 3600, tolerance=4000).ok


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named(name: str) -> None:
    headers = {key: value for key, value in signed().items() if key != name}
    verdict = judged(headers)
    assert verdict.step is Step.HEADERS
    assert name in verdict.detail


def test_a_header_sent_twice_is_refused() -> None:
    pairs = [*signed().items(), ("WEBHOOK-ID", "evt_2")]
    verdict = judged(pairs)
    assert (verdict.ok, verdict.step) == (False, Step.HEADERS)


def test_header_names_have_no_case_and_may_be_bytes() -> None:
    pairs = [(name.upper().encode(), value.encode()) for name, value in signed().items()]
    assert judged(pairs).ok


def test_an_id_with_a_full_stop_is_refused_on_both_sides() -> None:
    with pytest.raises(ValueError, match="full stop"):
        signed(message_id="evt.1")
    assert judged({**signed(), "webhook-id": "evt.1"}).step is Step.MESSAGE_ID


def test_the_border_between_id_time_and_body_cannot_be_moved() -> None:
    # The signed text of ("evt_1", now, BODY) is also that of an id that swallows the time.
    headers = {**signed(), "webhook-id": f"evt_1.{NOW}"}
    assert not judged(headers).ok


@pytest.mark.parametrize("value", ["", "now", "1.5e9", "-1", "٣", f"{NOW}.0", " ", "9" * 400])
def test_a_time_that_is_no_whole_number_is_refused(value: str) -> None:
    assert judged({**signed(), "webhook-timestamp": value}).step is Step.TIMESTAMP


@pytest.mark.parametrize("value", ["", "v1", "v1,", "v2,abc", ",,,", "abc", "v1a,abc"])
def test_a_header_without_a_v1_signature_is_refused(value: str) -> None:
    assert judged({**signed(), "webhook-signature": value}).step is Step.FORMAT


@pytest.mark.parametrize("value", ["v1,abc", "v1,é", "v1,\ud800", "v1,====", "v1,a v1,b v2,c"])
def test_a_wrong_signature_is_refused(value: str) -> None:
    assert judged({**signed(), "webhook-signature": value}).step is Step.SIGNATURE


def test_the_right_signature_may_stand_among_others() -> None:
    headers = signed()
    mixed = "v2,x v1,wrong " + headers["webhook-signature"]
    assert judged({**headers, "webhook-signature": mixed}).ok


@pytest.mark.parametrize("value", ["", "v1=a", "t=1,t=2,v1=a", "t,v1", "t=1;v1=a"])
def test_a_combined_header_without_one_time_is_refused(value: str) -> None:
    verdict = judged({"Rivya-Signature": value}, scheme="stripe")
    assert not verdict.ok
    assert verdict.step in {Step.FORMAT, Step.TIMESTAMP}


@pytest.mark.parametrize("secrets", [[], [""], ["whsec_"], ["whsec_%"], ["whsec_é"], [None]])
def test_a_secret_without_a_key_is_told_as_such(secrets: list[Any]) -> None:
    assert judged(signed(), secrets=secrets).step is Step.SECRET


def test_no_verdict_repeats_the_secret() -> None:
    verdicts = [judged(signed(), body=b"x"), judged({}), judged(signed(), now=0)]
    assert all(SECRET not in repr(verdict) for verdict in verdicts)


def test_an_unknown_scheme_is_refused() -> None:
    assert judged(signed(), scheme="rot13").step is Step.FORMAT


@pytest.mark.parametrize("headers", [None, 5, "text", [1, 2], [("a",)], [("a", "b", "c")], {1: 2}])
def test_headers_of_any_form_end_in_a_verdict(headers: Any) -> None:
    assert judged(headers).step is Step.HEADERS


NAMES = st.sampled_from(["webhook-id", "Webhook-Timestamp", "webhook-signature", "Rivya-Signature"])
VALUES = (
    st.text()
    | st.binary()
    | st.none()
    | st.integers()
    | st.sampled_from([str(NOW), f"t={NOW},v1=00", "v1,AAAA", "evt_1"])
)


@given(
    headers=st.dictionaries(NAMES | st.text() | st.binary(), VALUES, max_size=6),
    body=st.binary(max_size=50),
    secrets=st.lists(st.text() | st.sampled_from([SECRET, "whsec_", "whsec_%%"]), max_size=3),
    now=st.floats(allow_nan=True, allow_infinity=True),
    scheme=st.sampled_from(["standard", "stripe", None]),
)
def test_no_input_raises_and_no_forgery_is_accepted(
    headers: dict[Any, Any], body: bytes, secrets: list[str], now: float, scheme: str | None
) -> None:
    verdict = verify(headers=headers, body=body, secrets=secrets, now=now, scheme=scheme)
    assert not verdict.ok
    assert verdict.detail


@given(
    body=st.binary(max_size=200),
    message_id=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1),
    shift=st.integers(-300, 300),
    scheme=st.sampled_from(["standard", "stripe"]),
)
def test_whatever_is_signed_is_accepted(
    body: bytes, message_id: str, shift: int, scheme: str
) -> None:
    headers = signed(message_id=message_id, body=body, scheme=scheme)
    assert judged(headers, body=body, now=NOW + shift, scheme=scheme).ok


@given(body=st.binary(min_size=1, max_size=80), at=st.integers(0, 79), bit=st.integers(0, 7))
def test_every_bit_of_the_body_counts(body: bytes, at: int, bit: int) -> None:
    changed = bytearray(body)
    changed[at % len(body)] ^= 1 << bit
    assert not judged(signed(body=body), body=bytes(changed)).ok


def test_new_secrets_differ_and_hold_a_key_of_32_bytes() -> None:
    first, second = new_secret(), new_secret()
    assert first != second
    assert first.startswith("whsec_")
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32


def test_a_preview_shows_the_documented_characters_only() -> None:
    assert preview("whsec_12" + "z" * 40 + "abc123") == "whsec_12...abc123"


@pytest.mark.parametrize("message_id", ["", "a b\n", "é", "a.b"])
def test_an_id_that_cannot_be_a_header_is_not_signed(message_id: str) -> None:
    with pytest.raises(ValueError, match="event id"):
        signed(message_id=message_id)


def test_signing_with_a_secret_without_a_key_says_so_without_repeating_it() -> None:
    with pytest.raises(webhooks.SecretError) as caught:
        signed(secret="whsec_not base64")
    assert "not base64" not in str(caught.value).replace("is not base64", "")
