"""Taxes of a preview: tax points, credits, classes, customers, rounding; and late fees."""

from __future__ import annotations

from typing import Any

import pytest

from waya.api.billing import Preview
from waya.api.tests.make import Program, program
from waya.api.tests.published import start, then
from waya.api.tests.test_published import adds_up
from waya.billing.tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot() -> Program:
    return program(make.isp())


def ask(bot: Program, until: str, *events: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    """The lines of a question about a thousand a month; its answer adds up."""
    question = {"currency": "KES", "plan": {"price": "1000"}} | more
    answer = bot.post("/billing/preview", question | {"events": [*events], "until": until})
    adds_up(answer)
    assert Preview.model_validate(answer).model_dump(mode="json") == answer
    lines: list[dict[str, Any]] = answer["lines"]
    return lines


def taxes(lines: list[dict[str, Any]]) -> list[int]:
    return [line["tax"]["minor"] for line in lines]


# Kenya's excise fell from 20 % to 15 % on 1 July 2023: 39.2 % and 33.4 % with VAT on both.
@pytest.mark.parametrize(
    ("point", "timing", "found"),
    [
        ("invoice", "advance", [392_00, 334_00]),
        ("invoice", "arrears", [334_00]),
        ("period_start", "advance", [392_00, 334_00]),
        ("period_start", "arrears", [392_00]),
        ("period_end", "advance", [334_00, 334_00]),
        ("split", "advance", [209_07, 155_87, 334_00]),
        ("split", "arrears", [209_07, 155_87]),
    ],
)
def test_a_rate_that_changes_within_a_period(
    bot: Program, point: str, timing: str, found: list[int]
) -> None:
    policy = {"tax_point": point, "timing": timing}
    lines = ask(bot, "2023-07-20", start("2023-06-15"), place="KE", policy=policy)
    assert taxes(lines) == found
    assert sum(line["net"]["minor"] for line in lines) == 1000_00 * (
        len(lines) - (point == "split")
    )


@pytest.mark.parametrize("point", ["invoice", "period_start"])
def test_a_credit_carries_the_taxes_of_its_charge(bot: Program, point: str) -> None:
    events = start("2023-06-15"), then("2023-07-05", "cancel")
    charge, credit = ask(bot, "2023-07-31", *events, place="KE", policy={"tax_point": point})
    assert credit["net"]["minor"] == -333_33
    assert [tax["rate_percent"] for tax in credit["taxes"]] == ["20", "16"]
    assert taxes([charge, credit]) == [392_00, -130_67]
    whole = ask(bot, "2023-07-31", start("2023-06-15"), then("2023-07-14", "change",
                plan={"code": "dear", "price": "2000"}), place="KE")  # fmt: skip
    assert [tax["rate_percent"] for tax in whole[1]["taxes"]] == ["20", "16"]
    assert [tax["rate_percent"] for tax in whole[2]["taxes"]] == ["15", "16"]


def test_classes_of_charges_and_a_deposit_that_is_no_sale(bot: Program) -> None:
    plan = {"price": "2000", "charges": [
        {"code": "router", "kind": "one_off", "price": "3000", "tax_class": "goods"},
        {"code": "held", "kind": "deposit", "price": "1000"},
    ]}  # fmt: skip
    lines = ask(bot, "2026-01-15", start("2026-01-15"), place="KE", plan=plan)
    found = {line["charge"]: line["tax"]["minor"] for line in lines}
    assert found == {"router": 480_00, "held": 0, "fee": 668_00}


def test_to_whom_it_is_sold(bot: Program) -> None:
    exempt = {"exemptions": [{"certificate": "KRA/EX/7", "tax": "excise"}]}
    (line,) = ask(bot, "2021-01-15", start("2021-01-15"), place="KE", customer=exempt)
    assert taxes([line]) == [160_00]
    business = {"tax_number": "DE123456789"}
    (line,) = ask(bot, "2026-01-15", start("2026-01-15"), place="DE", seller="IE",
                  currency="EUR", customer=business)  # fmt: skip
    assert taxes([line]) == [0]
    assert "article 196" in line["taxes"][0]["law"]


def test_rounding_by_line_and_by_document(bot: Program) -> None:
    thirds = {"charges": [{"code": f"{at}", "price": "0.33"} for at in range(3)]}
    vat = [{"name": "VAT", "percent": 16}]
    for rounding, found in (("line", [5, 5, 5]), ("document", [6, 5, 5])):
        lines = ask(bot, "2021-01-15", start("2021-01-15"), plan=thirds, taxes=vat,
                    policy={"tax_rounding": rounding})  # fmt: skip
        assert taxes(lines) == found


def test_taxes_that_are_told(bot: Program) -> None:
    (line,) = ask(bot, "2020-08-01", start("2020-08-01"), currency="USD", plan={"price": "100"},
        taxes=[{"name": "FUSF", "percent": "26.5", "share": "64.9"},
               {"name": "State", "percent": 6, "on": ["FUSF"]},
               {"name": "City", "percent": 1, "on": "net"},
               {"name": "911", "amount": "1.00", "law": "for each line"}])  # fmt: skip
    # 17.1985; 6 % of 117.20 = 7.032; 1.00; 1.00
    assert [tax["amount"]["minor"] for tax in line["taxes"]] == [1720, 703, 100, 100]
    fell = [{"name": "VAT", "percent": 16, "end": "2021-02-01"},
            {"name": "VAT", "percent": 14, "start": "2021-02-01"}]  # fmt: skip
    assert taxes(ask(bot, "2021-02-15", start("2021-01-15"), taxes=fell)) == [160_00, 140_00]


@pytest.mark.parametrize(
    ("rounding", "quantum", "tax"),
    [("half_up", None, 160_01), ("down", None, 160_00), ("up", "0.05", 160_05),
     ("up", "100", 200_00)],
)  # fmt: skip
def test_a_tax_is_rounded_as_asked(
    bot: Program, rounding: str, quantum: str | None, tax: int
) -> None:
    vat = {"name": "VAT", "percent": "16", "rounding": rounding, "quantum": quantum}
    lines = ask(bot, "2027-06-30", start("2027-06-01"), plan={"price": "1000.04"}, taxes=[vat],
                tax_inclusive=False)  # fmt: skip
    assert taxes(lines) == [tax]  # 160.0064 exactly


def test_late_fees(bot: Program) -> None:
    fee = {"after_days": 5, "amount": "5", "percent": "2"}
    policy = {"due_days": 7, "late_fee": fee}
    paid = [{"on": "2021-01-20"}, {"on": "2021-02-25", "amount": "400"}]
    lines = ask(bot, "2021-03-31", start("2021-01-15"), policy=policy, payments=paid)
    fees = [line for line in lines if line["kind"] == "late_fee"]
    # 15 February: 600 still owed on the 27th. 15 March: all of it on the 27th. January was paid.
    assert [(fee["invoice_on"], fee["net"]["minor"]) for fee in fees] == [
        ("2021-02-27", 5_00 + 12_00), ("2021-03-27", 5_00 + 20_00),
    ]  # fmt: skip
    assert fees[0]["why"]["owed_minor"] == 600_00
    taxed = ask(bot, "2021-03-31", start("2021-01-15"), payments=paid, place="KE",
                policy=policy | {"late_fee": fee | {"tax_class": "labour"}})  # fmt: skip
    assert [len(one["taxes"]) for one in taxed if one["kind"] == "late_fee"] == [1, 1]


def test_what_waits_for_a_bill_that_is_worth_sending(bot: Program) -> None:
    answer = bot.post("/billing/preview", {
        "currency": "KES", "plan": {"price": "100"}, "events": [start("2021-01-15")],
        "until": "2021-03-15", "policy": {"minimum_invoice": "150"},
    })  # fmt: skip
    assert [one["total"]["minor"] for one in answer["invoices"]] == [200_00]
    assert answer["waiting"]["minor"] == 100_00
