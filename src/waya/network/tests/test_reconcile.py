"""A router is brought to what is wanted of it, whatever goes wrong in between."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from waya.kernel import clock
from waya.network import queries
from waya.network.commands.access import end, reveal_password
from waya.network.commands.reconcile import reconcile
from waya.network.commands.routers import change_login
from waya.network.commands.sessions import poll
from waya.network.commands.sweep import sweep
from waya.network.drivers.errors import Unreachable
from waya.network.models import DesiredAccess, Router
from waya.network.rules.access import WALLED, Put, PutProfile, Secret
from waya.network.tests.make import HOME, Network, Watched, want, wish
from waya.org.actors import SYSTEM
from waya.org.models import AuditRecord

pytestmark = pytest.mark.django_db


def work(router: Router) -> Router:
    """One try; gives the router's row as it is afterwards."""
    reconcile(router_id=router.pk, by=SYSTEM)
    router.refresh_from_db()
    return router


def row(name: str = "amina") -> DesiredAccess:
    return DesiredAccess.objects.get(name=name)


def told(action: str) -> list[AuditRecord]:
    return list(AuditRecord.objects.filter(action=action).order_by("pk"))


def try_now(router: Router) -> None:
    """Let the back-off have passed."""
    Router.objects.filter(pk=router.pk).update(next_try_at=clock.real_now())


def somebody(profile: str = "default") -> Secret:
    """A secret that does not carry our mark."""
    return Secret(profile=profile, enabled=True, ours=False)


def lose_the_line() -> None:
    raise Unreachable("connection reset by peer")


def test_what_is_wanted_is_put_read_back_and_confirmed(net: Network) -> None:
    router, fake = net.add()
    want(wish(router, cause_id=4), wish(router, "brian", walled=True))
    work(router)
    assert (router.wanted, router.confirmed, router.leased_by) == (1, 1, None)
    assert fake.secrets["amina"].profile == HOME.name
    assert fake.secrets["brian"].profile == WALLED.name
    assert fake.profiles[WALLED.name].address_list == "waya-walled"
    assert fake.passwords["amina"] == reveal_password(name="amina", by=SYSTEM)
    assert row().confirmed_at is not None
    confirmed = told("access.confirmed")
    assert {one.why["name"] for one in confirmed} == {"amina", "brian"}
    assert [one.cause_id for one in confirmed if one.why["name"] == "amina"] == [4]
    assert all(0 <= one.why["ms"] < 60_000 for one in confirmed)
    assert all(one.customer_id == 7 and one.entity_id for one in confirmed)


def test_walling_drops_the_session_and_only_that_one(net: Network) -> None:
    router, fake = net.add()
    want(wish(router), wish(router, "brian"))
    work(router)
    assert fake.dial("amina")
    assert fake.dial("brian")
    want(wish(router, walled=True))
    work(router)
    assert [session.name for session in fake.sessions] == ["brian"]
    assert fake.dial("amina")
    assert fake.rules[fake.sessions[-1].id].profile == WALLED.name


def test_a_session_dialled_between_the_wish_and_the_put_is_dropped(net: Network) -> None:
    router, fake = net.add()
    want(wish(router, walled=True))
    work(router)
    want(wish(router))
    fake.before_apply = lambda: fake.dial("amina")
    work(router)
    assert row().confirmed_at is not None
    assert fake.sessions == []


def test_a_session_dialled_between_the_look_and_the_put_is_dropped(net: Network) -> None:
    router, fake = net.add()
    want(wish(router, walled=True))
    work(router)
    assert fake.dial("amina")
    want(wish(router))

    def redial() -> None:
        fake.hang_up("amina")
        assert fake.dial("amina")

    fake.before_put = redial
    work(router)
    assert row().confirmed_at is not None
    assert fake.sessions == []


def test_a_worker_killed_between_secret_and_session_is_finished_by_the_next(net: Network) -> None:
    router, fake = net.add()
    want(wish(router))
    work(router)
    want(wish(router, walled=True))
    (owed,) = queries.owed(router.pk, 10)
    fake.take(PutProfile(WALLED))
    fake.take(Put("amina", owed.wanted))
    # The old session seems to have begun after the secret was written: uptimes are whole seconds.
    fake.dial("amina")
    dead = clock.real_now() + timedelta(seconds=20)
    Router.objects.filter(pk=router.pk).update(leased_until=dead)
    work(router)
    assert row().confirmed_at is None
    assert queries.routers_due(clock.real_now()) == []
    assert queries.routers_due(dead + timedelta(seconds=1)) == [router.pk]
    Router.objects.filter(pk=router.pk).update(leased_until=clock.real_now())
    work(router)
    assert row().confirmed_at is not None
    assert fake.sessions == []


