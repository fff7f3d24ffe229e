"""What a preview of billing is asked with."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from ninja import Field
from pydantic import ConfigDict, Discriminator, JsonValue, Tag

from waya.api.lists import Short, Words
from waya.api.preview.customer import CustomerAsked
from waya.api.preview.fields import (
    Asked,
    Class,
    Code,
    Count,
    Country,
    Currency,
    Day,
    Length,
    Major,
    Minor,
    Moment,
    Percent,
    Place,
    Share,
)
from waya.billing.rules.engine.events import EventKind
from waya.billing.rules.engine.terms import (
    Align,
    AnchorBy,
    Basis,
    Inclusion,
    Leftover,
    Stop,
    When,
)
from waya.billing.rules.tax.documents import RoundedBy
from waya.catalog.rules.plans import ChargeKind, Timing
from waya.kernel.money import Rounding

IntervalUnit = Literal["hour", "day", "week", "month", "quarter", "year"]


TaxPoint = Literal["invoice", "period_start", "period_end", "split"]


class AnchorAsked(Asked):
    """Where cycles begin. `day` (1–31) is remembered and clamped to the month's end; without
    it, it is the day of the first charge. `align` matters for cycles of several months:
    `remembered` counts them from the subscription's first charge, `event` from each event
    (Kill Bill), `next` from the first anchor date that comes. `after_trial`: a trial moves the
    anchor to its end.
    `change_restarts`: a change of plan begins new cycles (Stripe, when the interval changes)."""

    by: AnchorBy = "customer"
    day: Annotated[int, Field(ge=1, le=31)] | None = None
    month: Annotated[int, Field(ge=1, le=12)] | None = None
    weekday: Annotated[int, Field(ge=1, le=7)] | None = None
    on: Day | None = None
    align: Align = "remembered"
    after_trial: bool = True
    change_restarts: bool = False


class ProrationAsked(Asked):
    """Which share of a cycle a part is. `basis` `actual`: days by days of the cycle; `fixed`:
    months of `month_days` days, (D2 + 30) − D1; `30/360`; `actual/360`; `actual/365`;
    `by_month`: each calendar month by its own days (ERPNext); `none`: a part costs the whole
    and nothing is given back; `free`: a part costs nothing. `unit` `second` measures exactly.
    `inclusion`: the day of an end is free (`half_open`), the first is always charged, or the
    last is charged (Lago). `month_end` `counted`: Kill Bill's denominator at a clamped day."""

    basis: Basis = "actual"
    month_days: Annotated[int, Field(ge=28, le=31)] = 30
    unit: Literal["day", "second"] = "day"
    inclusion: Inclusion = "half_open"
    month_end: Literal["remembered", "counted"] = "remembered"


class LateFeeAsked(Asked):
    """Asked for once for an invoice that is not settled before the day `after_days` after it was
    due: `amount`, and `percent` of what is still owed, together. `tax_class` names the taxes that
    it carries; without, none."""

    after_days: Annotated[int, Field(ge=0, le=365)]
    amount: Major = Decimal(0)
    percent: Share | None = None
    tax_class: Class = ""


class PolicyAsked(Asked):
    """How to bill; every default is the house's own.

    `invoice_days_before` dates an invoice in advance so many days before its period;
    `arrears_on` dates one in arrears on the day after its period or on its last day. Changes
    to a dearer plan follow `upgrade`, to a cheaper one `downgrade` (the prices of a year are
    compared). What is unused is given back as `cancel_credit`, `change_credit` and `pause` say.
    `blocked` is how a block for debt is charged. `leftover` is what unused value becomes on a
    change: a credit, time of the new plan, or data at `data_price` a unit. `late` is for
    `pay` events: a renewal paid late begins when it is paid, or keeps its anchor. `same_day`
    bills each event of a day in turn, or what the day came to. `one_bill` gathers what falls
    between two bills on the next. An invoice below `minimum_invoice` waits for the next.
    `tax_point` says which day chooses the rates of a line: its invoice's, the first or the last
    of its period, or each day by itself (`split` cuts a line where rates change). A credit
    carries the taxes of its charge. `tax_rounding` rounds taxes by line or by invoice."""

    anchor: AnchorAsked = AnchorAsked()
    proration: ProrationAsked = ProrationAsked()
    timing: Timing = "advance"
    rounding: Rounding = "half_up"
    invoice_days_before: Annotated[int, Field(ge=0, le=90)] = 0
    arrears_on: Literal["next_day", "last_day"] = "next_day"
    due_days: Annotated[int, Field(ge=0, le=365)] = 0
    upgrade: When = "at_once"
    downgrade: When = "term_end"
    cancel: When = "at_once"
    cancel_credit: bool = True
    change_credit: bool = True
    pause: Stop = "credit"
    blocked: Stop = "charge"
    late: Literal["restart", "keep"] = "restart"
    leftover: Leftover = "money"
    data_price: Annotated[Decimal, Field(gt=0, le=10**9, max_digits=30)] | None = None
    phases_from: Literal["start", "change"] = "start"
    same_day: Literal["each", "net"] = "each"
    one_bill: bool = False
    minimum_invoice: Major = Decimal(0)
    zero_invoices: bool = True
    return_deposit: bool = True
    late_fee: LateFeeAsked | None = None
    tax_point: TaxPoint = "invoice"
    tax_rounding: RoundedBy = RoundedBy.LINE


