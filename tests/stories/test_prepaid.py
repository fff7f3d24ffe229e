"""Amina joins by the portal, falls behind, is walled, pays by paybill and is back.

Home 10 Mbps costs KES 2,500 a month: 1,874.06 for us, 281.11 excise, 344.83 VAT. She joins on
Monday 11 January 2027, so her month ends with 10 February; the renewal is asked for on the 6th,
she is reminded on the 7th and the 9th, and walled on the 11th. On 1 February the 21 of her 31 days
that lie in January are earned: KES 1,269.52.
"""

from __future__ import annotations

from datetime import date

from django.test import Client
from tests.stories.world import World, fresh, msisdn, words

from waya.billing.models import Invoice, ProForma
from waya.org.models import AuditRecord
from waya.payments.models import Notification, Payment
from waya.subscriptions.models import Subscription

PHONE = "0700000416"
MONTH = {"deferred": -1874_06, "tax:excise": -281_11, "tax:vat": -344_83}
JANUARY = 1269_52
# On 1 February 21 of the month's 31 days have passed, and are earned.
EARNED = 1269_52


def test_the_main_job(baraka: World) -> None:
    amina = joins_by_the_portal(baraka)
    falls_behind(baraka, amina)
    pays_and_is_back(baraka, amina)
    what_the_staff_see(baraka, amina)


def joins_by_the_portal(baraka: World) -> Subscription:
    """A plan, four answers, a prompt on the phone, a PIN: paid, on the router, online."""
    browser = Client()
    offered = words(browser.get("/my/plans").content.decode())
    assert "Home 10 Mbps" in offered
    assert "2,500" in offered
    answers = {
        "plan": "home-10", "name": "Amina Hassan", "phone": PHONE,
        "place": "Lanet, blue gate", "agree": "on",
    }  # fmt: skip
    sent = browser.post("/my/join", answers)
    assert (sent.status_code, sent["Location"][:9]) == (302, "/my/wait/")
    amina = Subscription.objects.get(customer__name="Amina Hassan")
    ringing = baraka.phones.phone(msisdn(PHONE))["prompt"]
    assert (ringing["amount"], ringing["account"]) == (2500, amina.customer.account_number)
    assert (amina.state, baraka.holds(amina), baraka.books()) == ("pending_payment", "", {})

    baraka.phones.approve(msisdn(PHONE))
    baraka.settle()
    amina = fresh(amina)
    assert (amina.state, amina.paid_through) == ("active", date(2027, 2, 11))
    payment = Payment.objects.get()
    told = Notification.objects.filter(payment=payment)
    assert sorted(told.values_list("kind", flat=True)) == ["confirmation", "stk"]
    invoice = Invoice.objects.get()
    assert (invoice.total_minor, invoice.paid_minor) == (2500_00, 2500_00)
    assert baraka.books() == {"clearing:mpesa": 2500_00, **MONTH}
    assert baraka.holds(amina) == "waya-10M-10M"
    assert baraka.is_proven(amina)
    assert baraka.texts(PHONE) == [
        (
            f"Welcome to Baraka Net, Amina. Paid to 11 Feb. Account "
            f"{amina.customer.account_number}, login {amina.username}. To pay: paybill 600426."
        )
    ]
    assert browser.get(sent["Location"])["Location"] == "/my/welcome"
    welcome = words(browser.get("/my/welcome").content.decode())
    for kept in (payment.transaction, amina.username, "Your line is ready on our side"):
        assert kept in welcome
    baraka.plug_in(amina)
    baraka.is_online(amina)
    assert "news.example would have been reached" in baraka.browse(amina).text
    return amina


