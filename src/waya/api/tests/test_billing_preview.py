"""Previews of billing: every convention can be asked for, and nothing is written."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from waya.api.preview.asked import (
    EXAMPLE,
    AnchorAsked,
    ChargeAsked,
    LateFeeAsked,
    PaymentAsked,
    PlanAsked,
    PolicyAsked,
    ProrationAsked,
)
from waya.api.tests.make import Program, program
from waya.billing.models import Invoice
from waya.billing.tests import make
from waya.org.models import Entity

pytestmark = pytest.mark.django_db

PREVIEW = "/billing/preview"
GUIDE = Path(__file__).parents[4] / "docs" / "guide" / "billing-preview.md"
BASIC = {"code": "basic", "price": "24.95"}


@pytest.fixture
def baraka() -> Entity:
    return make.isp()


@pytest.fixture
def bot(baraka: Entity) -> Program:
    return program(baraka)


def asked(until: str, *events: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A question in US dollars about the basic plan."""
    return {"currency": "USD", "plan": BASIC, "events": list(events), "until": until, **more}


def started(on: str, **more: Any) -> dict[str, Any]:
    return {"on": on, "kind": "start", **more}


def nets(answer: Any) -> list[int]:
    return [line["net"]["minor"] for line in answer["lines"]]


def test_a_line_says_everything_about_itself(bot: Program) -> None:
    policy = {"anchor": {"day": 25}, "due_days": 7}
    answer = bot.post(PREVIEW, asked("2021-09-25", started("2021-09-16"), policy=policy))
    piece, whole = answer["lines"]
    assert piece["net"] == {"minor": 724, "currency": "USD", "text": "USD 7.24"}
    assert (piece["ratio"], piece["ratio_decimal"]) == ("9/31", "0.290322581")
    assert (piece["days"], piece["cycle_days"], piece["unit"]) == (9, 31, "day")
    assert (piece["start"], piece["end"]) == ("2021-09-16", "2021-09-25")
    assert (piece["invoice_on"], piece["due_on"]) == ("2021-09-16", "2021-09-23")
    assert piece["why"]["cycle_from"] == "2021-08-25"
    assert whole["kind"] == "recurring"
    assert [one["total"]["minor"] for one in answer["invoices"]] == [724, 2495]


def test_the_example_of_the_description_works(bot: Program) -> None:
    answer = bot.post(PREVIEW, EXAMPLE)
    first = answer["lines"][0]
    assert [tax["name"] for tax in first["taxes"]] == ["Excise duty", "VAT"]
    assert [tax["amount"]["minor"] for tax in first["taxes"]] == [109, 133]
    assert first["total"]["minor"] == 724 + 109 + 133
    assert {line["kind"] for line in answer["lines"]} == {"recurring", "proration", "credit"}
    assert answer["total"]["minor"] == sum(line["total"]["minor"] for line in answer["lines"])


def test_credits_round_each_component(bot: Program) -> None:
    answer = bot.post(PREVIEW, asked(
        "2025-12-31", started("2025-09-18"), {"on": "2025-09-18", "kind": "cancel"},
        plan={"price": 200}, taxes=[{"name": "VAT", "percent": 25}],
        policy={"proration": {"inclusion": "charge_last_day"}},
    ))  # fmt: skip
    credit = answer["lines"][1]
    assert [credit[part]["minor"] for part in ("net", "tax", "total")] == [-19333, -4833, -24166]


def test_prices_that_include_their_taxes(bot: Program) -> None:
    answer = bot.post(PREVIEW, asked(
        "2027-06-10", started("2027-06-10"), plan={"price_minor": 2500_00}, tax_inclusive=True,
        taxes=[{"name": "Excise duty", "percent": 15}, {"name": "VAT", "percent": 16}],
    ))  # fmt: skip
    assert answer["total"]["minor"] == 2500_00
    assert answer["net"]["minor"] == 2500_00 - answer["tax"]["minor"] == 1874_06


def test_the_catalogs_taxes_at_a_place(bot: Program) -> None:
    question = asked("2027-06-10", started("2027-06-10"), place="KE", currency="KES")
    (line,) = bot.post(PREVIEW, question)["lines"]
    assert [tax["rate_percent"] for tax in line["taxes"]] == ["15", "16"]
    assert all(tax["law"] for tax in line["taxes"])
    said = bot.post(PREVIEW, question | {"place": "AQ"}, 422)
    assert said["faults"][0]["where"] == "body.asked.place"


def test_a_named_plan_a_bundle_and_an_end_of_all(bot: Program) -> None:
    extra = {"code": "extra", "price": "17.95"}
    answer = bot.post(PREVIEW, {
        "currency": "USD", "plans": [BASIC, extra], "until": "2021-10-20",
        "events": [started("2021-09-20", plan="basic", subscription="base"),
                   started("2021-09-30", plan="extra", subscription="add-on")],
    })  # fmt: skip
    assert nets(answer) == [2495, 1197, 2495, 1795]
    together = bot.post(PREVIEW, {
        "currency": "USD", "plans": [BASIC, extra], "until": "2021-10-30",
        "events": [started("2021-09-30"), {"on": "2021-10-15", "kind": "cancel"}],
    })  # fmt: skip
    assert [line["subscription"] for line in together["lines"]] == [
        "basic", "extra", "basic", "extra",
    ]  # fmt: skip
    assert together["lines"][2]["kind"] == "credit"


