"""The ladder climbed: each thing once for a debt, never while money may be coming, and never
otherwise than its rehearsal said."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from waya.billing.commands.disputes import close_dispute, open_dispute
from waya.billing.commands.dunning.follow_ups import resolve
from waya.billing.commands.dunning.write_offs import write_off, write_off_approved
from waya.billing.commands.promises import promise
from waya.billing.commands.reminders import remind
from waya.billing.commands.standings import bring_back
from waya.billing.models import (
    Dispute,
    DunningAction,
    FollowUp,
    Invoice,
    InvoiceLine,
    Promise,
    WriteOff,
)
from waya.billing.policy import PromisePolicy, SparingPolicy
from waya.billing.queries.promises import promises_of
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
from waya.billing.tests.make import pays
from waya.kernel import clock
from waya.kernel.errors import NotYet, Refused
from waya.kernel.money import Money
from waya.ledger.queries.balances import trial_balance
from waya.messaging.models import Message
from waya.network.models import DesiredAccess, Router
from waya.org.actors import SYSTEM
from waya.org.commands.approvals import decide
from waya.org.commands.days import work_through_days
from waya.org.commands.policies import choose
from waya.org.models import Approval, DailyRun, Entity
from waya.org.tests.make import acting
from waya.parties.commands.tags import tag
from waya.payments.commands.climb import climb
from waya.payments.commands.cut_off import cut_off
from waya.payments.models import Merchant
from waya.payments.queries.tonight import Tonight, next_night, tonight
from waya.payments.tests import make
from waya.reports.doctor import findings
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def merchant() -> Merchant:
    one = make.merchant()
    Router.objects.update(swept_at=clock.real_now())
    return one


@pytest.fixture
def entity(merchant: Merchant) -> Entity:
    return merchant.entity


def night(entity: Entity, after: int = 0) -> dict[str, Any]:
    """The day's dunning, in its order; gives what the climb did."""
    on = today() + timedelta(days=after)
    remind(entity_id=entity.pk, on=on, by=SYSTEM)
    bring_back(entity_id=entity.pk, on=on, by=SYSTEM)
    done = climb(entity_id=entity.pk, on=on, by=SYSTEM)
    return done | {"cut_off": cut_off(entity_id=entity.pk, on=on, by=SYSTEM)}


def books(entity: Entity) -> dict[str, int]:
    return {one.purpose: one.amount.minor for one in trial_balance(entity.pk) if one.amount.minor}


def is_well(entity: Entity) -> None:
    """The doctor finds nothing wrong in books and standings."""
    assert [one for one in findings(entity) if not one.ok and "routers" not in one.name] == []


def stands(row: Subscription) -> tuple[str, str]:
    row.refresh_from_db()
    return row.standing, row.state


def test_a_late_fee_is_an_invoice_of_its_own_once(entity: Entity) -> None:
    climbs(entity, FEE)
    (row,) = customers(entity)
    invoice = invoiced(row, 5)
    for _ in range(2):
        climb(entity_id=entity.pk, on=today(), by=SYSTEM)
    fee = Invoice.objects.exclude(pk=invoice.pk).get()
    assert (fee.total_minor, fee.issued_on, fee.due_on) == (
        200_00, today(), today() + timedelta(days=7))  # fmt: skip
    line = InvoiceLine.objects.get(invoice=fee)
    assert (line.description, line.subscription_id) == (f"Late fee, {invoice.number}", None)
    assert line.why["days_late"] == 5
    assert books(entity)["revenue:late"] == -200_00
    assert DunningAction.objects.get().invoice_id == fee.pk
    told = Message.objects.get(key="late_fee")
    assert told.body.startswith("A late fee of KES 200 was added, due ")
    climb(entity_id=entity.pk, on=today() + timedelta(days=60), by=SYSTEM)
    assert Invoice.objects.count() == 2, "never a fee on a fee"
    is_well(entity)


def test_a_fee_blocks_nobody_and_a_one_time_invoice_neither(entity: Entity) -> None:
    climbs(entity, WALL)
    row, other = customers(entity, 2)
    invoiced(row, 40, one_time=True)
    invoiced(other, 40)
    night(entity)
    assert (stands(row), stands(other)) == (("good", "active"), ("cut_off", "suspended"))
    climbs(entity, WALL | {"debts": ["invoice", "one_time"]})
    night(entity)
    assert stands(row) == ("cut_off", "suspended")
    is_well(entity)


