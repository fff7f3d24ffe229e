"""Settle what is open with the money that came: invoices, then renewals, then credit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from django.db import transaction

from waya.billing.commands.documents import offer_hours
from waya.billing.commands.dunning.recoveries import Recovered, keep_recoveries
from waya.billing.commands.invoices import Issued, issue
from waya.billing.commands.standings import restore
from waya.billing.models import Credit, CreditUse, Invoice, ProForma, WriteOff
from waya.billing.policy import BillingPolicy, DunningPolicy, RenewalPolicy
from waya.billing.queries.accounts import lost_of
from waya.billing.queries.pricing import PriceList, described, described_hours, redated
from waya.billing.rules import hours, renewal
from waya.billing.rules.drafts import (
    CONVERTED,
    Draft,
    DraftLine,
    as_asked,
    credit_booking,
    joined,
)
from waya.billing.rules.hours import Hours
from waya.billing.rules.lives import opening
from waya.billing.rules.offers import Offer, Open, Settlement, Use, Verdict
from waya.billing.rules.offers import settle as decide
from waya.billing.rules.renewal import Bought
from waya.catalog.models import Plan
from waya.catalog.queries import interval_of
from waya.catalog.rules.versions import FEE
from waya.kernel import clock
from waya.kernel.money import Money
from waya.kernel.periods import Period
from waya.ledger.commands.entries import post_many
from waya.org.actors import Actor
from waya.org.models import Entity
from waya.org.policy import chosen
from waya.org.queries import entity_of
from waya.org.rows.adding import put_rows
from waya.org.rows.among import array
from waya.org.rows.asking import ask
from waya.org.rows.changing import change_rows
from waya.org.rows.reading import read, read_joined
from waya.subscriptions.models import Subscription
from waya.subscriptions.rules.life import Renewal


@dataclass(slots=True)
class _Open:
    """What is open for the customers of a batch; used up as offers are worked off."""

    entity: Entity
    invoices: dict[int, list[Invoice]] = field(default_factory=dict)
    pro_formas: dict[int, list[ProForma]] = field(default_factory=dict)
    credits: dict[int, int] = field(default_factory=dict)
    branches: dict[int, int] = field(default_factory=dict)
    lost: dict[int, list[WriteOff]] = field(default_factory=dict)
    by_id: dict[int, Invoice] = field(default_factory=dict)
    asked: dict[int, ProForma] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Spent:
    """What an offer used of its customer's credit on an invoice, in minor units."""

    invoice_id: int
    number: str
    minor: int
    offer: Offer


@transaction.atomic(savepoint=False)
def settle_many(*, entity_id: int, offers: Sequence[Offer], by: Actor) -> dict[int, Settlement]:
    """Settle offers of one entity, in order; says by key where each went.

    Oldest invoices first, in part or whole; then pro formas that the money and the
    customer's credit cover, which become invoices and extend their subscriptions; then what was
    written off of them, if policy says so; what is left over is customer credit. Credit is spent
    before new money, and never alone on what is only offered. Whoever is then no longer behind is
    restored. The caller has locked the customers, and posts the offers' own entries: what is
    posted here are the invoices and the credit spent.

    The lines of one pro forma become one invoice. Money that reaches for some of them alone pays
    none and waits as credit for the rest, so that services that were aligned stay so; where
    policy has each by itself (`one_pro_forma`), it pays the oldest, those become an invoice, and
    the others stay open on the same number.

    Set-wise: the number of queries does not grow with the offers.
    """
    by = by.must("billing.settle")
    if not offers:
        return {}
    customers = {offer.customer_id for offer in offers}
    known = _read(entity_id, customers)
    known.lost = _lost(offers, known)
    tolerance = chosen(DunningPolicy, entity_id).tolerance_minor
    whole = chosen(BillingPolicy, entity_id).whole_pro_forma
    verdicts = {offer.key: _decide(offer, known, tolerance, whole) for offer in offers}
    renewed, renewals = _renew(offers, verdicts, known, chosen(RenewalPolicy, entity_id), by)
    _write(offers, verdicts, renewed, known, by)
    keep_recoveries(parts=_recovered(offers, verdicts, known), by=by)
    restore(
        entity_id=entity_id,
        customer_ids=customers,
        renewals=renewals,
        on=max(offer.on for offer in offers),
        causes={offer.customer_id: offer.cause for offer in offers if offer.cause is not None},
        by=by,
    )
    timed = [one.subscription_id for one in renewals if one.paid_until]
    if timed:
        offer_hours(subscription_ids=timed, by=by)
    return {offer.key: _settlement(offer, verdicts[offer.key], renewed, known) for offer in offers}


