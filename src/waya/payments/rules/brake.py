"""When a cut-off is so large that a person should look first."""

from __future__ import annotations

from collections.abc import Mapping


def routers_to_hold(
    walled: Mapping[int, int],
    served: Mapping[int, int],
    *,
    customers: int,
    percent: int,
    night: int,
) -> set[int]:
    """Which routers' cut-offs wait for a person.

    `walled` counts by router who would be cut off, `served` whom it serves. A router waits
    when more than `customers` and more than `percent` of a hundred of those it serves are
    concerned; all wait in a night of more than `night`.
    """
    if sum(walled.values()) > night:
        return set(walled)
    return {
        router
        for router, count in walled.items()
        if count > customers and count * 100 > served.get(router, 0) * percent
    }
