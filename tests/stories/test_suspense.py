"""A slip of the thumb: the money is kept, a cashier finds whose it is, and Brian is back.

Brian Mwangi pays his renewal of KES 2,500 with two digits of his account number exchanged. The
check digit makes sure that no other customer has the number he typed.
"""

from __future__ import annotations

import re
from datetime import date

from tests.stories.world import World, fresh, words

from waya.ledger.queries.balances import trial_balance
from waya.parties.models import Customer
from waya.payments.models import Payment

PHONE = "0700000417"


def slipped(account: str) -> str:
    """The number with its last two different neighbours exchanged."""
    for at in range(len(account) - 1, 0, -1):
        if account[at] != account[at - 1]:
            return account[: at - 1] + account[at] + account[at - 1] + account[at + 1 :]
    raise AssertionError(f"{account} has no two digits to exchange")


def test_money_for_a_mistyped_account_finds_its_customer(baraka: World) -> None:
    brian = baraka.joins("Brian Mwangi", PHONE)
    baraka.joins("Amina Hassan", "0700000416")
    baraka.move_to(date(2027, 2, 11))
    baraka.is_walled(brian)
    before = baraka.books()
    typed = slipped(brian.customer.account_number)
    assert not Customer.objects.filter(account_number=typed).exists()

    receipt = baraka.pays(PHONE, typed, 2500)
    payment = Payment.objects.get(transaction=receipt)
    assert payment.customer is None
    assert baraka.books() == before | {"clearing:mpesa": 7500_00, "suspense": -2500_00}
    assert fresh(brian).state == "suspended"
    baraka.is_walled(brian)
    baraka.is_well()

    desk = baraka.reads("naomi", "/payments?state=suspense")
    assert receipt in desk
    assert typed in desk
    suggested = re.findall("Brian Mwangi|Amina Hassan", desk.partition(typed)[2])
    assert suggested[0] == "Brian Mwangi"  # one slip away, his phone's end, what he owes

    address = f"/payments/{payment.receipt_number}/match"
    answer = baraka.console("otieno").post(address, {"account_number": typed})
    assert answer.status_code == 403  # the network's people move no money
    matching = {"account_number": brian.customer.account_number}
    assert baraka.console("naomi").post(address, matching).status_code == 302
    again = baraka.console("naomi").post(address, matching)
    assert again.status_code == 422
    assert "Not matched: Naomi" in words(again.content.decode())
    baraka.settle()

    payment.refresh_from_db()
    assert payment.customer_id == brian.customer_id
    assert (fresh(brian).state, fresh(brian).paid_through) == ("active", date(2027, 3, 11))
    assert baraka.is_proven(brian)
    baraka.is_online(brian)
    held = {row.purpose: row.amount.minor for row in trial_balance(baraka.entity.pk)}
    assert held.get("suspense", 0) == 0
    assert held["clearing:mpesa"] == 7500_00
    assert held["deferred"] == 3 * -1874_06 + 2 * 1269_52  # January is earned
    assert "Naomi" in baraka.reads("wanjiku", f"/payments/{payment.receipt_number}")
    assert "You are back online, Brian." in baraka.texts(PHONE)[-1]
    baraka.is_well()
