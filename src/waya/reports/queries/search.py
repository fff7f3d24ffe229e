"""Find anything by a piece of it, within a tenth of a second at a hundred thousand customers.

What was typed decides where to look: digits are accounts and phones, words are names and
usernames, colons a MAC, dots an address, and letters with digits a receipt. Only when that
finds nobody is a slip of one letter or digit forgiven.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address
from string import ascii_lowercase
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Reverse, Upper

from waya.billing.models import Invoice
from waya.kernel import ids
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.kernel.phone import e164
from waya.network.models import Router, Session
from waya.parties.models import Contact, Customer
from waya.payments.models import Payment
from waya.payments.rules.matching import near_accounts
from waya.subscriptions.models import Subscription

_MAC = re.compile(r"^[0-9a-f]{2}([:.-]?[0-9a-f]{1,2}){2,5}$", re.IGNORECASE)
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Receipt:
    """A payment found by its receipt or transaction; without a customer it is in suspense."""

    number: str
    transaction: str
    amount: Money
    on: date
    customer_name: str
    customer_account: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, at most as many of each as were asked for."""

    customer_ids: list[int]
    receipts: list[Receipt]
    invoices: list[tuple[str, str]]
    routers: list[tuple[str, str]]


def search(entity_id: int, country: str, typed: str, *, limit: int = 8) -> Found:
    """Customers first, then receipts, invoices and routers; nothing for a single letter."""
    text = typed.strip()
    if len(ids.normal(text)) < _FEWEST:
        return Found([], [], [], [])
    customers = customers_matching(entity_id, country, text, limit=limit)
    return Found(
        customer_ids=customers,
        receipts=_receipts(entity_id, text, limit),
        invoices=_invoices(entity_id, text, limit),
        routers=_routers(entity_id, text, limit),
    )


def customers_matching(entity_id: int, country: str, typed: str, *, limit: int = 50) -> list[int]:
    """Customers whom a piece of text may mean, the most exact first."""
    text = typed.strip()
    found: dict[int, None] = {}
    for stage in _stages(entity_id, country, text):
        found |= dict.fromkeys(stage[: limit - len(found)])
        if len(found) >= limit:
            break
    return list(found) or _forgiving(entity_id, text, limit)


def _stages(entity_id: int, country: str, text: str) -> Iterable[QuerySet[Customer, int]]:
    """Where to look, one query at a time, as long as there is room for more."""
    owners = Customer.objects.filter(entity_id=entity_id).order_by()
    keys = owners.values_list("pk", flat=True)
    compact = ids.normal(text)
    if compact.isdigit():
        yield keys.filter(account_number__startswith=compact).order_by("account_number")
        yield keys.filter(pk__in=_by_phone(country, text, compact)).order_by("name")
    if _MAC.match(text) and not text.isdigit():
        yield keys.filter(pk__in=_by_session(Q(caller__startswith=_mac(text))))
    if (address := _address(text)) is not None:
        yield keys.filter(pk__in=_by_session(Q(address=address)))
    if any(letter.isalpha() for letter in text):
        yield _named(keys, _prefixes(text)).order_by("name")
        usernames = Subscription.objects.filter(username__startswith=text.lower())
        yield keys.filter(pk__in=usernames.values("customer_id"))
    if len(compact) >= 4 and any(letter.isdigit() for letter in compact):
        receipts = Payment.objects.annotate(code=Upper("transaction"))
        yield keys.filter(
            pk__in=receipts.filter(coded(text), customer__isnull=False).values("customer_id")
        )


def _forgiving(entity_id: int, text: str, limit: int) -> list[int]:
    """One letter of each word, or one digit of an account, may be wrong, missing or swapped."""
    keys = Customer.objects.filter(entity_id=entity_id).values_list("pk", flat=True)
    if near := near_accounts(text):
        return list(keys.filter(account_number__in=near)[:limit])
    words = _words(text)
    if not words or max(map(len, words)) < 4 or any(word.isdigit() for word in words):
        return []
    wished = " & ".join(
        "(" + " | ".join(f"{one}:*" for one in sorted(_slips(word))) + ")" if len(word) > 3
        else f"{word}:*"
        for word in words[:3]
    )  # fmt: skip
    return list(_named(keys, wished).order_by("name")[:limit])


