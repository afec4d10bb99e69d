"""Pod addresses of one node (upstream: the CNI plugin host-local, one range per node).

Addresses go round the range rather than to the lowest free one, so that a new pod seldom gets the address of one that just left.
"""

from ipaddress import IPv4Network

__all__ = ["AddressPool", "NoAddressLeft"]


class NoAddressLeft(Exception):
    """Every address of the node's range is in use."""


class AddressPool:
    """The free and used addresses of a pod CIDR; ``.0`` is the network and ``.1`` the bridge.

    >>> pool = AddressPool("10.244.1.0/24")
    >>> pool.allocate(), pool.allocate()
    ('10.244.1.2', '10.244.1.3')
    """

    def __init__(self, cidr: str) -> None:
        network = IPv4Network(cidr)
        self._base = int(network.network_address)
        self._size = network.num_addresses
        self._used: set[int] = set()
        self._next = 2
        self.cidr = cidr

    def __contains__(self, ip: str) -> bool:
        return 0 <= _number(ip) - self._base < self._size

    def allocate(self) -> str:
        """Return a free address."""
        for step in range(self._size - 3):
            offset = 2 + (self._next - 2 + step) % (self._size - 3)
            if offset not in self._used:
                self._used.add(offset)
                self._next = offset + 1
                return _text(self._base + offset)
        raise NoAddressLeft(f"no IP addresses available in range set: {self.cidr}")

    def release(self, ip: str) -> None:
        """Give an address back; harmless if it is free."""
        self._used.discard(_number(ip) - self._base)


def _number(ip: str) -> int:
    a, b, c, d = ip.split(".")
    return int(a) << 24 | int(b) << 16 | int(c) << 8 | int(d)


def _text(number: int) -> str:
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
