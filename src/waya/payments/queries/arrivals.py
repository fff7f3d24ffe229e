"""Sort out a batch of notifications: which money is new, whose it is, and what contradicts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from waya.kernel import clock
from waya.kernel.money import Money
from waya.payments.drivers import Received
from waya.payments.models import Merchant, Notification, Payment, Prompt
from waya.payments.policy import PaymentPolicy
from waya.payments.queries import inbox
from waya.payments.queries.records import records
from waya.payments.rules.booking import Arrived, value_day
from waya.payments.rules.matching import phone_fits


@dataclass(slots=True)
class Heard:
    """A notification and what it says. `parked` is why a person must look, `waits` that its
    prompt is not known yet, `transaction` the money that it speaks of."""

    row: Notification
    received: Received | None
    parked: str = ""
    waits: bool = False
    transaction: str = ""
    prompt: Prompt | None = None

    @property
    def told(self) -> Received:
        """What it says, of one that could be read."""
        if self.received is None:
            raise ValueError(f"notification {self.row.pk} cannot be read")
        return self.received

    @property
    def open(self) -> bool:
        """Whether nothing speaks against it so far."""
        return not (self.parked or self.waits)


@dataclass(slots=True)
class Fresh:
    """Money that is not booked yet, as its notifications together tell it."""

    merchant: Merchant
    received: Received
    notification_id: int
    customer_id: int | None = None
    prompt: Prompt | None = None
    cause: int | None = None

    def arrived(self, today: date) -> Arrived:
        """The same, ready to be booked."""
        told, merchant = self.received, self.merchant
        paid_at = clock.told(told.paid_at) if told.paid_at else clock.now()
        zone = ZoneInfo(merchant.entity.zone)
        why = {"notification": self.notification_id}
        return Arrived(
            provider=merchant.provider,
            account=merchant.short_code,
            transaction=told.transaction or "",
            entity_id=merchant.entity_id,
            money=Money(told.amount_minor or 0, told.currency),
            debit=merchant.clearing,
            paid_at=paid_at,
            value_on=value_day(paid_at.astimezone(zone).date(), today),
            merchant_id=merchant.pk,
            customer_id=self.customer_id,
            payer=told.payer,
            payer_name=told.payer_name,
            account_typed=told.account_typed,
            cause=self.cause,
            why=why | ({"prompt": self.prompt.pk} if self.prompt else {}),
        )


@dataclass(slots=True)
class Batch:
    """Notifications of one merchant account, and what they come to.

    `payments` are booked, `fresh` is to be booked, by transaction. `claimed` says whose a
    payment in suspense is, because the prompt that it answers names the customer.
    """

    merchant: Merchant
    policy: PaymentPolicy
    heard: list[Heard] = field(default_factory=list)
    payments: dict[str, Payment] = field(default_factory=dict)
    fresh: dict[str, Fresh] = field(default_factory=dict)
    claimed: dict[int, int] = field(default_factory=dict)
    paid: dict[int, Prompt] = field(default_factory=dict)

    @property
    def today(self) -> date:
        """The business date where the merchant account is."""
        return clock.today(self.merchant.entity.zone)


def sort_out(batch: Batch) -> None:
    """Decide for each notification, in order, what it is: money, a repetition, a prompt's
    end, something that waits or something for a person. Writes nothing; locks prompts."""
    readable = [one for one in batch.heard if one.received is not None]
    transactions = {one.told.transaction for one in readable if one.told.transaction}
    batch.payments = inbox.payments_of(batch.merchant, transactions)
    prompts = _locked({one.told.prompt_key for one in readable if one.told.prompt_key})
    for one in readable:
        if one.told.kind == "stk":
            _prompted(one, prompts.get(one.told.prompt_key or ""), batch)
        else:
            _confirmed(one, batch)
    _name_owners(batch)
    _answer_open_prompts(batch)
    _name_causes(batch)


def _locked(keys: Iterable[str]) -> dict[str, Prompt]:
    rows = inbox.prompts_by_key(keys).select_for_update(no_key=True, of=("self",))
    return {row.key: row for row in rows if row.key}


def _confirmed(one: Heard, batch: Batch) -> None:
    told = one.told
    number = told.merchant_number
    if number and number != batch.merchant.short_code:
        one.parked = f"paid to {number}, told to {batch.merchant.short_code}"
    elif not told.transaction or not told.amount_minor:
        one.parked = "names no receipt or no amount"
    else:
        _money(one, batch)


def _prompted(one: Heard, prompt: Prompt | None, batch: Batch) -> None:
    """A prompt's end. Its money is believed only for a prompt of ours, for its amount, from
    its phone: a callback carries no signature."""
    told = one.told
    if prompt is None:
        _without_prompt(one, batch)
        return
    one.prompt = prompt
    if prompt.merchant_id != batch.merchant.pk:
        one.parked = "the prompt of another merchant account"
    elif not told.succeeded:
        return
    elif told.amount_minor is not None and told.amount_minor != prompt.amount_minor:
        one.parked = f"pays {told.amount_minor}, asked for {prompt.amount_minor} (minor units)"
    elif told.payer and not phone_fits(told.payer, prompt.phone):
        one.parked = "paid from another phone than was asked"
    elif told.transaction and told.amount_minor:
        _money(one, batch)
    else:
        one.parked = "a success without a receipt or an amount"


def _without_prompt(one: Heard, batch: Batch) -> None:
    """Its prompt is not known: perhaps the push's own answer is still on its way."""
    told = one.told
    if told.transaction and told.transaction in batch.payments:
        _money(one, batch)
        return
    patience = timedelta(minutes=batch.policy.join_minutes)
    if one.row.received_at > clock.real_now() - patience:
        one.waits = True
    else:
        one.parked = "of a prompt that nobody sent"