@pytest.mark.django_db(transaction=True)
def test_two_nights_at_once_do_everything_once(entity: Entity) -> None:
    climbs(entity, FEE, CALL)
    for row in customers(entity, 3):
        invoiced(row, 20)

    def one_night(_: int) -> None:
        try:
            climb(entity_id=entity.pk, on=today(), by=SYSTEM)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(one_night, range(4)))
    assert (Invoice.objects.count(), FollowUp.objects.count()) == (6, 3)
    assert DunningAction.objects.count() == 6


def test_a_missed_week_at_once_is_every_day_of_it(entity: Entity) -> None:
    climbs(entity, FEE, CALL, WALL)
    every, once = customers(entity, 2)
    invoiced(every, 4)
    for day in range(7):
        night(entity, day)
    told = [(one.rung, one.action) for one in DunningAction.objects.order_by("rung")]
    late = invoiced(once, 4)
    night(entity, 6)
    rows = DunningAction.objects.filter(debt=f"invoice:{late.pk}").order_by("rung")
    assert [(one.rung, one.action) for one in rows] == told == [
        ("call", "follow_up"), ("late-fee", "fee")]  # fmt: skip
    assert stands(every) == stands(once) == ("cut_off", "suspended")


def test_missed_days_are_worked_through_in_order(entity: Entity) -> None:
    climbs(entity, REMIND, FEE, WALL)
    (row,) = customers(entity)
    invoiced(row, 5)
    DailyRun.objects.create(
        entity=entity, day=today() - timedelta(days=7), kind="begun", done_at=clock.real_now()
    )
    work_through_days(by=SYSTEM)
    assert work_through_days(by=SYSTEM) == 0
    done = DunningAction.objects.order_by("on").values_list("rung", "on")
    assert list(done) == [("remind", today() - timedelta(days=4)), ("late-fee", today())]
    assert stands(row) == ("cut_off", "suspended")
    is_well(entity)


def test_a_message_of_the_ladder_is_said_once(entity: Entity) -> None:
    climbs(entity, REMIND)
    (row,) = customers(entity)
    invoiced(row, 1)
    for _ in range(2):
        remind(entity_id=entity.pk, on=today(), by=SYSTEM)
    assert Message.objects.filter(key="reminder", customer_id=row.customer_id).count() == 1


def test_nobody_is_fined_while_money_may_be_coming(entity: Entity, merchant: Merchant) -> None:
    climbs(entity, FEE)
    first, second = customers(entity, 2)
    for row in (first, second):
        invoiced(row, 9)
    make.tell(merchant, "c", make.confirmation("1000014"))
    with pytest.raises(NotYet, match="money_in_flight"):
        climb(entity_id=entity.pk, on=today(), by=SYSTEM)
    make.work_off(merchant)
    make.prompt(first, merchant, "ws_CO_1")
    assert climb(entity_id=entity.pk, on=today(), by=SYSTEM) == {"fees": 1}
    assert DunningAction.objects.get().customer_id == second.customer_id


def test_a_promise_keeps_off_wall_and_fee_until_its_day_has_passed(entity: Entity) -> None:
    climbs(entity, FEE, WALL)
    (row,) = customers(entity)
    invoiced(row, 9)
    until = today() + timedelta(days=3)
    promise(customer=row.customer, amount=Money(2500_00, "KES"), until=until, by=SYSTEM)
    for day in range(4):
        assert night(entity, day)["cut_off"]["spared"] == {"promise": 1}
    assert stands(row) == ("grace", "active")
    assert not DunningAction.objects.exists()
    is_well(entity)
    night(entity, 4)
    assert stands(row) == ("cut_off", "suspended")
    assert DunningAction.objects.get().rung == "late-fee"


@pytest.mark.parametrize("restores", [False, True])
def test_a_promise_of_the_walled_restores_where_policy_says_so(
    entity: Entity, restores: bool
) -> None:
    climbs(entity, WALL)
    choose(entity_id=entity.pk, choices=PromisePolicy(restores=restores), by=SYSTEM)
    (row,) = customers(entity)
    invoiced(row, 9)
    night(entity)
    promise(customer=row.customer, amount=Money(2500_00, "KES"), until=today(), by=SYSTEM)
    assert stands(row) == (("grace", "active") if restores else ("cut_off", "suspended"))
    night(entity, 1)
    assert stands(row) == ("cut_off", "suspended")


