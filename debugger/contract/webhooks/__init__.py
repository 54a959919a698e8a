"""Webhooks: the event types, signing and verifying deliveries, and the rules about addresses.

How Rivya signs is not documented. The default is Standard Webhooks 1.0; a Stripe-like form stands
behind a setting, and header names and key decoding are settings too.
"""

from __future__ import annotations

from debugger.contract.webhooks.addresses import is_public, url_problem
from debugger.contract.webhooks.signing import (
    EventType,
    Scheme,
    SecretError,
    new_secret,
    preview,
    sign,
)
from debugger.contract.webhooks.verifying import Step, Verdict, verify

__all__ = [
    "EventType",
    "Scheme",
    "SecretError",
    "Step",
    "Verdict",
    "is_public",
    "new_secret",
    "preview",
    "sign",
    "url_problem",
    "verify",
]
