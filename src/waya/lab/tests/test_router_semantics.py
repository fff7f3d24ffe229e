"""What the simulated router's secrets, sessions and boxes do to one another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from waya.lab.router.server import LabRouter, Settings, Trap

QUICK = Settings(redial_seconds=0.02)


def in_lab(test: Callable[[LabRouter], Awaitable[None]], settings: Settings = QUICK) -> None:
    async def run() -> None:
        async with LabRouter(settings) as lab:
            await test(lab)

    asyncio.run(run())


async def online(lab: LabRouter, name: str = "amina", **secret: str) -> None:
    """A customer with a secret, online."""
    lab.by_hand("/ppp/secret/add", name=name, password="pw", service="pppoe", **secret)
    lab.plug_in(name, "pw", "02:00:00:00:00:01")
    await lab.until(lambda: lab.is_online(name))


def walled_profile(lab: LabRouter) -> None:
    lab.by_hand(
        "/ppp/profile/add", name="walled", rate_limit="256k/512k", address_list="waya-walled"
    )


def test_a_box_dials_until_its_secret_lets_it_in() -> None:
    async def test(lab: LabRouter) -> None:
        lab.plug_in("amina", "pw")
        await lab.until(lambda: lab.machine.ppp.cpes["amina"].trouble != "")
        lab.by_hand("/ppp/secret/add", name="amina", password="other")
        await lab.until(lambda: lab.machine.ppp.cpes["amina"].timer is None)
        assert not lab.is_online("amina")
        lab.by_hand("/ppp/secret/set", numbers="amina", password="pw", disabled="yes")
        await lab.until(lambda: lab.machine.ppp.cpes["amina"].timer is None)
        assert not lab.is_online("amina")
        lab.by_hand("/ppp/secret/enable", numbers="amina")
        await lab.until(lambda: lab.is_online("amina"))

    in_lab(test)


@pytest.mark.parametrize(
    "secret", [{"service": "l2tp"}, {"caller_id": "02:00:00:00:00:99"}], ids=str
)
def test_a_secret_for_something_else_lets_no_box_in(secret: dict[str, str]) -> None:
    async def test(lab: LabRouter) -> None:
        lab.by_hand("/ppp/secret/add", **{"name": "amina", "password": "pw", **secret})
        lab.plug_in("amina", "pw", "02:00:00:00:00:01")
        await lab.until(lambda: "authentication failed" in lab.machine.ppp.cpes["amina"].trouble)
        assert not lab.is_online("amina")

    in_lab(test)


def test_disabling_or_changing_a_secret_leaves_its_session() -> None:
    async def test(lab: LabRouter) -> None:
        walled_profile(lab)
        await online(lab)
        before = lab.sessions()
        lab.by_hand("/ppp/secret/set", numbers="amina", profile="walled")
        lab.by_hand("/ppp/secret/disable", numbers="amina")
        assert lab.sessions()[0]["session-id"] == before[0]["session-id"]
        assert not lab.is_walled("amina")
        lab.by_hand("/ppp/secret/remove", numbers="amina")
        assert lab.is_online("amina")

    in_lab(test)


def test_a_kicked_box_dials_again_into_the_new_rule_and_all_that_follows_it() -> None:
    async def test(lab: LabRouter) -> None:
        walled_profile(lab)
        await online(lab)
        assert lab.by_hand("/queue/simple/print") == []
        lab.by_hand("/ppp/secret/set", numbers="amina", profile="walled")
        lab.by_hand("/ppp/active/remove", id=lab.sessions()[0][".id"])
        assert not lab.is_online("amina")
        await lab.until(lambda: lab.is_walled("amina"))
        (queue,) = lab.by_hand("/queue/simple/print")
        assert (queue["name"], queue["max-limit"]) == ("<pppoe-amina>", "256000/512000")
        (listed,) = lab.by_hand("/ip/firewall/address-list/print")
        (session,) = lab.sessions()
        assert (listed["list"], listed["address"]) == ("waya-walled", session["address"])
        assert session["caller-id"] == "02:00:00:00:00:01"
        names = [row["name"] for row in lab.by_hand("/interface/print")]
        assert names == ["ether1", "<pppoe-amina>"]
        with pytest.raises(Trap, match="can not remove dynamic"):
            lab.by_hand("/queue/simple/remove", id=queue[".id"])
        lab.by_hand("/ppp/secret/disable", numbers="amina")
        lab.by_hand("/ppp/active/remove", id=session[".id"])
        assert lab.by_hand("/queue/simple/print") == []
        assert lab.by_hand("/ip/firewall/address-list/print") == []

    in_lab(test)


def test_a_session_ends_at_its_time() -> None:
    async def test(lab: LabRouter) -> None:
        lab.by_hand("/ppp/profile/add", name="pass", session_timeout="1h")
        await online(lab, profile="pass")
        session = lab.machine.ppp.by_name["amina"][0]
        assert session.timer is not None
        left = session.timer.when() - asyncio.get_running_loop().time()
        assert 3500 < left <= 3600
        lab.by_hand("/ppp/secret/disable", numbers="amina")
        session.timer.cancel()
        lab.machine.ppp.end(session, "session timeout")
        assert not lab.is_online("amina")

    in_lab(test)


def test_addresses_come_from_the_profiles_pool_and_run_out() -> None:
    async def test(lab: LabRouter) -> None:
        lab.by_hand("/ip/pool/add", name="small", ranges="10.5.0.8-10.5.0.9")
        lab.by_hand("/ppp/profile/add", name="home", remote_address="small")
        for name in ("amina", "brian"):
            await online(lab, name, profile="home")
        assert sorted(row["address"] for row in lab.sessions()) == ["10.5.0.8", "10.5.0.9"]
        lab.by_hand("/ppp/secret/add", name="chebet", password="pw", profile="home")
        lab.plug_in("chebet", "pw")
        await lab.until(lambda: "no more addresses" in lab.machine.ppp.cpes["chebet"].trouble)
        with pytest.raises(Trap, match="does not match any value of remote-address"):
            lab.by_hand("/ppp/profile/set", numbers="home", remote_address="unheard-of")

    in_lab(test)


def test_a_secrets_own_address_wins() -> None:
    async def test(lab: LabRouter) -> None:
        await online(lab, remote_address="41.90.1.7")
        assert lab.sessions()[0]["address"] == "41.90.1.7"

    in_lab(test)


def test_a_profile_without_addresses_warns_in_the_log() -> None:
    async def test(lab: LabRouter) -> None:
        lab.by_hand("/ppp/profile/add", name="bare")
        await online(lab, profile="bare")
        assert lab.sessions()[0]["address"].startswith("10.112.")
        messages = [row["message"] for row in lab.by_hand("/log/print")]
        assert "<pppoe-amina>: could not determine remote address" in messages

    in_lab(test)


def test_references_follow_a_new_name_and_outlive_what_they_name() -> None:
    async def test(lab: LabRouter) -> None:
        walled_profile(lab)
        lab.by_hand("/ppp/secret/add", name="amina", password="pw", profile="walled")
        lab.by_hand("/ppp/profile/set", numbers="walled", name="garden")
        assert lab.secrets()[0]["profile"] == "garden"
        lab.by_hand("/ppp/profile/remove", numbers="garden")
        assert lab.secrets()[0]["profile"].startswith("*")
        lab.plug_in("amina", "pw")
        await lab.until(lambda: lab.machine.ppp.cpes["amina"].trouble == "no profile")

    in_lab(test)


@pytest.mark.parametrize(
    ("command", "given", "words"),
    [
        ("/ppp/secret/add", {}, "missing =name="),
        ("/ppp/secret/add", {"name": "a", "service": "telex"}, "any value of service"),
        ("/ppp/secret/add", {"name": "a", "disabled": "maybe"}, "invalid value for argument"),
        ("/ppp/profile/add", {"name": "p", "rate_limit": "fast"}, "argument rate-limit"),
        ("/ppp/profile/add", {"name": "p", "session_timeout": "soon"}, "argument session-timeout"),
        ("/ppp/profile/add", {"name": "default"}, "profile with the same name already exists"),
        ("/ppp/profile/remove", {"numbers": "default"}, "can not remove default profile"),
        ("/ip/pool/add", {"name": "customers", "ranges": "10.1.0.1"}, "such name exists"),
        ("/ip/pool/add", {"name": "p", "ranges": "ten"}, "invalid value for argument ranges"),
        ("/ppp/secret/set", {"numbers": "nobody", "disabled": "yes"}, "no such item"),
        ("/ppp/secret/set", {"disabled": "yes"}, "missing =.id="),
        ("/ppp/active/add", {"name": "a"}, "no such command"),
        ("/system/resource/set", {"name": "a"}, "no such command"),
    ],
)
def test_what_the_router_refuses(command: str, given: dict[str, str], words: str) -> None:
    async def test(lab: LabRouter) -> None:
        with pytest.raises(Trap, match=words):
            lab.by_hand(command, **given)

    in_lab(test)


def test_several_items_at_once_or_none() -> None:
    async def test(lab: LabRouter) -> None:
        for name in ("a", "b", "c"):
            lab.by_hand("/ppp/secret/add", name=name)
        ids = [row[".id"] for row in lab.secrets()]
        with pytest.raises(Trap, match="no such item"):
            lab.by_hand("/ppp/secret/disable", id=f"{ids[0]},*FFFF")
        lab.by_hand("/ppp/secret/disable", id=f"{ids[0]},{ids[2]}")
        assert [row["disabled"] for row in lab.secrets()] == ["true", "false", "true"]

    in_lab(test)


def test_rules_keep_their_order() -> None:
    async def test(lab: LabRouter) -> None:
        add, show = "/ip/firewall/filter/add", "/ip/firewall/filter/print"
        for comment in ("one", "two"):
            lab.by_hand(add, chain="forward", action="accept", comment=comment)
        first = lab.by_hand(show)[0][".id"]
        lab.by_hand(add, chain="forward", action="drop", comment="top", place_before=first)
        assert [row["comment"] for row in lab.by_hand(show)] == ["top", "one", "two"]
        lab.by_hand("/ip/firewall/filter/move", id=first)
        assert [row["comment"] for row in lab.by_hand(show)] == ["top", "two", "one"]

    in_lab(test)


def test_a_reboot_ends_sessions_changes_ids_and_forgets_what_lived_in_memory() -> None:
    async def test(lab: LabRouter) -> None:
        await online(lab)
        entry = "/ip/firewall/address-list/add"
        lab.by_hand(entry, list="soft", address="10.0.0.2", timeout="1d")
        lab.by_hand(entry, list="kept", address="10.0.0.3")
        with pytest.raises(Trap, match="already have such entry"):
            lab.by_hand(entry, list="kept", address="10.0.0.3")
        before = lab.secrets()[0][".id"], lab.sessions()[0]["session-id"]
        lab.machine.booted -= 3600
        lab.reboot()
        assert lab.sessions() == []
        assert lab.secrets()[0][".id"] != before[0]
        lists = [row["list"] for row in lab.by_hand("/ip/firewall/address-list/print")]
        assert lists == ["kept"]
        assert "h" not in lab.by_hand("/system/resource/print")[0]["uptime"]
        await lab.until(lambda: lab.is_online("amina"))
        assert lab.sessions()[0]["session-id"] != before[1]

    in_lab(test)


def test_a_box_without_power_stays_away() -> None:
    async def test(lab: LabRouter) -> None:
        await online(lab)
        lab.power("amina", on=False)
        assert not lab.is_online("amina")
        lab.by_hand("/ppp/secret/set", numbers="amina", comment="still off")
        assert lab.machine.ppp.cpes["amina"].timer is None
        lab.power("amina", on=True)
        await lab.until(lambda: lab.is_online("amina"))

    in_lab(test)
