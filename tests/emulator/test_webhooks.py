from __future__ import annotations

import json
from typing import Any

import pytest

from debugger.contract.assumptions import DEFAULTS
from debugger.contract.schemas import validate
from debugger.emulator import accounts
from tests.emulator.hooks import BOTH, URL, endpoint, job, read, rows
from tests.emulator.sandbox import Sandbox


def test_a_new_endpoint_shows_its_secret_once(sandbox: Sandbox) -> None:
    made = endpoint(sandbox, name="Production")
    assert validate("PublicApiWebhookEndpointWithSecret", made) == []
    assert made["signing_secret"].startswith("whsec_")
    assert made["event_types"] == BOTH
    assert made["status"] == "active"
    seen = read(sandbox, made)
    assert "signing_secret" not in seen
    assert made["signing_secret"] not in json.dumps(sandbox.call("GET", "/webhooks").body)
    assert seen["secret_preview"] == made["secret_preview"]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://10.1.2.3/",
        "https://169.254.169.254/",
        "https://[::1]/",
        "https://user:pass@example.com/",
        "https://example.com/#part",
        "https://printer.local/",
        "ftp://example.com/",
        "nonsense",
    ],
)
def test_an_address_that_is_not_public_https_is_rejected(sandbox: Sandbox, url: str) -> None:
    answer = sandbox.call("POST", "/webhooks", {"url": url})
    assert (answer.status, answer.code) == (400, "webhook_url_rejected")
    assert sandbox.call("GET", "/webhooks").body["data"] == []


def test_local_addresses_are_welcome_where_that_is_switched_on(sending: Sandbox) -> None:
    assert endpoint(sending, url="http://127.0.0.1:9/hook")["status"] == "active"
    answer = sending.call("POST", "/webhooks", {"url": "http://u:p@127.0.0.1/"})
    assert answer.code == "webhook_url_rejected"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": 5},
        {"url": URL, "event_types": ["chat.done"]},
        {"url": URL, "event_types": []},
        {"url": URL, "name": 5},
        {"url": URL, "name": "n" * 201},
    ],
)
def test_a_wrong_body_is_refused(sandbox: Sandbox, body: dict[str, Any]) -> None:
    answer = sandbox.call("POST", "/webhooks", body)
    assert (answer.status, answer.code) == (400, "validation_failed")


def test_an_account_has_a_limited_number_of_endpoints() -> None:
    small = Sandbox(assumptions=DEFAULTS.with_overrides({"webhook_endpoints_max": 2}))
    first = endpoint(small)
    endpoint(small)
    assert small.call("POST", "/webhooks", {"url": URL}).code == "validation_failed"
    small.call("DELETE", f"/webhooks/{first['id']}")
    assert endpoint(small)["status"] == "active"


def test_an_update_changes_only_what_it_names(sandbox: Sandbox) -> None:
    made = endpoint(sandbox, name="One")
    sandbox.clock.now += 5
    answer = sandbox.call("PATCH", f"/webhooks/{made['id']}", {"name": "Two"})
    assert answer.status == 200
    del made["signing_secret"]
    assert answer.body == made | {"name": "Two", "updated_at": answer.body["updated_at"]}
    assert answer.body["updated_at"] > made["updated_at"]


def test_an_update_cannot_move_an_endpoint_to_a_private_address(sandbox: Sandbox) -> None:
    made = endpoint(sandbox)
    answer = sandbox.call("PATCH", f"/webhooks/{made['id']}", {"url": "https://10.0.0.1/"})
    assert answer.code == "webhook_url_rejected"
    assert read(sandbox, made)["url"] == URL


def test_a_disabled_endpoint_gets_nothing_until_it_is_active_again(sandbox: Sandbox) -> None:
    made = endpoint(sandbox)
    off = sandbox.call("PATCH", f"/webhooks/{made['id']}", {"status": "disabled"}).body
    assert off["disabled_at"] is not None
    job(sandbox)
    sandbox.clock.now += 60
    assert rows(sandbox, made) == []
    assert sandbox.call("POST", f"/webhooks/{made['id']}/test").code == "validation_failed"
    on = sandbox.call("PATCH", f"/webhooks/{made['id']}", {"status": "active"}).body
    assert on["disabled_at"] is None
    job(sandbox)
    sandbox.clock.now += 60
    assert len(rows(sandbox, made)) == 1


def test_a_deleted_endpoint_can_be_read_and_not_written(sandbox: Sandbox) -> None:
    made = endpoint(sandbox)
    gone = sandbox.call("DELETE", f"/webhooks/{made['id']}").body
    assert gone["status"] == "revoked"
    assert gone["revoked_at"] is not None
    assert read(sandbox, made)["status"] == "revoked"
    for method, path in (
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/rotate-secret"),
        ("POST", "/test"),
    ):
        answer = sandbox.call(method, f"/webhooks/{made['id']}{path}", {})
        assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/rotate-secret"),
        ("GET", "/deliveries"),
        ("POST", "/test"),
    ],
)
def test_the_endpoint_of_another_account_is_not_found(
    sandbox: Sandbox, method: str, path: str
) -> None:
    made = endpoint(sandbox)
    charlie = accounts.create(sandbox.store, now=sandbox.clock())
    address = f"/webhooks/{made['id']}{path}"
    answer = sandbox.call(method, address, None if method == "GET" else {}, account=charlie)
    assert (answer.status, answer.code) == (404, "not_found")


def test_a_rotation_shows_a_new_secret_once(sandbox: Sandbox) -> None:
    made = endpoint(sandbox)
    turned = sandbox.call("POST", f"/webhooks/{made['id']}/rotate-secret").body
    assert turned["signing_secret"] != made["signing_secret"]
    assert "signing_secret" not in read(sandbox, made)
