"""The outbox: written with its cause, said once, sent in batches, never by two at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Barrier, Thread
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.messaging import commands, queries
from waya.messaging.drivers import Sms, SmsResult
from waya.messaging.drivers.fake import FakeSms
from waya.messaging.models import Message
from waya.messaging.policy import MessagePolicy
from waya.messaging.rules.words import Say
from waya.messaging.tests import make
from waya.org.actors import SYSTEM, Actor
from waya.org.commands.policies import choose
from waya.org.models import AuditRecord, Entity


class Carrier(FakeSms):
    """A carrier whose next answers can be scripted."""

    def __init__(self) -> None:
        super().__init__()
        self.answer: Callable[[Sms], SmsResult] | None = None

    def send(self, messages: Sequence[Sms]) -> list[SmsResult]:
        if self.answer is None:
            return super().send(messages)
        return [self.answer(message) for message in messages]


@pytest.fixture
def carrier(monkeypatch: pytest.MonkeyPatch) -> Carrier:
    one = Carrier()
    monkeypatch.setattr(commands, "_driver", lambda gateway: one)
    return one


@pytest.fixture
def entity(db: None) -> Entity:
    entity = make.baraka_net()
    make.gateway(entity, "http://127.0.0.1:9")
    return entity


def test_a_message_is_sent_and_stands_on_the_customer_s_timeline(
    entity: Entity, carrier: Carrier
) -> None:
    commands.send_many(says=[make.say(entity, "paid:1")], by=SYSTEM)
    assert commands.drain_outbox(by=SYSTEM) == 1
    row = Message.objects.get()
    assert (row.state, row.provider_id, row.parts) == ("sent", "fake-1", 1)
    assert row.sent_at is not None
    assert row.leased_until is None
    assert carrier.sent[0].body.startswith("Thank you Chebet, we received KES 2,500 (paid:1)")
    record = AuditRecord.objects.get(action="message.sent")
    assert (record.customer_id, record.entity_id) == (7, entity.pk)


def test_a_sign_in_code_is_forgotten_once_it_is_sent(entity: Entity, carrier: Carrier) -> None:
    code = Say(entity.pk, "+254700000418", "code", "en", {"code": "402913"}, once="code:1")
    commands.send_many(says=[code, make.say(entity, "paid:1")], by=SYSTEM)
    assert commands.drain_outbox(by=SYSTEM) == 2
    assert any("402913" in sms.body for sms in carrier.sent)
    assert Message.objects.get(key="code").body == ""
    assert Message.objects.get(key="received").body
    assert not AuditRecord.objects.filter(why__icontains="402913").exists()


def test_the_same_event_is_told_once(entity: Entity, carrier: Carrier) -> None:
    for _ in range(2):
        commands.send_many(says=[make.say(entity, "paid:1"), make.say(entity, "paid:2")], by=SYSTEM)
        commands.drain_outbox(by=SYSTEM)
    assert len(carrier.sent) == 2


def test_what_is_rolled_back_is_not_said(entity: Entity, carrier: Carrier) -> None:
    with transaction.atomic():
        commands.send_many(says=[make.say(entity, "paid:1")], by=SYSTEM)
        transaction.set_rollback(True)
    assert commands.drain_outbox(by=SYSTEM) == 0
    assert not Message.objects.exists()


def test_a_refused_telephone_fails_with_its_reason(entity: Entity, carrier: Carrier) -> None:
    carrier.answer = lambda sms: SmsResult(sms.reference, accepted=False, reason="403 Invalid")
    commands.send_many(says=[make.say(entity, "paid:1")], by=SYSTEM)
    commands.drain_outbox(by=SYSTEM)
    row = Message.objects.get()
    assert (row.state, row.reason) == ("failed", "403 Invalid")
    record = AuditRecord.objects.get(action="message.failed")
    assert record.why["reason"] == "403 Invalid"


def test_trouble_that_passes_is_tried_again_later_each_time_and_then_no_more(
    entity: Entity, carrier: Carrier
) -> None:
    carrier.answer = lambda sms: SmsResult(
        sms.reference, accepted=False, reason="502", retryable=True
    )
    commands.send_many(says=[make.say(entity, "paid:1")], by=SYSTEM)
    waits = []
    for _ in range(MessagePolicy().tries):
        assert Message.objects.get().state == "waiting"
        before = clock.real_now()
        commands.drain_outbox(by=SYSTEM)
        waits.append(Message.objects.get().next_try_at - before)
        Message.objects.update(next_try_at=before)
    assert Message.objects.get().state == "failed"
    assert waits[0] >= timedelta(seconds=15)
    assert waits[1] >= 2 * waits[0] - timedelta(seconds=1)
    assert waits[6] >= timedelta(minutes=15)


def test_who_has_no_phone_is_noted_and_holds_nobody_up(entity: Entity, carrier: Carrier) -> None:
    commands.send_many(
        says=[make.say(entity, "paid:1", to=""), make.say(entity, "paid:2")], by=SYSTEM
    )
    assert commands.drain_outbox(by=SYSTEM) == 1
    assert Message.objects.get(once="paid:1").reason == "no phone"


def test_at_night_only_what_is_urgent_goes_out(
    entity: Entity, carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(entity_id=entity.pk, choices=MessagePolicy(quiet_from_hour=22), by=SYSTEM)
    commands.send_many(
        says=[make.say(entity, "remind:1", key="reminder"), make.say(entity, "paid:1")], by=SYSTEM
    )
    zone = ZoneInfo("Africa/Nairobi")
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 21, 23, 0, tzinfo=zone))
    assert commands.drain_outbox(by=SYSTEM) == 1
    assert Message.objects.get(once="remind:1").state == "waiting"
    assert not queries.anything_due(at=clock.real_now())
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 22, 7, 0, tzinfo=zone))
    assert queries.anything_due(at=clock.real_now())
    assert commands.drain_outbox(by=SYSTEM) == 1


def test_urgent_messages_go_first(entity: Entity, carrier: Carrier) -> None:
    reminders = [make.say(entity, f"remind:{n}", key="reminder") for n in range(3)]
    commands.send_many(says=[*reminders, make.say(entity, "paid:1")], by=SYSTEM)
    commands.drain_outbox(by=SYSTEM)
    assert carrier.sent[0].body.startswith("Thank you")


def test_a_dead_worker_s_batch_is_sent_when_its_lease_ends(
    entity: Entity, carrier: Carrier
) -> None:
    commands.send_many(says=[make.say(entity, "paid:1")], by=SYSTEM)
    Message.objects.update(leased_until=clock.real_now() + timedelta(seconds=30))
    assert commands.drain_outbox(by=SYSTEM) == 0
    Message.objects.update(leased_until=clock.real_now() - timedelta(seconds=1))
    assert commands.drain_outbox(by=SYSTEM) == 1


def test_without_a_gateway_messages_wait(db: None, carrier: Carrier) -> None:
    entity = make.baraka_net()
    commands.send_many(says=[make.say(entity, "paid:1")], by=SYSTEM)
    assert commands.drain_outbox(by=SYSTEM) == 0
    held = queries.outbox(entity.pk, failed_since=clock.real_now())
    assert (held.waiting, held.has_gateway) == (1, False)


def test_each_entity_sends_in_its_own_name(entity: Entity, carrier: Carrier) -> None:
    other = make.baraka_net("Neema Fibre")
    make.gateway(other, "http://127.0.0.1:9")
    commands.send_many(says=[make.say(entity, "paid:1"), make.say(other, "paid:1")], by=SYSTEM)
    commands.drain_outbox(by=SYSTEM)
    assert sorted(sms.body.rsplit(". ")[-1] for sms in carrier.sent) == [
        "Baraka Net", "Neema Fibre",
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_send_the_same_message(carrier: Carrier) -> None:
    entity = make.baraka_net()
    make.gateway(entity, "http://127.0.0.1:9")
    commands.send_many(says=[make.say(entity, f"paid:{n}") for n in range(250)], by=SYSTEM)
    together = Barrier(2)

    def work() -> None:
        together.wait()
        try:
            commands.drain_outbox(by=SYSTEM)
        finally:
            connection.close()

    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(carrier.sent) == 250
    assert len({sms.reference for sms in carrier.sent}) == 250


def test_a_thousand_messages_cost_as_many_queries_as_one(
    entity: Entity, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    commands.send_many(says=[make.say(entity, "paid:first")], by=SYSTEM)
    with CaptureQueriesContext(connection) as one:
        commands.send_many(says=[make.say(entity, "paid:0")], by=SYSTEM)
    says = [make.say(entity, f"paid:{n}") for n in range(1, 1001)]
    with django_assert_num_queries(len(one)):
        commands.send_many(says=says, by=SYSTEM)


def test_only_who_may_send(entity: Entity) -> None:
    otieno = Actor("person", 2, "Otieno", frozenset({"network.view"}), entity.pk)
    with pytest.raises(Refused, match="not_allowed"):
        commands.send_many(says=[], by=otieno)
