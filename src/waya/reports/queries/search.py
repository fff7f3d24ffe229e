"""Find anything by a piece of it, within a tenth of a second at a hundred thousand customers.

What was typed decides where to look: digits are accounts and phones, words are names and
usernames, colons a MAC, dots an address, and letters with digits a receipt. Only when that
finds nobody is a slip of one letter or digit forgiven.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address
from string import ascii_lowercase
from typing import Any

from django.db import connection
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


# Looks in one place: an entity, and for how many there is room.
Look = Callable[[int, int], list[int]]


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
    for look in _looks(country, text):
        found |= dict.fromkeys(look(entity_id, limit - len(found)))
        if len(found) >= limit:
            break
    return list(found) or _forgiving(entity_id, text, limit)


def _looks(country: str, text: str) -> Iterable[Look]:
    """Where to look, one query or two at a time, as long as there is room for more."""
    compact = ids.normal(text)
    address = _address(text)
    if compact.isdigit() and address is None:
        yield _kept(lambda keys: keys.filter(account_number__startswith=compact))
        yield _kept(lambda keys: keys.filter(pk__in=_by_phone(country, text, compact)))
    if address is not None:
        yield _by_session(Q(address=address))
    elif _MAC.match(text) and not text.isdigit():
        yield _by_session(Q(caller__startswith=_mac(text)))
    if any(letter.isalpha() for letter in text):
        yield lambda entity_id, room: _named(entity_id, _prefixes(text), room)
        yield _kept(lambda keys: keys.filter(pk__in=_by_username(text)))
    if len(compact) >= 4 and any(letter.isdigit() for letter in compact):
        yield _kept(lambda keys: keys.filter(pk__in=_by_receipt(text)))


def _kept(narrowed: Callable[[QuerySet[Customer, int]], QuerySet[Customer, int]]) -> Look:
    """A look by an index, in the order of account numbers."""

    def look(entity_id: int, room: int) -> list[int]:
        keys = Customer.objects.filter(entity_id=entity_id).values_list("pk", flat=True)
        return list(narrowed(keys).order_by("account_number")[:room])

    return look


def _forgiving(entity_id: int, text: str, limit: int) -> list[int]:
    """One letter of each word, or one digit of an account, may be wrong, missing or swapped."""
    if near := near_accounts(text):
        keys = Customer.objects.filter(entity_id=entity_id).values_list("pk", flat=True)
        return list(keys.filter(account_number__in=near)[:limit])
    words = _words(text)
    if not words or max(map(len, words)) < 4 or any(word.isdigit() for word in words):
        return []
    return _nearly(entity_id, _one_slip(words[:3]), limit)


def _one_slip(words: list[str]) -> list[str]:
    """Every way to read these words with one slip in one of them, as searches of their own."""
    return [
        " & ".join(f"{slip if at == place else word}:*" for at, word in enumerate(words))
        for place, wrong in enumerate(words)
        if len(wrong) > 3
        for slip in sorted(_slips(wrong))
    ]


# The words first, by their index, and only then the order: ordering by the index of names
# would read every name there is to find the few.
_NAMED = """
with hit as materialized (
    select id, name from parties_customer
     where entity_id = %s and to_tsvector('simple'::regconfig, coalesce(name, ''))
           @@ to_tsquery('simple', %s))
select id from hit order by name, id limit %s
"""


# Some hundreds of searches by that index, each a few microseconds: one search for all of them
# together would be weighed as a walk through everybody.
_NEARLY = """
select hit.id from unnest(%s::text[]) tried cross join lateral (
    with found as materialized (
        select id, name from parties_customer
         where entity_id = %s and to_tsvector('simple'::regconfig, coalesce(name, ''))
               @@ to_tsquery('simple', tried)
         limit %s)
    select id, name from found) hit
group by hit.id, hit.name order by hit.name, hit.id limit %s
"""


def _nearly(entity_id: int, wished: list[str], room: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_NEARLY, [wished, entity_id, room, room])
        return [key for (key,) in cursor.fetchall()]


def _named(entity_id: int, wished: str, room: int) -> list[int]:
    if not wished:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_NAMED, [entity_id, wished, room])
        return [key for (key,) in cursor.fetchall()]


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


def _by_session(which: Q) -> Look:
    """Whoever is online with this device or address: their names first, which are few."""

    def look(entity_id: int, room: int) -> list[int]:
        live = Session.objects.filter(ended_at=None).annotate(caller=Upper("caller_id"))
        names = list(live.filter(which).values_list("name", flat=True)[:room])
        owners = Subscription.objects.filter(username__in=names, entity_id=entity_id)
        return list(owners.values_list("customer_id", flat=True)[:room])

    return look


def _by_username(text: str) -> QuerySet[Any, Any]:
    rows = Subscription.objects.filter(username__startswith=text.lower())
    return rows.values("customer_id")


def _by_receipt(text: str) -> QuerySet[Any, Any]:
    rows = Payment.objects.annotate(code=Upper("transaction"))
    return rows.filter(coded(text), customer__isnull=False).values("customer_id")


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
