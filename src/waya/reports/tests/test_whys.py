"""Every line of a document says why it is as much as it is, to the customer, in words."""

from __future__ import annotations

import ast
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation
from django.utils.translation import gettext

import waya
from waya.billing.models import InvoiceTax
from waya.billing.rules.engine.events import Event, Usage
from waya.billing.rules.engine.lines import lines
from waya.billing.rules.engine.terms import BillingTerms
from waya.catalog.rules.plans import Charge, Discount, Interval, Phase, PlanTerms, Tier
from waya.reports.documents.whys import BY_THE_HOUR as HOURLY
from waya.reports.documents.whys import CONVENTIONS, PHASES, RULES, before_taxes, reasons

JUNE_10, JULY_1, JULY_10 = date(2027, 6, 10), date(2027, 7, 1), date(2027, 7, 10)
HOME = PlanTerms("home-10", Interval(), (Charge("fee", amount=Fraction(2500_00)),))
FLAT = BillingTerms(currency="KES")


def told(plan: PlanTerms, *more: Event, until: date = date(2027, 7, 9), **known: Any) -> list[Any]:
    events = [Event(JUNE_10, "start", plan, None, "one"), *more]
    return lines(known.pop("terms", FLAT), events, until, **known)


def words(line: Any, taxes: Any = ()) -> dict[str, str]:
    """What is said of a line, by label; several texts of one are joined by a bar."""
    facts = line.why | {
        "kind": line.kind, "quantity": str(line.quantity), "tax_inclusive": True,
        "version": 2, "price_from": "2027-01-01",
        "from": line.period.start.isoformat(), "until": line.period.end.isoformat(),
    }  # fmt: skip
    said: dict[str, str] = {}
    for one in reasons(facts, list(taxes), "KES"):
        said[one.label] = f"{said[one.label]} | {one.text}" if one.label in said else one.text
    return said


def test_a_whole_period() -> None:
    (line,) = told(HOME)
    vat = InvoiceTax(
        sequence=1, tax="vat", name="VAT", rate_percent=Decimal("16.0000"), base_minor=215517,
        amount_minor=34483, law="VAT Act 2013, section 5",
    )  # fmt: skip
    assert words(line, [vat]) == {
        "Rule": "A whole period at its price",
        "Days": "10 Jun 2027 – 10 Jul 2027",
        "Price": "KES 2,500 for a whole period, taxes inside"
        " | The plan's price number 2, valid since 1 Jan 2027",
        "VAT": "16\u2009% of KES 2,155.17: KES 344.83. VAT Act 2013, section 5",
    }


def test_a_part_of_a_period_with_its_arithmetic() -> None:
    changed = PlanTerms("home-20", Interval(), (Charge("fee", amount=Fraction(4000_00)),))
    found = told(HOME, Event(date(2027, 6, 20), "change", changed, None, "one"))
    back = next(line for line in found if line.kind == "credit")
    assert words(back)["Rule"] == "Days not used, given back at the price that they were charged at"
    assert words(back)["Days"] == "20 Jun 2027 – 10 Jul 2027 | Charged on 10 Jun 2027"
    assert words(back)["Part"].startswith("20 of 30 days (10 Jun 2027 – 10 Jul 2027), by the days")
    part = next(line for line in found if line.kind == "proration")
    assert words(part)["Rule"] == "A part of a period, at the same part of its price"
    assert words(part)["Part"].endswith("KES 4,000 × 2/3 = KES 2,666.666667")
    assert words(part)["Taxes"] == "None on this line"


def test_discounts_by_percent_and_by_amount() -> None:
    off = [
        Discount("WELCOME", percent=Fraction(1, 5)), Discount("LOYAL", amount=Fraction(100_00)),
    ]  # fmt: skip
    found = told(HOME, discounts=off)
    first, second = [words(line) for line in found if line.kind == "discount"]
    assert first["Discount"] == "WELCOME: 20\u2009% off the price"
    assert second["Discount"] == "LOYAL: KES 100 off a whole period"
    assert first["Rule"] == "A discount on the price"


