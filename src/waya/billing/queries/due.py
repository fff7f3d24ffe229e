"""What is due of an entity on a day: found by index, worked out in chunks, nothing written.

The run and its rehearsal both ask here, so that what a rehearsal says is what a run does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import DateField, Exists, F, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from waya.billing.models import ProForma
from waya.billing.policy import BillingPolicy, RenewalPolicy
from waya.billing.queries.late import late, metered, over
from waya.billing.queries.lives.add_ons import with_add_ons
from waya.billing.queries.lives.due import COLUMNS, Due, granted, plain
from waya.billing.queries.lives.worked import work_out
from waya.billing.queries.pricing import PriceList, described
from waya.billing.rules import renewal
from waya.billing.rules.drafts import Draft, DraftLine, together
from waya.billing.rules.engine.whole import Due as WholeDue
from waya.billing.rules.engine.whole import Whole, WholePeriods
from waya.catalog.models import Plan, Promotion
from waya.catalog.queries import Version
from waya.catalog.rules.versions import charges_early
from waya.org.models import Entity
from waya.org.policy import chosen
from waya.org.rows.among import array
from waya.org.rows.asking import ask
from waya.subscriptions.models import Subscription
from waya.subscriptions.queries import RUNNING
from waya.subscriptions.rules.life import Advance, Metered

# The first day on which a month that is going on can end. A clamped anchor ends it no earlier
# than the 28th.
_ENDS = """
(date_trunc('month', billed_through + case when extract(day from billed_through) >= anchor_day
    then interval '1 month' else interval '0' end)
 + (least(anchor_day, 28) - 1) * interval '1 day')::date
"""


@dataclass(frozen=True, slots=True)
class Billing:
    """One day's billing of an entity: what is read once and used for every chunk."""

    entity: Entity
    on: date
    policy: RenewalPolicy
    how: BillingPolicy
    plans: dict[int, Plan]
    prices: PriceList
    periods: WholePeriods
    promotions: bool
    due_on: date
    whole: dict[tuple[int, date, int, bool], list[tuple[DraftLine, date]]] = field(
        default_factory=dict
    )


@dataclass(frozen=True, slots=True)
class ToInvoice:
    """Invoices to issue, and through which day they bill each subscription."""

    drafts: list[Draft]
    advances: list[Advance]


@dataclass(frozen=True, slots=True)
class ToAsk:
    """A period of a subscription to ask for, line by line."""

    row: Due
    lines: tuple[DraftLine, ...]


def billing_of(entity_id: int, on: date) -> Billing:
    """Read what a day's billing needs of an entity."""
    entity = Entity.objects.get(pk=entity_id)
    plans = Plan.objects.in_bulk(
        list(Plan.objects.filter(entity=entity).values_list("pk", flat=True))
    )
    policy = chosen(RenewalPolicy, entity_id)
    return Billing(
        entity=entity,
        on=on,
        policy=policy,
        how=chosen(BillingPolicy, entity_id),
        plans=plans,
        prices=PriceList(plans.values(), entity.country),
        periods=WholePeriods(entity.currency),
        promotions=Promotion.objects.filter(entity=entity).exists(),
        due_on=renewal.due_day(on, policy.due_days),
    )


def lapsing(day: Billing) -> QuerySet[Subscription]:
    """Prepaid ones whose next period is to be asked for and was not."""
    asked = ProForma.objects.filter(
        subscription=OuterRef("pk"), start=OuterRef("paid_through"), state=ProForma.OPEN
    )
    return Subscription.objects.filter(
        ~Exists(asked),
        ~Q(next_version=None, next_on__lte=F("paid_through")),  # it ends there
        entity=day.entity,
        state__in=RUNNING,
        plan__in=[key for key, plan in day.plans.items() if plan.mode == Plan.PREPAID],
        paid_through__lte=day.on + timedelta(days=day.policy.ask_days_before),
    )