def test_a_disputed_invoice_does_not_count_until_it_is_closed(entity: Entity) -> None:
    climbs(entity, FEE, WALL)
    (row,) = customers(entity)
    invoice = invoiced(row, 9)
    night(entity)
    assert stands(row) == ("cut_off", "suspended")
    dispute = open_dispute(invoice_id=invoice.pk, reason="Billed twice", by=SYSTEM)
    assert open_dispute(invoice_id=invoice.pk, reason="Again", by=SYSTEM) == dispute
    assert stands(row) == ("good", "active")
    night(entity, 1)
    assert stands(row) == ("good", "active")
    is_well(entity)
    close_dispute(dispute_id=dispute.pk, upheld=False, by=SYSTEM)
    close_dispute(dispute_id=dispute.pk, upheld=False, by=SYSTEM)
    with pytest.raises(Refused, match="dispute_closed"):
        close_dispute(dispute_id=dispute.pk, upheld=True, by=SYSTEM)
    night(entity, 1)
    assert stands(row) == ("cut_off", "suspended")


def test_nobody_is_walled_or_fined_while_their_router_is_away(entity: Entity) -> None:
    climbs(entity, FEE, WALL)
    (row,) = customers(entity)
    invoiced(row, 9)
    Router.objects.update(
        trouble="unreachable", trouble_since=clock.real_now() - timedelta(minutes=31)
    )
    assert night(entity)["cut_off"]["spared"] == {"outage": 1}
    assert (stands(row), DunningAction.objects.count()) == (("grace", "active"), 0)
    is_well(entity)
    Router.objects.update(trouble_since=clock.real_now() - timedelta(minutes=29))
    night(entity)
    assert (stands(row), DunningAction.objects.count()) == (("cut_off", "suspended"), 1)


def test_a_holiday_of_the_entity_waits(entity: Entity) -> None:
    climbs(entity, WALL | {"holidays": False})
    choose(entity_id=entity.pk, choices=SparingPolicy(dates=(today().isoformat(),)), by=SYSTEM)
    (row,) = customers(entity)
    invoiced(row, 9)
    night(entity)
    assert stands(row) == ("grace", "active")
    choose(entity_id=entity.pk, choices=SparingPolicy(), by=SYSTEM)
    night(entity)
    assert stands(row) == ("cut_off", "suspended")


def test_beyond_the_wall_access_is_disabled_and_money_brings_it_back(entity: Entity) -> None:
    climbs(entity, WALL, OFF)
    (row,) = customers(entity)
    invoiced(row, 29)
    night(entity)
    access = DesiredAccess.objects.get(name=row.username)
    assert (access.enabled, access.profile, stands(row)) == (
        True, "waya-walled", ("cut_off", "suspended"))  # fmt: skip
    night(entity, 1)
    access.refresh_from_db()
    assert (access.enabled, stands(row)) == (False, ("off", "suspended"))
    assert Message.objects.filter(key="blocked").count() == 1
    is_well(entity)
    pays(row, 2500_00, today())
    access.refresh_from_db()
    assert (access.enabled, access.profile, stands(row)) == (
        True, "waya-10M-10M", ("good", "active"))  # fmt: skip


def test_a_tag_forgives_the_same_night(entity: Entity) -> None:
    climbs(entity, WALL, without_tags=["school"])
    (row,) = customers(entity)
    invoiced(row, 9)
    night(entity)
    assert stands(row) == ("cut_off", "suspended")
    tag(customer_id=row.customer_id, tags=["School"], by=SYSTEM)
    night(entity)
    assert stands(row) == ("grace", "active")
    is_well(entity)


def test_a_person_follows_up_once(entity: Entity) -> None:
    climbs(entity, CALL)
    (row,) = customers(entity)
    invoiced(row, 10)
    night(entity)
    night(entity, 1)
    found = FollowUp.objects.get()
    assert (found.words, found.owed_minor) == ("Call, and ask when they pay", 2500_00)
    naomi = acting("naomi", "cashier")
    with pytest.raises(Refused, match="reason_missing"):
        resolve(follow_up_id=found.pk, note=" ", by=naomi)
    assert resolve(follow_up_id=found.pk, note="Pays on Friday", by=naomi).resolved_by == "Naomi"
    assert resolve(follow_up_id=found.pk, note="Other", by=SYSTEM).note == "Pays on Friday"


