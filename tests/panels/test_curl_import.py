from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from debugger.contract import operations
from debugger.contract.operations import Operation
from debugger.panels import curl_import
from debugger.panels.curl_import import Imported
from debugger.panels.draft import Draft, initial
from debugger.panels.snippets import snippets

KEY = "rvya_sk_" + "a1B2" * 8
BASE = "https://rivya.ai"

texts = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(
    [
        "it's",
        '"',
        "\\",
        'a\\"b\\\\',
        "100%",
        "%PATH%",
        "%^a%",
        "$HOME",
        "`id`",
        "$(id)",
        "a^b",
        'x^"y',
        "a\r\nb",
        "a\nb",
        "@file",
        "<in",
        "a;type=b",
        "!x",
        "a & b | c > d",
        "नमस्ते 안녕",
        "''",
        "^",
        "\\'",
    ]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats(-1e6, 1e6) | texts
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
ids = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(
    lambda text: text not in (".", "..")
)
header_values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12).map(
    str.strip
)


def drafts(operation: Operation) -> st.SearchStrategy[Draft]:
    if operation.id == "files.create":
        # A multipart form ends with its file.
        body: st.SearchStrategy[Any] = st.fixed_dictionaries(
            {"kind": st.sampled_from(["image", "video"])},
            optional={"client_request_id": texts.map(lambda text: text.replace("\r", ""))},
        ).map(lambda fields: {**fields, "file": "a b;c,\"d'.png"})
    elif operation.request is None:
        body = st.none()
    else:
        body = json_values.filter(lambda value: value is not None) | st.just(
            initial(operation).body
        )
    return st.builds(
        Draft,
        path=st.fixed_dictionaries({each.name: ids for each in operation.path_params}),
        query=st.fixed_dictionaries(
            {}, optional={each.name: texts for each in operation.query_params}
        ),
        headers=st.dictionaries(st.sampled_from(["X-One", "X-Two"]), header_values, max_size=2),
        body=body,
    )


def exact(draft: Draft) -> str:
    return json.dumps([draft.path, draft.query, draft.headers, draft.body, draft.text])


@pytest.mark.parametrize("operation", operations.CATALOG, ids=lambda each: each.id)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_our_own_curl_snippets_read_back_as_the_same_draft(
    operation: Operation, data: st.DataObject
) -> None:
    draft = data.draw(drafts(operation))
    for snippet in snippets(operation, draft, base_url=BASE)[:2]:
        found = curl_import.read(snippet.code)
        assert found.operation_id == operation.id, snippet.code
        assert found.draft is not None
        assert exact(found.draft) == exact(draft), snippet.code
        assert not found.had_key
        assert not found.foreign


def read(command: str) -> Imported:
    return curl_import.read(command)


def drops(found: Imported) -> set[str]:
    return {each.what for each in found.dropped}


def test_the_documented_quickstart_command_is_understood() -> None:
    found = read(
        f"""curl -X POST https://rivya.ai/api/v1/generations \\
  -H "Authorization: Bearer {KEY}" \\
  -H "Content-Type: application/json" \\
  -H "Idempotency-Key: demo-1" \\
  -d '{{"model":"z-image","prompt":"It is a \\"test\\"","params":{{"aspect_ratio":"1:1"}}}}'
"""
    )
    assert found.operation_id == "generations.create"
    assert found.draft is not None
    assert found.draft.body["prompt"] == 'It is a "test"'
    assert found.draft.headers == {"Idempotency-Key": "demo-1"}
    assert found.had_key
    assert KEY not in repr(found)


@pytest.mark.parametrize(
    "command",
    [
        f"curl https://rivya.ai/api/v1/credits -H 'Authorization: Bearer {KEY}'",
        f"curl https://rivya.ai/api/v1/credits -H'authorization:{KEY}'",
        f"curl https://rivya.ai/api/v1/credits -u {KEY}:",
        f"curl https://rivya.ai/api/v1/credits -u me:{KEY}",
        f"curl https://rivya.ai/api/v1/credits -b session={KEY}",
        f"curl https://rivya.ai/api/v1/credits -H 'Cookie: session={KEY}'",
        f"curl https://rivya.ai/api/v1/credits -H 'X-Api-Key: {KEY}'",
        f"curl https://rivya.ai/api/v1/credits --oauth2-bearer {KEY}",
        f"curl 'https://rivya.ai/api/v1/credits?api_key={KEY}'",
        f"curl 'https://rivya.ai/api/v1/credits?x={KEY}'",
        f"curl https://{KEY}@rivya.ai/api/v1/credits",
        f"curl https://rivya.ai/api/v1/credits/{KEY}",
        f"curl https://rivya.ai/api/v1/generations/{KEY}",
        f"curl https://rivya.ai/api/v1/credits -H 'X-Trace: {KEY}'",
        f'curl https://rivya.ai/api/v1/generations -d \'{{"prompt": "{KEY}"}}\'',
        f'curl https://rivya.ai/api/v1/generations -d \'{{"{KEY}": ["{KEY}"]}}\'',
        f"curl https://rivya.ai/api/v1/generations -d 'not json {KEY}'",
        f"curl https://rivya.ai/api/v1/files -F kind={KEY} -F file=@{KEY}",
        f"curl https://rivya.ai/api/v1/generations -d @{KEY}",
        f"curl https://rivya.ai/api/v1/credits --{KEY}",
        f"curl https://rivya.ai/api/v1/credits -X {KEY}",
        f"curl https://rivya.ai/api/v1/credits | grep {KEY}",
        f"curl https://rivya.ai/api/v1/credits -F {KEY}=@x",
        f'curl ^"https://rivya.ai/api/v1/credits^" -H ^"Authorization: Bearer {KEY}^"',
    ],
)
def test_a_key_is_kept_nowhere(command: str) -> None:
    assert KEY not in repr(read(command))
    assert KEY.lower() not in repr(read(command)).lower()
    assert KEY[8:] not in repr(read(command))