def test_what_was_used_by_the_unit_by_tiers_and_by_packages() -> None:
    tiers = (Tier(Fraction(100), Fraction(5_00)), Tier(None, Fraction(5, 2), Fraction(50_00)))
    plan = PlanTerms("data", Interval(), (
        Charge("a", "per_unit", Fraction(3_00), included=Fraction(20), metric="GB"),
        Charge("b", "graduated", tiers=tiers, metric="calls"),
        Charge("c", "volume", tiers=tiers, metric="minutes"),
        Charge("d", "package", Fraction(10_00), lot=Fraction(10), metric="SMS"),
    ))  # fmt: skip
    usage = [
        Usage(JULY_1, metric, Fraction(used), "one")
        for metric, used in (("GB", 50), ("calls", 140), ("minutes", 140), ("SMS", 31))
    ]
    by = {line.charge: words(line) for line in told(plan, usage=usage, until=JULY_10)}
    assert by["a"]["Used"] == "50 of GB, of which 20 cost nothing | KES 3 for each"
    assert by["b"]["Rule"] == "What was used, each unit at the price of its own tier"
    assert by["b"]["Tier"] == ("100 at KES 5 each | 40 at KES 0.025 each, and KES 50 for the tier")
    assert by["c"]["Tier"] == "140 at KES 0.025 each, and KES 50 for the tier"
    assert by["d"]["Used"] == "31 of SMS | KES 10 for each"


def test_minimum_deposit_phase_and_what_is_left_over() -> None:
    least = PlanTerms(
        "least", Interval(), (Charge("g", "per_unit", Fraction(1_00), metric="GB"),),
        minimum=Fraction(500_00),
    )  # fmt: skip
    short = next(line for line in told(least, until=JULY_10) if line.kind == "true_up")
    assert words(short)["Minimum"] == "At least KES 500 a period; it came to KES 0"
    box = PlanTerms("box", Interval(), (Charge("box", "deposit", Fraction(1000_00)),))
    (deposit,) = told(box)
    assert words(deposit)["Rule"] == "Once, when the service begins"
    assert words(deposit)["Taxes"] == "None: a deposit is no sale"
    cheap = (Phase("discount", Interval("month", 1), percent_off=Fraction(1, 2)), Phase())
    first, *_ = told(PlanTerms("intro", Interval(), HOME.charges, cheap))
    assert words(first)["Rule"] == (
        "A whole period, at the price of its phase | Introductory price"
    )


def test_a_late_fee_and_a_renewal_that_was_paid_late() -> None:
    fee = {"rule": "late fee", "rung": "fee", "for": "INV-000007", "due": "2027-06-01",
           "days_late": 9, "owed": "KES 2,500"}  # fmt: skip
    said = {one.label: one.text for one in reasons(fee, [], "KES")}
    assert said["Late"] == "INV-000007 of KES 2,500 was due on 1 Jun 2027, and 9 days late"
    paid = {"rule": "whole cycle", "price_minor": 2500_00, "days": 30, "cycle_days": 30,
            "pro_forma": "PRO-000003", "moved": "paid after 2027-06-01: begins"}  # fmt: skip
    told_of = [one.text for one in reasons(paid, [], "KES")]
    assert "Paid after 1 Jun 2027, so it begins on the day on which it was paid" in told_of
    assert "In advance, by PRO-000003" in told_of


def test_a_line_of_before_there_were_rules_is_still_explained() -> None:
    old = {"price_minor": 2500_00, "currency": "KES", "days": 12, "cycle_days": 30,
           "cycle_from": "2026-01-01", "cycle_until": "2026-01-31"}  # fmt: skip
    said = {one.label: one.text for one in reasons(old, [], "KES")}
    assert said["Rule"] == "A part of a period, at the same part of its price"
    assert said["Part"] == "12 of 30 days (1 Jan 2026 – 31 Jan 2026)"


BY_THE_HOUR: dict[str, Any] = {
    "rule": "whole cycle", "price_minor": 20_00, "ratio": "1", "unit": "second", "seconds": 9600,
    "kind": "recurring", "quantity": "1", "version": 1, "price_from": "2020-01-01",
    "tax_inclusive": True, "from": "2027-06-10", "until": "2027-06-11",
}  # fmt: skip
BEGUN = {
    "from_at": "2027-06-10T09:00:00+00:00", "until_at": "2027-06-10T11:40:00+00:00",
    "zone": "Africa/Nairobi",
}  # fmt: skip


