"""What a ladder decides by, read for many customers at once: the number of queries is the same
for one and for ten thousand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from waya.billing.policy import (
    DunningPolicy,
    LadderPolicy,
    PromisePolicy,
    SparingPolicy,
    WriteOffPolicy,
)
from waya.billing.rules.dunning import lapse_due
from waya.billing.rules.holidays import is_holiday
from waya.billing.rules.ladder.facts import Debt, Facts, Over, Promised, Service
from waya.billing.rules.ladder.reading import read
from waya.billing.rules.ladder.standard import standard
from waya.billing.rules.ladder.tonight import Day
from waya.billing.rules.ladder.values import HOLDING, INVOICED, Action, Kind, Ladder, window
from waya.kernel import clock
from waya.network.rules.trouble import Trouble
from waya.org.policy import chosen
from waya.org.queries import entity_of
from waya.org.rows.asking import ask
from waya.subscriptions.queries import RUNNING

_SERVICES = """
select s.id, s.customer_id, s.router_id, s.standing, s.paid_through, s.paid_until, p.code, p.mode,
    c.tags, c.created_at, case when r.trouble = %s then r.trouble_since end,
    (select max(b.until) from billing_promise b
     where b.customer_id = s.customer_id and b.until >= %s and b.withdrawn_at is null)
from subscriptions_subscription s
    join catalog_plan p on p.id = s.plan_id
    join parties_customer c on c.id = s.customer_id
    join network_router r on r.id = s.router_id
where s.customer_id = any(%s) and s.state = any(%s) order by s.id
"""
_ASKED = """
select subscription_id, sum(total_minor)::bigint, min(number) from billing_proforma
where customer_id = any(%s) and state = 'open' group by subscription_id
"""
_INVOICES = """
select i.id, i.customer_id, i.due_on, i.total_minor - i.paid_minor, i.number,
    exists (select from billing_dispute d where d.invoice_id = i.id and d.state = 'open'),
    exists (select from billing_dunningaction a where a.invoice_id = i.id),
    exists (select from billing_invoiceline l
            where l.invoice_id = i.id and l.subscription_id is not null)
from billing_invoice i
where i.customer_id = any(%s) and i.paid_minor < i.total_minor - %s
    and i.paid_minor < i.total_minor
order by i.due_on, i.id
"""
_DONE = """
select customer_id, rung, debt from billing_dunningaction
where customer_id = any(%s) and debt = any(%s)
"""
_PEOPLE = """
select id, tags, created_at,
    (select max(b.until) from billing_promise b
     where b.customer_id = c.id and b.until >= %s and b.withdrawn_at is null)
