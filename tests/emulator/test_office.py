from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest

from debugger.contract.operations import Scope
from debugger.emulator.core import Emulator
from debugger.emulator.office import Office
from debugger.emulator.wire import Request
from tests.emulator.faces import JSON, Answer, Caller, Clock, InProcess, collect

HOST = "127.0.0.1:8001"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def office(emulator: Emulator) -> Office:
    return Office(emulator)


def _ask(
    office: Office,
    method: str,
    path: str,
    body: bytes = b"",
    **headers: str,
) -> Answer:
    path, _, query = path.partition("?")
    sent = {"host": HOST} | {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request(
        method=method,
        path=path,
        query=query,
        headers=sent,
        body=body,
        base_url=f"http://{HOST}",
    )
    response = office.handle(request)
    assert response is not None
    return collect(response)


def _post(office: Office, action: str, pairs: Any = (), **headers: str) -> Answer:
    body = urlencode(pairs, doseq=True).encode()
    sent = {"content_type": FORM, "origin": f"http://{HOST}"} | headers
    return _ask(office, "POST", f"/_sandbox/{action}", body, **sent)


def _text(office: Office, path: str = "/") -> str:
    return _ask(office, "GET", path).body.decode()


def _new_key(office: Office, pairs: Any) -> tuple[str, str]:
    """The key as its one page shows it, and that page's address."""
    answer = _post(office, "key", pairs)
    assert answer.status == 303
    place = answer.headers["location"]
    found = re.search(r"rvya_sk_[A-Za-z0-9]{20,}", _text(office, place))
    assert found is not None
    return found[0], place


def test_a_key_made_on_the_page_opens_the_api(office: Office, emulator: Emulator) -> None:
    _post(office, "account")
    key, _ = _new_key(office, {"name": "First"})
    [account] = emulator.store.accounts()
    assert Caller(face=InProcess(emulator), account=account, key=key).credits() == 1000


def test_a_new_key_is_shown_once(office: Office, alice: Caller) -> None:
    key, place = _new_key(office, {"account": alice.account, "name": "First"})
    for path in (place, "/", f"/?account={alice.account}", "/_sandbox/accounts"):
        text = _text(office, path)
        assert key not in text
        assert alice.key not in text
    assert key[:12] in _text(office)


def test_a_key_holds_the_scopes_that_were_ticked(
    office: Office, emulator: Emulator, alice: Caller
) -> None:
    pairs = [("account", alice.account), ("with_scopes", "1"), ("scopes", "files:read")]
    key, _ = _new_key(office, pairs)
    limited = Caller(face=alice.face, account=alice.account, key=key)
    assert limited.call("GET", "/credits").code == "api_scope_denied"
    none, _ = _new_key(office, pairs[:2])
    [(_, record), *_] = emulator.store.keys(alice.account)
    assert record["scopes"] == []
    assert none.startswith(record["prefix"])


def test_a_key_is_revoked_and_expired_from_the_page(
    office: Office, emulator: Emulator, alice: Caller
) -> None:
    for action, code in (("expire", "api_key_expired"), ("revoke", "api_key_revoked")):
        [(_, record)] = emulator.store.keys(alice.account)
        answer = _post(office, action, {"account": alice.account, "id": record["id"]})
        assert answer.status == 303
        assert alice.call("GET", "/credits").code == code


def test_a_key_can_be_given_an_end(office: Office, alice: Caller, clock: Clock) -> None:
    key, _ = _new_key(office, {"account": alice.account, "expires_in": "60"})
    short = Caller(face=alice.face, account=alice.account, key=key)
    assert short.call("GET", "/credits").status == 200
    clock.pass_(60)
    assert short.call("GET", "/credits").code == "api_key_expired"


def test_balance_scenario_clock_and_receiver_are_set_from_the_page(
    office: Office, alice: Caller, clock: Clock
) -> None:
    owner = {"account": alice.account}
    _post(office, "balance", owner | {"credits": "5"})
    assert alice.credits() == 5
    _post(office, "scenario", owner | {"name": "rate-limited"})
    assert alice.call("GET", "/credits").status == 429
    _post(office, "scenario", owner | {"name": "happy"})
    task = alice.submit()
    _post(office, "clock", owner | {"step": "3600"})
    assert alice.call("GET", f"/generations/{task.json['id']}").json["status"] == "succeeded"
    _post(office, "clock", owner | {"speed": "10"})
    _post(office, "receiver", owner | {"name": "fails"})
    text = _text(office)
    assert 'value="10" aria-pressed="true"' in text
    assert '<option value="fails" selected>' in text


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("balance", {"credits": "-1"}),
        ("balance", {"credits": "many"}),
        ("balance", {"credits": "nan"}),
        ("balance", {"credits": "1e99"}),
        ("balance", {}),
        ("scenario", {"name": "unheard-of"}),
        ("receiver", {"name": "unheard-of"}),
        ("clock", {"step": "-5"}),
        ("clock", {"speed": "1001"}),
        ("revoke", {"id": "key_unheard-of"}),
        ("key", {"expires_in": "x"}),
        ("key", {"account": "acct_unheard-of"}),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    office: Office, alice: Caller, action: str, fields: dict[str, str]
) -> None:
    answer = _post(office, action, {"account": alice.account} | fields)
    assert answer.status == 422
    assert 'role="alert"' in answer.body.decode()


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"scopes":"all"}', b'{"scopes":["x"]}', b"[" * 9999]
)
def test_a_json_caller_gets_a_sentence_too(office: Office, alice: Caller, body: bytes) -> None:
    answer = _ask(office, "POST", "/_sandbox/key", body, content_type=JSON)
    assert answer.status == 400
    assert answer.message


