"""Published worked cases, by their names in the list of cases, and more of the same engines."""

from __future__ import annotations

from fractions import Fraction

import pytest

from waya.billing.rules.engine.events import Usage
from waya.billing.rules.tax import Rate, on_top
from waya.billing.tests.engine.make import (
    amount,
    bill,
    day,
    event,
    minor,
    plan,
    ratio,
    shown,
    sums,
    terms,
)
from waya.catalog.rules.plans import Charge, Interval, Phase, PlanTerms, Tier
from waya.catalog.rules.prices import cost
from waya.kernel.periods import Period
from waya.kernel.rates import percent

BASIC = plan("24.95", code="basic")


def test_a1_account_day_25() -> None:
    found = bill(terms(day=25), [event("2021-09-16", "start", BASIC)], "2021-09-25")
    assert shown(found) == [
        ("proration", "2021-09-16", "2021-09-25", "7.24"),
        ("recurring", "2021-09-25", "2021-10-25", "24.95"),
    ]
    assert (found[0].ratio, found[0].share.units) == (Fraction(9, 31), Fraction(9))


@pytest.mark.parametrize("day_chosen", [17, None], ids=["told", "by the first"])
def test_a2_day_set_by_the_first_subscription(day_chosen: int | None) -> None:
    found = bill(
        terms(day=day_chosen),
        [
            event("2021-09-17", "start", BASIC, subscription="first"),
            event("2021-09-25", "start", BASIC, subscription="second"),
        ],
        "2021-10-17",
    )
    assert shown(found)[1] == ("proration", "2021-09-25", "2021-10-17", "18.30")
    assert sums([line for line in found if line.invoice_on == day("2021-10-17")]) == 4990


def test_a3_two_leading_pieces() -> None:
    found = bill(
        terms(day=25),
        [
            event("2021-09-17", "start", BASIC, subscription="first"),
            event("2021-09-30", "start", BASIC, subscription="second"),
        ],
        "2021-10-25",
    )
    pieces = [amount(line) for line in found if line.kind == "proration"]
    assert pieces == ["6.44", "20.79"]
    assert sums([line for line in found if line.invoice_on == day("2021-10-25")]) == 4990


@pytest.mark.parametrize("by", ["bundle", "customer"])
def test_a4_an_add_on_aligned_to_its_base(by: str) -> None:
    found = bill(
        terms(by=by),
        [
            event("2021-09-20", "start", BASIC, subscription="base"),
            event("2021-09-30", "start", plan("17.95", code="extra"), subscription="add-on"),
        ],
        "2021-10-20",
    )
    assert shown(found)[1] == ("proration", "2021-09-30", "2021-10-20", "11.97")
    assert sums([line for line in found if line.invoice_on == day("2021-10-20")]) == 4290


def test_subscriptions_with_days_of_their_own_do_not_align() -> None:
    found = bill(
        terms(by="subscription"),
        [
            event("2021-09-20", "start", BASIC, subscription="base"),
            event("2021-09-30", "start", BASIC, subscription="other"),
        ],
        "2021-09-30",
    )
    assert [line.kind for line in found] == ["recurring", "recurring"]


# Kill Bill's own tables of proration: start, end if any, day, target, cycles that come of it.
KILL_BILL = [
    ("A6 on the start", 1, "2011-02-01", None, 13, "2011-02-01", Fraction(12, 31)),
    ("A6 within the piece", 1, "2011-02-01", None, 13, "2011-02-04", Fraction(12, 31)),
    ("A6 on the first day", 1, "2011-02-01", None, 13, "2011-02-13", 1 + Fraction(12, 31)),
    ("A6 two later", 1, "2011-02-01", None, 13, "2011-04-13", 3 + Fraction(12, 31)),
    ("A6 ends on the day", 1, "2011-02-01", "2011-04-13", 13, "2011-04-10", 2 + Fraction(12, 31)),
    ("A8", 1, "2010-06-17", "2010-07-25", 17, "2010-07-17", 1 + Fraction(8, 31)),
    ("A9 leap", 1, "2012-02-01", "2012-02-15", 1, "2012-02-19", Fraction(14, 29)),
    ("A9 not leap", 1, "2011-02-01", "2011-02-14", 1, "2011-03-01", Fraction(13, 28)),
    ("within the cycle", 1, "2011-01-01", "2011-01-15", 1, "2011-01-07", Fraction(14, 31)),
    ("both ends", 1, "2011-01-01", "2011-02-27", 15, "2011-02-26",
     1 + Fraction(14, 31) + Fraction(12, 28)),
    ("changed day", 1, "2011-02-14", None, 27, "2011-03-01", 1 + Fraction(13, 31)),
    ("31st, twice", 1, "2011-01-31", "2011-03-10", 7, "2011-04-21",
     1 + Fraction(7, 31) + Fraction(3, 31)),
    ("over the year", 1, "2010-12-15", "2011-03-17", 15, "2011-03-15", 3 + Fraction(2, 31)),
    ("all of February", 1, "2012-01-30", None, 30, "2012-03-01", Fraction(2)),
    ("annual, leading", 12, "2011-01-01", "2012-01-27", 15, "2011-01-07", Fraction(14, 365)),
    ("annual, both ends", 12, "2011-01-01", "2012-01-27", 15, "2012-01-17",
     1 + Fraction(14, 365) + Fraction(12, 366)),
    ("quarterly, leading", 3, "2011-02-01", None, 13, "2011-02-13", 1 + Fraction(12, 92)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "months", "start", "end", "on", "target", "cycles"), KILL_BILL)
