"""Worked figures that others have published, each asked for as somebody with our pages alone would.

A case is its source, the question, and what every line comes to in minor units, in order.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple


class Case(NamedTuple):
    """A source, a question to the preview of billing, and the nets of its lines."""

    source: str
    question: dict[str, Any]
    nets: list[int]


def start(on: str, **more: Any) -> dict[str, Any]:
    return {"on": on, "kind": "start", **more}


def then(on: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"on": on, "kind": kind, **more}


def asked(until: str, price: str, *events: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A question in US dollars about a plan of one price."""
    plan = {"code": "basic", "price": price, "interval": more.pop("interval", "month")}
    return {"currency": "USD", "plan": plan, "events": [*events], "until": until, **more}


def metered(quantity: Any, kind: str, **charge: Any) -> dict[str, Any]:
    """A question about so much use in January, under one charge."""
    return {
        "currency": "USD",
        "plan": {"charges": [{"code": "calls", "kind": kind, "metric": "calls", **charge}]},
        "events": [start("2024-01-01")],
        "usage": [{"on": "2024-01-20", "metric": "calls", "quantity": quantity}],
        "until": "2024-02-01",
    }


KILL_BILL_TIERS = [
    {"up_to": 10, "price": "1.5"}, {"up_to": 110, "price": "1"}, {"up_to": 1110, "price": "0.5"},
]  # fmt: skip
YEARLY = {"code": "yearly", "price": "1188", "interval": "year"}
DAY_25 = {"anchor": {"day": 25}}
LAGO = {"by": "calendar", "after_trial": False}

KILL_BILL = (
    Case("Kill Bill, catalog examples, account alignment 2",
         asked("2021-09-25", "24.95", start("2021-09-16"), policy=DAY_25), [724, 2495]),
    Case("Kill Bill, catalog examples, account alignment 3",
         asked("2021-10-17", "24.95", start("2021-09-17", subscription="first"),
               start("2021-09-25", subscription="second")), [2495, 1830, 2495, 2495]),
    Case("Kill Bill, catalog examples, account alignment 4",
         asked("2021-10-25", "24.95", start("2021-09-17", subscription="first"),
               start("2021-09-30", subscription="second"), policy=DAY_25),
         [644, 2495, 2079, 2495, 2495]),
    Case("Kill Bill, catalog examples, bundle alignment",
         asked("2021-10-20", "24.95", start("2021-09-20", subscription="base", bundle="home"),
               start("2021-09-30", subscription="add-on", bundle="home",
                     plan={"code": "extra", "price": "17.95"}),
               policy={"anchor": {"by": "bundle"}}), [2495, 1197, 2495, 1795]),
    Case("Kill Bill, TestIntegration, billing day in the past",
         asked("2012-06-30", "599.95", start("2012-02-01", plan={
             "code": "big", "price": "599.95",
             "phases": [{"kind": "trial", "unit": "day", "count": 30}]}),
             then("2012-03-05", "change", plan={"code": "small", "price": "29.95"}),
             policy={"anchor": {"day": 31}}), [56124, 2995, 2995, 2995, 2995]),
    Case("Kill Bill, TestIntegration, cancelled two days on",
         asked("2012-03-04", "249.95", start("2012-03-02"), then("2012-03-04", "cancel")),
         [24995, -23382]),
    Case("Kill Bill, TestIntegration, paused three days on",
         asked("2012-03-05", "249.95", start("2012-03-02"), then("2012-03-05", "pause")),
         [24995, -22576]),
    Case("Kill Bill, usage in tiers, all of them",
         metered(111, "graduated", tiers=KILL_BILL_TIERS), [11550]),
    Case("Kill Bill, usage in tiers, the top one",
         metered(111, "volume", tiers=KILL_BILL_TIERS), [5550]),
    Case("Kill Bill, leap February",
         asked("2012-02-15", "29", start("2012-02-01"), then("2012-02-15", "cancel"),
               policy={"anchor": {"day": 1}}), [2900, -1500]),
)  # fmt: skip

