"""The outbox through the real driver into simulated telephones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from waya.kernel import clock
from waya.lab.daraja.station import RunningDaraja, running_daraja
from waya.messaging.commands import drain_outbox, send_many
from waya.messaging.models import Message
from waya.messaging.tests import make
from waya.org.actors import SYSTEM
from waya.org.models import Entity

pytestmark = pytest.mark.django_db

CHEBET, BRIAN = "254700000418", "254711000902"


@pytest.fixture
def sim() -> Iterator[RunningDaraja]:
    with running_daraja() as running:
        yield running


@pytest.fixture
def entity(sim: RunningDaraja) -> Entity:
    entity = make.baraka_net()
    make.gateway(entity, sim.url)
    return entity


def test_what_stands_in_the_outbox_lands_on_the_phone(sim: RunningDaraja, entity: Entity) -> None:
    says = [make.say(entity, f"paid:{n}", to=f"+{to}") for n, to in enumerate((CHEBET, BRIAN))]
    send_many(says=says, by=SYSTEM)
    assert drain_outbox(by=SYSTEM) == 2
    (text,) = sim.sms(CHEBET)
    assert text.startswith("Thank you Chebet, we received KES 2,500 (paid:0) for account 104 828")
    assert len(sim.sms(BRIAN)) == 1
    assert set(Message.objects.values_list("state", flat=True)) == {"sent"}


def test_without_balance_at_the_carrier_it_waits_and_goes_out_later(
    sim: RunningDaraja, entity: Entity
) -> None:
    sim.set(sms_status=405)
    send_many(says=[make.say(entity, "paid:1", to=f"+{CHEBET}")], by=SYSTEM)
    assert drain_outbox(by=SYSTEM) == 0
    row = Message.objects.get()
    assert (row.state, row.attempts) == ("waiting", 1)
    assert row.next_try_at > clock.real_now()
    sim.set(sms_status=101)
    Message.objects.update(next_try_at=clock.real_now())
    assert drain_outbox(by=SYSTEM) == 1
    assert len(sim.sms(CHEBET)) == 1


def test_a_number_that_the_carrier_refuses_fails_with_its_words(
    sim: RunningDaraja, entity: Entity
) -> None:
    sim.set(sms_status=403)
    send_many(says=[make.say(entity, "paid:1", to=f"+{CHEBET}")], by=SYSTEM)
    drain_outbox(by=SYSTEM)
    row = Message.objects.get()
    assert row.state == "failed"
    assert row.reason.startswith("403")
    assert sim.sms(CHEBET) == []
