"""Reading through the API: what a token sees, of which entity, and at what cost."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from waya.api.tests.make import program
from waya.billing.commands.documents import quote
from waya.billing.tests import make
from waya.org.actors import SYSTEM
from waya.org.commands.people import open_entity
from waya.org.models import Entity, Token
from waya.org.rows.remembered import forget_all
from waya.parties.commands.customers import register
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def baraka() -> Entity:
    return make.isp()


@pytest.fixture
def chebet(baraka: Entity) -> Subscription:
    return make.joined(baraka)


def rival() -> Entity:
    return open_entity(
        name="Rival", legal_name="Rival Ltd", country="KE", currency="KES",
        zone="Africa/Nairobi", phone="", by=SYSTEM,
    )  # fmt: skip


def test_without_a_token_nothing_is_said(baraka: Entity) -> None:
    for headers in ({}, {"Authorization": "Bearer waya_wrong"}):
        answer = Client().get("/api/v1/customers", headers=headers)
        assert answer.status_code == 401
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "no_token"


def test_an_ended_token_is_none(baraka: Entity) -> None:
    bot = program(baraka)
    Token.objects.update(ended_at="2027-06-10T00:00:00Z")
    bot.get("/customers", 401)


def test_a_role_that_may_not_is_told_so(baraka: Entity) -> None:
    said = program(baraka, "network").get("/invoices", 403)
    assert said["code"] == "not_allowed"
    program(baraka, "cashier").get("/routers", 403)
    program(baraka, "network").get("/routers")


def test_a_customer_as_they_are(chebet: Subscription, baraka: Entity) -> None:
    listed = program(baraka).get("/customers")["items"]
    assert [row["name"] for row in listed] == ["Chebet Korir"]
    shown = program(baraka).get(f"/customers/{listed[0]['id']}")
    assert shown["contacts"][0]["phone"] == "+254700000418"
    assert shown["account_shown"].replace(" ", "") == shown["account_number"]
    assert [site["name"] for site in shown["sites"]] == ["Lanet"]
    sites = program(baraka).get("/sites", customer=shown["id"])["items"]
    assert program(baraka).get(f"/sites/{sites[0]['id']}")["customer"] == shown["id"]


def test_customers_are_found_by_name_account_and_phone(
    chebet: Subscription, baraka: Entity
) -> None:
    register(entity_id=baraka.pk, name="Brian Mwangi", phone="0700000334", site_name="x", by=SYSTEM)
    bot = program(baraka)
    for typed in ("chebet", chebet.customer.account_number, "0700 000 418"):
        assert [row["name"] for row in bot.get("/customers", q=typed)["items"]] == ["Chebet Korir"]
    assert bot.get("/customers", q="nobody")["items"] == []


def test_a_list_goes_on_where_it_ended(baraka: Entity) -> None:
    for number in range(5):
        register(entity_id=baraka.pk, name=f"C{number}", phone="0700000334", site_name="x",
                 by=SYSTEM)  # fmt: skip
    bot, seen = program(baraka), []
    after: dict[str, str] = {}
    while True:
        page = bot.get("/customers", limit=2, **after)
        seen += [row["name"] for row in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == ["C4", "C3", "C2", "C1", "C0"]


def test_another_companys_rows_are_not_there(chebet: Subscription, baraka: Entity) -> None:
    stranger = program(rival())
    for path in ("/customers", "/sites", "/plans", "/subscriptions", "/invoices", "/access"):
        assert stranger.get(path)["items"] == []
    assert stranger.get("/routers") == []
    stranger.get(f"/customers/{chebet.customer.public_id}", 404)
    stranger.get(f"/subscriptions/{chebet.public_id}", 404)
    invoice = program(baraka).get("/invoices")["items"][0]
    stranger.get(f"/invoices/{invoice['id']}", 404)


def test_a_plan_with_todays_price(baraka: Entity) -> None:
    make.home_10(baraka)
    (plan,) = program(baraka).get("/plans")["items"]
    assert plan["price"] == {"minor": 250000, "currency": "KES", "text": "KES 2,500"}
    assert program(baraka).get(f"/plans/{plan['id']}") == plan


def test_an_invoice_explains_itself(chebet: Subscription, baraka: Entity) -> None:
    bot = program(baraka)
    (row,) = bot.get("/invoices", customer=str(chebet.customer.public_id))["items"]
    assert row["owed"]["minor"] == 0
    shown = bot.get(f"/invoices/{row['id']}")
    (line,) = shown["lines"]
    assert sum(tax["amount"]["minor"] for tax in line["taxes"]) == line["tax"]["minor"]
    assert line["net"]["minor"] + line["tax"]["minor"] == line["total"]["minor"] == 250000
    assert all(tax["law"] for tax in line["taxes"])
    assert line["why"]
    assert bot.get("/invoices", open="true")["items"] == []
    (asked,) = bot.get("/pro-formas")["items"]
    assert (asked["state"], asked["invoice"]) == ("paid", row["id"])


def test_access_says_what_should_be_and_what_is_proven(
    chebet: Subscription, baraka: Entity
) -> None:
    bot = program(baraka)
    access = bot.get(f"/subscriptions/{chebet.public_id}/access")
    assert access["desired"]["profile"] == "waya-10M-10M"
    assert access["desired"]["restricted"] is False
    assert access["confirmed_at"] is None
    assert access["state"] == "restoring"
    assert access["observed"] == {"presence": "unknown", "session": None}
    assert bot.get("/access")["items"] == [access]
    assert "password" not in str(access)


def test_what_waits_for_its_first_payment_has_no_access(baraka: Entity) -> None:
    waiting = make.wants(baraka, make.home_10(baraka))
    bot = program(baraka)
    assert bot.get(f"/subscriptions/{waiting.public_id}")["state"] == "pending_payment"
    bot.get(f"/subscriptions/{waiting.public_id}/access", 404)


def test_the_company_and_its_routers(baraka: Entity) -> None:
    bot = program(baraka)
    entity = bot.get("/entity")
    assert entity["legal_name"] == "Baraka Networks Ltd"
    assert date.fromisoformat(entity["today"])
    (router,) = bot.get("/routers")
    assert (router["name"], router["names"]) == ("Lanet-1", 0)
    assert "password" not in router
    assert bot.get(f"/routers/{router['id']}") == router


def test_what_is_not_an_id_is_refused_in_words(baraka: Entity) -> None:
    bot = program(baraka)
    bot.get("/customers/not-an-id", 404)
    said = bot.get("/customers", 422, limit=100000)
    assert (said["code"], said["faults"][0]["where"]) == ("invalid", "query.limit")


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("/customers", 4),
        ("/sites", 2),
        ("/plans", 4),
        ("/subscriptions", 2),
        ("/invoices", 4),
        ("/pro-formas", 2),
        ("/access", 5),
        ("/routers", 6),
    ],
)
def test_a_list_costs_the_same_for_any_length(
    baraka: Entity, path: str, queries: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    plan = make.home_10(baraka)
    for number in range(3):
        wished = make.wants(baraka, plan, f"Customer {number}")
        quote(subscription_id=wished.pk, on=make.JUNE_10, by=SYSTEM)
        make.pays(wished, 2500_00, make.JUNE_10)
    bot = program(baraka)
    forget_all()  # what is remembered for seconds is asked for again, however slow we were
    with django_assert_num_queries(queries):
        bot.get(path)
