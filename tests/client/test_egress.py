"""Inner addresses are refused in every spelling; public ones pass and are pinned."""

from __future__ import annotations

import asyncio

import pytest

from debugger.client.egress import Forbidden, Target, check_url, is_public, resolve

INNER_ADDRESSES = (
    "0.0.0.0",  # noqa: S104 -- Nothing is bound to it.
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.254",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2002:808:808::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "not an address",
    "",
)
INNER_URLS = (
    "http://127.0.0.1/",
    "http://127.0.0.1:8000/",
    "https://127.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://0x7F.0x0.0x0.0x1/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://0177.0.0.01/",
    "http://127.0.0.1./",
    "http://127.0.0.01/",
    "http://127.0.0.0x1/",
    "http://127.0.0.256/",
    "http://0/",
    "http://0.0.0.0/",
    "http://0x/",
    "http://１２７.0.0.1/",
    "http://①②⑦.0.0.1/",
    "http://127。0。0。1/",
    "http://127．0．0．1/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[fe80::1%25eth0]/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[v1.fe80::1]/",
    "http://[::1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://100.100.100.200/",
    "http://168.63.129.16/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://localhost:5432/",
    "http://a.localhost/",
    "http://ⓛocalhost/",
    "http://localhost.localdomain/",
    "http://printer/",
    "http://printer.local/",
    "http://router.lan/",
    "http://db.internal/",
    "http://metadata.google.internal/",
    "http://x.home.arpa/",
    "http://1.0.0.127.in-addr.arpa/",
    "http://user@example.com/",
    "http://example.com@127.0.0.1/",
    "http://example.com:80@127.0.0.1/",
    "http://@127.0.0.1/",
    "http://example.com\\@127.0.0.1/",
    "http:\\\\127.0.0.1/",
    "http://127.0.0.1\t/",
    "http://127.0.0.1\n/",
    " http://example.com/",
    "http://example.com /",
    "http://exa\0mple.com/",
    "http:///etc/passwd",
    "http://",
    "http:example.com",
    "//example.com/",
    "example.com",
    "",
    "file:///etc/passwd",
    "ftp://example.com/",
    "gopher://example.com/",
    "javascript:alert(1)",
    "data:image/png;base64,AAAA",
    "HTTP+UNIX://example.com/",
    "http://example.com:0/",
    "http://example.com:99999/",
    "http://example.com:x/",
    "http://-example.com/",
    "http://exa..mple.com/",
    "http://%31%32%37.0.0.1/",
    "http://127.0.0.1%2f.example.com/",
    "http://example.com/" + "a" * 9000,
    "http://half\ud800.example.com/",
)


@pytest.mark.parametrize("address", INNER_ADDRESSES)
def test_an_inner_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00::1"]
)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("url", INNER_URLS)
def test_an_address_that_leads_inward_or_is_oddly_written_is_refused(url: str) -> None:
    with pytest.raises(Forbidden):
        check_url(url)


@pytest.mark.parametrize(
    ("url", "host", "port", "authority"),
    [
        ("https://media.example.com/a.png?x=1&y=%20#z", "media.example.com", 443, None),
        ("http://EXAMPLE.com.:8080/", "example.com", 8080, "example.com:8080"),
        ("https://8.8.8.8/", "8.8.8.8", 443, None),
        ("https://[2606:4700::1111]/", "2606:4700::1111", 443, "[2606:4700::1111]"),
        ("https://bücher.example.org/", "xn--bcher-kva.example.org", 443, None),
        ("https://a_b.example.com:444/", "a_b.example.com", 444, "a_b.example.com:444"),
    ],
)
def test_a_plain_public_address_passes(
    url: str, host: str, port: int, authority: str | None
) -> None:
    target = check_url(url)
    assert (target.host, target.port, target.trusted) == (host, port, False)
    assert target.authority == (authority or host)


def test_a_configured_host_may_be_an_inner_one() -> None:
    assert check_url("http://127.0.0.1:8001/x", allow_hosts=("127.0.0.1",)).trusted


def _resolve(url: str, *found: str, allow: tuple[str, ...] = ()) -> tuple[str, ...]:
    async def resolver(_host: str, _port: int) -> list[str]:
        return list(found)

    return asyncio.run(resolve(check_url(url, allow_hosts=allow), resolver=resolver))


@pytest.mark.parametrize("inner", [a for a in INNER_ADDRESSES if a])
def test_a_name_that_leads_to_an_inner_address_is_refused(inner: str) -> None:
    with pytest.raises(Forbidden):
        _resolve("https://rebind.example.com/", inner)
    with pytest.raises(Forbidden):
        _resolve("https://rebind.example.com/", "8.8.8.8", inner)


def test_the_checked_addresses_are_the_ones_to_connect_to() -> None:
    found = _resolve("https://media.example.com/", "8.8.4.4", "8.8.8.8")
    assert found == ("8.8.4.4", "8.8.8.8")


def test_a_name_that_nobody_knows_is_refused() -> None:
    async def fails(_host: str, _port: int) -> list[str]:
        raise OSError

    with pytest.raises(Forbidden):
        asyncio.run(resolve(check_url("https://media.example.com/"), resolver=fails))


def test_a_written_address_is_not_looked_up() -> None:
    async def fails(_host: str, _port: int) -> list[str]:
        raise AssertionError

    assert asyncio.run(resolve(check_url("https://8.8.8.8/"), resolver=fails)) == ("8.8.8.8",)


def test_a_configured_name_may_lead_inward() -> None:
    assert _resolve("http://rivya.lan/", "10.0.0.7", allow=("rivya.lan",)) == ("10.0.0.7",)


def test_a_target_is_a_value() -> None:
    first = check_url("https://example.com/a")
    assert first == Target(
        url="https://example.com/a", scheme="https", host="example.com", port=443
    )
