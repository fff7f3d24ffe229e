"""What is rehearsed is what is done: papers and cents, customer by customer, whatever is due."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from waya.billing.commands.documents import quote
from waya.billing.commands.lives.changes import change_plan
from waya.billing.commands.renewals import bill
from waya.billing.commands.taxes.exemptions import Wished, exempt
from waya.billing.models import Invoice, Parked, ProForma
from waya.billing.policy import BillingPolicy, BoundsPolicy
from waya.billing.queries.rehearsal import rehearse
from waya.billing.tests.make import home_10, isp, office_20, pays
from waya.billing.tests.test_changes import plan_of
from waya.billing.tests.test_charges import publish
from waya.catalog.commands import add_promotion, change_price, publish_price
from waya.catalog.models import Plan, PlanVersion
from waya.catalog.rules.plans import Charge
from waya.org.actors import SYSTEM
from waya.org.commands.policies import choose
from waya.org.models import Entity
from waya.org.rows.remembered import forget_all
from waya.parties.commands.customers import register
from waya.subscriptions.commands.lives import activate, grant, request
from waya.subscriptions.models import Subscription
from waya.subscriptions.queries import router_for
from waya.subscriptions.rules.life import Renewal

BEGAN, NEXT = date(2027, 1, 1), date(2027, 2, 1)


def having(entity: Entity, on: date, *plans: Plan) -> list[Subscription]:
    """A customer with a service of each plan from a day on; what is prepaid is paid."""
    customer, site = register(
        entity_id=entity.pk, name="Amina Otieno", phone="0700000418", site_name="Lanet", by=SYSTEM
    )
    rows = []
    for plan in plans:
        row = request(customer=customer, site=site, plan=plan, router_id=router_for(entity.pk).pk,
                      by=SYSTEM)  # fmt: skip
        if plan.mode == Plan.PREPAID:
            pays(row, quote(subscription_id=row.pk, on=on, by=SYSTEM).total_minor, on)
        else:
            renewal = Renewal(row.pk, on, None, on, plan.calendar_day or on.day)
            activate(renewals=[renewal], by=SYSTEM)
        row.refresh_from_db()
        rows.append(row)
    return rows


def agree(entity: Entity, on: date) -> None:
    """A rehearsal, then the run, compared: papers and sums by kind, and cents by customer."""
    forget_all()
    known = set(ProForma.objects.values_list("subscription", "start"))
    found = rehearse(entity.pk, on)
    before = Invoice.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    outcome = bill(entity_id=entity.pk, on=on, by=SYSTEM)
    told = {kind: one.documents for kind, one in found.kinds.items()}
    assert {"invoices": 0, "pro_formas": 0} | told == outcome
    done: Counter[tuple[str, int]] = Counter()
    for invoice in Invoice.objects.filter(pk__gt=before, pro_formas=None):
        done["invoices", invoice.customer_id] += invoice.total_minor
    for asked in ProForma.objects.filter(issued_on=on):
        if (asked.subscription_id, asked.start) not in known:
            done["pro_formas", asked.customer_id] += asked.total_minor
    said = {(kind, key): minor for kind, one in found.kinds.items()
            for key, minor in one.customers.items()}  # fmt: skip
    assert said == dict(done)
    assert {key for key, _ in found.faults} == set(
        Parked.objects.filter(on=on, resolved_at=None).values_list("customer_id", flat=True)
    )


@pytest.mark.django_db
def test_services_on_one_paper_are_one_pro_forma() -> None:
    entity = isp()
    choose(entity_id=entity.pk, choices=BillingPolicy(one_bill=True), by=SYSTEM)
    having(entity, BEGAN, home_10(entity), plan_of(entity, 5_000, 1500_00))
    having(entity, BEGAN, home_10(entity))
    found = rehearse(entity.pk, date(2027, 1, 28))
    assert found.kinds["pro_formas"].documents == 2
    assert found.plans["Home 10 Mbps"].documents == 2
    agree(entity, date(2027, 1, 28))


@pytest.mark.django_db
def test_what_is_asked_beside_an_open_one_is_one_paper_and_its_own_sum() -> None:
    entity = isp()
    choose(entity_id=entity.pk, choices=BillingPolicy(one_bill=True), by=SYSTEM)
    (home,) = having(entity, BEGAN, home_10(entity))
    bill(entity_id=entity.pk, on=date(2027, 1, 28), by=SYSTEM)
    shop = request(customer=home.customer, site=home.site, plan=plan_of(entity, 5_000, 1500_00),
                   router_id=router_for(entity.pk).pk, by=SYSTEM)  # fmt: skip
    activate(renewals=[Renewal(shop.pk, BEGAN, NEXT, NEXT, 1)], by=SYSTEM)
    agree(entity, date(2027, 1, 29))
    assert ProForma.objects.filter(state=ProForma.OPEN).values("number").distinct().count() == 1


@pytest.mark.django_db
def test_several_services_on_one_invoice_are_one_document() -> None:
    entity = isp()
    choose(entity_id=entity.pk, choices=BillingPolicy(one_bill=True), by=SYSTEM)
    having(entity, BEGAN, office_20(entity, 1), plan_of(entity, 5_000, 1500_00, Plan.POSTPAID))
    assert rehearse(entity.pk, NEXT).kinds["invoices"].documents == 1
    agree(entity, NEXT)


@pytest.mark.django_db
def test_one_bad_service_parks_its_customer_with_all_of_theirs() -> None:
    entity = isp()
    bad = plan_of(entity, 5_000, 1500_00, Plan.POSTPAID)
    having(entity, BEGAN, office_20(entity, 1), bad)
    having(entity, BEGAN, office_20(entity, 1))
    choose(entity_id=entity.pk, choices=BillingPolicy(most_lines=2), by=SYSTEM)
    publish(bad, *(Charge(f"part-{at}", amount=Fraction(500_00)) for at in range(3)))
    Subscription.objects.filter(plan=bad).update(
        version=PlanVersion.objects.filter(plan=bad).order_by("-number").first()
    )
    agree(entity, NEXT)
    assert Parked.objects.count() == 1
    assert Invoice.objects.count() == 1


@pytest.mark.django_db
def test_whoever_is_exempt_is_measured_by_what_they_pay() -> None:
    """The last bill was without a tax; held against the same price with it, it would look
    like a sixth more."""
    entity = isp()
    (row,) = having(entity, BEGAN, office_20(entity, 1))
    exempt(customer_id=row.customer_id, wished=Wished("EX-1", BEGAN, tax="vat"), by=SYSTEM)
    bill(entity_id=entity.pk, on=NEXT, by=SYSTEM)
    choose(entity_id=entity.pk, choices=BoundsPolicy(one_percent=10), by=SYSTEM)
    agree(entity, date(2027, 3, 1))
    assert not Parked.objects.exists()


_WHOLE = st.fixed_dictionaries(
    {
        "one_bill": st.booleans(),
        "zero_invoices": st.booleans(),
        "minimum_minor": st.sampled_from([0, 1600_00]),
    }
)
_CUSTOMER = st.fixed_dictionaries(
    {
        "plans": st.lists(st.sampled_from(range(6)), min_size=1, max_size=3, unique=True),
        "began": st.sampled_from([0, 5, 14, 30]),
        "what": st.sampled_from(["", "", "exempt", "promotion", "move", "dearer"]),
    }
)


class Rehearsed(TestCase):
    """Each example in a transaction of its own."""

    @given(
        policy=_WHOLE, people=st.lists(_CUSTOMER, min_size=1, max_size=4),
        after=st.integers(0, 45), bound=st.sampled_from([0, 0, 50]),
    )  # fmt: skip
    @settings(
        max_examples=6,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    def test_the_run_does_what_was_said(
        self, policy: dict[str, Any], people: list[dict[str, Any]], after: int, bound: int
    ) -> None:
        """Plans of every kind, several to a customer, changed and exempt: night after night."""
        forget_all()
        entity = isp()
        choose(entity_id=entity.pk, choices=BillingPolicy(**policy), by=SYSTEM)
        plans = _plans(entity)
        for one in people:
            on = BEGAN + timedelta(days=one["began"])
            rows = having(entity, on, *(plans[at] for at in one["plans"]))
            _lives(rows[0], one["what"], on, plans)
        choose(entity_id=entity.pk, choices=BoundsPolicy(one_percent=bound), by=SYSTEM)
        on = BEGAN + timedelta(days=31 + after)
        agree(entity, on)
        agree(entity, on + timedelta(days=17))


def _plans(entity: Entity) -> list[Plan]:
    return [
        home_10(entity), plan_of(entity, 5_000, 1500_01), office_20(entity), office_20(entity, 1),
        plan_of(entity, 4_000, 333_33, Plan.POSTPAID), plan_of(entity, 3_000, 0, Plan.POSTPAID),
    ]  # fmt: skip


def _lives(row: Subscription, what: str, on: date, plans: list[Plan]) -> None:
    """Something happens to one subscription before it is billed again."""
    if what == "exempt":
        exempt(customer_id=row.customer_id, wished=Wished("EX-1", on, tax="vat"), by=SYSTEM)
    elif what == "promotion":
        _promoted(row, on)
    elif what == "move":
        cheaper = plans[1] if row.plan.mode == Plan.PREPAID else plans[4]
        if row.plan_id != cheaper.pk:
            change_plan(subscription_id=row.pk, plan_id=cheaper.pk, on=on, when="term_end",
                        by=SYSTEM)  # fmt: skip
    elif what == "dearer":
        fresh = BEGAN + timedelta(days=45)
        if not PlanVersion.objects.filter(plan=row.plan_id, number=2).exists():
            version = publish_price(plan_id=row.plan_id, amount_minor=2999_99, valid_from=fresh,
                                    by=SYSTEM)  # fmt: skip
            change_price(version_id=version.pk, on=fresh, by=SYSTEM)


def _promoted(row: Subscription, on: date) -> None:
    add_promotion(
        entity_id=row.entity_id, code=f"HALF{row.pk}", name="Half price", percent=Decimal(50),
        periods=2, valid_from=BEGAN, by=SYSTEM,
    )  # fmt: skip
    grant(subscription_id=row.pk, code=f"half{row.pk}", on=on, by=SYSTEM)
