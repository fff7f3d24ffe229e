"""Days of a small town where much goes wrong: after each, every invariant holds.

The seeds are fixed, so what fails once fails again. Payments come in time, late, twice, with slips,
too small, too large, by prompt and by cash; masts go down over night; workers die between jobs;
nights are skipped.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from tests.stories.test_suspense import slipped
from tests.stories.world import World, fresh, msisdn, phone_of

from waya.billing.queries.accounts import accounts
from waya.kernel.errors import Refused
from waya.lab.town.people import SHORT_CODE
from waya.org.actors import SYSTEM
from waya.payments.commands.counter import take_cash
from waya.payments.commands.match import match
from waya.payments.commands.prompts import prompt
from waya.payments.models import Payment
from waya.payments.tasks import drain
from waya.subscriptions.models import Subscription

DAYS = 12
EVENTS_A_DAY = 4
PEOPLE = (
    ("Amina Hassan", "0700000416", "home-10"), ("Brian Mwangi", "0700000417", "home-5"),
    ("Chebet Korir", "0700000418", "home-20"), ("Lanet Clinic", "0711000001", "office-20"),
)  # fmt: skip


class Died(BaseException):
    """What a killed worker leaves: nothing of its transaction."""


class Town:
    """Who lives there, and what may happen to them."""

    def __init__(self, baraka: World, seed: int) -> None:
        self.baraka = baraka
        self.chance = random.Random(seed)
        self.people = [baraka.joins(*person) for person in PEOPLE]
        self.moved = len(baraka.phones.ledger())
        self.cash = 0

    @property
    def somebody(self) -> Subscription:
        """One of them."""
        return fresh(self.chance.choice(self.people))

    def pays(self) -> None:
        """What they owe, or a usual sum, exactly or not, perhaps told twice."""
        row = self.somebody
        self._pay(row, row.customer.account_number)

    def slips(self) -> None:
        """Types a number that nobody has."""
        row = self.somebody
        self._pay(row, slipped(row.customer.account_number))

    def is_asked(self) -> None:
        """By a prompt, which is answered in every way there is."""
        row = self.somebody
        phone = phone_of(row.customer)
        try:
            sent = prompt(customer_id=row.customer_id, phone=phone, amount_minor=self._sum(row),
                          by=SYSTEM)  # fmt: skip
        except Refused:
            return  # this phone rang a moment ago
        verdict = self.chance.choice(("approve", "approve", "refuse", "ignore", "wrong_pin"))
        self.baraka.phones.answer(msisdn(phone), verdict)
        assert sent.customer_id == row.customer_id

    def pays_cash(self) -> None:
        """Over the counter, where the slip may be entered twice."""
        row, self.cash = self.somebody, self.cash + 1
        amount = self._sum(row)
        for _ in range(self.chance.choice((1, 2))):
            take_cash(entity_id=row.entity_id, customer_id=row.customer_id, amount_minor=amount,
                      slip=f"slip {self.cash}", on=self.baraka.today, by=SYSTEM)  # fmt: skip

    def is_matched(self) -> None:
        """The cashier gives money in suspense to somebody."""
        found = Payment.objects.filter(customer=None).first()
        if found is not None:
            match(payment_id=found.pk, customer_id=self.somebody.customer_id,
                  by=self.baraka.staff("naomi"))  # fmt: skip

    def mast_fails(self) -> None:
        """Until somebody climbs it."""
        mast = self.chance.choice(list(self.baraka.masts.values()))
        mast.call(lambda router: router.faults(refuse=1))

    def masts_return(self) -> None:
        """All of them."""
        for mast in self.baraka.masts.values():
            mast.call(lambda router: router.faults(refuse=0))

    def worker_dies(self) -> None:
        """After booking, before committing: the next one begins anew."""
        with pytest.raises(Died):
            self._books_and_dies()

    @transaction.atomic
    def _books_and_dies(self) -> None:
        drain(merchant_id=self.baraka.merchant.pk)
        raise Died

    def time_passes(self) -> None:
        """A day, or several nights at once."""
        days = self.chance.choice((1, 1, 2, 5))
        self.baraka.move_to(self.baraka.today + timedelta(days=days))

    def _sum(self, row: Subscription) -> int:
        owed = accounts(row.entity_id, [row.customer_id])[row.customer_id].to_pay.minor
        usual = owed or self.chance.choice((1500_00, 2500_00, 6000_00))
        wished = self.chance.choice((usual, usual, usual, usual // 2, usual + 700_00, 1_00))
        return max(wished // 100, 1) * 100

    def _pay(self, row: Subscription, account: str) -> None:
        self.baraka.phones.pay_paybill(
            msisdn(phone_of(row.customer)), SHORT_CODE, account, self._sum(row) // 100,
            duplicates=self.chance.choice((0, 0, 1, 3)), duplicate_gap=self.chance.choice((0, 5)),
        )  # fmt: skip

    def events(self) -> list[Callable[[], None]]:
        """What may happen on a day, the usual more often."""
        return [
            self.pays, self.pays, self.pays, self.slips, self.is_asked, self.is_asked,
            self.pays_cash, self.is_matched, self.mast_fails, self.masts_return, self.worker_dies,
        ]  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_invariant_holds_after_every_day(baraka: World, seed: int) -> None:
    town = Town(baraka, seed)
    for _ in range(DAYS):
        for _ in range(EVENTS_A_DAY):
            town.chance.choice(town.events())()
        town.time_passes()
        town.masts_return()
        baraka.settle()
        while Payment.objects.filter(customer=None).exists():
            town.is_matched()
        baraka.settle()
        baraka.is_well()
    settled = [one["receipt"] for one in baraka.phones.ledger()]
    booked = Payment.objects.filter(provider="mpesa").values_list("transaction", flat=True)
    assert sorted(booked) == sorted(settled)
    assert Payment.objects.filter(provider="cash").count() == town.cash
