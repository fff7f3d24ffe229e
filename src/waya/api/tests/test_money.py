"""Money by API: the suspense queue and its matching, prompts, each by who may and done once."""

from __future__ import annotations

import pytest

from waya.api.tests.make import program
from waya.org.models import AuditRecord, IdempotentAnswer
from waya.payments import providers
from waya.payments.drivers import DriverError, PromptSent
from waya.payments.drivers import Prompt as Wish
from waya.payments.models import Merchant, Prompt
from waya.payments.tests import make as paying
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


class Provider:
    """Takes every prompt, unless it is away."""

    def __init__(self) -> None:
        self.wishes: list[Wish] = []
        self.away = False

    def push(self, wish: Wish) -> PromptSent:
        """Sent, or surely not."""
        if self.away:
            raise DriverError("unreachable", "no route", retryable=True)
        self.wishes.append(wish)
        return PromptSent(f"ws_CO_{len(self.wishes)}", "m")


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    one = Provider()
    monkeypatch.setattr(providers, "driver_of", lambda merchant: one)
    return one


@pytest.fixture
def merchant(provider: Provider) -> Merchant:
    return paying.merchant()


@pytest.fixture
def chebet(merchant: Merchant) -> Subscription:
    return paying.asked(merchant.entity)


def lost(merchant: Merchant) -> None:
    """KES 2,500 for an account that nobody has."""
    paying.tell(merchant, "c", paying.confirmation("9999999", MSISDN="2547 ***** 999"))
    paying.work_off(merchant)


def test_money_in_suspense_is_matched(merchant: Merchant, chebet: Subscription) -> None:
    lost(merchant)
    bot = program(merchant.entity, "cashier")
    (payment,) = bot.get("/payments", state="suspense")["items"]
    assert (payment["customer"], payment["account_typed"]) == (None, "9999999")
    wished = {"customer": str(chebet.customer.public_id)}
    matched = bot.post(f"/payments/{payment['id']}/match", wished, key="m-1")
    assert matched["state"] == "matched"
    assert matched["matched_by"] == "cashier bot"
    assert matched["allocations"][0]["amount"]["text"] == "KES 2,500"
    assert bot.post(f"/payments/{payment['id']}/match", wished, key="m-1") == matched
    assert bot.get("/payments", state="suspense")["items"] == []
    chebet.refresh_from_db()
    assert chebet.state == Subscription.ACTIVE
    said = bot.post(f"/payments/{payment['id']}/match", wished, 422)
    assert said["code"] == "already_matched"
    assert "cashier bot matched this money to Chebet Korir" in said["detail"]


def test_an_auditor_looks_and_does_not_touch(merchant: Merchant, chebet: Subscription) -> None:
    lost(merchant)
    bot = program(merchant.entity, "auditor")
    (payment,) = bot.get("/payments")["items"]
    assert bot.get(f"/payments/{payment['id']}") == payment
    wished = {"customer": str(chebet.customer.public_id)}
    assert bot.post(f"/payments/{payment['id']}/match", wished, 403)["code"] == "not_allowed"
    bot.post("/prompts", wished | {"amount_minor": 2500_00}, 403)


def test_a_prompt_rings_once_for_its_key(chebet: Subscription, provider: Provider) -> None:
    bot = program(chebet.entity, "support")
    wished = {"customer": str(chebet.customer.public_id), "amount_minor": 2500_00}
    sent = bot.post("/prompts", wished, 201, key="p-1")
    assert (sent["state"], sent["phone"]) == ("sent", "+254700000418")
    assert bot.post("/prompts", wished, 201, key="p-1") == sent
    assert len(provider.wishes) == 1
    assert bot.get(f"/prompts/{sent['id']}")["state"] == "sent"
    assert AuditRecord.objects.get(action="prompt.sent").actor_name == "support bot"


def test_a_second_prompt_too_soon_is_refused_and_its_key_is_free(
    chebet: Subscription, provider: Provider
) -> None:
    bot = program(chebet.entity)
    wished = {"customer": str(chebet.customer.public_id), "amount_minor": 2500_00}
    bot.post("/prompts", wished, 201)
    assert bot.post("/prompts", wished, 422, key="p-2")["code"] == "prompt_waiting"
    assert not IdempotentAnswer.objects.filter(key="p-2").exists()


def test_a_provider_that_is_away_is_an_answer_too(chebet: Subscription, provider: Provider) -> None:
    provider.away = True
    wished = {"customer": str(chebet.customer.public_id), "amount_minor": 2500_00}
    sent = program(chebet.entity).post("/prompts", wished, 201)
    assert (sent["state"], sent["result_text"]) == ("failed", "no route")


def test_while_the_end_is_not_known_the_key_is_in_work(
    chebet: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(merchant: Merchant) -> None:
        raise RuntimeError("the machine stopped here")

    monkeypatch.setattr(providers, "driver_of", broken)
    bot = program(chebet.entity)
    wished = {"customer": str(chebet.customer.public_id), "amount_minor": 2500_00}
    assert bot.post("/prompts", wished, 500, key="p-3")["code"] == "our_fault"
    assert bot.post("/prompts", wished, 409, key="p-3")["code"] == "key_in_work"
    assert Prompt.objects.count() == 1


@pytest.mark.parametrize("minor", [0, -100, 2500_50, 250_000_01, "2500", 25.5])
def test_sums_that_mpesa_cannot_move_are_refused(chebet: Subscription, minor: object) -> None:
    wished = {"customer": str(chebet.customer.public_id), "amount_minor": minor}
    assert program(chebet.entity).post("/prompts", wished, 422)["code"] == "invalid"


def test_what_is_parked_is_read_word_for_word_and_taken_again(merchant: Merchant) -> None:
    paying.tell(merchant, "c", b"neither JSON nor money")
    paying.work_off(merchant)
    bot = program(merchant.entity, "cashier")
    (parked,) = bot.get("/notifications/parked")
    assert (parked["raw"], parked["kind"]) == ("neither JSON nor money", "confirmation")
    assert parked["reason"].startswith("unreadable")
    path = f"/notifications/{parked['id']}/take-again"
    program(merchant.entity, "auditor").post(path, {}, 403)
    bot.post("/notifications/999999/take-again", {}, 404)
    answer = bot.client.post(f"/api/v1{path}", headers=bot.headers)
    assert answer.status_code == 204
    assert bot.get("/notifications/parked") == []
    paying.work_off(merchant)
    assert [one["id"] for one in bot.get("/notifications/parked")] == [parked["id"]]