def _named(keys: QuerySet[Customer, int], wished: str) -> QuerySet[Customer, int]:
    if not wished:
        return keys.none()
    return keys.annotate(words=SearchVector("name", config="simple")).filter(
        words=SearchQuery(wished, config="simple", search_type="raw")
    )


def _prefixes(text: str) -> str:
    return " & ".join(f"{word}:*" for word in _words(text))


def _words(text: str) -> list[str]:
    return [word.strip("_") for word in re.findall(r"\w+", text.lower()) if word.strip("_")]


def _slips(word: str) -> set[str]:
    """Words one slip away, first letter kept: people know how a name begins."""
    cuts = [(word[:at], word[at:]) for at in range(1, len(word) + 1)]
    slips = {left + right[1:] for left, right in cuts if right}
    slips |= {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    slips |= {left + one + right[1:] for left, right in cuts if right for one in ascii_lowercase}
    slips |= {left + one + right for left, right in cuts for one in ascii_lowercase}
    return slips


def _by_phone(country: str, text: str, digits: str) -> QuerySet[Any, Any]:
    """A whole number in any form, or the digits that one ends in."""
    ends = Q(backwards__startswith=digits[::-1])
    try:
        ends |= Q(phone=e164(text, country))
    except Refused:
        if digits.startswith("0") and len(digits) > 3:
            ends |= Q(backwards__startswith=digits[:0:-1])
    rows = Contact.objects.annotate(backwards=Reverse("phone"))
    return rows.filter(ends).values("customer_id")


def coded(text: str) -> Q:
    """Receipts, annotated as `code`, that begin as typed, or as typed without dashes."""
    return Q(code__startswith=ids.normal(text)) | Q(code__startswith=text.strip().upper())


def _by_session(which: Q) -> QuerySet[Any, Any]:
    live = Session.objects.filter(ended_at=None).annotate(caller=Upper("caller_id"))
    return Subscription.objects.filter(username__in=live.filter(which).values("name")).values(
        "customer_id"
    )


def _mac(text: str) -> str:
    """`48a98a2e` as routers write it: `48:A9:8A:2E`."""
    plain = re.sub(r"[^0-9A-F]", "", text.upper())
    return ":".join(plain[at : at + 2] for at in range(0, len(plain), 2))


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def _receipts(entity_id: int, text: str, limit: int) -> list[Receipt]:
    if len(ids.normal(text)) < 4:
        return []
    rows = (
        Payment.objects.filter(entity_id=entity_id)
        .annotate(code=Upper("transaction"))
        .filter(coded(text) | Q(receipt_number=text.upper()))
        .order_by("-pk")
        .values_list("receipt_number", "transaction", "amount_minor", "currency", "value_on",
                     "customer__name", "customer__account_number")
    )  # fmt: skip
    return [
        Receipt(number, code_, Money(minor, currency), on, name or "", account or "")
        for number, code_, minor, currency, on, name, account in rows[:limit]
    ]


def _invoices(entity_id: int, text: str, limit: int) -> list[tuple[str, str]]:
    """Number and customer of invoices: by the whole number, or its digits alone."""
    wished = {text.upper()}
    if text.isdigit() and len(text) <= 6:
        wished.add(f"INV-{int(text):06d}")
    rows = Invoice.objects.filter(entity_id=entity_id, number__in=wished)
    return list(rows.values_list("number", "customer__name")[:limit])


def _routers(entity_id: int, text: str, limit: int) -> list[tuple[str, str]]:
    rows = Router.objects.filter(entity_id=entity_id).annotate(typed=Value(text))
    rows = rows.filter(Q(name__icontains=F("typed")) | Q(place__icontains=F("typed")))
    return list(rows.order_by("name").values_list("name", "place")[:limit])