def test_cycles_as_kill_bill_counts_them(
    name: str, months: int, start: str, end: str | None, on: int, target: str, cycles: Fraction
) -> None:
    events = [event(start, "start", plan("100", count=months))]
    events += [event(end, "cancel", known_on=start)] if end else []
    assert ratio(bill(terms(day=on), events, target)) == cycles
    if end:
        told = [events[0], event(end, "cancel")]
        later = max(target, end)
        assert ratio(bill(terms(day=on), told, later)) == ratio(bill(terms(day=on), events, later))


def test_a_31_as_anchor_bills_twelve_whole_months() -> None:
    found = bill(terms(day=31), [event("2011-01-31", "start", BASIC)], "2012-01-30")
    assert [line.kind for line in found] == ["recurring"] * 12
    assert [line.period.end.day for line in found] == [28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
                                                       31, 31]  # fmt: skip


def test_a10_our_rule_and_kill_bills_at_a_clamped_anchor() -> None:
    events = [event("2011-02-14", "start", BASIC)]
    ours, theirs = terms(day=31), terms(day=31, month_end="counted")
    assert [line.ratio for line in bill(ours, events, "2011-03-01")] == [Fraction(14, 28), 1]
    assert [line.ratio for line in bill(theirs, events, "2011-03-01")] == [Fraction(14, 31), 1]


def test_a11_change_at_the_31st_after_a_trial() -> None:
    trial = (Phase("trial", Interval("day", 30)), Phase())
    big = plan("599.95", code="big", phases=trial)
    small = plan("29.95", code="small")
    events = [event("2012-02-01", "start", big), event("2012-03-05", "change", small)]
    assert shown(bill(terms(day=31), events, "2012-06-30")) == [
        ("proration", "2012-03-02", "2012-03-31", "561.24"),
        ("recurring", "2012-03-31", "2012-04-30", "29.95"),
        ("recurring", "2012-04-30", "2012-05-31", "29.95"),
        ("recurring", "2012-05-31", "2012-06-30", "29.95"),
        ("recurring", "2012-06-30", "2012-07-31", "29.95"),
    ]


@pytest.mark.parametrize("align", ["remembered", "event"])
def test_a13_the_first_day_of_a_year_that_began_after_its_anchor(align: str) -> None:
    found = bill(
        terms(day=30, align=align), [event("2012-01-31", "start", plan("366", count=12))],
        "2013-01-30",
    )  # fmt: skip
    assert shown(found) == [
        ("proration", "2012-01-31", "2013-01-30", "365"),
        ("recurring", "2013-01-30", "2014-01-30", "366"),
    ]


def test_a_year_bought_in_november_ends_in_november() -> None:
    found = bill(
        terms(),
        [
            event("2021-09-25", "start", BASIC, subscription="first"),
            event("2021-11-30", "start", plan("365", count=12), subscription="second"),
        ],
        "2021-11-30",
    )
    assert shown(found)[-1] == ("proration", "2021-11-30", "2022-11-25", "360")


A16 = [
    ("2023-05-23", "2023-06-15", 23, 31),
    ("2023-06-23", "2023-07-15", 22, 30),
    ("2023-02-23", "2023-03-15", 20, 28),
    ("2024-02-23", "2024-03-15", 21, 29),
]


