"""An Idempotency-Key: done once, answered the same."""

from __future__ import annotations

import pytest

from waya.api.tests.make import program
from waya.billing.tests import make
from waya.org.models import Entity, IdempotentAnswer
from waya.parties.models import Customer

pytestmark = pytest.mark.django_db

AMINA = {"name": "Amina Hassan", "phone": "0700 000 418", "site_name": "Lanet Estate"}


@pytest.fixture
def baraka() -> Entity:
    return make.isp()


def test_the_same_request_twice_makes_one_customer(baraka: Entity) -> None:
    bot = program(baraka)
    first = bot.post("/customers", AMINA, 201, key="amina-1")
    assert bot.post("/customers", AMINA, 201, key="amina-1") == first
    assert Customer.objects.count() == 1


def test_without_a_key_it_is_done_twice(baraka: Entity) -> None:
    bot = program(baraka)
    bot.post("/customers", AMINA, 201)
    bot.post("/customers", AMINA, 201)
    assert Customer.objects.count() == 2


def test_another_content_under_the_key_is_refused(baraka: Entity) -> None:
    bot = program(baraka)
    bot.post("/customers", AMINA, 201, key="amina-1")
    said = bot.post("/customers", AMINA | {"name": "Brian"}, 422, key="amina-1")
    assert said["code"] == "key_of_another"


def test_keys_of_two_tokens_do_not_meet(baraka: Entity) -> None:
    program(baraka).post("/customers", AMINA, 201, key="1")
    program(baraka).post("/customers", AMINA, 201, key="1")
    assert Customer.objects.count() == 2


def test_what_was_refused_may_be_tried_again_with_its_key(baraka: Entity) -> None:
    bot = program(baraka)
    bot.post("/customers", AMINA | {"phone": "hello"}, 422, key="k")
    assert not IdempotentAnswer.objects.exists()
    bot.post("/customers", AMINA, 201, key="k")


def test_a_key_is_of_use_only_to_who_may(baraka: Entity) -> None:
    program(baraka, "auditor").post("/customers", AMINA, 403, key="k")
    assert not IdempotentAnswer.objects.exists()


def test_an_unusable_key_is_refused(baraka: Entity) -> None:
    assert program(baraka).post("/customers", AMINA, 422, key="x" * 121)["code"] == "key_unusable"


def test_what_cannot_be_read_is_a_problem(baraka: Entity) -> None:
    assert program(baraka).post("/customers", "{", 400)["code"] == "unreadable"
