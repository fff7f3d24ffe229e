"""Hold the live data to the invariants; say what is wrong, and exit 1 if anything is."""

from __future__ import annotations

import argparse

from waya.org.models import Entity
from waya.reports.doctor import findings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing to choose: every entity, every invariant."""


def run(options: argparse.Namespace) -> int:
    """Print each invariant with its verdict."""
    wrong = 0
    for entity in Entity.objects.order_by("pk"):
        print(entity.name)
        for finding in findings(entity):
            wrong += not finding.ok
            print(f"  {'ok   ' if finding.ok else 'WRONG'} {finding.name}"
                  + ("" if finding.ok else f"\n        {finding.detail}"))  # fmt: skip
    print("All is well." if not wrong else f"{wrong} of these do not hold.")
    return 1 if wrong else 0
