"""When money that was billed in advance is earned: by the day, or by the month."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction

from waya.kernel.money import Money, rounded
from waya.kernel.periods import Period
from waya.ledger.rules.entries import Entry, Line, entry

BY_DAY, BY_MONTH = "day", "month"

# Whose revenue, of what, in which money: (branch, revenue, currency).
Stream = tuple[int, str, str]

# Divisible by the days of every month, so that a day of any month is a whole number of these.
_MONTH = 28 * 29 * 15 * 31


def earned(net_minor: int, period: Period, through: date, spread: str) -> int:
    """How much of a net is earned by the end of a day, in minor units.

    Cumulative and rounded once, halves away from zero, so that the pieces of any months add
    up to the net. By the day every day earns alike; by the month every whole month earns
    alike, and of a part of a month each of its days.
    """
    after = min(through + timedelta(days=1), period.end)
    if after <= period.start:
        return 0
    if after == period.end:
        return net_minor
    if spread == BY_MONTH:
        begin = _place(period.start)
        return rounded(Fraction(net_minor * (_place(after) - begin), _place(period.end) - begin))
    return rounded(Fraction(net_minor * (after - period.start).days, period.days))


def _place(day: date) -> int:
    """Where a day begins on a line of months that are all equally long."""
    first = day.replace(day=1)
    days = ((first + timedelta(days=31)).replace(day=1) - first).days
    return (day.year * 12 + day.month) * _MONTH + (day.day - 1) * (_MONTH // days)


def booking(entity_id: int, through: date, amounts: Mapping[Stream, int]) -> Entry:
    """Dr deferred revenue / Cr each revenue, each branch's by itself; what was recognised too
    much goes back."""
    debit, credit = [], []
    for (branch_id, revenue, currency), minor in sorted(amounts.items()):
        amount = Money(abs(minor), currency)
        taken, given = ("deferred", revenue) if minor > 0 else (revenue, "deferred")
        debit.append(Line(taken, amount, branch_id=branch_id))
        credit.append(Line(given, amount, branch_id=branch_id))
    return entry(
        entity_id=entity_id,
        on=through,
        memo=f"Revenue earned through {through:%-d %B %Y}",
        source=f"recognised:{through.isoformat()}",
        debit=debit,
        credit=credit,
    )
