"""Technical moments on pages: sessions and read-backs are real time, pages show business time.

They are the same but in a lab whose clock was moved.
"""

from __future__ import annotations

from datetime import datetime
from typing import overload

from waya.kernel import clock


@overload
def shown(moment: datetime) -> datetime: ...
@overload
def shown(moment: None) -> None: ...
def shown(moment: datetime | None) -> datetime | None:
    """When a technical moment was, by the clock that the page shows."""
    return None if moment is None else moment + (clock.now() - clock.real_now())
