"""The network's work against a simulated router on the wire, and everything that breaks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from waya.kernel import clock
from waya.lab.router.server import LabRouter, RunningRouter, Settings, running_router
from waya.network import queries
from waya.network.commands.access import reveal_password
from waya.network.commands.reconcile import LEASE_SECONDS, reconcile
from waya.network.commands.routers import add_router
from waya.network.commands.sweep import sweep
from waya.network.commands.wishes import want_many
from waya.network.drivers import lines
from waya.network.drivers.lines import Lines
from waya.network.models import DesiredAccess, HandEdit, Router
from waya.network.rules.access import WALLED, Profile, plan_profile
from waya.network.rules.wishes import Wish
from waya.org.actors import SYSTEM
from waya.org.tests.make import baraka_net

pytestmark = pytest.mark.django_db(transaction=True)

HOME = plan_profile(10_000, 5_000)
SETTINGS = Settings(redial_seconds=0.05)

_WORKER = """
import django, sys
django.setup()
from waya.network.commands.reconcile import reconcile
from waya.org.actors import SYSTEM
reconcile(router_id=int(sys.argv[1]), by=SYSTEM)
"""


@dataclass
class Mast:
    """A simulated router, and its row."""

    lab: RunningRouter
    row: Router

    def want(self, name: str, profile: Profile = HOME) -> None:
        """One wish."""
        wish = Wish(
            router_id=self.row.pk,
            name=name,
            profile=profile,
            enabled=True,
            restricted=profile == WALLED,
            owner=uuid.uuid5(uuid.NAMESPACE_DNS, name),
            customer_id=None,
            cause_id=None,
        )
        want_many(wishes=[wish], by=SYSTEM)

    def work(self) -> Router:
        """One try, whenever the next was to be."""
        Router.objects.filter(pk=self.row.pk).update(next_try_at=None)
        reconcile(router_id=self.row.pk, by=SYSTEM)
        self.row.refresh_from_db()
        return self.row

    def serve(self, name: str) -> None:
        """A customer who holds their secret and is online."""
        self.want(name)
        self.work()
        password = reveal_password(name=name, by=SYSTEM)
        self.lab.call(lambda router: router.plug_in(name, password))
        self.lab.until(lambda router: router.is_online(name))

    def proven(self, name: str) -> bool:
        """Whether the router was read back."""
        return DesiredAccess.objects.get(name=name).confirmed_at is not None

    def holds(self, name: str) -> str:
        """The profile that the router has for a name."""
        secret = self.lab.call(lambda router: router.secret(name))
        return secret["profile"] if secret else ""

    def logins(self) -> int:
        """How often somebody tried to log in."""
        return self.lab.call(lambda router: len(router.machine.logins))


@pytest.fixture
def mast(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mast]:
    kept = Lines()
    monkeypatch.setattr(lines, "LINES", kept)
    with running_router(SETTINGS) as lab:
        row = add_router(
            entity_id=baraka_net().pk, name="lanet-1", place="Lanet", host="127.0.0.1",
            port=lab.port, username="waya", password="waya", portal_host="127.0.0.1",
            portal_port=8800, by=SYSTEM,
        )  # fmt: skip
        yield Mast(lab, row)
        kept.close()


def test_walled_and_back_the_box_redials_into_what_is_wanted(mast: Mast) -> None:
    mast.serve("amina")
    mast.want("amina", WALLED)
    mast.work()
    mast.lab.until(lambda router: router.is_walled("amina"))
    mast.want("amina")
    mast.work()
    mast.lab.until(lambda router: router.is_online("amina") and not router.is_walled("amina"))
    assert mast.proven("amina")
    assert mast.logins() == 1


@pytest.mark.parametrize("replies", range(0, 12, 2))
def test_a_line_cut_anywhere_is_finished_afterwards(mast: Mast, replies: int) -> None:
    mast.serve("amina")
    mast.want("amina", WALLED)
    mast.lab.call(lambda router: router.faults(replies_until_drop=replies, drops=2))
    for _ in range(4):
        mast.work()
    assert mast.proven("amina")
    assert mast.holds("amina") == WALLED.name
    mast.lab.until(lambda router: router.is_walled("amina"))


def test_a_reboot_under_a_kept_line_is_not_noticed_by_the_next_wish(mast: Mast) -> None:
    mast.serve("amina")
    mast.lab.call(lambda router: router.reboot())
    mast.want("amina", WALLED)
    reconcile(router_id=mast.row.pk, by=SYSTEM)
    assert mast.proven("amina")
    mast.lab.until(lambda router: router.is_walled("amina"))


def test_a_refusing_router_is_left_alone_and_served_when_it_is_back(mast: Mast) -> None:
    mast.serve("amina")
    mast.lab.call(lambda router: router.faults(refuse=1))
    mast.want("amina", WALLED)
    reconcile(router_id=mast.row.pk, by=SYSTEM)
    mast.row.refresh_from_db()
    assert (mast.row.trouble, mast.proven("amina")) == ("unreachable", False)
    mast.want("brian")
    mast.lab.call(lambda router: router.faults(refuse=0))
    mast.work()
    assert (mast.row.trouble, mast.proven("amina"), mast.proven("brian")) == ("", True, True)


def test_a_wrong_password_is_tried_once(mast: Mast) -> None:
    mast.lab.call(lambda router: router.faults(wrong_passwords=100))
    mast.want("amina")
    for _ in range(5):
        reconcile(router_id=mast.row.pk, by=SYSTEM)
    mast.row.refresh_from_db()
    assert (mast.row.trouble, mast.logins()) == ("wrong_password", 1)


def test_a_hand_edit_is_healed_and_a_strangers_name_untouched(mast: Mast) -> None:
    mast.serve("amina")
    sweep(router_id=mast.row.pk, by=SYSTEM)
    mast.lab.call(by_hand("/ppp/secret/set", numbers="amina", profile="default"))
    mast.lab.call(by_hand("/ppp/secret/add", name="brian", password="his own"))
    mast.want("brian")
    sweep(router_id=mast.row.pk, by=SYSTEM)
    mast.work()
    assert (mast.holds("amina"), mast.proven("amina")) == (HOME.name, True)
    assert (mast.holds("brian"), mast.proven("brian")) == ("default", False)
    assert {(edit.name, edit.outcome) for edit in HandEdit.objects.all()} == {
        ("amina", "healed"), ("brian", "conflict")}  # fmt: skip
    mast.lab.until(lambda router: router.is_online("amina"))


def by_hand(command: str, **given: str) -> Callable[[LabRouter], object]:
    """What somebody does in Winbox."""
    return lambda router: router.by_hand(command, **given)


def test_a_worker_killed_in_the_middle_is_finished_by_the_next(mast: Mast) -> None:
    mast.serve("amina")
    heard = mast.lab.call(lambda router: router.machine.commands_heard)
    mast.lab.call(lambda router: router.faults(latency_ms=150))
    mast.want("amina", WALLED)
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORKER, str(mast.row.pk)],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "waya.settings"},
    )
    try:  # killed when the secret is written, and before its session can be dropped
        mast.lab.until(lambda router: _wrote_secret(router, heard), seconds=30)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    mast.lab.call(lambda router: router.faults(latency_ms=0))
    assert not mast.proven("amina")
    mast.row.refresh_from_db()
    assert mast.row.leased_until is not None
    assert mast.row.leased_until - clock.real_now() <= timedelta(seconds=LEASE_SECONDS)
    reconcile(router_id=mast.row.pk, by=SYSTEM)
    assert not mast.proven("amina")  # the dead one's lease stands until it runs out
    Router.objects.filter(pk=mast.row.pk).update(leased_until=clock.real_now())
    assert queries.routers_due(clock.real_now()) == [mast.row.pk]
    mast.work()
    assert mast.proven("amina")
    mast.lab.until(lambda router: router.is_walled("amina"))


def _wrote_secret(router: LabRouter, heard: int) -> bool:
    fresh = list(router.machine.heard)[heard - router.machine.commands_heard :]
    return any(one.command == "/ppp/secret/set" for one in fresh)
