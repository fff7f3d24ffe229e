"""Wishes: what is new replaces what was, set-wise, and asks for the router's work."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.network.commands.access import end, reveal_password
from waya.network.commands.wishes import want_many
from waya.network.models import DesiredAccess, Router
from waya.network.rules.access import WALLED
from waya.network.rules.wishes import Held, changes
from waya.network.tests.make import HOME, Network, want, wish
from waya.org.actors import SYSTEM, Actor
from waya.org.models import AuditRecord
from waya.org.tests.make import acting

pytestmark = pytest.mark.django_db


def row(name: str = "amina") -> DesiredAccess:
    return DesiredAccess.objects.get(name=name)


def test_of_several_wishes_for_a_name_the_last_counts_and_an_end_of_nothing_is_nothing() -> None:
    router = Router(pk=1)
    home, walled = wish(router), wish(router, walled=True)
    assert changes([home, walled], {}) == [walled]
    held = {(1, "amina"): Held(WALLED.name, True, True, False, walled.owner)}
    assert changes([home, walled], held) == []
    assert changes([wish(router, ended=True)], {}) == []
    assert changes([replace(home, owner=UUID(int=9))], held) != []


def test_a_new_name_is_owed_with_a_password_of_its_own_and_its_router_is_nudged(
    net: Network,
) -> None:
    router, _ = net.add()
    want(wish(router), wish(router, "brian", walled=True))
    router.refresh_from_db()
    assert (router.wanted, router.confirmed) == (1, 0)
    assert (row().profile, row().number, row().confirmed_at) == (HOME.name, 1, None)
    assert row("brian").profile == WALLED.name
    passwords = {reveal_password(name=name, by=SYSTEM) for name in ("amina", "brian")}
    assert len(passwords) == 2
    assert all(len(password) == 12 for password in passwords)
    jobs = ProcrastinateJob.objects.filter(task_name="network.reconcile", status="todo")
    assert [job.args for job in jobs] == [{"router_id": router.pk}]


def test_asking_again_changes_nothing_and_a_change_keeps_the_password(net: Network) -> None:
    router, _ = net.add()
    want(wish(router))
    before, password = row(), reveal_password(name="amina", by=SYSTEM)
    want(wish(router))
    assert (row().since, row().number) == (before.since, before.number)
    want(wish(router, walled=True, cause_id=5))
    assert (row().number, row().cause_id, row().restricted) == (2, 5, True)
    assert row().since > before.since
    assert reveal_password(name="amina", by=SYSTEM) == password
    wanted = AuditRecord.objects.filter(action="access.wanted").order_by("pk")
    assert [one.why["profile"] for one in wanted] == [HOME.name, WALLED.name]
    assert [one.cause_id for one in wanted] == [None, 5]


def test_a_wish_costs_the_same_queries_for_four_names_and_for_fifty(net: Network) -> None:
    router, _ = net.add()
    want(wish(router, "first"))
    few, many = ([f"n{n}" for n in range(*ends)] for ends in ((0, 4), (4, 54)))
    counts = []
    for names in (few, many):
        with CaptureQueriesContext(
            connection,
        ) as caught:
            want(*[wish(router, name) for name in names])
        counts.append(len(caught))
    assert counts[0] == counts[1]
    assert counts[1] <= 14


def test_a_router_left_alone_is_tried_soon_again_unless_its_password_is_wrong(
    net: Network,
) -> None:
    router, _ = net.add()
    later = clock.real_now() + timedelta(minutes=5)
    for trouble, soon in (("unreachable", True), ("wrong_password", False)):
        Router.objects.filter(pk=router.pk).update(next_try_at=later, trouble=trouble)
        want(wish(router, trouble))
        router.refresh_from_db()
        assert router.next_try_at is not None
        assert (router.next_try_at < later) is soon


def test_what_ends_is_wanted_disabled(net: Network) -> None:
    router, _ = net.add()
    want(wish(router))
    end(owners=[wish(router).owner], cause_id=3, by=SYSTEM)
    assert (row().enabled, row().ended, row().cause_id) == (False, True, 3)
    number = row().number
    end(owners=[wish(router).owner], cause_id=4, by=SYSTEM)
    assert row().number == number


def test_a_password_is_shown_to_those_who_may_see_it_and_that_is_recorded(net: Network) -> None:
    router, _ = net.add()
    want(wish(router))
    with pytest.raises(Refused, match="not_allowed"):
        reveal_password(name="amina", by=acting("naomi", "cashier"))
    with pytest.raises(Refused, match="unknown_access"):
        reveal_password(name="nobody", by=SYSTEM)
    elsewhere = replace(SYSTEM, entity_id=router.entity_id + 1)
    with pytest.raises(Refused, match="unknown_access"):
        reveal_password(name="amina", by=elsewhere)
    reveal_password(name="amina", by=SYSTEM)
    shown = AuditRecord.objects.get(action="access.revealed")
    assert (shown.customer_id, shown.why) == (7, {"name": "amina"})


def test_wanting_needs_permission(net: Network) -> None:
    router, _ = net.add()
    with pytest.raises(Refused, match="not_allowed"):
        want_many(wishes=[wish(router)], by=Actor("person", 1, "Naomi"))
