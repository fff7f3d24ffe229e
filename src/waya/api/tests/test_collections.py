"""What was said of debts, by API: promises, disputes, calls, tags; and the ladder."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from waya.api.tests.make import Program, program
from waya.billing.models import FollowUp, Invoice
from waya.billing.tests.debtors import CALL, FEE, WALL, climbs, customers, invoiced, today
from waya.billing.tests.make import isp
from waya.kernel import clock
from waya.network.models import Router
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.org.rows.remembered import forget_all
from waya.parties.models import Customer
from waya.payments.commands.climb import climb

pytestmark = pytest.mark.django_db


@pytest.fixture
def entity() -> Entity:
    return isp()


@pytest.fixture
def brian(entity: Entity) -> Customer:
    """He owes an invoice that fell due twelve days ago."""
    (row,) = customers(entity, 1)
    invoiced(row, 12)
    return row.customer


@pytest.fixture
def bot(entity: Entity) -> Program:
    return program(entity)


def test_a_promise_is_taken_listed_and_taken_back(brian: Customer, bot: Program) -> None:
    where = f"/customers/{brian.public_id}/promises"
    until = (today() + timedelta(days=3)).isoformat()
    little = bot.post(where, {"amount_minor": 100, "until": until}, 422)
    assert little["code"] == "promise_too_little"
    made = bot.post(where, {"amount_minor": 2500_00, "until": until}, 201, key="p-1")
    assert (made["state"], made["amount"]["text"], made["until"]) == ("open", "KES 2,500", until)
    assert bot.post(where, {"amount_minor": 2500_00, "until": until}, 201, key="p-1") == made
    assert [one["id"] for one in bot.get("/promises", customer=brian.public_id)["items"]] == [
        made["id"]
    ]
    assert bot.get("/promises", since=(today() + timedelta(days=9)).isoformat())["items"] == []
    back = bot.post(f"/promises/{made['id']}/withdraw", {})
    assert back["state"] == "withdrawn"
    assert bot.post(f"/promises/{made['id']}/withdraw", {})["state"] == "withdrawn"
    assert bot.post(where, {"amount_minor": 2500_00, "until": until}, 201)["id"] != made["id"]
    bot.post(f"/promises/{uuid4()}/withdraw", {}, 404)


def test_an_invoice_is_disputed_and_the_dispute_closed(
    entity: Entity, brian: Customer, bot: Program
) -> None:
    invoice = Invoice.objects.get(customer=brian)
    where = f"/invoices/{invoice.public_id}/disputes"
    assert bot.post(where, {"reason": ""}, 422)["code"] == "reason_missing"
    made = bot.post(where, {"reason": "Billed twice"}, 201)
    assert (made["state"], made["number"], made["left"]["minor"]) == (
        "open", invoice.number, 2500_00,
    )  # fmt: skip
    assert bot.post(where, {"reason": "Again"}, 201)["id"] == made["id"]
    assert [one["id"] for one in bot.get("/disputes", state="open")["items"]] == [made["id"]]
    assert bot.get("/disputes", invoice=invoice.public_id)["items"][0]["reason"] == "Billed twice"
    closed = bot.post(f"/disputes/{made['id']}/close", {"upheld": False})
    assert closed["state"] == "rejected"
    other = bot.post(f"/disputes/{made['id']}/close", {"upheld": True}, 422)
    assert other["code"] == "dispute_closed"
    assert bot.get("/disputes", state="open", customer=brian.public_id)["items"] == []
    program(entity, "cashier").post(where, {"reason": "x"}, 403)


def test_calls_are_listed_and_told(entity: Entity, brian: Customer, bot: Program) -> None:
    climbs(entity, CALL)
    Router.objects.update(swept_at=clock.real_now())
    climb(entity_id=entity.pk, on=today(), by=SYSTEM)
    (call,) = bot.get("/follow-ups", open=True)["items"]
    assert (call["name"], call["owed"]["text"], call["note"]) == (brian.name, "KES 2,500", "")
    assert bot.post(f"/follow-ups/{call['id']}/resolve", {"note": " "}, 422)["code"] == (
        "reason_missing"
    )
    told = bot.post(f"/follow-ups/{call['id']}/resolve", {"note": "Pays on Friday"})
    assert (told["note"], told["resolved_by"]) == ("Pays on Friday", "owner bot")
    assert bot.get("/follow-ups", open=True)["items"] == []
    assert len(bot.get("/follow-ups", open=False, customer=brian.public_id)["items"]) == 1
    assert FollowUp.objects.get().note == "Pays on Friday"


def test_tags_replace_each_other(entity: Entity, brian: Customer, bot: Program) -> None:
    where = f"/customers/{brian.public_id}/tags"
    assert bot.post(where, {"tags": ["VIP", "school run"]})["tags"] == ["school-run", "vip"]
    assert bot.get(f"/customers/{brian.public_id}")["tags"] == ["school-run", "vip"]
    assert bot.post(where, {"tags": []})["tags"] == []
    assert bot.post(where, {"tags": ["x" * 31]}, 422)["code"] == "tag_too_long"
    program(entity, "cashier").post(where, {"tags": ["vip"]}, 403)


def test_a_ladder_is_rehearsed_before_it_is_chosen(
    entity: Entity, brian: Customer, bot: Program
) -> None:
    assert not bot.get("/billing/ladder")["own"]
    wished = {"segments": [{"key": "everybody", "rungs": [dict(FEE), dict(WALL)]}]}
    told = bot.post("/billing/ladder/rehearsal", wished)
    assert [(one["what"], one["customers"]) for one in told["actions"]] == [("wall", 1), ("fee", 1)]
    assert not bot.get("/billing/ladder")["own"], "nothing was kept"
    early = {"segments": [{"key": "all", "rungs": [dict(WALL) | {"from_days": 0}]}]}
    assert bot.post("/billing/ladder/rehearsal", early, 422)["code"] == "ladder_too_early"
    assert bot.post("/billing/ladder", early, 422)["code"] == "ladder_too_early"
    kept = bot.post("/billing/ladder", wished)
    assert kept["own"]
    assert bot.post("/billing/ladder", {"segments": kept["segments"]}) == kept
    forget_all()
    assert not bot.post("/billing/ladder", {"segments": []})["own"]
    program(entity, "cashier").post("/billing/ladder", wished, 403)
