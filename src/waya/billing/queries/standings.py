"""How far behind customers are, judged from what is open: never from memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from waya.billing.queries.debts import candidates, day_of, facts_of, ladder_of
from waya.billing.rules.dunning import Standing, worse
from waya.billing.rules.ladder.facts import Debt, Facts, Service
from waya.billing.rules.ladder.tonight import Hold, Stand, segment_of, stands
from waya.billing.rules.ladder.values import HOLDING, Kind, Ladder, Segment
from waya.kernel.money import Money
from waya.org.queries import entity_of


@dataclass(frozen=True, slots=True)
class Judged:
    """A running subscription, its standing now and before, and the facts behind it.

    `tonight` is the standing that it is to have: no worse than before while something holds it
    off, such as a promise or a holiday; `hold` says what. `over` says that the hours that it
    was paid for have passed, which nothing holds off. `common_minor` is what of the sum in `why`
    is owed for all services of the customer together.
    """

    subscription_id: int
    customer_id: int
    router_id: int
    was: str
    standing: Standing
    tonight: Standing
    hold: Hold | None
    why: dict[str, Any]
    over: bool = False
    common_minor: int = 0


def judge(
    entity_id: int,
    customer_ids: Iterable[int],
    on: date,
    paid: Mapping[int, date | datetime | None] | None = None,
) -> list[Judged]:
    """The standing of each running subscription of some customers, as of a day; `paid` is
    through when some are paid by what is just being settled, by subscription (by the hour: up
    to which moment).

    The entity's ladder decides. A prepaid one falls due on its period's last day, one by the
    hour at the moment when its hours are over, by the business clock; an invoice
    that is overdue by more than the tolerance counts against every subscription of its
    customer, unless it is disputed or of no subscription at all.
    """
    ladder, day = ladder_of(entity_id), day_of(entity_id, on)
    currency = entity_of(entity_id).currency
    known = facts_of(entity_id, customer_ids, on, paid=paid, whole=False)
    return sorted(
        (
            _judged(ladder, facts, stand, hold, on, currency)
            for facts in known.values()
            for stand, hold in stands(ladder, facts, day)
        ),
        key=lambda one: one.subscription_id,
    )


def customers_to_restrict(entity_id: int, on: date) -> list[Judged]:
    """Running subscriptions that are further behind, as of a day, than they stand: found by
    index, judged by the same rule as everything else. Those that something holds off are
    among them, with what it is."""
    customers = candidates(entity_id, on, ladder_of(entity_id), HOLDING)
    return [one for one in judge(entity_id, customers, on) if worse(one.standing, one.was)]


def _judged(
    ladder: Ladder, facts: Facts, stand: Stand, hold: Hold | None, on: date, currency: str
) -> Judged:
    service, segment = stand.service, segment_of(ladder, facts, on)
    counting = _counting(segment)
    invoices = [one for one in facts.debts if one.kind in counting and not one.disputed]
    late = [one for one in invoices if on > one.due]
    common = sum(one.owed_minor for one in invoices) if late else 0
    return Judged(
        subscription_id=service.subscription_id,
        customer_id=facts.customer_id,
        router_id=service.router_id,
        was=service.was,
        standing=stand.standing,
        tonight=stand.tonight,
        hold=hold,
        why=_why(segment, facts, stand, late, common, on, currency)
        | ({"segment": segment.key, "rung": stand.rung.key}
           if stand.rung and ladder.key == "chosen" else {}),
        over=service.over is not None,
        common_minor=common,
    )  # fmt: skip


def _why(
    segment: Segment, facts: Facts, stand: Stand, late: Sequence[Debt], common: int, on: date,
    currency: str,
) -> dict[str, Any]:  # fmt: skip
    """The facts that a person would read: what is owed, since when, and by which rule. Of
    invoices, once any is `late`, all that count (`common`)."""
    renewal = _renewal(facts, stand.service)
    owed = (renewal.owed_minor if renewal else 0) + common
    due = renewal.due if renewal else None
    if late:
        lapsed = [renewal.due] if renewal and on > renewal.due else []
        due = min([*lapsed, *(one.due for one in late)])
    over = stand.service.over
    if over is not None:
        owed += over.owed_minor
        due = due or on
    why: dict[str, Any] = {
        "on": on.isoformat(),
        "owed": str(Money(owed, currency)),
        "owed_minor": owed,
        "currency": currency,
    }
    if due:
        why["due"] = due.isoformat()
    if renewal and on > renewal.due:
        why |= {"rule": "prepaid period ended", "paid_through": renewal.key.rpartition(":")[2]}
        why |= _grace(segment, Kind.RENEWAL)
    elif over is not None:
        why |= {"rule": "paid hours are over", "paid_until": over.at.isoformat()}
    elif late:
        why |= {"rule": "invoice overdue"} | _grace(segment, late[0].kind)
    return why


def _renewal(facts: Facts, service: Service) -> Debt | None:
    own = (one for one in facts.debts if one.subscription_id == service.subscription_id)
    return next(own, None)


def _counting(segment: Segment) -> set[Kind]:
    """The kinds of invoices that hold anybody off; a subscription's own always count."""
    named = (one.debts for one in segment.rungs if one.action in HOLDING)
    return set().union({Kind.INVOICE}, *named) - {Kind.RENEWAL}


def _grace(segment: Segment, kind: Kind) -> dict[str, int]:
    """So many days past due are let be before the first wall for such a debt."""
    days = [one.from_days - 1 for one in segment.rungs
            if one.action in HOLDING and kind in one.debts]  # fmt: skip
    return {"grace_days": min(days)} if days else {}
