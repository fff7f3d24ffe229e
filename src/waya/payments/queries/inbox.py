"""What providers told us and was not worked off yet, and what waits for a person."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from waya.kernel import clock
from waya.org.rows.asking import ask
from waya.org.rows.reading import read
from waya.org.rows.remembered import Remembered
from waya.parties.queries import customers_by_reference
from waya.payments.models import Merchant, Notification, Payment, Prompt
from waya.payments.policy import PaymentPolicy
from waya.payments.rules.matching import normalise
from waya.payments.rules.prompts import OPEN
from waya.subscriptions.models import Subscription

# Safaricom has decided most prompts by then; asked earlier, it only says that it is busy.
SILENT = timedelta(seconds=25)

# A callback whose prompt is not known is left alone until the prompt's own answer is stored,
# its money was confirmed otherwise, or it has waited long enough.
_TAKEABLE = """
select n.id from payments_notification n
where n.merchant_id = %(merchant)s and n.state = 'waiting' and n.id > %(after)s
  and (n.prompt_key = '' or n.received_at < %(patience_ends)s
       or exists (select 1 from payments_prompt p where p.key = n.prompt_key)
       or (n.transaction <> '' and exists (
           select 1 from payments_payment y
           where y.provider = %(provider)s and y.account = %(account)s
             and y.transaction = n.transaction)))
order by n.id limit %(limit)s
"""

_CLOSED = """
select s.customer_id from subscriptions_subscription s where s.customer_id = any(%s)
group by s.customer_id
having bool_and(s.state = 'ended') and not exists (
    select from billing_invoice i
    where i.customer_id = s.customer_id and i.paid_minor < i.total_minor)
"""


def takeable(merchant: Merchant, policy: PaymentPolicy, *, limit: int, after: int = 0) -> list[int]:
    """Notifications that can be worked off now, oldest first."""
    patience = timedelta(minutes=policy.join_minutes)
    values = {
        "merchant": merchant.pk,
        "provider": merchant.provider,
        "account": merchant.short_code,
        "patience_ends": clock.real_now() - patience,
        "after": after,
        "limit": limit,
    }
    return [key for (key,) in ask(_TAKEABLE, values)]


def merchants_with_waiting() -> list[int]:
    """Merchants that have told us something which is not worked off."""
    waiting = Notification.objects.filter(merchant=OuterRef("pk"), state=Notification.WAITING)
    return list(Merchant.objects.filter(Exists(waiting)).values_list("pk", flat=True))


def _merchant(merchant_id: int) -> Merchant:
    return Merchant.objects.select_related("entity").get(pk=merchant_id)


merchant_of = Remembered(_merchant)
"""A merchant account and its entity, for reading alone."""


def _at_paths(_: None) -> dict[str, Merchant]:
    return {merchant.path: merchant for merchant in Merchant.objects.all()}


_paths = Remembered(_at_paths)


def merchant_at(path: str) -> Merchant | None:
    """The merchant account that has this secret path, for reading alone; or none."""
    return _paths(None).get(path) or Merchant.objects.filter(path=path).first()


def merchant_for(entity_id: int) -> Merchant | None:
    """The merchant account through which an entity asks phones for money."""
    return Merchant.objects.filter(entity_id=entity_id).order_by("pk").first()


def parked(entity_id: int) -> QuerySet[Notification]:
    """Notifications that a person should look at, newest first."""
    return (
        Notification.objects.filter(merchant__entity_id=entity_id, state=Notification.PARKED)
        .select_related("merchant").order_by("-pk")
    )  # fmt: skip


def prompts_by_key(keys: Iterable[str]) -> QuerySet[Prompt]:
    """Prompts by the provider's key."""
    return Prompt.objects.filter(key__in=list(keys)).order_by("pk")


def open_prompts(merchant_id: int, customer_ids: Collection[int]) -> QuerySet[Prompt]:
    """Prompts of some customers that are not decided, oldest first."""
    return Prompt.objects.filter(
        merchant_id=merchant_id, customer_id__in=list(customer_ids), state__in=OPEN
    ).order_by("pk")


def anyone_asked(merchant_id: int, customer_ids: Collection[int]) -> bool:
    """Whether any of some customers has a prompt that is not decided."""
    ((found,),) = ask(_ASKED, [merchant_id, list(customer_ids), list(OPEN)])
    return bool(found)


_ASKED = """
select exists (select from payments_prompt
               where merchant_id = %s and customer_id = any(%s) and state = any(%s))
"""


def payments_of(merchant: Merchant, transactions: Iterable[str]) -> dict[str, Payment]:
    """Payments that are booked already, by the provider's transaction."""
    rows = read(Payment, _PAID, [merchant.provider, merchant.short_code, list(transactions)])
    return {row.transaction: row for row in rows}


_PAID = """
select {rows} from payments_payment
where provider = %s and account = %s and transaction = any(%s)
"""


def owners(entity_id: int, typed: Collection[str]) -> dict[str, int]:
    """Whose account each typed reference is, exactly: an account number, a phone that one
    customer has, or a username. Accounts that are closed are nobody's: a person decides."""
    if not typed:
        return {}
    words = {text: normalise(text) for text in typed}
    by_number = customers_by_reference(entity_id, words.values())
    found = {text: by_number[word] for text, word in words.items() if word in by_number}
    left = {text.strip().lower() for text in typed if text not in found}
    names = dict(
        Subscription.objects.filter(entity_id=entity_id, username__in=left)
        .values_list("username", "customer_id")
    ) if left else {}  # fmt: skip
    found |= {text: names[text.strip().lower()] for text in typed if text.strip().lower() in names}
    closed = closed_accounts(found.values())
    return {text: owner for text, owner in found.items() if owner not in closed}


def closed_accounts(customer_ids: Iterable[int]) -> set[int]:
    """Customers whose every subscription has ended and who owe nothing."""
    return {key for (key,) in ask(_CLOSED, [list(customer_ids)])}


def waiting_count(entity_id: int) -> int:
    """How many notifications of an entity are not worked off: money may be among them."""
    return Notification.objects.filter(
        merchant__entity_id=entity_id, state=Notification.WAITING
    ).count()


def silent_prompts(*, at: datetime) -> QuerySet[Prompt]:
    """Prompts that nobody has spoken of for too long and that were not asked about."""
    return Prompt.objects.filter(
        state=Prompt.SENT,
        key__isnull=False,
        queried_at=None,
        made_at__lt=at - SILENT,
    ).order_by("pk")


def abandoned_prompts(*, at: datetime) -> QuerySet[Prompt]:
    """Prompts whose sender died before it wrote down the provider's answer."""
    return Prompt.objects.filter(state=Prompt.SENDING, made_at__lt=at - timedelta(minutes=2))