@pytest.mark.parametrize(("start", "end", "days", "cycle"), A16)
def test_a16_actual_days_leading_and_trailing(start: str, end: str, days: int, cycle: int) -> None:
    leading = bill(terms(day=15), [event(start, "start", BASIC)], start)
    assert [line.ratio for line in leading] == [Fraction(days, cycle)]
    until_end = [event(start, "start", BASIC), event(end, "cancel", known_on=start)]
    trailing = bill(terms(day=23), until_end, start)
    assert [line.ratio for line in trailing] == [Fraction(days, cycle)]


@pytest.mark.parametrize(("start", "end", "days", "cycle"), A16)
def test_a17_fixed_months(start: str, end: str, days: int, cycle: int) -> None:
    for fixed, counted in ((30, 22), (28, 20)):
        how = terms(day=15, basis="fixed", month_days=fixed)
        (line,) = bill(how, [event(start, "start", BASIC)], start)
        assert line.share.units == counted
        assert line.ratio == Fraction(counted, fixed)
        trailing = terms(day=23, basis="fixed", month_days=fixed)
        events = [event(start, "start", BASIC), event(end, "cancel", known_on=start)]
        assert [line.ratio for line in bill(trailing, events, start)] == [Fraction(counted, fixed)]


def test_a17_fixed_months_within_one() -> None:
    how = terms(day=23, basis="fixed")
    (line,) = bill(how, [event("2023-05-15", "start", BASIC)], "2023-05-15")
    assert line.ratio == Fraction(8, 30)


@pytest.mark.parametrize(
    ("name", "on", "kind", "credit"),
    [("A22", "2012-03-04", "cancel", "-233.82"), ("A24", "2012-03-05", "pause", "-225.76")],
)
def test_repairs(name: str, on: str, kind: str, credit: str) -> None:
    events = [event("2012-03-02", "start", plan("249.95")), event(on, kind)]  # type: ignore[arg-type]  # a parameter is any str
    found = bill(terms(), events, "2012-06-01")
    assert [amount(line) for line in found] == ["249.95", credit]
    assert found[1].invoice_on == day(on)
    assert found[1].period == Period(day(on), day("2012-04-02"))


def test_a23_a_same_day_end_costs_nothing_with_half_open_days() -> None:
    events = [event("2012-03-02", "start", BASIC), event("2012-03-02", "cancel")]
    assert sums(bill(terms(), events, "2012-06-01")) == 0
    assert bill(terms(same_day="net"), events, "2012-06-01") == []


TIERS = (
    Tier(Fraction(10), minor("1.50")),
    Tier(Fraction(110), minor("1.00")),
    Tier(Fraction(1110), minor("0.50")),
)


@pytest.mark.parametrize(
    ("name", "kind", "units", "price"),
    [
        ("A40", "graduated", 111, "115.50"),
        ("A41", "volume", 111, "55.50"),
        ("first tier's end", "graduated", 10, "15.00"),
        ("first tier's end", "volume", 10, "15.00"),
        ("nothing", "graduated", 0, "0"),
        ("nothing", "volume", 0, "0"),
        ("all tiers", "graduated", 1110, "615.00"),
        ("beyond the last", "graduated", 1112, "616.00"),
        ("beyond the last", "volume", 1112, "556.00"),
    ],
)
def test_tiers(name: str, kind: str, units: int, price: str) -> None:
    charge = Charge("minutes", kind, tiers=TIERS)  # type: ignore[arg-type]  # a parameter is any str
    assert cost(charge, Fraction(units)) == minor(price)


def test_b1_upgrade_in_arrears_on_calendar_months() -> None:
    how = terms(by="calendar", timing="arrears", arrears_on="last_day")
    events = [
        event("2024-01-01", "start", plan("100", code="a")),
        event("2024-01-15", "change", plan("200", code="b")),
    ]
    found = bill(how, events, "2024-01-31")
    assert [(amount(line), line.ratio) for line in found] == [
        ("45.16", Fraction(14, 31)), ("109.68", Fraction(17, 31)),
    ]  # fmt: skip
    assert [line.invoice_on for line in found] == [day("2024-01-15"), day("2024-01-31")]
    with_next_day = terms(by="calendar", timing="arrears")
    assert bill(with_next_day, events, "2024-01-31")[-1].invoice_on == day("2024-01-15")