def test_a_json_caller_can_do_what_the_page_does(office: Office, alice: Caller) -> None:
    made = _ask(office, "POST", "/_sandbox/key", b'{"name":"x"}', content_type=JSON).json
    assert made["scopes"] == [scope.value for scope in Scope]
    [account] = _ask(office, "GET", "/_sandbox/accounts").json["accounts"]
    assert account["account"] == alice.account
    assert [key["name"] for key in account["keys"]] == ["x", ""]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec_fetch_site": "cross-site", "origin": f"http://{HOST}"},
        {"sec_fetch_site": "same-site"},
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example:8001"},
        {"host": ""},
    ],
)
def test_another_site_cannot_post_here(
    office: Office, emulator: Emulator, headers: dict[str, str]
) -> None:
    assert _post(office, "account", **headers).status == 403
    assert emulator.store.accounts() == []


def test_a_foreign_name_that_points_here_sees_nothing(office: Office, alice: Caller) -> None:
    answer = _ask(office, "GET", "/", host="evil.example")
    assert answer.status == 403
    assert alice.account not in answer.body.decode()


def test_a_name_can_be_allowed(emulator: Emulator) -> None:
    office = Office(emulator, allow_hosts=("emulator:8001",))
    assert _ask(office, "GET", "/", host="emulator:8001").status == 200


def test_the_page_has_a_strict_policy_and_nothing_of_others(office: Office, alice: Caller) -> None:
    answer = _ask(office, "GET", "/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    text = answer.body.decode()
    assert "<script" not in text
    assert "style=" not in text
    assert re.findall(r'(?:src|href)="(?!/)[^"]*"', text) == []


def test_what_people_type_is_escaped(office: Office, alice: Caller) -> None:
    _new_key(office, {"account": alice.account, "name": '"><img src=x onerror=alert(1)>'})
    text = _text(office)
    assert "<img src=x" not in text
    assert "&lt;img src=x" in text


class _Balance(HTMLParser):
    """Counts open elements, so that a page with a forgotten end is noticed."""

    _EMPTY = frozenset({"meta", "link", "input", "img", "br", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002 -- The parser calls it so.
        if tag not in self._EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_with_and_without_an_account(
    office: Office, emulator: Emulator
) -> None:
    empty = _text(office)
    Caller.arrive(InProcess(emulator))
    for text in (empty, _text(office)):
        parser = _Balance()
        parser.feed(text)
        assert parser.open == []


def test_its_files_and_its_health_are_served(office: Office) -> None:
    assert _ask(office, "GET", "/_sandbox/page.css").headers["content-type"].startswith("text/css")
    assert _ask(office, "GET", "/_sandbox/icon.svg").body.startswith(b"<svg")
    assert _ask(office, "GET", "/healthz", host="anything").json == {"status": "ok"}
    assert _ask(office, "GET", "/_sandbox/unheard-of").status == 404
    assert _ask(office, "DELETE", "/").status == 405


def test_the_api_is_none_of_its_business(office: Office) -> None:
    request = Request(method="GET", path="/api/v1/models", headers={"host": HOST})
    assert office.handle(request) is None


@pytest.mark.parametrize(
    ("receiver", "status", "response"),
    [
        ("accepts", "succeeded", 200),
        ("fails", "pending", 500),
        ("redirects", "pending", 302),
        ("times-out", "pending", None),
    ],
)
def test_simulated_receivers_answer_as_the_page_says(
    office: Office, alice: Caller, receiver: str, status: str, response: int | None
) -> None:
    _post(office, "receiver", {"account": alice.account, "name": receiver})
    hook = alice.call("POST", "/webhooks", {"url": "https://example.com/hook"}).json["id"]
    delivery = alice.call("POST", f"/webhooks/{hook}/test", {}).json
    assert (delivery["status"], delivery["response_status"]) == (status, response)
