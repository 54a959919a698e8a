from __future__ import annotations

import json

import pytest

from debugger.contract.operations import CATALOG, Operation, Scope
from debugger.emulator import accounts
from debugger.emulator.core import Emulator
from debugger.emulator.wire import Request
from tests.emulator.faces import JSON, NOON, Caller, Clock, InProcess, collect, make_emulator

_KEYED = [operation for operation in CATALOG if operation.scope is not None]


def _path(template: str) -> str:
    return template.replace("{", "").replace("}", "").removeprefix("/api/v1")


@pytest.mark.parametrize("operation", _KEYED, ids=lambda item: item.id)
def test_every_keyed_operation_refuses_a_request_without_a_key(
    emulator: Emulator, operation: Operation
) -> None:
    answer = collect(
        emulator.handle(Request(method=operation.method, path=f"/api/v1{_path(operation.path)}"))
    )
    assert (answer.status, answer.code) == (401, "api_key_missing")
    assert answer.message == "A valid Bearer API key is required."
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("operation", _KEYED, ids=lambda item: item.id)
def test_every_keyed_operation_refuses_a_key_without_its_scope(
    emulator: Emulator, operation: Operation
) -> None:
    others = [scope.value for scope in Scope if scope is not operation.scope]
    bob = Caller.arrive(InProcess(emulator), scopes=others)
    answer = bob.call(operation.method, _path(operation.path))
    assert (answer.status, answer.code) == (403, "api_scope_denied")
    assert str(operation.scope) in answer.message


@pytest.mark.parametrize("path", ["/models", "/openapi.json"])
@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer nonsense"}])
def test_the_public_operations_need_no_key_and_tolerate_a_wrong_one(
    emulator: Emulator, path: str, header: dict[str, str]
) -> None:
    face = InProcess(emulator)
    assert face.send("GET", f"/api/v1{path}", headers=header, body=b"").status == 200


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Bearer", "api_key_missing"),
        ("Bearer ", "api_key_missing"),
        ("Basic YWxpY2U6c2VjcmV0", "api_key_missing"),
        ("Bearer rvya_sk_unheard-of", "api_key_invalid"),
        ("Bearer \udcff\udcfe", "api_key_invalid"),
        ("bearer unheard of", "api_key_invalid"),
    ],
)
def test_a_header_that_is_no_key_is_answered_401(
    emulator: Emulator, header: str, code: str
) -> None:
    answer = collect(
        emulator.handle(
            Request(method="GET", path="/api/v1/credits", headers={"authorization": header})
        )
    )
    assert (answer.status, answer.code) == (401, code)


def test_a_revoked_key_answers_401_with_its_code(emulator: Emulator, alice: Caller) -> None:
    [(_, record)] = emulator.store.keys(alice.account)
    accounts.change_key(emulator.store, alice.account, record["id"], {"revoked_at": NOON})
    answer = alice.call("GET", "/credits")
    assert (answer.status, answer.code) == (401, "api_key_revoked")


def test_a_key_expires_on_its_account_s_clock(emulator: Emulator, clock: Clock) -> None:
    alice = Caller.arrive(InProcess(emulator), expires_at=NOON + 60)
    clock.pass_(59)
    assert alice.call("GET", "/credits").status == 200
    clock.pass_(1)
    assert alice.call("GET", "/credits").code == "api_key_expired"


def test_revoked_counts_more_than_expired(emulator: Emulator) -> None:
    alice = Caller.arrive(InProcess(emulator), expires_at=NOON - 1)
    [(_, record)] = emulator.store.keys(alice.account)
    accounts.change_key(emulator.store, alice.account, record["id"], {"revoked_at": NOON})
    assert alice.call("GET", "/credits").code == "api_key_revoked"


def test_only_the_digest_and_the_beginning_of_a_key_are_kept(emulator: Emulator) -> None:
    alice = Caller.arrive(InProcess(emulator))
    [(digest, record)] = emulator.store.keys(alice.account)
    kept = digest + json.dumps(record)
    assert alice.key not in kept
    assert alice.key.startswith("rvya_sk_")
    assert record["prefix"] == alice.key[:12]


