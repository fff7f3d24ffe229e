"""A night is what was rehearsed of it, whatever the ladder and whoever is behind; and a night
that died anywhere, done again, is the night that did not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from waya.billing.commands.disputes import open_dispute
from waya.billing.commands.dunning.ladders import choose_ladder
from waya.billing.commands.promises import promise
from waya.billing.models import Credit, DunningAction, Invoice, WriteOff
from waya.billing.rules.dunning import Standing, worse
from waya.billing.tests.debtors import (
    CALL,
    FEE,
    LOST,
    OFF,
    REMIND,
    WALL,
    climbs,
    customers,
    invoiced,
    today,
)
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.messaging.models import Message
from waya.network.models import Router
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.org.rows.remembered import forget_all
from waya.parties.models import Customer
from waya.payments.models import Merchant
from waya.payments.queries.tonight import tonight
from waya.payments.tests import make
from waya.reports.tests.test_climbing import is_well, night
from waya.subscriptions.models import Subscription

RUNGS = (REMIND, FEE, WALL, OFF, CALL, LOST)


@st.composite
def ladders(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A segment of those with a tag, and one of everybody, each with rungs of any conditions."""

    def rung(of: dict[str, Any]) -> dict[str, Any]:
        kinds = of["debts"] + draw(st.sampled_from([[], ["one_time"]]))
        more: dict[str, Any] = {"debts": kinds, "holidays": draw(st.booleans())}
        if of["action"] != "message":
            more["from_days"] = draw(st.integers(1, 40))
        more["owed_at_least_minor"] = draw(st.sampled_from([0, 1500_00]))
        weekdays = st.lists(st.integers(1, 7), min_size=1, max_size=7, unique=True)
        more["weekdays"] = draw(st.just([]) | weekdays)
        return of | more

    def segment(key: str, **conditions: Any) -> dict[str, Any]:
        chosen = draw(st.lists(st.sampled_from(RUNGS), unique_by=lambda one: one["key"]))
        return {"key": key, "rungs": [rung(one) for one in chosen], **conditions}

    return [segment("schools", tags=["school"]), segment("everybody")]


DEBTORS = st.lists(
    st.fixed_dictionaries({
        "ages": st.lists(st.integers(-2, 100), min_size=1, max_size=2, unique=True),
        "minor": st.integers(100_00, 5000_00),
        "one_time": st.booleans(),
        "tag": st.booleans(),
        "said": st.sampled_from(["", "", "dispute", "promise", "prompt"]),
    }),
    min_size=1, max_size=6,
)  # fmt: skip


def owing(entity: Entity, merchant: Merchant, debtors: list[dict[str, Any]]) -> list[Subscription]:
    """These debtors, with what they said."""
    rows = customers(entity, len(debtors))
    for number, (row, told) in enumerate(zip(rows, debtors, strict=True)):
        made = [invoiced(row, age, minor=told["minor"], one_time=told["one_time"])
                for age in told["ages"]]  # fmt: skip
        if told["tag"]:
            Customer.objects.filter(pk=row.customer_id).update(tags=["school"])
        try:
            if told["said"] == "dispute":
                open_dispute(invoice_id=made[0].pk, reason="Not mine", by=SYSTEM)
            elif told["said"] == "promise":
                promise(customer=row.customer, amount=Money(20_000_00, "KES"),
                        until=today() + timedelta(days=1), by=SYSTEM)  # fmt: skip
            elif told["said"] == "prompt":
                make.prompt(row, merchant, f"ws_CO_{number}")
        except Refused:
            pass  # a promise that policy does not take
    return rows


def found_town() -> tuple[Entity, Merchant]:
    forget_all()
    merchant = make.merchant()
    Router.objects.update(swept_at=clock.real_now())
    return merchant.entity, merchant


def held_off(rows: list[Subscription]) -> dict[int, str]:
    """Who of these is walled or off."""
    found = Subscription.objects.filter(pk__in=[row.pk for row in rows])
    return {
        key: standing
        for key, standing in found.values_list("pk", "standing")
        if worse(standing, Standing.GRACE)
    }


def done() -> Counter[tuple[int, str, str, int]]:
    rows = DunningAction.objects.values_list("customer_id", "rung", "debt", "amount_minor")
    return Counter(rows)


class Nights(TestCase):
    """Each example in a transaction of its own."""

    @given(segments=ladders(), debtors=DEBTORS, away=st.booleans())
    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    def test_the_night_is_what_was_rehearsed(
        self, segments: list[dict[str, Any]], debtors: list[dict[str, Any]], away: bool
    ) -> None:
        entity, merchant = found_town()
        choose_ladder(entity_id=entity.pk, segments=segments, by=SYSTEM)
        rows = owing(entity, merchant, debtors)
        if away:
            since = clock.real_now() - timedelta(hours=1)
            Router.objects.update(trouble="unreachable", trouble_since=since)
        rehearsed = tonight(entity.pk, today())
        would = Counter(
            (step.customer_id, step.rung.key, step.debt.key, step.minor)
            for step in rehearsed.steps
            if step.service is None
        )
        off = {
            stand.service.subscription_id: str(stand.tonight)
            for one in rehearsed.nights.values()
            for stand in one.stands
            if worse(stand.tonight, Standing.GRACE)
        }
        night(entity)
        assert done() == would
        assert held_off(rows) == off
        said = Message.objects.count()
        night(entity)
        assert (done(), held_off(rows), Message.objects.count()) == (would, off, said)


class Died(BaseException):
    """The process is gone."""


@contextmanager
def dying_at(write: int) -> Iterator[list[int]]:
    """The process dies at this write; the list counts them."""
    count = [0]

    def counted(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().lower().startswith(("insert", "update", "delete")):
            count[0] += 1
            if count[0] == write:
                raise Died
        return execute(sql, params, many, context)

    with connection.execute_wrapper(counted):
        yield count


@pytest.mark.django_db
def test_a_night_that_died_anywhere_is_done_once() -> None:
    entity, _merchant = found_town()
    climbs(entity, REMIND, FEE, WALL, OFF, CALL, LOST)
    rows = customers(entity, 6)
    for row, late in zip(rows, (1, 6, 9, 12, 40, 95), strict=True):
        invoiced(row, late, minor=800_00)

    def came_to() -> tuple[Any, ...]:
        said = [re.sub(r"\d+", "", once) for once in Message.objects.values_list("once", flat=True)]
        return (
            done(), held_off(rows), sorted(said), Invoice.objects.count(),
            WriteOff.objects.count(), Credit.objects.count(),
        )  # fmt: skip

    def tried(write: int) -> tuple[int, tuple[Any, ...]]:
        """Die at a write, go on, and take it all back; a write too far is a night that lives."""
        with transaction.atomic():
            with dying_at(write) as count:
                try:
                    night(entity)
                except Died:
                    count[0] = -1
            if count[0] < 0:
                forget_all()
                night(entity)
            is_well(entity)
            found = came_to()
            transaction.set_rollback(True)
        return count[0], found

    writes, whole = tried(10_000)
    assert writes > 20
    assert sum(whole[0].values()) > 5
    for write in range(1, writes + 1, 3):
        assert tried(write)[1] == whole, f"died at write {write}"
