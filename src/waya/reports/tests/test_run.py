"""A night's run: two at once, two hands, stopped, bounded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from waya.billing.commands import renewals, runs
from waya.billing.commands.renewals import bill
from waya.billing.models import BillingRun, Invoice, InvoiceLine, Parked, ProForma
from waya.billing.policy import BoundsPolicy
from waya.billing.tests.make import home_10, in_service, isp, joined, office_20
from waya.kernel.errors import NotYet, Refused
from waya.org.actors import SYSTEM, Actor
from waya.org.commands.approvals import decide
from waya.org.commands.policies import choose
from waya.org.models import Approval, Entity
from waya.reports.doctor import findings
from waya.subscriptions.models import Subscription

BEGAN = date(2027, 1, 1)
STEER = Actor("person", 7, "Wanjiku", frozenset({"billing.steer", "org.approve"}))


@pytest.fixture
def chunks_of_two(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(renewals, "CHUNK", 2)
    return iter(())


def _people(entity: Entity) -> list[Subscription]:
    """Three postpaid from the first of January, two from its middle, on the calendar month."""
    plan = office_20(entity, calendar_day=1)
    return [in_service(entity, plan, BEGAN) for _ in range(3)] + [
        in_service(entity, plan, date(2027, 1, 16)) for _ in range(2)
    ]


def _whole(entity: Entity, months: int) -> None:
    """Each of the five has one line for each month and nothing twice; numbers have no gaps;
    the books agree with the documents."""
    lines = InvoiceLine.objects.values_list("subscription_id", "start")
    assert len(lines) == len(set(lines)) == 5 * months
    numbers = sorted(Invoice.objects.values_list("number", flat=True))
    assert numbers == [f"INV-{n:06d}" for n in range(1, 5 * months + 1)]
    assert [one for one in findings(entity) if not one.ok and "router" not in one.name] == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("chunks_of_two")
def test_two_runs_at_once_are_one() -> None:
    entity = isp()
    _people(entity)
    on, together, raised = date(2027, 2, 1), Barrier(2), list[BaseException]()

    def run() -> None:
        together.wait()
        try:
            bill(entity_id=entity.pk, on=on, by=SYSTEM)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            raised.append(error)
        finally:
            connection.close()

    both = [Thread(target=run) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert raised == []
    assert Parked.objects.count() == 0
    _whole(entity, 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("chunks_of_two")
def test_two_hands_bill_each_once_and_tell_of_all() -> None:
    entity = isp()
    _people(entity)
    told: list[int] = []
    outcome = bill(entity_id=entity.pk, on=date(2027, 2, 1), by=SYSTEM, progress=told.append)
    assert outcome == {"invoices": 5, "pro_formas": 0}
    assert told[-1] == 5
    assert told == sorted(told)
    _whole(entity, 1)


@pytest.mark.django_db
@pytest.mark.usefixtures("chunks_of_two")
def test_a_run_is_stopped_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    entity, on = isp(), date(2027, 2, 1)
    _people(entity)
    beat = runs.beat

    def stopped_meanwhile(**told: Any) -> bool:
        runs.stop(entity_id=entity.pk, on=on, by=STEER)
        return beat(**told)

    monkeypatch.setattr(renewals, "beat", stopped_meanwhile)
    with pytest.raises(NotYet, match="run_stopped"):
        bill(entity_id=entity.pk, on=on, by=SYSTEM)
    monkeypatch.undo()
    monkeypatch.setattr(renewals, "CHUNK", 2)
    assert Invoice.objects.count() == 2
    with pytest.raises(NotYet, match="run_stopped"):
        bill(entity_id=entity.pk, on=on, by=SYSTEM)
    runs.go_on(entity_id=entity.pk, on=on, by=STEER)
    bill(entity_id=entity.pk, on=on, by=SYSTEM)
    row = BillingRun.objects.get()
    assert (row.state, row.done, row.invoices) == (BillingRun.DONE, 5, 5)
    _whole(entity, 1)


@pytest.mark.django_db
def test_who_may_not_steer_stops_nothing() -> None:
    with pytest.raises(Refused, match="not_allowed"):
        runs.stop(entity_id=isp().pk, on=BEGAN, by=Actor("person", 1, "Naomi"))


@pytest.mark.django_db
def test_a_night_beyond_its_bounds_waits_for_a_person() -> None:
    entity, on = isp(), date(2027, 2, 1)
    choose(entity_id=entity.pk, choices=BoundsPolicy(most_minor=3 * 2500_00), by=SYSTEM)
    _people(entity)
    for _ in range(2):
        with pytest.raises(NotYet, match="run_waits"):
            bill(entity_id=entity.pk, on=on, by=SYSTEM)
    approval = Approval.objects.get()
    assert Invoice.objects.count() == 0
    runs.stop(entity_id=entity.pk, on=on, by=STEER)
    runs.go_on(entity_id=entity.pk, on=on, by=STEER)
    with pytest.raises(NotYet, match="run_waits"):
        bill(entity_id=entity.pk, on=on, by=SYSTEM)
    assert approval.why["expected_minor"] == 5 * 2500_00
    decide(approval_id=approval.pk, grant=True, by=STEER)
    assert bill(entity_id=entity.pk, on=on, by=SYSTEM)["invoices"] == 5
    approval.refresh_from_db()
    assert approval.state == Approval.DONE


@pytest.mark.django_db
def test_more_than_last_month_by_too_much_waits() -> None:
    entity = isp()
    choose(entity_id=entity.pk, choices=BoundsPolicy(change_percent=50, few=2), by=SYSTEM)
    plan = office_20(entity, calendar_day=1)
    for _ in range(2):
        in_service(entity, plan, BEGAN)
    assert bill(entity_id=entity.pk, on=date(2027, 2, 1), by=SYSTEM)["invoices"] == 2
    for _ in range(2):
        in_service(entity, plan, date(2027, 2, 1))
    with pytest.raises(NotYet, match="run_waits"):
        bill(entity_id=entity.pk, on=date(2027, 3, 1), by=SYSTEM)
    assert Approval.objects.get().why["bound"] == "change"


@pytest.mark.django_db
def test_a_day_on_which_nobody_is_due_leaves_no_run() -> None:
    entity = isp()
    _people(entity)
    assert bill(entity_id=entity.pk, on=date(2027, 1, 20), by=SYSTEM) == {
        "invoices": 0, "pro_formas": 0,
    }  # fmt: skip
    assert not BillingRun.objects.exists()


@pytest.mark.django_db
def test_renewals_are_asked_for_in_the_same_run() -> None:
    entity = isp()
    joined(entity, BEGAN)
    home_10(entity)
    assert bill(entity_id=entity.pk, on=date(2027, 1, 28), by=SYSTEM)["pro_formas"] == 1
    assert ProForma.objects.filter(state=ProForma.OPEN).count() == 1
    assert BillingRun.objects.get().total_minor == 2500_00
