"""A provider that asks first is let through, unless policy wants typing errors refused."""

from __future__ import annotations

import json

import pytest

from waya.org.actors import SYSTEM
from waya.org.commands.policies import choose
from waya.payments.models import Merchant
from waya.payments.policy import PaymentPolicy
from waya.payments.tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def merchant() -> Merchant:
    return make.merchant()


def _code(merchant: Merchant, raw: bytes) -> str:
    answer = make.tell(merchant, "v", raw)
    assert answer.status == 200
    return str(json.loads(answer.body)["ResultCode"])


def test_money_is_taken_whatever_is_typed(merchant: Merchant) -> None:
    for raw in (make.confirmation("999999"), make.confirmation(""), b"garbage"):
        assert _code(merchant, raw) == "0"


def test_by_policy_an_account_that_nobody_has_is_refused_while_it_is_typed(
    merchant: Merchant,
) -> None:
    number = make.asked(merchant.entity).customer.account_number
    strict = PaymentPolicy(validation_rejects_unknown=True)
    choose(entity_id=merchant.entity_id, choices=strict, by=SYSTEM)
    assert _code(merchant, make.confirmation(number)) == "0"
    assert _code(merchant, make.confirmation(f"a/c {number}")) == "0"
    slip = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert _code(merchant, make.confirmation(slip)) == "C2B00012"
    assert _code(merchant, b"garbage") == "0"
