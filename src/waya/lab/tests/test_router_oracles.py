"""Clients that others wrote work with the simulated router: librouteros and RouterOS-api."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from librouteros import connect
from librouteros.exceptions import TrapError
from librouteros.login import token
from librouteros.query import Key, Or
from routeros_api import RouterOsApiPool
from routeros_api.exceptions import (
    RouterOsApiCommunicationError,
    RouterOsApiConnectionError,
)

from waya.lab.router.server import RunningRouter, Settings, running_router


@pytest.fixture
def router() -> Iterator[RunningRouter]:
    with running_router(Settings(customers=5, redial_seconds=0.02)) as running:
        running.until(lambda r: len(r.sessions()) == 5)
        yield running


@pytest.fixture
def libre(router: RunningRouter) -> Iterator[Any]:
    api = connect("127.0.0.1", "waya", "waya", port=router.port, encoding="utf-8")
    yield api
    api.close()


@pytest.fixture
def pool(router: RunningRouter) -> Iterator[Any]:
    pool = RouterOsApiPool("127.0.0.1", "waya", "waya", port=router.port, plaintext_login=True)
    yield pool.get_api()
    pool.disconnect()


NEW = {"name": "amina", "password": "pw", "service": "pppoe", "comment": "Wanjikũ's"}


def test_librouteros_adds_sets_and_removes(libre: Any) -> None:
    secrets = libre.path("ppp", "secret")
    id = secrets.add(**NEW)
    row = next(row for row in secrets if row["name"] == "amina")
    assert (row[".id"], row["comment"], row["disabled"]) == (id, "Wanjikũ's", False)
    secrets.update(**{".id": id, "disabled": True, "profile": "default-encryption"})
    row = next(row for row in secrets if row["name"] == "amina")
    assert (row["disabled"], row["profile"]) == (True, "default-encryption")
    secrets.remove(id)
    assert len(list(secrets)) == 5


def test_librouteros_queries(libre: Any) -> None:
    name, caller = Key("name"), Key("caller-id")
    active = libre.path("ppp", "active").select(name, caller)
    two = list(active.where(Or(name == "customer00002", name == "customer00004")))
    assert sorted(row["name"] for row in two) == ["customer00002", "customer00004"]
    fifth = list(active.where(name > "customer00004", caller != ""))
    assert [row["name"] for row in fifth] == ["customer00005"]
    among = list(active.where(name.In("customer00001", "customer00003", "nobody")))
    assert len(among) == 2


def test_librouteros_is_told_what_is_wrong(libre: Any) -> None:
    secrets = libre.path("ppp", "secret")
    with pytest.raises(TrapError, match="secret with the same name already exists"):
        secrets.add(name="customer00001")
    with pytest.raises(TrapError, match="input does not match any value of profile"):
        secrets.add(name="amina", profile="unheard-of")
    with pytest.raises(TrapError, match="unknown parameter colour"):
        secrets.add(name="amina", colour="red")
    with pytest.raises(TrapError, match="no such item"):
        secrets.remove("*FFFF")
    assert len(list(secrets)) == 5


def test_librouteros_logs_in_by_challenge() -> None:
    with running_router(Settings(legacy_login=True)) as router:
        api = connect("127.0.0.1", "waya", "waya", port=router.port, login_method=token)
        assert list(api.path("system", "identity")) == [{"name": "MikroTik"}]
        api.close()
        with pytest.raises(TrapError):
            connect("127.0.0.1", "waya", "wrong", port=router.port, login_method=token)


def test_routeros_api_adds_sets_and_removes(pool: Any) -> None:
    secrets = pool.get_resource("/ppp/secret")
    secrets.add(**NEW)
    (row,) = secrets.get(name="amina")
    assert (row["comment"], row["disabled"], row["profile"]) == ("Wanjikũ's", "false", "default")
    secrets.set(id=row["id"], disabled="yes", comment="")
    (row,) = secrets.get(name="amina")
    assert row["disabled"] == "true"
    assert "comment" not in row
    secrets.remove(id=row["id"])
    assert secrets.get(name="amina") == []


def test_routeros_api_kicks_and_the_box_dials_again(router: RunningRouter, pool: Any) -> None:
    active = pool.get_resource("/ppp/active")
    (before,) = active.get(name="customer00003")
    active.remove(id=before["id"])
    router.until(lambda r: r.is_online("customer00003"))
    (after,) = active.get(name="customer00003")
    assert after["id"] != before["id"]
    assert after["session-id"] != before["session-id"]


def test_routeros_api_is_told_what_is_wrong(pool: Any) -> None:
    with pytest.raises(RouterOsApiCommunicationError, match="same name already exists"):
        pool.get_resource("/ppp/profile").add(name="default")
    with pytest.raises(RouterOsApiCommunicationError, match="no such command prefix"):
        pool.get_resource("/nonsense").get()


def test_routeros_api_is_refused_with_a_wrong_password(router: RunningRouter) -> None:
    wrong = RouterOsApiPool("127.0.0.1", "waya", "x", port=router.port, plaintext_login=True)
    with pytest.raises((RouterOsApiCommunicationError, RouterOsApiConnectionError)):
        wrong.get_api()


def test_both_understand_that_nothing_was_found() -> None:
    with running_router(Settings(version="7.18.1")) as router:
        api = connect("127.0.0.1", "waya", "waya", port=router.port)
        assert list(api.path("ppp", "active")) == []
        api.close()
        pool = RouterOsApiPool("127.0.0.1", "waya", "waya", port=router.port, plaintext_login=True)
        assert pool.get_api().get_resource("/ppp/active").get() == []
        pool.disconnect()
