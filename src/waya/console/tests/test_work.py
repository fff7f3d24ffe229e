"""The work of each role: taking money, finding whose it is, deciding, selling, looking."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from waya.console.tests.make import Town, on_the_wire, paid_to, signed_in, slip_of
from waya.org.actors import SYSTEM
from waya.org.commands.approvals import request_approval
from waya.org.models import Approval
from waya.payments.models import Notification, Payment
from waya.payments.tests.make import prompt as asks
from waya.payments.tests.make import tell, work_off
from waya.subscriptions.models import Subscription


def words(answer: Any) -> str:
    """What came back, as text."""
    text: str = answer.content.decode()
    return text


@pytest.fixture
def naomi(there: Town) -> Client:
    """The cashier."""
    return signed_in("naomi", "cashier")


def test_naomi_takes_cash_and_chebet_is_back(there: Town, naomi: Client) -> None:
    account = there.chebet.customer.account_number
    form = words(naomi.get(f"/customers/{account}/pay"))
    assert "Take cash from Chebet Korir" in form
    assert 'value="2,500"' in form  # what brings everything in order
    answer = naomi.post(f"/customers/{account}/pay", {"amount": "2,500", "slip": "S-93"})
    payment = Payment.objects.get(transaction="S-93")
    assert answer["Location"] == f"/payments/{payment.receipt_number}"
    page = words(naomi.get(answer["Location"]))
    assert "Cash" in page
    assert "INV-" in page
    there.chebet.refresh_from_db()
    assert there.chebet.state == Subscription.ACTIVE
    record = words(naomi.get(f"/customers/{account}"))
    assert "Restored." in record
    assert "S-93" in record


def test_a_form_that_is_refused_comes_back_filled(there: Town, naomi: Client) -> None:
    account = there.chebet.customer.account_number
    answer = naomi.post(f"/customers/{account}/pay", {"amount": "lots", "slip": "S-94"})
    assert answer.status_code == 422
    assert "Write an amount such as 2,500." in words(answer)
    assert 'value="S-94"' in words(answer)
    assert not Payment.objects.filter(transaction="S-94").exists()


def test_the_same_slip_for_another_sum_is_refused(there: Town, naomi: Client) -> None:
    account = there.amina.customer.account_number
    answer = naomi.post(f"/customers/{account}/pay", {"amount": "50", "slip": "SLIP-1"})
    assert answer.status_code == 422
    assert "wa-note bad" in words(answer)


def test_cash_for_a_typed_account_with_a_slip_in_it(there: Town, naomi: Client) -> None:
    wrong = slip_of(there.amina.customer.account_number)
    told = {"account_number": wrong, "amount": "100", "slip": "S-95"}
    answer = naomi.post("/payments/cash", told)
    assert answer.status_code == 422
    assert "No account has this number. There is a slip in it." in words(answer)


def test_naomi_matches_money_to_whom_the_evidence_names(there: Town, naomi: Client) -> None:
    account = there.chebet.customer.account_number
    payment = paid_to(there, slip_of(account))
    desk = words(naomi.get("/payments?state=suspense"))
    assert "one clear match" in desk
    assert "its check digit fails" in desk
    assert "The end of the phone fits" in desk
    answer = naomi.post(f"/payments/{payment.receipt_number}/match", {"account_number": account})
    page = words(naomi.get(answer["Location"]))
    assert "Matched by Naomi" in page
    assert "Chebet Korir" in page
    there.chebet.refresh_from_db()
    assert there.chebet.state == Subscription.ACTIVE
    assert "No money without an owner" in words(naomi.get("/payments?state=suspense"))
    again = naomi.post(f"/payments/{payment.receipt_number}/match", {"account_number": account})
    assert again.status_code == 422
    assert "wa-note bad" in words(again)


def test_money_of_nobody_close_says_so(there: Town, naomi: Client) -> None:
    paid_to(there, "wifi", shillings=77, name="ZAWADI", payer="2547 ***** 999")
    desk = words(naomi.get("/payments?state=suspense"))
    assert "nobody close" in desk
    assert "this is no account number" in desk


def test_search_forgives(there: Town, naomi: Client) -> None:
    chebet = there.chebet
    number = chebet.customer.account_number
    for typed in (
        "chebet", "korir che", "Chbet", "chebte", "0700 000 418", "+254700000418", "0418", "SLIP-2",
        number, number[:6], f"{number[:3]} {number[3:6]}", slip_of(number), chebet.username[:9],
    ):  # fmt: skip
        found = words(naomi.get("/search", {"q": typed}))
        assert "Chebet Korir" in found, typed
    assert "Nothing has “zzzz”" in words(naomi.get("/search", {"q": "zzzz"}))
    assert "/payments/cash" in words(naomi.get("/search", {"q": "cash"}))


def test_search_by_device_and_address(
    there: Town, naomi: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with on_the_wire(there, monkeypatch):
        one = there.amina.router.sessions.filter(name=there.amina.username).get()
        one.caller_id, one.address = "48:A9:8A:2E:71:0C", "10.24.3.118"
        one.save()
        for typed in ("48:A9:8A:2E", "48a98a2e710c", "48-a9-8a-2e-71-0c", "10.24.3.118"):
            assert "Amina Hassan" in words(naomi.get("/search", {"q": typed})), typed


def test_the_register_filters_and_pages(there: Town, naomi: Client) -> None:
    walled = words(naomi.get("/customers?state=walled"))
    assert "Chebet Korir" in walled
    assert "Amina Hassan" not in walled
    late = words(naomi.get("/collections"))
    assert "Brian Mwangi" in late
    assert "Chebet Korir" in words(naomi.get("/collections?show=renewals"))


def test_the_router_page_shows_both_sides(there: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    otieno = signed_in("otieno", "network")
    before = words(otieno.get("/routers/Lanet-1"))
    assert "not proven yet" in before
    with on_the_wire(there, monkeypatch):
        page = words(otieno.get("/routers/Lanet-1"))
        assert "Holds" in page
        assert "Not paid in time" in page
        assert "Chebet Korir" in page
        asked = otieno.post("/routers/Lanet-1/read")
        assert asked["Location"] == "/routers/Lanet-1"
        online = words(otieno.get("/online"))
        assert there.amina.username in online


def test_a_live_part_that_did_not_change_costs_nothing(
    there: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    otieno = signed_in("otieno", "network")
    first = otieno.get("/routers")
    assert "Applying 3" in words(first)
    assert first["ETag"].replace('"', '\\"') in words(first)
    asked = {"HX-Request": "true", "If-None-Match": first["ETag"]}
    assert otieno.get("/routers", headers=asked).status_code == 304
    with on_the_wire(there, monkeypatch):
        changed = otieno.get("/routers", headers=asked)
    assert changed.status_code == 200
    assert "Holds" in words(changed)
    assert "wa-side" not in words(changed)  # a part comes without its frame


def test_wanjiku_decides_what_she_did_not_ask_for(there: Town) -> None:
    asked = request_approval(
        entity_id=there.entity.pk, kind="cut_off", subject="night:1",
        title="Cut off 61 on Lanet-1", by=SYSTEM,
        why={"router": "Lanet-1", "serves": 61, "customers": [
            {"id": there.chebet.customer_id, "name": "Chebet Korir", "owed_minor": 2500_00,
             "account": there.chebet.customer.account_number, "currency": "KES",
             "due": "2026-11-12"}]},
    )  # fmt: skip
    wanjiku = signed_in("wanjiku", "accountant")
    page = words(wanjiku.get("/approvals"))
    assert "Cut off 61 on Lanet-1" in page
    assert "who has paid meanwhile is left alone" in page
    assert "1 customer of the 61 it serves, who owe KES 2,500 together." in page
    assert "due 12 Nov 2026" in page
    answer = wanjiku.post(f"/approvals/{asked.pk}", {"decision": "deny"}, follow=True)
    assert "Turned down" in words(answer)
    asked.refresh_from_db()
    assert asked.state == Approval.DENIED
    again = wanjiku.post(f"/approvals/{asked.pk}", {"decision": "grant"}, follow=True)
    assert "Wanjiku has decided this already." in words(again)


def test_grace_changes_the_policies(there: Town) -> None:
    grace = signed_in("grace", "owner")
    page = grace.get("/settings/business")
    form = page.context["form"]
    told = {name: form[name].value() for name in form.fields}
    told = {name: getattr(value, "plain", lambda value=value: value)() for name, value in
            told.items()} | {"billing.dunning:grace_days": "5"}  # fmt: skip
    answer = grace.post("/settings/business", told, follow=True)
    assert "Kept." in words(answer)
    again = grace.get("/settings/business").context["form"]
    assert again["billing.dunning:grace_days"].value() == 5
    assert again["billing.dunning:remind_days_before"].value() == "3, 1"
    refused = grace.post("/settings/business", told | {"billing.dunning:grace_days": "-1"})
    assert refused.status_code == 422


def test_naomi_writes_down_a_new_customer(there: Town, naomi: Client) -> None:
    plan = there.amina.plan
    told = {"plan": plan.pk, "name": "Fatuma Noor", "phone": "0700 000 641", "site_name": "Section",
            "directions": "", "language": "sw"}  # fmt: skip
    answer = naomi.post("/customers/new", told)
    page = words(naomi.get(answer["Location"]))
    assert "Fatuma Noor" in page
    assert "Waiting for payment" in page
    refused = naomi.post("/customers/new", told | {"phone": "12"})
    assert refused.status_code == 422
    assert "This is no phone number that we can read." in words(refused)
    assert "Fatuma Noor" in words(refused)


def test_a_phone_that_rings_is_told_on_the_record(there: Town, naomi: Client) -> None:
    asks(there.chebet, there.merchant, "ws_CO_1")
    account = there.chebet.customer.account_number
    page = words(naomi.get(f"/customers/{account}"))
    assert "M-PESA asks 0700 000418 for KES 2,500." in page
    assert "Waiting for the PIN." in page
    assert "Waiting for PIN" in words(naomi.get("/payments?state=prompts"))
    assert "M-PESA asks" not in words(signed_in("otieno", "network").get(f"/customers/{account}"))


def test_what_mpesa_said_that_nobody_could_read_waits_for_a_person(
    there: Town, naomi: Client
) -> None:
    tell(there.merchant, "c", b'{"TransID": "UKL7", "TransAmount": "<b>much</b>"}')
    work_off(there.merchant)
    parked = Notification.objects.get(state="parked")
    page = words(naomi.get("/payments?state=parked"))
    assert "unreadable" in page
    assert "UKL7" in page
    assert "&lt;b&gt;much&lt;/b&gt;" in page
    assert "Take again" in page
    assert "Parked" in words(naomi.get("/payments"))
    address = f"/payments/parked/{parked.pk}"
    assert naomi.get(address).status_code == 405
    assert naomi.post(address)["Location"] == "/payments?state=parked"
    parked.refresh_from_db()
    assert (parked.state, parked.reason) == ("waiting", "")
    assert naomi.post("/payments/parked/999999").status_code == 404
    assert "Nothing is parked" in words(naomi.get("/payments?state=parked"))
    assert signed_in("otieno", "network").post(address).status_code == 403
