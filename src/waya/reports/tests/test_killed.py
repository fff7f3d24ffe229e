"""A night is killed at each of its writes, one after another, and gone on with: the same comes of
it as if nothing had happened, no row twice."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection

from waya.billing.commands import renewals
from waya.billing.commands.documents import quote
from waya.billing.commands.dunning.allowances import provide_month
from waya.billing.commands.lives.changes import turn_over
from waya.billing.commands.recognition import fold_sums, recognise_month
from waya.billing.commands.reminders import remind
from waya.billing.commands.renewals import bill
from waya.billing.models import BillingRun, Invoice, InvoiceLine, ProForma, Recognition
from waya.billing.policy import AllowancePolicy, BillingPolicy
from waya.billing.queries.deferred import unrecognised
from waya.billing.tests.make import home_10, in_service, isp, office_20, pays
from waya.billing.tests.test_changes import plan_of
from waya.kernel.periods import add_months
from waya.ledger.commands.balances import fold_balances
from waya.ledger.queries.balances import trial_balance, unbalanced
from waya.messaging.models import Message
from waya.org.actors import SYSTEM
from waya.org.commands.policies import choose
from waya.org.models import AuditRecord, Entity
from waya.parties.commands.customers import register
from waya.reports.doctor import findings
from waya.subscriptions.commands.lives import request
from waya.subscriptions.models import Subscription
from waya.subscriptions.queries import router_for

BEGAN = date(2027, 1, 1)
NIGHT = (bill, turn_over, recognise_month, provide_month, remind, fold_balances, fold_sums)
# What writes nothing, however it is worded.
_HARMLESS = ("savepoint", "release", "rollback", "set ", "show", "begin")
_WRITES = ("procrastinate_", "nextval(", "set_config(")


class _Killed(BaseException):
    """The process ends here."""


class Fuse:
    """Ends the process before its n-th statement that may write, or commit; counts them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left: int | None = None
        self.seen: Counter[str] = Counter()
        for kind, name in (
            (psycopg.Cursor, "execute"), (psycopg.Cursor, "executemany"),
            (psycopg.Cursor, "copy"), (psycopg.Connection, "commit"),
        ):  # fmt: skip
            monkeypatch.setattr(kind, name, self._guarded(getattr(kind, name), name))

    def kills(self, writes: int, entity: Entity, on: date) -> bool:
        """Whether a night dies after so many writes, or is over before."""
        self.left = writes
        try:
            night(entity, on)
        except (_Killed, OperationalError):  # the other is what Django says of a lost commit
            connection.close()  # as the system does with what a dead process held
        died, self.left = self.left < 0, None
        return died

    def _guarded(self, work: Any, name: str) -> Any:
        def guarded(connected: Any, *given: Any, **named: Any) -> Any:
            try:
                self._burn("commit" if name == "commit" else str(given[0]))
            except _Killed:
                if name == "commit":  # nothing of the process is left that could try it again
                    connected.close()
                raise
            return work(connected, *given, **named)

        return guarded

    def _burn(self, statement: str) -> None:
        words = " ".join(statement.lower().split())
        reads = words.startswith("select") and not any(one in words for one in _WRITES)
        if self.left is None or reads or words.startswith(_HARMLESS):
            return
        self.seen[" ".join(words.replace('"', "").split()[:4])] += 1
        self.left -= 1
        if self.left < 0:
            raise _Killed


def household(entity: Entity) -> Subscription:
    """A customer with two prepaid services that are asked for on one paper."""
    customer, site = register(
        entity_id=entity.pk, name="Amina Otieno", phone="0700000418", site_name="Lanet", by=SYSTEM
    )
    rows = [
        request(customer=customer, site=site, plan=plan, router_id=router_for(entity.pk).pk,
                by=SYSTEM)
        for plan in (home_10(entity), plan_of(entity, 5_000, 1500_01))
    ]  # fmt: skip
    for row in rows:
        quote(subscription_id=row.pk, on=BEGAN, by=SYSTEM)
    pays(rows[0], 4000_01, BEGAN)
    return rows[0]


def night(entity: Entity, on: date) -> None:
    for work in NIGHT:
        work(entity_id=entity.pk, on=on, by=SYSTEM)


def whole(entity: Entity, months: int, on: date) -> None:
    """Five postpaid and two prepaid services: each month of each is billed or asked for once;
    numbers have no gaps; messages are said once; what is earned is recognised; books agree."""
    lines = InvoiceLine.objects.values_list("subscription_id", "start")
    assert len(lines) == len(set(lines)) == 3 * months + 2 * months
    _gapless("INV", Invoice.objects.values_list("number", flat=True))
    papers = ProForma.objects.order_by("number", "line").values_list("number", "line")
    assert [line for _, line in papers][-2:] == [1, 2]
    assert ProForma.objects.filter(state=ProForma.OPEN, start=on).count() == 2
    _gapless("PRO", {number for number, _ in papers})
    assert max(Counter(Message.objects.values_list("once", flat=True)).values()) == 1
    told = Counter(AuditRecord.objects.filter(action="invoice.issued").values_list("subject_id"))
    assert set(told.values()) == {1}
    assert unrecognised(entity.pk, on - timedelta(days=1)) == {}
    assert len(set(Recognition.objects.values_list("through", flat=True))) == months
    assert unbalanced(entity.pk) == []
    held = {one.purpose: one.amount.minor for one in trial_balance(entity.pk)}
    assert sum(held.values()) == 0
    assert [one for one in findings(entity) if not one.ok and one.name.startswith(BOOKS)] == []
    assert BillingRun.objects.get(on=on).state == BillingRun.DONE


BOOKS = ("every entry", "sums kept", "the deferred", "document numbers")


TABLES = ("billing_invoice", "billing_invoiceline", "ledger_journalline", "billing_proforma",
          "billing_recognition", "messaging_message", "commit")  # fmt: skip


def _gapless(prefix: str, numbers: Any) -> None:
    assert sorted(numbers) == [f"{prefix}-{n:06d}" for n in range(1, len(set(numbers)) + 1)]


@pytest.mark.django_db(transaction=True)
def test_killed_at_every_write_a_night_goes_on_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Month after month the night is killed one write later, and then gone through again."""
    monkeypatch.setattr(renewals, "CHUNK", 2)
    monkeypatch.setattr(renewals, "HANDS", 1)
    entity = isp()
    choose(entity_id=entity.pk, choices=BillingPolicy(one_bill=True), by=SYSTEM)
    choose(entity_id=entity.pk, choices=AllowancePolicy(to_30_percent=5), by=SYSTEM)
    amina = household(entity)
    for _ in range(3):
        in_service(entity, office_20(entity, calendar_day=1), BEGAN)
    fuse, months, killed = Fuse(monkeypatch), 0, True
    while killed:
        months += 1
        on = add_months(BEGAN, months, anchor_day=1)
        killed = fuse.kills(months - 1, entity, on)
        night(entity, on)
        whole(entity, months, on)
        pays(amina, 4000_01, on)
    assert months > 45, "so many places to die in"
    died_in = " ".join(fuse.seen)
    for one in TABLES:
        assert one in died_in, died_in