def test_b2_a_short_first_period_is_a_share_of_the_whole_one() -> None:
    how = terms(by="calendar", timing="arrears")
    found = bill(how, [event("2023-02-04", "start", plan("100", count=3))], "2023-04-01")
    assert [line.ratio for line in found] == [Fraction(56, 90)]


def test_b3_a_quarter_ended_early_is_a_share_of_the_whole_quarter() -> None:
    how = terms(by="calendar", timing="arrears", inclusion="charge_last_day")
    events = [event("2024-05-20", "start", plan("910", count=3)), event("2024-06-20", "cancel")]
    assert shown(bill(how, events, "2024-08-01")) == [
        ("proration", "2024-05-20", "2024-06-21", "320")
    ]


def test_b4_downgrade_waits_for_the_end_of_the_term() -> None:
    events = [
        event("2023-07-19", "start", plan("129", code="monthly")),
        event("2023-11-09", "change", plan("1188", count=12, code="yearly")),
    ]
    found = bill(terms(), events, "2023-11-19")
    assert shown(found)[3:] == [
        ("recurring", "2023-10-19", "2023-11-19", "129"),
        ("proration", "2023-11-19", "2024-07-19", "788.75"),
    ]
    assert found[-1].ratio == Fraction(243, 366)


def test_b5_an_upgrade_to_a_year_keeps_the_anniversary() -> None:
    events = [
        event("2023-06-29", "start", plan("10", code="monthly")),
        event("2023-09-28", "change", plan("120", count=12, code="yearly"), when="at_once"),
    ]
    credit, charge = bill(terms(), events, "2023-09-28")[-2:]
    assert (credit.kind, amount(credit)) == ("credit", "-0.32")
    assert charge.ratio == Fraction(275, 366)


@pytest.mark.parametrize(
    ("name", "price", "rate", "interval", "start", "net", "tax", "total"),
    [
        ("B6", "200", "25", "month", "2025-09-18", -193_33, -48_33, -241_66),
        ("B7", "160", "25", "month", "2025-09-18", -154_67, -38_67, -193_34),
        ("B8", "29.99", "23.33", "week", "2025-10-06", -25_71, -6_00, -31_71),
    ],
)
def test_credits_round_each_part_and_add(
    name: str, price: str, rate: str, interval: str, start: str, net: int, tax: int, total: int
) -> None:
    events = [
        event(start, "start", plan(price, interval)),  # type: ignore[arg-type]  # a parameter is any str
        event(start, "cancel"),
    ]
    credit = bill(terms(inclusion="charge_last_day"), events, "2025-12-01")[-1]
    taxed = on_top(credit.amount, [Rate("vat", "VAT", percent(rate), "")])
    assert (taxed.net.minor, taxed.tax.minor, taxed.gross.minor) == (net, tax, total)


def test_b9_ended_in_february_with_its_last_day_charged() -> None:
    how = terms(by="calendar", inclusion="charge_last_day")
    events = [event("2025-02-08", "start", plan("100")), event("2025-02-21", "cancel")]
    assert [amount(line) for line in bill(how, events, "2025-03-01")] == ["75", "-25"]


def test_b10_a_trial_delays_the_first_piece() -> None:
    trial = (Phase("trial", Interval("day", 10)), Phase())
    events = [event("2024-03-05", "start", plan("50000", phases=trial))]
    found = bill(terms(by="calendar"), events, "2024-04-01")
    assert shown(found) == [
        ("proration", "2024-03-15", "2024-04-01", "27,419.35"),
        ("recurring", "2024-04-01", "2024-05-01", "50,000"),
    ]


# Lago's tables of minimum commitments in arrears: fee 1,000, commitment 10,000.
COMMITMENTS = [
    ("week, calendar", "week", 1, "calendar", "2023-02-01", "2023-02-06", 642_857),
    ("month, calendar", "month", 1, "calendar", "2023-02-04", "2023-03-01", 803_571),
    ("month, anniversary", "month", 1, "customer", "2023-02-04", "2023-03-04", 900_000),
    ("quarter, calendar", "month", 3, "calendar", "2023-02-04", "2023-04-01", 560_000),
    ("year, calendar", "month", 12, "calendar", "2022-02-01", "2023-01-01", 823_561),
    ("year, anniversary", "month", 12, "customer", "2022-02-04", "2023-02-04", 900_000),
]


