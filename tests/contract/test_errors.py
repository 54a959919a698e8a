"""Error codes, known and unknown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from debugger.contract.errors import ERRORS, Retry, explain
from debugger.contract.operations import CATALOG

DOCUMENTED = {
    "public_api_disabled": 503,
    "api_key_missing": 401,
    "api_key_invalid": 401,
    "api_key_revoked": 401,
    "api_key_expired": 401,
    "api_scope_denied": 403,
    "rate_limited": 429,
    "validation_failed": 400,
    "not_found": 404,
    "webhook_url_rejected": 400,
    "chat_model_not_supported": 400,
    "chat_session_conflict": 409,
    "chat_attachment_not_supported": 400,
    "idempotency_conflict": 409,
}


def test_the_documented_codes_have_their_documented_status() -> None:
    assert {code: ERRORS[code].status for code in DOCUMENTED} == DOCUMENTED


def test_what_is_guessed_of_a_code_is_marked_and_nothing_else() -> None:
    assert {code for code, row in ERRORS.items() if row.assumed} == {
        "insufficient_credits",
        "idempotency_conflict",
        "internal_error",
    }


def test_a_failed_task_is_no_http_error() -> None:
    assert ERRORS["generation_failed"].status is None


def test_every_code_that_an_operation_names_is_explained() -> None:
    assert {code for operation in CATALOG for code in operation.errors} <= set(ERRORS)


def test_every_explanation_is_whole_sentences() -> None:
    for row in ERRORS.values():
        assert row.meaning.endswith("."), row.code
        assert row.fix.endswith("."), row.code
        assert row.advice.endswith("."), row.code


def test_an_unknown_code_is_explained_by_its_status_and_says_so() -> None:
    row = explain("model_on_holiday", 429)
    assert (row.code, row.status, row.known) == ("model_on_holiday", 429, False)
    assert "not in the documentation" in row.meaning
    assert row.retry is Retry.LATER


def test_a_status_without_a_code_is_explained_too() -> None:
    assert explain(None, 502).retry is Retry.AT_ONCE_WITH_SAME_KEY
    assert explain(None, 599).retry is Retry.LATER
    assert explain(None, 418).retry is Retry.AFTER_FIX


@given(code=st.none() | st.text(), status=st.none() | st.integers())
def test_every_error_is_explained(code: str | None, status: int | None) -> None:
    row = explain(code, status)
    assert row.meaning
    assert row.fix
    assert row.advice
