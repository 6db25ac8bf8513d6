"""How often an address may come with no token, or with one that is not known to be good.

To refuse such a request costs more than to send it: a body is parsed, a signature verified. Those
whose token is known are never kept waiting for what others of their address do; a token that turns
out to be good is not counted. A private address is nobody's on the Internet: there stands a proxy,
which is not counted, or our own network.
"""

import time
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address

from starlette.types import Scope

from gateway.limits import OperationRate

HOME = 64  # bits of an IPv6 address that one customer is given to make any number of


class TooOften(Exception):
    """The address has to wait, so many seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__("too many requests without a known token, try again later")
        self.seconds = seconds


class Strangers:
    """Those of one process, by their addresses; bounded in number."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = OperationRate(per_minute, clock)

    def came(self, address: str | None) -> None:
        """Count whoever is not known yet; TooOften before anything is done for them."""
        if address is not None and (wait := self._rate.wait(address)):
            raise TooOften(wait)

    def known(self, address: str | None) -> None:
        """It was somebody after all: what was counted is given back."""
        if address is not None:
            self._rate.give_back(address)


def address_of(scope: Scope) -> str | None:
    """Where a request comes from, as believed proxies say; None where that tells nothing."""
    client = scope.get("client")
    return _told(client[0]) if client else None


@lru_cache(1_000)
def _told(host: str) -> str | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    if not address.is_global:
        return None
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, HOME), strict=False))
    return str(address)
