"""A code sent to a phone lets its holder in: once, for ten minutes, within five tries."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connections
from django.db.models import F

from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.messaging.models import Message
from waya.org.actors import SYSTEM
from waya.org.commands.people import open_entity
from waya.org.models import Entity
from waya.parties.commands.customers import register
from waya.parties.commands.sign_in import check_code, send_code
from waya.parties.models import Contact, SignInCode

AMINA = "+254700000418"
NOBODY = "+254700000999"


@pytest.fixture
def baraka(db: None) -> Entity:
    """Baraka Net, with Amina as a customer."""
    entity = open_entity(
        name="Baraka Net", legal_name="Baraka Net Ltd", country="KE", currency="KES",
        zone="Africa/Nairobi", phone="+254700000100", by=SYSTEM,
    )  # fmt: skip
    register(entity_id=entity.pk, name="Amina Hassan", phone=AMINA, site_name="Home", by=SYSTEM)
    return entity


def ask(entity: Entity, phone: str = AMINA, address: str = "203.0.113.9") -> str:
    return send_code(entity_id=entity.pk, phone_typed=phone, address=address, by=SYSTEM)


def check(entity: Entity, code: str, phone: str = AMINA) -> list[Contact]:
    return check_code(entity_id=entity.pk, phone=phone, code=code, by=SYSTEM)


def code_sent() -> str:
    found = re.search(r"\d{6}", Message.objects.latest("pk").body)
    assert found
    return found[0]


def other(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_the_right_code_gives_the_contacts_of_the_phone(baraka: Entity) -> None:
    register(entity_id=baraka.pk, name="Mama Amina", phone=AMINA, site_name="Shop", by=SYSTEM)
    assert ask(baraka, "0700 000 418") == AMINA
    contacts = check(baraka, code_sent())
    assert [contact.customer.name for contact in contacts] == ["Amina Hassan", "Mama Amina"]
    assert not Contact.objects.filter(phone=AMINA, verified_at=None).exists()


def test_a_code_serves_once(baraka: Entity) -> None:
    ask(baraka)
    check(baraka, code_sent())
    with pytest.raises(Refused, match="code_wrong"):
        check(baraka, code_sent())


def test_spaces_in_a_code_do_not_matter(baraka: Entity) -> None:
    ask(baraka)
    code = code_sent()
    assert check(baraka, f" {code[:3]} {code[3:]} ")


def test_five_wrong_tries_spend_it(baraka: Entity) -> None:
    ask(baraka)
    for _ in range(5):
        with pytest.raises(Refused, match="code_wrong"):
            check(baraka, other(code_sent()))
    with pytest.raises(Refused, match="code_wrong"):
        check(baraka, code_sent())


def test_only_the_latest_counts(baraka: Entity) -> None:
    ask(baraka)
    first = code_sent()
    ask(baraka)
    if first != code_sent():
        with pytest.raises(Refused, match="code_wrong"):
            check(baraka, first)
    assert check(baraka, code_sent())


def test_after_ten_minutes_it_is_too_late(baraka: Entity) -> None:
    ask(baraka)
    SignInCode.objects.update(expires_at=F("expires_at") - timedelta(minutes=10))
    with pytest.raises(Refused, match="code_wrong"):
        check(baraka, code_sent())


def test_the_code_is_not_in_the_table(baraka: Entity) -> None:
    ask(baraka)
    assert code_sent() not in SignInCode.objects.get().digest


def test_a_number_nobody_has_is_answered_the_same_and_no_sms_goes_out(baraka: Entity) -> None:
    assert ask(baraka, NOBODY) == NOBODY
    assert SignInCode.objects.filter(phone=NOBODY).count() == 1
    assert not Message.objects.exists()
    for _ in range(2):
        ask(baraka, NOBODY)
    with pytest.raises(Refused, match="too_many_codes"):
        ask(baraka, NOBODY)


def test_a_phone_gets_three_codes_in_ten_minutes(baraka: Entity) -> None:
    for _ in range(3):
        ask(baraka)
    with pytest.raises(Refused, match="too_many_codes") as refused:
        ask(baraka)
    assert refused.value.details == {"minutes": 10}
    SignInCode.objects.update(sent_at=clock.real_now() - timedelta(minutes=11))
    assert ask(baraka)


def test_an_address_cannot_ask_for_everybody(baraka: Entity) -> None:
    for number in range(30):
        ask(baraka, f"+2547000010{number:02d}")
    with pytest.raises(Refused, match="too_many_codes"):
        ask(baraka, "+254700001099")
    assert ask(baraka, "+254700001099", address="203.0.113.10")


@pytest.mark.django_db(transaction=True)
def test_a_wrong_try_is_counted_although_it_is_refused(baraka: Entity) -> None:
    ask(baraka)
    with pytest.raises(Refused):
        check(baraka, other(code_sent()))
    connections.close_all()
    assert SignInCode.objects.get().tries_left == 4
