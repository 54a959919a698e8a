"""Alice with an authenticator app, as she sets it up in a browser."""

from __future__ import annotations

import re

from allauth.mfa.totp.internal import auth as totp
from django.test import Client

from tests import cast


def sign_in(client: Client) -> str:
    sent = {"login": "alice@example.com", "password": cast.PASSWORD}
    return client.post("/accounts/login/", sent).headers.get("Location", "")


def code_of(secret: str) -> str:
    counter = next(iter(totp.yield_hotp_counters_from_time()))
    return str(totp.format_hotp_value(totp.hotp_value(secret, counter)))


def enrolled() -> tuple[Client, str, list[str]]:
    """Alice with an app: her browser, the app's secret, her recovery codes."""
    cast.acme()
    client = Client()
    sign_in(client)
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    found = re.search(r'id="totp-secret"[^>]*>([A-Z2-7]+)<', page)
    assert found
    done = client.post("/accounts/2fa/totp/activate/", {"code": code_of(found[1])}, follow=True)
    listed = re.search(r'<pre class="codes"[^>]*>([\d\s]+)</pre>', done.content.decode())
    assert listed
    return client, found[1], listed[1].split()
