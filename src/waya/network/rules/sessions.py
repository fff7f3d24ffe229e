"""Which sessions began and which ended between two looks at a router."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from waya.network.rules.access import Session

SAME_WITHIN = timedelta(seconds=10)
"""Uptimes are whole seconds and a look takes time, so a beginning is known to about that.

A router numbers its sessions anew after a reboot: the same number with another beginning is
another session.
"""


@dataclass(frozen=True, slots=True)
class Open:
    """A session that was live at the last look; `id` is our row."""

    id: int
    key: str
    name: str
    began: datetime


@dataclass(frozen=True, slots=True)
class Movement:
    begun: Sequence[Session]
    gone: Sequence[Open]


def movement(before: Iterable[Open], now: Iterable[Session]) -> Movement:
    """Tell what began and what is gone; all else is as it was."""
    gone = {(one.key, one.name): one for one in before}
    begun: list[Session] = []
    for session in now:
        known = gone.get((session.id, session.name))
        if known is not None and abs(known.began - session.began) <= SAME_WITHIN:
            del gone[known.key, known.name]
        else:
            begun.append(session)
    return Movement(begun, list(gone.values()))
