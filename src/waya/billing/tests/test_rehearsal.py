"""A rehearsal says what the run then does, writes nothing, and puts the unlike on top."""

from __future__ import annotations

import argparse
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from waya.billing.commands.documents import quote
from waya.billing.commands.renewals import bill
from waya.billing.models import Invoice, ProForma
from waya.billing.queries.rehearsal import rehearse
from waya.billing.tests.make import home_10, in_service, isp, joined, office_20, pays, wants
from waya.cli.runs import bill as command
from waya.org.actors import SYSTEM

pytestmark = pytest.mark.django_db

BEGAN, NEXT, AFTER = date(2027, 1, 1), date(2027, 2, 1), date(2027, 3, 1)


def _writes(asked: CaptureQueriesContext) -> list[str]:
    words = ("insert", "update", "delete", "copy")
    return [one["sql"] for one in asked if one["sql"].lstrip().lower().startswith(words)]


def test_it_is_what_the_run_then_does_and_writes_nothing() -> None:
    entity = isp()
    plan = office_20(entity, calendar_day=1)
    for on in (BEGAN, BEGAN, date(2027, 1, 16)):
        in_service(entity, plan, on)
    joined(entity, date(2027, 1, 3))
    with CaptureQueriesContext(connection) as asked:
        found = rehearse(entity.pk, NEXT)
    assert _writes(asked) == []
    outcome = bill(entity_id=entity.pk, on=NEXT, by=SYSTEM)
    assert {kind: one.documents for kind, one in found.kinds.items()} == outcome
    totals = (
        sum(Invoice.objects.filter(issued_on=NEXT).values_list("total_minor", flat=True)),
        sum(ProForma.objects.filter(issued_on=NEXT).values_list("total_minor", flat=True)),
    )
    assert (found.kinds["invoices"].amount_minor, found.kinds["pro_formas"].amount_minor) == totals


def test_the_furthest_from_its_last_bill_is_on_top() -> None:
    entity = isp()
    plan = office_20(entity, calendar_day=1)
    whole, part = in_service(entity, plan, BEGAN), in_service(entity, plan, date(2027, 1, 16))
    bill(entity_id=entity.pk, on=NEXT, by=SYSTEM)
    fresh = in_service(entity, plan, date(2027, 2, 20))
    found = rehearse(entity.pk, AFTER)
    unlike = [(one.subscription_id, one.before) for one in found.outliers]
    assert [key for key, _ in unlike] == [part.pk, fresh.pk]
    assert unlike[1][1] is None
    assert whole.pk not in dict(unlike)
    assert found.kinds["invoices"].unseen == 1
    assert found.outliers[0].difference.minor == 2500_00 - _billed(part.pk)


def _billed(subscription_id: int) -> int:
    return Invoice.objects.get(lines__subscription=subscription_id).total_minor


def test_months_that_pass_until_then_are_documents_of_their_own() -> None:
    entity = isp()
    in_service(entity, office_20(entity, calendar_day=1), BEGAN)
    assert rehearse(entity.pk, date(2027, 5, 1)).kinds["invoices"].documents == 4


def test_the_query_count_does_not_grow_with_customers() -> None:
    entity = isp()
    plan = office_20(entity, calendar_day=1)
    counts = []
    in_service(entity, plan, BEGAN)
    rehearse(entity.pk, NEXT)  # what is remembered for seconds is read now
    for many in (2, 8):
        for _ in range(many):
            in_service(entity, plan, BEGAN)
        with CaptureQueriesContext(connection) as asked:
            rehearse(entity.pk, NEXT)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_command_says_it_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    entity = isp()
    in_service(entity, office_20(entity, calendar_day=1), BEGAN)
    subscription = wants(entity, home_10(entity), "Amina Otieno")
    quote(subscription_id=subscription.pk, on=date(2027, 1, 3), by=SYSTEM)
    pays(subscription, 2500_00, date(2027, 1, 3))
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    assert command.run(parser.parse_args(["--on", "2027-02-01", "--dry-run"])) == 0
    said = capsys.readouterr().out
    assert "would issue 1 invoices and 1 pro formas" in said
    assert "Office 20 Mbps: 1" in said
    assert command.run(parser.parse_args(["--on", "2027-02-01"])) == 0
    assert "issued 1 invoices and 1 pro formas" in capsys.readouterr().out
