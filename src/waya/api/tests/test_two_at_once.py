"""Two requests with one key at the same moment: one is done, the other waits and is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from waya.api.tests.make import Program, program
from waya.billing.tests import make
from waya.parties.models import Customer

AMINA = {"name": "Amina Hassan", "phone": "0700 000 418", "site_name": "Lanet Estate"}


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_customer() -> None:
    bot = program(make.isp())

    def post(_: int) -> str:
        try:
            return str(Program.post(bot, "/customers", AMINA, 201, key="amina-1")["id"])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(post, range(4)))
    assert len(set(answers)) == 1
    assert Customer.objects.count() == 1
