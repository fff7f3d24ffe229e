"""Sweeps and polls: hand edits are healed and told, strangers' names left, sessions seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from waya.kernel import clock
from waya.network import queries, tasks
from waya.network.commands.reconcile import reconcile
from waya.network.commands.removals import remove_approved
from waya.network.commands.sessions import poll
from waya.network.commands.sweep import sweep
from waya.network.models import DesiredAccess, HandEdit, Router, Session
from waya.network.rules.access import WALLED, Secret
from waya.network.tests.make import HOME, Network, Watched, want, wish
from waya.org.actors import SYSTEM
from waya.org.commands.approvals import decide
from waya.org.models import Approval, AuditRecord

pytestmark = pytest.mark.django_db


def held(net: Network, *names: str) -> tuple[Router, Watched]:
    """A router that holds these names, proven, and was swept once."""
    router, fake = net.add()
    want(*[wish(router, name) for name in names])
    reconcile(router_id=router.pk, by=SYSTEM)
    sweep(router_id=router.pk, by=SYSTEM)
    return router, fake


def swept(router: Router) -> Router:
    """A sweep and the work it asks for."""
    sweep(router_id=router.pk, by=SYSTEM)
    reconcile(router_id=router.pk, by=SYSTEM)
    router.refresh_from_db()
    return router


def stranger(owner: int) -> Secret:
    """A secret with our mark that our books know nothing of."""
    mark = queries.mark(UUID(int=owner))
    return Secret(HOME.name, enabled=True, ours=True, mark=mark, since=clock.real_now())


def test_a_hand_edit_is_healed_and_told_with_its_words(net: Network) -> None:
    router, fake = held(net, "amina", "brian")
    fake.dial("amina")
    fake.secrets["amina"] = replace(fake.secrets["amina"], profile="default")
    swept(router)
    assert fake.secrets["amina"].profile == HOME.name
    assert fake.sessions == []
    edit = HandEdit.objects.get()
    assert (edit.name, edit.field, edit.should, edit.does, edit.outcome) == (
        "amina", "profile", HOME.name, "default", "healed")  # fmt: skip
    told = AuditRecord.objects.get(action="router.hand_edit")
    assert (told.customer_id, told.why["does"]) == (7, "default")
    swept(router)
    assert HandEdit.objects.count() == 1


def test_a_removed_secret_comes_back_and_a_changed_profile_too(net: Network) -> None:
    router, fake = held(net, "amina")
    del fake.secrets["amina"]
    fake.profiles[HOME.name] = replace(HOME, rate_limit="1M/1M")
    router = swept(router)
    assert fake.secrets["amina"].profile == HOME.name
    assert fake.profiles[HOME.name].rate_limit == "10M/10M"
    said = {(edit.name, edit.field, edit.does) for edit in HandEdit.objects.all()}
    assert said == {("amina", "secret", "absent"), (HOME.name, "limits", "1M/1M")}
    assert router.confirmed == router.wanted


def test_a_sweep_leaves_alone_what_is_owed_anyway(net: Network) -> None:
    router, _ = held(net, "amina")
    want(wish(router, walled=True))
    before = DesiredAccess.objects.get()
    sweep(router_id=router.pk, by=SYSTEM)
    after = DesiredAccess.objects.get()
    assert (after.since, after.number) == (before.since, before.number)
    assert HandEdit.objects.count() == 0


def test_a_sweep_installs_the_garden_and_learns_the_version(net: Network) -> None:
    router, fake = held(net, "amina")
    router.refresh_from_db()
    assert fake.garden is not None
    assert (fake.garden.portal_address, fake.garden.portal_port) == ("192.0.2.10", 80)
    assert (router.version, router.trouble) == ("7.16.2", "")
    assert router.prepared_at == router.swept_at
    assert queries.all_swept_since_start(router.entity_id)
    Router.objects.filter(pk=router.pk).update(swept_at=clock.real_now() - timedelta(hours=1))
    assert not queries.all_swept_since_start(router.entity_id)
    Router.objects.filter(pk=router.pk).update(trouble="unreachable")
    assert queries.all_swept_since_start(router.entity_id)


def test_a_few_with_our_mark_that_nobody_wants_are_removed(net: Network) -> None:
    router, fake = held(net, "amina")
    fake.secrets["ghost"] = stranger(3)
    fake.secrets["foreign"] = Secret("default", enabled=True, ours=False)
    swept(router)
    assert sorted(fake.secrets) == ["amina", "foreign"]


def test_many_removals_wait_for_a_person(net: Network) -> None:
    router, fake = held(net, "amina")
    ghosts = {f"ghost{number}": stranger(number) for number in range(11)}
    fake.secrets |= ghosts
    swept(router)
    swept(router)
    assert len(fake.secrets) == 12
    approval = Approval.objects.get()
    assert (approval.kind, len(approval.why["names"])) == ("network.remove", 11)
    assert queries.router_states(router.entity_id)[0].state == "waits"
    want(wish(router, "ghost5"))
    reconcile(router_id=router.pk, by=SYSTEM)
    decide(approval_id=approval.pk, grant=True, by=SYSTEM)
    remove_approved(approval_id=approval.pk, by=SYSTEM)
    assert sorted(fake.secrets) == ["amina", "ghost5"]
    approval.refresh_from_db()
    assert approval.state == Approval.DONE


def test_a_reboot_changes_nothing_that_is_wanted(net: Network) -> None:
    router, fake = held(net, "amina")
    fake.dial("amina")
    poll(router_id=router.pk, by=SYSTEM)
    fake.sessions.clear()
    fake.dial("amina")
    router = swept(router)
    assert (router.wanted, HandEdit.objects.count()) == (1, 0)
    assert DesiredAccess.objects.get().confirmed_at is not None
    assert len(fake.sessions) == 1


def test_a_poll_sees_who_is_online_and_writes_only_what_changed(net: Network) -> None:
    router, fake = held(net, "amina", "brian")
    owner = wish(router).owner
    assert queries.access_of(owner).presence == "offline"  # type: ignore[union-attr]
    fake.dial("amina")
    look(router)
    seen = queries.access_of(owner)
    assert seen is not None
    assert (seen.state, seen.presence, seen.session is not None) == ("holds", "online", True)
    assert queries.online_count(router.entity_id) == 1
    look(router)
    assert Session.objects.count() == 1
    fake.hang_up("amina")
    fake.dial("amina")  # another one, with another number
    look(router)
    ended = Session.objects.order_by("pk").values_list("ended_at", flat=True)
    assert [at is not None for at in ended] == [True, False]
    fake.hang_up("amina")
    look(router)
    assert queries.access_of(owner).presence == "offline"  # type: ignore[union-attr]
    Router.objects.filter(pk=router.pk).update(polled_at=clock.real_now() - timedelta(minutes=5))
    assert queries.access_of(owner).presence == "unknown"  # type: ignore[union-attr]


def look(router: Router) -> None:
    """Poll now, whenever the last one was."""
    Router.objects.filter(pk=router.pk).update(next_poll_at=clock.real_now())
    poll(router_id=router.pk, by=SYSTEM)


def test_a_poll_is_taken_by_one(net: Network) -> None:
    router, fake = held(net, "amina")
    Router.objects.filter(pk=router.pk).update(next_poll_at=clock.real_now())
    assert queries.routers_to_poll(clock.real_now()) == [router.pk]
    poll(router_id=router.pk, by=SYSTEM)
    assert queries.routers_to_poll(clock.real_now()) == []
    fake.reachable = False
    poll(router_id=router.pk, by=SYSTEM)  # not its time: nobody looks
    router.refresh_from_db()
    assert router.trouble == ""


def test_a_poll_that_finds_a_router_back_asks_for_what_it_is_owed(net: Network) -> None:
    router, fake = held(net, "amina")
    fake.reachable = False
    want(wish(router, walled=True))
    reconcile(router_id=router.pk, by=SYSTEM)
    assert queries.access_of(wish(router).owner).presence == "unknown"  # type: ignore[union-attr]
    assert queries.router_states(router.entity_id)[0].online is None
    fake.reachable = True
    ProcrastinateJob.objects.all()._raw_delete("default")
    Router.objects.filter(pk=router.pk).update(next_try_at=clock.real_now())
    look(router)
    assert ProcrastinateJob.objects.filter(task_name="network.reconcile").exists()
    reconcile(router_id=router.pk, by=SYSTEM)
    assert fake.secrets["amina"].profile == WALLED.name


def test_the_heartbeat_nudges_what_is_due_and_no_more(net: Network) -> None:
    for number in range(6):
        net.add(f"mast-{number}")
    tasks.due()
    tasks.due()
    names = list(ProcrastinateJob.objects.values_list("task_name", flat=True))
    counts = {name: names.count(name) for name in names}
    assert counts == {"network.poll": 6, "network.sweep": queries.SWEEPS_AT_ONCE}


def test_states_cost_the_same_queries_for_one_and_for_many(net: Network) -> None:
    router, _ = held(net, "amina")
    counts = []
    for names in (["n0"], [f"n{number}" for number in range(1, 40)]):
        want(*[wish(router, name) for name in names])
        owners = [wish(router, name).owner for name in names]
        with CaptureQueriesContext(connection) as caught:
            states = queries.access_states(owners)
            queries.router_states(router.entity_id)
        assert len(states) == len(names)
        counts.append(len(caught))
    assert counts[0] == counts[1]
    assert counts[1] <= 9
    assert queries.access_counts([router.pk]) == {router.pk: 41}


def test_as_many_are_online_as_should_be_at_most(net: Network) -> None:
    router, _ = held(net, "amina", "brian")
    want(wish(router, "brian", walled=True))
    now = clock.real_now()
    Session.objects.filter(router=router).delete()
    Session.objects.bulk_create(
        Session(router=router, key=f"*{number}", name=name, began_at=now, seen_at=now)
        for number, name in enumerate(["amina", "amina", "brian", "made-by-hand"])
    )
    Router.objects.filter(pk=router.pk).update(polled_at=now, trouble="")
    (state,) = queries.router_states(router.entity_id)
    assert (state.names, state.online, state.serving) == (2, 2, 1)
