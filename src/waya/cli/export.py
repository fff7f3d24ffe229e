"""Write the books as text that other people's tools read."""

from __future__ import annotations

import argparse

from waya.cli.token import the_entity
from waya.ledger.queries import export


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What, and how."""
    parser.add_argument("what", choices=["ledger"])
    parser.add_argument("--format", choices=["hledger"], default="hledger")
    parser.add_argument("--entity", help="the company's name, where there are several")


def run(options: argparse.Namespace) -> int:
    """Print the journal line by line, however long it is."""
    for line in export.hledger(the_entity(options.entity).pk):
        print(line)
    return 0
