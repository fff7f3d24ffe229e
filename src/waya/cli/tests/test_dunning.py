"""A night rehearsed at the command line."""

from __future__ import annotations

import argparse
import json

import pytest

from waya.billing.models import DunningAction
from waya.billing.tests.debtors import FEE, WALL, climbs, customers, invoiced, today
from waya.billing.tests.make import isp
from waya.cli.runs import dunning

pytestmark = pytest.mark.django_db


def _rehearse(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    parser = argparse.ArgumentParser()
    dunning.add_arguments(parser)
    assert dunning.run(parser.parse_args(words)) == 0
    return capsys.readouterr().out


def test_a_rehearsal_has_totals_then_what_stands_out_then_the_largest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    entity = isp()
    climbs(entity, FEE, WALL)
    rows = customers(entity, 12)
    for row in rows:
        invoiced(row, 9, minor=100_000_00 if row == rows[4] else 2500_00)
    said = _rehearse(capsys)
    assert "12 customers judged" in said
    assert "the brake holds Lanet-1: 12 of 12 customers" in said
    assert "wall            12 customers, KES 127,500 owed, 12 wait for a person" in said
    assert "fee             12 customers, KES 127,500 owed, moving KES 2,400" in said
    assert said.index(f"! wall: {rows[4].customer.account_number}") < said.index("\n  wall\n")
    assert "and 2 more" in said

    told = json.loads(_rehearse(capsys, "--json", "--on", today().isoformat()))
    assert [(one["what"], len(one["rows"])) for one in told["actions"]] == [
        ("wall", 12), ("fee", 12)]  # fmt: skip
    assert not DunningAction.objects.exists()
    assert "would be done: nothing" in _rehearse(capsys, "--on", "2020-01-01")
