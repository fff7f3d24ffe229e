"""Which driver a name stands for: ours, or one of somebody else's in the group `waya.fiscal`."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Final

from waya.billing.drivers import etims
from waya.billing.drivers.fiscal import FiscalDriver, Settings

GROUP: Final = "waya.fiscal"
_OURS: Final[dict[str, Callable[[Settings], FiscalDriver]]] = {
    "etims_oscu": etims.oscu,
    "etims_vscu": etims.vscu,
}


def fiscal_driver(name: str, settings: Settings) -> FiscalDriver | None:
    """The driver of this name for one control unit; None if nobody brings it."""
    if name in _OURS:
        return _OURS[name](settings)
    for found in entry_points(group=GROUP, name=name):
        made: FiscalDriver = found.load()(settings)
        return made
    return None
