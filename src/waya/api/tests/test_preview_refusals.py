"""Whatever does not fit is refused where it stands; nothing is overlooked, and nothing breaks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from waya.api.tests.make import Program, program
from waya.billing.tests import make

pytestmark = pytest.mark.django_db

BILLING, TAXES = "/billing/preview", "/billing/tax/preview"
START = {"on": "2021-01-15", "kind": "start"}
PLAN = {"code": "b", "price": "100"}
QUESTION: dict[str, Any] = {
    "currency": "USD", "plan": PLAN, "events": [START], "until": "2021-03-01",
}  # fmt: skip


def event(on: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"on": on, "kind": kind, **more}


def charges(**charge: Any) -> dict[str, Any]:
    return {"plan": {"charges": [{"code": "c", **charge}]}}


# What is asked, where it is wrong, and a word of what is said.
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"currency": "ZZZ"}, "currency", "ISO 4217"),
    ({"currency": "usd"}, "currency", "pattern"),
    ({"until": 5}, "until", "2027-06-30"),
    ({"until": "2021-02-30"}, "until", "no such day"),
    ({"events": [START | {"on": 5}]}, "events.0.on", "2027-06-30"),
    ({"events": [START | {"on": "20210115"}]}, "events.0.on", "2027-06-30"),
    ({"events": [START | {"on": "15/01/2021"}]}, "events.0.on", "2027-06-30"),
    ({"events": [START | {"on": True}]}, "events.0.on", "2027-06-30"),
    ({"events": [START] * 10_000}, "events", "200"),
    ({"foo": 1}, "foo", "no such field"),
    ({"policy": {"cancel_credits": True}}, "policy.cancel_credits", "mean cancel_credit?"),
    ({"policy": {"anchor": {"dya": 1}}}, "policy.anchor.dya", "mean day?"),
    ({"events": [START | {"plan": PLAN | {"vat": 1}}]}, "events.0.plan.vat", "no such field"),
    ({"plan": {"price": "-5"}}, "plan.price", "greater than or equal"),
    ({"plan": {"price": True}}, "plan.price", "Decimal"),
    ({"plan": {"price": "1" * 40}}, "plan.price", "digits"),
    ({"plan": {"price": "5.005"}}, "plan.price", "More decimals than USD"),
    ({"currency": "UGX", "plan": {"price": "5.5"}}, "plan.price", "More decimals than UGX"),
    (charges(kind="volume", price=1, tiers=[{"price": 1}]), "charges.0.price", "tiers"),
    (charges(kind="flat", price=1, included=5), "charges.0.included", "no units"),
    (charges(kind="flat", price=1, package_size=5), "charges.0.package_size", "lots"),
    (charges(kind="deposit", price="0.001"), "charges.0.price", "More decimals"),
    ({"quantity": -1}, "quantity", "greater than or equal"),
    ({"codes": ["XMAS"]}, "codes.0", "No discount has the code XMAS"),
    ({"discounts": [{"percent": 5, "start": "2021-02-01", "end": "2021-01-01"}]},
     "discounts.0.end", "before it begins"),
    ({"discounts": [{"percent": 5, "plans": ["zz"]}]}, "discounts.0.plans.0", "plan zz"),
    ({"discounts": [{"percent": 5, "subscription": "zz"}]}, "discounts.0.subscription", "zz"),
    ({"discounts": [{"amount": "0.001"}]}, "discounts.0.amount", "More decimals"),
    ({"usage": [event("2021-01-16", "x") | {"metric": "gb", "quantity": 1}]},
     "usage.0.kind", "no such field"),
    ({"usage": [{"on": "2021-01-16", "metric": "gb", "quantity": 1}]}, "usage.0.metric", "metric"),
    ({"place": "KE", "taxes": [{"name": "VAT", "percent": 16}]}, "taxes", "not both"),
    ({"customer": {"tax_number": "DE123456789"}}, "customer", "place"),
    ({"seller": "KE"}, "seller", "place"),
    ({"taxes": [{"name": "VAT"}]}, "taxes.0.percent", "percent or amount"),
    ({"taxes": [{"name": "VAT", "percent": 16, "on": ["Excise"]}]}, "taxes.0.on.0", "Excise"),
    ({"taxes": [{"name": "V", "percent": 1, "start": "2021-02-01", "end": "2021-02-01"}]},
     "taxes.0.end", "before it begins"),
    ({"taxes": [{"name": "V", "percent": 1, "quantum": "0.005"}]}, "taxes.0.quantum", "decimals"),
    ({"taxes": [{"name": "VAT", "percent": 16, "quantum": "0"}]}, "taxes.0.quantum", "nothing"),
    ({"taxes": [{"name": "VAT", "percent": 16, "rounding": "off"}]}, "taxes.0.rounding", "half_up"),
    ({"place": "KE", "tax_class": "zzz"}, "tax_class", "Known are"),
    ({"policy": {"late_fee": {"after_days": 5}}}, "late_fee.amount", "amount"),
    ({"payments": [{"on": "2021-01-20"}]}, "payments", "late fees"),
    ({"events": [START | {"when": "at_once"}]}, "events.0.when", "term's end"),
    ({"events": [START, event("2021-01-16", "pause", plan="b")]}, "events.1.plan", "change"),
    ({"events": [START, event("2021-01-16", "cancel", quantity=2)]}, "events.1.quantity", "change"),
    ({"events": [START, event("2021-01-16", "cancel", bundle="q")]}, "events.1.bundle", "bundle q"),
    ({"events": [START, event("2021-01-16", "pause"), event("2021-02-16", "pay")]},
     "events.1", "payments"),
    ({"events": [START, event("2021-01-16", "resume")]}, "events.1", "runs already"),
    ({"plan": PLAN | {"interval": "day"}, "until": "2071-01-01"}, "until", "less far"),
    ({"until": "2200-01-01"}, "until", "1970 to 2199"),
]  # fmt: skip


def _said(bot: Program, path: str, question: dict[str, Any]) -> list[dict[str, str]]:
    answer = bot.post(path, question, 422)
    assert answer["code"] == "invalid"
    return list(answer["faults"])


def test_what_does_not_fit_a_bill(bot: Program) -> None:
    for change, where, words in WRONG:
        faults = _said(bot, BILLING, QUESTION | change)
        right = [one for one in faults if one["where"].endswith(where) and words in one["what"]]
        assert right, (change, faults)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"vat": 16}, "vat"),
        ({"lines": [{"net": 1, "class": "internet", "vat": 5}]}, "lines.0.vat"),
        ({"customer": {"vat_number": "DE1"}}, "customer.vat_number"),
        (
            {"customer": {"exemptions": [{"certificate": "7", "tax": "exise"}]}},
            "customer.exemptions.0.tax",
        ),
        (
            {"customer": {"exemptions": [{"certificate": "7", "kind": "sales"}]}},
            "customer.exemptions.0.kind",
        ),
        ({"lines": [{"net": "1" + "0" * 40, "class": "internet"}]}, "lines.0.net"),
        ({"lines": [{"net": "NaN", "class": "internet"}]}, "lines.0.net"),
        ({"currency": "ZZZ"}, "currency"),
        ({"date": 5}, "date"),
    ],
)
def test_what_does_not_fit_a_tax(bot: Program, change: dict[str, Any], where: str) -> None:
    question = {"lines": [{"net": "1000", "class": "internet"}], "date": "2027-06-01"}
    assert [one for one in _said(bot, TAXES, question | change) if one["where"].endswith(where)]


NO_QUESTIONS = [
    "", "null", "[]", '"x"', "{", "[" * 100_000, '{"plan":' + "[" * 50_000 + "]" * 50_000 + "}",
    json.dumps(QUESTION).replace('"100"', "NaN"), json.dumps(QUESTION).replace('"100"', "1e999"),
    json.dumps(QUESTION).replace('"100"', "9" * 5000),
    json.dumps(QUESTION | {"discounts": [{"name": "\ud800", "percent": 5}]}),
    json.dumps(QUESTION | {"taxes": [{"name": "a\0b", "percent": 5}]}),
]  # fmt: skip


def test_what_is_no_question_is_no_fault_of_ours(bot: Program) -> None:
    for body in NO_QUESTIONS:
        for path in (BILLING, TAXES):
            answer = bot.client.post(
                f"/api/v1{path}", body, content_type="application/json", headers=bot.headers
            )
            assert answer.status_code in (400, 422), (body[:40], answer.content)
            assert answer["content-type"] == "application/problem+json"


@pytest.fixture
def bot() -> Program:
    return program(make.isp())


def test_more_lines_than_one_answer_holds(bot: Program) -> None:
    long = QUESTION | {"until": "2071-01-01"}
    assert len(bot.post(BILLING, long)["lines"]) == 600
    _said(bot, BILLING, long | {"discounts": [{"percent": 1}] * 20})