class TierAsked(Asked):
    """Units through `up_to` (None: all further) at `price` each, and `flat` once reached."""

    up_to: Count | None = None
    price: Major = Decimal(0)
    flat: Major = Decimal(0)


class ChargeAsked(Asked):
    """A price of a plan in major units: `flat`, `per_unit`, `graduated` or `volume` with
    `tiers`, `package` (so much for each `package_size` units begun), `one_off` or `deposit`.
    With `metric` it prices what was used, after the cycle; without, the quantity. Tiers may count
    lots of `package_size` units begun. `included` units cost nothing. `tax_class` is the
    question's unless it has its own; a deposit carries no tax."""

    code: Code = ""
    kind: ChargeKind = "flat"
    price: Major | None = None
    price_minor: Minor | None = None
    tiers: Annotated[list[TierAsked], Field(max_length=50)] = []
    package_size: Annotated[Decimal, Field(gt=0, le=10**12, max_digits=30)] = Decimal(1)
    included: Count = Decimal(0)
    metric: Code = ""
    timing: Timing | None = None
    tax_class: Class = ""


class PhaseAsked(Asked):
    """A stretch of a plan's life: so many `unit`s, or for ever when `count` is None. A trial is
    free, with what is used in it; `percent_off` or `charges` of its own make another price. A
    last phase that has a length ends the subscription."""

    kind: Literal["trial", "discount", "fixed_term", "evergreen"] = "evergreen"
    unit: IntervalUnit = "month"
    count: Length | None = None
    percent_off: Annotated[Decimal, Field(ge=0, le=100)] = Decimal(0)
    charges: Annotated[list[ChargeAsked], Field(max_length=20)] | None = None


class PlanAsked(Asked):
    """A plan: `price` (major units) or `price_minor` for a cycle of `count` `interval`s, and
    any number of further `charges`. `price_per` `month` or `day` says that recurring prices
    are for each of them. `minimum` is what a cycle comes to at least."""

    code: Code = ""
    name: Annotated[str, Field(max_length=80)] = ""
    price: Major | None = None
    price_minor: Minor | None = None
    interval: IntervalUnit = "month"
    count: Length = 1
    price_per: Literal["cycle", "month", "day"] = "cycle"
    charges: Annotated[list[ChargeAsked], Field(max_length=20)] = []
    phases: Annotated[list[PhaseAsked], Field(max_length=10)] = []
    minimum: Major = Decimal(0)


def _kind_of_plan(value: Any) -> str:
    return "·code" if isinstance(value, str) else "·plan"


# By its code or in full; the tags only choose, and are left out of the places of faults.
PlanNamed = Annotated[
    Annotated[Code, Tag("·code")] | Annotated[PlanAsked, Tag("·plan")],
    Discriminator(_kind_of_plan),
]


