from __future__ import annotations

import pytest

from kbot.errors import SettingsError
from kbot.settings import read_settings
from kbot.web.client import UNKNOWN, came_by_https, client_address, is_from_trusted_proxy, shared_network

PROXIES = "10.0.0.0/8 2001:db8::1"


def scope(peer: str | None, *headers: tuple[str, str], scheme: str = "http") -> dict[str, object]:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return {"type": "http", "client": (peer, 1) if peer else None, "headers": raw, "scheme": scheme}


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("192.0.2.1", "6.6.6.6", "192.0.2.1"),
        ("127.0.0.1", "6.6.6.6", "127.0.0.1"),
        ("10.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "6.6.6.6, 192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "6.6.6.6, 192.0.2.7, 10.0.0.2", "192.0.2.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "192.0.2.7, nonsense, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("2001:db8::1", "2001:db8:5::9", "2001:db8:5::9"),
        ("::ffff:10.0.0.1", "::ffff:192.0.2.7", "192.0.2.7"),
        (None, "192.0.2.7", UNKNOWN),
        ("testclient", "192.0.2.7", UNKNOWN),
    ],
)
def test_a_forwarded_address_counts_only_as_far_as_trusted_proxies_wrote_it(
    peer: str | None, forwarded: str, expected: str
) -> None:
    assert client_address(scope(peer, ("x-forwarded-for", forwarded)), PROXIES) == expected


def test_a_header_in_several_lines_is_read_as_one() -> None:
    split = scope("10.0.0.1", ("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "192.0.2.7"))
    assert client_address(split, PROXIES) == "192.0.2.7"


def test_without_a_setting_no_proxy_is_trusted() -> None:
    local = scope("127.0.0.1", ("x-forwarded-for", "192.0.2.7"))
    assert client_address(local, "") == "127.0.0.1"
    assert not is_from_trusted_proxy(local, "")
    assert is_from_trusted_proxy(local, "127.0.0.1")


def test_addresses_of_one_household_count_as_one() -> None:
    assert shared_network("2001:db8:1:2:3::4") == shared_network("2001:db8:1:2:ffff::") == "2001:db8:1:2::/64"
    assert shared_network("192.0.2.7") == "192.0.2.7"
    assert shared_network(UNKNOWN) == UNKNOWN


@pytest.mark.parametrize(
    ("headers", "scheme", "expected"),
    [
        ([], "http", False),
        ([], "https", True),
        ([("x-forwarded-proto", "https")], "http", True),
        ([("x-forwarded-proto", "http")], "http", False),
        ([("origin", "https://a.example")], "http", True),
        ([("origin", "http://a.example")], "http", False),
    ],
)
def test_https_is_recognised_by_any_sign_of_it(headers: list[tuple[str, str]], scheme: str, expected: bool) -> None:
    assert came_by_https(scope("192.0.2.1", *headers, scheme=scheme)) is expected


@pytest.mark.parametrize("value", ["localhost", "10.0.0.1/8", "10.0.0.0/33", "*", "10.0.0.1,10.0.0.2"])
def test_what_is_no_address_of_a_proxy_is_a_mistake_in_the_settings(value: str) -> None:
    with pytest.raises(SettingsError, match=r"KBOT_TRUSTED_PROXIES has .*: give addresses or networks"):
        read_settings({"KBOT_TRUSTED_PROXIES": value})


@pytest.mark.parametrize("value", ["X Remote", "X-Remote:", "-X", "X\nY", "é"])
def test_what_is_no_name_of_a_header_is_a_mistake_in_the_settings(value: str) -> None:
    with pytest.raises(SettingsError, match=r"KBOT_STAFF_HEADER is .*: give a name such as X-Remote-User"):
        read_settings({"KBOT_STAFF_HEADER": value})