def test_usage_quantity_discounts_and_codes(bot: Program) -> None:
    plan = {
        "code": "team",
        "charges": [
            {"code": "seats", "kind": "per_unit", "price": "10"},
            {"code": "calls", "kind": "graduated", "metric": "calls",
             "tiers": [{"up_to": 10, "price": "1.5"}, {"up_to": 110, "price": 1},
                       {"price": "0.5"}]},
        ],
    }  # fmt: skip
    question = asked(
        "2024-05-01", started("2024-04-01"), plan=plan, quantity=3,
        usage=[{"on": "2024-04-10", "metric": "calls", "quantity": 111}],
        discounts=[{"name": "spring", "percent": 50, "periods": 1, "code": "SPRING"}],
    )  # fmt: skip
    assert nets(bot.post(PREVIEW, question)) == [3000, 3000, 11550]
    assert nets(bot.post(PREVIEW, question | {"codes": ["SPRING"]})) == [3000, -1500, 3000, 11550]


def test_moments_are_exact(bot: Program) -> None:
    change = {"on": "2024-04-16T12:00:00Z", "kind": "change", "plan": {"code": "b", "price": 20}}
    answer = bot.post(PREVIEW, asked(
        "2024-04-16", started("2024-04-01T00:00:00Z"), change, plan={"price": 10},
        policy={"proration": {"unit": "second"}},
    ))  # fmt: skip
    assert nets(answer) == [1000, -483, 967]
    assert answer["lines"][1]["start"] == "2024-04-16T12:00:00"
    assert answer["lines"][1]["ratio"] == "-29/60"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"currency": "dollars"}, "currency"),
        ({"until": "soon"}, "until"),
        ({"until": "2900-01-01"}, "until"),
        ({"events": []}, "events"),
        ({"events": [{"on": "2024-04-01", "kind": "cancel"}]}, "events.0"),
        ({"events": [started("2024-04-01"), started("2024-04-02")]}, "events.1"),
        ({"events": [started("2024-04-01"), {"on": "2024-03-01", "kind": "cancel"}]}, "events.1"),
        ({"events": [started("2024-04-01", plan="gold")]}, "events.0.plan"),
        ({"plan": {"price": -1}}, "plan.price"),
        ({"plan": {"price": 1, "price_minor": 100}}, "plan.price_minor"),
        ({"plan": {"code": "empty"}}, "plan.price"),
        ({"plan": {"price": 1, "interval": "month", "count": 13}}, "plan.count"),
        ({"plan": {"charges": [{"kind": "volume"}]}}, "plan.charges.0.tiers"),
        ({"plan": {"price": 1, "phases": [{"kind": "trial"}]}}, "plan.phases.0.count"),
        ({"policy": {"anchor": {"day": 32}}}, "policy.anchor.day"),
        ({"policy": {"prorate": True}}, "policy.prorate"),
        ({"policy": {"leftover": "data"}}, "policy.data_price"),
        ({"discounts": [{"name": "both", "percent": 1, "amount": 1}]}, "discounts.0.percent"),
        ({"plan": {"price": 1, "interval": "hour"}, "until": "2199-01-01"}, "until"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(bot: Program, change: dict[str, Any], where: str) -> None:
    said = bot.post(PREVIEW, asked("2024-06-01", started("2024-04-01")) | change, 422)
    assert said["code"] == "invalid"
    assert [fault["where"] for fault in said["faults"]] == [f"body.asked.{where}"]
    assert all(fault["what"] for fault in said["faults"])


def test_the_guides_conventions_are_what_can_be_asked() -> None:
    policies = [json.loads(text) for text in _written("## Conventions of other engines")]
    assert len(policies) >= 10
    for policy in policies:
        PolicyAsked.model_validate(policy)
    plans = [json.loads(text) for text in _written("## Plans")]
    assert len(plans) >= 6
    for plan in plans:
        (PlanAsked if "kind" not in plan else ChargeAsked).model_validate(plan)
    lines = [line for line in _section("## Policy").splitlines() if line.startswith("| ")]
    policy = {"anchor", "proration", *PolicyAsked.model_fields, *AnchorAsked.model_fields,
              *ProrationAsked.model_fields, *LateFeeAsked.model_fields,
              *PaymentAsked.model_fields, "payments"}  # fmt: skip
    named = {name for line in lines for name in re.findall(r'"(\w+)":', line)}
    assert named <= policy, named - policy


def _section(head: str) -> str:
    return GUIDE.read_text().split(head)[1].split("\n## ")[0]


def _written(head: str) -> list[str]:
    return re.findall(r"`(\{.*?\})`", _section(head))


def test_it_writes_nothing_and_reads_next_to_nothing(
    bot: Program, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):  # the token alone
        bot.post(PREVIEW, EXAMPLE)
    with django_assert_num_queries(3):
        bot.post(PREVIEW, asked("2021-09-25", started("2021-09-16"), place="KE"))
    assert not Invoice.objects.exists()


def test_only_who_may_ask_is_answered(baraka: Entity) -> None:
    program(baraka, "network").post(PREVIEW, EXAMPLE, 403)
    program(baraka, "support").post(PREVIEW, EXAMPLE)
