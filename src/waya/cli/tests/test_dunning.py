"""A night rehearsed at the command line."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from waya.billing.models import DunningAction
from waya.billing.policy import DunningPolicy
from waya.billing.queries.debts import ladder_of
from waya.billing.rules.ladder.standard import standard as usual
from waya.billing.tests.debtors import FEE, WALL, climbs, customers, invoiced, today
from waya.billing.tests.make import isp
from waya.cli.postgres.account import Unusable
from waya.cli.runs import dunning, ladder
from waya.kernel.errors import Refused

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


def test_a_ladder_is_shown_and_what_is_shown_can_be_chosen(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    entity = isp()
    file = tmp_path / "ladder.json"

    def told(*words: str) -> str:
        parser = argparse.ArgumentParser()
        ladder.add_arguments(parser)
        assert ladder.run(parser.parse_args(words)) == 0
        return capsys.readouterr().out

    standard = told()
    file.write_text(standard)
    assert told("--choose", str(file)) == standard
    assert ladder_of(entity.pk).key == "chosen"
    assert ladder_of(entity.pk).segments == usual(DunningPolicy()).segments
    climbs(entity, FEE | {"fee_percent": "2.5", "weekdays": [1, 2], "holidays": False}, WALL,
           plans=["office-20"])  # fmt: skip
    file.write_text(told())
    before = ladder_of(entity.pk)
    told("--standard")
    assert ladder_of(entity.pk).key == "standard"
    told("--choose", str(file))
    assert ladder_of(entity.pk) == before

    file.write_text('[{"key": "all", "rungs": [{"key": "x"}]}]')
    with pytest.raises(Refused, match="ladder_unreadable"):
        told("--choose", str(file))
    file.write_text("{")
    with pytest.raises(Unusable):
        told("--choose", str(file))
