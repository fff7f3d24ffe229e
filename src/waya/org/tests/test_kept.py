"""What is put back is what was made, and never in the place of something else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction

from waya.org.models import Person
from waya.org.tests import kept as keeping
from waya.org.tests.kept import everything, kept
from waya.org.tests.make import baraka_net, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def naomi(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Person]:
    """Makes her, and has not been called."""
    monkeypatch.setattr(keeping, "_FRESH_SECONDS", 3600.0)
    return lambda: person("naomi", "cashier")


def called(make: Callable[[], Person]) -> tuple[Person, dict[str, bytes], Person]:
    """Who was made, what was there then, and who is made after her."""
    made = kept(make)
    return made, everything(), person("otieno", "network")


def test_every_row_is_there_again_and_the_numbers_go_on(naomi: Callable[[], Person]) -> None:
    before = transaction.savepoint()
    made, held, next_one = called(naomi)
    transaction.savepoint_rollback(before)
    assert Person.objects.count() == 0
    again, held_again, next_again = called(naomi)
    assert held_again == held
    assert (again.pk, again.name, again.user.password) == (made.pk, made.name, made.user.password)
    assert next_again.pk == next_one.pk
    assert Person.objects.count() == 2


def test_it_is_made_once_and_anew_when_old_or_when_others_stand_there(
    naomi: Callable[[], Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def counted() -> Person:
        calls.append("made")
        return naomi()

    def calls_after_one_more() -> int:
        before = transaction.savepoint()
        assert kept(counted).name == "Naomi"
        transaction.savepoint_rollback(before)
        return len(calls)

    assert [calls_after_one_more() for _ in range(3)] == [1, 1, 1]
    monkeypatch.setattr(keeping, "_FRESH_SECONDS", 0.0)
    assert calls_after_one_more() == 2
    monkeypatch.setattr(keeping, "_FRESH_SECONDS", 3600.0)
    assert calls_after_one_more() == 2
    entity = baraka_net()
    assert calls_after_one_more() == 3
    assert kept(counted).entity_id == entity.pk
