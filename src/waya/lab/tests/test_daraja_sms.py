"""Texts through the real Africa's Talking driver into simulated telephones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from waya.lab.daraja.listener import listening
from waya.lab.daraja.station import RunningDaraja, running_daraja
from waya.messaging.drivers import Sms, SmsDriver
from waya.messaging.drivers.africastalking import AfricasTalking, Credentials
from waya.messaging.drivers.fake import FakeSms

AMINA, BRIAN = "254700000418", "254711000902"
USUAL = Credentials("sandbox", "lab-sms-key", sender="BARAKA")


@pytest.fixture
def sim() -> Iterator[RunningDaraja]:
    with running_daraja() as running:
        yield running


@pytest.fixture
def carrier(sim: RunningDaraja) -> Iterator[AfricasTalking]:
    driver = AfricasTalking(USUAL, sim.url)
    yield driver
    driver.close()


def test_a_text_lands_in_the_inbox(sim: RunningDaraja, carrier: AfricasTalking) -> None:
    [result] = carrier.send([Sms(f"+{AMINA}", "Asante Amina", "m1")])
    assert result.accepted
    assert result.provider_id.startswith("ATXid_")
    assert result.cost_text == "KES 0.8000"
    assert sim.phone(AMINA)["messages"][0] | {"at": ""} == {
        "at": "",
        "sender": "BARAKA",
        "text": "Asante Amina",
    }


def test_each_message_has_its_own_answer_in_order(
    sim: RunningDaraja, carrier: AfricasTalking
) -> None:
    results = carrier.send(
        [
            Sms(f"+{AMINA}", "same", "1"),
            Sms("+12025550100", "same", "2"),
            Sms(f"+{BRIAN}", "other", "3"),
            Sms(f"+{AMINA}", "same", "4"),  # the same words twice to one telephone
        ]
    )
    assert [(r.reference, r.accepted) for r in results] == [
        ("1", True),
        ("2", False),
        ("3", True),
        ("4", True),
    ]
    assert "403" in results[1].reason
    assert not results[1].retryable
    assert sim.sms(AMINA) == ["same", "same"]
    assert sim.sms(BRIAN) == ["other"]


def test_many_telephones_share_requests(sim: RunningDaraja, carrier: AfricasTalking) -> None:
    messages = [Sms(f"+2547000{n:05}", "Reminder", str(n)) for n in range(250)]
    results = carrier.send(messages)
    assert [r.reference for r in results] == [m.reference for m in messages]
    assert all(r.accepted for r in results)


@pytest.mark.parametrize(("status", "retryable"), [(405, True), (406, False), (500, True)])
def test_refusals_say_whether_to_try_again(
    sim: RunningDaraja, carrier: AfricasTalking, status: int, retryable: bool
) -> None:
    sim.set(sms_status=status)
    [result] = carrier.send([Sms(f"+{AMINA}", "hello", "1")])
    assert (result.accepted, result.retryable) == (False, retryable)
    assert sim.sms(AMINA) == []


def test_trouble_is_an_answer_and_not_an_exception(
    sim: RunningDaraja, carrier: AfricasTalking
) -> None:
    sim.set(sms_http=503)
    assert carrier.send([Sms(f"+{AMINA}", "hello", "1")])[0].retryable
    wrong = AfricasTalking(Credentials("sandbox", "wrong"), sim.url)
    [refused] = wrong.send([Sms(f"+{AMINA}", "hello", "1")])
    wrong.close()
    assert (refused.accepted, refused.retryable) == (False, False)
    nobody = AfricasTalking(USUAL, "http://127.0.0.1:9")
    assert nobody.send([Sms(f"+{AMINA}", "hello", "1")])[0].retryable
    nobody.close()


def test_a_lost_answer_is_never_sent_again() -> None:
    with listening(("/version1/messaging",)) as silent:
        silent.delays["/version1/messaging"] = 2
        driver = AfricasTalking(USUAL, silent.url, timeout_seconds=1)
        [result] = driver.send([Sms(f"+{AMINA}", "hello", "1")])
        driver.close()
    assert (result.accepted, result.retryable) == (False, False)


@pytest.mark.parametrize(
    "answer", [{}, {"SMSMessageData": []}, {"SMSMessageData": {"Message": "x"}}]
)
def test_unreadable_answers_are_not_sent_again(answer: dict[str, object]) -> None:
    with listening(("/version1/messaging",)) as odd:
        odd.answers["/version1/messaging"] = (201, answer)
        driver = AfricasTalking(USUAL, odd.url)
        [result] = driver.send([Sms(f"+{AMINA}", "hello", "1")])
        driver.close()
    assert (result.accepted, result.retryable) == (False, False)


def test_the_fake_keeps_the_same_promises() -> None:
    fake: SmsDriver = FakeSms(refusing={f"+{BRIAN}": "403 InvalidPhoneNumber"})
    results = fake.send([Sms(f"+{AMINA}", "hello", "1"), Sms(f"+{BRIAN}", "hello", "2")])
    assert [(r.reference, r.accepted) for r in results] == [("1", True), ("2", False)]
    assert results[1].reason