def test_a_key_for_a_scope_that_does_not_exist_is_refused(emulator: Emulator) -> None:
    account = accounts.create(emulator.store, now=NOON)
    with pytest.raises(ValueError, match="models:write"):
        accounts.create_key(emulator.store, account, now=NOON, scopes=["models:write"])


def test_an_in_process_account_stands_for_a_key_with_every_scope(emulator: Emulator) -> None:
    account = accounts.create(emulator.store, now=NOON, credits=7)
    request = Request(method="GET", path="/api/v1/credits", account=account)
    assert collect(emulator.handle(request)).json == {"current_credits": 7}


def test_an_authorization_header_wins_over_the_in_process_account(emulator: Emulator) -> None:
    account = accounts.create(emulator.store, now=NOON)
    headers = {"authorization": "Bearer nonsense"}
    request = Request(method="GET", path="/api/v1/credits", account=account, headers=headers)
    assert collect(emulator.handle(request)).code == "api_key_invalid"


def test_an_account_that_is_gone_is_an_invalid_key(emulator: Emulator) -> None:
    orphan = "rvya_sk_" + "o" * 32
    record = {"id": "key_o", "scopes": ["credits:read"], "revoked_at": None, "expires_at": None}
    for expires_at in (None, NOON + 60):
        key = record | {"expires_at": expires_at}
        emulator.store.put_key(accounts.digest(orphan), "acct_gone", key)
        caller = Caller(face=InProcess(emulator), account="acct_gone", key=orphan)
        assert caller.call("GET", "/credits").code == "api_key_invalid"
    request = Request(method="GET", path="/api/v1/credits", account="acct_gone")
    assert collect(emulator.handle(request)).code == "api_key_invalid"


def test_the_gate_checks_in_the_assumed_order(emulator: Emulator, alice: Caller) -> None:
    no_scope = Caller.arrive(InProcess(emulator), scopes=[])
    bad = {"raw": b"not json", "headers": {"Content-Type": JSON}}
    keyless = InProcess(emulator).send
    assert alice.call("POST", "/generations", scenario="unavailable", **bad).status == 503  # type: ignore[arg-type]
    assert keyless("POST", "/api/v1/generations", headers={}, body=b"not json").status == 401
    assert no_scope.call("POST", "/generations", **bad).status == 403  # type: ignore[arg-type]
    assert alice.call("POST", "/generations", scenario="rate-limited", **bad).status == 429  # type: ignore[arg-type]
    key = {"Idempotency-Key": "k"}
    assert alice.call("POST", "/generations", {"model": "?"}, headers=key).status == 400
    poor = Caller.arrive(InProcess(emulator), credits=0)
    assert poor.submit().status == 402


def test_the_rate_window_counts_down_and_opens_again(alice: Caller, clock: Clock) -> None:
    first = alice.call("GET", "/credits")
    assert first.headers["x-ratelimit-limit"] == "60"
    assert first.headers["x-ratelimit-remaining"] == "59"
    for _ in range(59):
        assert alice.call("GET", "/credits").status == 200
    limited = alice.call("GET", "/credits")
    assert (limited.status, limited.code) == (429, "rate_limited")
    assert limited.headers["x-ratelimit-remaining"] == "0"
    wait = int(limited.headers["retry-after"])
    assert 1 <= wait <= 60
    assert int(limited.headers["x-ratelimit-reset"]) == clock.now + wait
    clock.pass_(wait)
    assert alice.call("GET", "/credits").status == 200


def test_submits_have_a_smaller_window_of_their_own(alice: Caller) -> None:
    answers = [alice.submit() for _ in range(11)]
    assert [answer.status for answer in answers] == [202] * 10 + [429]
    assert answers[-1].headers["x-ratelimit-limit"] == "10"
    assert alice.call("GET", "/credits").status == 200


def test_each_key_has_its_own_window(emulator: Emulator, alice: Caller) -> None:
    for _ in range(60):
        alice.call("GET", "/credits")
    second = accounts.create_key(emulator.store, alice.account, now=NOON)
    other = Caller(face=alice.face, account=alice.account, key=second.secret)
    assert alice.call("GET", "/credits").status == 429
    assert other.call("GET", "/credits").status == 200


