"""A sign-up is one step: who, where, what, the quote and the prompt."""

from __future__ import annotations

import pytest

from waya.billing.tests.make import home_10, isp, office_20
from waya.kernel.errors import Refused
from waya.network.models import DesiredAccess, Router
from waya.orders.commands.join import Joined, join
from waya.org.actors import SYSTEM, Actor
from waya.org.models import Entity
from waya.parties.models import Customer
from waya.payments import providers
from waya.payments.drivers import DriverError, PromptSent
from waya.payments.drivers import Prompt as Wish
from waya.payments.models import Prompt
from waya.payments.tests import make
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db

VISITOR = Actor("visitor", None, "Portal", frozenset({"orders.join", "payments.prompt"}))


class Provider:
    """Takes every prompt, or is out of order."""

    def __init__(self) -> None:
        self.wishes: list[Wish] = []
        self.works = True

    def push(self, wish: Wish) -> PromptSent:
        if not self.works:
            raise DriverError("unreachable", "nobody there", retryable=True)
        self.wishes.append(wish)
        return PromptSent(f"ws_CO_{len(self.wishes)}", "m")


@pytest.fixture
def entity() -> Entity:
    return isp()


@pytest.fixture
def provider(entity: Entity, monkeypatch: pytest.MonkeyPatch) -> Provider:
    make.merchant(entity=entity)
    one = Provider()
    monkeypatch.setattr(providers, "driver_of", lambda merchant: one)
    return one


def _join(plan_id: int, entity: Entity, by: Actor = VISITOR, name: str = "Amina Korir") -> Joined:
    return join(
        entity_id=entity.pk, plan_id=plan_id, name=name, phone="0700 000 418",
        site_name="Plot 14, Lanet", directions="blue gate", language="sw", by=by,
    )  # fmt: skip


def test_everything_is_there_and_the_phone_is_asked(entity: Entity, provider: Provider) -> None:
    joined = _join(home_10(entity).pk, entity)
    assert (joined.customer.name, joined.customer.language) == ("Amina Korir", "sw")
    assert joined.subscription.state == Subscription.PENDING
    assert joined.subscription.site.name == "Plot 14, Lanet"
    assert joined.pro_forma is not None
    assert joined.pro_forma.total_minor == 2500_00
    assert joined.prompt is not None
    assert (joined.prompt.state, joined.prompt.key) == (Prompt.SENT, "ws_CO_1")
    (wish,) = provider.wishes
    assert (wish.phone, wish.amount_minor, wish.account) == (
        "+254700000418", 2500_00, joined.customer.account_number,
    )  # fmt: skip


def test_nothing_is_on_the_wire_until_it_is_paid(entity: Entity, provider: Provider) -> None:
    joined = _join(home_10(entity).pk, entity)
    assert not DesiredAccess.objects.exists()
    merchant = joined.prompt.merchant if joined.prompt else make.merchant()
    make.tell(merchant, "s", make.callback("ws_CO_1"))
    make.work_off(merchant)
    assert DesiredAccess.objects.get().name == joined.subscription.username


def test_a_form_that_is_sent_twice_joins_once(entity: Entity, provider: Provider) -> None:
    plan = home_10(entity)
    first, second = _join(plan.pk, entity), _join(plan.pk, entity)
    assert first.subscription == second.subscription
    assert first.prompt == second.prompt
    assert Customer.objects.count() == 1
    assert len(provider.wishes) == 1


def test_two_houses_with_one_phone_are_two_customers(entity: Entity, provider: Provider) -> None:
    plan = home_10(entity)
    _join(plan.pk, entity)
    _join(plan.pk, entity, name="Amina's shop")
    assert Customer.objects.count() == 2


def test_a_provider_out_of_order_takes_nothing_back(entity: Entity, provider: Provider) -> None:
    provider.works = False
    joined = _join(home_10(entity).pk, entity)
    assert joined.prompt is not None
    assert joined.prompt.state == Prompt.FAILED
    assert Subscription.objects.get().state == Subscription.PENDING


def test_without_a_paybill_there_is_no_prompt(entity: Entity) -> None:
    joined = _join(home_10(entity).pk, entity)
    assert joined.prompt is None
    assert joined.pro_forma is not None


def test_a_postpaid_plan_begins_by_agreement_only(entity: Entity) -> None:
    plan = office_20(entity)
    with pytest.raises(Refused, match="plan_by_agreement"):
        _join(plan.pk, entity)
    assert not Customer.objects.exists()
    joined = _join(plan.pk, entity, by=SYSTEM)
    assert (joined.pro_forma, joined.prompt) == (None, None)
    assert joined.subscription.state == Subscription.ACTIVE
    assert DesiredAccess.objects.get().enabled


def test_what_is_refused_leaves_nothing(entity: Entity, provider: Provider) -> None:
    Router.objects.all().delete()
    with pytest.raises(Refused, match="no_router"):
        _join(home_10(entity).pk, entity)
    with pytest.raises(Refused, match="plan_unknown"):
        _join(10**9, entity)
    assert not Customer.objects.exists()
    assert not provider.wishes