def test_a_key_that_has_no_known_shape_is_taken_out_of_the_body_too() -> None:
    odd = "correct-horse-battery"
    found = read(
        f"curl https://rivya.ai/api/v1/generations -H 'Authorization: Bearer {odd}' "
        f'--json \'{{"prompt": "my key is {odd}"}}\''
    )
    assert found.had_key
    assert odd not in repr(found)


@pytest.mark.parametrize(
    "word", ["$RIVYA_API_KEY", "${RIVYA_API_KEY}", "%RIVYA_API_KEY%", "{{key}}", "<your key>"]
)
def test_the_name_of_a_variable_is_not_a_key(word: str) -> None:
    command = f'curl https://rivya.ai/api/v1/credits -H "Authorization: Bearer {word}"'
    found = read(command)
    assert not found.had_key
    assert drops(found) == {"Authorization"}


@pytest.mark.parametrize(
    "command",
    [
        "curl https://rivya.ai/api/v1/credits",
        "$ curl https://rivya.ai/api/v1/credits",
        "KEY=x sudo /usr/bin/curl -sSL https://rivya.ai/api/v1/credits",
        "curl.exe -s --url https://rivya.ai/api/v1/credits",
        "curl -XGET https://rivya.ai/api/v1/credits/",
        "# balance\ncurl https://rivya.ai/api/v1/credits",
        "curl rivya.ai/api/v1/credits",
        'curl "$BASE_URL/api/v1/credits"',
        "curl ${BASE}/api/v1/credits",
        "curl {{base}}/api/v1/credits",
        "curl \\\n  https://rivya.ai/api/v1/credits",
        "curl ^\r\n  https://rivya.ai/api/v1/credits",
        "curl --compressed -k -v -o /dev/null https://rivya.ai/api/v1/credits",
        "curl 'https://rivya.ai/api/v1/cre''dits'",
        "curl $'https://rivya.ai/api/v1/cred\\x69ts'",
    ],
)
def test_the_usual_ways_to_write_a_call_are_understood(command: str) -> None:
    found = read(command)
    assert found.operation_id == "credits.retrieve"
    assert not found.foreign


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        ("-d '{\"a\": 1}'", {"a": 1}),
        ('-d "{\\"a\\": 1}"', {"a": 1}),
        ("--data '{\"a\": 1}'", {"a": 1}),
        ("--data='{\"a\": 1}'", {"a": 1}),
        ('--data-raw $\'{"a": "it\\\'s"}\'', {"a": "it's"}),
        ("--data-binary '{\"a\":\n1}'", {"a": 1}),
        ("--json '{\"a\": 1}'", {"a": 1}),
        ("--json '{\"a\":' --json ' 1}'", {"a": 1}),
        ('--json $\'{"a": "\\u0928\\xc3\\xa9"}\'', {"a": "नé"}),
        ('-d"{}"', {}),
    ],
)
def test_bodies_are_read_as_the_shell_would_pass_them(arguments: str, body: Any) -> None:
    found = read(f"curl https://rivya.ai/api/v1/generations {arguments}")
    assert found.operation_id == "generations.create"
    assert found.draft is not None
    assert found.draft.body == body


def test_several_data_options_join_as_curl_joins_them() -> None:
    found = read("curl -G https://rivya.ai/api/v1/webhooks -d limit=5 --data-urlencode 'a=x y'")
    assert found.operation_id == "webhooks.list"
    assert found.draft is not None
    assert found.draft.query == {"limit": "5", "a": "x y"}


def test_a_query_comes_from_the_address_and_from_its_option() -> None:
    found = read("curl 'https://rivya.ai/api/v1/webhooks?limit=5' --url-query 'starting_after=é '")
    assert found.draft is not None
    assert found.draft.query == {"limit": "5", "starting_after": "é "}


@pytest.mark.parametrize(
    "arguments",
    ["-d @/etc/passwd", "--data-binary @body.json", "--json @body.json", "--data-urlencode a@b"],
)
def test_a_file_of_a_body_is_never_opened(arguments: str) -> None:
    found = read(f"curl -X POST https://rivya.ai/api/v1/generations {arguments}")
    assert found.operation_id == "generations.create"
    assert found.draft is not None
    assert found.draft.body is None
    assert any("never opened" in each.why for each in found.dropped)