def test_a_small_debt_is_given_up_and_a_large_one_asked_about(entity: Entity) -> None:
    climbs(entity, WALL, LOST)
    small, large = customers(entity, 2)
    invoiced(small, 60, minor=1500_00)
    invoiced(large, 60)
    night(entity)
    done = night(entity, 30)
    assert (done["written_off"], done["asked"]) == (1, 1)
    assert stands(small) == ("cut_off", "ended")
    assert stands(large) == ("cut_off", "suspended")
    assert books(entity) | {"bad_debts": 1500_00, "receivable": 2500_00} == books(entity)
    is_well(entity)
    approval = Approval.objects.get()
    assert approval.title.startswith("Write off KES 2,500 of Brian 1, INV-")
    decide(approval_id=approval.pk, grant=True, by=acting("wanjiku", "accountant"))
    assert write_off_approved(approval_id=approval.pk, by=SYSTEM) == 1
    assert write_off_approved(approval_id=approval.pk, by=SYSTEM) == 0
    assert (stands(large), WriteOff.objects.count()) == (("cut_off", "ended"), 2)
    assert "receivable" not in books(entity)
    is_well(entity)


def test_a_write_off_by_hand_brings_back_whom_nothing_holds(entity: Entity) -> None:
    climbs(entity, WALL)
    (row,) = customers(entity)
    invoice = invoiced(row, 9, minor=900_00)
    night(entity)
    wanjiku = acting("wanjiku", "accountant")
    with pytest.raises(Refused, match="reason_missing"):
        write_off(invoice_id=invoice.pk, reason="", by=wanjiku)
    done = write_off(invoice_id=invoice.pk, reason="Our mistake", by=wanjiku)
    assert write_off(invoice_id=invoice.pk, reason="Our mistake", by=wanjiku) == done
    assert stands(row) == ("good", "active")
    assert books(entity)["bad_debts"] == 900_00
    paid = invoiced(row, 8)
    pays(row, 2500_00, today())
    with pytest.raises(Refused, match="nothing_to_write_off"):
        write_off(invoice_id=paid.pk, reason="Late", by=wanjiku)
    large = write_off(invoice_id=invoiced(row, 7).pk, reason="Moved away", by=wanjiku)
    assert isinstance(large, Approval)
    with pytest.raises(Refused, match="own_approval"):
        decide(approval_id=large.pk, grant=True, by=wanjiku)


@pytest.mark.parametrize(
    ("minor", "days", "code"),
    [
        (2500_00, -1, "promise_past"),
        (2500_00, 8, "promise_too_long"),
        (1249_99, 3, "promise_too_little"),
        (0, 3, "promise_too_little"),
    ],
)
def test_a_promise_that_policy_does_not_take(
    entity: Entity, minor: int, days: int, code: str
) -> None:
    (row,) = customers(entity)
    invoiced(row, 2)
    until = today() + timedelta(days=days)
    with pytest.raises(Refused, match=code):
        promise(customer=row.customer, amount=Money(minor, "KES"), until=until, by=SYSTEM)


def test_one_promise_at_a_time_and_none_of_who_owes_nothing(entity: Entity) -> None:
    (row,) = customers(entity)
    until, amount = today() + timedelta(days=3), Money(2000_00, "KES")
    with pytest.raises(Refused, match="nothing_owed"):
        promise(customer=row.customer, amount=amount, until=until, by=SYSTEM)
    invoiced(row, 2)
    first = promise(customer=row.customer, amount=amount, until=until, by=SYSTEM)
    assert promise(customer=row.customer, amount=amount, until=until, by=SYSTEM) == first
    with pytest.raises(Refused, match="promise_open"):
        promise(customer=row.customer, amount=amount, until=today(), by=SYSTEM)


def test_a_word_is_kept_by_money_and_broken_by_time(entity: Entity) -> None:
    (row,) = customers(entity)
    invoiced(row, 20)
    for ago in (9, 5):
        made = promise(customer=row.customer, amount=Money(2500_00, "KES"), until=today(),
                       by=SYSTEM)  # fmt: skip
        Promise.objects.filter(pk=made.pk).update(until=today() - timedelta(days=ago))
    assert [one.word for one in promises_of([row.customer_id], today())] == ["broken", "broken"]
    with pytest.raises(Refused, match="promise_broken"):
        promise(customer=row.customer, amount=Money(2500_00, "KES"), until=today(), by=SYSTEM)
    pays(row, 2500_00, today())
    assert [one.word for one in promises_of([row.customer_id], today())] == ["kept", "kept"]
    invoiced(row, 1)
    promise(customer=row.customer, amount=Money(2500_00, "KES"), until=today(), by=SYSTEM)
    assert promises_of([row.customer_id], today())[0].word == "open"


# The rehearsal.