@pytest.mark.parametrize(("name", "unit", "count", "by", "start", "until", "short"), COMMITMENTS)
def test_b11_what_a_commitment_falls_short_of(
    name: str, unit: str, count: int, by: str, start: str, until: str, short: int
) -> None:
    committed = plan("1000", unit, count, minimum=minor("10000"))  # type: ignore[arg-type]  # a parameter is any str
    found = bill(terms(by=by, timing="arrears"), [event(start, "start", committed)], until)
    assert [line.amount.minor for line in found if line.kind == "true_up"] == [short]


def test_b11_commitment_and_usage() -> None:
    usage = Charge("calls", "per_unit", minor("1"), metric="calls")
    from_usage = PlanTerms("plan", Interval(), (usage,), minimum=minor("100"))
    found = bill(
        terms(), [event("2024-01-01", "start", from_usage)], "2024-02-01",
        usage=[used("2024-01-10", 50)],
    )  # fmt: skip
    assert [(line.kind, amount(line)) for line in found] == [("usage", "50"), ("true_up", "50")]


def test_b12_half_a_period_to_twice_the_price() -> None:
    events = [
        event("2024-04-01", "start", plan("10", code="ten")),
        event("2024-04-16", "change", plan("20", code="twenty")),
    ]
    assert [amount(line) for line in bill(terms(), events, "2024-04-16")] == ["10", "-5", "10"]


def test_b13_to_the_second() -> None:
    events = [
        event("2024-04-01T00:00:00", "start", plan("10", code="ten")),
        event("2024-04-16T12:00:00", "change", plan("20", code="twenty")),
    ]
    found = bill(terms(unit="second"), events, "2024-04-16")
    assert [amount(line) for line in found] == ["10", "-4.83", "9.67"]
    assert found[1].ratio == Fraction(-29, 60)


def test_b14_seats() -> None:
    seat = Charge("seats", "per_unit", minor("15"))
    seats = PlanTerms("team", Interval(), (seat,))
    events = [
        event("2024-04-01", "start", seats, quantity=Fraction(2)),
        event("2024-04-16", "change", quantity=Fraction(3)),
    ]
    assert [amount(line) for line in bill(terms(), events, "2024-04-16")] == ["30", "-15", "22.50"]


def test_b15_months_of_a_quarter_by_themselves() -> None:
    how = terms(by="calendar", basis="by_month", timing="arrears")
    quarter = plan("3950", count=3, price_per="month")
    found = bill(how, [event("2023-04-08", "start", quarter)], "2023-07-01")
    assert shown(found) == [("proration", "2023-04-08", "2023-07-01", "10,928.33")]


def test_b16_a_year_by_the_month_is_twelve_months() -> None:
    for basis in ("actual", "by_month", "fixed", "30/360"):
        yearly = plan("20", count=12, price_per="month")
        found = bill(terms(basis=basis), [event("2026-08-03", "start", yearly)], "2026-08-03")
        assert shown(found) == [("recurring", "2026-08-03", "2027-08-03", "240")]


@pytest.mark.parametrize("until", ["2024-07-16", "2024-08-15", "2025-06-15"])
def test_b17_the_day_of_asking_does_not_matter(until: str) -> None:
    found = bill(terms(), [event("2024-06-16", "start", plan("80"))], until)
    assert {amount(line) for line in found} == {"80"}


def test_b18_invoiced_before_the_period_begins() -> None:
    how = terms(invoice_days_before=2, basis="by_month")
    found = bill(how, [event("2025-07-01", "start", plan("30"))], "2025-07-30")
    assert [(line.invoice_on.isoformat(), line.ratio) for line in found] == [
        ("2025-06-29", Fraction(1)), ("2025-07-30", Fraction(1)),
    ]  # fmt: skip


def test_t1_a_seat_used_22_days_of_july_costs_22_31() -> None:
    found = bill(terms(by="calendar"), [event("2024-07-10", "start", plan("10"))], "2024-07-10")
    assert [amount(line) for line in found] == ["7.10"]


@pytest.mark.parametrize("basis", ["actual", "fixed", "30/360", "actual/360", "by_month"])
@pytest.mark.parametrize("start", ["2023-01-31", "2024-02-29", "2023-12-01"])
def test_t2_a_whole_period_is_the_full_price(basis: str, start: str) -> None:
    found = bill(terms(basis=basis), [event(start, "start", plan("31"))], "2025-01-31")
    assert {amount(line) for line in found} == {"31"}


def used(on: str, quantity: int) -> Usage:
    return Usage(day(on), "calls", Fraction(quantity))