def test_a_line_that_breaks_in_the_middle_is_dialled_again_at_once(net: Network) -> None:
    router, fake = net.add()
    want(wish(router))
    work(router)
    fake.after_apply = lose_the_line
    want(wish(router, walled=True))
    work(router)
    assert (row().confirmed_at is not None, fake.logins, router.failures) == (True, 2, 0)


def test_a_router_down_for_an_hour_holds_what_was_wanted_last_when_it_is_back(
    net: Network,
) -> None:
    router, fake = net.add()
    want(wish(router))
    work(router)
    fake.reachable = False
    want(wish(router, walled=True))
    for _ in range(12):
        try_now(router)
        work(router)
    assert (router.trouble, router.failures) == ("unreachable", 12)
    assert router.next_try_at is not None
    assert timedelta(0) < router.next_try_at - clock.real_now() <= timedelta(seconds=18)
    assert len(told("router.trouble")) == 1
    assert queries.access_of(wish(router).owner).state == "unreachable"  # type: ignore[union-attr]  # it is there
    want(wish(router))
    assert queries.access_of(wish(router).owner).state == "restoring"  # type: ignore[union-attr]  # it is there
    fake.reachable = True
    try_now(router)
    work(router)
    assert (router.trouble, router.failures, router.confirmed) == ("", 0, router.wanted)
    assert fake.secrets["amina"].profile == HOME.name
    assert [one.why["trouble"] for one in told("router.back")] == ["unreachable"]


def test_a_router_left_alone_is_not_asked_and_a_payment_meanwhile_is_served_when_due(
    net: Network,
) -> None:
    router, fake = net.add()
    fake.reachable = False
    want(wish(router))
    work(router)
    assert fake.logins == 1
    fake.reachable = True
    want(wish(router, "brian"))
    work(router)
    assert fake.logins == 1
    at = router.next_try_at
    assert at is not None
    assert queries.routers_due(at - timedelta(milliseconds=1)) == []
    assert queries.routers_due(at) == [router.pk]
    try_now(router)
    work(router)
    assert router.confirmed == router.wanted == 2


def test_a_wrong_password_is_said_and_not_asked_again_until_it_is_changed(net: Network) -> None:
    router, fake = net.add()
    fake.right_password = "changed by hand"
    want(wish(router))
    for _ in range(5):
        work(router)
        poll(router_id=router.pk, by=SYSTEM)
        want(wish(router, "brian"))
    assert (fake.logins, router.trouble) == (1, "wrong_password")
    assert router.next_try_at is not None
    assert router.next_try_at - clock.real_now() > timedelta(seconds=290)
    assert router.pk not in queries.routers_to_poll(clock.real_now())
    assert router.pk not in queries.routers_to_sweep(clock.real_now())
    assert queries.router_states(router.entity_id)[0].state == "failed"
    change_login(router_id=router.pk, host=router.host, port=router.port, username="waya",
                 password="changed by hand", by=SYSTEM)  # fmt: skip
    work(router)
    assert (fake.logins, router.trouble, router.confirmed) == (2, "", router.wanted)


def test_somebody_elses_name_is_a_conflict_told_once_and_holds_up_nobody(net: Network) -> None:
    router, fake = net.add()
    fake.secrets["amina"] = somebody()
    want(wish(router), wish(router, "brian"))
    for _ in range(3):
        work(router)
        Router.objects.filter(pk=router.pk).update(next_sweep_at=None)
        sweep(router_id=router.pk, by=SYSTEM)
    assert fake.secrets["amina"] == somebody()
    assert (row().conflict_since is not None, row().confirmed_at) == (True, None)
    assert row("brian").confirmed_at is not None
    assert router.confirmed == router.wanted
    assert len(told("access.conflict")) == 1
    assert queries.access_of(wish(router).owner).state == "conflict"  # type: ignore[union-attr]  # it is there
    del fake.secrets["amina"]
    sweep(router_id=router.pk, by=SYSTEM)
    work(router)
    assert (row().conflict_since, row().confirmed_at is not None) == (None, True)


