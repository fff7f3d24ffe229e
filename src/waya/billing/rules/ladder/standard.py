"""The ladder of everybody who has not chosen one: reminders, grace and a wall, by days."""

from __future__ import annotations

from functools import lru_cache

from waya.billing.policy import DunningPolicy
from waya.billing.rules.ladder.values import Action, Kind, Ladder, Rung, Segment

_INVOICES = frozenset({Kind.INVOICE, Kind.ONE_TIME, Kind.FEE})


@lru_cache(64)
def standard(policy: DunningPolicy, *, write_off_limit_minor: int = 0) -> Ladder:
    """One segment: messages on the days of policy, and the wall after its grace.

    A renewal is reminded of only before its day; when it has passed, the wall says so. An
    invoice of no subscription, or a late fee, walls nobody unless policy says so.
    """
    before = {-days for days in policy.remind_days_before}
    rungs = [
        _reminder(offset, renewals=offset in before)
        for offset in sorted(before | set(policy.remind_days_after))
    ]
    walled_for = _INVOICES if policy.one_time_walls else frozenset({Kind.INVOICE})
    rungs += [
        Rung("wall", Action.WALL, walled_for, policy.grace_days + 1),
        Rung("wall-renewal", Action.WALL, frozenset({Kind.RENEWAL}), policy.prepaid_grace_days + 1),
    ]
    return Ladder((Segment("everybody", tuple(rungs)),), write_off_limit_minor)


def _reminder(offset: int, *, renewals: bool) -> Rung:
    kinds = _INVOICES | {Kind.RENEWAL} if renewals else _INVOICES
    return Rung(f"remind{offset:+d}", Action.MESSAGE, kinds, offset, offset, text="reminder")