def _money(one: Heard, batch: Batch) -> None:
    """Money that is booked, or known from this very batch, gets another witness."""
    told = one.told
    key = told.transaction or ""
    payment, fresh = batch.payments.get(key), batch.fresh.get(key)
    known_minor = payment.amount_minor if payment else fresh and fresh.received.amount_minor
    if known_minor and known_minor != told.amount_minor:
        one.parked = f"says {told.amount_minor}, the payment is {known_minor} (minor units)"
        return
    one.transaction = key
    if one.prompt is not None:
        batch.paid[one.prompt.pk] = one.prompt
        if payment and payment.customer_id is None:
            batch.claimed[payment.pk] = one.prompt.customer_id
    if payment is None:
        batch.fresh[key] = _witnessed(fresh, one, batch)


def _witnessed(fresh: Fresh | None, one: Heard, batch: Batch) -> Fresh:
    """What is known of new money with one more notification of it: the paybill's says what
    was typed and by whom, the prompt's whose phone and whose account it is."""
    told = one.told
    if fresh is None:
        fresh = Fresh(batch.merchant, told, one.row.pk)
    elif told.kind == "confirmation":
        fresh.received = told
    if one.prompt is not None:
        fresh.prompt, fresh.customer_id = one.prompt, one.prompt.customer_id
    return fresh


def _name_owners(batch: Batch) -> None:
    """Find whose money it is by what was typed, unless its prompt has said so."""
    unknown = [one for one in batch.fresh.values() if one.customer_id is None]
    typed = {one.received.account_typed for one in unknown if one.received.account_typed.strip()}
    owners = inbox.owners(batch.merchant.entity_id, typed)
    for one in unknown:
        one.customer_id = owners.get(one.received.account_typed)


def _answer_open_prompts(batch: Batch) -> None:
    """A payment of the asked sum by the asked customer answers a prompt whose own callback is
    late, lost, or was never to be joined because the push's answer was lost."""
    silent = [one for one in batch.fresh.values() if one.prompt is None and one.customer_id]
    if not silent:
        return
    owners = {one.customer_id for one in silent if one.customer_id}
    if not inbox.anyone_asked(batch.merchant.pk, owners):
        return
    rows = inbox.open_prompts(batch.merchant.pk, owners)
    asked = [
        row for row in rows.select_for_update(no_key=True, of=("self",)) if row.pk not in batch.paid
    ]
    for one in silent:
        for prompt in asked:
            same = (prompt.customer_id, prompt.amount_minor) == (
                one.customer_id, one.received.amount_minor,
            )  # fmt: skip
            if same and prompt.pk not in batch.paid:
                one.prompt = batch.paid[prompt.pk] = prompt
                break


def _name_causes(batch: Batch) -> None:
    """What came of a prompt was caused by its sending."""
    asked = {one.prompt.pk: one for one in batch.fresh.values() if one.prompt}
    causes = records("prompt", asked, ("prompt.sent",)) if asked else {}
    for key, one in asked.items():
        one.cause = causes.get(key)
