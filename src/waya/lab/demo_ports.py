"""Where a demo listens: every port of it, all on loopback."""

from __future__ import annotations

from dataclasses import dataclass

from waya.cli.postgres.account import Unusable
from waya.cli.up import free_port

ROUTERS = 3


@dataclass(frozen=True, slots=True)
class Ports:
    """Every port of a demo; the router ones are the first of three."""

    web: int
    handset: int
    daraja: int
    control: int
    router: int
    proxy: int

    @property
    def web_url(self) -> str:
        """The console's, and the portal's under /my/."""
        return f"http://127.0.0.1:{self.web}"

    @property
    def daraja_url(self) -> str:
        """The simulated Safaricom's, with its SMS."""
        return f"http://127.0.0.1:{self.daraja}"

    @property
    def control_url(self) -> str:
        """Where faults of the simulated routers are made."""
        return f"http://127.0.0.1:{self.control}"

    @property
    def routers(self) -> list[int]:
        """The API ports of the routers."""
        return [self.router + number for number in range(ROUTERS)]


def free_run(wanted: int, count: int) -> int:
    """The first of so many free ports in a row, from a wanted one up; 0 is anywhere."""
    start = wanted or free_port(0)
    for first in range(start, start + 2000, count):
        if all(free_port(first + number) == first + number for number in range(count)):
            return first
    raise Unusable(f"no {count} free ports in a row from {wanted}")
