"""Twelve households of one mast do not pay: a person decides, and the facts are checked again.

More than ten, and more than a tenth of the mast's customers, wait for somebody who may approve.
Chebet pays while the decision waits, so she is spared though she was on the list.
"""

from __future__ import annotations

from datetime import date

from django.db import transaction
from tests.stories.world import World, fresh, msisdn

from waya.billing.commands.documents import quote
from waya.catalog.models import Plan
from waya.lab.town.people import SHORT_CODE
from waya.network.models import Router
from waya.org.actors import SYSTEM
from waya.org.models import Approval
from waya.parties.commands.customers import register
from waya.subscriptions.commands.lives import request
from waya.subscriptions.models import Subscription

HOUSEHOLDS = 12


def moves_in(baraka: World, number: int) -> Subscription:
    """A household on the first mast, which pays its first month by paybill."""
    phone = f"07220000{number:02}"
    with transaction.atomic():
        customer, site = register(
            entity_id=baraka.entity.pk, name=f"Household {number}", phone=phone,
            site_name="Lanet", by=SYSTEM,
        )  # fmt: skip
        row = request(
            customer=customer, site=site, plan=Plan.objects.get(code="home-5"),
            router_id=Router.objects.order_by("pk")[0].pk, by=SYSTEM,
        )  # fmt: skip
        quote(subscription_id=row.pk, on=baraka.today, by=SYSTEM)
    account = customer.account_number
    assert baraka.phones.pay_paybill(msisdn(phone), SHORT_CODE, account, 1500)["paid"]
    return row


def test_a_mass_cut_off_waits_for_a_person(baraka: World) -> None:
    rows = [moves_in(baraka, number) for number in range(HOUSEHOLDS)]
    baraka.settle()
    for row in rows:
        baraka.plug_in(row)
    baraka.move_to(date(2027, 2, 11))
    assert {fresh(row).state for row in rows} == {"active"}
    (approval,) = Approval.objects.all()
    assert approval.state == Approval.WAITING
    assert len(approval.why["customers"]) == HOUSEHOLDS

    waiting = baraka.reads("baraka", "/approvals")
    assert f"Cut off {HOUSEHOLDS} customers on {rows[0].router.name}" in waiting
    assert baraka.console("naomi").get("/approvals").status_code == 403
    baraka.move_to(date(2027, 2, 12))
    assert Approval.objects.count() == 1  # asked once, not every night
    assert {fresh(row).state for row in rows} == {"active"}

    chebet = rows[4]
    baraka.pays("0722000004", chebet.customer.account_number, 1500)
    grant = {"decision": "grant"}
    refused = baraka.console("naomi").post(f"/approvals/{approval.pk}", grant)
    assert refused.status_code == 403
    assert baraka.console("baraka").post(f"/approvals/{approval.pk}", grant).status_code == 302
    baraka.settle()

    approval.refresh_from_db()
    assert (approval.state, approval.decided_by) == (Approval.DONE, "Baraka")
    for row in rows:
        if row == chebet:
            assert fresh(row).state == "active"
            baraka.is_online(row, "waya-5M-5M")
        else:
            assert fresh(row).state == "suspended"
            baraka.is_walled(row)
    baraka.is_well()
