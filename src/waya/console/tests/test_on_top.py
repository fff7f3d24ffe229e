"""Add-ons and bundles on the staff's screens: sold, taken, dropped, each as it was shown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from waya.billing.commands.lives.add_ons import take_add_on
from waya.billing.tests.make import pays, wants
from waya.catalog.commands import publish_price
from waya.catalog.models import Plan, PriceChange
from waya.console.tests.make import Town, signed_in
from waya.console.tests.test_services import pinned
from waya.org.actors import SYSTEM
from waya.subscriptions.commands.lives import activate
from waya.subscriptions.models import AddOn
from waya.subscriptions.rules.life import Renewal

pytestmark = pytest.mark.django_db

IP = {"name": "Static IP", "code": "static-ip", "price": "300", "tax_class": "internet",
      "valid_from": "2020-01-01"}  # fmt: skip


@pytest.fixture
def grace(there: Town) -> Client:
    """The owner."""
    return signed_in("grace", "owner")


def test_an_add_on_and_a_bundle_are_put_on_sale(there: Town, grace: Client) -> None:
    assert grace.post("/plans/add-ons/new", IP | {"price": "no"}).status_code == 422
    assert grace.post("/plans/add-ons/new", IP | {"to": ["home-10"]}).status_code == 302
    assert Plan.objects.get(code="static-ip").add_on_to == ["home-10"]
    told = {"name": "Both", "code": "both", "line": "home-10", "on_top": ["static-ip"],
            "valid_from": "2020-01-01"}  # fmt: skip
    refused = grace.post("/plans/bundles/new", told)
    assert (refused.status_code, b"A bundle has a price" in refused.content) == (422, True)
    assert grace.post("/plans/bundles/new", told | {"percent_off": "10"}).status_code == 302
    assert Plan.objects.get(code="both").versions.get().amount_minor == 2520_00
    assert "Both" in grace.get("/plans").content.decode()


def test_one_is_taken_and_dropped_as_it_was_shown(there: Town, grace: Client) -> None:
    row = there.amina
    where = f"/services/{row.username}/add-ons"
    assert "Nothing is sold on top of this plan" in grace.get(where).content.decode()
    grace.post("/plans/add-ons/new", IP)
    assert "Add Static IP" in grace.get(where).content.decode()
    wish = {"what": "take:static-ip", "when": "at_once"}
    assert "is missing first" in grace.get(where, wish).content.decode()
    pays(row, 300_00, there.today)
    shown = grace.get(where, wish).content.decode()
    done = grace.post(where, wish | {"seen": pinned(shown)})
    assert done.status_code == 302
    assert AddOn.objects.get().state == AddOn.RUNNING
    assert "Static IP" in grace.get(done["Location"]).content.decode()
    wish = {"what": "drop:static-ip", "when": "at_once"}
    shown = grace.get(where, wish).content.decode()
    assert "Given back" in shown
    assert grace.post(where, wish | {"seen": pinned(shown)}).status_code == 302
    assert AddOn.objects.get().state == AddOn.OVER


def test_a_price_change_names_who_has_it_on_top_and_who_in_a_bundle(
    there: Town, grace: Client
) -> None:
    grace.post("/plans/add-ons/new", IP)
    told = {"name": "Both", "code": "both", "line": "home-10", "on_top": ["static-ip"],
            "valid_from": "2020-01-01", "percent_off": "10"}  # fmt: skip
    grace.post("/plans/bundles/new", told)
    plan = Plan.objects.get(code="static-ip")
    pays(there.amina, 300_00, there.today)
    take_add_on(subscription_id=there.amina.pk, plan_id=plan.pk, on=there.today, by=SYSTEM)
    bundle = Plan.objects.get(code="both")
    activate(renewals=[Renewal(wants(there.entity, bundle, "Wanjiku Kamau").pk, there.today,
                               there.today + timedelta(30), there.today, there.today.day)],
             by=SYSTEM)  # fmt: skip
    publish_price(plan_id=plan.pk, amount_minor=350_00, valid_from=there.today, by=SYSTEM)
    shown = grace.get("/plans/static-ip/2").content.decode()
    assert "each month from KES 300 to KES 350" in shown
    assert f"{there.amina.customer.name}, {there.amina.customer.account_number}" in shown
    assert "1 have it in Both and go on paying KES 2,520" in shown
    told = {"on": there.today.isoformat(), "seen": pinned(shown)}
    assert grace.post("/plans/static-ip/2", told).status_code == 302
    assert PriceChange.objects.get().version.plan == plan