class EventAsked(Asked):
    """Something that happens `on` a day (or a moment, for hours and seconds).

    `plan` is a plan, or the code of one of `plans`; without it, a `start` begins `plan`, or
    every plan of `plans` as a bundle. `subscription` tells several apart. `known_on` earlier
    than `on` is an announcement (nothing past it is charged), later is backdated (what was
    charged past it is given back then). An event after `until` counts as announced. `when`
    overrides the policy for this change or cancellation. `pay` buys the next period of a
    prepaid subscription: with it, payments alone decide which periods there are. `resume` ends
    a pause, begins again what was cancelled, or calls off an end that is still to come. An event
    of a `bundle` that names no subscription means all of that bundle."""

    on: Moment
    kind: EventKind
    plan: PlanNamed | None = None
    quantity: Count | None = None
    subscription: Code | None = None
    bundle: Code = ""
    known_on: Moment | None = None
    when: When | None = None


class UsageAsked(Asked):
    """So much of a metric used on a day. What was used while nothing was had costs nothing."""

    on: Moment
    metric: Code
    quantity: Count
    subscription: Code | None = None


class DiscountAsked(Asked):
    """`percent` or `amount` off recurring charges, for `periods` cycles (None: all) that touch
    the half-open dates from `start` to `end`. One with a `code` counts only if `codes` has it."""

    name: Short = "discount"
    percent: Share | None = None
    amount: Major | None = None
    periods: Length | None = None
    start: Day | None = None
    end: Day | None = None
    code: Code = ""
    plans: Annotated[list[Code], Field(max_length=50)] = []
    subscription: Code | None = None


class TaxAsked(Asked):
    """A tax of `percent`, or of `amount` for each unit of the quantity. Its base is `share`
    percent of the net with every tax before it (`stack`), with those `on` names, or of the `net`
    alone. What it comes to is rounded, `rounding` says how, to a multiple of `quantum` (none: the
    smallest unit of the currency). It holds for tax points from `start` up to, not including,
    `end`, and for lines of `tax_classes` (none: all)."""

    name: Short
    percent: Percent | None = None
    amount: Major | None = None
    on: Literal["stack", "net"] | Annotated[list[Short], Field(max_length=10)] = "stack"
    share: Share = Decimal(100)
    rounding: Rounding = "half_up"
    quantum: Major | None = None
    start: Day | None = None
    end: Day | None = None
    tax_classes: Annotated[list[Class], Field(max_length=10)] = []
    law: Words = ""


class PaymentAsked(Asked):
    """Money of the customer, for late fees: `amount`, or all that was owed on that day."""

    on: Day
    amount: Major | None = None


EXAMPLE: JsonValue = {
    "currency": "USD",
    "policy": {"anchor": {"by": "customer", "day": 25}},
    "plan": {"code": "basic", "price": "24.95", "interval": "month"},
    "events": [
        {"on": "2021-09-16", "kind": "start"},
        {"on": "2021-11-10", "kind": "change",
         "plan": {"code": "fast", "price": "39.95", "interval": "month"}},
        {"on": "2021-12-05", "kind": "cancel"},
    ],
    "taxes": [{"name": "Excise duty", "percent": "15"}, {"name": "VAT", "percent": "16"}],
    "tax_inclusive": False,
    "until": "2022-01-31",
}  # fmt: skip


class PreviewAsked(Asked):
    """Plans, what happens, how to bill it, and the last invoice date to look at (inclusive).

    Taxes are `taxes`, stacked in their order, or the catalog's at `place` for `tax_class` and
    `customer` (its class, tax number and certificates); `seller` is the entity's country unless
    told. `tax_inclusive` says that prices include them. `payments` matter for late fees alone:
    what none of them settles is owed."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": EXAMPLE})

    currency: Currency
    policy: PolicyAsked = PolicyAsked()
    plan: PlanAsked | None = None
    plans: Annotated[list[PlanAsked], Field(max_length=50)] = []
    events: Annotated[list[EventAsked], Field(min_length=1, max_length=200)]
    until: Day
    quantity: Count | None = None
    usage: Annotated[list[UsageAsked], Field(max_length=5000)] = []
    discounts: Annotated[list[DiscountAsked], Field(max_length=20)] = []
    codes: Annotated[list[Code], Field(max_length=20)] = []
    payments: Annotated[list[PaymentAsked], Field(max_length=1000)] = []
    taxes: Annotated[list[TaxAsked], Field(max_length=20)] = []
    tax_inclusive: bool = False
    place: Place | None = None
    tax_class: Class = "internet"
    customer: CustomerAsked = CustomerAsked.model_validate({})
    seller: Country | None = None