def found_of(day: Billing, keys: Sequence[int]) -> tuple[dict[int, Subscription], set[int]]:
    """Subscriptions as they are asked, with their customers' branches; and, where policy gathers
    what is asked of a customer, those of whom something for another is open. One query."""
    rows = Subscription.objects.select_related("customer").only("entity", "customer__branch")
    if not day.how.one_bill:
        return rows.in_bulk(keys), set()
    others = ProForma.objects.filter(customer=OuterRef("customer"), state=ProForma.OPEN)
    told = rows.annotate(beside=Exists(others.exclude(subscription=OuterRef("pk"))))
    found = told.in_bulk(keys)
    beside = {row.customer_id for row in found.values() if row.beside}
    return dict(found), beside


def passed(day: Billing) -> QuerySet[Subscription]:
    """Postpaid ones for whom something may have passed: of whole months at a flat price the
    next anchor date must have come, of the others a period may be one day. What charges
    something before its period, or once, is due on the day itself. Who is paused is billed where
    policy charges a pause."""
    going = Q(plan__in=_whole_months(day), next_on=None, cycle_on=None, ends__gt=day.on)
    due, early = Q(billed_through__lt=day.on), _early(day)
    if early:
        due |= Q(billed_through=day.on, plan__in=early)
    paused = [Subscription.PAUSED] if day.how.pause == "charge" else []
    return Subscription.objects.alias(ends=RawSQL(_ENDS, (), DateField())).filter(
        ~going,
        due,
        entity=day.entity,
        state__in=[*RUNNING, *paused],
        plan__in=[key for key, plan in day.plans.items() if plan.mode == Plan.POSTPAID],
    )


def _early(day: Billing) -> list[int]:
    """The postpaid plans that charge something before a period, or when they begin."""
    found = {one.plan_id for one in day.prices.versions.values() if charges_early(one.terms)}
    return [key for key in found if day.plans[key].mode == Plan.POSTPAID]


def used(day: Billing) -> QuerySet[Subscription] | None:
    """Prepaid ones that may owe what they used in a period that is over; None where no plan
    meters what is paid before, so that nobody is asked."""
    plans = metered(day.prices)
    if not plans:
        return None
    running = Subscription.objects.filter(entity=day.entity, state__in=RUNNING)
    return over(running, plans, day.on)


def _whole_months(day: Billing) -> list[int]:
    """The plans that have nothing but whole months at one flat price, in every version."""
    odd = {one.plan_id for one in day.prices.versions.values() if not one.plain}
    return [key for key, plan in day.plans.items() if plan.unit == "month" and key not in odd]


