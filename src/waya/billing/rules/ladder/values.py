"""A ladder as plain values: segments of customers, and the rungs that each climbs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction


class Action(StrEnum):
    """What is done about a debt. A wall and a disconnection hold for as long as their
    conditions do; everything else is done once for each debt."""

    MESSAGE = "message"
    FEE = "fee"
    WALL = "wall"
    DISCONNECT = "disconnect"
    FOLLOW_UP = "follow_up"
    WRITE_OFF = "write_off"


HOLDING = (Action.WALL, Action.DISCONNECT)


class Kind(StrEnum):
    """What a debt is: a prepaid period that was not renewed, an invoice of a subscription, an
    invoice of no subscription (work, equipment), or a late fee."""

    RENEWAL = "renewal"
    INVOICE = "invoice"
    ONE_TIME = "one_time"
    FEE = "fee"


INVOICED = (Kind.INVOICE, Kind.ONE_TIME, Kind.FEE)


@dataclass(frozen=True, slots=True)
class Rung:
    """One condition and one action.

    `from_days` through `through_days` (None is for ever) count from the day on which the debt
    fell due; before it they are below zero. `weekdays` are ISO, 1 is Monday; none means all.
    What may not happen on a day waits for the next one on which it may. `owed_at_least_minor`
    is compared with everything of the customer that is due by then. A fee is `fee_minor` and
    `fee_percent` of the debt, together; `tax_class` says what taxes it carries. `text` is the
    message's key, `words` what the person who follows up is told.
    """

    key: str
    action: Action
    debts: frozenset[Kind]
    from_days: int
    through_days: int | None = None
    owed_at_least_minor: int = 0
    weekdays: frozenset[int] = frozenset()
    holidays: bool = True
    text: str = ""
    fee_minor: int = 0
    fee_percent: Fraction = Fraction(0)
    tax_class: str = "late"
    words: str = ""

    def on_day(self, late: int) -> bool:
        """Whether its days have come, so many days past due, and have not gone."""
        return self.from_days <= late and (self.through_days is None or late <= self.through_days)


@dataclass(frozen=True, slots=True)
class Segment:
    """Customers who climb the same rungs: whoever meets every condition that is given.

    A mode, plan or tag is met by having one of those named; `from_account_days` through
    `through_account_days` is how long they have been customers.
    """

    key: str
    rungs: tuple[Rung, ...]
    modes: frozenset[str] = frozenset()
    plans: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    without_tags: frozenset[str] = frozenset()
    from_account_days: int = 0
    through_account_days: int | None = None

    @property
    def takes_everybody(self) -> bool:
        """Whether it has no condition at all."""
        narrow = self.modes or self.plans or self.tags or self.without_tags
        aged = self.from_account_days > 0 or self.through_account_days is not None
        return not (narrow or aged)


@dataclass(frozen=True, slots=True)
class Ladder:
    """Segments in order: a customer is in the first that takes them, and the last takes
    everybody. A write-off of more than `write_off_limit_minor` waits for a person."""

    segments: tuple[Segment, ...]
    write_off_limit_minor: int = 0
    key: str = field(default="standard", compare=False)


@dataclass(frozen=True, slots=True)
class Window:
    """Days past due, first through last, between which something may be done; None is for
    ever."""

    first: int
    last: int | None


def window(ladder: Ladder, kinds: Iterable[Kind], actions: Iterable[Action]) -> Window | None:
    """Which debts of some kinds any rung with one of these actions looks at; None for none."""
    wanted, doing = set(kinds), set(actions)
    rungs = [
        rung
        for segment in ladder.segments
        for rung in segment.rungs
        if rung.debts & wanted and rung.action in doing
    ]
    if not rungs:
        return None
    lasts = [rung.through_days for rung in rungs]
    last = None if None in lasts else max(one for one in lasts if one is not None)
    return Window(min(rung.from_days for rung in rungs), last)