@transaction.atomic(savepoint=False)
def spend(*, entity_id: int, customer_ids: Iterable[int], on: date, by: Actor) -> None:
    """Let the credit that customers of an entity hold pay what is open, oldest first, as money
    that comes on a day would. The customers are locked by the caller."""
    by = by.must("billing.settle")
    nothing = Money(0, entity_of(entity_id).currency)
    held = ask(_HELD, [array(customer_ids)])
    settle_many(
        entity_id=entity_id, offers=[Offer(key, key, nothing, on) for (key,) in held], by=by
    )


@transaction.atomic(savepoint=False)
def spend_left_over(*, entity_id: int, customer_ids: Iterable[int], on: date, by: Actor) -> None:
    """The same for credit that was just given, where policy (`billing.terms`, `credit`) has it
    spent at once; otherwise it waits for the next payment, or the next run."""
    by = by.must("billing.settle")
    if chosen(BillingPolicy, entity_id).credit == "at_once":
        spend(entity_id=entity_id, customer_ids=customer_ids, on=on, by=by)


_HELD = "select customer_id from billing_credit where customer_id = any(%s) and amount_minor > 0"
_PAYERS = """
select c.id, c.branch_id, coalesce(k.amount_minor, 0)
from parties_customer c left join billing_credit k on k.customer_id = c.id where c.id = any(%s)
"""
_OPEN = """
select {rows} from billing_invoice where customer_id = any(%s) and paid_minor < total_minor
order by due_on, id
"""
# What is open before what is offered.
_ASKED = """
select {a}, {s}, {p} from billing_proforma a
join subscriptions_subscription s on s.id = a.subscription_id
join catalog_plan p on p.id = s.plan_id
where a.customer_id = any(%s) and a.state = any(%s) order by a.state desc, a.start, a.id
"""


def _read(entity_id: int, customers: set[int]) -> _Open:
    known = _Open(entity_of(entity_id))
    for invoice in read(Invoice, _OPEN, [list(customers)]):
        known.by_id[invoice.pk] = invoice
        known.invoices.setdefault(invoice.customer_id, []).append(invoice)
    values = [list(customers), list(ProForma.PAYABLE)]
    for asked, row, plan in read_joined(_ASKED, values, a=ProForma, s=Subscription, p=Plan):
        asked.subscription, row.plan = row, plan
        known.asked[asked.pk] = asked
        known.pro_formas.setdefault(asked.customer_id, []).append(asked)
    for key, branch_id, held in ask(_PAYERS, [list(customers)]):
        known.credits[key], known.branches[key] = held, branch_id
    return known


def _lost(offers: Sequence[Offer], known: _Open) -> dict[int, list[WriteOff]]:
    """What was written off of those who bring more than is open and asked of them: of nobody
    else is it asked at all."""
    over: dict[int, int] = {}
    for offer in offers:
        over[offer.customer_id] = over.get(offer.customer_id, 0) + offer.money.minor
    for owner, brought in over.items():
        invoices = known.invoices.get(owner, [])
        open_ = sum(one.total_minor - one.paid_minor for one in invoices)
        open_ += sum(one.total_minor for one in known.pro_formas.get(owner, []))
        over[owner] = min(brought, brought + known.credits.get(owner, 0) - open_)
    owners = [owner for owner, minor in over.items() if minor > 0]
    return lost_of(known.entity.pk, owners) if owners else {}


