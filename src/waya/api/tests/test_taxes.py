"""Taxes asked for through the API: worked numbers, the reasons, and which field is wrong."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from waya.api.tests.make import Program, program
from waya.billing.models import Invoice
from waya.billing.tests import make
from waya.catalog.models import TaxRate

pytestmark = pytest.mark.django_db

PATH = "/billing/tax/preview"


@pytest.fixture
def bot() -> Program:
    return program(make.isp())


def asked(**changed: Any) -> dict[str, Any]:
    return {"lines": [{"net": "1000.00", "class": "internet"}], "date": "2027-06-01"} | changed


def minors(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {row["tax"]: row["amount"]["minor"] for row in rows}


def test_kenya_says_where_every_shilling_comes_from(bot: Program) -> None:
    shown = bot.post(PATH, asked())
    (line,) = shown["lines"]
    excise, vat = line["taxes"]
    assert (shown["place"], shown["currency"], shown["inclusive"]) == ("KE", "KES", False)
    assert (excise["rate_percent"], excise["base"]["minor"], excise["on"]) == ("15", 1000_00, [])
    assert (vat["rate_percent"], vat["base"]["minor"], vat["on"]) == ("16", 1150_00, ["excise"])
    assert "Finance Act 2023" in excise["law"]
    assert {row["jurisdiction"] for row in line["taxes"]} == {"KE"}
    assert vat["rate_id"] > 0
    assert vat["valid_from"] == "2021-01-01"
    assert shown["totals"]["gross"] == {"minor": 1334_00, "currency": "KES", "text": "KES 1,334"}
    assert not Invoice.objects.exists()


def test_gross_prices_and_minor_units(bot: Program) -> None:
    lines = [{"gross_minor": 2500_00, "class": "internet"}, {"gross": 10, "class": "internet"}]
    shown = bot.post(PATH, asked(lines=lines))
    assert [minors(line["taxes"]) for line in shown["lines"]] == [
        {"excise": 281_11, "vat": 344_83}, {"excise": 1_12, "vat": 1_38},
    ]  # fmt: skip
    assert shown["totals"]["gross"]["minor"] == 2510_00


def test_the_tax_point_chooses_the_rate_and_what_was_known_then(bot: Program) -> None:
    twenty = bot.post(PATH, asked(date="2022-06-01"))
    assert twenty["totals"]["gross"]["minor"] == 1392_00
    lines = [{"net": "1000", "class": "internet"}]
    later = asked(lines=lines, place="ZA", currency="ZAR", date="2025-05-02")
    assert bot.post(PATH, later)["totals"]["tax"]["minor"] == 150_00
    assert bot.post(PATH, later | {"known_on": "2025-04-01"})["totals"]["tax"]["minor"] == 155_00


def test_a_stack_with_tax_on_tax(bot: Program) -> None:
    lines = [{"net": "100", "class": "internet"}, {"net": "30", "class": "voice", "quantity": 1}]
    shown = bot.post(
        PATH, asked(lines=lines, place="US-ZZ-Lake", currency="USD", date="2026-02-01")
    )
    assert shown["totals"]["gross"]["text"] == "USD 141.62"
    assert [row["share_percent"] for row in shown["lines"][1]["taxes"]][:2] == ["64.9", "35.1"]


def test_exempt_reversed_and_withheld(bot: Program) -> None:
    certificate = {"tax": "excise", "certificate": "KRA/EX/7"}
    (line,) = bot.post(PATH, asked(customer={"exemptions": [certificate]}))["lines"]
    assert minors(line["taxes"]) == {"excise": 0, "vat": 160_00}
    assert line["taxes"][0]["reason"] == "exempt by certificate KRA/EX/7"
    agent = asked(
        lines=[{"net": "50000", "class": "internet"}], customer={"class": "withholding_agent"}
    )
    totals = bot.post(PATH, agent)["totals"]
    assert (totals["withheld"]["minor"], totals["payable"]["minor"]) == (1_150_00, 65_550_00)
    business = asked(
        place="DE", seller="IE", currency="EUR", customer={"tax_number": "DE123456789"}
    )
    (row,) = bot.post(PATH, business)["lines"][0]["taxes"]
    assert (row["category"], row["amount"]["minor"]) == ("AE", 0)
    assert "article 196" in row["law"]


def test_a_rate_says_how_it_is_rounded(bot: Program) -> None:
    rate = TaxRate.objects.filter(jurisdiction="KE", tax="vat", tax_class="internet").latest(
        "valid_from"
    )
    rate.pk, rate.recorded_on = None, date(2027, 1, 1)
    rate.rounding, rate.quantum_minor = "up", 100
    rate.save()
    told = bot.post(PATH, asked(lines=[{"net": "1000.04", "class": "internet"}]))
    excise, vat = told["lines"][0]["taxes"]
    assert (excise["amount"]["minor"], excise["rounding"]) == (150_01, "half_up")
    assert (vat["amount"]["minor"], vat["rounding"], vat["quantum_minor"]) == (185_00, "up", 100)


def test_rounding_by_document(bot: Program) -> None:
    lines = [{"net": "0.33", "class": "labour"}] * 3
    assert bot.post(PATH, asked(lines=lines))["totals"]["tax"]["minor"] == 15
    shown = bot.post(PATH, asked(lines=lines, rounding="document"))
    assert shown["totals"]["tax"]["minor"] == 16
    assert sum(line["tax"]["minor"] for line in shown["lines"]) == 16
    assert shown["taxes"][0]["base"]["minor"] == 99


NET = {"net": "1000.00", "class": "internet"}


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"lines": []}, "lines"),
        ({"lines": [{"net": "1", "class": "unheard"}]}, "lines.0.class"),
        ({"lines": [NET, {"class": "internet"}]}, "lines.1"),
        ({"lines": [NET, {"gross": "1", "class": "internet"}]}, "lines.1.gross"),
        ({"lines": [{"net": "0.001", "class": "internet"}]}, "lines.0.net"),
        ({"lines": [{"net": "much", "class": "internet"}]}, "lines.0.net"),
        ({"lines": [NET | {"quantity": 0}]}, "lines.0.quantity"),
        ({"inclusive": True}, "lines.0.net"),
        ({"place": "FJ"}, "place"),
        ({"place": "nowhere"}, "place"),
        ({"date": "2027-02-30"}, "date"),
        ({"date": "1963-12-12"}, "date"),
        ({"rounding": "never"}, "rounding"),
        ({"currency": "shillings"}, "currency"),
        ({"customer": {"tax_number": "?"}}, "customer.tax_number"),
        ({"customer": {"exemptions": [{"certificate": "7"}]}}, "customer.exemptions.0.tax"),
        (
            {"customer": {"exemptions": [{"certificate": "7", "tax": "vat", "percent": 101}]}},
            "customer.exemptions.0.percent",
        ),
    ],
)
def test_a_refusal_names_the_field(bot: Program, changed: dict[str, Any], where: str) -> None:
    said = bot.post(PATH, asked(**changed), 422)
    assert [fault["where"] for fault in said["faults"] if fault["where"].endswith(where)], said


def test_who_may(bot: Program) -> None:
    entity = make.isp()
    program(entity, "network").post(PATH, asked(), 403)
    program(entity, "accountant").post(PATH, asked())


def test_a_preview_costs_few_queries(
    bot: Program, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    lines = [{"net": "10", "class": name} for name in ("internet", "goods", "labour")] * 30
    with django_assert_num_queries(3):
        bot.post(PATH, asked(lines=lines))
