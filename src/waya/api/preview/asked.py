"""What a preview of billing is asked with."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from ninja import Field, Schema
from pydantic import ConfigDict, JsonValue

from waya.api.lists import Short
from waya.billing.rules.engine.events import EventKind
from waya.billing.rules.engine.terms import (
    Align,
    AnchorBy,
    Basis,
    Inclusion,
    Leftover,
    Rounding,
    Stop,
    When,
)
from waya.catalog.rules.plans import ChargeKind, Timing

Major = Annotated[Decimal, Field(ge=0, le=10**12, max_digits=30)]
Minor = Annotated[int, Field(ge=0, le=10**14)]
Count = Annotated[Decimal, Field(ge=0, le=10**15, max_digits=30)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Code = Annotated[str, Field(max_length=40, pattern=r"^[A-Za-z0-9_.:-]*$")]
Length = Annotated[int, Field(ge=1, le=1200)]
IntervalUnit = Literal["hour", "day", "week", "month", "quarter", "year"]


class Asked(Schema):
    """What is asked with; a field that nobody knows is refused, not overlooked."""

    model_config = ConfigDict(extra="forbid")


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
    on: date | None = None
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
    between two bills on the next. An invoice below `minimum_invoice` waits for the next."""

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


class TierAsked(Asked):
    """Units through `up_to` (None: all further) at `price` each, and `flat` once reached."""

    up_to: Count | None = None
    price: Major = Decimal(0)
    flat: Major = Decimal(0)


class ChargeAsked(Asked):
    """A price of a plan in major units: `flat`, `per_unit`, `graduated` or `volume` with
    `tiers`, `package` (so much for each `package_size` units begun), `one_off` or `deposit`.
    With `metric` it prices what was used, after the cycle; without, the quantity."""

    code: Code = ""
    kind: ChargeKind = "flat"
    price: Major | None = None
    price_minor: Minor | None = None
    tiers: Annotated[list[TierAsked], Field(max_length=50)] = []
    package_size: Annotated[Decimal, Field(gt=0, le=10**12, max_digits=30)] = Decimal(1)
    included: Count = Decimal(0)
    metric: Code = ""
    timing: Timing | None = None


class PhaseAsked(Asked):
    """A stretch of a plan's life: so many `unit`s, or for ever when `count` is None. A trial
    charges nothing recurring; `percent_off` or `charges` of its own make another price. A last
    phase that has a length ends the subscription."""

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


class EventAsked(Asked):
    """Something that happens `on` a day (or a moment, for hours and seconds).

    `plan` is a plan, or the code of one of `plans`; without it, a `start` begins `plan`, or
    every plan of `plans` as a bundle. `subscription` tells several apart. `known_on` earlier
    than `on` is an announcement (nothing past it is charged), later is backdated (what was
    charged past it is given back then). An event after `until` counts as announced. `when`
    overrides the policy for this change or cancellation. `pay` buys the next period of a
    prepaid subscription: with it, payments alone decide which periods there are."""

    on: date | datetime
    kind: EventKind
    plan: Code | PlanAsked | None = None
    quantity: Count | None = None
    subscription: Code | None = None
    bundle: Code = ""
    known_on: date | datetime | None = None
    when: When | None = None


class UsageAsked(Asked):
    """So much of a metric used on a day."""

    on: date | datetime
    metric: Code
    quantity: Count
    subscription: Code | None = None


class DiscountAsked(Asked):
    """`percent` or `amount` off recurring charges, for `periods` cycles (None: all) that touch
    the half-open dates from `start` to `end`. One with a `code` counts only if `codes` has it."""

    name: Short = "discount"
    percent: Annotated[Decimal, Field(gt=0, le=100)] | None = None
    amount: Major | None = None
    periods: Length | None = None
    start: date | None = None
    end: date | None = None
    code: Code = ""
    plans: Annotated[list[Code], Field(max_length=50)] = []
    subscription: Code | None = None


class TaxAsked(Asked):
    """A tax of so many percent, on the net and the taxes before it."""

    name: Short
    percent: Annotated[Decimal, Field(ge=0, le=1000)]


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

    Taxes are `taxes`, stacked in their order, or the catalog's at `place` for `tax_class`;
    `tax_inclusive` says that prices include them."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": EXAMPLE})

    currency: Currency
    policy: PolicyAsked = PolicyAsked()
    plan: PlanAsked | None = None
    plans: Annotated[list[PlanAsked], Field(max_length=50)] = []
    events: Annotated[list[EventAsked], Field(min_length=1, max_length=200)]
    until: date
    quantity: Count | None = None
    usage: Annotated[list[UsageAsked], Field(max_length=5000)] = []
    discounts: Annotated[list[DiscountAsked], Field(max_length=20)] = []
    codes: Annotated[list[Code], Field(max_length=20)] = []
    taxes: Annotated[list[TaxAsked], Field(max_length=10)] = []
    tax_inclusive: bool = False
    place: Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Za-z0-9]{1,12}){0,2}$")] | None = None
    tax_class: Annotated[str, Field(max_length=20, pattern=r"^[a-z_]+$")] = "internet"