def _decide(offer: Offer, known: _Open, tolerance: int, whole: bool) -> Verdict:
    """Decide one offer, and take what it uses off what is open for the next. Where policy has
    it, what was asked of a customer from the same day is paid as a whole."""
    owner = offer.customer_id
    invoices = known.invoices.get(owner, [])
    asked = known.pro_formas.get(owner, [])
    lost = known.lost.get(owner, [])
    if not offer.money.minor:
        asked = [one for one in asked if one.state == ProForma.OPEN]
    verdict = decide(
        offer.money.minor,
        known.credits.get(owner, 0),
        invoices=[Open(one.pk, one.total_minor - one.paid_minor) for one in invoices],
        pro_formas=[
            Open(one.pk, one.total_minor, f"{one.state}:{one.start}" if whole else "")
            for one in asked
        ],
        tolerance=tolerance,
        lost=[Open(one.pk, one.amount_minor - one.recovered_minor) for one in lost],
    )
    came = {use.id: use.money for use in verdict.recovered}
    for one in lost:
        one.recovered_minor += came.get(one.pk, 0)
    used = {use.id: use.money + use.credit for use in verdict.invoices}
    for invoice in invoices:
        invoice.paid_minor += used.get(invoice.pk, 0)
    covered = {use.id for use in verdict.covered}
    known.pro_formas[owner] = [
        one for one in known.pro_formas.get(owner, []) if one.pk not in covered
    ]
    known.credits[owner] = verdict.credit_left + verdict.money_left
    return verdict


def _renew(
    offers: Sequence[Offer],
    verdicts: dict[int, Verdict],
    known: _Open,
    policy: RenewalPolicy,
    by: Actor,
) -> tuple[dict[int, Issued], list[Renewal]]:
    """Turn covered pro formas into invoices; gives the invoice of each pro forma, and what
    they extend."""
    paid = [
        (known.asked[use.id], offer, use) for offer in offers for use in verdicts[offer.key].covered
    ]
    if not paid:
        return {}, []
    zone = known.entity.zone
    prices = PriceList({asked.subscription.plan for asked, _, _ in paid}, known.entity.country)
    bought = {
        asked.pk: _bought(asked, offer, use, policy, zone, prices) for asked, offer, use in paid
    }
    drafts: dict[tuple[int, str], Draft] = {}
    for asked, offer, use in paid:
        draft = _draft(asked, offer, use, bought[asked.pk], prices, policy)
        one = (offer.key, asked.number)
        drafts[one] = joined(drafts[one], draft) if one in drafts else draft
    issued = dict(zip(drafts, issue(drafts=list(drafts.values()), by=by), strict=True))
    became = {asked.pk: issued[offer.key, asked.number] for asked, offer, _ in paid}
    for asked, _, _ in paid:
        asked.state, asked.invoice_id = ProForma.PAID, became[asked.pk].id
    change_rows([asked for asked, _, _ in paid], ["state", "invoice"])
    renewals = [_renewal(asked, bought[asked.pk], offer.cause) for asked, offer, _ in paid]
    return became, renewals


def _renewal(asked: ProForma, bought: Bought, cause: int | None) -> Renewal:
    row, cycle_on = asked.subscription, _cycle_on(asked, bought)
    return Renewal(
        subscription_id=asked.subscription_id,
        start=bought.period.start,
        paid_through=None if bought.hours else bought.period.end,
        billed_through=bought.period.end,
        anchor_day=bought.anchor_day,
        cause=cause,
        paid_until=bought.hours.until if bought.hours else None,
        turns=cycle_on != row.cycle_on,
        cycle_on=cycle_on,
    )


