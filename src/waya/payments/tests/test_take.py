"""Each payment is booked once, whoever tells of it, how often and in which order."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from django.db import DataError, InternalError, OperationalError, ProgrammingError, connection
from django.test.utils import CaptureQueriesContext

from waya.billing.models import Credit, Invoice
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.ledger.commands.periods import close_period
from waya.ledger.queries.balances import lines_of, trial_balance
from waya.network.models import DesiredAccess
from waya.org.actors import SYSTEM
from waya.org.models import AuditRecord
from waya.org.tests.make import acting
from waya.payments.commands import booking, take
from waya.payments.models import Allocation, Merchant, Notification, Payment, Prompt
from waya.payments.policy import PaymentPolicy
from waya.payments.rules import booking as booking_rule
from waya.payments.rules.booking import Arrived
from waya.payments.tests import make
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def merchant() -> Merchant:
    return make.merchant()


@pytest.fixture
def chebet(merchant: Merchant) -> Subscription:
    return make.asked(merchant.entity)


def _held(merchant: Merchant) -> dict[str, int]:
    return {one.purpose: one.amount.minor for one in trial_balance(merchant.entity_id)}


def _states() -> dict[str, int]:
    found: dict[str, int] = {}
    for state in Notification.objects.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def test_a_paybill_payment_is_booked_settles_and_starts_the_service(
    merchant: Merchant, chebet: Subscription
) -> None:
    make.tell(merchant, "c", make.confirmation(chebet.customer.account_number))
    assert make.work_off(merchant) == 1
    payment = Payment.objects.get()
    assert (payment.customer_id, payment.amount_minor) == (chebet.customer_id, 2500_00)
    assert (payment.transaction, payment.receipt_number) == ("UKL7X4T2QP", "RCT-000001")
    held = _held(merchant)
    assert (held["clearing:mpesa"], held.get("receivable", 0)) == (2500_00, 0)
    invoice = Invoice.objects.get()
    assert invoice.paid_minor == invoice.total_minor == 2500_00
    assert Allocation.objects.get().invoice_id == invoice.pk
    chebet.refresh_from_db()
    assert chebet.state == Subscription.ACTIVE
    assert DesiredAccess.objects.get(name=chebet.username).enabled
    assert Notification.objects.get().payment_id == payment.pk


def test_what_follows_names_the_payment_as_its_cause(
    merchant: Merchant, chebet: Subscription
) -> None:
    make.tell(merchant, "c", make.confirmation(chebet.customer.account_number))
    make.work_off(merchant)
    taken = AuditRecord.objects.get(action="payment.taken")
    assert (taken.customer_id, taken.entity_id) == (chebet.customer_id, merchant.entity_id)
    assert taken.subject_id == Payment.objects.get().pk
    assert taken.why["notification"] == Notification.objects.get().pk
    assert AuditRecord.objects.get(action="subscription.activated").cause_id == taken.pk


def test_the_entry_is_what_the_books_ask_for(merchant: Merchant, chebet: Subscription) -> None:
    number = chebet.customer.account_number
    make.tell(merchant, "c", make.confirmation(number, amount="3000.00"))
    make.work_off(merchant)
    lines = lines_of(["mpesa:600426:UKL7X4T2QP"], merchant.entity_id)
    assert [(line.account[:4], line.amount.minor) for line in lines] == [
        ("1100", 3000_00), ("1200", -2500_00), ("2100", -500_00),
    ]  # fmt: skip
    assert Credit.objects.get(customer=chebet.customer).amount_minor == 500_00


def test_the_same_five_times_is_one_payment(merchant: Merchant, chebet: Subscription) -> None:
    raw = make.confirmation(chebet.customer.account_number)
    for _ in range(3):
        make.tell(merchant, "c", raw)
    make.work_off(merchant)
    for _ in range(2):
        assert make.tell(merchant, "c", raw).status == 200
        make.work_off(merchant)
    assert Payment.objects.count() == 1
    assert Notification.objects.get().repeats == 4


def test_a_prompt_s_callback_alone_books_its_payment(
    merchant: Merchant, chebet: Subscription
) -> None:
    prompt = make.prompt(chebet, merchant, "ws_CO_1")
    make.tell(merchant, "s", make.callback("ws_CO_1"))
    make.work_off(merchant)
    payment = Payment.objects.get()
    assert payment.customer_id == chebet.customer_id
    assert payment.payer == "254700000418"
    prompt.refresh_from_db()
    assert prompt.state == Prompt.PAID
    assert Notification.objects.get().prompt_id == prompt.pk


@pytest.mark.parametrize("order", ["sc", "cs"])
@pytest.mark.parametrize("at_once", [True, False])
def test_callback_and_confirmation_are_two_witnesses_of_one_payment(
    merchant: Merchant, chebet: Subscription, order: str, at_once: bool
) -> None:
    prompt = make.prompt(chebet, merchant, "ws_CO_1")
    said = {
        "s": make.callback("ws_CO_1"),
        "c": make.confirmation(chebet.customer.account_number),
    }
    for kind in order:
        make.tell(merchant, kind, said[kind])
        if not at_once:
            make.work_off(merchant)
    make.work_off(merchant)
    payment = Payment.objects.get()
    assert payment.notifications.count() == 2
    assert _held(merchant)["clearing:mpesa"] == 2500_00
    prompt.refresh_from_db()
    assert prompt.state == Prompt.PAID


def test_a_callback_before_the_push_s_own_answer_waits_and_is_joined(
    merchant: Merchant, chebet: Subscription
) -> None:
    prompt = make.prompt(chebet, merchant, key=None)
    make.tell(merchant, "s", make.callback("ws_CO_1"))
    assert make.work_off(merchant) == 0
    assert _states() == {"waiting": 1}
    Prompt.objects.filter(pk=prompt.pk).update(key="ws_CO_1", state=Prompt.SENT)
    assert make.work_off(merchant) == 1
    assert Payment.objects.get().customer_id == chebet.customer_id


def test_a_callback_of_no_prompt_of_ours_is_parked_in_the_end_and_credits_nobody(
    merchant: Merchant, chebet: Subscription
) -> None:
    make.tell(merchant, "s", make.callback("ws_CO_forged"))
    make.work_off(merchant)
    assert _states() == {"waiting": 1}
    patience = timedelta(minutes=PaymentPolicy().join_minutes)
    Notification.objects.update(received_at=clock.real_now() - patience)
    make.work_off(merchant)
    assert _states() == {"parked": 1}
    assert not Payment.objects.exists()


def test_one_of_no_prompt_is_joined_to_the_money_that_was_confirmed(
    merchant: Merchant, chebet: Subscription
) -> None:
    make.tell(merchant, "s", make.callback("ws_CO_lost"))
    make.tell(merchant, "c", make.confirmation(chebet.customer.account_number))
    make.work_off(merchant)
    make.work_off(merchant)
    assert Payment.objects.get().notifications.count() == 2


def test_waiting_callbacks_hold_nobody_up(merchant: Merchant, chebet: Subscription) -> None:
    for number in range(take.AT_ONCE + 1):
        make.tell(merchant, "s", make.callback(f"ws_CO_{number}", receipt=f"R{number}"))
    make.tell(merchant, "c", make.confirmation(chebet.customer.account_number))
    assert make.work_off(merchant) == 1
    assert Payment.objects.count() == 1


def test_a_time_out_and_then_success_is_paid(merchant: Merchant, chebet: Subscription) -> None:
    prompt = make.prompt(chebet, merchant, "ws_CO_1")
    make.tell(merchant, "s", make.callback("ws_CO_1", code=1037))
    make.work_off(merchant)
    prompt.refresh_from_db()
    assert (prompt.state, prompt.result_code) == (Prompt.FAILED, "1037")
    make.tell(merchant, "s", make.callback("ws_CO_1"))
    make.work_off(merchant)
    prompt.refresh_from_db()
    assert (prompt.state, prompt.result_code) == (Prompt.PAID, "0")
    assert Payment.objects.count() == 1


def test_a_success_is_never_taken_back(merchant: Merchant, chebet: Subscription) -> None:
    prompt = make.prompt(chebet, merchant, "ws_CO_1")
    make.tell(merchant, "s", make.callback("ws_CO_1"))
    make.tell(merchant, "s", make.callback("ws_CO_1", code=1037))
    make.work_off(merchant)
    make.tell(merchant, "s", make.callback("ws_CO_1", code="1032"))
    make.work_off(merchant)
    prompt.refresh_from_db()
    assert prompt.state == Prompt.PAID
    assert _states() == {"done": 3}


def test_a_code_that_nobody_knows_ends_nothing(merchant: Merchant, chebet: Subscription) -> None:
    prompt = make.prompt(chebet, merchant, "ws_CO_1")
    make.tell(merchant, "s", make.callback("ws_CO_1", code="SFC_XX99"))
    make.work_off(merchant)
    prompt.refresh_from_db()
    assert (prompt.state, prompt.result_code) == (Prompt.SENT, "SFC_XX99")


@pytest.mark.parametrize(
    "forged",
    [
        make.callback("ws_CO_1", amount=25_000),
        make.callback("ws_CO_1", amount=1),
        make.callback("ws_CO_1", phone=254711111111),
        make.callback("ws_CO_1", receipt=""),
    ],
    ids=["too much", "too little", "another phone", "no receipt"],
)
def test_a_callback_that_contradicts_its_prompt_is_parked_and_credits_nobody(
    merchant: Merchant, chebet: Subscription, forged: bytes
) -> None:
    prompt = make.prompt(chebet, merchant, "ws_CO_1")
    make.tell(merchant, "s", forged)
    make.work_off(merchant)
    assert _states() == {"parked": 1}
    assert Notification.objects.get().reason
    assert not Payment.objects.exists()
    prompt.refresh_from_db()
    assert prompt.state == Prompt.SENT


def test_a_second_witness_that_names_another_sum_is_parked(
    merchant: Merchant, chebet: Subscription
) -> None:
    make.prompt(chebet, merchant, "ws_CO_1")
    make.tell(merchant, "s", make.callback("ws_CO_1"))
    make.work_off(merchant)
    number = chebet.customer.account_number
    make.tell(merchant, "c", make.confirmation(number, amount="25000.00"))
    make.work_off(merchant)
    assert _states() == {"done": 1, "parked": 1}
    assert _held(merchant)["clearing:mpesa"] == 2500_00


def test_money_paid_to_another_number_is_not_ours(merchant: Merchant, chebet: Subscription) -> None:
    number = chebet.customer.account_number
    make.tell(merchant, "c", make.confirmation(number, BusinessShortCode="600999"))
    make.work_off(merchant)
    assert _states() == {"parked": 1}


@pytest.mark.parametrize("spelling", ["2500", "2500.00", 2500, 2500.0, "2,500.00", "2500.0"])
def test_amounts_in_every_spelling_are_the_same_money(
    merchant: Merchant, chebet: Subscription, spelling: object
) -> None:
    number = chebet.customer.account_number
    make.tell(merchant, "c", make.confirmation(number, amount=spelling))
    make.work_off(merchant)
    assert Payment.objects.get().amount_minor == 2500_00


@pytest.mark.parametrize(
    "typed", ["{}", " {} ", "acc {}", "A/C {}", "Account-{}", "0700 000 418", "+254700000418"]
)
def test_whose_money_it_is_however_it_was_typed(
    merchant: Merchant, chebet: Subscription, typed: str
) -> None:
    make.tell(merchant, "c", make.confirmation(typed.format(chebet.customer.account_number)))
    make.work_off(merchant)
    assert Payment.objects.get().customer_id == chebet.customer_id


def test_a_username_will_do(merchant: Merchant, chebet: Subscription) -> None:
    make.tell(merchant, "c", make.confirmation(chebet.username.upper()))
    make.work_off(merchant)
    assert Payment.objects.get().customer_id == chebet.customer_id


def test_a_wrong_account_stands_in_suspense(merchant: Merchant, chebet: Subscription) -> None:
    make.tell(merchant, "c", make.confirmation("999999"))
    make.work_off(merchant)
    payment = Payment.objects.get()
    assert (payment.customer, payment.account_typed) == (None, "999999")
    assert (_held(merchant)["clearing:mpesa"], _held(merchant)["suspense"]) == (2500_00, -2500_00)
    chebet.refresh_from_db()
    assert chebet.state == Subscription.PENDING


def test_the_money_of_a_closed_account_is_for_a_person(
    merchant: Merchant, chebet: Subscription
) -> None:
    Subscription.objects.filter(pk=chebet.pk).update(state=Subscription.ENDED)
    make.tell(merchant, "c", make.confirmation(chebet.customer.account_number))
    make.work_off(merchant)
    assert Payment.objects.get().customer is None


def test_a_prompt_says_whose_money_stands_in_suspense(
    merchant: Merchant, chebet: Subscription
) -> None:
    make.prompt(chebet, merchant, "ws_CO_1")
    make.tell(merchant, "c", make.confirmation("typed wrongly"))
    make.work_off(merchant)
    assert Payment.objects.get().customer is None
    make.tell(merchant, "s", make.callback("ws_CO_1"))
    make.work_off(merchant)
    payment = Payment.objects.get()
    assert (payment.customer_id, payment.matched_by) == (chebet.customer_id, "Waya")
    assert _held(merchant).get("suspense", 0) == 0
    chebet.refresh_from_db()
    assert chebet.state == Subscription.ACTIVE


def test_too_little_is_kept_as_credit_and_starts_nothing(
    merchant: Merchant, chebet: Subscription
) -> None:
    number = chebet.customer.account_number
    make.tell(merchant, "c", make.confirmation(number, amount="1000.00"))
    make.work_off(merchant)
    chebet.refresh_from_db()
    assert chebet.state == Subscription.PENDING
    assert Credit.objects.get(customer=chebet.customer).amount_minor == 1000_00
    make.tell(merchant, "c", make.confirmation(number, "UKL7X4T2QR", amount="1500.00"))
    make.work_off(merchant)
    chebet.refresh_from_db()
    assert chebet.state == Subscription.ACTIVE
    assert _held(merchant)["customer_credit"] == 0


def test_a_confirmation_answers_the_prompt_whose_callback_is_lost(
    merchant: Merchant, chebet: Subscription
) -> None:
    prompt = make.prompt(chebet, merchant, key=None)
    Prompt.objects.update(state=Prompt.UNKNOWN)
    make.tell(merchant, "c", make.confirmation(chebet.customer.account_number))
    make.work_off(merchant)
    prompt.refresh_from_db()
    assert prompt.state == Prompt.PAID


def test_money_is_never_refused_for_its_date(merchant: Merchant, chebet: Subscription) -> None:
    today = clock.today("Africa/Nairobi")
    start = today.replace(day=1) - timedelta(days=1)
    close_period(
        entity_id=merchant.entity_id, start=start.replace(day=1), end=start + timedelta(days=1),
        by=SYSTEM,
    )  # fmt: skip
    raw = make.confirmation(chebet.customer.account_number, TransTime=f"{start:%Y%m%d}120000")
    make.tell(merchant, "c", raw)
    make.work_off(merchant)
    payment = Payment.objects.get()
    assert payment.value_on == start
    (line, *_) = lines_of(["mpesa:600426:UKL7X4T2QP"], merchant.entity_id)
    assert line.on == start + timedelta(days=1)


def test_a_date_that_is_yet_to_come_counts_from_today(
    merchant: Merchant, chebet: Subscription
) -> None:
    raw = make.confirmation(chebet.customer.account_number, TransTime="20990101120000")
    make.tell(merchant, "c", raw)
    make.work_off(merchant)
    assert Payment.objects.get().value_on == clock.today("Africa/Nairobi")


def test_a_bad_one_is_halved_out_and_parked_and_the_rest_is_taken(
    merchant: Merchant, chebet: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = booking_rule.taken

    def faulty(arrived: Arrived, settlement: object, **told: Any) -> object:
        if arrived.transaction == "BAD":
            raise ValueError("this one cannot be booked")
        return whole(arrived, settlement, **told)  # type: ignore[arg-type]

    monkeypatch.setattr(booking, "taken", faulty)
    for number in range(7):
        receipt = "BAD" if number == 4 else f"GOOD{number}"
        make.tell(merchant, "c", make.confirmation("999999", receipt))
    assert make.work_off(merchant) == 6
    assert _states() == {"done": 6, "parked": 1}
    parked = Notification.objects.get(state="parked")
    assert parked.reason == "ValueError: this one cannot be booked"
    monkeypatch.setattr(booking, "taken", whole)
    take.take_again(notification_id=parked.pk, by=SYSTEM)
    assert make.work_off(merchant) == 1
    assert Payment.objects.filter(transaction="BAD").exists()


def test_a_batch_costs_as_many_queries_as_one_payment(
    merchant: Merchant,
) -> None:
    people = [make.asked(merchant.entity, f"Amina {n}", f"07000005{n:02}") for n in range(25)]

    def queries(count: int, first: int) -> int:
        for number, row in enumerate(people[first : first + count]):
            raw = make.confirmation(row.customer.account_number, f"R{first + number}")
            make.tell(merchant, "c", raw)
        keys = list(Notification.objects.filter(state="waiting").values_list("pk", flat=True))
        with CaptureQueriesContext(connection) as captured:
            take.take_many(merchant_id=merchant.pk, notification_ids=keys, by=SYSTEM)
        assert Payment.objects.count() == first + count
        return len(captured)

    queries(1, 0)  # the first one meets jobs that do not wait yet
    one = queries(1, 1)
    assert one < 100
    some = queries(5, 2)
    assert one <= some < 100
    assert queries(18, 7) == some


def test_a_notification_costs_three_queries(merchant: Merchant) -> None:
    with CaptureQueriesContext(connection) as captured:
        make.tell(merchant, "c", make.confirmation("1000014"))
    told = [one["sql"] for one in captured if "SAVEPOINT" not in one["sql"]]
    assert len(told) == 3, told


def test_a_validation_takes_money_for_any_account(merchant: Merchant) -> None:
    answer = make.tell(merchant, "v", make.confirmation("999999"))
    assert json.loads(answer.body) == {"ResultCode": "0", "ResultDesc": "Accepted"}
    assert not Notification.objects.exists()


def test_the_merchant_was_heard(merchant: Merchant, chebet: Subscription) -> None:
    make.tell(merchant, "c", make.confirmation("999999"))
    make.work_off(merchant)
    merchant.refresh_from_db()
    assert merchant.heard_at == Notification.objects.get().received_at


def test_receipt_numbers_have_no_gaps(merchant: Merchant) -> None:
    for number in range(5):
        make.tell(merchant, "c", make.confirmation("999999", f"R{number}"))
        make.work_off(merchant)
    numbers = list(Payment.objects.order_by("pk").values_list("receipt_number", flat=True))
    assert numbers == [f"RCT-{number:06d}" for number in range(1, 6)]


def test_value_days_are_dates(merchant: Merchant) -> None:
    make.tell(merchant, "c", make.confirmation("999999", TransTime="garbage"))
    make.work_off(merchant)
    assert isinstance(Payment.objects.get().value_on, date)


class _Unfit(Exception):
    """What a library makes of an error of the database."""


def _down(kind: str) -> Exception:
    if kind == "behind":
        error = _Unfit("the job could not be asked for")
        error.__cause__ = psycopg.OperationalError("the database is shutting down")
        return error
    return {
        "lost": OperationalError("server closed the connection"),
        "aborted": InternalError("current transaction is aborted"),
        "half migrated": ProgrammingError("relation payments_payment does not exist"),
        "full": OSError(28, "No space left on device"),
        "no account": Refused("no_account", purpose="clearing:mpesa"),
    }[kind]


@pytest.mark.parametrize(
    "kind", ["lost", "aborted", "half migrated", "full", "no account", "behind"]
)
def test_what_is_not_its_own_fault_parks_nothing(
    merchant: Merchant, chebet: Subscription, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def faulty(**_: object) -> None:
        raise _down(kind)

    for number in range(3):
        make.tell(merchant, "c", make.confirmation("999999", f"GOOD{number}"))
    with monkeypatch.context() as patch:
        patch.setattr(take, "book_many", faulty)
        with pytest.raises(type(_down(kind))):
            make.work_off(merchant)
    assert _states() == {"waiting": 3}
    assert make.work_off(merchant) == 3


def test_what_the_database_refuses_of_one_is_its_own_fault(
    merchant: Merchant, chebet: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = booking_rule.taken

    def faulty(arrived: Arrived, settlement: object, **told: Any) -> object:
        if arrived.transaction == "LONG":
            raise DataError("value too long for type character varying(60)")
        return whole(arrived, settlement, **told)  # type: ignore[arg-type]

    monkeypatch.setattr(booking, "taken", faulty)
    for receipt in ("GOOD1", "LONG", "GOOD2"):
        make.tell(merchant, "c", make.confirmation("999999", receipt))
    assert make.work_off(merchant) == 2
    assert _states() == {"done": 2, "parked": 1}


def test_what_another_company_was_told_is_not_taken_again(merchant: Merchant) -> None:
    make.tell(merchant, "c", b"not json")
    make.work_off(merchant)
    parked = Notification.objects.get()
    stranger = replace(acting("naomi", "cashier"), entity_id=merchant.entity_id + 1)
    take.take_again(notification_id=parked.pk, by=stranger)
    assert _states() == {"parked": 1}
