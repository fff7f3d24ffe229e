"""Whose money could it be: customers near what was typed, and near whoever paid."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import mode

from django.db import connection
from django.db.models import Sum

from waya.billing.models import ProForma
from waya.kernel.money import Money
from waya.parties.models import Contact, Customer
from waya.payments.models import Payment
from waya.payments.rules.matching import Candidate, Known, near_accounts, normalise, suggestions
from waya.reports.queries.owing import owed_by, worst_states
from waya.subscriptions.models import Subscription

_SHOWN = 5
_LONGEST = 12

# Customers whose names hold all words of `of`; each set of words is looked for once.
_NAMED = """
union
select w.id, near.id from waiting w join (
    select said.{of}, hit.id from (
        select distinct {of} from waiting where {of} <> '') said cross join lateral (
            with found as materialized (
                select c.id from parties_customer c
                 where c.entity_id = %(entity)s
                   and to_tsvector('simple'::regconfig, coalesce(c.name, ''))
                       @@ to_tsquery('simple', said.{of})
                 limit 200)
            select id from found order by id limit 20) hit) near on near.{of} = w.{of}"""

# For every waiting payment at once: accounts a slip away, phones that end like the payer's,
# names like the payer's or the typed one, and whom this payer paid for before.
_NEARBY = f"""
with waiting as (
    select * from jsonb_to_recordset(%(waiting)s::jsonb) as w(
        id bigint, accounts text[], ends text, beyond text, payer text, either text, names text,
        typed text)
)
select w.id, c.id from waiting w
  join parties_customer c on c.account_number = any(w.accounts) and c.entity_id = %(entity)s
union
select w.id, near.id from waiting w cross join lateral (
    select c.id from parties_contact k join parties_customer c on c.id = k.customer_id
     where w.ends <> '' and reverse(k.phone) ~>=~ w.ends and reverse(k.phone) ~<~ w.beyond
       and c.entity_id = %(entity)s
       and (w.either = '' or length(w.ends) > 6
            or to_tsvector('simple'::regconfig, coalesce(c.name, ''))
               @@ to_tsquery('simple', w.either))
     order by c.id limit 20) near{_NAMED.format(of="names")}{_NAMED.format(of="typed")}
union
select w.id, near.customer_id from waiting w cross join lateral (
    select p.customer_id from payments_payment p
     where w.payer <> '' and p.payer = w.payer and p.customer_id is not null
       and p.entity_id = %(entity)s
     order by p.id desc limit 3) near
"""


@dataclass(frozen=True, slots=True)
class Suggested:
    """A candidate with the customer's name, what they owe and the word for their service."""

    candidate: Candidate
    name: str
    owed: Money
    state: str


def suggest(entity_id: int, found: Iterable[Payment]) -> dict[int, list[Suggested]]:
    """Whose each payment could be, the best first; seven queries for one or for a hundred."""
    waiting = list(found)
    if not waiting:
        return {}
    nearby: dict[int, list[int]] = {}
    with connection.cursor() as cursor:
        shapes = json.dumps([_shape(one) for one in waiting])
        cursor.execute(_NEARBY, {"waiting": shapes, "entity": entity_id})
        for payment_id, customer_id in cursor.fetchall():
            nearby.setdefault(payment_id, []).append(customer_id)
    keys = {key for many in nearby.values() for key in many}
    known, states = _known(keys), worst_states(keys)
    return {
        one.pk: _suggested(one, [known[key] for key in sorted(nearby.get(one.pk, []))], states)
        for one in waiting
    }


def _shape(payment: Payment) -> dict[str, object]:
    """What to look for, as the query wants it."""
    typed = normalise(payment.account_typed)
    ends = _ends(payment.payer, typed)
    named = _words(payment.payer_name)
    return {
        "id": payment.pk,
        "accounts": [typed, *near_accounts(typed)],
        "ends": ends,
        "beyond": ends[:-1] + chr(ord(ends[-1]) + 1) if ends else "",
        "payer": payment.payer,
        "either": " | ".join(named),
        "names": " & ".join(named),
        "typed": " & ".join(_words(payment.account_typed)),
    }


def _ends(payer: str, typed: str) -> str:
    """The last digits of the payer's phone, or of one typed as account, backwards."""
    if typed.isdigit() and len(typed) >= 9:
        return typed[-9:][::-1]
    if re.fullmatch(r"[0-9a-fA-F]{64}", payer):
        return ""
    end = "".join(one for one in payer.rpartition("*")[2] if one.isdigit())[-_LONGEST:]
    return end[::-1] if len(end) >= 3 else ""


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W\d_]{2,}", name.lower())[:4]


def _known(customer_ids: set[int]) -> dict[int, Known]:
    phones: dict[int, list[str]] = {}
    for key, phone in Contact.objects.filter(customer_id__in=customer_ids).values_list(
        "customer_id", "phone"
    ):
        phones.setdefault(key, []).append(phone)
    aliases: dict[int, list[tuple[str, str]]] = {}
    for key, username, state in Subscription.objects.filter(
        customer_id__in=customer_ids
    ).values_list("customer_id", "username", "state"):
        aliases.setdefault(key, []).append((username, state))
    paid: dict[int, list[tuple[int, str]]] = {}
    for key, minor, payer in (
        Payment.objects.filter(customer_id__in=customer_ids)
        .order_by("-pk")
        .values_list("customer_id", "amount_minor", "payer")[:2000]
    ):
        paid.setdefault(key, []).append((minor, payer))
    owed = _asked(customer_ids) | owed_by(customer_ids)
    return {
        one.pk: Known(
            customer_id=one.pk,
            account_number=one.account_number,
            name=one.name,
            phones=phones.get(one.pk, []),
            aliases=[username for username, _ in aliases.get(one.pk, [])],
            earlier_payers=[payer for _, payer in paid.get(one.pk, []) if payer],
            owed_minor=owed.get(one.pk, 0),
            usual_minor=mode(minor for minor, _ in paid[one.pk]) if one.pk in paid else 0,
            ended=all(state == Subscription.ENDED for _, state in aliases.get(one.pk, [])),
        )
        for one in Customer.objects.filter(pk__in=customer_ids)
    }


def _asked(customer_ids: set[int]) -> dict[int, int]:
    """What renewals ask of each customer, on the nearest document."""
    rows = ProForma.objects.filter(customer_id__in=customer_ids, state=ProForma.OPEN)
    found = rows.values("customer_id", "number", "start").annotate(asked=Sum("total_minor"))
    return dict(found.order_by("-start").values_list("customer_id", "asked"))


def _suggested(payment: Payment, customers: list[Known], states: dict[int, str]) -> list[Suggested]:
    known = {one.customer_id: one for one in customers}
    best = suggestions(
        typed=payment.account_typed,
        payer=payment.payer,
        payer_name=payment.payer_name,
        amount_minor=payment.amount_minor,
        customers=customers,
    )
    return [
        Suggested(
            candidate=one,
            name=known[one.customer_id].name,
            owed=Money(known[one.customer_id].owed_minor, payment.currency),
            state=states.get(one.customer_id, "ended"),
        )
        for one in best[:_SHOWN]
    ]