def _cycle_on(asked: ProForma, bought: Bought) -> date | None:
    """By which day the cycles that follow are found: none where what was bought ends with one."""
    row, end = asked.subscription, asked.end.isoformat()
    moved = bought.period.end != asked.end
    by_the_month = (row.plan.unit, row.plan.count) == ("month", 1)
    if bought.cycle_on is not None:
        return None if by_the_month else bought.cycle_on
    begins = row.state == Subscription.PENDING and (moved or bought.free)
    if begins or bought.hours is not None:
        return row.cycle_on
    if moved or by_the_month:
        return None
    lines = (one["why"] for one in asked.why.get("lines", ()))
    cut = (one for one in lines if one["until"] == end and one.get("cycle_until", "") > end)
    return next((date.fromisoformat(one["cycle_from"]) for one in cut), None)


def _bought(
    asked: ProForma, offer: Offer, use: Use, policy: RenewalPolicy, zone: str, prices: PriceList
) -> Bought:
    row, on = asked.subscription, offer.on
    if row.plan.unit == "hour":
        return _hours(asked, use, zone)
    if row.anchor_day is None or row.state == Subscription.PENDING:
        day = row.plan.calendar_day or row.anchor_day
        opens = opening(prices.versions[row.version_id].terms.phases, on)
        if opens > on:
            return Bought(Period(on, opens), day or opens.day, free=True)
        return renewal.first(asked.period, on, interval_of(row.plan), anchor_day=day)
    late = "keep" if row.plan.calendar_day else policy.late
    return renewal.renewed(
        asked.period, on, interval_of(row.plan), anchor_day=row.anchor_day, late=late
    )


def _hours(asked: ProForma, use: Use, zone: str) -> Bought:
    """The hours that were bought, from the moment at which the money is taken: that is when
    the service begins, whatever day the money counts from."""
    row = asked.subscription
    length = timedelta(seconds=asked.why["seconds"])
    running = row.state == Subscription.ACTIVE and not use.money
    timed = hours.bought(length, clock.now(), ends=row.paid_until, on_credit=running)
    period = timed.days(zone)
    return Bought(period, period.start.day, timed)


def _draft(
    asked: ProForma, offer: Offer, use: Use, bought: Bought, prices: PriceList,
    policy: RenewalPolicy,
) -> Draft:  # fmt: skip
    """The invoice of a paid pro forma, for the total that was asked, and paid as it is issued."""
    plan = asked.subscription.plan
    total = Money(asked.total_minor, asked.currency)
    lines = as_asked(
        asked.why, total, lambda supply: prices.rates(supply or plan.tax_class, offer.on)
    )
    return Draft(
        entity_id=asked.entity_id,
        customer_id=asked.customer_id,
        lines=tuple(_moved(line, asked, bought) for line in lines),
        issued_on=offer.on,
        due_on=renewal.due_day(offer.on, policy.due_days),
        paid_minor=use.money + use.credit,
    )


def _moved(line: DraftLine, asked: ProForma, bought: Bought) -> DraftLine:
    """A line of what was asked, for the period that was bought."""
    if bought.hours is not None and line.charged.period.days:
        return _timed(line, asked, bought, bought.hours)
    plan, charged = asked.subscription.plan, line.charged
    told = {"pro_forma": asked.number}
    period = charged.period
    if period == asked.period:  # what is asked of a part of it keeps its days
        period = bought.period
        told |= {"from": period.start.isoformat(), "until": period.end.isoformat()}
    if bought.period.start != asked.start:
        told["moved"] = f"paid after {asked.start.isoformat()}: begins on the day it is paid"
    words = redated(line.description, charged.period, period) or described(plan, period)
    return replace(
        line,
        subscription_id=asked.subscription_id,
        description=words,
        charged=replace(charged, period=period, why=charged.why | told),
        revenue=line.revenue or f"revenue:{plan.tax_class}",
    )


