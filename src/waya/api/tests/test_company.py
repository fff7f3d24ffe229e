"""Branches, tax numbers and certificates of exemption by API."""

from __future__ import annotations

from datetime import date

import pytest

from waya.api.tests.make import Program, program
from waya.billing.commands.renewals import bill
from waya.billing.tests.make import in_service, isp, office_20
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db

BEGAN, NEXT = date(2027, 1, 1), date(2027, 2, 1)
CERTIFICATE = {"certificate": "KRA/EX/7", "kind": "vat", "valid_from": "2027-01-15"}


@pytest.fixture
def entity() -> Entity:
    return isp()


@pytest.fixture
def one(entity: Entity) -> Subscription:
    return in_service(entity, office_20(entity, calendar_day=1), BEGAN)


@pytest.fixture
def bot(entity: Entity) -> Program:
    return program(entity)


def test_a_customer_of_a_branch_gets_its_numbers(bot: Program, one: Subscription) -> None:
    wish = {"code": "nkr", "name": "Nakuru", "address": "Moi Road"}
    made = bot.post("/branches", wish, 201, key="b-1")
    assert made == {"code": "NKR", "name": "Nakuru", "address": "Moi Road", "main": False}
    assert bot.post("/branches", wish, 201, key="b-1") == made
    assert [each["code"] for each in bot.get("/branches")] == ["HQ", "NKR"]
    where = f"/customers/{one.customer.public_id}"
    assert bot.get(where)["branch"] == "HQ"
    assert bot.post(f"{where}/branch", {"branch": "nkr"})["branch"] == "NKR"
    bill(entity_id=one.entity_id, on=NEXT, by=SYSTEM)
    (listed,) = bot.get("/invoices")["items"]
    assert listed["number"] == "INV-NKR-000001"
    seller = bot.get(f"/invoices/{listed['id']}")["seller"]
    assert seller == {"name": "Baraka Networks Ltd", "tax_number": "", "address": "Moi Road",
                      "branch": "NKR"}  # fmt: skip
    person = {"name": "Amina Hassan", "phone": "0700000119", "site_name": "Lanet"}
    assert bot.post("/customers", person | {"branch": "NKR"}, 201)["branch"] == "NKR"
    assert bot.post("/customers", person, 201)["branch"] == "HQ"
    assert bot.post("/customers", person | {"branch": "X"}, 422)["code"] == "branch_unknown"
    assert bot.post("/branches", {"code": "NKR", "name": "Again"}, 422)["code"] == "branch_known"
    assert bot.post("/branches", {"code": "N-1", "name": "Dash"}, 422)["code"] == "invalid"


def test_a_certificate_is_recorded_counts_and_is_ended(bot: Program, one: Subscription) -> None:
    where = f"/customers/{one.customer.public_id}"
    kept = bot.post(f"{where}/tax-number", {"tax_number": "p051 234 567a"})
    assert kept["tax_number"] == "P051234567A"
    wrong = bot.post(f"{where}/tax-number", {"tax_number": "12345"}, 422)
    assert wrong["code"] == "tax_number_malformed"
    made = bot.post(f"{where}/exemptions", CERTIFICATE, 201, key="c-1")
    assert (made["percent"], made["end"], made["recorded_by"]) == ("100", None, "owner bot")
    assert bot.post(f"{where}/exemptions", CERTIFICATE, 201, key="c-1") == made
    again = CERTIFICATE | {"certificate": "OTHER"}
    assert bot.post(f"{where}/exemptions", again, 422)["code"] == "exemption_overlaps"
    assert bot.post(f"{where}/exemptions", again | {"percent": "0"}, 422)["code"] == "invalid"
    bill(entity_id=one.entity_id, on=NEXT, by=SYSTEM)
    (listed,) = bot.get("/invoices")["items"]
    shown = bot.get(f"/invoices/{listed['id']}")
    assert shown["buyer"] == {"name": "Brian Mwangi", "tax_number": "P051234567A", "address": "",
                              "branch": None}  # fmt: skip
    (vat,) = (tax for tax in shown["lines"][0]["taxes"] if tax["tax"] == "vat")
    assert (vat["amount"]["minor"], vat["category"]) == (0, "E")
    assert vat["reason"] == "exempt by certificate KRA/EX/7"
    ended = bot.post(f"/exemptions/{made['id']}/end", {"on": "2027-02-10"})
    assert (ended["end"], bot.get(f"{where}/exemptions")["items"]) == ("2027-02-10", [ended])


def test_whoever_may_not_is_refused(entity: Entity, one: Subscription) -> None:
    cashier, where = program(entity, "cashier"), f"/customers/{one.customer.public_id}"
    for path, body in (
        ("/branches", {"code": "NKR", "name": "Nakuru"}),
        (f"{where}/branch", {"branch": "HQ"}),
        (f"{where}/tax-number", {"tax_number": ""}),
        (f"{where}/exemptions", CERTIFICATE),
    ):
        assert cashier.post(path, body, 403)["code"] == "not_allowed"
