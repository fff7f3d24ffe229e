"""Other people's tools read our books whatever names, currencies and companies are in them, and
their balances are ours."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from waya.kernel.money import Money, decimals
from waya.ledger.commands.accounts import seed_chart
from waya.ledger.commands.entries import post_many
from waya.ledger.models import Account
from waya.ledger.queries.balances import trial_balance
from waya.ledger.queries.export import beancount, hledger
from waya.ledger.rules.entries import Entry, Line, entry
from waya.ledger.tests.make import ON, books
from waya.org.actors import SYSTEM
from waya.org.models import Branch, Entity
from waya.org.queries import main_branch

ODD = (
    'Say "hello" \\ back; now', "two\nlines\r\nand a\ttab", "Café Ünïcode 株式会社 🦒", "x" * 400,
    "; only a comment", "= 5 KES", "2027-01-01 * fake", "* cleared", "! pending", "(code) again",
    "a | b", "{cost} @ 5 USD", "", "   ", "#tag ^link", "'single'", "\u2028separated\u0085",
    "%percent", "Payment  two  spaces", "~ 0.5", "@@ 100", "[virtual]", "~monthly",
    "\u202eright to left",
)  # fmt: skip


def sale(entity: Entity, source: str, memo: str, money: Money) -> Entry:
    return entry(
        entity_id=entity.pk, on=ON, memo=memo, source=source, debit=[Line("receivable", money, 1)],
        credit=[Line("revenue:internet", money)], branch_id=main_branch(entity.pk),
    )  # fmt: skip


def written(entity: Entity, folder: Path) -> tuple[Path, Path]:
    journal, text = folder / "books.journal", folder / "books.beancount"
    journal.write_text("\n".join(hledger(entity.pk)) + "\n")
    text.write_text("\n".join(beancount(entity.pk)) + "\n")
    return journal, text


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def bean(program: str) -> str:
    """A program that came with the tests' packages."""
    return str(Path(sys.executable).parent / program)


def ours(entity: Entity) -> dict[tuple[str, str], Decimal]:
    """What each account holds of each currency, where it holds anything."""
    return {
        (row.code, row.amount.currency):
            Decimal(row.amount.minor).scaleb(-decimals(row.amount.currency))
        for row in trial_balance(entity.pk) if row.amount.minor
    }  # fmt: skip


def theirs(hledger_bin: str, journal: Path) -> Iterator[tuple[tuple[str, str], Decimal]]:
    """The same as `hledger balance` has it."""
    told = run(hledger_bin, "-f", str(journal), "balance", "--flat", "--no-total",
               "--layout=bare", "-O", "csv")  # fmt: skip
    for row in csv.DictReader(io.StringIO(told)):
        amount = Decimal(row["balance"])
        if amount:
            yield (row["account"].partition(":")[2].split()[0], row["commodity"]), amount


@pytest.mark.django_db
def test_odd_words_and_a_currency_without_cents(
    tmp_path: Path, needs_program: Callable[[str], str]
) -> None:
    entity = books()
    shillings = [
        sale(entity, f"odd:{at}; (x) \"y\"\n{at}", memo, Money(100_00 + at, "KES"))
        for at, memo in enumerate(ODD)
    ]  # fmt: skip
    others = [
        sale(entity, f"test:{one}", "", Money(7, one)) for one in ("JPY", "UGX", "USD", "BHD")
    ]
    Account.objects.filter(purpose="receivable").update(name='Débiteurs; "AR" (old): 株 [x]  y')
    Account.objects.filter(purpose="revenue:internet").update(name="---")
    post_many(entries=[*shillings, *others], by=SYSTEM)
    journal, text = written(entity, tmp_path)
    program = needs_program("hledger")
    run(program, "-f", str(journal), "check", "--strict")
    run(bean("bean-check"), "--no-cache", str(text))
    assert dict(theirs(program, journal)) == ours(entity)
    assert "UGX" in text.read_text()


@pytest.mark.django_db
def test_each_company_s_books_are_its_own(
    tmp_path: Path, needs_program: Callable[[str], str]
) -> None:
    first = books()
    second = Entity.objects.create(name="Kampala Net", country="UG", currency="UGX",
                                   zone="Africa/Kampala")  # fmt: skip
    Branch.objects.create(entity=second, code="MAIN", name="Kampala", main=True)
    seed_chart(entity_id=second.pk, by=SYSTEM)
    post_many(entries=[sale(first, "test:1", "ours", Money(5_00, "KES"))], by=SYSTEM)
    post_many(entries=[sale(second, "test:1", "theirs", Money(5_000, "UGX"))], by=SYSTEM)
    for entity, there in ((first, "KES"), (second, "UGX")):
        journal, text = written(entity, tmp_path)
        found = dict(theirs(needs_program("hledger"), journal))
        assert found == ours(entity)
        assert {currency for _, currency in found} == {there}
        run(bean("bean-check"), "--no-cache", str(text))


class Exports(TestCase):
    """Each example in a transaction of its own."""

    @given(
        memos=st.lists(st.text(max_size=60), min_size=1, max_size=8),
    )
    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    def test_whatever_is_written_it_is_one_entry_of_one_line(self, memos: list[str]) -> None:
        """Words never break out of their line: as many entries come out as went in."""
        entity = books()
        clean = [memo.replace("\x00", "") for memo in memos]
        clean = [memo.encode("utf-8", "ignore").decode() for memo in clean]
        entries = [sale(entity, f"test:{at}", memo, Money(at + 1, "KES"))
                   for at, memo in enumerate(clean)]  # fmt: skip
        post_many(entries=entries, by=SYSTEM)
        blocks = "\n".join(hledger(entity.pk)).split("\n\n")
        declared, *booked, asserted = blocks
        assert len(booked) == len(entries)
        assert all(len(block.split("\n")) == 3 for block in booked)
        assert len(declared.split("\n")) == len(asserted.split("\n")) == 3
        text = "\n".join(beancount(entity.pk))
        assert text.count(f"\n{ON} * ") == len(entries)
        assert all("\n" not in line for line in text.split("\n"))
        assert f"{ON + timedelta(days=1)} balance" in text
