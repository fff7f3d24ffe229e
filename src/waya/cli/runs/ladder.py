"""Show the dunning ladder of a company, or choose another from a file of JSON."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from waya.billing.commands.dunning.ladders import choose_ladder
from waya.billing.queries.debts import ladder_of
from waya.billing.rules.ladder.reading import written
from waya.cli.postgres.account import Unusable
from waya.cli.token import the_entity
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
    print(json.dumps(written(ladder_of(entity.pk)), indent=1))
    return 0


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        rows = json.loads(path.read_text())
    except (OSError, ValueError) as unreadable:
        raise Unusable(f"{path} cannot be read: {unreadable}") from unreadable
    if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
        raise Unusable(f"{path} is no list of segments")
    return rows
