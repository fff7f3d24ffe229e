"""An office pays afterwards: due, reminded, in grace, walled, paid, back.

Lanet Clinic takes Office 20 Mbps on Monday 11 January 2027: KES 6,000 a month with taxes inside,
of which 4,497.75 are ours, 674.66 excise and 827.59 VAT. Its first month ends on 11 February, the
invoice falls due seven days later, and grace is three days.
"""

from __future__ import annotations

from datetime import date

from tests.stories.world import World, fresh

from waya.billing.models import Invoice

PHONE = "0711000001"
EARNED = {"revenue:internet": -4497_75, "tax:excise": -674_66, "tax:vat": -827_59}


def test_an_office_pays_afterwards(baraka: World) -> None:
    clinic = baraka.joins("Lanet Clinic", PHONE, plan="office-20")
    account = clinic.customer.account_number
    page = f"/customers/{account}"
    baraka.is_online(clinic, "waya-20M-20M")
    assert baraka.books() == {}  # nothing is earned yet, and nothing asked

    baraka.live_until(date(2027, 2, 11))
    invoice = Invoice.objects.get(customer=clinic.customer)
    assert (invoice.issued_on, invoice.due_on) == (date(2027, 2, 11), date(2027, 2, 18))
    assert baraka.books() == {"receivable": 6000_00, **EARNED}
    assert invoice.number in baraka.reads("naomi", f"{page}?tab=invoices")

    baraka.live_until(date(2027, 2, 18))  # the due day itself is still in time
    due = f"KES 6,000 is due on 18 Feb. Paybill 600426, account {account}. Baraka Net"
    assert baraka.texts(PHONE) == [due] * 3  # the day it came, three days before, and one
    assert fresh(clinic).standing == "good"

    baraka.live_until(date(2027, 2, 21))
    assert baraka.texts(PHONE) == [due] * 5  # one day after, and two
    assert (fresh(clinic).standing, fresh(clinic).state) == ("grace", "active")
    baraka.is_online(clinic, "waya-20M-20M")
    assert "In grace" in baraka.reads("naomi", page)

    baraka.live_until(date(2027, 2, 22))
    assert (fresh(clinic).standing, fresh(clinic).state) == ("cut_off", "suspended")
    baraka.is_walled(clinic)
    assert "Internet is off" in baraka.browse(clinic).text
    (said,) = baraka.texts(PHONE)[5:]
    assert said.startswith("Your internet is off: KES 6,000 was due 18 Feb. Paybill 600426, ")
    assert "Walled" in baraka.reads("naomi", page)

    receipt = baraka.pays(PHONE, account, 6000)
    assert (fresh(clinic).standing, fresh(clinic).state) == ("good", "active")
    assert baraka.is_proven(clinic)
    baraka.is_online(clinic, "waya-20M-20M")
    assert "would have been reached" in baraka.browse(clinic).text
    assert baraka.books() == {"clearing:mpesa": 6000_00, **EARNED}
    assert baraka.texts(PHONE)[6].startswith("You are back online, Lanet. We received KES 6,000 "
                                             f"({receipt}).")  # fmt: skip
    shown = baraka.reads("naomi", page)
    assert receipt in shown
    assert "Walled" not in shown.split("What happened")[0]
    baraka.is_well()
