"""Payments for tests: Baraka Net's paybill, what M-PESA says about it, and who pays."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from waya.billing.commands.documents import quote
from waya.billing.tests.make import home_10, isp
from waya.kernel import clock
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.parties.commands.customers import register
from waya.payments.commands.merchants import add_merchant
from waya.payments.commands.notifications import Answer, receive
from waya.payments.commands.take import drain
from waya.payments.models import Merchant, Prompt
from waya.subscriptions.commands.lives import request
from waya.subscriptions.models import Subscription
from waya.subscriptions.queries import router_for

PAYBILL = "600426"
NAIROBI = ZoneInfo("Africa/Nairobi")


def merchant(base_url: str = "http://127.0.0.1:9", entity: Entity | None = None) -> Merchant:
    """The paybill of Baraka Net, which has books, taxes and a router."""
    return add_merchant(
        entity_id=(entity or isp()).pk,
        short_code=PAYBILL,
        base_url=base_url,
        consumer_key="lab-consumer-key",
        consumer_secret="lab-consumer-secret",
        passkey="bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919",
        by=SYSTEM,
    )


def asked(entity: Entity, name: str = "Chebet Korir", phone: str = "0700000418") -> Subscription:
    """Somebody who wants Home 10 Mbps, KES 2,500 a month, and has been quoted it."""
    customer, site = register(
        entity_id=entity.pk, name=name, phone=phone, site_name="Lanet", by=SYSTEM
    )
    row = request(customer=customer, site=site, plan=home_10(entity),
                  router_id=router_for(entity.pk).pk, by=SYSTEM)  # fmt: skip
    quote(subscription_id=row.pk, on=clock.today(entity.zone), by=SYSTEM)
    return row


def prompt(row: Subscription, merchant: Merchant, key: str | None, minor: int = 2500_00) -> Prompt:
    """A prompt that the provider has answered, or (without a key) has not answered yet."""
    return Prompt.objects.create(
        merchant=merchant, customer=row.customer, phone="+254700000418", amount_minor=minor,
        currency="KES", made_at=clock.real_now(), key=key,
        state=Prompt.SENT if key else Prompt.SENDING,
    )  # fmt: skip


def confirmation(
    account: str, receipt: str = "UKL7X4T2QP", amount: object = "2500.00", **changes: Any
) -> bytes:
    """A paybill's confirmation, as Daraja writes it."""
    paid_at = (clock.now() - timedelta(seconds=5)).astimezone(NAIROBI)
    return json.dumps({
        "TransactionType": "Pay Bill", "TransID": receipt,
        "TransTime": f"{paid_at:%Y%m%d%H%M%S}", "TransAmount": amount,
        "BusinessShortCode": PAYBILL, "BillRefNumber": account, "InvoiceNumber": "",
        "OrgAccountBalance": "49197.00", "ThirdPartyTransID": "", "MSISDN": "2547 ***** 418",
        "FirstName": "CHEBET", "MiddleName": "", "LastName": "KORIR", **changes,
    }).encode()  # fmt: skip


def callback(
    key: str,
    code: object = 0,
    receipt: str = "UKL7X4T2QP",
    amount: object = 2500.00,
    phone: object = 254700000418,
) -> bytes:
    """A prompt's end, as Daraja writes it: values only when it was paid."""
    paid_at = (clock.now() - timedelta(seconds=5)).astimezone(NAIROBI)
    body: dict[str, Any] = {
        "MerchantRequestID": "29115-34620561-1", "CheckoutRequestID": key, "ResultCode": code,
        "ResultDesc": "told by the test",
    }  # fmt: skip
    if str(code) == "0":
        body["CallbackMetadata"] = {"Item": [
            {"Name": "Amount", "Value": amount},
            {"Name": "MpesaReceiptNumber", "Value": receipt},
            {"Name": "Balance"},
            {"Name": "TransactionDate", "Value": int(f"{paid_at:%Y%m%d%H%M%S}")},
            {"Name": "PhoneNumber", "Value": phone},
        ]}  # fmt: skip
    return json.dumps({"Body": {"stkCallback": body}}).encode()


def tell(merchant: Merchant, kind: str, raw: bytes) -> Answer:
    """M-PESA tells us something: `c` a confirmation, `s` a prompt's end."""
    return receive(path=merchant.path, kind=kind, raw=raw, address="196.201.214.200")


def work_off(merchant: Merchant) -> int:
    """What the worker would do now."""
    return drain(merchant_id=merchant.pk, by=SYSTEM)
