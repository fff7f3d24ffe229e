"""Other people's tools agree with our balances."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from waya.ledger.commands.entries import post_many, reverse
from waya.ledger.queries.export import beancount, hledger
from waya.ledger.tests.make import ON, books, sale
from waya.org.actors import SYSTEM
from waya.org.commands.branches import add_branch


@pytest.mark.django_db
def test_hledger_accepts_the_journal_with_our_balances(
    tmp_path: Path, needs_program: Callable[[str], str]
) -> None:
    entity = books()
    entries = [sale(entity, f"test:{n}", minor=n * 7 + 1) for n in range(20)]
    keys = post_many(entries=entries, by=SYSTEM)
    reverse(entry_id=keys["test:3"], on=ON, memo="Undo (once); again", by=SYSTEM)
    journal = tmp_path / "books.journal"
    journal.write_text("\n".join(hledger(entity.pk)) + "\n")
    checked = _check(needs_program("hledger"), journal)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.django_db
def test_hledger_tells_branches_apart(tmp_path: Path, needs_program: Callable[[str], str]) -> None:
    entity = books()
    nakuru = add_branch(entity_id=entity.pk, code="NKR", name="Nakuru", by=SYSTEM)
    there = replace(sale(entity, "test:2", minor=30_00), branch_id=nakuru.pk)
    post_many(entries=[sale(entity), there], by=SYSTEM)
    journal = tmp_path / "books.journal"
    journal.write_text("\n".join(hledger(entity.pk)) + "\n")
    asked = [needs_program("hledger"), "-f", str(journal), "balance", "--no-total"]
    told = subprocess.run([*asked, "assets", "tag:branch=NKR"], capture_output=True, text=True,
                          check=True)  # fmt: skip
    assert told.stdout.split()[:2] == ["30.00", "KES"]


@pytest.mark.django_db
def test_hledger_finds_a_balance_that_is_not_ours(
    tmp_path: Path, needs_program: Callable[[str], str]
) -> None:
    entity = books()
    post_many(entries=[sale(entity)], by=SYSTEM)
    journal = tmp_path / "books.journal"
    journal.write_text("\n".join(hledger(entity.pk)).replace("= 100.00", "= 100.01") + "\n")
    checked = _check(needs_program("hledger"), journal)
    assert checked.returncode != 0


def _bean_check(books: Path) -> subprocess.CompletedProcess[str]:
    """Beancount's own check, as the program that came with the tests' packages."""
    command = [str(Path(sys.executable).parent / "bean-check"), "--no-cache", str(books)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.django_db
def test_beancount_accepts_the_journal_with_our_balances(tmp_path: Path) -> None:
    entity = books()
    entries = [sale(entity, f"test:{n}", minor=n * 7 + 1) for n in range(20)]
    keys = post_many(entries=entries, by=SYSTEM)
    reverse(entry_id=keys["test:3"], on=ON, memo='Undo ("once"); \\ again', by=SYSTEM)
    written = tmp_path / "books.beancount"
    written.write_text("\n".join(beancount(entity.pk)) + "\n")
    checked = _bean_check(written)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.django_db
def test_beancount_finds_a_balance_that_is_not_ours(tmp_path: Path) -> None:
    entity = books()
    post_many(entries=[sale(entity)], by=SYSTEM)
    written = tmp_path / "books.beancount"
    text = "\n".join(beancount(entity.pk)) + "\n"
    written.write_text(text.replace("  100.00 ~", "  100.01 ~"))
    assert written.read_text() != text
    checked = _bean_check(written)
    assert checked.returncode != 0
    assert "Balance failed" in checked.stderr


@pytest.mark.django_db
def test_books_without_an_entry_are_accepted(tmp_path: Path) -> None:
    written = tmp_path / "books.beancount"
    written.write_text("\n".join(beancount(books().pk)) + "\n")
    assert _bean_check(written).returncode == 0


def _check(hledger: str, journal: Path) -> subprocess.CompletedProcess[str]:
    command = [hledger, "-f", str(journal), "check"]
    return subprocess.run(command, capture_output=True, text=True, check=False)
