"""Every reaction across contexts, on one page. If it is not here, it does not happen."""

from __future__ import annotations

from waya.org.facts import Daily, Reactions, Soon
from waya.payments.facts import PaymentsTaken

REACTIONS: Reactions = {
    PaymentsTaken: (Soon("payments.thank"),),
}

# What each business day does, in this order, once, for each entity.
DAILY: Daily = (
    "billing.commands.renewals.bill",
    "billing.commands.lives.changes.turn_over",
    "billing.commands.recognition.recognise_month",
    "billing.commands.dunning.allowances.provide_month",
    "billing.commands.reminders.remind",
    "billing.commands.standings.bring_back",
    "payments.commands.climb.climb",
    "payments.commands.cut_off.cut_off",
    "ledger.commands.balances.fold_balances",
    "billing.commands.recognition.fold_sums",
)

# Which task goes on when an approval of a kind is granted.
APPROVED: dict[str, str] = {
    "cut_off": "payments.cut_off_approved",
    "write_off": "billing.write_off_approved",
    "network.remove": "network.remove_approved",
}
