"""What policy decides: leftovers, late payers, pauses, bundles, discounts, documents."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from waya.billing.rules.engine.documents import documents
from waya.billing.rules.engine.events import Event, Unbillable, Usage
from waya.billing.rules.engine.lines import due
from waya.billing.tests.engine.make import (
    amount,
    bill,
    day,
    event,
    minor,
    plan,
    shown,
    sums,
    terms,
)
from waya.catalog.rules.plans import Charge, Discount, Interval, Phase, PlanTerms

SMALL, BIG = plan("100", code="small"), plan("300", code="big")
APRIL = [event("2024-04-01", "start", SMALL)]


def test_a_downgrade_at_once_gives_back_and_charges_the_rest() -> None:
    events = [event("2024-04-01", "start", BIG), event("2024-04-16", "change", SMALL)]
    found = bill(terms(downgrade="at_once"), events, "2024-05-01")
    assert [amount(line) for line in found] == ["300", "-150", "50", "100"]


def test_without_credit_a_change_gives_nothing_back() -> None:
    events = [*APRIL, event("2024-04-16", "change", BIG)]
    found = bill(terms(change_credit=False), events, "2024-04-30")
    assert [amount(line) for line in found] == ["100", "150"]


def test_a_change_that_waits_is_dropped_by_another() -> None:
    events = [
        event("2024-04-01", "start", BIG),
        event("2024-04-10", "change", SMALL),
        event("2024-04-20", "change", plan("600", code="huge")),
    ]
    found = bill(terms(), events, "2024-05-01")
    assert [line.plan for line in found] == ["big", "big", "huge", "huge"]


def test_changed_twice_in_a_day_nothing_is_lost() -> None:
    middle = plan("200", code="middle")
    events = [*APRIL, event("2024-04-16", "change", BIG), event("2024-04-16", "change", middle)]
    each = bill(terms(downgrade="at_once"), events, "2024-04-30")
    net = bill(terms(downgrade="at_once", same_day="net"), events, "2024-04-30")
    assert [amount(line) for line in each] == ["100", "-50", "150", "-150", "100"]
    assert [amount(line) for line in net] == ["100", "-50", "100"]


def test_a_credit_uses_the_price_it_was_charged_at() -> None:
    dearer = replace(SMALL, charges=(Charge("fee", amount=minor("900")),))
    events = [*APRIL, event("2024-05-01", "change", dearer), event("2024-05-16", "cancel")]
    found = bill(terms(), events, "2024-06-01")
    assert [amount(line) for line in found] == ["100", "900", "-464.52"]
    assert found[-1].why["price_minor"] == found[-1].why["left_minor"] == 900_00


def test_value_left_over_becomes_time() -> None:
    events = [event("2024-04-01", "start", BIG), event("2024-04-16", "change", SMALL)]
    found = bill(terms(downgrade="at_once", leftover="time"), events, "2024-07-01")
    assert shown(found) == [
        ("recurring", "2024-04-01", "2024-05-01", "300"),
        ("credit", "2024-04-16", "2024-05-01", "-150"),
        ("converted", "2024-04-16", "2024-05-31", "150"),
        ("recurring", "2024-05-31", "2024-06-30", "100"),
        ("recurring", "2024-06-30", "2024-07-31", "100"),
    ]


def test_value_left_over_becomes_data() -> None:
    events = [event("2024-04-01", "start", BIG), event("2024-04-16", "change", SMALL)]
    how = terms(downgrade="at_once", leftover="data", data_price=minor("5"))
    found = bill(how, events, "2024-04-16")
    assert [(line.kind, amount(line)) for line in found] == [
        ("recurring", "300"), ("credit", "-150"), ("converted", "150"), ("proration", "50"),
    ]  # fmt: skip
    assert found[2].quantity == 30


def test_ended_within_time_that_value_bought() -> None:
    events = [
        event("2024-04-01", "start", BIG),
        event("2024-04-16", "change", SMALL),
        event("2024-05-01", "cancel"),
    ]
    found = bill(terms(downgrade="at_once", leftover="time"), events, "2024-07-01")
    assert [amount(line) for line in found] == ["300", "-150", "150", "-100"]


def test_paid_late_restarts_on_the_day_of_payment() -> None:
    events = [
        event("2024-01-10", "start", SMALL),
        event("2024-02-09", "pay"),
        event("2024-03-15", "pay"),
        event("2024-04-15", "pay"),
    ]
    found = bill(terms(late="restart"), events, "2024-12-31")
    assert [(one.period.start, one.period.end, one.invoice_on) for one in found] == [
        (day("2024-01-10"), day("2024-02-10"), day("2024-01-10")),
        (day("2024-02-10"), day("2024-03-10"), day("2024-02-09")),
        (day("2024-03-15"), day("2024-04-15"), day("2024-03-15")),
        (day("2024-04-15"), day("2024-05-15"), day("2024-04-15")),
    ]


def test_paid_late_keeps_its_anchor() -> None:
    events = [event("2024-01-10", "start", SMALL), event("2024-02-20", "pay")]
    found = bill(terms(late="keep"), events, "2024-12-31")
    assert shown(found) == [
        ("recurring", "2024-01-10", "2024-02-10", "100"),
        ("recurring", "2024-02-10", "2024-03-10", "100"),
    ]


@pytest.mark.parametrize(
    ("pause", "paid"),
    [("credit", ["100", "-66.67", "33.33", "100"]), ("no_credit", ["100", "100"]),
     ("charge", ["100", "100"])],
)  # fmt: skip
def test_a_pause_is_credited_or_not(pause: str, paid: list[str]) -> None:
    events = [*APRIL, event("2024-04-11", "pause"), event("2024-04-21", "resume")]
    assert [amount(line) for line in bill(terms(pause=pause), events, "2024-05-01")] == paid


def test_a_long_pause_is_not_charged_and_a_block_is() -> None:
    events = [*APRIL, event("2024-04-11", "pause"), event("2024-07-11", "resume")]
    assert sums(bill(terms(pause="no_credit"), events, "2024-07-31")) == 100_00 + 67_74
    blocked = [*APRIL, event("2024-04-11", "block"), event("2024-07-11", "unblock")]
    assert sums(bill(terms(), blocked, "2024-07-31")) == 400_00


def test_cancelled_and_resumed_pays_for_what_it_has() -> None:
    events = [*APRIL, event("2024-04-11", "cancel"), event("2024-04-21", "resume")]
    found = bill(terms(), events, "2024-05-01")
    assert [amount(line) for line in found] == ["100", "-66.67", "33.33", "100"]


def test_a_backdated_end_is_credited_on_the_day_we_learn_of_it() -> None:
    events = [*APRIL, event("2024-04-11", "cancel", known_on="2024-05-10")]
    found = bill(terms(), events, "2024-06-01")
    assert [(amount(line), line.invoice_on.isoformat()) for line in found] == [
        ("100", "2024-04-01"), ("100", "2024-05-01"),
        ("-66.67", "2024-05-10"), ("-100", "2024-05-10"),
    ]  # fmt: skip


def test_an_end_that_was_announced_is_never_charged_past() -> None:
    events = [*APRIL, event("2024-05-16", "cancel", known_on="2024-04-20")]
    found = bill(terms(), events, "2024-07-01")
    assert [amount(line) for line in found] == ["100", "48.39"]


def test_cancelled_at_the_end_of_the_term() -> None:
    events = [*APRIL, event("2024-04-16", "cancel", when="term_end")]
    assert shown(bill(terms(), events, "2024-07-01")) == [
        ("recurring", "2024-04-01", "2024-05-01", "100")
    ]


def test_no_proration_charges_a_part_as_a_whole_and_free_none() -> None:
    events = [event("2024-04-10", "start", SMALL), event("2024-05-10", "cancel")]
    assert sums(bill(terms(day=1, basis="none"), events, "2024-05-31")) == 200_00
    assert sums(bill(terms(day=1, basis="free"), events, "2024-05-31")) == 100_00


def test_day_counts_of_the_bond_market() -> None:
    begun = [event("2024-01-31", "start", plan("360"))]
    for basis, price in (
        ("30/360", "180"), ("actual/360", "180"), ("actual/365", "177.53"), ("actual", "174.19"),
        ("fixed", "168"), ("by_month", "185.41"),
    ):  # fmt: skip
        assert amount(bill(terms(day=15, basis=basis), begun, "2024-01-31")[0]) == price


def test_prepaid_by_days_hours_and_weeks() -> None:
    ten_days = bill(terms(), [event("2024-04-01", "start", plan("10", "day", 10))], "2024-04-21")
    assert [line.period.start.day for line in ten_days] == [1, 11, 21]
    six_hours = bill(
        terms(), [event("2024-04-01T22:30:00", "start", plan("1", "hour", 6)),
                  event("2024-04-02T07:30:00", "cancel")], "2024-04-02",
    )  # fmt: skip
    assert [amount(line) for line in six_hours] == ["1", "1", "-0.50"]
    assert six_hours[1].period.start == day("2024-04-02T04:30:00")
    weeks = bill(terms(), [event("2024-04-03", "start", plan("7", "week", 2))], "2024-05-01")
    assert [line.period.start.isoformat() for line in weeks] == [
        "2024-04-03", "2024-04-17", "2024-05-01",
    ]  # fmt: skip
    mondays = bill(terms(by="calendar"), [event("2024-04-03", "start", plan("7", "week"))],
                   "2024-04-08")  # fmt: skip
    assert [amount(line) for line in mondays] == ["5", "7"]


def test_daily_at_a_monthly_price_is_divided_by_the_days_of_that_month() -> None:
    daily = plan("310", "day", price_per="month")
    found = bill(terms(), [event("2024-01-31", "start", daily)], "2024-02-01")
    assert [amount(line) for line in found] == ["10", "10.69"]


def test_a_currency_without_cents_and_one_with_thousandths() -> None:
    thousand = PlanTerms("p", Interval(), (Charge("fee", amount=Fraction(1000)),))
    events = [event("2024-04-10", "start", thousand)]
    assert bill(terms("UGX", day=1), events, "2024-04-10")[0].amount.plain() == "700"
    assert bill(terms("KWD", day=1), events, "2024-04-10")[0].amount.plain() == "0.700"


def test_a_price_of_nothing_is_a_line_of_nothing() -> None:
    events = [event("2024-04-10", "start", plan("0")), event("2024-04-20", "cancel")]
    found = bill(terms(day=1), events, "2024-06-01")
    assert [amount(line) for line in found] == ["0"]
    assert documents(found, terms(zero_invoices=False)) == []
    assert len(documents(found, terms())) == 1


def test_phases_trial_discount_fixed_term() -> None:
    phased = plan("100", phases=(
        Phase("trial", Interval("day", 14)),
        Phase("discount", Interval("month", 1), percent_off=Fraction(1, 2)),
        Phase("fixed_term", Interval("month", 2)),
    ))  # fmt: skip
    found = bill(terms(), [event("2024-04-01", "start", phased)], "2025-01-01")
    assert shown(found) == [
        ("recurring", "2024-04-15", "2024-05-15", "50"),
        ("recurring", "2024-05-15", "2024-06-15", "100"),
        ("recurring", "2024-06-15", "2024-07-15", "100"),
    ]


def test_a_trial_is_not_given_twice() -> None:
    other = replace(BIG, phases=(Phase("trial", Interval("day", 14)), Phase()))
    events = [*APRIL, event("2024-04-21", "change", other)]
    assert [amount(line) for line in bill(terms(), events, "2024-04-30")] == [
        "100", "-33.33", "100",
    ]  # fmt: skip
    again = bill(terms(phases_from="change"), events, "2024-05-05")
    assert [(amount(line), line.period.start.day) for line in again][1:] == [
        ("-33.33", 21), ("261.29", 5),
    ]  # fmt: skip


def test_discounts_by_percent_amount_and_number_of_cycles() -> None:
    two = [Discount("half", Fraction(1, 2), periods=2), Discount("ten", amount=minor("10"))]
    found = bill(terms(day=1), [event("2024-04-16", "start", SMALL)], "2024-06-01", discounts=two)
    assert [amount(line) for line in found] == [
        "50", "-25", "-5", "100", "-50", "-10", "100", "-10",
    ]  # fmt: skip


def test_a_discount_never_makes_a_price_negative() -> None:
    found = bill(terms(), APRIL, "2024-04-01", discounts=[Discount("all", amount=minor("999"))])
    assert sums(found) == 0


def test_one_off_and_deposit() -> None:
    with_modem = plan("100", charges=(
        Charge("installation", "one_off", minor("50")), Charge("modem", "deposit", minor("30")),
    ))  # fmt: skip
    events = [event("2024-04-01", "start", with_modem), event("2024-04-16", "cancel")]
    assert [(line.kind, amount(line)) for line in bill(terms(), events, "2024-05-01")] == [
        ("one_off", "50"), ("deposit", "30"), ("recurring", "100"), ("credit", "-50"),
        ("deposit", "-30"),
    ]  # fmt: skip


def test_a_deposit_is_taken_again_by_who_begins_anew_and_a_one_off_is_not() -> None:
    with_modem = plan("100", charges=(
        Charge("installation", "one_off", minor("50")), Charge("modem", "deposit", minor("30")),
    ))  # fmt: skip
    events = [event("2024-04-01", "start", with_modem), event("2024-05-01", "cancel"),
              event("2024-06-10", "start", with_modem), event("2024-06-15", "pause"),
              event("2024-06-20", "resume"), event("2024-07-01", "cancel")]  # fmt: skip
    found = bill(terms(day=1), events, "2024-08-01")
    assert [(line.kind, str(line.period.start), amount(line)) for line in found
            if line.kind in ("one_off", "deposit")] == [
        ("one_off", "2024-04-01", "50"), ("deposit", "2024-04-01", "30"),
        ("deposit", "2024-05-01", "-30"), ("deposit", "2024-06-10", "30"),
        ("deposit", "2024-07-01", "-30"),
    ]  # fmt: skip


def test_usage_is_billed_after_its_cycle_and_at_the_end() -> None:
    traffic = Charge("data", "per_unit", Fraction(1, 10), included=Fraction(100), metric="mb")
    lots = Charge("sms", "package", minor("1"), lot=Fraction(100), metric="sms")
    events = [event("2024-04-01", "start", plan("100", charges=(traffic, lots))),
              event("2024-05-16", "cancel")]  # fmt: skip
    usage = [
        Usage(day("2024-04-30"), "mb", Fraction(5105)),
        Usage(day("2024-05-01"), "mb", Fraction(100)),
        Usage(day("2024-05-15"), "sms", Fraction(101)),
        Usage(day("2024-05-16"), "sms", Fraction(9999)),
    ]
    found = bill(terms(), events, "2024-06-01", usage=usage)
    assert [(one.charge, amount(one)) for one in found if one.kind == "usage"] == [
        ("data", "5.01"), ("sms", "0"), ("data", "0"), ("sms", "2"),
    ]  # fmt: skip


def test_a_small_invoice_waits_for_the_next() -> None:
    how = terms(day=1, minimum_invoice=50_00)
    found = bill(how, [event("2024-04-25", "start", SMALL)], "2024-05-01")
    (one,) = documents(found, how)
    assert (one.on, one.amount.minor) == (day("2024-05-01"), 120_00)
    assert one.lines[0].why["waited_from"] == "2024-04-25"


def test_one_bill_gathers_what_falls_between() -> None:
    how = terms(one_bill=True)
    events = [
        event("2024-04-01", "start", SMALL, subscription="a"),
        event("2024-04-16", "start", BIG, subscription="b"),
        event("2024-04-20", "pause", subscription="a"),
    ]
    found = bill(how, events, "2024-05-01")
    assert {line.invoice_on for line in found} == {day("2024-04-01"), day("2024-05-01")}
    assert sums(found) == 100_00 + 150_00 - 36_67 + 300_00


def test_what_was_billed_wrongly_is_corrected_once() -> None:
    right = bill(terms(), APRIL, "2024-05-01")
    wrong = [replace(right[0], amount=-right[0].amount), replace(right[1], plan="gone")]
    corrections = due(right, wrong)
    assert sums(wrong) + sums(corrections) == sums(right)
    assert due(right, wrong + corrections) == []


@pytest.mark.parametrize(
    ("events", "where"),
    [
        ([event("2024-04-01", "cancel")], 0),
        ([*APRIL, event("2024-04-02", "start", SMALL)], 1),
        ([*APRIL, event("2024-04-02", "resume")], 1),
        ([*APRIL, event("2024-04-02", "change")], 1),
        ([*APRIL, event("2024-04-02", "cancel"), event("2024-04-03", "cancel")], 2),
        ([*APRIL, event("2024-04-02", "cancel"), event("2024-04-03", "change", BIG)], 2),
        ([*APRIL, event("2024-04-02", "pause"), event("2024-04-03", "pause")], 2),
    ],
)
def test_events_that_cannot_follow_are_named(events: list[Event], where: int) -> None:
    with pytest.raises(Unbillable) as refusal:
        bill(terms(), events, "2024-06-01")
    assert refusal.value.where == where


def test_every_line_explains_itself() -> None:
    events = [*APRIL, event("2024-04-16", "change", BIG)]
    for line in bill(terms(due_days=7), events, "2024-06-01"):
        assert {"rule", "price_minor", "days", "cycle_days", "ratio", "convention"} <= set(line.why)
        assert line.due_on == line.invoice_on + timedelta(days=7)


def test_a_downgrade_outlives_a_pause() -> None:
    events = [
        event("2021-01-15", "start", BIG),
        event("2021-01-20", "change", SMALL),
        event("2021-01-21", "pause"),
        event("2021-01-25", "resume"),
    ]
    assert [line.plan for line in bill(terms(), events, "2021-02-15")][-1] == SMALL.code
    while_paused = [events[0], event("2021-01-20", "pause"), event("2021-02-20", "change", SMALL),
                    event("2021-03-10", "resume")]  # fmt: skip
    found = bill(terms(), while_paused, "2021-03-15")
    assert [line.plan for line in found] == [BIG.code, BIG.code, SMALL.code, SMALL.code]


def test_an_end_to_come_is_called_off() -> None:
    events = [
        event("2021-01-15", "start", SMALL),
        event("2021-01-20", "cancel", when="term_end"),
        event("2021-01-25", "resume"),
    ]
    assert [amount(line) for line in bill(terms(), events, "2021-02-15")] == ["100", "100"]
    onto = [*events[:2], event("2021-01-25", "resume", BIG)]
    assert [line.plan for line in bill(terms(), onto, "2021-02-15")][-1] == BIG.code


def test_a_trial_that_is_changed_away_from_ends_with_the_change() -> None:
    trial = replace(SMALL, phases=(Phase("trial", Interval("day", 14)), Phase()))
    events = [event("2021-01-15", "start", trial), event("2021-01-20", "change", BIG)]
    assert shown(bill(terms(), events, "2021-02-20")) == [
        ("recurring", "2021-01-20", "2021-02-20", "300"),
        ("recurring", "2021-02-20", "2021-03-20", "300"),
    ]


def test_two_discounts_of_one_name_are_two() -> None:
    twice = [Discount("welcome", Fraction(1, 10), periods=1)] * 2
    found = bill(terms(), [event("2021-01-15", "start", SMALL)], "2021-02-15", discounts=twice)
    assert [amount(line) for line in found] == ["100", "-10", "-9", "100"]


def test_hours_left_over_become_hours() -> None:
    dear, cheap = plan("24", "hour", 24, code="dear"), plan("10", "hour", 24, code="cheap")
    events = [event("2021-01-15T00:00:00", "start", dear),
              event("2021-01-15T12:00:00", "change", cheap, when="at_once")]  # fmt: skip
    found = bill(terms(leftover="time"), events, "2021-01-15")
    assert found[-1].period.end == day("2021-01-16T16:48:00")  # 12 dollars at 10 a day


def test_what_payments_buy_is_not_paused() -> None:
    events = [event("2021-01-15", "start", SMALL), event("2021-01-20", "pause"),
              event("2021-02-15", "pay")]  # fmt: skip
    with pytest.raises(Unbillable, match="payments"):
        bill(terms(), events, "2021-03-15")


def test_a_first_payment_that_is_late_asks_for_nothing_before_it() -> None:
    events = [event("2021-01-15", "start", SMALL), event("2021-02-20", "pay")]
    for late, start in (("restart", "2021-02-20"), ("keep", "2021-02-15")):
        found = bill(terms(late=late), events, "2021-04-30")
        assert [(line.invoice_on, line.period.start, amount(line)) for line in found] == [
            (day("2021-01-15"), day("2021-01-15"), "100"),
            (day("2021-02-20"), day(start), "100"),
        ]
    hours = plan("10", "hour", 6)
    hourly = [event("2021-01-15T08:00:00", "start", hours), event("2021-01-15T15:00:00", "pay")]
    ends = [line.period.end for line in bill(terms(), hourly, "2021-01-16")]
    assert ends == [day("2021-01-15T14:00:00"), day("2021-01-15T21:00:00")]
