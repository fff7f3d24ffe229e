"""Customers are told apart by tags."""

from __future__ import annotations

import pytest

from waya.kernel.errors import Refused
from waya.org.actors import SYSTEM
from waya.org.models import AuditRecord
from waya.org.tests.make import acting, baraka_net
from waya.parties.commands.customers import register
from waya.parties.commands.tags import tag
from waya.parties.models import Customer

pytestmark = pytest.mark.django_db


def amina() -> Customer:
    return register(entity_id=baraka_net().pk, name="Amina Hassan", phone="0700000416",
                    site_name="Lanet", by=SYSTEM)[0]  # fmt: skip


def test_tags_are_kept_alike_and_replace_each_other() -> None:
    customer = amina()
    assert customer.tags == []
    kept = tag(customer_id=customer.pk, tags=["VIP", " vip", "Big  School", ""], by=SYSTEM)
    assert kept == ["big-school", "vip"]
    tag(customer_id=customer.pk, tags=kept, by=SYSTEM)
    assert AuditRecord.objects.filter(action="customer.tagged").count() == 1
    tag(customer_id=customer.pk, tags=["vip"], by=SYSTEM)
    customer.refresh_from_db()
    assert customer.tags == ["vip"]


def test_a_long_tag_and_a_stranger_are_refused() -> None:
    customer = amina()
    with pytest.raises(Refused, match="tag_too_long"):
        tag(customer_id=customer.pk, tags=["x" * 31], by=SYSTEM)
    with pytest.raises(Refused, match="not_allowed"):
        tag(customer_id=customer.pk, tags=["vip"], by=acting("wanjiku", "auditor"))
