"""Every reaction across contexts, on one page. If it is not here, it does not happen."""

from __future__ import annotations

from waya.org.facts import Daily, Reactions

REACTIONS: Reactions = {}

# What each business day does, in this order, once, for each entity.
DAILY: Daily = (
    "billing.commands.renewals.bill",
    "billing.commands.reminders.remind",
)

# Which task goes on when an approval of a kind is granted.
APPROVED: dict[str, str] = {}