def _timed(line: DraftLine, asked: ProForma, bought: Bought, timed: Hours) -> DraftLine:
    """A line by the hour, for the hours that were bought."""
    plan, charged = asked.subscription.plan, line.charged
    zone = entity_of(asked.entity_id).zone
    told = {"pro_forma": asked.number, **timed.facts(zone)}
    named = line.charge in (FEE, CONVERTED) or not line.description
    return replace(
        line,
        subscription_id=asked.subscription_id,
        description=described_hours(plan, timed, zone) if named else line.description,
        charged=replace(charged, period=bought.period, why=charged.why | told),
        revenue=line.revenue or f"revenue:{plan.tax_class}",
        charge=hours.charge_at(line.charge, timed.since),
        turn=0,
    )


def _write(
    offers: Sequence[Offer],
    verdicts: dict[int, Verdict],
    renewed: dict[int, Issued],
    known: _Open,
    by: Actor,
) -> None:
    """Write what each open invoice got, the credit spent and the credit left."""
    touched: dict[int, Invoice] = {}
    today = clock.today(known.entity.zone)
    spent: list[_Spent] = []
    for offer in offers:
        for use in verdicts[offer.key].invoices:
            invoice = touched[use.id] = known.by_id[use.id]
            invoice.settled_on, invoice.moved_on = today, offer.on
            spent.append(_Spent(invoice.pk, invoice.number, use.credit, offer))
        for one, use in _by_invoice(verdicts[offer.key].covered, renewed):
            spent.append(_Spent(one.id, one.number, use.credit, offer))
    change_rows(touched.values(), ["paid_minor", "settled_on", "moved_on"])
    _spend_credit([one for one in spent if one.minor], known, by)
    left = [
        Credit(customer_id=owner, currency=known.entity.currency, amount_minor=minor)
        for owner, minor in known.credits.items()
    ]
    put_rows(left, keys=["customer"], fields=["amount_minor"])


def _by_invoice(covered: Sequence[Use], renewed: dict[int, Issued]) -> list[tuple[Issued, Use]]:
    """What each invoice got that pro formas became, whichever of its lines it was for."""
    found: dict[int, tuple[Issued, Use]] = {}
    for use in covered:
        one = renewed[use.id]
        _, before = found.get(one.id, (one, Use(one.id, 0, 0)))
        found[one.id] = one, Use(one.id, before.money + use.money, before.credit + use.credit)
    return list(found.values())


def _spend_credit(spent: list[_Spent], known: _Open, by: Actor) -> None:
    if not spent:
        return
    now = clock.now()
    uses = CreditUse.objects.bulk_create(
        CreditUse(invoice_id=one.invoice_id, amount_minor=one.minor, used_at=now) for one in spent
    )
    post_many(
        entries=[
            credit_booking(
                entity_id=known.entity.pk,
                branch_id=known.branches[one.offer.customer_id],
                customer_id=one.offer.customer_id,
                number=one.number,
                use_id=use.pk,
                amount=Money(one.minor, known.entity.currency),
                on=one.offer.on,
            )
            for one, use in zip(spent, uses, strict=True)
        ],
        by=by,
    )


def _recovered(
    offers: Sequence[Offer], verdicts: dict[int, Verdict], known: _Open
) -> list[Recovered]:
    rows = {row.pk: row for found in known.lost.values() for row in found}
    return [
        Recovered(rows[use.id], use.money, offer.cause)
        for offer in offers
        for use in verdicts[offer.key].recovered
    ]


def _settlement(
    offer: Offer, verdict: Verdict, renewed: dict[int, Issued], known: _Open
) -> Settlement:
    currency = offer.money.currency
    lost = {row.pk: row.invoice_id for row in known.lost.get(offer.customer_id, [])}
    uses = [(use.id, use.money) for use in verdict.invoices]
    uses += [(one.id, use.money) for one, use in _by_invoice(verdict.covered, renewed)]
    return Settlement(
        allocations=tuple((key, Money(minor, currency)) for key, minor in uses if minor),
        credit=Money(verdict.money_left, currency),
        recovered=tuple((lost[use.id], Money(use.money, currency)) for use in verdict.recovered),
    )
