"""What goes wrong between us and routers, against a running installation: it converges."""

from __future__ import annotations

import os
import signal
from datetime import timedelta

from tests.live.installation import Household, Installation, until

from waya.kernel import clock

_CONFLICT = """
select count(*) from network_desiredaccess where name = %s and conflict_since is not null
"""


def row_of(live: Installation, one: Household) -> dict[str, str]:
    """The household's secret, as an operator's own client shows it."""
    found: dict[str, str] = next(
        row for row in live.by_hand(one.mast) if row["name"] == one.username
    )
    return found


def test_a_worker_killed_between_the_change_and_its_proof_is_finished_by_the_next(
    live: Installation,
) -> None:
    one = live.household(mast=0)
    others = [live.household(mast=1), live.household(mast=2)]
    before = len(live.heard(0))
    live.faults(0, latency_ms=1500)
    try:
        live.pay(one)
        for other in others:
            live.pay(other)
        until(lambda: any(each["command"] == "/ppp/secret/set" for each in live.heard(0)[before:]),
              "the secret is changed")  # fmt: skip
        os.kill(live.pid("--queues network"), signal.SIGKILL)
        assert live.secret(one)["profile"] == "waya-5M-5M"
        assert not live.is_back(one)  # nobody has looked back yet
    finally:
        live.faults(0, latency_ms=0)
    until(lambda: live.is_back(one, *others), "all are back, by the next worker")
    assert [live.payments_of(each) for each in (one, *others)] == [2, 2, 2]


def test_who_pays_while_a_router_is_down_is_back_with_it_and_nobody_else_waits(
    live: Installation,
) -> None:
    one, other = live.household(mast=1), live.household(mast=2)
    live.faults(1, refuse=1)
    try:
        until(lambda: live.router(1, "trouble") == "unreachable", "the router is known to be down")
        until(lambda: live.router(1, "failures") >= 2, "it is being left alone")
        live.pay(one)
        live.pay(other)
        until(lambda: live.is_back(other), "nobody else waits", 10)
        assert live.secret(one)["profile"] == "waya-walled"
    finally:
        live.faults(1, refuse=0)
    until(lambda: live.is_back(one), "back with the router")
    until(lambda: live.router(1, "trouble") == "", "and its trouble is over")


def test_a_wrong_password_is_a_clear_state_and_is_not_tried_again_and_again(
    live: Installation,
) -> None:
    one, other = live.household(mast=2), live.household(mast=0)
    logins = f"{live.control}/logins?router=2"
    live.faults(2, wrong_passwords=10_000)
    live.http.post(f"{live.control}/reboot?router=2")
    until(lambda: live.router(2, "trouble") == "wrong_password", "it is known by its name")
    live.pay(one)
    live.pay(other)
    until(lambda: live.is_back(other), "the other routers are served")
    assert live.router(2, "next_try_at") > clock.real_now() + timedelta(minutes=4)
    refused = [each for each in live.http.get(logins).json() if each["outcome"] == "refused"]
    assert 1 <= len(refused) <= 4  # at most one for each kind of work, and what was in flight
    live.faults(2, wrong_passwords=0)
    live.program("-c", _SAY_PASSWORD_AGAIN, str(one.router_id))
    until(lambda: live.is_back(one), "served when the password is right")


_SAY_PASSWORD_AGAIN = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "waya.settings"
import django
django.setup()
from waya.network.commands.routers import change_login
from waya.network.models import Router
from waya.org.actors import SYSTEM
router = Router.objects.get(pk=sys.argv[1])
change_login(router_id=router.pk, host=router.host, port=router.port, username=router.username,
             password="waya", by=SYSTEM)
"""


def test_a_hand_edit_is_healed_and_told(live: Installation) -> None:
    one = live.household(mast=0)
    secrets = live.by_hand(0)
    free = {".id": row_of(live, one)[".id"], "profile": "waya-5M-5M"}
    secrets.update(**free)  # somebody lets a friend in
    live.http.post(f"{live.control}/disconnect?router=0", json={"name": one.username})
    told = "select field, outcome from network_handedit where name = %s"
    until(lambda: live.rows(told, one.username) == [("profile", "healed")], "it is told")
    until(lambda: live.is_walled(one), "and healed")


def test_a_name_that_somebody_else_made_is_left_alone_until_it_is_gone(live: Installation) -> None:
    one, neighbour = live.newcomers.pop(), live.household(mast=0)
    live.by_hand(one.mast).add(name=one.username, password="his own", profile="default")
    live.pay(one)
    live.pay(neighbour)
    until(lambda: live.one(_CONFLICT, one.username) == 1, "it is a conflict")
    until(lambda: live.is_back(neighbour), "which holds up nobody else")
    assert row_of(live, one)["password"] == "his own"
    assert row_of(live, one)["profile"] == "default"
    live.by_hand(one.mast).remove(row_of(live, one)[".id"])
    until(lambda: live.secret(one).get("profile") == "waya-5M-5M", "ours takes its place")
    until(lambda: live.one(_CONFLICT, one.username) == 0, "and the conflict is over")
