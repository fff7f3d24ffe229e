"""Whatever a country taxes has an account in the books, from the first time it is charged."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from django.db import connection, transaction

from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.ledger.commands.entries import post_many
from waya.ledger.models import Account
from waya.ledger.queries.balances import trial_balance
from waya.ledger.rules.entries import Entry, Line, entry
from waya.ledger.tests.make import ON, books
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.org.queries import main_branch


def taxed(entity: Entity, source: str, *purposes: str) -> Entry:
    """A sale with a cent of each of some taxes."""
    cent = Money(1, "KES")
    return entry(
        entity_id=entity.pk, on=ON, memo="A taxed sale", source=source,
        debit=[Line("receivable", Money(len(purposes), "KES"), 1)],
        credit=[Line(purpose, cent) for purpose in purposes], branch_id=main_branch(entity.pk),
    )  # fmt: skip


@pytest.mark.django_db
def test_a_tax_that_the_chart_does_not_name_gets_an_account() -> None:
    entity = books()
    for source in ("test:1", "test:2"):
        wanted = ("tax:vat", "tax:state_usf", "tax:sugar_levy")
        post_many(entries=[taxed(entity, source, *wanted)], by=SYSTEM)
    held = {row.purpose: (row.code, row.name, row.amount.minor) for row in trial_balance(entity.pk)}
    assert held["tax:state_usf"] == ("2330", "State universal service fund payable", -2)
    assert held["tax:sugar_levy"] == ("2331", "Sugar levy payable", -2)
    assert held["tax:vat"][2] == -2


@pytest.mark.django_db
def test_one_that_was_opened_in_vain_is_opened_again() -> None:
    entity = books()
    with transaction.atomic():
        post_many(entries=[taxed(entity, "test:1", "tax:sales")], by=SYSTEM)
        transaction.set_rollback(True)
    assert not Account.objects.filter(purpose="tax:sales").exists()
    post_many(entries=[taxed(entity, "test:1", "tax:sales")], by=SYSTEM)
    assert Account.objects.filter(purpose="tax:sales").count() == 1


@pytest.mark.django_db
def test_another_purpose_that_is_missing_is_still_refused() -> None:
    with pytest.raises(Refused, match="no_account"):
        post_many(entries=[taxed(books(), "test:1", "revenue:ice")], by=SYSTEM)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_open_each_once() -> None:
    entity, together, raised = books(), Barrier(2), list[BaseException]()

    def sell(source: str, purpose: str) -> None:
        together.wait()
        try:
            post_many(entries=[taxed(entity, source, purpose, "tax:sales")], by=SYSTEM)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            raised.append(error)
        finally:
            connection.close()

    both = [Thread(target=sell, args=(f"test:{tax}", tax)) for tax in ("tax:fusf", "tax:levy")]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert raised == []
    codes = Account.objects.filter(purpose__in=["tax:sales", "tax:fusf", "tax:levy"])
    assert sorted(codes.values_list("code", flat=True)) == ["2330", "2331", "2332"]
