"""Who is too far behind is cut off: not many at once, and never while money may be coming."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from waya.billing.tests.make import home_10
from waya.catalog.models import Plan
from waya.kernel import clock
from waya.kernel.errors import NotYet
from waya.network.models import Router
from waya.org.actors import SYSTEM
from waya.org.commands.approvals import decide
from waya.org.commands.days import work_through_days
from waya.org.commands.policies import choose
from waya.org.models import Approval, DailyRun
from waya.org.tests.make import acting
from waya.parties.commands.customers import register
from waya.payments import providers
from waya.payments.commands.cut_off import cut_off, cut_off_approved, nudge_granted
from waya.payments.models import Merchant, Notification, Prompt
from waya.payments.policy import BrakePolicy
from waya.payments.rules.brake import routers_to_hold
from waya.payments.tests import make
from waya.subscriptions.commands.lives import activate, request
from waya.subscriptions.models import Subscription
from waya.subscriptions.queries import router_for
from waya.subscriptions.rules.life import Renewal

pytestmark = pytest.mark.django_db


@pytest.fixture
def merchant() -> Merchant:
    one = make.merchant()
    Router.objects.update(swept_at=clock.real_now())
    return one


@pytest.fixture
def plan(merchant: Merchant) -> Plan:
    return home_10(merchant.entity)


def _today() -> date:
    return clock.today("Africa/Nairobi")


def _lapsed(plan: Plan, count: int, first: int = 0) -> list[Subscription]:
    """Customers whose paid period ended yesterday."""
    rows = []
    for number in range(first, first + count):
        customer, site = register(
            entity_id=plan.entity_id, name=f"Chebet {number}", phone=f"07001{number:05}",
            site_name="Lanet", by=SYSTEM,
        )  # fmt: skip
        rows.append(
            request(customer=customer, site=site, plan=plan,
                    router_id=router_for(plan.entity_id).pk, by=SYSTEM)
        )  # fmt: skip
    end = _today()
    start = end - timedelta(days=30)
    activate(renewals=[Renewal(row.pk, start, end, end, start.day) for row in rows], by=SYSTEM)
    return rows


def _walled() -> int:
    return Subscription.objects.filter(state=Subscription.SUSPENDED).count()


def _cut(merchant: Merchant) -> dict[str, object]:
    return cut_off(entity_id=merchant.entity_id, on=_today(), by=SYSTEM)


def test_a_few_are_cut_off_without_asking(merchant: Merchant, plan: Plan) -> None:
    _lapsed(plan, 10)
    assert _cut(merchant)["restricted"] == 10
    assert _walled() == 10
    assert not Approval.objects.exists()
    assert _cut(merchant) == {"behind": 0}


def test_many_at_once_wait_for_a_person_with_who_and_how_much(
    merchant: Merchant, plan: Plan
) -> None:
    _lapsed(plan, 11)
    told = _cut(merchant)
    assert (told["restricted"], told["waiting_for_a_person"]) == (0, 11)
    assert _walled() == 0
    approval = Approval.objects.get()
    router = Router.objects.get()
    assert (approval.kind, approval.subject) == ("cut_off", f"{router.pk}:{_today().isoformat()}")
    assert approval.title == f"Cut off 11 customers on {router.name}"
    assert len(approval.why["customers"]) == 11
    assert approval.why["customers"][0]["name"].startswith("Chebet")
    assert "owed_minor" in approval.why["customers"][0]


def test_what_waits_already_is_not_asked_again(merchant: Merchant, plan: Plan) -> None:
    _lapsed(plan, 11)
    _cut(merchant)
    cut_off(entity_id=merchant.entity_id, on=_today() + timedelta(days=1), by=SYSTEM)
    assert Approval.objects.count() == 1


def test_a_grant_goes_on_and_looks_at_the_facts_again(merchant: Merchant, plan: Plan) -> None:
    rows = _lapsed(plan, 11)
    _cut(merchant)
    Subscription.objects.filter(pk=rows[0].pk).update(paid_through=_today() + timedelta(days=9))
    newcomer = _lapsed(plan, 1, first=50)[0]
    approval = decide(
        approval_id=Approval.objects.get().pk, grant=True, by=acting("wanjiku", "accountant")
    )
    assert cut_off_approved(approval_id=approval.pk, by=SYSTEM) == 10
    states = dict(Subscription.objects.values_list("pk", "state"))
    assert states.pop(rows[0].pk) == states.pop(newcomer.pk) == Subscription.ACTIVE
    assert set(states.values()) == {Subscription.SUSPENDED}
    approval.refresh_from_db()
    assert approval.state == Approval.DONE
    assert cut_off_approved(approval_id=approval.pk, by=SYSTEM) == 0


def test_without_a_grant_nothing_goes_on(merchant: Merchant, plan: Plan) -> None:
    _lapsed(plan, 11)
    _cut(merchant)
    key = Approval.objects.get().pk
    assert cut_off_approved(approval_id=key, by=SYSTEM) == 0
    decide(approval_id=key, grant=False, by=acting("wanjiku", "accountant"))
    assert cut_off_approved(approval_id=key, by=SYSTEM) == 0
    assert _walled() == 0


def test_a_grant_waits_too_while_money_may_be_coming(merchant: Merchant, plan: Plan) -> None:
    _lapsed(plan, 11)
    _cut(merchant)
    key = Approval.objects.get().pk
    decide(approval_id=key, grant=True, by=acting("wanjiku", "accountant"))
    make.tell(merchant, "c", make.confirmation("1000014"))
    assert cut_off_approved(approval_id=key, by=SYSTEM) == 0
    assert Approval.objects.get().state == Approval.GRANTED
    make.work_off(merchant)
    nudge_granted(by=SYSTEM)
    assert cut_off_approved(approval_id=key, by=SYSTEM) == 11


def test_nobody_is_cut_off_while_notifications_wait(merchant: Merchant, plan: Plan) -> None:
    _lapsed(plan, 1)
    make.tell(merchant, "c", make.confirmation("1000014"))
    with pytest.raises(NotYet, match="money_in_flight"):
        _cut(merchant)
    make.work_off(merchant)
    assert _cut(merchant)["restricted"] == 1


def test_whose_phone_was_just_asked_is_left_alone(merchant: Merchant, plan: Plan) -> None:
    first, second = _lapsed(plan, 2)
    prompt = make.prompt(first, merchant, "ws_CO_1")
    told = _cut(merchant)
    assert (told["restricted"], told["money_in_flight"]) == (1, 1)
    first.refresh_from_db()
    assert first.state == Subscription.ACTIVE
    hour_ago = clock.real_now() - timedelta(hours=1)
    Prompt.objects.filter(pk=prompt.pk).update(made_at=hour_ago, result_code="0")
    assert _cut(merchant)["money_in_flight"] == 1, "the provider says that it is paid"
    Prompt.objects.filter(pk=prompt.pk).update(result_code="")
    assert _cut(merchant)["restricted"] == 1
    second.refresh_from_db()
    assert second.state == Subscription.SUSPENDED


def test_a_feed_that_went_silent_is_asked_after(
    merchant: Merchant, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    _lapsed(plan, 1)
    Merchant.objects.update(heard_at=clock.real_now() - timedelta(hours=7))
    with pytest.raises(NotYet):
        _cut(merchant)  # nobody answers at its address
    monkeypatch.setattr(providers, "reachable", lambda merchant: True)
    assert _cut(merchant)["restricted"] == 1


def test_a_feed_that_was_never_heard_holds_nobody(merchant: Merchant, plan: Plan) -> None:
    _lapsed(plan, 1)
    assert _cut(merchant)["restricted"] == 1


def test_nobody_is_cut_off_before_the_first_sweep(merchant: Merchant, plan: Plan) -> None:
    _lapsed(plan, 1)
    Router.objects.update(swept_at=None)
    with pytest.raises(NotYet):
        _cut(merchant)


def test_a_cut_off_that_is_not_yet_is_asked_again_on_its_day(
    merchant: Merchant, plan: Plan
) -> None:
    _lapsed(plan, 1)
    Notification.objects.create(
        merchant=merchant, kind="confirmation", event_key="x", raw="{}", transaction="",
        received_at=clock.real_now(),
    )  # fmt: skip
    work_through_days(by=SYSTEM)
    kinds = DailyRun.objects.filter(entity=merchant.entity).values_list("kind", flat=True)
    assert "billing.commands.renewals.bill" in kinds
    assert "payments.commands.cut_off.cut_off" not in kinds
    make.work_off(merchant)
    assert work_through_days(by=SYSTEM) == 1
    assert _walled() == 1


def test_on_days_that_have_passed_it_is_left_to_the_days_after(
    merchant: Merchant, plan: Plan
) -> None:
    _lapsed(plan, 1)
    Subscription.objects.update(paid_through=_today() - timedelta(days=5))
    DailyRun.objects.create(
        entity=merchant.entity, day=_today() - timedelta(days=2), kind="begun",
        done_at=clock.real_now(),
    )  # fmt: skip
    make.tell(merchant, "c", make.confirmation("1000014"))
    work_through_days(by=SYSTEM)
    runs = DailyRun.objects.filter(kind="payments.commands.cut_off.cut_off").order_by("day")
    assert [run.outcome for run in runs] == [{"not_done": "money_in_flight"}] * 2
    assert _walled() == 0
    make.work_off(merchant)
    work_through_days(by=SYSTEM)
    assert [run.outcome.get("restricted") for run in runs.all()] == [None, None, 1]


def test_a_large_night_waits_on_every_router(merchant: Merchant, plan: Plan) -> None:
    choose(entity_id=merchant.entity_id, choices=BrakePolicy(night=2), by=SYSTEM)
    _lapsed(plan, 3)
    assert _cut(merchant)["waiting_for_a_person"] == 3


@pytest.mark.parametrize(
    ("walled", "served", "expected"),
    [
        ({1: 10}, {1: 10}, set()),
        ({1: 11}, {1: 11}, {1}),
        ({1: 11}, {1: 110}, set()),
        ({1: 12}, {1: 110}, {1}),
        ({1: 20, 2: 5}, {1: 100, 2: 6}, {1}),
        ({1: 100, 2: 101}, {1: 5000, 2: 5000}, {1, 2}),
        ({}, {}, set()),
    ],
)
def test_the_brake(walled: dict[int, int], served: dict[int, int], expected: set[int]) -> None:
    assert routers_to_hold(walled, served, customers=10, percent=10, night=200) == expected