@dataclass(frozen=True, slots=True)
class Search:
    """Who is due, asked for chunk by chunk: composing the question takes longer than most of
    its answers do, so it is done once. Without words where no plan has anybody who could be."""

    words: str
    values: tuple[Any, ...]

    @classmethod
    def of(cls, due: QuerySet[Subscription]) -> Search:
        """The search for those due."""
        try:
            return cls(*due.order_by().values_list(*COLUMNS).query.sql_with_params())
        except EmptyResultSet:
            return cls("", ())

    def chunks(self, size: Callable[[], int]) -> Iterator[list[int]]:
        """The customers of those due, as many at a time as `size` says then, in order. Each chunk
        is asked for when it is needed, after the last one seen: what was billed meanwhile is not
        seen again."""
        last = 0
        while found := self._ask(_CHUNK, last, size()):
            yield [key for (key,) in found]
            last = found[-1][0]

    def rows(self, customers: Sequence[int]) -> list[Due]:
        """What is due of some customers, in order."""
        found = self._ask(_OF_CUSTOMERS, array(customers))
        return [Due(*row) for row in found if None not in row[4:7]]

    def _ask(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        return ask(question.format(self.words), (*self.values, *values)) if self.words else []


_CHUNK = "select distinct customer_id from ({}) due where customer_id > %s order by 1 limit %s"
_OF_CUSTOMERS = """
select * from ({}) due where customer_id = any(%s::bigint[]) order by customer_id, pk
"""


def to_ask(day: Billing, rows: Sequence[Due]) -> list[ToAsk]:
    """The period after the paid one, of each."""
    common, special = _parted(day, rows)
    asked = [
        ToAsk(row, (line,))
        for row, version in common
        for line, _ in _whole_lines(day, row, version, arrears=False)
    ]
    for worked in work_out(special, day.prices, day.how, day.on, arrears=False):
        asked += [ToAsk(worked.row, lines) for lines in worked.documents]
    return asked


def to_invoice(day: Billing, rows: Sequence[Due]) -> ToInvoice:
    """What has passed of postpaid subscriptions, in arrears: the net is earned."""
    common, special = _parted(day, rows)
    drafts: list[Draft] = []
    reached: dict[int, Advance] = {}
    for row, version in common:
        for line, end in _whole_lines(day, row, version, arrears=True):
            drafts.append(_draft(day, row, (line,)))
            reached[row.id] = Advance(row.id, row.since, end)
    for worked in work_out(special, day.prices, day.how, day.on, arrears=True):
        drafts += [_draft(day, worked.row, lines) for lines in worked.documents]
        if worked.until is not None:
            reached[worked.row.id] = Advance(
                worked.row.id, worked.row.since, worked.until, worked.cycle_on
            )
    return ToInvoice(together(drafts) if day.how.one_bill else drafts, list(reached.values()))


def to_meter(day: Billing, rows: Sequence[Due]) -> tuple[list[Draft], list[Metered]]:
    """What prepaid ones owe of the days that are over, and up to where that bills them."""
    found = late(rows, day.prices, day.how, day.on)
    drafts = [_draft(day, one.row, lines) for one in found for lines in one.documents]
    return (
        together(drafts) if day.how.one_bill else drafts,
        [Metered(one.row.id, one.since, one.through) for one in found],
    )


def _parted(day: Billing, rows: Sequence[Due]) -> tuple[list[tuple[Due, Version]], list[Due]]:
    """Those for whom whole periods at one price are all that is due, and the rest."""
    least = max(day.how.minimum_minor, 0 if day.how.zero_invoices else 1)
    given = granted([row.id for row in rows]) if day.promotions else set()
    given |= set(with_add_ons(rows, day.plans.values()))
    common: list[tuple[Due, Version]] = []
    special: list[Due] = []
    for row in rows:
        version = day.prices.at(row.version_id, row.since)
        if (
            plain(row, version, given)
            and version.price.minor >= least
            and not day.prices.moves(version, row.since, day.on)
        ):
            common.append((row, version))
        else:
            special.append(row)
    return common, special


def _whole_lines(
    day: Billing, row: Due, version: Version, *, arrears: bool
) -> Iterator[tuple[DraftLine, date]]:
    """The whole periods due of one subscription, with the day on which each ends.

    Everybody whose bills end on the same day of the same version owes the same, so the lines
    are made once and only the subscription's name is put on them.
    """
    alike = (version.id, row.since, row.anchor_day, arrears)
    known = day.whole.get(alike)
    if known is None:
        due = WholeDue(row, row.since, row.anchor_day, day.plans[row.plan_id].count,
                       version.price.minor)  # fmt: skip
        until = day.on if arrears else row.since
        known = day.whole[alike] = [
            (_line(day, row, version, one, arrears=arrears), one.end)
            for one in day.periods.lines([due], until, arrears=arrears)
        ]
    for one, end in known:
        line = DraftLine(row.id, one.description, one.charged, one.revenue, one.in_advance,
                         one.charge)  # fmt: skip
        yield line, end


def _line(
    day: Billing, row: Due, version: Version, whole: Whole[Due], *, arrears: bool
) -> DraftLine:
    plan = day.plans[row.plan_id]
    charged = day.prices.whole(version, whole, day.on if arrears else whole.start)
    return DraftLine(
        row.id, described(plan, charged.period), charged, f"revenue:{plan.tax_class}",
        in_advance=not arrears, charge=version.terms.charges[0].code,
    )  # fmt: skip


def _draft(day: Billing, row: Due, lines: tuple[DraftLine, ...]) -> Draft:
    return Draft(
        entity_id=day.entity.pk,
        customer_id=row.customer_id,
        lines=lines,
        issued_on=day.on,
        due_on=day.due_on,
    )
