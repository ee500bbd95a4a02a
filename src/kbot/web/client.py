"""Who sent a request, as far as it can be known: a reverse proxy is believed only where the settings name it."""

from __future__ import annotations

import ipaddress
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Scope

UNKNOWN = "unknown"  # the address of a client on a Unix socket that no proxy vouches for
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client_address(scope: Scope, trusted: str) -> str:
    """Return the address that a request came from; `trusted` is `KBOT_TRUSTED_PROXIES`.

    X-Forwarded-For counts only from a trusted proxy, and is read from its end: what stands before the first address
    that isn't a trusted proxy's was written by the client itself.
    Example: peer 10.0.0.1, trusted "10.0.0.0/8", "6.6.6.6, 192.0.2.7, 10.0.0.2" -> "192.0.2.7"
    """
    peer = _peer(scope)
    if peer is None:
        return UNKNOWN
    if not _is_trusted(peer, trusted):
        return str(peer)
    nearest = peer
    for hop in reversed(_forwarded(scope)):
        address = _parse(hop)
        if address is None:
            break
        nearest = address
        if not _is_trusted(address, trusted):
            break
    return str(nearest)


def is_from_trusted_proxy(scope: Scope, trusted: str) -> bool:
    """Return whether the connection itself comes from a proxy that the settings name."""
    peer = _peer(scope)
    return peer is not None and _is_trusted(peer, trusted)


def shared_network(address: str) -> str:
    """Return what to count a client by: an IPv4 address, the /64 network of an IPv6 address.

    One household has a whole /64, and each of its devices may change its address at will.
    """
    parsed = _parse(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


def came_by_https(scope: Scope) -> bool:
    """Return whether the browser used https, by anything in the request that says so.

    Nobody gains by lying here: it only makes the cookie of the request that lies stricter.
    """
    headers = dict(scope["headers"])
    said = headers.get(b"x-forwarded-proto", b"").split(b",")[0].strip().lower()
    return scope.get("scheme") == "https" or said == b"https" or headers.get(b"origin", b"").startswith(b"https://")


def _peer(scope: Scope) -> _Address | None:
    client = scope.get("client")
    return _parse(str(client[0])) if client else None


def _forwarded(scope: Scope) -> list[str]:
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return [hop for hop in ",".join(values).split(",") if hop.strip()]


def _parse(text: str) -> _Address | None:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)  # ::ffff:192.0.2.7, as a socket for both kinds says it
    return mapped if isinstance(mapped, ipaddress.IPv4Address) else address


@cache
def _networks(trusted: str) -> tuple[_Network, ...]:
    return tuple(ipaddress.ip_network(network) for network in trusted.split())


def _is_trusted(address: _Address, trusted: str) -> bool:
    return any(address in network for network in _networks(trusted))