def test_an_upload_keeps_the_files_name_and_asks_for_the_file() -> None:
    found = read(
        "curl https://rivya.ai/api/v1/files -F 'file=@\"/home/me/a;b.png\";type=image/png' "
        "-F kind=image -F 'model=z-image;type=text/plain'"
    )
    assert found.operation_id == "files.create"
    assert found.draft is not None
    assert found.draft.body == {"file": "a;b.png", "kind": "image", "model": "z-image"}
    assert "-F file=@…" in drops(found)


def test_what_has_no_place_here_is_dropped_with_a_reason() -> None:
    found = read(
        "curl -k -L -o out.json -T up.bin -x http://proxy:1 -b a=b --max-time 5 --frobnicate "
        "https://rivya.ai/api/v1/credits https://example.com/ -H Host:x"
    )
    assert found.operation_id == "credits.retrieve"
    named = drops(found)
    assert named >= {"-k", "-L", "-o", "-T", "-x", "-b", "--max-time", "--frobnicate", "Host"}
    assert all(each.why for each in found.dropped)


def test_only_the_first_command_is_read_and_nothing_is_run() -> None:
    found = read("curl https://rivya.ai/api/v1/credits; rm -rf ~ && curl https://evil.example/")
    assert found.operation_id == "credits.retrieve"
    assert ";" in drops(found)
    inner = read('curl https://rivya.ai/api/v1/generations -d "{\\"prompt\\": \\"$(id)\\"}"')
    assert inner.draft is not None
    assert inner.draft.body == {"prompt": "$(id)"}
    assert "$(…)" in drops(inner)


@pytest.mark.parametrize(
    ("address", "host", "foreign"),
    [
        ("https://rivya.ai", "rivya.ai", False),
        ("https://RIVYA.ai", "rivya.ai", False),
        ("https://rivya.ai.evil.example", "rivya.ai.evil.example", True),
        ("https://rivya.ai@evil.example", "evil.example", True),
        ("http://127.0.0.1:8001", "127.0.0.1:8001", True),
    ],
)
def test_another_host_is_called_foreign(address: str, host: str, *, foreign: bool) -> None:
    found = read(f"curl {address}/api/v1/credits")
    assert (found.host, found.foreign) == (host, foreign)


def test_the_configured_upstream_is_not_foreign() -> None:
    command = "curl http://127.0.0.1:8001/api/v1/credits"
    assert not curl_import.read(command, own_hosts=("127.0.0.1:8001",)).foreign


@pytest.mark.parametrize(
    "command",
    [
        "",
        "wget https://rivya.ai/",
        "curl",
        "curl -H",
        "curl https://rivya.ai/",
        "curl https://rivya.ai/api/v1/nothing",
        "curl -X PUT https://rivya.ai/api/v1/credits",
        "curl -I https://rivya.ai/api/v1/credits",
        "curl http://[::1/api/v1/credits",
        "curl http://rivya.ai:port/api/v1/credits",
        "x" * 1_000_001,
    ],
)
def test_what_is_no_call_of_this_api_says_why(command: str) -> None:
    found = read(command)
    assert found.operation_id is None
    assert found.draft is None
    assert found.dropped


def test_a_body_that_is_not_json_stands_in_the_editor_as_it_was() -> None:
    found = read("curl https://rivya.ai/api/v1/generations -d 'model=z-image'")
    assert found.draft is not None
    assert found.draft.text == "model=z-image"


pieces = st.sampled_from(
    [
        "curl",
        " ",
        "'",
        '"',
        "\\",
        "\n",
        "^",
        "$'",
        "$(",
        ")",
        "`",
        "-H",
        "-d",
        "-F",
        "--json",
        "-XPOST",
        "https://rivya.ai/api/v1/generations",
        "@",
        "%41",
        "=",
        "{",
        "}",
        "\\x",
        "\\u",
        "#",
        "|",
        "\x00",
        "é",
        "[",
        "?",
    ]
)


@given(st.lists(pieces, max_size=25).map("".join) | st.text(max_size=60))
@settings(max_examples=400, deadline=None)
def test_no_text_makes_the_reader_raise(text: str) -> None:
    assert isinstance(read(text), Imported)
    assert isinstance(read(f"curl https://rivya.ai/api/v1/files {text}"), Imported)


def test_an_unclosed_quote_is_told() -> None:
    found = read('curl https://rivya.ai/api/v1/generations -d \'{"a": 1}')
    assert "'" in drops(found)


@pytest.mark.parametrize("value", ["$(uuidgen)", "$KEY", "%KEY%", "{{key}}"])
def test_an_idempotency_key_that_is_a_variable_is_not_taken_as_a_key(value: str) -> None:
    found = read(
        f'curl https://rivya.ai/api/v1/generations -H "Idempotency-Key: {value}" --json "{{}}"'
    )
    assert found.draft is not None
    assert found.draft.headers == {}
    assert "Idempotency-Key" in drops(found)