def test_what_a_router_refuses_holds_up_nobody_and_is_tried_with_the_next_wish(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    router, fake = net.add()
    plain = Watched._put_profile
    monkeypatch.setattr(Watched, "_put_profile", lambda self, profile: None)
    want(wish(router, "brian", profile=fake_profile(fake)), wish(router))
    work(router)
    assert (row("brian").confirmed_at is not None, row().confirmed_at) == (True, None)
    assert "does not match any value of profile" in row().refusal
    assert queries.access_of(wish(router).owner).state == "failed"  # type: ignore[union-attr]  # it is there
    assert router.confirmed == router.wanted
    monkeypatch.setattr(Watched, "_put_profile", plain)
    want(wish(router, walled=True))
    work(router)
    assert (row().refusal, row().confirmed_at is not None) == ("", True)


def fake_profile(fake: Watched):  # type: ignore[no-untyped-def]
    """One that the router has already."""
    fake.profiles[WALLED.name] = WALLED
    return WALLED


def test_what_ends_is_shut_at_once_and_removed_by_the_sweep(net: Network) -> None:
    router, fake = net.add()
    want(wish(router))
    work(router)
    fake.dial("amina")
    end(owners=[wish(router).owner], cause_id=None, by=SYSTEM)
    work(router)
    assert (fake.secrets["amina"].enabled, fake.sessions) == (False, [])
    sweep(router_id=router.pk, by=SYSTEM)
    assert "amina" not in fake.secrets
    want(wish(router))
    work(router)
    assert fake.secrets["amina"].enabled


def test_a_round_costs_the_same_queries_for_four_names_and_for_fifty(net: Network) -> None:
    router, _ = net.add()
    want(wish(router, "first"))
    work(router)
    few, many = ([f"n{n}" for n in range(*ends)] for ends in ((0, 4), (4, 54)))
    counts = []
    for names in (few, many):
        want(*[wish(router, name) for name in names])
        with CaptureQueriesContext(connection) as caught:
            reconcile(router_id=router.pk, by=SYSTEM)
        counts.append(len(caught))
    assert counts[0] == counts[1]
    assert counts[1] <= 12


def test_whatever_gives_goes_before_whatever_takes(net: Network) -> None:
    router, fake = net.add()
    want(*[wish(router, f"late{number:03}", walled=True) for number in range(150)])
    want(wish(router, "zuri"))
    work(router)
    looked = next(at for at, step in enumerate(fake.taken) if not isinstance(step, Put))
    first = [step.name for step in fake.taken[:looked] if isinstance(step, Put)]
    assert first[0] == "zuri"
    assert len(first) == 100
    assert router.confirmed == router.wanted


@pytest.mark.django_db(transaction=True)
def test_what_is_wanted_during_a_round_is_served_by_the_same_worker(net: Network) -> None:
    router, fake = net.add()
    want(wish(router))

    def meanwhile() -> None:
        want(wish(router, walled=True), wish(router, "brian"))
        connections.close_all()

    fake.after_apply = meanwhile
    work(router)
    assert router.confirmed == router.wanted == 2
    assert fake.secrets["amina"].profile == WALLED.name
    assert fake.secrets["brian"].profile == HOME.name
    assert row().confirmed_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_nudge_during_a_round_that_then_fails_is_served(net: Network) -> None:
    router, fake = net.add()
    want(wish(router))
    reconcile(router_id=router.pk, by=SYSTEM)

    def meanwhile() -> None:
        want(wish(router, "brian"))
        reconcile(router_id=router.pk, by=SYSTEM)  # the nudged job finds the lease taken
        connections.close_all()
        fake.reachable = False

    fake.after_apply = meanwhile
    want(wish(router, walled=True))
    work(router)
    assert (router.trouble, row("brian").confirmed_at) == ("unreachable", None)
    fake.reachable = True
    assert router.next_try_at is not None
    assert queries.routers_due(router.next_try_at) == [router.pk]
    try_now(router)
    work(router)
    assert router.confirmed == router.wanted
    assert row("brian").confirmed_at is not None
    assert fake.secrets["amina"].profile == WALLED.name


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_at_once_one_talks(net: Network) -> None:
    router, fake = net.add()
    want(wish(router))
    arrived, leave = threading.Event(), threading.Event()

    def stay() -> None:
        arrived.set()
        assert leave.wait(10)

    fake.before_apply = stay

    def other() -> None:
        reconcile(router_id=router.pk, by=SYSTEM)
        connections.close_all()

    thread = threading.Thread(target=other)
    thread.start()
    assert arrived.wait(10)
    reconcile(router_id=router.pk, by=SYSTEM)  # returns at once
    assert row().confirmed_at is None
    assert fake.taken == []
    leave.set()
    thread.join(10)
    assert row().confirmed_at is not None
    assert len(told("access.confirmed")) == 1


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_was_too_slow_confirms_nothing(net: Network) -> None:
    router, fake = net.add()
    want(wish(router))

    def lose_the_lease() -> None:
        Router.objects.filter(pk=router.pk).update(leased_until=clock.real_now())
        reconcile(router_id=router.pk, by=SYSTEM)
        connections.close_all()

    fake.before_apply = lose_the_lease
    work(router)
    assert router.confirmed == router.wanted
    assert len(told("access.confirmed")) == 1