from parties_customer c where id = any(%s)
"""


@dataclass(slots=True)
class _Person:
    """What is gathered of a customer."""

    tags: frozenset[str]
    since: date
    promised: date | None
    services: list[Service] = field(default_factory=list)
    debts: list[Debt] = field(default_factory=list)


def ladder_of(entity_id: int) -> Ladder:
    """The ladder that an entity chose; the standard one, by its days of policy, until then."""
    policy = chosen(LadderPolicy, entity_id)
    limit = chosen(WriteOffPolicy, entity_id).limit_minor
    if not policy.segments:
        return standard(chosen(DunningPolicy, entity_id), write_off_limit_minor=limit)
    return read(policy.segments, fees_on_fees=policy.fees_on_fees, limit_minor=limit)


def day_of(entity_id: int, on: date) -> Day:
    """A business day of an entity, and whether it is a public holiday there."""
    policy = chosen(SparingPolicy, entity_id)
    country = entity_of(entity_id).country
    return Day(on, is_holiday(on, country=country, yearly=policy.yearly, dates=policy.dates))


def facts_of(
    entity_id: int,
    customer_ids: Iterable[int],
    on: date,
    *,
    paid: Mapping[int, date | datetime | None] | None = None,
    in_flight: Collection[int] = (),
    whole: bool = True,
) -> dict[int, Facts]:
    """What is known of customers as of a day, by customer: five queries for any number of them.

    `paid` is through when (or up to which moment) some subscriptions are paid by what is just
    being settled. With
    `whole` false it is only what their services stand by, and that is three queries: what was
    done before is left out, and so is whoever has no running service.
    """
    keys = list(set(customer_ids))
    people = _served(entity_id, keys, on, paid or {})
    if whole:
        _others(people, keys, on)
    _invoices(entity_id, people, keys)
    restores = chosen(PromisePolicy, entity_id).restores
    done = _done(people, keys) if whole else {}
    flying = set(in_flight)
    return {
        key: Facts(
            customer_id=key,
            since=one.since,
            tags=one.tags,
            services=tuple(one.services),
            debts=tuple(one.debts),
            promise=Promised(one.promised, restores) if one.promised else None,
            done=frozenset(done.get(key, ())),
            in_flight=key in flying,
        )
        for key, one in people.items()
    }


def _served(
    entity_id: int, keys: list[int], on: date, paid: Mapping[int, date | datetime | None]
) -> dict[int, _Person]:
    """Customers with running services, and the prepaid periods of those."""
    now = clock.now()
    away = clock.real_now() - timedelta(minutes=chosen(SparingPolicy, entity_id).outage_minutes)
    asked = {row[0]: row[1:] for row in ask(_ASKED, [keys])}
    people: dict[int, _Person] = {}
    rows = ask(_SERVICES, [Trouble.UNREACHABLE.value, on, keys, list(RUNNING)])
    for key, owner, router, standing, day, hour, plan, mode, tags, since, trouble, promised in rows:
        person = people.setdefault(owner, _Person(frozenset(tags), since.date(), promised))
        out = isinstance(trouble, datetime) and trouble <= away
        until = paid.get(key, hour or day)
        owed, number = asked.get(key, (0, ""))
        timed = isinstance(until, datetime)
        over = Over(until, owed) if timed and until <= now else None
        person.services.append(Service(key, router, plan, mode, standing, out, over))
        due = None if timed else lapse_due(until)
        if due is not None:
            person.debts.append(
                Debt(f"renewal:{key}:{until}", Kind.RENEWAL, due, owed, number, subscription_id=key)
            )
    return people


def _others(people: dict[int, _Person], keys: list[int], on: date) -> None:
    """Add customers who have no running service."""
    left = [key for key in keys if key not in people]
    for key, tags, since, promised in ask(_PEOPLE, [on, left]) if left else ():
        people[key] = _Person(frozenset(tags), since.date(), promised)


def _invoices(entity_id: int, people: dict[int, _Person], keys: list[int]) -> None:
    """Add each invoice on which more is missing than may stay unpaid."""
    tolerance = chosen(DunningPolicy, entity_id).tolerance_minor
    for key, owner, due, left, number, disputed, fee, served in ask(_INVOICES, [keys, tolerance]):
        if owner in people:
            kind = Kind.FEE if fee else Kind.INVOICE if served else Kind.ONE_TIME
            people[owner].debts.append(
                Debt(f"invoice:{key}", kind, due, left, number, key, disputed=disputed)
            )


def _done(people: dict[int, _Person], keys: list[int]) -> dict[int, list[tuple[str, str]]]:
    debts = [debt.key for one in people.values() for debt in one.debts]
    done: dict[int, list[tuple[str, str]]] = {}
    for owner, rung, debt in ask(_DONE, [keys, debts]):
        done.setdefault(owner, []).append((rung, debt))
    return done


_DUE_INVOICES = """
select distinct customer_id from billing_invoice
where entity_id = %s and paid_minor < total_minor and due_on between %s and %s
"""
_ENDING = """
select distinct customer_id from subscriptions_subscription
where entity_id = %s and state = any(%s) and paid_through between %s and %s
"""
_LONG_AGO, _ONE_DAY = date(1970, 1, 1), timedelta(days=1)


def candidates(
    entity_id: int, on: date, ladder: Ladder, actions: Collection[Action] = tuple(Action)
) -> set[int]:
    """Whom a ladder may do something to on a day: found by index, by when what they owe fell
    due. With a wall among the actions also everybody who is past due, for their grace."""
    found: set[int] = set()
    holding = bool(set(actions) & set(HOLDING))
    invoiced = _span(on, ladder, INVOICED, actions, past_due=holding)
    if invoiced:
        found.update(key for (key,) in ask(_DUE_INVOICES, [entity_id, *invoiced]))
    once = [one for one in actions if one not in HOLDING]
    renewals = _span(on, ladder, (Kind.RENEWAL,), once, past_due=False)
    if renewals:
        found |= _whose_period_ended(entity_id, list(RUNNING), renewals)
    if holding:
        # Who is walled already can only be disconnected.
        off = window(ladder, (Kind.RENEWAL,), (Action.DISCONNECT,)) is not None
        states = list(RUNNING) if off else ["active"]
        found |= _whose_period_ended(entity_id, states, (_LONG_AGO, on - _ONE_DAY))
    return found


def _span(
    on: date, ladder: Ladder, kinds: Iterable[Kind], actions: Iterable[Action], *, past_due: bool
) -> tuple[date, date] | None:
    """The due days, first through last, of debts that any rung may look at on a day."""
    seen = window(ladder, kinds, actions)
    first = None if seen is None or seen.last is None else on - timedelta(days=seen.last)
    last = None if seen is None else on - timedelta(days=seen.first)
    if past_due:
        first, last = None, max(last or on, on - _ONE_DAY)
    return None if last is None else (first or _LONG_AGO, last)


def _whose_period_ended(entity_id: int, states: list[str], days: tuple[date, date]) -> set[int]:
    """Customers of prepaid periods whose last day lies among these; `paid_through` is the day
    after it."""
    first, last = days[0] + _ONE_DAY, days[1] + _ONE_DAY
    return {key for (key,) in ask(_ENDING, [entity_id, states, first, last])}
