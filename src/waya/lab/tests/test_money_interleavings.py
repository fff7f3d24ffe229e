"""However tellings cross each other: what we took is what moved, each receipt once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from waya.lab.daraja.knobs import Knobs
from waya.lab.daraja.station import running_daraja
from waya.lab.tests.till import Till, on_the_side, open_till
from waya.ledger.queries.balances import trial_balance, unbalanced
from waya.org.actors import SYSTEM
from waya.org.commands.policies import choose
from waya.payments.commands.take import drain
from waya.payments.models import Payment
from waya.payments.policy import PaymentPolicy

pytestmark = pytest.mark.django_db(transaction=True)

_phones = count(254_720_000_000)

# Each settlement stays knowable: what loses the push's answer leaves the confirmation.
FAULTS = st.fixed_dictionaries(
    {
        "duplicates": st.integers(0, 3),
        "duplicate_gap": st.sampled_from([0, 5]),
        "reorder": st.sampled_from([0, 2, 3]),
        "reorder_hold": st.just(40),
        "callback_before_ack": st.booleans(),
        "callback_delay": st.sampled_from([0, 10]),
        "drop_callbacks": st.integers(0, 1),
        "push_answer_lost": st.booleans(),
        "late_success": st.sampled_from([0, 10]),
        "amount_as": st.sampled_from(["documented", "decimal", "plain", "number", "fraction"]),
        "codes_as": st.sampled_from(["number", "text"]),
        "msisdn_as": st.sampled_from(["masked", "hashed", "clear"]),
    }
)
DEEDS = st.lists(
    st.sampled_from(["approve", "refuse", "time out", "paybill", "wrong account", "drain"]),
    min_size=1,
    max_size=6,
)


@pytest.fixture
def till(live_server: LiveServer, settings: Settings) -> Iterator[Till]:
    settings.PUBLIC_URL = live_server.url
    with running_daraja() as sim:
        till = open_till(sim, live_server.url)
        patient = PaymentPolicy(tell_refused_prompts=False)
        choose(entity_id=till.merchant.entity_id, choices=patient, by=SYSTEM)
        yield till


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(faults=FAULTS, deeds=DEEDS)
def test_what_we_took_is_what_moved(
    till: Till, faults: dict[str, object], deeds: list[str]
) -> None:
    till.sim.set(**{**_plain(), **faults})
    drains = []
    for deed in deeds:
        if deed == "drain":
            drains.append(on_the_side(lambda: drain(merchant_id=till.merchant.pk, by=SYSTEM)))
        else:
            _happens(till, deed, str(next(_phones)))
    for worker in drains:
        worker.join()
    till.work_off()
    assert till.taken() == till.settled()
    assert till.clearing() == sum(till.settled().values())
    books = trial_balance(till.merchant.entity_id)
    assert sum(one.amount.minor for one in books) == 0
    assert unbalanced(till.merchant.entity_id) == []
    held = {one.purpose: one.amount.minor for one in books}
    lost = Payment.objects.filter(customer=None).values_list("amount_minor", flat=True)
    assert -held.get("suspense", 0) == sum(lost)


def _happens(till: Till, deed: str, msisdn: str) -> None:
    row = till.customer(msisdn, f"Amina {msisdn[-4:]}")
    if deed == "paybill":
        till.pay(msisdn, row.customer.account_number, 2500)
    elif deed == "wrong account":
        till.pay(msisdn, "999999", 700)
    else:
        answers = {"approve": "0", "refuse": "1032", "time out": "1037"}
        till.sim.set(answer=answers[deed])
        till.ask(row, msisdn)


def _plain() -> dict[str, object]:
    usual = Knobs()
    return {"answer": usual.answer, "answer_delay": usual.answer_delay}
