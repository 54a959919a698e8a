"""Every fact about the Rivya API that had to be guessed, in one place.

The public documentation leaves holes. Each one is filled here with the choice of a convention
that many APIs share, and named with it, so that a screen can mark what rests on it and an
operator can correct it as soon as a live answer shows the truth. Nothing else in the project
holds a guessed number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from debugger.contract.guesses import (
    AssumptionError,
    Fact,
    Value,
    checked,
    default_of,
    guess,
)

__all__ = ["DEFAULTS", "AssumptionError", "Assumptions", "Fact", "Value", "facts", "with_overrides"]

_STRIPE: Final = "Stripe"
_REST: Final = "REST custom"
_STANDARD_WEBHOOKS: Final = "Standard Webhooks 1.0"
_OPENAI: Final = "OpenAI"
_HEADER_NAME: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_OURS: Final = "the emulator's own choice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """All guessed facts. Durations are seconds, sizes are bytes, unless a name says otherwise."""

    # Successes and errors.
    generation_created_status: int = guess(
        202, "HTTP status of an accepted generation.", _REST, minimum=200, maximum=299
    )
    file_created_status: int = guess(
        201, "HTTP status of a stored upload.", _REST, minimum=200, maximum=299
    )
    webhook_created_status: int = guess(
        201, "HTTP status of a created webhook endpoint.", _REST, minimum=200, maximum=299
    )
    insufficient_credits_status: int = guess(
        402,
        "HTTP status of insufficient_credits.",
        "HTTP 402 Payment Required",
        minimum=400,
        maximum=499,
    )
    oversized_body_status: int = guess(
        413,
        "HTTP status of a request body above the limit of the edge.",
        _REST,
        minimum=400,
        maximum=499,
    )
    check_order: tuple[str, ...] = guess(
        (
            "disabled",
            "key",
            "scope",
            "rate",
            "body syntax",
            "model and params",
            "idempotency",
            "credits",
            "accept",
        ),
        "Order in which a request is checked.",
        _REST,
        fixed=True,
    )

    # Identifiers and lists.
    id_length: int = guess(24, "Characters after the prefix of an id.", _STRIPE, minimum=8)
    key_length: int = guess(
        40, "Characters of an API key after rvya_sk_.", "common practice", minimum=20
    )
    key_prefix_length: int = guess(
        12, "Visible characters of an API key.", "common practice", minimum=8
    )
    client_request_id_max: int = guess(
        128,
        "Longest client_request_id outside of files, in characters.",
        "the files page",
        minimum=1,
    )
    client_request_id_echoed: bool = guess(
        False,
        "Whether a response repeats client_request_id.",
        "no documented sample does",
        fixed=True,
    )
    page_size: int = guess(
        20, "Items on a page of a list when no limit is sent.", _STRIPE, minimum=1
    )
    page_size_max: int = guess(100, "Largest limit of a list.", _STRIPE, minimum=1)

    # Requests.
    json_body_max_bytes: int = guess(1024 * 1024, "Largest JSON request body.", _REST, minimum=1024)
    upload_body_max_bytes: int = guess(
        100 * 1024 * 1024,
        "Largest upload request; at least the documented 95 MB of one model.",
        _REST,
        minimum=1024,
    )
    unknown_params: str = guess(
        "reject",
        "What happens to a params key that the model does not document.",
        "strict, because the pages speak of allowed keys",
        choices=("reject", "ignore"),
    )
    select_coercion: bool = guess(
        True, "Whether a select accepts 5 and true beside the strings of its options.", _REST
    )
    megabyte: int = guess(
        2**20, "Bytes of one MB in a documented limit.", "binary megabytes", minimum=1
    )

    # Rates and idempotency.
    rate_window_seconds: int = guess(60, "Length of the rate window.", _REST, minimum=1)
    requests_per_window: int = guess(60, "Requests of one key in a window.", _REST, minimum=1)
    submits_per_window: int = guess(10, "Generations of one key in a window.", _REST, minimum=1)
    public_requests_per_window: int = guess(
        60, "Requests of one address to the public operations in a window.", _REST, minimum=1
    )
    rate_headers: bool = guess(
        True, "Whether X-RateLimit-Limit, -Remaining and -Reset are sent.", "GitHub"
    )
    unavailable_retry_after_seconds: int = guess(
        30, "Retry-After of public_api_disabled.", "RFC 9110", minimum=0
    )
    idempotency_life_seconds: int = guess(
        24 * 3600, "How long an Idempotency-Key is remembered.", _STRIPE, minimum=1
    )
    idempotency_key_max: int = guess(
        255, "Longest Idempotency-Key, in printable ASCII characters.", _STRIPE, minimum=1
    )

    # Money.
    price_multiplier: float = guess(
        1.0,
        "Reserved credits are the model's base credits times this; params do not move it.",
        "every documented sample reserves the base credits",
    )
    token_price_per_1000: float = guess(
        1.0,
        "Credits of 1000 chat tokens; the final amount is rounded up, one at least.",
        "fits the documented sample: 1520 tokens, 2 credits",
    )
    refund_on_failure: bool = guess(
        True,
        "Whether a failed job gives its whole reservation back.",
        "the failed sample ends at 0",
    )
    reservation_visible: bool = guess(
        True, "Whether current_credits drops as soon as credits are reserved.", "card payments"
    )

    # Files.
    duration_token_life_seconds: int = guess(
        24 * 3600, "How long a duration_token is accepted.", "signed opaque token", minimum=1
    )
    duration_token_required: bool = guess(
        True, "Whether an audio or video reference must carry its durationToken.", _OURS
    )
    file_life_seconds: int = guess(
        0, "How long an upload is kept; 0 for ever, which makes expires_at null.", _OURS
    )

    # Chat.
    chat_attachments_max: int = guess(10, "Most attachments of one message.", _OPENAI, minimum=0)
    chat_unsupported_option: str = guess(
        "ignore",
        "What happens to an option that the chat model does not support.",
        "the page says that it only applies where supported",
        choices=("ignore", "reject"),
    )
    chat_heartbeat_seconds: float = guess(
        15.0, "Silence after which a stream sends a comment.", "WHATWG advice", minimum=0.1
    )
    chat_tokens_per_second: float = guess(60.0, "Pace of a streamed reply.", _OURS, minimum=0.1)
    chat_stream_end: str = guess("[DONE]", "Data of the last event of a stream.", _OPENAI)

    # Webhooks.
    webhook_scheme: str = guess(
        "standard",
        "How deliveries are signed.",
        _STANDARD_WEBHOOKS,
        choices=("standard", "stripe"),
    )
    webhook_key_decoding: str = guess(
        "base64",
        "How the standard scheme reads the secret behind whsec_.",
        _STANDARD_WEBHOOKS,
        choices=("base64", "text"),
    )
    webhook_id_header: str = guess(
        "webhook-id",
        "Header of the event id in the standard scheme.",
        _STANDARD_WEBHOOKS,
        pattern=_HEADER_NAME,
    )
    webhook_timestamp_header: str = guess(
        "webhook-timestamp",
        "Header of the sending time in the standard scheme.",
        _STANDARD_WEBHOOKS,
        pattern=_HEADER_NAME,
    )
    webhook_signature_header: str = guess(
        "webhook-signature",
        "Header of the signatures in the standard scheme.",
        _STANDARD_WEBHOOKS,
        pattern=_HEADER_NAME,
    )
    webhook_combined_header: str = guess(
        "Rivya-Signature",
        "Header of time and signature in the other scheme.",
        _STRIPE,
        pattern=_HEADER_NAME,
    )
    webhook_tolerance_seconds: int = guess(
        300, "Age at which a signed delivery is refused.", _STANDARD_WEBHOOKS, minimum=1
    )
    webhook_payload_key: str = guess(
        "data", "Key of the generation inside an event.", "Standard Webhooks and Stripe"
    )
    webhook_retry_schedule: tuple[float, ...] = guess(
        (0.0, 5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0),
        "Wait before each delivery attempt.",
        f"{_STANDARD_WEBHOOKS}, shortened",
    )
    webhook_timeout_seconds: float = guess(
        10.0, "How long a delivery waits for its answer.", _REST, minimum=0.1
    )
    webhook_disable_after: int = guess(
        20, "Failed deliveries in a row that disable an endpoint.", _STRIPE, minimum=1
    )
    webhook_body_kept_bytes: int = guess(
        1024, "How much of a receiver's answer a delivery record keeps.", _OURS
    )
    webhook_secret_overlap_seconds: int = guess(
        0, "How long the old secret goes on signing after a rotation.", _OURS
    )
    webhook_endpoints_max: int = guess(50, "Endpoints that one account can have.", _OURS, minimum=1)

    # Polling.
    poll_first_seconds: float = guess(
        2.5, "Wait before the first poll; the page says 2 to 3.", "middle of the documented range"
    )
    poll_seconds: float = guess(
        5.0, "Wait before the second poll; the page says 5 to 10.", "documented range"
    )
    poll_slow_seconds: float = guess(
        10.0,
        "The same for video and audio, for which the page asks to poll slower.",
        "documented range",
    )
    poll_growth: float = guess(
        1.5, "Factor by which each wait grows.", "exponential backoff", minimum=1
    )
    poll_longest_seconds: float = guess(
        30.0, "Longest wait between two polls.", "exponential backoff", minimum=1
    )
    poll_give_up_seconds: float = guess(
        1800.0, "Age at which a job is no longer polled by itself.", _OURS, minimum=1
    )

    def with_overrides(self, overrides: Mapping[str, object]) -> Assumptions:
        """The same with some values replaced; AssumptionError says which one does not fit."""
        known = {item.name: item for item in fields(self)}
        values: dict[str, Any] = {}
        for name, value in overrides.items():
            if name not in known:
                raise AssumptionError(f"There is no assumption named {name!r}.")
            values[name] = checked(known[name], value)
        changed = replace(self, **values)
        if changed.page_size > changed.page_size_max:
            raise AssumptionError("page_size must not be larger than page_size_max.")
        return changed

    def facts(self) -> tuple[Fact, ...]:
        """Every value with its explanation, in the order of this class."""
        return tuple(
            Fact(
                name=item.name,
                value=getattr(self, item.name),
                default=default_of(item),
                about=item.metadata["about"],
                convention=item.metadata["convention"],
                fixed=item.metadata["fixed"],
            )
            for item in fields(self)
        )


DEFAULTS: Final = Assumptions()


def facts() -> tuple[Fact, ...]:
    """Every guess at its default, for screens that list them."""
    return DEFAULTS.facts()


def with_overrides(overrides: Mapping[str, object]) -> Assumptions:
    """The defaults with some values replaced; AssumptionError says which one does not fit."""
    return DEFAULTS.with_overrides(overrides)