def test_the_public_operations_are_limited_per_address(emulator: Emulator) -> None:
    def ask(peer: str) -> int:
        request = Request(method="GET", path="/api/v1/openapi.json", peer=peer)
        return emulator.handle(request).status

    assert [ask("10.0.0.1") for _ in range(61)][-2:] == [200, 429]
    assert ask("10.0.0.2") == 200


def test_rate_headers_can_be_assumed_away(clock: Clock) -> None:
    from debugger.contract.assumptions import with_overrides

    quiet = make_emulator(clock, assumptions=with_overrides({"rate_headers": False}))
    headers = Caller.arrive(InProcess(quiet)).call("GET", "/credits").headers
    assert not [name for name in headers if name.startswith("x-ratelimit")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"NaN",
        b'{"model": NaN}',
        b'{"model": 1e999}',
        b'{"model": "\\ud800"}',
        b'{"model": "\\u0000"}',
        b'{"model": "\xff"}',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"a":' * 500 + b"1" + b"}" * 500,
        b'{"model": ' + b"9" * 5000 + b"}",
        b'{"\\u0000": 1}',
    ],
)
def test_a_body_that_cannot_be_read_is_a_validation_error(alice: Caller, body: bytes) -> None:
    answer = alice.call("POST", "/generations", raw=body, headers={"Content-Type": JSON})
    assert (answer.status, answer.code) == (400, "validation_failed")
    assert answer.json["error"]["requestId"].startswith("req_")


def test_a_body_that_is_not_declared_json_is_refused(alice: Caller) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = alice.call("POST", "/generations", raw=b'{"model":"z-image"}', headers=headers)
    assert "Content-Type" in answer.message


def test_a_body_that_is_too_large_is_answered_413(alice: Caller) -> None:
    body = b'{"prompt":"' + b"x" * (1024 * 1024) + b'"}'
    answer = alice.call("POST", "/generations", raw=body, headers={"Content-Type": JSON})
    assert (answer.status, answer.code) == (413, "validation_failed")


def test_an_unknown_path_is_404_and_a_wrong_method_405(alice: Caller) -> None:
    assert alice.call("GET", "/nothing").code == "not_found"
    wrong = alice.call("PUT", "/webhooks")
    assert wrong.status == 405
    assert wrong.headers["allow"] == "GET, POST"


@pytest.mark.parametrize("task", ["%00", "..%2f..", "a" * 500, "task_%F0%9F%99%82", "'%20OR%201=1"])
def test_an_id_that_cannot_exist_is_not_found(alice: Caller, task: str) -> None:
    assert alice.call("GET", f"/generations/{task}").code == "not_found"


def test_head_answers_like_get_without_a_body(alice: Caller) -> None:
    answer = alice.call("HEAD", "/credits")
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "", "1e2", "٣"])
def test_a_limit_outside_its_range_is_refused(alice: Caller, limit: str) -> None:
    assert alice.call("GET", f"/webhooks?limit={limit}").code == "validation_failed"


def test_lists_are_paged_without_gap_or_repetition(alice: Caller) -> None:
    made = []
    for number in range(5):
        body = {"url": f"https://example.com/{number}"}
        made.append(alice.call("POST", "/webhooks", body).json["id"])
    seen: list[str] = []
    query = "?limit=2"
    while True:
        page = alice.call("GET", f"/webhooks{query}").json
        seen += [item["id"] for item in page["data"]]
        if not page["has_more"]:
            break
        query = f"?limit=2&starting_after={seen[-1]}"
    assert seen == made[::-1]
    assert alice.call("GET", "/webhooks?starting_after=whend_x").code == "validation_failed"


def test_trouble_of_our_own_is_a_500_that_can_be_reported(
    emulator: Emulator, alice: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    from debugger.emulator import credits

    def fail(*_: object, **__: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(credits, "current", fail)
    answer = alice.call("GET", "/credits")
    assert (answer.status, answer.code) == (500, "internal_error")
    assert answer.json["error"]["requestId"].startswith("req_")
