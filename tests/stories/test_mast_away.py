"""A mast is down when Amina pays: her page says what we wait for, and nobody else waits.

Brian, on another mast, is back at once. When Amina's mast returns, she is too, by itself.
"""

from __future__ import annotations

import re
from datetime import date

from django.test import Client
from tests.stories.world import World, fresh, words

from waya.network.models import Router
from waya.subscriptions.models import Subscription

PHONE, OTHER = "0700000416", "0700000417"


def signed_in(baraka: World, phone: str) -> Client:
    """The portal, entered by the code that comes to a phone."""
    browser = Client()
    assert browser.post("/my/sign-in", {"phone": phone})["Location"] == "/my/code"
    baraka.settle()
    told = re.match(r"\d{6}", baraka.texts(phone)[-1])
    assert told is not None
    assert browser.post("/my/code", {"code": told[0]})["Location"] == "/my"
    return browser


def trouble(row: Subscription) -> str:
    """What is the matter with a subscription's router."""
    return Router.objects.get(pk=row.router_id).trouble


def test_who_pays_while_a_mast_is_away_is_back_with_it(baraka: World) -> None:
    amina, brian = baraka.joins("Amina Hassan", PHONE), baraka.joins("Brian Mwangi", OTHER)
    assert amina.router_id != brian.router_id
    baraka.move_to(date(2027, 2, 11))
    browser = signed_in(baraka, PHONE)
    assert "Internet is off" in words(browser.get("/my").content.decode())

    baraka.mast(amina).call(lambda router: router.faults(refuse=1))
    Router.objects.filter(pk=amina.router_id).update(next_poll_at=None)
    baraka.settle()
    assert trouble(amina) == "unreachable"
    baraka.pays(PHONE, amina.customer.account_number, 2500)
    baraka.pays(OTHER, brian.customer.account_number, 2500)
    assert baraka.is_proven(brian)
    baraka.is_online(brian)

    assert fresh(amina).state == "active"
    assert not baraka.is_proven(amina)
    home = words(browser.get("/my").content.decode())
    assert f"The mast {amina.router.name} is away since" in home
    assert "Payment received" in home
    assert baraka.texts(PHONE)[-1].startswith("We have your KES 2,500. The Lanet mast is off since")
    record = baraka.reads("naomi", f"/customers/{amina.customer.account_number}")
    assert "Restoring" in record
    assert "Unreachable" in baraka.reads("otieno", f"/routers/{amina.router.name}")
    baraka.is_well()

    baraka.mast(amina).call(lambda router: router.faults(refuse=0))
    baraka.settle_until(lambda: baraka.is_proven(amina))
    baraka.is_online(amina)
    assert trouble(amina) == ""
    assert "is away" not in words(browser.get("/my").content.decode())
    baraka.is_well()
