"""How money that arrived is booked: plain values in, journal entries out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from waya.billing.rules.dunning_documents import RECOVERED
from waya.billing.rules.offers import Settlement
from waya.kernel.money import Money, total
from waya.ledger.rules.entries import Entry, Line, entry


@dataclass(frozen=True, slots=True)
class Arrived:
    """Money that arrived once, named by (provider, account, transaction).

    `debit` is the purpose of the account that it came into. Without a customer it stands in
    suspense. `cause` is the audit record that led to it, `why` what a person would read.
    """

    provider: str
    account: str
    transaction: str
    entity_id: int
    money: Money
    debit: str
    paid_at: datetime
    value_on: date
    merchant_id: int | None = None
    customer_id: int | None = None
    payer: str = ""
    payer_name: str = ""
    account_typed: str = ""
    cause: int | None = None
    why: dict[str, Any] = field(default_factory=dict)

    @property
    def source(self) -> str:
        """What its journal entry is posted under, once: `mpesa:600426:UKL7X4T2QP`."""
        return source(self.provider, self.account, self.transaction)


def source(provider: str, account: str, transaction: str) -> str:
    """The journal source of a payment."""
    return f"{provider}:{account}:{transaction}"


def taken(
    arrived: Arrived, settlement: Settlement | None, *, key: int, branch_id: int, on: date
) -> list[Entry]:
    """Dr clearing or cash / Cr receivable (allocated), bad debts recovered (of what had been
    written off) and customer credit (the rest); Cr suspense when nobody is known to have paid
    it.

    Money that counts from a day before `on`, the day on which it is booked, came in on its day
    and was customer credit then; what it settles it settles on this day, by a second entry. So
    the receivable of a past day stays what was owed then, and is never paid before it is.
    """
    owner = arrived.customer_id
    late = arrived.value_on < on and owner is not None and settlement is not None
    credit = _credit(arrived.money, owner, settlement)
    came = entry(
        entity_id=arrived.entity_id,
        on=arrived.value_on,
        memo=f"Payment {arrived.transaction}",
        source=arrived.source,
        debit=[Line(arrived.debit, arrived.money)],
        credit=[Line("customer_credit", arrived.money, owner)] if late else credit,
        branch_id=branch_id,
    )
    used = [line for line in credit if line.purpose != "customer_credit" and line.amount]
    if not (late and used):
        return [came]
    spent = total((line.amount for line in used), arrived.money.currency)
    return [came, entry(
        entity_id=arrived.entity_id,
        on=on,
        memo=f"Payment {arrived.transaction}, settled",
        source=applied(key),
        debit=[Line("customer_credit", spent, owner)],
        credit=used,
        branch_id=branch_id,
    )]  # fmt: skip


def applied(payment_id: int) -> str:
    """The journal source of what a payment settled after the day that it counts from."""
    return f"applied:{payment_id}"


def matched(
    *,
    entity_id: int,
    branch_id: int,
    stood_at: int,
    payment_id: int,
    transaction: str,
    customer_id: int,
    money: Money,
    on: date,
    settlement: Settlement,
) -> Entry:
    """Dr suspense / Cr receivable, bad debts recovered and customer credit: a second entry,
    never an edit. `stood_at` is the branch in whose suspense the money stood, which closes by
    it, `branch_id` the customer's."""
    return entry(
        entity_id=entity_id,
        on=on,
        memo=f"Matched {transaction}",
        source=f"match:{payment_id}",
        debit=[Line("suspense", money, branch_id=stood_at)],
        credit=_credit(money, customer_id, settlement),
        branch_id=branch_id,
    )


def _credit(money: Money, customer_id: int | None, settlement: Settlement | None) -> list[Line]:
    if customer_id is None or settlement is None:
        return [Line("suspense", money)]
    allocated = total((part for _, part in settlement.allocations), money.currency)
    recovered = total((part for _, part in settlement.recovered), money.currency)
    if allocated + recovered + settlement.credit != money:
        raise ValueError(f"{money} was settled as {allocated}, {recovered}, {settlement.credit}")
    return [
        Line("receivable", allocated, customer_id),
        Line(RECOVERED, recovered),
        Line("customer_credit", settlement.credit, customer_id),
    ]


def value_day(paid_on: date | None, today: date) -> date:
    """The date that money counts from: the provider's, but never one that is yet to come."""
    return today if paid_on is None else min(paid_on, today)