def would(rehearsed: Tonight) -> Counter[tuple[str, str, int]]:
    """What a rehearsal says that will be done, by action, and to whom; without what waits."""
    return Counter(
        (step.rung.action.value, step.debt.key, step.minor)
        for step in rehearsed.steps
        if step.service is None
    )


def did() -> Counter[tuple[str, str, int]]:
    return Counter((row.action, row.debt, row.amount_minor) for row in DunningAction.objects.all())


def test_what_a_rehearsal_says_is_what_the_run_does(entity: Entity, merchant: Merchant) -> None:
    climbs(entity, REMIND, FEE | {"fee_percent": "5"}, WALL, OFF, CALL, LOST)
    rows = customers(entity, 12)
    ages = (1, 3, 4, 5, 9, 10, 12, 30, 45, 90, 95, 0)
    made = [invoiced(row, late, minor=1000_00 + 500_00 * n)
            for n, (row, late) in enumerate(zip(rows, ages, strict=True))]  # fmt: skip
    open_dispute(invoice_id=made[4].pk, reason="Not mine", by=SYSTEM)
    promise(customer=rows[5].customer, amount=Money(9000_00, "KES"), until=today(), by=SYSTEM)
    make.prompt(rows[6], merchant, "ws_CO_1")
    rehearsed = tonight(entity.pk, today())
    assert next_night(entity.pk) == today()
    assert not rehearsed.held
    holding = {step.customer_id: step.rung.action for step in rehearsed.steps if step.service}
    assert Counter(holding.values()) == {"wall": 2, "disconnect": 4}
    assert {one.hold.value for one in rehearsed.spared} == {"dispute", "promise", "in_flight"}

    night(entity)
    assert did() == would(rehearsed)
    for row in rows:
        wanted = {"wall": "cut_off", "disconnect": "off"}.get(holding.get(row.customer_id, ""))
        assert stands(row)[0] == (wanted or stands(row)[0])
        assert (stands(row)[1] != "active") == (wanted is not None)
    again = tonight(entity.pk, today())
    assert [step for step in again.steps if not again.waits(step)] == []


def test_a_rehearsal_says_what_the_brake_would_hold(entity: Entity) -> None:
    climbs(entity, WALL)
    for row in customers(entity, 11):
        invoiced(row, 9)
    rehearsed = tonight(entity.pk, today())
    router = Router.objects.get()
    assert rehearsed.held == {router.pk: 11}
    assert all(rehearsed.waits(step) for step in rehearsed.steps)
    assert night(entity)["cut_off"]["waiting_for_a_person"] == 11


def test_a_rehearsal_asks_as_much_of_ten_as_of_one(
    entity: Entity, django_assert_max_num_queries: Any
) -> None:
    climbs(entity, REMIND, FEE, WALL, CALL)
    first, *others = customers(entity, 10)
    invoiced(first, 12)
    with django_assert_max_num_queries(25) as few:
        assert len(tonight(entity.pk, today()).nights) == 1
    for row in others:
        invoiced(row, 12)
    with django_assert_max_num_queries(len(few)):
        assert len(tonight(entity.pk, today()).nights) == 10


@pytest.mark.django_db(transaction=True)
def test_what_people_do_twice_at_once_happens_once(entity: Entity) -> None:
    (row,) = customers(entity)
    lost, open_ = invoiced(row, 20, minor=900_00), invoiced(row, 9)
    until = today() + timedelta(days=2)

    def at_once(work: int) -> None:
        try:
            if work % 3 == 0:
                promise(customer=row.customer, amount=Money(3000_00, "KES"), until=until, by=SYSTEM)
            elif work % 3 == 1:
                open_dispute(invoice_id=open_.pk, reason="Not mine", by=SYSTEM)
            else:
                write_off(invoice_id=lost.pk, reason="Ours", by=SYSTEM)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as workers:
        list(workers.map(at_once, range(6)))
    counts = (Promise.objects.count(), Dispute.objects.count(), WriteOff.objects.count())
    assert counts == (1, 1, 1)
    assert books(entity)["bad_debts"] == 900_00


def test_a_fee_carries_the_taxes_of_its_class_inside(entity: Entity) -> None:
    climbs(entity, FEE | {"tax_class": "labour"})
    invoice = invoiced(customers(entity)[0], 5)
    climb(entity_id=entity.pk, on=today(), by=SYSTEM)
    fee = Invoice.objects.exclude(pk=invoice.pk).get()
    assert (fee.total_minor, fee.tax_minor) == (200_00, 27_59)  # VAT 16 % inside
    is_well(entity)
