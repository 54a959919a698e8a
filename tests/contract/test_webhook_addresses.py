"""Which addresses a webhook may be sent to."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.contract.webhooks import is_public, url_problem


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/rivya/webhook",
        "https://example.com",
        "https://example.com:8443/a?b=c",
        "https://EXAMPLE.com/a%20b",
        "https://example.com./",
        "https://1.1.1.1/hook",
        "https://[2606:4700:4700::1111]/hook",
        "https://[::ffff:1.1.1.1]/",
        "https://bücher.example/",
        "https://xn--bcher-kva.example/",
        "https://1password.com/",
        "https://localhost.example.com/",
        "https://my-local.example/",
    ],
)
def test_a_public_https_address_is_accepted(url: str) -> None:
    assert url_problem(url) is None


@pytest.mark.parametrize(
    "url",
    ["http://example.com/", "ftp://example.com", "//example.com", "example.com", "HTTPX://a.b"],
)
def test_anything_but_https_is_refused(url: str) -> None:
    assert url_problem(url) == "must begin with https://"


@pytest.mark.parametrize(
    "url", ["https://user:pass@example.com/", "https://user@example.com/", "https://@example.com/"]
)
def test_credentials_are_refused(url: str) -> None:
    assert "user name" in (url_problem(url) or "")


@pytest.mark.parametrize("url", ["https://example.com/#a", "https://example.com/#"])
def test_a_fragment_is_refused_even_when_it_is_empty(url: str) -> None:
    assert "fragment" in (url_problem(url) or "")


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "printer.local",
        "db.internal",
        "router.home.arpa",
        "intranet",
        "nas.lan",
    ],
)
def test_local_names_are_refused(host: str) -> None:
    assert "public" in (url_problem(f"https://{host}/hook") or "")


REFUSED = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104 -- an address that is refused, not one to listen at.
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "fe80::1",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "ff02::1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001:0:4136:e378::1",
    "2001:db8::1",
]


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    host = f"[{address}]" if ":" in address else address
    assert url_problem(f"https://{host}/") is not None


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.0x1",
        "127。0。0。1",
        "①②⑦.⓪.⓪.①",
        "[fe80::1%25eth0]",
        "[::1%eth0]",
        "256.1.1.1",
    ],
)
def test_other_spellings_of_an_address_are_refused(host: str) -> None:
    assert url_problem(f"https://{host}/") is not None


@pytest.mark.parametrize(
    "url",
    [
        "",
        None,
        5,
        [],
        "https://",
        "https:///path",
        "https://exa mple.com/",
        "https://example.com/\n",
        "https://example.com\t/",
        "https://example.com\\@evil.example/",
        "https://exam\u200bple.com/",
        "https://[::1/",
        "https://example.com:99999/",
        "https://example.com:0/",
        "https://example.com:abc/",
        "https://a..b/",
        "https://-a.example/",
        "https://" + "a" * 64 + ".example/",
        "https://example.com/" + "a" * 3000,
        "https://\ud800.example/",
        "https://.../",
    ],
)
def test_a_malformed_address_is_refused(url: object) -> None:
    assert url_problem(url) is not None


def test_a_receiver_under_development_may_be_local_when_that_is_allowed() -> None:
    assert url_problem("http://127.0.0.1:8000/hook", allow_local=True) is None
    assert url_problem("http://localhost:8000/hook", allow_local=True) is None
    assert url_problem("http://user@localhost/", allow_local=True) is not None
    assert url_problem("ftp://localhost/", allow_local=True) is not None


@given(
    url=st.text()
    | st.text(max_size=30).map(lambda rest: f"https://{rest}")
    | st.ip_addresses().map(lambda address: f"https://{address}/")
)
def test_no_text_raises(url: str) -> None:
    assert url_problem(url) is None or url_problem(url)


@given(address=st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_by_the_one_inside(address: ipaddress.IPv4Address) -> None:
    mapped = ipaddress.IPv6Address(f"::ffff:{address}")
    assert is_public(mapped) is is_public(address)
