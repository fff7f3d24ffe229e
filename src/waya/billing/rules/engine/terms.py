"""How billing is done: every convention that engines differ in, as a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal

from waya.catalog.rules.plans import Timing
from waya.kernel.money import Rounding, rounded

AnchorBy = Literal["customer", "bundle", "subscription", "calendar"]
Align = Literal["remembered", "event", "next"]
Basis = Literal["actual", "fixed", "30/360", "actual/360", "actual/365", "by_month", "none", "free"]
Inclusion = Literal["half_open", "charge_first_day", "charge_last_day"]
When = Literal["at_once", "term_end"]
Stop = Literal["credit", "no_credit", "charge"]
Leftover = Literal["money", "time", "data"]


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where cycles begin. The wished day (1–31) is remembered; only its date is clamped.

    `by` says who shares it: all of a customer's subscriptions, a bundle's, one subscription,
    or the calendar (the 1st, January, Monday). Without `day` it is the day of the first charge.
    For cycles of several months `align` says which month they begin in: `remembered` counts
    from the subscription's first charge, `event` from whatever began (Kill Bill: the day in
    the month of the event, or one interval later), `next` from the first anchor date to come.
    """

    by: AnchorBy = "customer"
    day: int | None = None
    month: int | None = None
    weekday: int | None = None
    on: date | None = None
    align: Align = "remembered"
    after_trial: bool = True
    change_restarts: bool = False


@dataclass(frozen=True, slots=True)
class Proration:
    """Which share of a cycle a part of it is.

    `actual` divides its days by the cycle's; `fixed` counts months of `month_days` days,
    (D2 + 30) − D1, and divides by them; `30/360` is the bond market's; `by_month` takes each
    calendar month by its own days (ERPNext); `none` charges every part as a whole and credits
    nothing; `free` charges and credits no part. `unit` `second` measures exactly (Stripe).
    `month_end` decides the cycle of a part at a clamped anchor: `remembered` takes the true
    cycle, `counted` goes a month back or on from the clamped date (Kill Bill).
    """

    basis: Basis = "actual"
    month_days: int = 30
    unit: Literal["day", "second"] = "day"
    inclusion: Inclusion = "half_open"
    month_end: Literal["remembered", "counted"] = "remembered"


@dataclass(frozen=True, slots=True)
class BillingTerms:
    """Everything that decides lines besides plans and events; the defaults are the house's.

    `invoice_days_before` asks for a period in advance so early; `arrears_on` dates an invoice
    in arrears on the first day after its period, or on the last within. `cancel_credit` and
    `change_credit` say whether what is unused is given back; `pause` and `blocked` whether
    standing still is credited, merely not charged further, or charged on. `same_day` bills
    each event of a day as it happens, or only what the day came to.
    """

    currency: str
    anchor: Anchor = field(default_factory=Anchor)
    proration: Proration = field(default_factory=Proration)
    timing: Timing = "advance"
    rounding: Rounding = "half_up"
    invoice_days_before: int = 0
    arrears_on: Literal["next_day", "last_day"] = "next_day"
    due_days: int = 0
    upgrade: When = "at_once"
    downgrade: When = "term_end"
    cancel: When = "at_once"
    cancel_credit: bool = True
    change_credit: bool = True
    pause: Stop = "credit"
    blocked: Stop = "charge"
    late: Literal["restart", "keep"] = "restart"
    leftover: Leftover = "money"
    data_price: Fraction | None = None
    phases_from: Literal["start", "change"] = "start"
    same_day: Literal["each", "net"] = "each"
    one_bill: bool = False
    minimum_invoice: int = 0
    zero_invoices: bool = True
    return_deposit: bool = True

    def round(self, exact: Fraction) -> int:
        """Whole minor units; the only place where an amount of a line is rounded."""
        if exact.denominator == 1:
            return exact.numerator
        return rounded(exact, self.rounding)
