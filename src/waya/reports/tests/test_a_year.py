"""A year of a small provider, day by day: other people's tools accept its books, every month's
deferred revenue closes, and its months can be locked."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from waya.billing.commands.credits import credit_lines
from waya.billing.commands.documents import quote
from waya.billing.commands.recognition import fold_sums, recognise_month
from waya.billing.commands.renewals import bill
from waya.billing.models import CreditNote, InvoiceLine
from waya.billing.queries.accounts import account
from waya.billing.queries.ageing import ageing
from waya.billing.queries.deferred import roll_forward
from waya.billing.rules.credits import LineCredit, Reason
from waya.billing.tests.make import home_10, in_service, office_20, wants
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.periods import Period
from waya.ledger.commands.balances import fold_balances
from waya.ledger.commands.periods import close_period, soft_close
from waya.ledger.models import JournalEntry
from waya.ledger.queries.balances import party_balances, trial_balance
from waya.ledger.queries.export import beancount, hledger
from waya.ledger.queries.statements import balance_sheet
from waya.ledger.rules.statements import month_of
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.payments.commands.counter import take_cash
from waya.payments.tests.make import merchant
from waya.reports.doctor import CHECKS
from waya.reports.documents.statements import statement
from waya.reports.queries.books.ageing import debtors_aged
from waya.subscriptions.models import Subscription

DAYS = 365
# Those of the doctor's questions that are about the books and their documents.
OF_THE_BOOKS = ("balances", "sums kept", "deferred", "receivable", "credit account", "entry",
                "numbers")  # fmt: skip


class Year:
    """A provider and its customers, and what happens to them each day."""

    def __init__(self) -> None:
        self.entity: Entity = merchant().entity
        self.chance = random.Random(7)
        self.first = clock.today(self.entity.zone)
        self.slips = 0
        self.asked = [
            wants(self.entity, home_10(self.entity), name) for name in ("Amina", "Chebet")
        ]
        for one in self.asked:
            quote(subscription_id=one.pk, on=self.first, by=SYSTEM)
            self.pays(one, self.first)
        self.office = in_service(self.entity, office_20(self.entity), self.first)

    def lives(self, day: date) -> None:
        """What the day's work does to the books, and who pays."""
        bill(entity_id=self.entity.pk, on=day, by=SYSTEM)
        recognise_month(entity_id=self.entity.pk, on=day, by=SYSTEM)
        for one in (*self.asked, self.office):
            if self.chance.random() < 0.12:
                self.pays(one, day)
        if self.chance.random() < 0.08:
            self.gives_back(day)
        if day.day == 5:
            self.closes(day)
        if self.chance.random() < 0.2:
            fold_balances(entity_id=self.entity.pk, on=day, by=SYSTEM)
            fold_sums(entity_id=self.entity.pk, on=day, by=SYSTEM)

    def pays(self, one: Subscription, day: date) -> None:
        """What is owed, or some other sum; some of it counts from days before."""
        owed = account(one.customer_id, self.entity.pk).to_pay.minor or 2500_00
        minor = self.chance.choice((owed, owed, 2500_00, 733_33, 4000_00))
        self.slips += 1
        take_cash(entity_id=self.entity.pk, customer_id=one.customer_id, amount_minor=minor,
                  slip=f"SLIP-{self.slips}", on=day - timedelta(days=self.chance.choice((0, 0, 9))),
                  by=SYSTEM)  # fmt: skip

    def gives_back(self, day: date) -> None:
        """Some of an invoice's line, the days of it that are left, or all that is left of it."""
        line = self.chance.choice(list(InvoiceLine.objects.order_by("pk")))
        kind = self.chance.choice(("some", "days", "all"))
        part: dict[str, Any] = {}
        if kind == "some":
            part["gross_minor"] = self.chance.randrange(1, 1500_00)
        elif kind == "days" and line.start and line.end and line.start < day < line.end:
            part["days"] = Period(day, line.end)
        wish = LineCredit(line.pk, self.chance.choice(list(Reason)), **part)
        with suppress(Refused):  # nothing is left of it, or less
            credit_lines(credits=[wish], on=day, once=f"day {day}", by=SYSTEM)

    def closes(self, day: date) -> None:
        """The month past is soft-closed, the one before it locked."""
        start, last = month_of(day.replace(day=1) - timedelta(days=1))
        soft_close(entity_id=self.entity.pk, start=start, end=last + timedelta(days=1), by=SYSTEM)
        before, its_last = month_of(start - timedelta(days=1))
        close_period(entity_id=self.entity.pk, start=before, end=its_last + timedelta(days=1),
                     by=SYSTEM)  # fmt: skip


@pytest.fixture
def year(db: None) -> Iterator[Year]:
    """A year that has been lived through; it is its last day."""
    lived = Year()
    try:
        for at in range(DAYS):
            clock.install(lambda at=at: timedelta(days=at))  # type: ignore[misc]
            lived.lives(clock.today(lived.entity.zone))
        yield lived
    finally:
        clock.install(timedelta)


def _accepts(command: list[str]) -> None:
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_year_of_books_holds(
    year: Year, tmp_path: Path, needs_program: Callable[[str], str]
) -> None:
    entity, today = year.entity, clock.today(year.entity.zone)
    for name, check in CHECKS.items():
        if any(word in name for word in OF_THE_BOOKS):
            assert check(entity) == "", name
    held = {row.purpose: row.amount.minor for row in trial_balance(entity.pk)}
    assert held["revenue:internet"] < -30_000_00
    assert CreditNote.objects.count() > 12
    for one in (*year.asked, year.office):
        told = statement(one.customer, year.first - timedelta(days=30), today)
        booked = sum(
            party_balances(entity.pk, purpose=purpose).get((one.customer_id, "KES"), 0)
            for purpose in ("receivable", "customer_credit")
        )
        assert told.closing.minor == booked, "a statement is what the books hold"
    months = JournalEntry.objects.filter(entity=entity, source__startswith="recognised:")
    assert months.count() == 12
    assert sum(one.owed.minor for one in ageing(entity.pk, today)) == held["receivable"]
    day = year.first
    while day <= today:
        since, through = month_of(day)
        for row in roll_forward(entity.pk, since=since, through=through):
            moved = row.billed - row.credited - row.recognised + row.adjusted
            assert row.opening + moved == row.closing
            assert not row.adjusted, f"{row.revenue} of {since:%B}: documents are the account"
        sheet = balance_sheet(entity.pk, "KES", [through])
        assert sheet.assets.totals == sheet.claims
        day = through + timedelta(days=1)

    for ago in range(0, DAYS, 9):
        on = today - timedelta(days=ago)
        (booked,) = [row.amount.minor for row in trial_balance(entity.pk, through=on)
                     if row.purpose == "receivable"]  # fmt: skip
        assert sum(one.owed.minor for one in ageing(entity.pk, on)) == booked, on
        assert sum(one.total for one in debtors_aged(entity, on)) == booked, on
        assert booked >= 0, "nothing is paid before it is owed"

    journal, books = tmp_path / "books.journal", tmp_path / "books.beancount"
    journal.write_text("\n".join(hledger(entity.pk)) + "\n")
    books.write_text("\n".join(beancount(entity.pk)) + "\n")
    _accepts([needs_program("hledger"), "-f", str(journal), "check"])
    _accepts([str(Path(sys.executable).parent / "bean-check"), "--no-cache", str(books)])