def falls_behind(baraka: World, amina: Subscription) -> None:
    """Asked for five days before the end, reminded twice, and walled when it has come."""
    account = amina.customer.account_number
    baraka.live_until(date(2027, 2, 5))
    assert len(baraka.texts(PHONE)) == 1
    baraka.live_until(date(2027, 2, 6))
    asked = ProForma.objects.get(state=ProForma.OPEN)
    assert (asked.start, asked.end) == (date(2027, 2, 11), date(2027, 3, 11))
    paying = f"Paybill 600426, account {account}. Baraka Net"
    renewal = f"Amina, KES 2,500 renews Home 10 Mbps from 11 Feb. {paying}"
    due = f"KES 2,500 is due on 10 Feb. {paying}"
    assert baraka.texts(PHONE)[1:] == [renewal]
    baraka.live_until(date(2027, 2, 10))
    assert baraka.texts(PHONE)[2:] == [due, due]
    in_february = MONTH | {"deferred": EARNED - 1874_06, "revenue:internet": -EARNED}
    assert baraka.books() == {"clearing:mpesa": 2500_00, **in_february}  # no pro forma posts
    baraka.is_online(amina)
    baraka.is_well()

    baraka.live_until(date(2027, 2, 11))
    assert fresh(amina).state == "suspended"
    baraka.is_walled(amina)
    assert baraka.is_proven(amina)
    led = baraka.browse(amina)
    assert str(led.url) == f"{baraka.url}/my/off"
    off = words(led.text)
    for shown in ("Internet is off", "Amina H.", "KES 2,500", "600426",
                  "Your paid days ended when this day ended"):  # fmt: skip
        assert shown in off
    assert baraka.texts(PHONE)[4].startswith("Your internet is off: KES 2,500 was due 10 Feb.")
    baraka.is_well()


def pays_and_is_back(baraka: World, amina: Subscription) -> None:
    """By paybill, with the account number typed as people do; proven on the router."""
    account = amina.customer.account_number
    typed = f"{account[:3]} {account[3:6]} {account[6:]}"
    receipt = baraka.pays(PHONE, typed, 2500)
    paid = Payment.objects.get(transaction=receipt)
    assert (paid.customer_id, paid.account_typed) == (amina.customer_id, typed)
    assert (fresh(amina).state, fresh(amina).paid_through) == ("active", date(2027, 3, 11))
    assert baraka.is_proven(amina)
    baraka.is_online(amina)
    assert "news.example would have been reached" in baraka.browse(amina).text
    doubled = {purpose: 2 * minor for purpose, minor in MONTH.items()}
    earned = {"deferred": EARNED - 2 * 1874_06, "revenue:internet": -EARNED}
    assert baraka.books() == {"clearing:mpesa": 5000_00, **doubled, **earned}
    thanks = f"You are back online, Amina. We received KES 2,500 ({receipt}). Paid to 11 Mar."
    assert baraka.texts(PHONE)[5].startswith(thanks)
    told = AuditRecord.objects.get(action="subscription.restored")
    cause = AuditRecord.objects.get(pk=told.cause_id or 0)
    assert (cause.action, cause.subject_id) == ("payment.taken", paid.pk)
    baraka.is_well()


def what_the_staff_see(baraka: World, amina: Subscription) -> None:
    """The dashboard, the customer's one timeline, the router's two columns, the books."""
    receipt = Payment.objects.latest("pk").transaction
    today = baraka.reads("naomi", "/")
    assert "Collected today KES 2,500" in today
    assert "Overdue KES 0 0 customers, 0 walled" in today
    record = baraka.reads("naomi", f"/customers/{amina.customer.account_number}")
    for shown in ("Amina Hassan Online", "Router holds this",
                  "Should hold on · 10M/10M Does hold on · 10M/10M", "Paid to 11 Mar"):  # fmt: skip
        assert shown in record
    happened = record.partition("What happened")[2]
    lately_first = [
        happened.index(told)
        for told in (
            "Back online. Read back on", "Restored.", f"Paid KES 2,500 by M-PESA, {receipt}",
            "SMS “Your internet is off", "Internet walled. KES 2,500 was due 10 Feb",
            "SMS “KES 2,500 is due on 10 Feb", "Asked KES 2,500 for 11 Feb – 11 Mar",
            "SMS “Welcome to Baraka Net", "Asked on the phone for KES 2,500", "Registered Portal",
        )
    ]  # fmt: skip
    assert lately_first == sorted(lately_first)
    mast = baraka.reads("otieno", f"/routers/{amina.router.name}")
    assert "Hold what they should 1 of 1" in mast
    assert f"{amina.username} Amina Hassan" in mast
    books = baraka.reads("wanjiku", "/books")
    assert "Debits equal credits" in books
    assert f"mpesa:600426:{receipt}" in books