def spoken(facts: dict[str, Any]) -> list[str]:
    return [one.text for one in before_taxes(facts, "KES")]


def test_hours_are_named_by_the_clocks_of_the_place() -> None:
    rule, *_, price = spoken(BY_THE_HOUR)[:4]
    assert (rule, price) == (
        "All of its hours, at their price", "KES 20 for 2 hours 40 minutes, taxes inside"
    )  # fmt: skip
    assert "They begin at the moment at which they are paid" in spoken(BY_THE_HOUR)
    assert "10 Jun 2027, 12:00 – 14:40" in spoken(BY_THE_HOUR | BEGUN)
    assert "2 hours 40 minutes" in spoken(BY_THE_HOUR | BEGUN)
    over = BEGUN | {"until_at": "2027-06-10T22:40:00+00:00"}
    assert "10 Jun 2027, 12:00 – 11 Jun 2027, 01:40" in spoken(BY_THE_HOUR | over)
    assert "whole period" not in " ".join(spoken(BY_THE_HOUR | BEGUN))
    with translation.override("sw"):
        assert "saa 2 dakika 40" in spoken(BY_THE_HOUR | BEGUN)


def test_a_one_off_of_a_plan_by_the_hour_has_a_day() -> None:
    once = BY_THE_HOUR | {"rule": "once, at the beginning", "kind": "one_off",
                          "until": "2027-06-10"}  # fmt: skip
    assert spoken(once)[:2] == ["Once, when the service begins", "10 Jun 2027"]


def test_data_left_over_is_named_when_it_is_given_and_when_it_is_used() -> None:
    given: dict[str, Any] = {
        "rule": "value left over, turned into data", "kind": "converted", "quantity": "30",
        "metric": "gb", "price_minor": 50_00, "tax_inclusive": True,
    }  # fmt: skip
    assert "30 gb, used before anything costs" in spoken(given)
    used: dict[str, Any] = {
        "rule": "used, per_unit", "kind": "usage", "used": "25", "included": "10", "metric": "gb",
        "granted": 15, "price_minor": 50_00,
    }  # fmt: skip
    assert "15 of it was data left over from the plan before" in spoken(used)
    with translation.override("sw"):
        assert "15 kati yake ni data iliyobaki ya mpango uliotangulia" in spoken(used)


def test_in_swahili() -> None:
    (line,) = told(HOME)
    with translation.override("sw"):
        said = words(line)
        for text in (*RULES.values(), *HOURLY.values(), *PHASES.values(), *CONVENTIONS.values()):
            assert gettext(text) != text, text
    assert said["Kanuni"] == "Kipindi kizima kwa bei yake"


NAMED = ("_RULES", "rule")


def kept() -> set[str]:
    """Every rule that billing writes on a line."""
    found: set[str] = set()
    for path in (Path(waya.__file__).parent / "billing").rglob("*.py"):
        if "tests" in path.parts or path.name == "standings.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    named = isinstance(key, ast.Constant) and key.value == "rule"
                    if named and not isinstance(value, ast.Subscript):
                        found |= texts(value)
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in (
                "_RULES",
                "rule",
            ):
                found |= texts(node.value)
    return found - {"used, "}


def texts(node: ast.AST) -> set[str]:
    """The texts in an expression."""
    constants = (one.value for one in ast.walk(node) if isinstance(one, ast.Constant))
    return {one for one in constants if isinstance(one, str)}


def test_every_rule_has_words() -> None:
    found = kept()
    assert len(found) > 8
    assert found - set(RULES) == set()
    assert {f"used, {kind}" for kind in ("flat", "per_unit", "graduated", "volume", "package")} <= (
        set(RULES)
    )


@pytest.mark.parametrize("value", [7, "7/2", "12"])
def test_numbers_are_shown_as_people_write_them(value: object) -> None:
    (said,) = [
        one.text for one in reasons({"quantity": value}, [], "KES") if one.label == "How many"
    ]
    assert said == {"7": "For 7", "7/2": "For 3.5", "12": "For 12"}[str(value)]
