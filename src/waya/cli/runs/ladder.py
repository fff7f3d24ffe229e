"""Show the dunning ladder of a company, or choose another from a file of JSON."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from waya.billing.commands.dunning.ladders import choose_ladder
from waya.billing.queries.debts import ladder_of
from waya.billing.rules.ladder.values import Rung, Segment
from waya.cli.postgres.account import Unusable
from waya.cli.token import the_entity
from waya.kernel.rates import as_percent
from waya.org.actors import SYSTEM


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of which company; and the file, or back to the standard ladder."""
    parser.add_argument("--entity", help="the company's name, where there are several")
    parser.add_argument("--choose", type=Path, help="a file: a list of segments, as printed here")
    parser.add_argument("--standard", action="store_true", help="back to the standard ladder")
    parser.add_argument("--fees-on-fees", action="store_true", help="a fee may follow a fee")


def run(options: argparse.Namespace) -> int:
    """Choose if asked to, then print the ladder that holds, as JSON that can be chosen again."""
    entity = the_entity(options.entity)
    if options.standard or options.choose:
        segments = [] if options.standard else _read(options.choose)
        choose_ladder(
            entity_id=entity.pk, segments=segments, fees_on_fees=options.fees_on_fees, by=SYSTEM
        )
    print(json.dumps([_segment(one) for one in ladder_of(entity.pk).segments], indent=1))
    return 0


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        rows = json.loads(path.read_text())
    except (OSError, ValueError) as unreadable:
        raise Unusable(f"{path} cannot be read: {unreadable}") from unreadable
    if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
        raise Unusable(f"{path} is no list of segments")
    return rows


def _segment(segment: Segment) -> dict[str, Any]:
    told: dict[str, Any] = {"key": segment.key}
    for name in ("modes", "plans", "tags", "without_tags"):
        told[name] = sorted(getattr(segment, name))
    told["from_account_days"] = segment.from_account_days or None
    told["through_account_days"] = segment.through_account_days
    rungs = [_rung(rung) for rung in segment.rungs]
    return {name: value for name, value in told.items() if value} | {"rungs": rungs}


def _rung(rung: Rung) -> dict[str, Any]:
    percent = f"{as_percent(rung.fee_percent).normalize():f}" if rung.fee_percent else None
    told: dict[str, Any] = {
        "key": rung.key, "action": rung.action.value, "debts": sorted(rung.debts),
        "from_days": rung.from_days, "through_days": rung.through_days,
        "owed_at_least_minor": rung.owed_at_least_minor or None,
        "weekdays": sorted(rung.weekdays) or None, "holidays": None if rung.holidays else False,
        "text": rung.text or None, "fee_minor": rung.fee_minor or None,
        "fee_percent": percent,
        "tax_class": None if rung.tax_class == "late" else rung.tax_class,
        "words": rung.words or None,
    }  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}