LAGO_CASES = (
    Case("Lago, upgrades and downgrades, in arrears",
         asked("2024-01-31", "100", start("2024-01-01"),
               then("2024-01-15", "change", plan={"code": "more", "price": "200"}),
               policy={"anchor": LAGO, "timing": "arrears", "arrears_on": "last_day"}),
         [4516, 10968]),
    Case("Lago, downgrade_spec, to a year at the end of the term",
         asked("2023-11-19", "129", start("2023-07-19"), then("2023-11-09", "change", plan=YEARLY)),
         [12900, 12900, 12900, 12900, 78875]),
    Case("Lago, credit_note_rounding_spec, a day of a month",
         asked("2025-09-18", "200", start("2025-09-18"), then("2025-09-18", "cancel"),
               policy={"proration": {"inclusion": "charge_last_day"}}), [20000, -19333]),
    Case("Lago, credit_note_rounding_spec, a day of a week",
         asked("2025-10-06", "29.99", start("2025-10-06"), then("2025-10-06", "cancel"),
               interval="week", policy={"proration": {"inclusion": "charge_last_day"}}),
         [2999, -2571]),
    Case("Lago, spending minimum", {
        "currency": "USD", "plan": {"minimum": "100", "charges": [
            {"code": "calls", "kind": "per_unit", "price": 1, "metric": "calls"}]},
        "events": [start("2024-01-01")], "until": "2024-02-01",
        "usage": [{"on": "2024-01-10", "metric": "calls", "quantity": 50}]}, [5000, 5000]),
    Case("Lago, package: 201 units, a hundred free", metered(
        201, "package", price=5, package_size=100, included=100), [1000]),
    Case("Lago, volume: 65,000 calls", metered(65_000, "volume", tiers=[
        {"up_to": 10_000, "price": "0.0010", "flat": 10},
        {"up_to": 50_000, "price": "0.0008", "flat": 10},
        {"up_to": 100_000, "price": "0.0006", "flat": 10},
        {"price": "0.0004", "flat": 10}]), [4900]),
    Case("Lago, graduated percentage: 500 dollars moved", metered(500, "graduated", tiers=[
        {"up_to": 1000, "price": "0.01", "flat": 200},
        {"up_to": 10_000, "price": "0.02", "flat": 300},
        {"price": "0.03", "flat": 400}]), [20500]),
)  # fmt: skip

OTHERS = (
    Case("Stripe, prorations: half a period to twice the price",
         asked("2024-04-16", "10", start("2024-04-01"),
               then("2024-04-16", "change", plan={"code": "twenty", "price": "20"})),
         [1000, -500, 1000]),
    Case("Stripe, to the second, on the next bill",
         asked("2024-05-01", "10", start("2024-04-01T00:00:00"),
               then("2024-04-16T12:00:00", "change", plan={"code": "twenty", "price": "20"}),
               policy={"proration": {"unit": "second"}, "one_bill": True}),
         [1000, -483, 967, 2000]),
    Case("Salesforce, monthly proration: 28 March to 4 April on the 5th of the month",
         asked("2025-03-28", "90", start("2025-03-28"), policy={"anchor": {"day": 5}}), [2323]),
    Case("Zuplo, graduated: 15,000 units", metered(15_000, "graduated", tiers=[
        {"up_to": 1000, "price": "0.10"}, {"up_to": 10_000, "price": "0.05"},
        {"price": "0.01"}]), [60000]),
    Case("Autumn, graduated: 15,000 requests", metered(15_000, "graduated", tiers=[
        {"up_to": 1000, "price": "0.01"}, {"up_to": 10_000, "price": "0.008"},
        {"price": "0.005"}]), [10700]),
    Case("Autumn, half a month of the dearer plan",
         asked("2024-04-16", "20", start("2024-04-01"),
               then("2024-04-16", "change", plan={"code": "pro", "price": "50"})),
         [2000, -1000, 2500]),
    Case("Flexprice, packages in a tier: 4,500 calls", metered(
        4500, "volume", package_size=1000, tiers=[{"up_to": 10_000, "price": 1}, {"price": "0.5"}]),
        [500]),
    Case("Kill Bill, blocks in tiers: each tier counts its own",
         metered(1150, "graduated", package_size=100, tiers=[
             {"up_to": 1000, "price": 10}, {"price": 8}]), [11600]),
    Case("ERPNext PR 36953: months of a quarter by themselves", {
        "currency": "USD", "until": "2023-07-01", "events": [start("2023-04-08")],
        "plan": {"price": "3950", "interval": "quarter", "price_per": "month"},
        "policy": {"anchor": {"by": "calendar"}, "timing": "arrears",
                   "proration": {"basis": "by_month"}}}, [1092833]),
    Case("ERPNext issue 57768: a year by the month", {
        "currency": "USD", "until": "2026-08-03", "events": [start("2026-08-03")],
        "plan": {"price": "20", "interval": "year", "price_per": "month"},
        "policy": {"proration": {"basis": "by_month"}}}, [24000]),
    Case("ERPNext issue 42779: eighty on any day of asking",
         asked("2024-07-16", "80", start("2024-06-16")), [8000, 8000]),
    Case("ERPNext PR 49635: invoiced two days ahead",
         asked("2025-06-29", "30", start("2025-07-01"), policy={
             "invoice_days_before": 2, "proration": {"basis": "by_month"}}), [3000]),
    Case("Splynx, prepaid daily: the price over the days of that month", {
        "currency": "USD", "until": "2021-02-01", "events": [start("2021-01-31")],
        "plan": {"price": "310", "interval": "day", "price_per": "month"}}, [1000, 1107]),
    Case("A seat of ten dollars used for 22 days of July",
         asked("2024-07-10", "10", start("2024-07-10"), policy={"anchor": {"by": "calendar"}}),
         [710]),
)  # fmt: skip

