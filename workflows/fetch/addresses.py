"""Which addresses lie on the public internet. Everything that is not certain to is treated as inside."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import psutil

# By the IANA registries of special-purpose addresses. Python's own `is_global` follows them too, but not every version
# that we run on knows each of these, so what matters is named here.
_NOT_PUBLIC_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        # Public by its number, but on every machine of Azure it is the host underneath that answers there.
        "168.63.129.16/32",
    )
)  # fmt: skip
# All that was ever given out to the internet lies in here. What carries an IPv4 address in it (::ffff:0:0/96, ::/96,
# 64:ff9b::/96), private, link-local, site-local and multicast addresses do not.
_UNICAST_6 = IPv6Network("2000::/3")
# Within it: protocols (Teredo, benchmarks, ORCHID), 6to4, which carries an IPv4 address, and what is for documents.
_NOT_PUBLIC_6 = tuple(
    IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3ffe::/16", "3fff::/20")
)
_INTERNET = (socket.AF_INET, socket.AF_INET6)


def is_public(address: str) -> bool:
    """Whether `address`, as a resolver writes it, belongs to a machine on the public internet, as far as numbers tell.

    What is no address at all does not.
    """
    try:
        read = ip_address(address)
    except ValueError:
        return False
    return read.is_global and not read.is_multicast and (_public_4(read) if read.version == 4 else _public_6(read))


def is_this_machine(address: str) -> bool:
    """Whether a network card of this machine has `address`.

    By a public address of its own a machine reaches services that a firewall hides from everybody else.
    """
    own = (entry.address for card in psutil.net_if_addrs().values() for entry in card if entry.family in _INTERNET)
    return ip_address(address) in {ip_address(entry.partition("%")[0]) for entry in own}


def _public_4(address: IPv4Address) -> bool:
    return not any(address in network for network in _NOT_PUBLIC_4)


def _public_6(address: IPv6Address) -> bool:
    # An address with a zone counts on one cable only.
    if address.scope_id is not None or address not in _UNICAST_6:
        return False
    return not any(address in network for network in _NOT_PUBLIC_6)
