"""The database is lost and brought back: nothing is missing, and life goes on.

Amina is walled when it happens, and money of somebody unknown stands in suspense. Afterwards she
pays: credentials still open, so her router is told, and she is back.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

from django.db import connections
from tests.stories.world import World, fresh

from waya.cli.postgres import dumps

PHONE = "0700000416"


def waya(*said: str) -> subprocess.CompletedProcess[str]:
    """A command of ours on this world's database."""
    return subprocess.run(
        [sys.executable, "-m", "waya", *said],
        env=os.environ | {"WAYA_LAB": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_backup_wipe_restore(baraka: World, tmp_path: Path) -> None:
    amina = baraka.joins("Amina Hassan", PHONE)
    baraka.joins("Lanet Clinic", "0711000001", plan="office-20")
    baraka.move_to(date(2027, 2, 11))
    baraka.pays("0733000000", "nobody", 700)
    baraka.is_walled(amina)
    books = baraka.books()
    assert books["suspense"] == -700_00
    url = os.environ["DATABASE_URL"]
    held = dumps.counts(url)
    del held["public.django_migrations"]  # restoring brings the schema up to date

    kept = waya("backup", "--to", str(tmp_path))
    assert kept.returncode == 0, kept.stderr
    connections.close_all()
    baraka.hands.rest()
    dumps.empty(url)
    assert dumps.is_empty(url)
    brought = waya("restore", kept.stdout.strip())
    assert brought.returncode == 0, brought.stderr

    found = dumps.counts(url)
    assert {name: found[name] for name in held} == held
    examined = waya("doctor")
    assert examined.returncode == 0, examined.stdout
    assert "All is well." in examined.stdout
    assert baraka.books() == books
    baraka.pays(PHONE, amina.customer.account_number, 2500)
    assert fresh(amina).paid_through == date(2027, 3, 11)
    baraka.is_online(amina)
    baraka.is_well()
