"""Write the books as text that other people's tools read."""

from __future__ import annotations

import argparse

from waya.cli.token import the_entity
from waya.ledger.queries import export

FORMATS = {"hledger": export.hledger, "beancount": export.beancount}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What, and how."""
    parser.add_argument("what", choices=["ledger"])
    parser.add_argument("--format", choices=list(FORMATS), default="hledger")
    parser.add_argument("--entity", help="the company's name, where there are several")


def run(options: argparse.Namespace) -> int:
    """Print the journal line by line, however long it is."""
    for line in FORMATS[options.format](the_entity(options.entity).pk):
        print(line)
    return 0