CASES = (*KILL_BILL, *LAGO_CASES, *OTHERS)


class TaxCase(NamedTuple):
    """A source, a question to the preview of taxes, and net, tax and gross in minor units."""

    source: str
    question: dict[str, Any]
    totals: tuple[int, int, int]


def taxed(
    place: str, currency: str, day: str, *lines: dict[str, Any], **more: Any
) -> dict[str, Any]:
    return {"place": place, "currency": currency, "date": day, "lines": [*lines], **more}


def internet(**price: Any) -> dict[str, Any]:
    return {"class": "internet", **price}


# Standard rates of VAT: Directive 2006/112/EC article 96 as each country applies it (European
# Commission, "VAT rates applied in the Member States"); Northern Ireland is not among them.
EU_RATES = {
    "AT": "20", "BE": "21", "BG": "20", "CY": "19", "CZ": "21", "DE": "19", "DK": "25",
    "EE": "24", "ES": "21", "FI": "25.5", "FR": "20", "GR": "24", "HR": "25", "HU": "27",
    "IE": "23", "IT": "22", "LT": "21", "LU": "17", "LV": "21", "MT": "18", "NL": "21",
    "PL": "23", "PT": "23", "RO": "21", "SE": "25", "SI": "22", "SK": "23",
}  # fmt: skip

TAX_CASES = (
    TaxCase("KRA: 1,000 with excise and VAT",
            taxed("KE", "KES", "2027-06-01", internet(net="1000")), (100000, 33400, 133400)),
    TaxCase("KRA: 2,500 with both inside",
            taxed("KE", "KES", "2027-06-01", internet(gross="2500")), (187406, 62594, 250000)),
    TaxCase("KRA: in the year of 20 %",
            taxed("KE", "KES", "2022-06-01", internet(net="1000")), (100000, 39200, 139200)),
    TaxCase("URA: 100,000 of data",
            taxed("UG", "UGX", "2026-03-01", internet(net="100000")), (100000, 32160, 132160)),
    TaxCase("URA: 100,000 of airtime",
            taxed("UG", "UGX", "2026-03-01", {"class": "voice", "net": "100000"}),
            (100000, 32160, 132160)),
    TaxCase("TRA: 100,000", taxed("TZ", "TZS", "2026-03-01", internet(net="100000")),
            (10000000, 3806000, 13806000)),
    TaxCase("FIRS: 7.5 %", taxed("NG", "NGN", "2026-03-01", internet(net="100000")),
            (10000000, 750000, 10750000)),
    TaxCase("SARS: 15 %", taxed("ZA", "ZAR", "2026-03-01", internet(gross="115")),
            (10000, 1500, 11500)),
    TaxCase("HMRC: 20 %", taxed("GB", "GBP", "2026-03-01", internet(gross="60")),
            (5000, 1000, 6000)),
    TaxCase("Romania before August 2025",
            taxed("RO", "RON", "2025-07-31", internet(net="100")), (10000, 1900, 11900)),
    TaxCase("Slovakia before 2025", taxed("SK", "EUR", "2024-12-31", internet(net="100")),
            (10000, 2000, 12000)),
    TaxCase("Article 196: a business across a border",
            taxed("RO", "EUR", "2026-03-01", internet(net="100"), seller="IE",
                  customer={"tax_number": "RO12345678"}), (10000, 0, 10000)),
    TaxCase("FCC 06-94 and the factor of Q3 2020",
            taxed("US", "USD", "2020-08-01", {"class": "voice", "net": "100"}),
            (10000, 1720, 11720)),
    TaxCase("the factor of Q2 2021: 33.4 %",
            taxed("US", "USD", "2021-05-01", {"class": "voice", "net": "100"}),
            (10000, 2168, 12168)),
    TaxCase("the factor of Q4 2024: 35.8 %",
            taxed("US", "USD", "2024-12-31", {"class": "voice", "net": "100"}),
            (10000, 2323, 12323)),
    *(
        TaxCase(f"standard rate of {country}",
                taxed(country, "EUR", "2026-03-01", internet(net="100"), seller=country),
                (10000, int(Decimal(percent) * 100), 10000 + int(Decimal(percent) * 100)))
        for country, percent in EU_RATES.items()
    ),
)  # fmt: skip
