"""Add-ons and bundles on the staff's screens: sold, taken, dropped, each as it was shown."""

from __future__ import annotations

import pytest
from django.test import Client

from waya.billing.tests.make import pays
from waya.catalog.models import Plan
from waya.console.tests.make import Town, signed_in
from waya.console.tests.test_services import pinned
from waya.subscriptions.models import AddOn

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
